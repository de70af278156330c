package rules

import (
	"fmt"
	"strings"
)

// Example shows a rule at work.
type Example struct {
	File    string // name of the manifest with the defect
	Text    string // what it holds
	Command string // with which ringfence finds it: "check"
	Output  string // what ringfence prints of it
}

// Page returns the rule's page in Markdown, without an example.
func Page(r *Rule) string { return page(r, "") }

// PageWithExample returns the rule's page in Markdown with the example before
// the remedy.
func PageWithExample(r *Rule, e Example) string {
	return page(r, fmt.Sprintf("\n## Example\n\nWith this in `%s`\n\n%s\n`ringfence %s` prints\n\n%s",
		e.File, code("yaml", e.Text), e.Command, code("text", e.Output)))
}

func page(r *Rule, example string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s.\n\n", r.ID, r.Title)
	b.WriteString("| severity | confidence | persona | since |\n|---|---|---|---|\n")
	fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.Severity, r.Confidence, r.Persona, r.Since)
	section(&b, "Why", r.Description)
	if r.Everywhere {
		b.WriteString("\nAn object that several environments render from one source is reported only where all of them have the defect.\n")
	}
	b.WriteString(example)
	section(&b, "What to do", r.Remedy)
	if r.Before != "" {
		fmt.Fprintf(&b, "\nBefore:\n\n%s\nAfter:\n\n%s", code("yaml", r.Before), code("yaml", r.After))
	}
	if len(r.References) > 0 {
		section(&b, "See also", "- <"+strings.Join(r.References, ">\n- <")+">")
	}
	if lines := r.Mapping.lines(); lines != "" {
		section(&b, "Standards", lines)
	}
	return b.String()
}

// Index returns the page that lists the rules.
func Index(rules []*Rule) string {
	var b strings.Builder
	b.WriteString("# Rules\n\n| rule | severity | confidence | what it finds |\n|---|---|---|---|\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s |\n", r.ID, r.ID, r.Severity, r.Confidence, r.Title)
	}
	b.WriteString("\nSeverity and confidence are the usual ones; a finding may have others, as its rule says.\n")
	return b.String()
}

func section(b *strings.Builder, title, text string) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n", title, text)
}

func code(language, text string) string {
	return fmt.Sprintf("```%s\n%s\n```\n", language, strings.TrimRight(text, "\n"))
}
