package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
)

// A Pool does jobs in processes. Its methods may be called concurrently.
type Pool struct {
	command func() *exec.Cmd
	limits  Limits
	share   Limits // of one of several workers

	free  chan struct{} // holds one for each worker that may be busy
	alone sync.Mutex    // held by who waits for all of free

	mu     sync.Mutex
	idle   []*process
	closed bool
}

// least is the memory in bytes with which a worker is of use.
const least = 160 << 20

// New returns a pool of at most so many workers; where memory does not suffice for all
// of them, there are fewer. Command makes the command that starts a worker, with neither
// input nor output; it calls Serve. Workers are started when they are needed.
func New(command func() *exec.Cmd, workers int, limits Limits) *Pool {
	forAll := limits.Memory / 4 * 3 // the rest is for this process
	workers = max(1, min(workers, int(forAll/least)))
	p := &Pool{command: command, limits: limits, share: limits, free: make(chan struct{}, workers)}
	p.share.Memory = forAll / int64(workers)
	for range workers {
		p.free <- struct{}{}
	}
	return p
}

// Workers is the number of jobs that are done at the same time.
func (p *Pool) Workers() int { return cap(p.free) }

// Memory is what this process and its workers may have together, in bytes.
func (p *Pool) Memory() int64 { return p.limits.Memory }

// Close ends all workers. Nobody may be in Do, or call it afterwards.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.endIdle()
}

func (p *Pool) endIdle() {
	for _, w := range p.idle {
		w.stop()
	}
	p.idle = nil
}

// Do lets a worker do a job, and answers its questions. A job that needs more than its
// share of the memory, or whose process dies, is done once more, alone and with all the
// memory that there is. The error is an *ExceededError, a *DiedError, that of the
// context, or says why no worker can be started.
func (p *Pool) Do(ctx context.Context, job []byte, answer func(question []byte) []byte) ([]byte, error) {
	result, err := p.one(ctx, job, answer)
	var died *DiedError
	var exceeded *ExceededError
	if errors.As(err, &died) || errors.As(err, &exceeded) && exceeded.Limit == Memory {
		return p.undisturbed(ctx, job, answer)
	}
	return result, err
}

// one does a job beside others.
func (p *Pool) one(ctx context.Context, job []byte, answer func([]byte) []byte) ([]byte, error) {
	select {
	case <-p.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { p.free <- struct{}{} }()
	w, err := p.take()
	if err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	result, err := w.do(ctx, job, answer)
	if err != nil {
		return nil, w.cause(err, w.stop())
	}
	p.give(w)
	return result, nil
}

// undisturbed does a job while there is no other worker.
func (p *Pool) undisturbed(ctx context.Context, job []byte, answer func([]byte) []byte) ([]byte, error) {
	p.alone.Lock()
	defer p.alone.Unlock()
	for range cap(p.free) {
		<-p.free
		defer func() { p.free <- struct{}{} }()
	}
	p.mu.Lock()
	p.endIdle()
	p.mu.Unlock()
	limits := p.limits
	if own, err := resident(os.Getpid()); err == nil {
		limits.Memory = max(p.share.Memory, limits.Memory-own)
	}
	w, err := start(p.command, limits)
	if err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	result, err := w.do(ctx, job, answer)
	state := w.stop()
	if err != nil {
		return nil, w.cause(err, state)
	}
	return result, nil
}

func (p *Pool) take() (*process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return w, nil
	}
	return start(p.command, p.share)
}

// give keeps a worker for the next job, unless it has so much in memory that the job
// might suffer from it.
func (p *Pool) give(w *process) {
	used, err := resident(w.cmd.Process.Pid)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && used > w.limits.Memory/2 || p.closed {
		w.stop()
		return
	}
	p.idle = append(p.idle, w)
}
