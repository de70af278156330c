package render

import (
	cryptorand "crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
)

// drawLots makes what charts draw at random the same in each run: the names of test pods
// would differ from report to report. It is for workers, which have one job at a time and
// need no secrets. Who wants to know what is drawn renders with other lots.
func drawLots(lots uint64, t Target) {
	seed := sha256.Sum256(fmt.Appendf(nil, "%d %q %q %q", lots, t.Dir, t.Release, t.Namespace))
	cryptorand.Reader = &drawn{source: rand.NewChaCha8(seed)}
}

// drawn is a source of bytes, which may be read concurrently.
type drawn struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (d *drawn) Read(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.source.Read(p)
}
