package analyzer

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
)

// covering shows comments as "from-to rule (reason) fault".
func covering(comments []Comment) []string {
	var got []string
	for _, c := range comments {
		var lines []string
		for line := 1; line < 30; line++ {
			if c.covers(manifest.Pos{File: c.File, Line: line}) {
				lines = append(lines, string(rune('0'+line)))
			}
		}
		got = append(got, strings.TrimSpace(strings.Join(lines, "")+" "+c.rule+" ("+c.reason+") "+c.fault))
	}
	return got
}

func TestComments(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"on its line":                        {"a: 1\nb: 2 # ringfence:ignore r why\nc: 3\n", []string{"2 r (why)"}},
		"above":                              {"# ringfence:ignore r why\nb: 2\nc: 3\n", []string{"12 r (why)"}},
		"above, indented, CRLF":              {"a:\r\n  # ringfence:ignore r why\r\n  b: 2\r\n", []string{"23 r (why)"}},
		"several above":                      {"# ringfence:ignore r why\n# ringfence:ignore s because\nb: 2\nc: 3\n", []string{"123 r (why)", "23 s (because)"}},
		"over other comments and separators": {"# ringfence:ignore r why\n# more\n\n---\nb: 2\nc: 3\n", []string{"12345 r (why)"}},
		"over conditions of templates":       {"{{/* ringfence:ignore r why */}}\n{{- if .Values.on }}\n{{- $x := 1 -}}\nb: 2\nc: 3\n", []string{"1234 r (why)"}},
		"not over what templates write":      {"{{/* ringfence:ignore r why */}}\n{{ include \"x\" . }}\nb: 2\n", []string{"12 r (why)"}},
		"trimmed":                            {"a:\n  {{- /* ringfence:ignore r why */ -}}\nb: 2\n", []string{"23 r (why)"}},
		"template comment behind content":    {"b: 2 {{/* ringfence:ignore r why */}}\nc: 3\n", []string{"1 r (why)"}},
		"item of a list":                     {"l:\n# ringfence:ignore r why\n- a\n- b\n", []string{"23 r (why)"}},
		"at the end of the file":             {"a: 1\n# ringfence:ignore r why", []string{"r (why)"}},
		"colon":                              {"b: 2 # ringfence:ignore r: why: so\n", []string{"1 r (why: so)"}},
		"no space before":                    {"#ringfence:ignore r why\nb: 2\n", []string{"12 r (why)"}},
		"no reason":                          {"b: 2 # ringfence:ignore r\n", []string{"1 r () it gives no reason"}},
		"no rule":                            {"b: 2 # ringfence:ignore\n", []string{"1  () it names no rule"}},
		"no date":                            {"b: 2 # ringfence:ignore r until=soon why\n", []string{"1 r () until= wants a date such as 2030-01-31"}},
		"date without reason":                {"b: 2 # ringfence:ignore r until=2030-01-31\n", []string{"1 r () it gives no reason"}},
		"within a word":                      {"b: x#ringfence:ignore r why\n", nil},
		"another word":                       {"b: 2 # ringfence:ignored r why\n", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, covering(Comments("f.yaml", []byte(test.text)))); diff != "" {
				t.Errorf("comments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatement(t *testing.T) {
	end := time.Date(2030, 1, 31, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]statement{
		"r why":                               {rule: "r", reason: "why"},
		" r :  why not ":                      {rule: "r", reason: "why not"},
		"r until=2030-01-31 why":              {rule: "r", reason: "why", until: end},
		"r: until=2030-01-31: why until then": {rule: "r", reason: "why until then", until: end},
	} {
		if got := parseStatement(text); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

// FuzzComments: whatever a file holds, a comment stands where its mark is, covers lines
// of the file that follow it, and none but the last has content.
func FuzzComments(f *testing.F) {
	f.Add("a: 1\n# ringfence:ignore r why\nb: 2 # ringfence:ignore r: why\n")
	f.Add("{{- /* ringfence:ignore r until=2030-01-31 why */ -}}\r\n{{ if x }}\n---\nb: 2\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		last := 0
		for _, c := range Comments("f.yaml", []byte(text)) {
			if c.Line <= last || c.Line > len(lines) || c.To > len(lines) {
				t.Fatalf("comment %+v of %d lines, after line %d", c, len(lines), last)
			}
			last = c.Line
			if at := []rune(lines[c.Line-1])[c.Column-1:]; !strings.HasPrefix(string(at), SuppressionMark) {
				t.Errorf("comment %+v stands at %q", c, string(at))
			}
			if (c.fault == "") != (c.rule != "" && c.reason != "") {
				t.Errorf("comment %+v has a fault or none without cause", c)
			}
			for line := c.Line; line < c.To; line++ {
				if text := strings.TrimSpace(lines[line-1]); text != "" && !strings.HasPrefix(text, "#") && !strings.HasPrefix(text, "---") && !strings.HasPrefix(text, "{{") {
					t.Errorf("comment %+v passes over %q", c, text)
				}
			}
		}
	})
}
