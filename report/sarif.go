package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

const homepage = "https://github.com/ringfence/ringfence"

// GitHub rejects more than 1,000 locations of a result and shows 100.
const (
	mostRelated = 100
	mostObjects = 20
)

// writeSARIF writes SARIF 2.1.0 as GitHub code scanning reads it
// (https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning):
// one run for all environments, and one result per rule and line, because GitHub
// tells results apart by what their line says.
func writeSARIF(b *bufio.Writer, r *analyzer.Report, opts Options) error {
	doc, err := json.Marshal(newSARIF(r, opts))
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return err
	}
	return Encode(b, prune(tree))
}

// prune leaves out what the library writes for fields that were never set: empty
// lists, empty objects and the number -1, which no field of ours has. GitHub wants results even
// where there are none.
func prune(tree any) any {
	switch tree := tree.(type) {
	case map[string]any:
		for key, v := range tree {
			tree[key] = prune(v)
			if unset(tree[key]) && key != "results" {
				delete(tree, key)
			}
		}
	case []any:
		for i, v := range tree {
			tree[i] = prune(v)
		}
	}
	return tree
}

func unset(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	case json.Number:
		return v == "-1"
	default:
		return false
	}
}

func newSARIF(r *analyzer.Report, opts Options) *sarif.Report {
	driver := sarif.NewToolComponent().WithName(toolName).WithInformationURI(homepage)
	if opts.Version != "" {
		driver.WithVersion(opts.Version)
	}
	run := sarif.NewRun().WithTool(sarif.NewTool().WithDriver(driver)).WithColumnKind("unicodeCodePoints")
	if opts.Category != "" {
		run.WithAutomationDetails(sarif.NewRunAutomationDetails().WithID(category(opts.Category)))
	}
	table := ruleTable{driver: driver, index: make(map[string]int)}
	for _, rule := range opts.Rules {
		table.add(rule, rule.Severity)
	}
	for _, group := range join(r.Findings) {
		id, index := table.add(group[0].Rule, group[0].Severity)
		run.AddResult(newResult(group).WithRuleID(id).WithRuleIndex(index))
	}
	run.AddInvocation(newInvocation(r.Gaps))
	return sarif.NewReport().AddRun(run)
}

// ruleTable holds the descriptors of rules. GitHub takes the severity from the
// descriptor, so a finding whose severity departs from its rule's has a
// descriptor of its own, such as "unprotected-workload/high".
type ruleTable struct {
	driver *sarif.ToolComponent
	index  map[string]int
}

func (t *ruleTable) add(rule *rules.Rule, severity rules.Severity) (id string, index int) {
	id = rule.ID
	if severity != rule.Severity {
		id += "/" + string(severity)
	}
	index, known := t.index[id]
	if !known {
		index = len(t.driver.Rules)
		t.index[id] = index
		t.driver.AddRule(newDescriptor(id, rule, severity))
	}
	return id, index
}

func newDescriptor(id string, rule *rules.Rule, severity rules.Severity) *sarif.ReportingDescriptor {
	description := cmp.Or(rule.Description, rule.Title)
	text, markdown := description, description
	if rule.Remedy != "" {
		text += "\n\nWhat to do: " + rule.Remedy
		markdown += "\n\n**What to do**: " + rule.Remedy
	}
	for _, reference := range rule.References {
		text += "\n" + reference
		markdown += "\n- <" + reference + ">"
	}
	properties := sarif.NewPropertyBag().
		Add("precision", precision(rule.Confidence)).
		Add("problem.severity", problemSeverity(severity)).
		WithTags([]string{"security", "kubernetes", "network-policy"})
	if score := securitySeverity(severity); score != "" {
		properties.Add("security-severity", score)
	}
	return sarif.NewRule(id).
		WithName(pascalCase(rule.ID)).
		WithShortDescription(plainText(rule.Title)).
		WithFullDescription(plainText(description)).
		WithHelp(sarif.NewMultiformatMessageString().WithText(text).WithMarkdown(markdown)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(level(severity))).
		WithProperties(properties)
}

// plainText cuts a description to the length that GitHub takes.
func plainText(s string) *sarif.MultiformatMessageString {
	if runes := []rune(s); len(runes) > 1024 {
		s = string(runes[:1023]) + "…"
	}
	return sarif.NewMultiformatMessageString().WithText(s)
}

// pascalCase makes the name that SARIF asks of a rule from its id.
func pascalCase(id string) string {
	var name strings.Builder
	for word := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '-' || r == '/' }) {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}

func level(s rules.Severity) string {
	switch s {
	case rules.High:
		return sarif.LevelError
	case rules.Medium:
		return sarif.LevelWarning
	default:
		return sarif.LevelNote
	}
}

