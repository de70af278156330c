package diff

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/change"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/report/diagram"
	"github.com/ringfence/ringfence/report/reach"
)

// mostRows is how many rows of a table a reader wants to see.
const mostRows = 50

// writeMarkdown writes the same as writeText, with a table of connections and a graph
// for environments that changed alike.
func (r *Report) writeMarkdown(b *bufio.Writer) {
	fmt.Fprintf(b, "## %s → %s\n\n**%s**\n", escape(r.Before), escape(r.After), escape(r.summary()))
	for _, g := range r.groups() {
		fmt.Fprintf(b, "\n### %s\n", escape(upper(g.title())))
		writeEnvironmentMarkdown(b, g.environments[0])
	}
	writeSuppressedMarkdown(b, r.Suppressed)
	writeFindingsMarkdown(b, "New findings", r.New)
	writeFindingsMarkdown(b, "Fixed findings", r.Fixed)
	if len(r.Unseen) > 0 {
		fmt.Fprintf(b, "\n%s.\n", r.unseen())
	}
	if len(r.NewGaps) > 0 {
		fmt.Fprintf(b, "\n### New gaps and remarks\n\n")
	}
	for i, g := range r.NewGaps {
		if i == mostRows {
			fmt.Fprintf(b, "- and %d more\n", len(r.NewGaps)-i)
			break
		}
		fmt.Fprintf(b, "- %s\n", escape(report.GapLine(g.Gap)))
	}
	if len(r.ClosedGaps) > 0 {
		fmt.Fprintf(b, "\n%s no longer there.\n", report.Counted(len(r.ClosedGaps), "gap or remark is", "gaps or remarks are"))
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
		fmt.Fprintf(b, "- %s: %s: %s\n", code(placeText(d.Pos, d.Before)), code(d.Ref.Kind+" "+d.Ref.Name), escape(d.Reason))
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
				fmt.Fprintf(b, "\n| | connections | from | to | why |\n|---|---|---|---|---|\n")
			}
			if rows <= mostRows {
				fmt.Fprintf(b, "| **%s** %s | %s%s | %s | %s | %s |\n", list.what, riskText(c.Risk), code(connText(c.Conn)), escape(remarks(c)),
					code(reach.TermsText(c.From.Terms())), code(reach.TermsText(c.To.Terms())), causesMarkdown(c))
			}
		}
	}
	if rows > mostRows {
		fmt.Fprintf(b, "\nand %d more\n", rows-mostRows)
	}
	if gone > 0 {
		fmt.Fprintf(b, "\nClosed with the workloads that were removed: %s.\n", report.Counted(gone, "pair", "pairs"))
	}
}

func causesMarkdown(c change.Connections) string {
	var lines []string
	for i, cause := range c.Causes {
		if i == mostCauses {
			lines = append(lines, fmt.Sprintf("and %d more causes", len(c.Causes)-i))
			break
		}
		lines = append(lines, code(placeText(cause.Pos, cause.Before))+" "+escape(causeText(cause)))
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
		fmt.Fprintf(b, "- %s at %s\n", code(w.String()), code(w.Source.Pos.String()+when))
	}
}

func writeEntriesMarkdown(b *bufio.Writer, what string, entries []netpol.Entry, when string) {
	for i, n := range entries {
		if i == 0 {
			fmt.Fprintf(b, "\n%s:\n\n", what)
		}
		if i == mostRows {
			fmt.Fprintf(b, "- and %d more\n", len(entries)-i)
			return
		}
		fmt.Fprintf(b, "- %s on %s by %s at %s\n", code(n.Workload.String()), code(reach.EntryPort(n)),
			code(n.By.Kind+" "+n.By.Name), code(n.By.At(n.Path...).Pos.String()+when))
	}
}

func writeSuppressedMarkdown(b *bufio.Writer, all []analyzer.Suppressed) {
	for i, s := range all {
		if i == 0 {
			fmt.Fprintf(b, "\n### Suppressed by the change\n\n| severity | finding | place | rule | reason |\n|---|---|---|---|---|\n")
		}
		if i == mostRows {
			fmt.Fprintf(b, "\nand %d more\n", len(all)-i)
			return
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s %s |\n", s.Severity, escape(s.Message), code(s.Pos.String()), code(s.Rule.ID), code(s.By.String()), escape(s.Reason))
	}
}

func writeFindingsMarkdown(b *bufio.Writer, what string, findings []change.Finding) {
	for i, f := range findings {
		if i == 0 {
			fmt.Fprintf(b, "\n### %s\n\n| severity | finding | place | rule |\n|---|---|---|---|\n", what)
		}
		if i == mostRows {
			fmt.Fprintf(b, "\nand %d more\n", len(findings)-i)
			return
		}
		detail := findingDetail(f)
		if detail != "" {
			detail = "<br>" + escape(detail)
		}
		fmt.Fprintf(b, "| %s | %s%s | %s | %s |\n", f.Severity, escape(f.Message), detail, code(f.Pos.String()), code(f.Rule.ID))
	}
}

// code writes text as a code span, in which nothing is markup. Within a table a bar
// would end the cell even there.
func code(s string) string {
	s = report.Printable(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + strings.ReplaceAll(s, "|", `\|`) + fence
}

// markup are the characters that may be markup in Markdown, as entities.
var markup = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", `\`, "&#92;", "`", "&#96;", "*", "&#42;", "_", "&#95;", "[", "&#91;", "]", "&#93;",
	"|", "&#124;", "~", "&#126;", "$", "&#36;", "!", "&#33;",
	// GitHub looks for these after entities were read: a space of no width keeps them
	// from being links to users, issues and addresses.
	"@", "@\u200b", "#", "#\u200b", "://", ":\u200b//", "www.", "www\u200b.",
)

// escape writes text that is shown as it is.
func escape(s string) string { return markup.Replace(report.Printable(s)) }
