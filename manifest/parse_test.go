package manifest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// summary is one line per object: reference and line.
func summary(objects []*Object) []string {
	var lines []string
	for _, o := range objects {
		lines = append(lines, fmt.Sprintf("%s at %d", o.Ref, o.Line))
	}
	return lines
}

func TestParse(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	tests := []struct {
		name, in string
		want     []string
		gaps     []Gap
	}{
		{name: "empty file", in: ""},
		{name: "one document", in: pod, want: []string{"Pod/a at 1"}},
		{name: "several documents, some empty", in: "---\n" + pod + "---\n---\n# nothing\n--- # b\n" + pod, want: []string{"Pod/a at 2", "Pod/a at 9"}},
		{name: "carriage returns", in: strings.ReplaceAll("---\n"+pod+"---\n"+pod, "\n", "\r\n"), want: []string{"Pod/a at 2", "Pod/a at 6"}},
		{name: "byte order mark", in: "\xef\xbb\xbf" + pod, want: []string{"Pod/a at 1"}},
		{name: "no final line end", in: strings.TrimSuffix(pod, "\n"), want: []string{"Pod/a at 1"}},
		{name: "flow style", in: `{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: b}}`, want: []string{"b/Pod/a at 1"}},
		{
			name: "JSON with tabs", in: "{\n\t\"apiVersion\": \"apps/v1\",\n\t\"kind\": \"Deployment\",\n\t\"metadata\": {\"name\": \"a\"}\n}\n",
			want: []string{"Deployment/a at 1"},
		},
		{
			name: "list", in: "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: b}\n",
			want: []string{"Pod/a at 4", "Pod/b at 7"},
		},
		{
			name: "typed list, whose items have no kind", in: "apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n",
			want: []string{"ConfigMap/a at 4", "ConfigMap/b at 5"},
		},
		{name: "without a name", in: "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n", want: []string{"Pod/ at 1"}},
		{name: "same anchor twice", in: "apiVersion: v1\nkind: Pod\nmetadata:\n  name: &x a\n  namespace: &x b\n", want: []string{"b/Pod/a at 1"}},
		{name: "separator inside a block scalar ends the document", in: pod + "data: |\n  x\n---\n" + pod, want: []string{"Pod/a at 1", "Pod/a at 7"}},
		{name: "not Kubernetes", in: "name: ci\non: push\n"},
		{name: "not Kubernetes and not YAML", in: "{{ define }}\n\t- x: [\n"},
		{name: "template that does not look like Kubernetes", in: "kind: {{ .x }}\n"},
		{
			name: "broken document between good ones", in: pod + "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: [a\n---\n" + pod,
			want: []string{"Pod/a at 1", "Pod/a at 10"},
			gaps: []Gap{{Pos: Pos{File: "f.yaml", Line: 8}, Code: InvalidYAML, Reason: "did not find expected ',' or ']'"}},
		},
		{
			name: "key that is no scalar", in: pod + "---\n" + pod + "spec:\n  {{ x }}: 1\n",
			want: []string{"Pod/a at 1"},
			gaps: []Gap{{Pos: Pos{File: "f.yaml", Line: 9}, Code: InvalidYAML, Reason: "a key must be a scalar"}},
		},
		{
			name: "template of a chart that is not there", in: "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}-x\n",
			gaps: []Gap{{Pos: Pos{File: "f.yaml", Line: 4}, Code: InvalidYAML, Reason: "did not find expected key"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			objects, gaps := Parse("f.yaml", []byte(test.in))
			if diff := cmp.Diff(test.want, summary(objects)); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.gaps, gaps); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseBounds(t *testing.T) {
	bomb := "apiVersion: v1\nkind: Pod\na: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	tests := []struct {
		name, in string
		want     Code
	}{
		{"aliases that expand a billion times", bomb, LimitExceeded},
		{"nesting", "apiVersion: v1\nkind: Pod\nspec: " + strings.Repeat("[", 2000) + strings.Repeat("]", 2000), LimitExceeded},
		{"nesting beyond the parser's own limit", "apiVersion: v1\nkind: Pod\nspec: " + strings.Repeat("[", 20000), InvalidYAML},
		{"size", "apiVersion: v1\nkind: Pod\n" + strings.Repeat("#", DefaultMaxFileSize), FileTooLarge},
		{"values", "apiVersion: v1\nkind: Pod\nspec: [" + strings.Repeat("{},", 1_000_000) + "]\n", LimitExceeded},
		{"an alias to its own parent", "apiVersion: v1\nkind: Pod\nspec: &a\n  b: *a\n", LimitExceeded},
		{"a number that JSON does not have", "apiVersion: v1\nkind: Pod\nspec: .inf\n", InvalidYAML},
		{"a merge key without a mapping", "apiVersion: v1\nkind: Pod\nspec:\n  <<: text\n", InvalidYAML},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			objects, gaps := Parse("f.yaml", []byte(test.in))
			if len(objects) != 0 || len(gaps) != 1 || gaps[0].Code != test.want {
				t.Errorf("got %d objects and gaps %v, want the one gap %q", len(objects), gaps, test.want)
			}
		})
	}
}

// TestParseLarge reads a list as large as that of all objects of a cluster, and a text as
// large as a file may be: neither has too many values.
func TestParseLarge(t *testing.T) {
	item := "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a, namespace: b, labels: {app: a}}\n  data: {url: 'https://example.com:8080/'}\n"
	for name, test := range map[string]struct {
		text string
		want int
	}{
		"a list": {"apiVersion: v1\nkind: List\nitems:\n" + strings.Repeat(item, DefaultMaxFileSize/len(item)-1), DefaultMaxFileSize/len(item) - 1},
		"a text": {"apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n" + strings.Repeat("    some words of a text, in lines\n", DefaultMaxFileSize/40), 1},
	} {
		if objects, gaps := Parse("f.yaml", []byte(test.text)); len(objects) != test.want || len(gaps) > 0 {
			t.Errorf("%s: %d objects, want %d; %v", name, len(objects), test.want, gaps)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("apiVersion: v1\nkind: List\nitems:\n- &a {apiVersion: v1, kind: Pod, <<: {x: 1}}\n- *a\n---\n"))
	f.Add([]byte("{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}"))
	f.Add([]byte("apiVersion: v1\nkind: Pod\na: &a {b: *a}\n? [x]\n: y\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := 1 // as the YAML library counts them
		for _, lineBreak := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
			lines += strings.Count(string(data), lineBreak)
		}
		objects, _ := Parse("f.yaml", data)
		for _, o := range objects {
			for key := range o.Data {
				if at := o.At(key); at.Line < 1 || at.Line > lines {
					t.Errorf("%q is at line %d of %d", key, at.Line, lines)
				}
			}
		}
	})
}

// TestLooksLikeKubernetes compares with what says the same at a glance, and slowly.
func TestLooksLikeKubernetes(t *testing.T) {
	apiVersion := regexp.MustCompile(`(?m)(^|[\s{,"'-])apiVersion["']?\s*:`)
	kind := regexp.MustCompile(`(?m)(^|[\s{,"'-])kind["']?\s*:`)
	for _, before := range []string{"", "x", " ", "x\n", "{", "a,", "\"", "'", "- ", "-", "\t", "xapiVersion", "kind"} {
		for _, after := range []string{"", ":", " :", "\":", "' :", "\"", "x:", "\n:", "\"\":", ": kind:", "kind: -kind:", " kind:", "\r\n: b"} {
			for _, key := range []string{"apiVersion", "kind: 1\napiVersion", "kind"} {
				text := []byte(before + key + after)
				want := apiVersion.Match(text) && kind.Match(text)
				if got := (Document{Text: text}).LooksLikeKubernetes(); got != want {
					t.Errorf("%q: got %v, want %v", text, got, want)
				}
			}
		}
	}
}
