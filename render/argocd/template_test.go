package argocd

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sigsyaml "sigs.k8s.io/yaml"
)

// TestTemplates checks both languages of templates. Expectations follow the code of
// Argo CD 3 (applicationset/utils/utils.go) and the documentation of text/template.
func TestTemplates(t *testing.T) {
	params := map[string]any{
		"name": "web", "path": "apps/web", "path.basename": "web", "path[0]": "apps", "count": 2.0, "on": true,
		"nested": map[string]any{"key": "value"}, "values": map[string]string{"team": "shop"}, "list": []any{"a", "b"},
	}
	tests := []struct {
		name, text string
		goTemplate bool
		options    []string
		want       string
		err        string // part of the error
	}{
		{name: "fast: a tag", text: "{{name}}-x", want: "web-x"},
		{name: "fast: spaces do not count", text: "{{ name }}{{  name}}", want: "webweb"},
		{name: "fast: a tag with a dot", text: "{{path.basename}}", want: "web"},
		{name: "fast: a segment", text: "{{path[0]}}", want: "apps"},
		{name: "fast: a missing tag stays", text: "{{gone}} {{ gone }}", want: "{{gone}} {{ gone }}"},
		{name: "fast: an empty tag stays", text: "{{}}", want: "{{}}"},
		{name: "fast: what is no string stays", text: "{{count}}{{on}}{{nested}}", want: "{{count}}{{on}}{{nested}}"},
		{name: "fast: nothing is looked up inside", text: "{{nested.key}}", want: "{{nested.key}}"},
		{name: "fast: no pipes", text: "{{name | upper}}", want: "{{name | upper}}"},
		{name: "fast: an open tag alone is text", text: "a {{name", want: "a {{name"},
		{name: "fast: an open tag after a closed one", text: "{{name}} {{x", err: "does not end"},
		{name: "fast: tags on two lines are none", text: "{{\nname\n}}", want: "{{\nname\n}}"},
		{name: "fast: braces around a tag", text: "{{{name}}}", want: "{{{name}}}"},

		{name: "go: a field", text: "{{.name}}-x", goTemplate: true, want: "web-x"},
		{name: "go: nested", text: "{{.nested.key}}", goTemplate: true, want: "value"},
		{name: "go: index", text: `{{index .list 1}}`, goTemplate: true, want: "b"},
		{name: "go: a number is a float", text: "{{.count}} {{mul .count 2}}", goTemplate: true, want: "2 4"},
		{name: "go: condition", text: "{{if .on}}yes{{else}}no{{end}}", goTemplate: true, want: "yes"},
		{name: "go: sprig", text: `{{.name | upper | quote}} {{ default "x" .gone }}`, goTemplate: true, want: `"WEB" x`},
		{name: "go: a missing key", text: "{{.gone}}", goTemplate: true, want: "<no value>"},
		{name: "go: a missing key of strings", text: "{{.values.gone}}|{{.values.team}}", goTemplate: true, want: "<no value>|shop"},
		{name: "go: missingkey=zero", text: "{{.gone}}", goTemplate: true, options: []string{"missingkey=zero"}, want: "<no value>"},
		{name: "go: missingkey=zero of strings", text: "{{.values.gone}}", goTemplate: true, options: []string{"missingkey=zero"}, want: ""},
		{name: "go: missingkey=error", text: "{{.gone}}", goTemplate: true, options: []string{"missingkey=error"}, err: `map has no entry for key "gone"`},
		{name: "go: missingkey=error below a known key", text: "{{.nested.gone}}", goTemplate: true, options: []string{"missingkey=error"}, err: `no entry for key "gone"`},
		{name: "go: below a missing key", text: "{{.gone.more}}", goTemplate: true, want: "<no value>"},
		{name: "go: an option that is none", text: "{{.name}}", goTemplate: true, options: []string{"missingkeys=x"}, err: "unrecognized option"},
		{name: "go: fast tags are functions", text: "{{name}}", goTemplate: true, err: `function "name" not defined`},
		{name: "go: normalize", text: `{{normalize "My_App.Web"}}`, goTemplate: true, want: "my-app.web"},
		{name: "go: toYaml and fromYaml", text: `{{ (fromYaml "a: [1]").a | toYaml }}`, goTemplate: true, want: "- 1"},
		{name: "go: fromYamlArray", text: `{{ index (fromYamlArray "[x, z]") 1 }}`, goTemplate: true, want: "z"},
		{name: "go: no environment", text: `{{env "HOME"}}`, goTemplate: true, err: `function "env" not defined`},
		{name: "go: no network", text: `{{getHostByName "localhost"}}`, goTemplate: true, err: "not defined"},
		{name: "go: nothing random", text: `{{randAlpha 3}}`, goTemplate: true, err: `"randAlpha" is not evaluated`},
		{name: "go: nothing that time decides", text: `{{now}}`, goTemplate: true, err: `"now" is not evaluated`},
		{name: "go: bounded repeat", text: `{{repeat 2000000000 "x"}}`, goTemplate: true, err: "cannot repeat"},
		{name: "go: bounded until", text: `{{until 100000000}}`, goTemplate: true, err: "more than 10000"},
		{name: "go: bounded seq", text: `{{seq 100000000}}`, goTemplate: true, err: "more than 10000"},
		{name: "go: until", text: `{{range until 3}}{{.}}{{end}}{{untilStep 0 4 2}}`, goTemplate: true, want: "012[0 2]"},
		{name: "go: bounded output", text: `{{range until 9999}}{{repeat 9999 "x"}}{{end}}`, goTemplate: true, err: "makes more than 4194304 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := renderer{goTemplate: test.goTemplate, options: test.options}.text(test.text, params)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %q and error %v, want an error with %q", got, err, test.err)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got %q and error %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestNormalize(t *testing.T) {
	for text, want := range map[string]string{
		"web": "web", "My_App": "my-app", "a.b": "a.b", "-x-": "x", "..": "", "Ünï": "n", "v1.2/x": "v1.2-x",
		strings.Repeat("a", 300): strings.Repeat("a", 253),
	} {
		if got := normalize(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestFlatten checks the texts that Go's fmt makes of numbers, as Argo CD does.
func TestFlatten(t *testing.T) {
	var value any
	text := "{a: {b: [x, {c: 1}]}, big: 1000000, half: 0.5, fine: true, none: null, empty: {}}"
	if err := sigsyaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a.b.0": "x", "a.b.1.c": "1", "big": "1e+06", "half": "0.5", "fine": "true", "none": "<nil>"}
	if diff := cmp.Diff(want, flatten(value)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPathspec(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"apps/web.yaml", "apps/web.yaml", true},
		{"apps", "apps/web/config.yaml", true},
		{"apps/", "apps/web/config.yaml", true},
		{"app", "apps/web.yaml", false},
		{"apps/*.yaml", "apps/web.yaml", true},
		{"apps/*.yaml", "apps/deep/web.yaml", true}, // "*" stands for slashes as well
		{"apps/**/config.json", "apps/a/b/config.json", true},
		{"apps/**/config.json", "apps/config.json", false}, // to git without its glob magic both slashes have to be there
		{"apps/*/config.yaml", "apps/a/config.yaml", true},
		{"*.json", "a/b.json", true},
		{"apps/?.yaml", "apps/a.yaml", true},
		{"apps/[ab].yaml", "apps/b.yaml", true},
		{"apps/[!ab].yaml", "apps/b.yaml", false},
		{"apps/[.yaml", "apps/[.yaml", true},
		{"a.yaml", "axyaml", false},
	}
	for _, test := range tests {
		if got := pathspec(test.pattern).MatchString(test.name); got != test.want {
			t.Errorf("%q for %q: got %t", test.pattern, test.name, got)
		}
	}
}
