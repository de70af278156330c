// Package diff writes what a change of a repository opens and closes, and its new and
// fixed findings: as text, JSON and Markdown.
//
// It decides nothing: package change compares. Names come from files that anyone may
// have written, so what a terminal would obey, and in Markdown what would be markup, is
// escaped.
package diff

import (
	"bufio"
	"fmt"
	"io"

	"github.com/ringfence/ringfence/change"
)

// Report is a change with what people call its two states. New makes one.
type Report struct {
	*change.Change
	Before, After string // "main (1a2b3c4)"
	Counts
	// Submodules are those of either state, which are not compared.
	Submodules []Submodule
	// Targets counts the targets of both states, and how many were rendered for each; what
	// both have alike was rendered for the state after.
	Targets struct {
		Before, After int
		Rendered      struct{ Before, After int }
	}
	Version string // of the tool, empty where it is unknown
	Verdict string // the heading of Markdown, where there is a verdict

	groups []*group
}

// Counts is how much a change opens and closes. What is said of environments that
// changed alike counts once, as it is told once.
type Counts struct {
	Opened, Closed         int // lists of connections; those closed with a removed workload do not count
	Published, Unpublished int // ways into workloads from outside of the cluster
}

// Submodule is a folder that holds a commit of another repository.
type Submodule struct {
	Name    string
	Changed bool // it holds another commit, or is in one of the states only
}

// New is a report of a change.
func New(c *change.Change) *Report {
	r := &Report{Change: c, groups: groupsOf(c)}
	for _, g := range r.groups {
		e := g.environments[0]
		r.Opened += len(e.Opened)
		for _, closed := range e.Closed {
			if !closed.WithWorkload() {
				r.Closed++
			}
		}
		r.Published, r.Unpublished = r.Published+len(e.Published), r.Unpublished+len(e.Unpublished)
	}
	return r
}

// Format is the name of a format.
type Format string

// The formats.
const (
	Text     Format = "text"
	JSON     Format = "json"
	Markdown Format = "markdown"
)

// ParseFormat returns the format of that name.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case Text, JSON, Markdown:
		return f, nil
	default:
		return "", fmt.Errorf("unknown format %q, use text, json or markdown", name)
	}
}

// Write writes the report. The error is that of w.
func Write(w io.Writer, format Format, r *Report) error {
	b := bufio.NewWriter(w)
	switch format {
	case JSON:
		if err := r.writeJSON(b); err != nil {
			return err
		}
	case Markdown:
		r.writeMarkdown(b)
	default:
		r.writeText(b)
	}
	return b.Flush() // b keeps the error of writing
}
