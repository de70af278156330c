package rules

import (
	"fmt"
	"strings"
)

// Example shows a rule at work. Empty parts are left out of the page.
type Example struct {
	Before string // manifests with the defect
	Output string // what ringfence prints of them
	After  string // the manifests without the defect
}

// Page returns the rule's page in Markdown.
func Page(r *Rule, example Example) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", r.ID, r.Title)
	b.WriteString("| severity | confidence | persona | since |\n|---|---|---|---|\n")
	fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.Severity, r.Confidence, r.Persona, r.Since)
	section(&b, "Why", r.Description)
	if r.Everywhere {
		b.WriteString("\nAn object that several environments render from one source is reported only where all of them have the defect.\n")
	}
	section(&b, "Remedy", r.Remedy)
	code(&b, "Before", "yaml", example.Before)
	code(&b, "Output", "text", example.Output)
	code(&b, "After", "yaml", example.After)
	if len(r.References) > 0 {
		section(&b, "See also", "- <"+strings.Join(r.References, ">\n- <")+">")
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

func code(b *strings.Builder, title, language, text string) {
	if text != "" {
		section(b, title, fmt.Sprintf("```%s\n%s\n```", language, strings.TrimRight(text, "\n")))
	}
}
