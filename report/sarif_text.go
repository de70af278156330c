package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/rules"
)

// resultText is the message of a result, a line for each thing that it says. GitHub shows
// a related place only where the message links it. More places and more flows than
// there are links and code flows are counted.
func resultText(group []analyzer.Finding, related []analyzer.Related, more, moreFlows int) string {
	var messages, objects, environments []string
	confidence, exact := rules.Certain, true
	for _, f := range group {
		messages = append(messages, linkless(f.Message))
		if f.Object.Kind != "" {
			objects = append(objects, f.Object.String())
		}
		environments = append(environments, f.Environments...)
		if f.Confidence.Rank() > confidence.Rank() {
			confidence = f.Confidence
		}
		exact = exact && f.Exact
	}
	slices.Sort(environments)
	lines := unique(messages, same)
	if n := len(lines) - mostObjects; n > 0 {
		lines = append(lines[:mostObjects], fmt.Sprintf("and %d more of the same kind", n))
	}
	lines = append(lines, named("Object", "Objects", unique(objects, same))...)
	lines = append(lines, named("Environment", "Environments", unique(environments, same))...)
	if confidence != rules.Certain {
		lines = append(lines, "Confidence: "+string(confidence))
	}
	switch {
	case group[0].Line == 0:
		lines = append(lines, "The line is not known")
	case !exact:
		lines = append(lines, "This is the nearest line that is known")
	}
	if len(related) > 0 {
		lines = append(lines, "See "+links(related, more))
	}
	if moreFlows > 0 {
		lines = append(lines, Counted(moreFlows, "more path leads", "more paths lead")+" to the line")
	}
	return sentences(lines)
}

// sentences ends each line with a period: where space is short, GitHub shows the
// first sentence only.
func sentences(lines []string) string { return strings.Join(lines, ".\n") + "." }

// named is a line that lists names under a heading, none for no names.
func named(one, many string, names []string) []string {
	switch len(names) {
	case 0:
		return nil
	case 1:
		return []string{one + ": " + linkless(names[0])}
	default:
		return []string{many + ": " + linkless(Some(names, mostObjects))}
	}
}

func links(related []analyzer.Related, more int) string {
	var all []string
	for i, r := range related {
		text := cmp.Or(r.Message, r.Pos.String())
		text = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(linkless(text))
		all = append(all, fmt.Sprintf("[%s](%d)", text, i+1))
	}
	text := strings.Join(all, ", ")
	if more > 0 {
		text += fmt.Sprintf(" and %s", Counted(more, "more place", "more places"))
	}
	return text
}

// linkless keeps what comes from the repository from being read as a link.
func linkless(s string) string { return strings.ReplaceAll(Printable(s), "](", "] (") }
