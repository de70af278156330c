package diff

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/change"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/report/diagram"
	"github.com/ringfence/ringfence/report/reach"
)

// writeMarkdown writes the same as writeText, with a table of connections and a graph
// for environments that changed alike. What a reviewer must decide on comes first: what the
// change suppresses, and its new findings.
func (r *Report) writeMarkdown(b *bufio.Writer) {
	states := report.MarkdownText(r.Before) + " → " + report.MarkdownText(r.After)
	if r.Verdict != "" {
		fmt.Fprintf(b, "## %s\n\n%s\n", report.MarkdownText(r.Verdict), states)
	} else {
		fmt.Fprintf(b, "## %s\n", states)
	}
	fmt.Fprintf(b, "\n**%s**\n", report.MarkdownText(r.summary()))
	writeSuppressedMarkdown(b, r.Suppressed)
	writeFindingsMarkdown(b, "New findings", r.New)
	report.MarkdownRemedies(b, bare(r.New))
	for _, g := range r.groups {
		fmt.Fprintf(b, "\n### %s\n", report.MarkdownText(upper(g.title())))
		writeEnvironmentMarkdown(b, g.environments[0])
	}
	writeFindingsMarkdown(b, "Fixed findings", r.Fixed)
	if len(r.Unseen) > 0 {
		fmt.Fprintf(b, "\n%s.\n", r.unseen())
	}
	if len(r.NewGaps) > 0 {
		fmt.Fprintf(b, "\n### New gaps and remarks\n\n")
	}
	for i, g := range r.NewGaps {
		if i == report.MostRows {
			fmt.Fprintf(b, "- and %d more\n", len(r.NewGaps)-i)
			break
		}
		fmt.Fprintf(b, "- %s\n", report.MarkdownText(report.GapLine(g.Gap)))
	}
	if len(r.ClosedGaps) > 0 {
		fmt.Fprintf(b, "\n%s no longer there.\n", report.Counted(len(r.ClosedGaps), "gap or remark is", "gaps or remarks are"))
	}
	if len(r.Submodules) > 0 {
		fmt.Fprintf(b, "\n%s.\n", report.MarkdownText(upper(r.submodules())))
	}
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func writeEnvironmentMarkdown(b *bufio.Writer, e *change.Environment) {
	if len(e.Gaps) > 0 {
		fmt.Fprintf(b, "\nIncomplete: %s; what could not be seen may decide otherwise.\n", report.Counted(len(e.Gaps), "gap", "gaps"))
	}
	writeTable(b, e)
	writeGraph(b, e)
	writeWorkloadsMarkdown(b, "New", e.Added, "")
	writeWorkloadsMarkdown(b, "Removed", e.Removed, before)
	writeEntriesMarkdown(b, "Published outside of the cluster", e.Published, "")
	writeEntriesMarkdown(b, "No longer published", e.Unpublished, before)
	for i, d := range e.Doubtful {
		if i == 0 {
			fmt.Fprintf(b, "\nNot evaluated completely, so that more may have changed:\n\n")
		}
		fmt.Fprintf(b, "- %s: %s: %s\n", report.MarkdownCode(placeText(d.Pos, d.Before)), report.MarkdownCode(d.Ref.Kind+" "+d.Ref.Name), report.MarkdownText(d.Reason))
	}
}

// writeTable writes what was opened and closed.
func writeTable(b *bufio.Writer, e *change.Environment) {
	rows, gone := 0, 0
	for _, list := range []struct {
		what        string
		connections []change.Connections
	}{{"opened", e.Opened}, {"closed", e.Closed}} {
		for _, c := range list.connections {
			if c.WithWorkload() {
				gone += c.From.Len() * c.To.Len()
				continue
			}
			if rows++; rows == 1 {
				fmt.Fprintf(b, "\n| | connections | why |\n|---|---|---|\n")
			}
			if rows <= report.MostRows {
				fmt.Fprintf(b, "| **%s** %s | %s from %s to %s%s | %s |\n", list.what, riskText(c.Risk), report.MarkdownCode(connText(c.Conn)),
					report.MarkdownCode(reach.TermsText(c.From.Terms())), report.MarkdownCode(reach.TermsText(c.To.Terms())),
					report.MarkdownText(remarks(c)), causesMarkdown(c))
			}
		}
	}
	if rows > report.MostRows {
		fmt.Fprintf(b, "\nand %d more\n", rows-report.MostRows)
	}
	if gone > 0 {
		fmt.Fprintf(b, "\nClosed with the workloads that were removed: %s.\n", report.Counted(gone, "pair", "pairs"))
	}
}

func causesMarkdown(c change.Connections) string {
	var lines []string
	causes, more := tellable(c.Causes)
	for _, cause := range causes {
		lines = append(lines, report.MarkdownCode(placeText(cause.Pos, cause.Before))+" "+report.MarkdownText(causeText(cause)))
	}
	if more > 0 {
		lines = append(lines, "and "+report.Counted(more, "more cause", "more causes"))
	}
	return strings.Join(lines, "<br>")
}

func writeGraph(b *bufio.Writer, e *change.Environment) {
	g := graphOf(e)
	if len(g.Edges) == 0 {
		return
	}
	fmt.Fprintf(b, "\n```mermaid\n")
	if err := diagram.WriteMermaid(b, g); err != nil {
		panic(err) // two nodes of one name, which graphOf does not make
	}
	fmt.Fprintf(b, "```\n")
}

func writeWorkloadsMarkdown(b *bufio.Writer, what string, workloads []*netpol.Workload, when string) {
	for i, w := range workloads {
		if i == 0 {
			fmt.Fprintf(b, "\n%s %s:\n\n", what, plural(len(workloads), "workload", "workloads"))
		}
		if i == mostNames {
			fmt.Fprintf(b, "- and %d more\n", len(workloads)-i)
			return
		}
		fmt.Fprintf(b, "- %s at %s\n", report.MarkdownCode(w.String()), report.MarkdownCode(w.Source.Pos.String()+when))
	}
}

func writeEntriesMarkdown(b *bufio.Writer, what string, entries []netpol.Entry, when string) {
	for i, n := range entries {
		if i == 0 {
			fmt.Fprintf(b, "\n%s:\n\n", what)
		}
		if i == report.MostRows {
			fmt.Fprintf(b, "- and %d more\n", len(entries)-i)
			return
		}
		fmt.Fprintf(b, "- %s on %s by %s at %s\n", report.MarkdownCode(n.Workload.String()), report.MarkdownCode(reach.EntryPort(n)),
			report.MarkdownCode(n.By.Kind+" "+n.By.Name), report.MarkdownCode(n.By.At(n.Path...).Pos.String()+when))
	}
}

func writeSuppressedMarkdown(b *bufio.Writer, all []analyzer.Suppressed) {
	for i, s := range all {
		if i == 0 {
			fmt.Fprintf(b, "\n### Suppressed by the change\n\n| severity | finding | place | rule | reason |\n|---|---|---|---|---|\n")
		}
		if i == report.MostRows {
			fmt.Fprintf(b, "\nand %d more\n", len(all)-i)
			return
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s %s |\n", s.Severity, report.MarkdownText(s.Message), report.MarkdownCode(s.Pos.String()), report.MarkdownCode(s.Rule.ID), report.MarkdownCode(s.By.String()), report.MarkdownText(s.Reason))
	}
}

// writeFindingsMarkdown writes findings, those that weigh most first.
func writeFindingsMarkdown(b *bufio.Writer, what string, findings []change.Finding) {
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b change.Finding) int { return a.Severity.Rank() - b.Severity.Rank() })
	for i, f := range findings {
		if i == 0 {
			fmt.Fprintf(b, "\n### %s\n\n| severity | finding | place | rule |\n|---|---|---|---|\n", what)
		}
		if i == report.MostRows {
			fmt.Fprintf(b, "\nand %d more\n", len(findings)-i)
			return
		}
		report.MarkdownFinding(b, f.Finding, findingDetail(f))
	}
}
