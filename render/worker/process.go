package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// A process is one worker.
type process struct {
	cmd    *exec.Cmd
	limits Limits // of this process: its memory is the share that it has
	in     io.WriteCloser
	out    *bufio.Reader
	said   head // to standard error
}

// start starts a worker. Its memory is a soft limit of the garbage collector too.
func start(command func() *exec.Cmd, limits Limits) (*process, error) {
	p := &process{cmd: command(), limits: limits}
	p.cmd.Env = append(p.cmd.Environ(),
		fmt.Sprintf("%s=%d", memoryVariable, limits.Memory), fmt.Sprintf("%s=%d", outputVariable, limits.Output),
		fmt.Sprintf("GOMEMLIMIT=%d", limits.Memory/8*7),
	)
	p.cmd.Stderr = &p.said
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReaderSize(out, 1<<16)
	return p, p.cmd.Start()
}

// stop ends the process, and returns how it ended.
func (p *process) stop() string {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.in.Close()
	_ = p.cmd.Wait() // its state tells
	return p.cmd.ProcessState.String()
}

// do lets the process do a job. After an error it is no longer of use.
func (p *process) do(ctx context.Context, job []byte, answer func([]byte) []byte) ([]byte, error) {
	w := watch{process: p, ctx: ctx, done: make(chan struct{}), over: make(chan error, 1)}
	w.started, _ = processor(p.cmd.Process.Pid) // 0 where it is not known, and then not used
	w.resume()
	go w.run()
	result, err := p.talk(&w, job, answer)
	close(w.done)
	if over := <-w.over; over != nil {
		return nil, over
	}
	return result, err
}

// talk sends a job and answers questions until the result comes.
func (p *process) talk(w *watch, job []byte, answer func([]byte) []byte) ([]byte, error) {
	if err := writeFrame(p.in, aJob, job); err != nil {
		return nil, err
	}
	for {
		k, data, err := readFrame(p.out, p.limits.Output)
		switch {
		case err != nil:
			return nil, err
		case k == aResult:
			return data, nil
		case k == tooMuch:
			return nil, &ExceededError{Output, size(int64(p.limits.Output))}
		case k != aQuestion:
			return nil, fmt.Errorf("a frame of the kind %q", k)
		}
		w.pause()
		reply := answer(data)
		w.resume()
		if err := writeFrame(p.in, anAnswer, reply); err != nil {
			return nil, err
		}
	}
}

// cause tells why a process ended by itself.
func (p *process) cause(err error, state string) error {
	var exceeded *ExceededError
	switch said := p.said.String(); {
	case errors.As(err, &exceeded), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case strings.Contains(said, "stack exceeds"):
		return &ExceededError{Limit: Stack}
	case strings.Contains(said, "out of memory"), strings.Contains(said, "cannot allocate memory"):
		return &ExceededError{Memory, size(p.limits.Memory)}
	default:
		return &DiedError{State: state}
	}
}

// A watch looks at what a process uses during one job, and kills it at a limit.
type watch struct {
	*process
	ctx     context.Context //nolint:containedctx // it is that of one call
	started time.Duration   // processor time at the start
	done    chan struct{}
	over    chan error // why it was killed, or nil

	mu      sync.Mutex
	working time.Time // since when the process has something to do; zero while it waits
	worked  time.Duration
}

func (w *watch) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.working = time.Now()
}

func (w *watch) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.worked += time.Since(w.working)
	w.working = time.Time{}
}

// passed is the time that the process had something to do.
func (w *watch) passed() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.working.IsZero() {
		return w.worked
	}
	return w.worked + time.Since(w.working)
}

func (w *watch) run() {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-w.done:
			w.over <- nil
			return
		case <-w.ctx.Done():
			err = w.ctx.Err()
		case <-tick.C:
			err = w.exceeded()
		}
		if err != nil {
			_ = w.cmd.Process.Kill() // it may have ended
			w.over <- err
			return
		}
	}
}

// patience is how many times longer than its processor time a job may take where that
// is known: other programs run too.
const patience = 6

func (w *watch) exceeded() error {
	if used, err := resident(w.cmd.Process.Pid); err == nil && used > w.limits.Memory {
		return &ExceededError{Memory, size(w.limits.Memory)}
	}
	used, longest := w.passed(), w.limits.Time
	if time, err := processor(w.cmd.Process.Pid); err == nil {
		if time-w.started > w.limits.Time {
			return &ExceededError{Time, w.limits.Time.String()}
		}
		longest *= patience
	}
	if used > longest {
		return &ExceededError{Time, longest.String()}
	}
	return nil
}

// A head keeps the beginning of what is written, which names a fatal error.
type head struct {
	mu   sync.Mutex
	text []byte
}

// Write never fails.
func (t *head) Write(p []byte) (int, error) {
	const most = 4096
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p[:min(len(p), most-len(t.text))]...)
	return len(p), nil
}

func (t *head) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
