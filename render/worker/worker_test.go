//go:build unix

package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/render/worker"
)

// TestMain lets the test's own program be the worker.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "a-worker" {
		_ = worker.Serve(os.Stdin, os.Stdout, do)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

var kept [][]byte

// recurse calls itself more often than any stack allows.
func recurse(n int) int {
	if n < 0 {
		return n
	}
	return recurse(n+1) + 1
}

// do does what a job says.
func do(job []byte, ask func([]byte) []byte) []byte {
	what, arg, _ := strings.Cut(string(job), " ")
	switch what {
	case "ask":
		return append([]byte("told "), ask([]byte(arg))...)
	case "spin":
		for {
			kept = nil
		}
	case "sleep":
		time.Sleep(time.Hour)
	case "grow":
		for {
			kept = append(kept, bytes.Repeat([]byte{1}, 1<<20))
		}
	case "leap":
		kept = append(kept, bytes.Repeat([]byte{1}, 1<<33))
	case "recurse":
		return []byte(strconv.Itoa(recurse(0)))
	case "output":
		return make([]byte, 1<<20)
	case "exit":
		os.Exit(7)
	case "tell":
		return append([]byte("told "), ask([]byte(strconv.Itoa(os.Getpid())))...)
	}
	return job
}

func pool(t *testing.T, workers int) *worker.Pool {
	t.Helper()
	p := worker.New(func() *exec.Cmd { return exec.Command(os.Args[0], "a-worker") }, workers, limits)
	t.Cleanup(p.Close)
	return p
}

var limits = worker.Limits{Memory: 480 << 20, Time: time.Second, Output: 1 << 19}

func same(question []byte) []byte { return question }

func TestDo(t *testing.T) {
	p := pool(t, 2)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			job := fmt.Sprintf("echo %d", i)
			want := job
			if i%2 == 0 {
				job, want = fmt.Sprintf("ask %d", i), fmt.Sprintf("told %d", i)
			}
			if got, err := p.Do(t.Context(), []byte(job), same); string(got) != want || err != nil {
				t.Errorf("%s: got %q, %v", job, got, err)
			}
		})
	}
	all.Wait()
}

func TestLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for a few seconds")
	}
	for job, want := range map[string]worker.Limit{
		"spin": worker.Time, "grow": worker.Memory, "leap": worker.Memory, "recurse": worker.Stack, "output": worker.Output,
	} {
		t.Run(job, func(t *testing.T) {
			p := pool(t, 2)
			start := time.Now()
			_, err := p.Do(t.Context(), []byte(job), same)
			var exceeded *worker.ExceededError
			if !errors.As(err, &exceeded) || exceeded.Limit != want {
				t.Errorf("got %v after %s, want the limit %s", err, time.Since(start), want)
			}
			if got, err := p.Do(t.Context(), []byte("next"), same); string(got) != "next" || err != nil {
				t.Errorf("the next job: got %q, %v", got, err)
			}
		})
	}
}

// TestDied kills the process of a job: once is made up for, twice is an error.
func TestDied(t *testing.T) {
	for kills := range 3 {
		p := pool(t, 1)
		left := kills
		got, err := p.Do(t.Context(), []byte("tell"), func(pid []byte) []byte {
			if n, err := strconv.Atoi(string(pid)); err == nil && left > 0 {
				left--
				_ = syscall.Kill(n, syscall.SIGKILL)
			}
			return []byte("answered")
		})
		var died *worker.DiedError
		if kills < 2 && (string(got) != "told answered" || err != nil) || kills == 2 && !errors.As(err, &died) {
			t.Errorf("killed %d times: got %q, %v", kills, got, err)
		}
	}
	var died *worker.DiedError
	if _, err := pool(t, 1).Do(t.Context(), []byte("exit"), same); !errors.As(err, &died) || !strings.Contains(died.State, "exit status 7") {
		t.Errorf("got %v, want that the process died", err)
	}
}

func TestCanceled(t *testing.T) {
	p := pool(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := p.Do(ctx, []byte("sleep"), same); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
}

// TestOrphan ends the pool's side of the pipe while the worker spins.
func TestOrphan(t *testing.T) {
	cmd := exec.Command(os.Args[0], "a-worker")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("j\x00\x00\x00\x04spin")); err != nil {
		t.Fatal(err)
	}
	in.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		t.Error("the worker outlives who started it")
	}
}
