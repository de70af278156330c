package report

import (
	"cmp"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/ringfence/ringfence/rules"
)

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
