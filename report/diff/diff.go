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

// Report is a change with what people call its two states.
type Report struct {
	*change.Change
	Before, After string // "main (1a2b3c4)"
	// Targets counts the targets of both states, and how many were rendered for each; what
	// both have alike was rendered for the state after.
	Targets struct {
		Before, After int
		Rendered      struct{ Before, After int }
	}
	Version string // of the tool, empty where it is unknown
	Verdict string // the heading of Markdown, where there is a verdict
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
