// Package report writes what an analysis found: as text and Markdown for people, as JSON
// for programs, as SARIF for code scanning, and as what GitLab and other CI systems read.
//
// It decides nothing: findings are written in the order and with the severity
// that the analysis gave them. Findings, gaps (what could not be seen) and notes
// appear in every format. Names come from files that anyone may have written, so
// what a terminal would obey rather than show is escaped.
//
// The JSON format is versioned; docs/json-output.md describes it.
package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

const toolName = "ringfence"

// Format is the name of an output format.
type Format string

// The formats.
const (
	Text  Format = "text"
	JSON  Format = "json"
	SARIF Format = "sarif"
	// Markdown is for job summaries and comments.
	Markdown Format = "markdown"
	GitLab   Format = "gitlab" // its code quality report
	JUnit    Format = "junit"
)

// Options say how a report is written. The zero value is usable.
type Options struct {
	// Colour turns on ANSI colours in text.
	Colour bool
	// Source is the repository. Without it, text shows no source lines, and SARIF has no
	// fingerprints.
	Source Source
	// Version is that of the tool, empty where it is unknown.
	Version string
	// Category is written to SARIF where it is not empty.
	Category string
	// Suppressed shows suppressed findings too, in text and JSON.
	Suppressed bool
	// Rules are all rules that were applied, also those that found nothing.
	Rules []*rules.Rule
}

// Source reads files of a repository by their names, and tells where a name leads by
// symbolic links.
type Source interface {
	ReadFile(name string) ([]byte, error)
	Resolve(name string) (string, error)
}

type writer func(*bufio.Writer, *analyzer.Report, Options) error

type format struct {
	name  Format
	write writer
}

func formats() []format {
	return []format{{Text, writeText}, {JSON, writeJSON}, {SARIF, writeSARIF}, {Markdown, writeMarkdown}, {GitLab, writeGitLab}, {JUnit, writeJUnit}}
}

// ParseFormat returns the format of that name.
func ParseFormat(name string) (Format, error) {
	_, err := find(Format(name))
	return Format(name), err
}

// Write writes the report. The error is that of w, or says that the format is
// unknown.
func Write(w io.Writer, name Format, r *analyzer.Report, opts Options) error {
	f, err := find(name)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	if err := f.write(b, r, opts); err != nil {
		return err
	}
	return b.Flush()
}

func find(name Format) (format, error) {
	var known []string
	for _, f := range formats() {
		if f.name == name {
			return f, nil
		}
		known = append(known, string(f.name))
	}
	return format{}, fmt.Errorf("unknown format %q, use %s", name, strings.Join(known, ", "))
}

// gap is a gap with all targets in which it was met: a base that many overlays
// include is one thing to mend.
type gap struct {
	analyzer.Gap
	targets []string
}

// merge joins gaps that say the same of the same place, and splits them into
// what could not be seen and notes. Both keep their order.
func merge(all []analyzer.Gap) (gaps, notes []gap) {
	at := make(map[manifest.Gap]int)
	var merged []gap
	for _, g := range all {
		i, known := at[g.Gap]
		if !known {
			i = len(merged)
			at[g.Gap] = i
			merged = append(merged, gap{Gap: g})
		}
		if g.Target != "" && !slices.Contains(merged[i].targets, g.Target) {
			merged[i].targets = append(merged[i].targets, g.Target)
		}
	}
	for _, g := range merged {
		if g.Note {
			notes = append(notes, g)
		} else {
			gaps = append(gaps, g)
		}
	}
	return gaps, notes
}

// count returns how many findings have a severity.
func count(findings []analyzer.Finding, severity rules.Severity) int {
	n := 0
	for _, f := range findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// sourceLine returns a line (1-based) of a file, empty where there is none.
func sourceLine(source Source, file string, line int) string {
	data, err := source.ReadFile(file)
	if err != nil {
		return ""
	}
	for ; line > 1; line-- {
		_, rest, found := bytes.Cut(data, []byte("\n"))
		if !found {
			return ""
		}
		data = rest
	}
	text, _, _ := bytes.Cut(data, []byte("\n"))
	return string(bytes.TrimRight(text, "\r"))
}
