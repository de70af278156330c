package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

func TestSummaryNeverHidesGaps(t *testing.T) {
	clean := &analyzer.Report{Environments: 1, Targets: 1, Workloads: 2}
	if got, want := write(t, Text, clean, Options{}), "no findings (2 workloads and 0 policies in 1 environment, 1 target)\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	clean.Gaps = []analyzer.Gap{gapOf("a.yaml", 2, manifest.InvalidYAML, "did not find a key", "a")}
	want := "a.yaml:2: gap: did not find a key [invalid-yaml]\n  target: a\n\n" +
		"no findings in what could be seen; incomplete: 1 gap (2 workloads and 0 policies in 1 environment, 1 target)\n"
	if got := write(t, Text, clean, Options{}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestColour(t *testing.T) {
	opts := options()
	plain := write(t, Text, shop(), opts)
	opts.Colour = true
	coloured := write(t, Text, shop(), opts)
	if strings.Contains(plain, "\x1b") || !strings.Contains(coloured, "\x1b[1;31mhigh\x1b[0m") {
		t.Error("colour is not as asked for")
	}
	for _, s := range []style{bold, dim, red, green, yellow, cyan, reset} {
		coloured = strings.ReplaceAll(coloured, string(s), "")
	}
	if coloured != plain {
		t.Errorf("without its colours the text differs:\n%s\n%s", coloured, plain)
	}
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("x", 500)
	for _, test := range []struct {
		name, line    string
		column        int
		before, after string
	}{
		{"start", "key: v\n", 1, "", "key: v"},
		{"middle", "key: v", 6, "key: ", "v"},
		{"characters, not bytes", "é: v", 4, "é: ", "v"},
		{"tab", "\tkey", 2, "    ", "key"},
		{"escapes count as what is printed", "\x1b: v", 4, `\x1b: `, "v"},
		{"beyond the end", "key", 9, "key", ""},
		{"unknown column", "key", 0, "", "key"},
		{"long, at the start", long, 1, "", long[:mostColumns] + "…"},
		{"long, in the middle", long, 251, "…" + long[:mostColumns/2], long[:mostColumns/2] + "…"},
		{"long, at the end", long, 500, "…" + long[:mostColumns/2], "x"},
	} {
		before, after := excerpt(test.line, test.column)
		if before != test.before || after != test.after {
			t.Errorf("%s: got %q and %q, want %q and %q", test.name, before, after, test.before, test.after)
		}
	}
}

func TestGapLine(t *testing.T) {
	gap := gapOf("a b.yaml", 3, manifest.MissingFile, "\"c\x1b\" is not there", "").Gap
	if got, want := GapLine(gap), `a b.yaml:3: gap: "c\x1b" is not there [missing-file]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// However findings are grouped, each is told with its place and its object, once.
func TestListsHideNothing(t *testing.T) {
	rule := testRules()[1]
	report := &analyzer.Report{Environments: 2}
	for i := range 3 * fewestAlike {
		name := fmt.Sprintf("w%d", i)
		report.Findings = append(report.Findings, analyzer.Finding{
			Rule: rule, Severity: rules.Medium, Confidence: rules.Likely, Environments: []string{"prod"},
			Object:  manifest.Ref{Kind: "Pod", Namespace: fmt.Sprintf("n%d", i%3), Name: name},
			Origin:  near("a.yaml", i+1),
			Message: fmt.Sprintf("no policy restricts ingress to Pod %q", name),
			Related: []analyzer.Related{{Origin: at("n.yaml", 1+i%3, 1), Message: "its namespace"}, {Origin: at("s.yaml", i+1, 1), Message: "its Service"}},
		})
	}
	text := write(t, Text, report, Options{})
	for i, f := range report.Findings {
		line := fmt.Sprintf("    a.yaml:%d: %s; environments: prod; confidence: medium (nearest line)\n      s.yaml:%d:1: its Service\n", i+1, f.Object, i+1)
		if strings.Count(text, line) != 1 {
			t.Errorf("%q stands %d times in:\n%s", line, strings.Count(text, line), text)
		}
	}
	for i := range 3 {
		head := fmt.Sprintf("  namespace \"n%d\", %d times:\n    n.yaml:%d:1: its namespace\n", i, fewestAlike, i+1)
		if strings.Count(text, head) != 1 {
			t.Errorf("%q stands not once in:\n%s", head, text)
		}
	}
	if head := "medium, 12 times: no policy restricts ingress to … [unprotected-workload]\n"; !strings.HasPrefix(text, head) {
		t.Errorf("%q is not the head of:\n%s", head, text)
	}
}

// However gaps are grouped, each is told with its place and the names that are its own.
func TestGapListsHideNothing(t *testing.T) {
	report := &analyzer.Report{}
	for i := range fewestAlike {
		g := noteOf("a.yaml", i+1, manifest.Approximated, fmt.Sprintf("Repository \"home\" is taken for \"apps/%d\"", i), "")
		report.Gaps = append(report.Gaps, g)
	}
	other := noteOf("b.yaml", 1, manifest.Approximated, "Repository \"home\" is not declared", "")
	report.Gaps = append(report.Gaps, other)
	want := `remark, 4 times: Repository "home" is taken for … [approximated]
  a.yaml:1: "apps/0"
  a.yaml:2: "apps/1"
  a.yaml:3: "apps/2"
  a.yaml:4: "apps/3"
b.yaml:1: remark: Repository "home" is not declared [approximated]

`
	if text := write(t, Text, report, Options{}); !strings.HasPrefix(text, want) {
		t.Errorf("want at the beginning:\n%s\ngot:\n%s", want, text)
	}
}