func problemSeverity(s rules.Severity) string {
	switch s {
	case rules.High:
		return "error"
	case rules.Medium:
		return "warning"
	default:
		return "recommendation"
	}
}

// securitySeverity is the score that GitHub turns back into high (7.0 to 8.9),
// medium (4.0 to 6.9) and low (0.1 to 3.9). A note is no security problem.
func securitySeverity(s rules.Severity) string {
	switch s {
	case rules.High:
		return "8.0"
	case rules.Medium:
		return "5.5"
	case rules.Low:
		return "2.0"
	default:
		return ""
	}
}

// precision is the confidence under the name that CodeQL gave it.
func precision(c rules.Confidence) string {
	switch c {
	case rules.Certain:
		return "high"
	case rules.Likely:
		return "medium"
	default:
		return "low"
	}
}

// join groups the findings of one rule and severity on one line, in the order of
// the first of each.
func join(findings []analyzer.Finding) [][]analyzer.Finding {
	type key struct {
		rule     string
		severity rules.Severity
		file     string
		line     int
	}
	at := make(map[key]int)
	var groups [][]analyzer.Finding
	for _, f := range findings {
		k := key{f.Rule.ID, f.Severity, f.File, f.Line}
		i, known := at[k]
		if !known {
			i = len(groups)
			at[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	return groups
}

func newResult(group []analyzer.Finding) *sarif.Result {
	var related []analyzer.Related
	for _, f := range group {
		related = append(related, f.Related...)
	}
	related = unique(related, func(r analyzer.Related) any { return [2]any{r.Pos, r.Message} })
	more := max(0, len(related)-mostRelated)
	related = related[:len(related)-more]
	result := sarif.NewResult().
		WithLevel(level(group[0].Severity)).
		WithMessage(sarif.NewTextMessage(resultText(group, related, more))).
		AddLocation(newLocation(group[0].Pos))
	for i, r := range related {
		result.AddRelatedLocation(newLocation(r.Pos).WithID(i + 1).WithMessage(sarif.NewTextMessage(linkless(r.Message))))
	}
	return result
}

// resultText is the message of a result, a line for each thing that it says.
// GitHub shows a related place only where the message links it.
func resultText(group []analyzer.Finding, related []analyzer.Related, more int) string {
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

// unique leaves out all but the first of those with the same key.
func unique[T any](all []T, key func(T) any) []T {
	seen := make(map[any]bool)
	var kept []T
	for _, v := range all {
		if k := key(v); !seen[k] {
			seen[k] = true
			kept = append(kept, v)
		}
	}
	return kept
}

func same(s string) any { return s }

// newLocation is one line; line 1 where none is known, because GitHub shows
// nothing without a line.
func newLocation(p manifest.Pos) *sarif.Location {
	line := max(p.Line, 1)
	region := sarif.NewSimpleRegion(line, line)
	if p.Line > 0 && p.Column > 0 {
		region.WithStartColumn(p.Column)
	}
	return sarif.NewLocationWithPhysicalLocation(sarif.NewPhysicalLocation().
		WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri(p.File))).
		WithRegion(region))
}

// uri percent-encodes a path. A colon is encoded as well: in the first part it
// would end a scheme.
func uri(file string) string {
	parts := strings.Split(cmp.Or(file, "."), "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(url.PathEscape(part), ":", "%3A")
	}
	return strings.Join(parts, "/")
}

// newInvocation carries the gaps. The execution was successful even with gaps:
// GitHub has refused the results of files that say otherwise. A notification of
// level error says that they are incomplete (SARIF 2.1.0, appendix I).
func newInvocation(all []analyzer.Gap) *sarif.Invocation {
	invocation := sarif.NewInvocation().WithExecutionSuccessful(true)
	gaps, notes := merge(all)
	for _, g := range append(gaps, notes...) {
		severity := sarif.LevelError
		if g.Note {
			severity = sarif.LevelNote
		}
		lines := append([]string{linkless(g.Reason) + " [" + string(g.Code) + "]"}, named("Target", "Targets", g.targets)...)
		notification := sarif.NewNotification().WithLevel(severity).
			WithMessage(sarif.NewTextMessage(sentences(lines)))
		if g.File != "" {
			notification.AddLocation(newLocation(g.Pos))
		}
		invocation.AddToolExecutionNotification(notification)
	}
	return invocation
}

// category is the id of an analysis in the form that GitHub reads: what stands
// before the last slash is the category, what follows tells runs of it apart.
func category(name string) string { return strings.TrimSuffix(name, "/") + "/" }
