package report

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// How much of long lists and lines a reader wants to see.
const (
	mostNames   = 5
	mostColumns = 120
)

// style is an ANSI escape sequence.
type style string

const (
	bold   style = "\x1b[1m"
	dim    style = "\x1b[2m"
	red    style = "\x1b[1;31m"
	green  style = "\x1b[1;32m"
	yellow style = "\x1b[1;33m"
	cyan   style = "\x1b[1;36m"
	reset  style = "\x1b[0m"
)

type textWriter struct {
	*bufio.Writer
	Options
}

// writeText writes each finding with its source line and what belongs to it, the worst
// first and many that are alike as a list, then gaps and notes, then once per rule what to
// do, then a summary. The remedy does not stand with each finding, because one rule often
// finds many.
func writeText(b *bufio.Writer, r *analyzer.Report, opts Options) error {
	w := textWriter{b, opts}
	worst := slices.Clone(r.Findings)
	slices.SortStableFunc(worst, func(f, g analyzer.Finding) int { return cmp.Compare(f.Severity.Rank(), g.Severity.Rank()) })
	w.findings(worst, r.Environments > 1)
	gaps, notes := merge(r.Gaps)
	w.gaps(unsaid(gaps, r.Findings))
	w.gaps(notes)
	if opts.Suppressed {
		w.suppressed(r.Suppressed)
	}
	w.fixed(r.Fixed)
	w.remedies(r.Findings)
	fmt.Fprintln(w, summary(r, len(gaps), len(notes)))
	return nil // b keeps the error of writing for Flush
}

// unsaid drops the gaps that a finding has told already: one about no object.
func unsaid(gaps []gap, findings []analyzer.Finding) []gap {
	said := make(map[manifest.Pos]bool)
	for _, f := range findings {
		if f.Object.Kind == "" && f.File != "" {
			said[f.Pos] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(gaps), func(g gap) bool { return said[g.Pos] })
}

func (w textWriter) finding(f analyzer.Finding, environments bool) {
	fmt.Fprintf(w, "%s: %s: %s%s %s\n", w.paint(bold, place(f.Pos)), w.paint(severityStyle(f.Severity), string(f.Severity)),
		Printable(f.Message), nearest(f), w.paint(dim, "["+Printable(f.Rule.ID)+"]"))
	w.source(f.Origin)
	w.detail(about(f, environments))
	w.detail(via(f))
	w.related("", f.Related, nil)
	fmt.Fprintln(w)
}

// nearest says that the line is not that of the value.
func nearest(f analyzer.Finding) string {
	if f.Exact || f.Line == 0 {
		return ""
	}
	return " (nearest line)"
}

// via says which other places shaped the value, empty for none.
func via(f analyzer.Finding) string {
	if len(f.Via) == 0 {
		return ""
	}
	places := make([]string, len(f.Via))
	for i, p := range f.Via {
		places[i] = p.String()
	}
	return "via: " + Some(places, mostNames)
}

// about says what a finding is about: its object, its environments where there
// are several, and its confidence where it is not high.
func about(f analyzer.Finding, environments bool) string {
	var parts []string
	if f.Object.Kind != "" {
		parts = append(parts, Printable(f.Object.String()))
	}
	if environments && len(f.Environments) > 0 {
		parts = append(parts, "environments: "+Some(f.Environments, mostNames))
	}
	if f.Confidence != rules.Certain {
		parts = append(parts, "confidence: "+string(f.Confidence))
	}
	return strings.Join(parts, "; ")
}

func (w textWriter) detail(text string) {
	if text != "" {
		fmt.Fprintf(w, "  %s\n", text)
	}
}

// source prints the line of a finding, and a caret where the line holds it.
func (w textWriter) source(o manifest.Origin) {
	if w.Source == nil || o.Line == 0 {
		return
	}
	before, after := excerpt(sourceLine(w.Source, o.File, o.Line), o.Column)
	if strings.TrimSpace(before+after) == "" {
		return
	}
	number := fmt.Sprint(o.Line)
	fmt.Fprintf(w, "  %s %s%s\n", w.paint(dim, number+" |"), before, after)
	if o.Exact && o.Column > 0 {
		pad := strings.Repeat(" ", utf8.RuneCountInString(before))
		fmt.Fprintf(w, "  %s %s%s\n", w.paint(dim, strings.Repeat(" ", len(number))+" |"), pad, w.paint(green, "^"))
	}
}

// excerpt cuts a source line at a column, which counts characters from 1, makes
// both parts printable, and leaves out what is far from the column.
func excerpt(line string, column int) (before, after string) {
	runes := []rune(strings.TrimRight(line, "\r\n"))
	at := min(max(column-1, 0), len(runes))
	from, to := 0, len(runes)
	left, right := "", ""
	if at > mostColumns/2 && len(runes) > mostColumns {
		from, left = at-mostColumns/2, "…"
	}
	if to-from > mostColumns {
		to, right = from+mostColumns, "…"
	}
	return left + printableSource(runes[from:at]), printableSource(runes[at:to]) + right
}

func printableSource(runes []rune) string {
	return Printable(strings.ReplaceAll(string(runes), "\t", "    "))
}

// remedies prints, for each rule that found something, what to do.
func (w textWriter) remedies(findings []analyzer.Finding) {
	all := Remedies(findings)
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, RemediesTitle)
	for _, r := range all {
		w.detail(r.String())
	}
	fmt.Fprintln(w)
}

// summary never says that all is well where something could not be seen.
func summary(r *analyzer.Report, gaps, notes int) string {
	var line strings.Builder
	if len(r.Findings) == 0 {
		line.WriteString("no findings")
		if gaps > 0 {
			line.WriteString(" in what could be seen")
		}
	} else {
		var each []string
		for _, s := range []rules.Severity{rules.High, rules.Medium, rules.Low, rules.Note} {
			if n := count(r.Findings, s); n > 0 {
				each = append(each, fmt.Sprintf("%d %s", n, s))
			}
		}
		fmt.Fprintf(&line, "%s: %s", Counted(len(r.Findings), "finding", "findings"), strings.Join(each, ", "))
	}
	if r.InBaseline > 0 {
		fmt.Fprintf(&line, "; %d in the baseline", r.InBaseline)
	}
	if len(r.Fixed) > 0 {
		fmt.Fprintf(&line, "; %d fixed", len(r.Fixed))
	}
	if len(r.Suppressed) > 0 {
		fmt.Fprintf(&line, "; %d suppressed", len(r.Suppressed))
	}
	if gaps > 0 {
		line.WriteString("; incomplete: " + Counted(gaps, "gap", "gaps"))
	}
	if notes > 0 {
		line.WriteString("; " + Counted(notes, "remark", "remarks"))
	}
	return fmt.Sprintf("%s (%s and %s in %s, %s)", line.String(),
		Counted(r.Workloads, "workload", "workloads"), Counted(r.Policies, "policy", "policies"),
		Counted(r.Environments, "environment", "environments"), Counted(r.Targets, "target", "targets"))
}

// place returns a position for a terminal, "." for the repository itself.
func place(p manifest.Pos) string {
	if p.File == "" {
		p.File = "."
	}
	return Printable(p.String())
}

func severityStyle(s rules.Severity) style {
	switch s {
	case rules.High:
		return red
	case rules.Medium:
		return yellow
	default:
		return cyan
	}
}

func (w textWriter) paint(s style, text string) string {
	if !w.Colour {
		return text
	}
	return string(s) + text + string(reset)
}
