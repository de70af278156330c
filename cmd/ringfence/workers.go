package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/worker"
)

// workerArgument starts the program as a worker, which other runs of it do.
const workerArgument = "render-worker"

// The limits that flags raise.
const (
	defaultMemory  = "1GiB"
	leastMemory    = 256 << 20
	defaultTimeout = 10 * time.Second
)

// serve is the program as a worker, until nobody needs it. Only its results may go to
// standard output.
func serve() error {
	out := os.Stdout
	os.Stdout = os.Stderr
	return worker.Serve(os.Stdin, out, render.Worker())
}

// pool returns the workers of this run, which are started when they are needed.
func (c *command) pool(s *selection) (*worker.Pool, error) {
	if c.workers != nil {
		return c.workers, nil
	}
	memory, err := parseSize(cmp.Or(s.memory, defaultMemory))
	if err != nil || memory < leastMemory {
		return nil, usagef("--memory %q: want a size of at least %d MiB, such as 2GiB", s.memory, leastMemory>>20)
	}
	timeout := cmp.Or(s.timeout, defaultTimeout)
	if timeout < 0 {
		return nil, usagef("--timeout %s: is negative", timeout)
	}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start workers: %w", err)
	}
	start := func() *exec.Cmd {
		cmd := exec.Command(program, workerArgument)
		cmd.Args[0] = "ringfence"
		return cmd
	}
	// A result is decoded into several times its size.
	limits := worker.Limits{Memory: burden * memory, Time: burden * timeout, Output: int(memory / 16)}
	c.workers = worker.New(start, runtime.GOMAXPROCS(0), limits)
	return c.workers, nil
}

// parseSize reads a number of bytes with a unit, of which all are powers of 1024.
func parseSize(text string) (int64, error) {
	number := strings.TrimRight(text, "iB")
	shift := 0
	for i, unit := range []string{"K", "M", "G"} {
		if rest, ok := strings.CutSuffix(number, unit); ok {
			number, shift = rest, 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
	return n << shift, err
}
