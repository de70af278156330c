package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// jsonVersion changes when a field changes its meaning or goes away, not when
// one is added.
const jsonVersion = 1

type jsonReport struct {
	Version  int           `json:"version"`
	Tool     JSONTool      `json:"tool"`
	Findings []JSONFinding `json:"findings"`
	// Suppressed is empty unless it was asked for; the summary counts it anyway.
	Suppressed []JSONSuppressed `json:"suppressed"`
	// Fixed is what the baseline holds and is no more.
	Fixed   []analyzer.Known `json:"fixed"`
	Gaps    []JSONGap        `json:"gaps"`
	Summary jsonSummary      `json:"summary"`
}

// JSONSuppressed is a suppressed finding as JSON has it, with why and where that is said.
type JSONSuppressed struct {
	JSONFinding
	Reason string    `json:"reason"`
	By     jsonPlace `json:"by"`
}

type jsonPlace struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// JSONTool names the program that wrote a report.
type JSONTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// JSONFinding is a finding as JSON has it.
type JSONFinding struct {
	Rule         string           `json:"rule"`
	Severity     rules.Severity   `json:"severity"`
	Confidence   rules.Confidence `json:"confidence"`
	Message      string           `json:"message"`
	File         string           `json:"file"`
	Line         int              `json:"line"`
	Column       int              `json:"column"`
	Exact        bool             `json:"exact"`
	Object       jsonRef          `json:"object"`
	Environments []string         `json:"environments"`
	Related      []jsonRelated    `json:"related"`
	Fingerprint  string           `json:"fingerprint"`
}

type jsonRef struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

type jsonRelated struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// JSONGap is a gap as JSON has it.
type JSONGap struct {
	Code   manifest.Code `json:"code"`
	Reason string        `json:"reason"`
	File   string        `json:"file"`
	Line   int           `json:"line"`
	Target string        `json:"target"`
	Note   bool          `json:"note"`
	// Accepted is why the gap is accepted, empty where it is not.
	Accepted string `json:"accepted"`
}

type jsonSummary struct {
	Findings     JSONCounts `json:"findings"`
	Suppressed   int        `json:"suppressed"`
	Baseline     int        `json:"baseline"` // findings that are in the baseline
	Fixed        int        `json:"fixed"`
	Gaps         int        `json:"gaps"`
	Notes        int        `json:"notes"`
	Targets      int        `json:"targets"`
	Environments int        `json:"environments"`
	Workloads    int        `json:"workloads"`
	Policies     int        `json:"policies"`
}

// JSONCounts is a number of findings for each severity.
type JSONCounts struct {
	High   int `json:"high"`
	Medium int `json:"medium"`
	Low    int `json:"low"`
	Note   int `json:"note"`
}

func writeJSON(b *bufio.Writer, r *analyzer.Report, opts Options) error {
	out := jsonReport{
		Version:    jsonVersion,
		Tool:       JSONToolOf(opts.Version),
		Findings:   []JSONFinding{},
		Suppressed: []JSONSuppressed{},
		Fixed:      append([]analyzer.Known{}, r.Fixed...),
		Gaps:       []JSONGap{},
		Summary: jsonSummary{
			Findings:   JSONCountsOf(r.Findings),
			Suppressed: len(r.Suppressed), Baseline: r.InBaseline, Fixed: len(r.Fixed),
			Targets: r.Targets, Environments: r.Environments, Workloads: r.Workloads, Policies: r.Policies,
		},
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, JSONFindingOf(f))
	}
	for _, s := range r.Suppressed {
		if opts.Suppressed {
			out.Suppressed = append(out.Suppressed, JSONSuppressedOf(s))
		}
	}
	for _, g := range r.Gaps {
		out.Gaps = append(out.Gaps, JSONGapOf(g))
		if g.Note {
			out.Summary.Notes++
		} else {
			out.Summary.Gaps++
		}
	}
	return Encode(b, out)
}

// JSONToolOf names this program in a version, empty where it is unknown.
func JSONToolOf(version string) JSONTool { return JSONTool{Name: toolName, Version: version} }

// JSONCountsOf counts findings.
func JSONCountsOf(findings []analyzer.Finding) JSONCounts {
	return JSONCounts{
		High: count(findings, rules.High), Medium: count(findings, rules.Medium),
		Low: count(findings, rules.Low), Note: count(findings, rules.Note),
	}
}

// JSONGapOf writes a gap.
func JSONGapOf(g analyzer.Gap) JSONGap {
	return JSONGap{Code: g.Code, Reason: g.Reason, File: g.File, Line: g.Line, Target: g.Target, Note: g.Note, Accepted: g.Accepted}
}

// JSONFindingOf writes a finding.
func JSONFindingOf(f analyzer.Finding) JSONFinding {
	out := JSONFinding{
		Rule: f.Rule.ID, Severity: f.Severity, Confidence: f.Confidence, Message: f.Message,
		File: f.File, Line: f.Line, Column: f.Column, Exact: f.Exact,
		Object:       jsonRef{Group: f.Object.Group, Kind: f.Object.Kind, Namespace: f.Object.Namespace, Name: f.Object.Name},
		Environments: append([]string{}, f.Environments...),
		Related:      []jsonRelated{},
		Fingerprint:  f.Fingerprint,
	}
	for _, related := range f.Related {
		out.Related = append(out.Related, jsonRelated{File: related.File, Line: related.Line, Message: related.Message})
	}
	return out
}

// JSONSuppressedOf writes a suppressed finding.
func JSONSuppressedOf(s analyzer.Suppressed) JSONSuppressed {
	return JSONSuppressed{JSONFindingOf(s.Finding), s.Reason, jsonPlace{s.By.File, s.By.Line}}
}

// Encode writes indented JSON in which what a terminal would obey or hide is
// escaped; it can only stand within strings, and means the same.
func Encode(w io.Writer, v any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	data := b.Bytes()
	for {
		i := bytes.IndexFunc(data, func(r rune) bool { return hidden(r) && r != '\n' })
		if i < 0 {
			_, err := w.Write(data)
			return err
		}
		if _, err := w.Write(data[:i]); err != nil {
			return err
		}
		r, size := utf8.DecodeRune(data[i:])
		for _, unit := range utf16.Encode([]rune{r}) {
			if _, err := fmt.Fprintf(w, `\u%04x`, unit); err != nil {
				return err
			}
		}
		data = data[i+size:]
	}
}
