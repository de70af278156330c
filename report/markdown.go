package report

import (
	"bufio"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
)

// MostRows is how many rows of a table, or items of a list, a reader wants to see.
const MostRows = 50

// writeMarkdown writes a summary, the findings as a table, those that weigh most first,
// what to do about them, and what could not be seen.
func writeMarkdown(b *bufio.Writer, r *analyzer.Report, _ Options) error {
	gaps, notes := merge(r.Gaps)
	fmt.Fprintf(b, "**%s**\n", MarkdownText(summary(r, len(gaps), len(notes))))
	findings := slices.Clone(r.Findings)
	slices.SortStableFunc(findings, func(a, b analyzer.Finding) int { return a.Severity.Rank() - b.Severity.Rank() })
	for i, f := range findings {
		if i == 0 {
			fmt.Fprintf(b, "\n### Findings\n\n| severity | finding | place | rule |\n|---|---|---|---|\n")
		}
		if i == MostRows {
			fmt.Fprintf(b, "\nand %d more\n", len(findings)-i)
			break
		}
		MarkdownFinding(b, f, about(f, r.Environments > 1))
	}
	MarkdownRemedies(b, findings)
	for _, list := range []struct {
		title string
		gaps  []gap
	}{{"Could not be seen", gaps}, {"Remarks", notes}} {
		for i, g := range list.gaps {
			if i == 0 {
				fmt.Fprintf(b, "\n### %s\n\n", list.title)
			}
			if i == MostRows {
				fmt.Fprintf(b, "- and %d more\n", len(list.gaps)-i)
				break
			}
			fmt.Fprintf(b, "- %s\n", MarkdownText(GapLine(g.Gap.Gap)))
		}
	}
	return nil // b keeps the error of writing for Flush
}

// MarkdownFinding writes a finding as a row of a table: severity, finding, place, rule.
func MarkdownFinding(b *bufio.Writer, f analyzer.Finding, detail string) {
	if detail != "" {
		detail = "<br>" + MarkdownText(detail)
	}
	fmt.Fprintf(b, "| %s | %s%s | %s | %s |\n", f.Severity, MarkdownText(f.Message), detail, MarkdownCode(place(f.Pos)), MarkdownCode(f.Rule.ID))
}

// MarkdownCode writes text as a code span, in which nothing is markup. Within a table a
// bar would end the cell even there.
func MarkdownCode(s string) string {
	s = Printable(s)
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

// MarkdownText writes text that is shown as it is.
func MarkdownText(s string) string { return markup.Replace(Printable(s)) }

// fence begins and ends a block of Markdown that is shown as a whole.
const fence = "```"

// FitMarkdown cuts Markdown, as this package and its rooms write it, to a number of bytes.
// It keeps whole blocks; of a table or list that is too long it keeps what fits, and says how
// much is left out. A graph gives way to what follows.
func FitMarkdown(text string, most int) string {
	const room = 200 // for what says how much is left out
	if len(text) <= most {
		return text
	}
	var kept strings.Builder
	dropped := false
	left, sections := most-room, 0
	blocks := markdownBlocks(text)
	for i, block := range blocks {
		switch {
		case sections == 0 && len(block) <= left:
		case sections == 0 && strings.HasPrefix(block, fence):
			block = "The graph is left out: there is no room for it.\n\n"
		case sections == 0 && strings.Contains("|-", block[:1]):
			block = firstLines(block, left, moreIn(blocks, i+1))
			sections = -1 // what follows is left out
			dropped = i+1 < len(blocks)
		default:
			if strings.HasPrefix(block, "#") || sections == 0 {
				sections = max(sections, 0) + 1
			}
			continue
		}
		kept.WriteString(block)
		left -= len(block)
	}
	switch {
	case sections < 0 && dropped:
		kept.WriteString("The rest is left out: there is no room for more here.\n")
	case sections > 0:
		fmt.Fprintf(&kept, "%s left out: there is no room for more here.\n", Counted(sections, "section is", "sections are"))
	}
	return kept.String()
}

// markdownBlocks splits Markdown behind blank lines, but for those in a fence.
func markdownBlocks(text string) []string {
	var blocks []string
	var block strings.Builder
	fenced := false
	for line := range strings.Lines(text) {
		fenced = fenced != strings.HasPrefix(line, fence)
		block.WriteString(line)
		if line == "\n" && !fenced {
			blocks = append(blocks, block.String())
			block.Reset()
		}
	}
	return append(blocks, block.String())
}

// more is a paragraph that says how many are left out already.
var more = regexp.MustCompile(`^and (\d+) more\n`)

func moreIn(blocks []string, i int) int {
	if i >= len(blocks) {
		return 0
	}
	m := more.FindStringSubmatch(blocks[i])
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits alone
	return n
}

// firstLines keeps the lines of a table or a list that fit, and counts the others and
// those that were left out before.
func firstLines(block string, most, before int) string {
	lines := slices.Collect(strings.Lines(block))
	kept := 0
	for size := 0; kept < len(lines) && size+len(lines[kept]) <= most; kept++ {
		size += len(lines[kept])
	}
	rest := before
	for _, line := range lines[kept:] {
		if line != "\n" {
			rest++
		}
	}
	return strings.Join(lines[:kept], "") + fmt.Sprintf("\nand %d more\n\n", rest)
}
