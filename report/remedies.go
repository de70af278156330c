package report

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
)

// Remedies says, for each rule that found something and knows what to do about it, what
// that is, sorted by rule: the rule with how often it did, and the text.
func Remedies(findings []analyzer.Finding) []Remedy {
	places := map[string]int{}
	var all []Remedy
	for _, f := range findings {
		i, met := places[f.Rule.ID]
		if !met {
			i = len(all)
			places[f.Rule.ID] = i
			all = append(all, Remedy{Rule: f.Rule.ID, Text: strings.Join(strings.Fields(f.Rule.Remedy), " ")})
		}
		all[i].Findings++
	}
	all = slices.DeleteFunc(all, func(r Remedy) bool { return r.Text == "" })
	slices.SortFunc(all, func(a, b Remedy) int { return strings.Compare(a.Rule, b.Rule) })
	return all
}

// Remedy is what to do about the findings of a rule.
type Remedy struct {
	Rule     string
	Findings int
	Text     string
}

// times is a remark on how often a rule found something, empty for once.
func (r Remedy) times() string {
	if r.Findings == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d)", r.Findings)
}

// String is a line of text.
func (r Remedy) String() string {
	return Printable(r.Rule) + r.times() + ": " + Printable(r.Text)
}

// RemediesTitle is the heading of remedies in text.
const RemediesTitle = `what to do ("ringfence rules show ID" says why):`

// MarkdownRemedies writes remedies as a list.
func MarkdownRemedies(b *bufio.Writer, findings []analyzer.Finding) {
	for i, r := range Remedies(findings) {
		if i == 0 {
			fmt.Fprintf(b, "\nWhat to do (%s says why):\n\n", MarkdownCode("ringfence rules show ID"))
		}
		fmt.Fprintf(b, "- %s%s: %s\n", MarkdownCode(r.Rule), r.times(), MarkdownText(r.Text))
	}
}
