package helm

import (
	"context"
	"io"
	"log"
	"testing"
)

// BenchmarkRender renders each chart of the corpus, without the time to read its
// files.
func BenchmarkRender(b *testing.B) {
	dir, charts := corpus(b)
	log.SetOutput(io.Discard) // Helm warns of odd values
	open := renderers{t: b, dir: dir, open: make(map[string]*Renderer)}
	for _, e := range charts {
		b.Run(e.dir, func(b *testing.B) {
			r, chart := open.find(e.dir)
			for b.Loop() {
				r.Render(context.Background(), Release{Dir: chart})
			}
		})
	}
}
