package helm

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/rendertest"
)

// written writes an origin as "file:line:column", "exact" and "via file:line".
func written(o manifest.Origin) string {
	text := o.Pos.String()
	if o.Exact {
		text += " exact"
	}
	for _, v := range o.Via {
		text += " via " + v.String()
	}
	return text
}

func TestPositions(t *testing.T) {
	tree := rendertest.Archive(t, `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- values.yaml --
replicas: 2
resources:
  limits:
    cpu: 1
  requests: {cpu: 1}
env:
  A: first
  B: second
extra: |
  x: {{ .Release.Name }}
  z: 1
cache:
  size: 3
-- charts/cache/Chart.yaml --
{apiVersion: v2, name: cache, version: 1.0.0}
-- charts/cache/values.yaml --
port: 6379
-- charts/cache/templates/cache.yaml --
apiVersion: v1
kind: Service
metadata: {name: cache}
spec:
  ports:
  - port: {{ .Values.port }}
    size: {{ .Values.size }}
-- templates/_helpers.tpl --
{{- define "web.name" -}}
{{ .Release.Name }}
{{- end }}
{{/* All
labels: of this chart */}}
{{- define "web.labels" -}}
app: {{ include "web.name" . }}
{{ if true -}}
tier: front
{{- end }}
{{- end }}
{{- define "web.print" -}}
{{ . | toYaml }}
{{- end }}
-- templates/web.yaml --
{{- /* A comment
kind: of
two lines */}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" . }}
  labels: {{- include "web.labels" . | nindent 4 }}
    "plain": "yes"
    random: {{ randAlphaNum 5 | quote }}
  finalizers: ["a", "b"]
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
      {{- range $name, $value := .Values.env }}
      - name: {{ $name }}
        args: ["a", "--b={{ $value }}"]
        {{- with $.Values.resources }}
        resources:
          {{- toYaml . | nindent 10 }}
        {{- end }}
      {{- end }}
      - image: {{ printf "%s:%s"
          "web"
          "1" }}
        command:
        - sh
        - |
          run: it
          - now
        text:
          a word
      annotations:
        {{- tpl .Values.extra . | nindent 8 }}
        last: true
      {{ if true }}
      hostNetwork: true{{ end }}
  strategy: {{- include "web.print" (dict "type" "Recreate") | nindent 4 }}
`)
	objects, gaps := New(tree, nil).Render(context.Background(), Release{Name: "rel"})
	if len(objects) != 2 || len(gaps) > 0 {
		t.Fatalf("objects %v, gaps %v, want 2 and none", objects, texts(gaps))
	}
	at := func(i int, path string) string {
		var steps []any
		for _, s := range strings.Fields(path) {
			var n int
			if _, err := fmt.Sscan(s, &n); err == nil {
				steps = append(steps, n)
			} else {
				steps = append(steps, s)
			}
		}
		return written(objects[i].At(steps...))
	}
	tests := []struct {
		object     int
		path, want string
	}{
		{0, "", "charts/cache/templates/cache.yaml:1:1 exact"},
		{0, "spec ports 0 port", "charts/cache/templates/cache.yaml:6:5 via charts/cache/values.yaml:1"},
		{0, "spec ports 0 size", "charts/cache/templates/cache.yaml:7:5 via values.yaml:13"},
		{1, "", "templates/web.yaml:4:1 exact"},
		{1, "kind", "templates/web.yaml:5:1 exact"},
		{1, "metadata name", "templates/web.yaml:7:3"},
		{1, "metadata missing", "templates/web.yaml:6:1"},
		{1, "metadata labels", "templates/web.yaml:8:3 exact"},
		{1, "metadata labels app", "templates/_helpers.tpl:7:1"},
		{1, "metadata labels tier", "templates/_helpers.tpl:9:1 exact"},
		{1, "metadata labels plain", "templates/web.yaml:9:5 exact"},
		{1, "metadata labels random", "templates/web.yaml:10:5"},
		{1, "metadata finalizers 1", "templates/web.yaml:11:21 exact"},
		{1, "spec replicas", "templates/web.yaml:13:3 via values.yaml:1"},
		{1, "spec template spec containers", "templates/web.yaml:16:7 exact"},
		{1, "spec template spec containers 1 name", "templates/web.yaml:18:9"},
		{1, "spec template spec containers 1 args 0", "templates/web.yaml:19:9"},
		{1, "spec template spec containers 0 resources limits cpu", "templates/web.yaml:22:11"},
		{1, "spec template spec containers 0 resources requests", "templates/web.yaml:22:11"},
		{1, "spec template spec containers 2 image", "templates/web.yaml:25:9"},
		{1, "spec template spec containers 2 command 0", "templates/web.yaml:29:11 exact"},
		{1, "spec template spec containers 2 command 1", "templates/web.yaml:30:11"},
		{1, "spec template spec containers 2 text", "templates/web.yaml:33:9"},
		{1, "spec template spec annotations x", "templates/web.yaml:36:9 via values.yaml:9"},
		{1, "spec template spec annotations z", "templates/web.yaml:36:9 via values.yaml:9"},
		{1, "spec template spec annotations last", "templates/web.yaml:37:9 exact"},
		{1, "spec template spec hostNetwork", "templates/web.yaml:39:7"},
		{1, "spec strategy type", "templates/web.yaml:40:3"},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, at(test.object, test.path)); diff != "" {
			t.Errorf("%d %s (-want +got):\n%s", test.object, test.path, diff)
		}
	}
}

