package helm

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/rendertest"
)

// names lists objects as "Kind/name".
func names(objects []*manifest.Object) []string {
	var list []string
	for _, o := range objects {
		list = append(list, o.Kind+"/"+o.Name)
	}
	return list
}

func TestRender(t *testing.T) {
	const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: `
	tests := []struct {
		name    string
		files   string
		release Release
		objects []string
		gaps    []string
	}{
		{
			name: "hooks are rendered, notes and unknown hooks are not",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- templates/NOTES.txt --
thank you
-- templates/hook.yaml --
` + configMap + `test
  annotations: {helm.sh/hook: test}
---
` + configMap + `never
  annotations: {helm.sh/hook: someday}
---
# nothing
`,
			objects: []string{"ConfigMap/test"},
		},
		{
			name: "definitions come first",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- crds/a.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: a}
-- templates/a.yaml --
` + configMap + `{{ .Release.Name }}-{{ .Release.Namespace }}-{{ .Capabilities.KubeVersion.Minor }}
`,
			objects: []string{"CustomResourceDefinition/a", "ConfigMap/release-name-default-34"},
		},
		{
			name: "definitions can be left out",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- crds/a.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: a}
`,
			release: Release{SkipCRDs: true},
		},
		{
			name: "values: layers, then settings",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- values.yaml --
{a: chart, b: chart, c: chart, d: chart}
-- templates/a.yaml --
` + configMap + `{{ .Values.a }}-{{ .Values.b }}-{{ .Values.c }}-{{ .Values.d }}
`,
			release: Release{
				Values: []Values{{Name: "one.yaml", Data: []byte("{b: one, c: one, d: one}")}, {Name: "two.yaml", Data: []byte("c: two\nd: two")}},
				Set:    Settings([]string{"a=set"}),
			},
			objects: []string{"ConfigMap/set-one-two-two"},
		},
		{
			name: "broken values file",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
`,
			release: Release{Values: []Values{{Name: "v.yaml", Data: []byte("a: 1\nb: [")}}},
			gaps:    []string{`v.yaml:2: invalid-values: did not find expected node content`},
		},
		{
			name: "values break the schema",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- values.schema.json --
{"properties": {"port": {"type": "integer"}}}
-- values.yaml --
# port
port: http
-- templates/a.yaml --
` + configMap + `a
`,
			gaps: []string{`values.yaml:2: invalid-values: values do not fit the values.schema.json of "web": - at '/port': got string, want integer`},
		},
		{
			name: "schemas elsewhere are not read",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- values.schema.json --
{"$ref": "file:///etc/hostname"}
-- templates/a.yaml --
` + configMap + `a
`,
			objects: []string{"ConfigMap/a"},
			gaps:    []string{`note: values.yaml: remote-reference: the values of "web" are not checked: its values.schema.json refers to a schema outside of the chart: "file:///etc/hostname"`},
		},
		{
			name: "kubernetes version",
			files: `
-- Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
kubeVersion: <1.20.0
-- templates/a.yaml --
` + configMap + `a
`,
			gaps: []string{`Chart.yaml:4: incompatible-chart: the chart requires Kubernetes "<1.20.0", which v1.34.0 is not`},
		},
		{
			name: "library chart",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: lib, version: 1.0.0, type: library}
`,
			gaps: []string{`note: Chart.yaml: invalid-chart: "lib" is a library chart, which renders nothing by itself`},
		},
		{
			name:  "no chart",
			files: "-- other/file --\n",
			gaps:  []string{`Chart.yaml: invalid-chart: Chart.yaml file is missing`},
		},
		{
			name: "broken Chart.yaml",
			files: `
