package report

import (
	"fmt"
	"strings"
	"testing"
)

func TestMarkdownCode(t *testing.T) {
	for text, want := range map[string]string{
		"a": "`a`", "a`b": "``a`b``", "`a": "`` `a ``", "a``b`": "``` a``b` ```", "a|b": `¦a\|b¦`, "a\nb": `¦a\nb¦`,
	} {
		if got := MarkdownCode(text); got != strings.ReplaceAll(want, "¦", "`") {
			t.Errorf("%q is written %s, want %s", text, got, want)
		}
	}
}

// TestFitMarkdown cuts at every length: within it, fences whole, and what is missing counted.
func TestFitMarkdown(t *testing.T) {
	var text strings.Builder
	fmt.Fprint(&text, "## Title\n\n**verdict**\n\n### New findings\n\n| a | b |\n|---|---|\n")
	for i := range 20 {
		fmt.Fprintf(&text, "| row %d | %s |\n", i, strings.Repeat("x", 20))
	}
	fmt.Fprint(&text, "\n### Environment\n\n```mermaid\nflowchart\n\n  a --> b\n```\n\nNew:\n\n- one\n- two\n\n### Last\n\n- three\n")
	whole := text.String()
	for most := 300; most <= len(whole)+1; most++ {
		got := FitMarkdown(whole, most)
		if len(got) > most {
			t.Errorf("%d bytes for %d", len(got), most)
		}
		if strings.Count(got, "```")%2 != 0 || strings.Contains(got, "flowchart") != strings.Contains(got, "a --> b") {
			t.Errorf("a fence is cut:\n%s", got)
		}
		if rows := strings.Count(got, "| row"); rows < 20 && !strings.Contains(got, fmt.Sprintf("and %d more", 20-rows)) {
			t.Errorf("%d rows, and the others are not counted:\n%s", rows, got)
		}
		if !strings.Contains(got, "three") && !strings.Contains(got, "left out: there is no room for more here") && !strings.Contains(got, "and 1 more") {
			t.Errorf("the end is missing, and nothing says so:\n%s", got)
		}
	}
	if FitMarkdown(whole, len(whole)) != whole {
		t.Error("what fits is not left as it is")
	}
}
