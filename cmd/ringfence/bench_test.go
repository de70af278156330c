package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/generate"
)

// BenchmarkGenerate compares the processor time of inferring calls and generating
// policies for every environment of the corpus with that of rendering them.
func BenchmarkGenerate(b *testing.B) {
	repos, err := filepath.Glob(filepath.Join(shared(b), "corpus", "*", "."))
	if err != nil || len(repos) == 0 {
		b.Fatalf("no corpus: %v", err)
	}
	spend()
	var rendering, generating time.Duration
	for b.Loop() {
		for _, repo := range repos {
			start := cpu()
			c := command{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, environ: func(string) string { return "" }}
			w, err := c.open(context.Background(), &selection{}, []string{repo})
			if err != nil {
				b.Fatal(err)
			}
			w.close() // the time of workers counts when they have ended
			rendered := cpu()
			for _, e := range w.clusters() {
				if _, err := generate.Propose(w.generated(e), generate.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			rendering, generating = rendering+rendered-start, generating+cpu()-rendered
		}
	}
	b.ReportMetric(rendering.Seconds()/float64(b.N), "rendering-cpu-s/op")
	b.ReportMetric(generating.Seconds()/float64(b.N), "generating-cpu-s/op")
}

// cpu returns the processor time that the process has used, of all its threads, and the
// processes that it has started and that have ended.
func cpu() time.Duration {
	var used int64
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err != nil {
			panic(err)
		}
		used += usage.Utime.Nano() + usage.Stime.Nano()
	}
	return time.Duration(used)
}
