package traffic

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRelabel(t *testing.T) {
	for _, c := range []struct {
		rules string
		want  map[string]string // nil for a target that is dropped
	}{
		{"[]", map[string]string{"a": "one", "b": "two", "c": "one"}},
		{"[{source_labels: [a], regex: one, action: keep}]", map[string]string{"a": "one", "b": "two", "c": "one"}},
		{"[{source_labels: [a], regex: on, action: keep}]", nil},
		{"[{source_labels: [a], regex: one, action: drop}]", nil},
		{"[{source_labels: [a, b], regex: one;two, action: keep}, {source_labels: [a, b], separator: /, regex: one/t.*, action: drop}]", nil},
		{"[{source_labels: [a], target_label: c, action: keepequal}]", map[string]string{"a": "one", "b": "two", "c": "one"}},
		{"[{source_labels: [a], target_label: c, action: dropequal}]", nil},
		{"[{target_label: d, replacement: x}]", map[string]string{"a": "one", "b": "two", "c": "one", "d": "x"}},
		{"[{source_labels: [a], regex: (.)(.*), target_label: 'd_${1}', replacement: '${2}$1'}]", map[string]string{"a": "one", "b": "two", "c": "one", "d_o": "neo"}},
		{"[{source_labels: [b], regex: one, target_label: d}]", map[string]string{"a": "one", "b": "two", "c": "one"}},
		{"[{source_labels: [a], target_label: d, action: Uppercase}]", map[string]string{"a": "one", "b": "two", "c": "one", "d": "ONE"}},
		{"[{regex: '[ab]', action: labeldrop}]", map[string]string{"c": "one"}},
		{"[{regex: '[ab]', action: labelkeep}]", map[string]string{"a": "one", "b": "two"}},
		{"[{regex: (b), replacement: new_$1, action: labelmap}]", map[string]string{"a": "one", "b": "two", "c": "one", "new_b": "two"}},
		{"[{sourceLabels: [a], targetLabel: d, action: replace}]", map[string]string{"a": "one", "b": "two", "c": "one", "d": "one"}},
		{"[{source_labels: [a], target_label: d, modulus: 2, action: hashmod}]", map[string]string{"a": "one", "b": "two", "c": "one"}},
		{"[{source_labels: [a], regex: '(', action: keep}]", nil},
	} {
		labels := map[string]string{"a": "one", "b": "two", "c": "one"}
		_, kept := relabel(relabelings(parseTree("rules: "+c.rules).list("rules")), labels)
		if kept != (c.want != nil) {
			t.Errorf("%s: kept is %v", c.rules, kept)
		} else if diff := cmp.Diff(c.want, labels); kept && diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.rules, diff)
		}
	}
}

func TestParseTree(t *testing.T) {
	root := parseTree("a:\n- {b: one}\n- b: two\nc: {'0': zero, x: y}\n")
	if got := root.list("a")[1].value("b"); got != "two" {
		t.Errorf("a[1].b is %q", got)
	}
	if got := root.at("a").items[1].line; got != 3 {
		t.Errorf("a[1] begins at line %d", got)
	}
	if root.list("c") != nil || root.value("c", "0") != "zero" {
		t.Error("c is a mapping with a key 0")
	}
	if root.at("a", "x", "y") != nil || root.value("x") != "" || root.texts("x") != nil {
		t.Error("what is not there is nothing")
	}
	if parseTree("server { listen 80; }") != nil {
		t.Error("text is no tree")
	}
}
