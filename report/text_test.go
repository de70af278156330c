package report

import (
	"strings"
	"testing"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
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
