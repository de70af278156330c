package diff

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/change"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/rules"
)

// hostile is text that would be markup, a mention, a link or an escape sequence.
var hostile = []string{
	"<img src=x onerror=alert(1)>", "[a](https://example.com)", "![a](x)", "`code` **bold** _it_ ~~x~~", "a|b|c", "@someone", "#12",
	"https://example.com", "www.example.com", "a\nb\n# heading", "```\nfence", "\x1b[31mred", "a\u202eb", "$$x$$", `\`, "``", "--- title", "end]:::open\n click n1 \"x\"",
}

// TestMarkdownEscapes writes hostile names everywhere and looks for what must not be there.
func TestMarkdownEscapes(t *testing.T) {
	for _, text := range hostile {
		r := hostileReport(t, text)
		var out strings.Builder
		if err := Write(&out, Markdown, r); err != nil {
			t.Fatal(err)
		}
		checkMarkdown(t, text, out.String())
	}
}

// hostileReport has a text wherever a repository can put one.
func hostileReport(t *testing.T, text string) *Report {
	t.Helper()
	rule := &rules.Rule{}
	rule.ID = "some-rule"
	pos := manifest.Pos{File: text, Line: 1}
	objects, _ := manifest.Parse("x.yaml", []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: n}\nspec: {containers: []}\n"))
	objects = append(objects, objects[0].WithName(text).WithNamespace(text))
	state := func(objects []*manifest.Object) change.State {
		return change.State{
			Environments: []analyzer.Environment{{Name: text, Objects: objects}},
			Report: &analyzer.Report{
				Findings: []analyzer.Finding{{Rule: rule, Severity: rules.Low, Message: text, Environments: []string{text}, Origin: manifest.Origin{Pos: pos}}},
				Gaps:     []analyzer.Gap{{Gap: manifest.Gap{Pos: pos, Reason: text}}},
			},
		}
	}
	before := state(objects[:1])
	before.Report = &analyzer.Report{}
	r := New(change.Compare(before, state(objects)))
	r.Before, r.After, r.Submodules = text, text, []Submodule{{Name: text, Changed: true}}
	return r
}

var (
	fenced = regexp.MustCompile("(?s)\n```mermaid\n.*?\n```\n")
	markup = regexp.MustCompile(`<[^b/]|https?://|www\.|@\w|[^&]#\d|\[a\]|\*\*bold|~~x|\x1b|\x{202e}|\$\$|onerror=alert\(1\)>`)
)

func checkMarkdown(t *testing.T, text, out string) {
	t.Helper()
	if n := strings.Count(out, "\n```mermaid\n"); n != 1 || len(fenced.FindAllString(out, -1)) != 1 {
		t.Errorf("%q: %d graphs, or one that does not end:\n%s", text, n, out)
	}
	if strings.ContainsAny(out, "\x1b\u202e") {
		t.Errorf("%q: a control character:\n%q", text, out)
	}
	prose := withoutCode(fenced.ReplaceAllString(out, "\n"))
	if found := markup.FindString(prose); found != "" {
		t.Errorf("%q: %q is markup in:\n%s", text, found, prose)
	}
	for _, line := range strings.Split(prose, "\n") {
		if strings.HasPrefix(line, "| ") {
			if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n < 4 || n > 6 {
				t.Errorf("%q: a row of %d bars: %s", text, n, line)
			}
		}
		if strings.HasPrefix(line, "# ") {
			t.Errorf("%q: a heading: %s", text, line)
		}
	}
}

// withoutCode leaves code spans out: a run of backticks up to the next run of as many
// (CommonMark 6.1).
func withoutCode(s string) string {
	runs := regexp.MustCompile("`+").FindAllStringIndex(s, -1)
	var out strings.Builder
	from := 0
	for i := 0; i < len(runs); i++ {
		for k := i + 1; k < len(runs); k++ {
			if runs[k][1]-runs[k][0] == runs[i][1]-runs[i][0] {
				out.WriteString(s[from:runs[i][0]])
				from, i = runs[k][1], k
				break
			}
		}
	}
	return out.String() + s[from:]
}

// TestFormats writes every format, and text without what a terminal would obey.
func TestFormats(t *testing.T) {
	for _, text := range hostile {
		for _, format := range []Format{Text, JSON, Markdown} {
			var out strings.Builder
			if err := Write(&out, format, hostileReport(t, text)); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(out.String(), "\x1b\u202e") || out.Len() == 0 {
				t.Errorf("%s of %q: %q", format, text, out.String())
			}
		}
	}
	if _, err := ParseFormat("xml"); err == nil {
		t.Error("xml is taken for a format")
	}
}

// TestTellable holds causes that read alike to one line, and counts the others by what is told.
func TestTellable(t *testing.T) {
	at := func(line int, before bool) change.Cause {
		return change.Cause{Kind: change.NamespaceChanged, Before: before, Pos: manifest.Pos{File: "a.yaml", Line: line}, Namespace: &netpol.Namespace{Name: "shop"}}
	}
	var causes []change.Cause
	for range 3 {
		for line := range mostCauses + 1 {
			causes = append(causes, at(line+1, false))
		}
	}
	first, more := tellable(append(causes, at(1, true)))
	var lines []int
	for _, c := range first {
		lines = append(lines, c.Line)
	}
	if want := []int{1, 2, 3, 4, 5, 6}; !slices.Equal(lines, want) || more != 2 {
		t.Errorf("got lines %v and %d more, want %v and 2", lines, more, want)
	}
}