-- Chart.yaml --
name: [
`,
			gaps: []string{`Chart.yaml: invalid-chart: error converting YAML to JSON: yaml: line 1: did not find expected node content`},
		},
		{
			name: "files that helm ignores",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- .helmignore --
old/
*.bak.yaml
-- templates/a.bak.yaml --
{{ fail "no" }}
-- templates/old/a.yaml --
{{ fail "no" }}
-- templates/.hidden.yaml --
{{ fail "no" }}
-- templates/a.yaml --
` + configMap + `a
`,
			objects: []string{"ConfigMap/a"},
		},
		{
			name: "failing templates cost themselves",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- templates/_helpers.tpl --
{{ define "pointer" }}
{{ .Values.a.b }}
{{ end }}
-- templates/action.yaml --
` + configMap + `x
{{ template "pointer" . }}
-- templates/fine.yaml --
` + configMap + `fine
data: {sum: "{{ include (print $.Template.BasePath "/required.yaml") . | len }}"}
-- templates/include.yaml --
` + configMap + `{{ include "pointer" . }}
-- templates/parse.yaml --
kind: X
{{ nonsense }}
-- templates/quotes.yaml --
kind: X
{{ include (print $.Template.BasePath “/fine.yaml”) . }}
-- templates/required.yaml --
kind: X
name: {{ required "a name is required" .Values.name }}
-- templates/yaml.yaml --
` + configMap + `b
  - c
`,
			objects: []string{"ConfigMap/fine"},
			gaps: []string{
				`templates/_helpers.tpl:2: template-failed: nil pointer evaluating interface {}.b in .Values.a.b (template "web/templates/action.yaml" renders nothing)`,
				`templates/include.yaml:4: template-failed: nil pointer evaluating interface {}.b in .Values.a.b at "web/templates/_helpers.tpl" line 2 (template "web/templates/include.yaml" renders nothing)`,
				`templates/parse.yaml:2: template-failed: function "nonsense" not defined (template "web/templates/parse.yaml" renders nothing)`,
				`templates/quotes.yaml:2: template-failed: unrecognized character U+201C '“' (template "web/templates/quotes.yaml" renders nothing)`,
				`templates/required.yaml:2: template-failed: a name is required (template "web/templates/required.yaml" renders nothing)`,
				`templates/yaml.yaml:4: invalid-yaml: renders to text that is not YAML: did not find expected key`,
			},
		},
		{
			name: "missing dependencies, one of them disabled, and a library that is one",
			files: `
-- Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
dependencies:
- name: common
  version: 2.x.x
  repository: oci://example.com
- name: redis
  version: ">1"
  repository: https://example.com
  condition: redis.enabled
-- values.yaml --
redis: {enabled: false}
-- templates/a.yaml --
` + configMap + `a
-- templates/b.yaml --
kind: Service
name: {{ include "common.name" . }}
`,
			objects: []string{"ConfigMap/a"},
			gaps: []string{
				`Chart.yaml:5: missing-dependency: dependency "common" version "2.x.x" of "oci://example.com" is missing: it is neither in charts/ nor elsewhere in the repository; "ringfence fetch" fetches it`,
				`note: Chart.yaml:8: missing-dependency: dependency "redis" version ">1" of "https://example.com" is missing in charts/; it is disabled by its condition or tags`,
				`templates/b.yaml:2: template-failed: no template "common.name" associated with template "gotpl" (template "web/templates/b.yaml" renders nothing)`,
			},
		},
		{
			name: "dependencies in requirements.yaml",
			files: `
-- Chart.yaml --
{apiVersion: v1, name: web, version: 1.0.0}
-- requirements.yaml --
dependencies:
- {name: redis, version: 1.0.0}
`,
			gaps: []string{`requirements.yaml:2: missing-dependency: dependency "redis" version "1.0.0" is missing: it is neither in charts/ nor elsewhere in the repository`},
		},
		{
			name:    "dependencies elsewhere in the repository, transitively",
			release: Release{Dir: "web"},
			files: `
-- web/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
dependencies:
- {name: db, version: 1.x, repository: "file://../charts/db", alias: store}
- {name: web, version: 1.x, repository: "file://."}
- {name: gone, version: 1.x, repository: "file://../gone"}
-- web/values.yaml --
store: {size: 3}
-- charts/db/Chart.yaml --
{apiVersion: v2, name: db, version: 1.2.3, dependencies: [{name: common, version: ^2, repository: https://example.com}]}
-- charts/db/templates/db.yaml --
` + configMap + `{{ include "common.name" . }}
-- charts/common/Chart.yaml --
{apiVersion: v2, name: common, version: 2.1.0, type: library}
-- charts/common/templates/_name.tpl --
{{ define "common.name" }}{{ .Chart.Name }}-{{ .Values.size }}{{ end }}
-- wrapper/Chart.yaml --
{apiVersion: v2, name: common, version: 2.2.0, dependencies: [{name: common, version: ^2}]}
`,
			objects: []string{"ConfigMap/store-3"},
			gaps: []string{
				`note: charts/db/Chart.yaml:1: approximated: dependency "common" version "^2" of "https://example.com" is missing in charts/; the chart in "charts/common" is used`,
				`note: web/Chart.yaml:5: approximated: dependency "db" version "1.x" of "file://../charts/db" is missing in charts/; the chart in "charts/db" is used`,
				`web/Chart.yaml:6: missing-dependency: dependency "web" version "1.x" of "file://." is missing: a chart cannot be a dependency of itself`,
				`web/Chart.yaml:7: missing-dependency: dependency "gone" version "1.x" of "file://../gone" is missing: there is no chart in "gone"`,
			},
		},
		{
			name: "charts in charts/, by condition, twice, and broken",
			files: `
-- Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
dependencies:
- {name: db, version: 1.x, alias: one}
- {name: db, version: 1.x, alias: two, condition: two.enabled}
- {name: db, version: 1.x, alias: three, condition: three.enabled}
-- values.yaml --
two: {enabled: true}
three: {enabled: false}
-- charts/db/Chart.yaml --
{apiVersion: v2, name: db, version: 1.2.3}
-- charts/db/templates/db.yaml --
` + configMap + `{{ .Chart.Name }}
-- charts/broken/Chart.yaml --
{apiVersion: v2, name: broken}
-- charts/_off/Chart.yaml --
broken, but switched off
`,
			objects: []string{"ConfigMap/one", "ConfigMap/two"},
			gaps:    []string{`charts/broken/Chart.yaml: invalid-chart: validation: chart.metadata.version is required`},
		},
		{
			name: "an API that is not there",
			files: `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- templates/_unused.tpl --
{{ define "unused" }}{{ .Capabilities.APIVersions.Has "never/v1" }}{{ end }}
-- templates/a.yaml --
{{- if .Capabilities.APIVersions.Has "apps/v1" }}
` + configMap + `a
{{- end }}
{{- range list "x" "z" }}
{{- if or ($.Capabilities.APIVersions.Has "given/v1") }}
---
` + configMap + `{{ . }}
{{- end }}
{{- if $.Capabilities.APIVersions.Has (printf "%s/v1" "monitoring.coreos.com") }}
kind: Never
{{- end }}
{{- end }}
`,
			release: Release{APIVersions: []string{"given/v1"}},
			objects: []string{"ConfigMap/a", "ConfigMap/x", "ConfigMap/z"},
			gaps:    []string{`note: templates/a.yaml:15: missing-api-version: a template asks for the API "monitoring.coreos.com/v1", which is not among those given`},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			objects, gaps := New(rendertest.Archive(t, test.files), nil).Render(context.Background(), test.release)
			if diff := cmp.Diff(test.objects, names(objects)); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.gaps, texts(gaps)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	tree := rendertest.Archive(t, "-- Chart.yaml --\n{apiVersion: v2, name: web, version: 1.0.0}\n")
	_, gaps := New(tree, nil).Render(ctx, Release{})
	want := []string{"Chart.yaml: limit-exceeded: rendering was stopped: context canceled"}
	if diff := cmp.Diff(want, texts(gaps)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// TestGiven checks the order of layers and settings, and that a value leads to the
// line that gives it.
func TestGiven(t *testing.T) {
	tree := rendertest.Archive(t, `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- values.yaml --
image: chart
port: 1
host: chart
-- prod.yaml --
# production
image: prod
port: 2
-- motd.txt --
welcome, all
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  image: {{ .Values.image }}
  port: {{ .Values.port | quote }}
  host: {{ .Values.host }}
  typed: {{ kindOf .Values.typed }}
  text: {{ kindOf .Values.text }}
  motd: {{ trim .Values.motd }}
`)
	app := func(line int) manifest.Pos { return manifest.Pos{File: "app.yaml", Line: line} }
	objects, gaps := New(tree, nil).Render(context.Background(), Release{
		Dir: ".",
		Values: []Values{
			{Name: "prod.yaml", Pos: app(3)},
			{Name: "app.yaml", Data: []byte(`{"port": 3, "typed": 0, "text": 0}`), Pos: app(5), At: func(keys []string) manifest.Pos {
				return app(map[string]int{"port": 6, "typed": 7, "text": 8}[keys[0]])
			}},
			{Name: "gone.yaml", Pos: app(9)},
		},
		Set: []Setting{
			{Expression: "motd=motd.txt", Form: File, Pos: app(20)},
			{Expression: "text=true", Form: Text, Pos: app(21)},
			{Expression: "typed=true,text=false", Pos: app(22)}, // --set-string comes after --set
		},
	})
	if diff := cmp.Diff([]string{`app.yaml:9: missing-file: "gone.yaml" does not exist`}, texts(gaps)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	want := map[string]string{
		"image": "prod via prod.yaml:2", "port": "3 via app.yaml:6", "host": "chart via values.yaml:3",
		"typed": "bool via app.yaml:22", "text": "string via app.yaml:21", "motd": "welcome, all via app.yaml:20",
	}
	got := make(map[string]string)
	for key, value := range objects[0].Data["data"].(map[string]any) {
		got[key] = value.(string)
		for _, via := range objects[0].At("data", key).Via {
			got[key] += " via " + via.String()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}
