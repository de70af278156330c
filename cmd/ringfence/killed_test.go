//go:build unix

package main

import (
	"bytes"
	"math/rand/v2"
	"os"
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
	want := check("--no-cache")
	start := time.Now()
	check("--cache", cache)
	usual := time.Since(start)
	random := rand.New(rand.NewPCG(9, 9))
	killed, runs := 0, 0
	for ; killed < 200 && runs < 1000; runs++ {
		entries, err := filepath.Glob(filepath.Join(cache, "rendered", "*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) > 0 && runs%2 == 0 { // so that there is something to write
			if err := os.Remove(entries[random.IntN(len(entries))]); err != nil {
				t.Fatal(err)
			}
		}
		cmd := program(t, "check", "--fail-on", "none", "--cache", cache, repo)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stop := time.AfterFunc(time.Duration(random.Int64N(int64(usual))), func() { _ = cmd.Process.Kill() })
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
	t.Logf("%d of %d runs were killed", killed, runs)
}
