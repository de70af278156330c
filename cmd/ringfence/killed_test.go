//go:build unix

package main

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"
)

// TestKilledRuns kills runs at random, 200 times, that share a cache: afterwards it gives
// the answers of a run without one, cold and warm.
func TestKilledRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program 200 times")
	}
	repo, cache := filepath.Join("..", "..", "testdata", "shop"), t.TempDir()
	check := func(more ...string) []byte {
		t.Helper()
		out, err := program(t, append([]string{"check", "--fail-on", "none", repo}, more...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	start := time.Now()
	want := check("--no-cache")
	longest := 2 * time.Since(start)
	random := rand.New(rand.NewPCG(9, 9))
	killed := 0
	for range 200 {
		cmd := program(t, "check", "--fail-on", "none", "--cache", cache, repo)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stop := time.AfterFunc(time.Duration(random.Int64N(int64(longest))), func() { _ = cmd.Process.Kill() })
		if cmd.Wait() != nil {
			killed++
		}
		stop.Stop()
	}
	for _, run := range []string{"first", "second"} {
		if got := check("--cache", cache); !bytes.Equal(got, want) {
			t.Errorf("%s run after %d kills: %s", run, killed, got)
		}
	}
	t.Logf("%d of 200 runs were killed", killed)
}