// TestUntraceable has templates whose marks change what is rendered: the position
// falls back to the file, the data stay.
func TestUntraceable(t *testing.T) {
	tree := rendertest.Archive(t, `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- templates/_helpers.tpl --
{{- define "yaml" }}
a: 1
{{ end }}
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ if eq (include "yaml" . | trim) "a: 1" }}a{{ else }}b{{ end }}
  {{- if eq (include "yaml" . | trim) "a: 1" }}
  namespace: a
  {{- end }}
-- templates/b.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: b
`)
	objects, gaps := New(tree, nil).Render(context.Background(), Release{})
	if diff := cmp.Diff([]string{"ConfigMap/a", "ConfigMap/b"}, names(objects)); diff != "" || len(gaps) > 0 {
		t.Fatalf("gaps %v, objects (-want +got):\n%s", texts(gaps), diff)
	}
	for i, want := range []string{"templates/a.yaml", "templates/b.yaml:4:3 exact"} {
		if got := written(objects[i].At("metadata", "name")); got != want {
			t.Errorf("object %d at %s, want %s", i, got, want)
		}
	}
}

func TestMark(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"yaml", "a: 1\n- b\nplain\n# c: d\n", "a: 1 #~~0~~\n- b #~~1~~\nplain\n# c: d\n"},
		{"windows lines", "a: 1\r\nb:\r\n", "a: 1 #~~0~~\r\nb: #~~1~~\r\n"},
		{"trimmed right", "a: {{ .b -}}\nc", "a: {{ .b -}}\nc"},
		{"several lines", "a: {{ dict\n \"}}\" 'x' `y` }}\n{{/* }}\nb: */}}\n", "a: {{ dict\n \"}}\" 'x' `y` }} #~~0~~\n{{/* }}\nb: */}}\n"},
		{"keys of values", "{{ .k }}: 1\n{{ .k }}\n{{ $x := 1 }}\n", "{{ .k }}: 1 #~~0~~\n{{ .k }} #~~1~~\n{{ $x := 1 }}\n"},
		{"defined", "{{ define \"x\" }}\n{{ .k }}\n{{ toYaml .Values.k }}\n{{ end }}\n", "{{ define \"x\" }}\n{{ .k }}\n{{ toYaml .Values.k }} #~~0~~\n{{ end }}\n"},
		{"given", "{{ define \"x\" }}\n{{ $k | toYaml }}\n{{ toYaml . | nindent 2 }}\n{{ end }}\n", "{{ define \"x\" }}\n{{ $k | toYaml }}\n{{ toYaml . | nindent 2 }}\n{{ end }}\n"},
		{"key above its block", "a: {{- toYaml .k | nindent 2 }}\n", "a: #~~0~~ {{- toYaml .k | nindent 2 }} #~~0~~\n"},
		{"question", "\n{{ if .Capabilities.APIVersions.Has \"x\" }}", "\n{{ if .Capabilities.Asked 0 \"x\" }}"},
		{"no end", "a: {{ b\nc: d", "a: {{ b\nc: d #~~0~~"},
	}
	for _, test := range tests {
		m := newMarker(nil)
		got := m.mark(&template{name: "x/templates/a.yaml", text: test.text})
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
