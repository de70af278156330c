package diagram

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                  "plain",
		`quo"te\`:                `quo"te\`,
		"a\nb\x00":               `a\nb\x00`,
		"\u202eabc":              `\u202eabc`,
		"a\xffb":                 `a\xffb`,
		"e\u0301\u0302":          "e\u0301\u0302",
		"e\u0301\u0302\u0303x":   "e\u0301\u0302\\u0303x",
		"\ufeff\ufffe\U000e0041": `\ufeff\ufffe\U000e0041`,
	} {
		if got := visible(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestWrapped(t *testing.T) {
	for _, test := range []struct {
		text string
		rows int
		want []string
	}{
		{"", 2, []string{""}},
		{"short", 2, []string{"short"}},
		{"any pod except api, worker", 2, []string{"any pod except", "api, worker"}},
		{"any pod except api, worker", 1, []string{"any pod except…"}},
		{"recommendation-service-primary", 2, []string{"recommendation-", "service-primary"}},
		{"kustomizecontroller", 2, []string{"kustomizecontroll", "er"}},
		{strings.Repeat("m", 40), 2, []string{"mmmmmmmmm", "mmmmmmmm…"}},
		{"命名空间命名空间命名", 3, []string{"命名空间命名空间命", "名"}},
	} {
		got := wrapped(test.text, 10, 90, test.rows)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q: %s", test.text, diff)
		}
		for _, row := range got {
			if width(row, 10) > 90 {
				t.Errorf("%q is %d wide", row, width(row, 10))
			}
		}
	}
}

func TestFewer(t *testing.T) {
	lines := []string{"a", "b", "c", "d"}
	if diff := cmp.Diff([]string{"a", "b", "and 2 more"}, fewer(lines, 3)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, fewer(lines, 4)); diff != "" {
		t.Error(diff)
	}
}
