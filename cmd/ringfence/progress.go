package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress is a line on a terminal that tells how far rendering is. It shows
// only once work has lasted over a second, and leaves nothing behind.
type progress struct {
	w     io.Writer // nil where standard error is no terminal
	total int
	start time.Time
	shown bool
}

func (c *command) progress(total int) *progress {
	p := &progress{total: total, start: time.Now()}
	if isTerminal(c.stderr) {
		p.w = c.stderr
	}
	return p
}

func (p *progress) update(done int) {
	if p.w != nil && time.Since(p.start) > time.Second {
		fmt.Fprintf(p.w, "\r\x1b[Krendered %d of %d targets", done, p.total)
		p.shown = true
	}
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
