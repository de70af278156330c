package kustomize

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/rendertest"
)

// field is "kind/name path = value @ line", as the tests below expect it.
func field(objects []*manifest.Object, kind, name string, path ...any) string {
	for _, o := range objects {
		if o.Kind != kind || !strings.HasPrefix(o.Name, name) {
			continue
		}
		origin := o.At(path...)
		text := fmt.Sprintf("%v @ %s", valueAt(o.Data, path), origin.Pos)
		if !origin.Exact {
			text += " ~"
		}
		return text
	}
	return "no such object"
}

func valueAt(v any, path []any) any {
	value, _ := rendertest.Lookup(v, path)
	return value
}

func describe(gaps []manifest.Gap) string {
	var lines []string
	for _, g := range gaps {
		lines = append(lines, fmt.Sprintf("%s %s: %s", g.Pos, g.Code, g.Reason))
	}
	return strings.Join(lines, "\n")
}

const shop = `
-- base/kustomization.yaml --
resources:
- web.yaml
- policy.yaml
- names.yaml
-- base/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web # the shop
  labels: {app: web}
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: example/web:1
        args: ["--port", "80"]
        env:
        - name: NOTE
          value: |
            two
            lines # no comment
-- base/policy.yaml --
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector: {}
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: "front"
-- base/names.yaml --
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ServiceAccount
  metadata:
    name: web
- apiVersion: v1
  kind: Service
  metadata:
    name: web
  spec:
    ports:
    - port: 80
- apiVersion: v1
  kind: Namespace
  metadata:
    name: prod
- apiVersion: v1
  kind: ServiceAccount
  metadata:
    name: own
    namespace: prod
`

func TestPositions(t *testing.T) {
	tree := rendertest.Archive(t, shop+`
-- prod/kustomization.yaml --
namespace: prod
resources:
- ../base
components:
- ../component
commonLabels:
  team: a
labels:
- pairs:
    tier: x
images:
- name: example/web
  newTag: "2"
replicas:
- name: web
  count: 3
configMapGenerator:
- name: settings
  literals:
  - MODE=fast
  files:
  - all.conf
patches:
- path: web.yaml
- patch: |-
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: web
    spec:
      policyTypes:
      - Ingress
- target: {kind: Service, name: web}
  patch: |-
    - op: replace
      path: /spec/ports/0/port
      value: 81
    - op: add
      path: /spec/type
      value: NodePort
-- prod/all.conf --
one
-- prod/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      hostNetwork: true
      containers:
      - name: web
        stdin: true
      - name: more
        image: example/more:1
-- component/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
commonAnnotations:
  owner: me
patchesStrategicMerge:
- |-
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: web
  spec:
    paused: true
`)
	objects, gaps := NewBuilder(tree, Options{}).Build(context.Background(), "prod")
	if len(gaps) > 0 {
		t.Fatal(describe(gaps))
	}
	container := []any{"spec", "template", "spec", "containers", 0}
	in := func(path []any, more ...any) []any { return append(append([]any{}, path...), more...) }
	for _, test := range []struct {
		kind, name string
		path       []any
		want       string
	}{
		{"Deployment", "web", in(container, "name"), "web @ prod/web.yaml:10:9"}, // without it the patch would add a container
		{"Deployment", "web", in(container, "stdin"), "true @ prod/web.yaml:11:9"},
		{"Deployment", "web", []any{"spec", "template", "spec", "containers", 1, "name"}, "more @ prod/web.yaml:12:9"},
		{"Deployment", "web", in(container, "args", 1), `80 @ base/web.yaml:19:26`},
		{"Deployment", "web", in(container, "env", 0, "value"), "two\nlines # no comment\n @ base/web.yaml:22:11 ~"},
		{"Deployment", "web", in(container, "image"), "example/web:2 @ prod/kustomization.yaml:13:3 ~"},
		{"Deployment", "web", []any{"spec", "replicas"}, "3 @ prod/kustomization.yaml:16:3"},
		{"Deployment", "web", []any{"spec", "template", "spec", "hostNetwork"}, "true @ prod/web.yaml:8:7"},
		{"Deployment", "web", []any{"spec", "paused"}, "true @ component/kustomization.yaml:12:5"},
		{"Deployment", "web", []any{"metadata", "namespace"}, "prod @ prod/kustomization.yaml:1:1"},
		{"Deployment", "web", []any{"metadata", "labels", "team"}, "a @ prod/kustomization.yaml:7:3"},
		{"Deployment", "web", []any{"metadata", "labels", "tier"}, "x @ prod/kustomization.yaml:10:5"},
		{"Deployment", "web", []any{"metadata", "annotations", "owner"}, "me @ component/kustomization.yaml:4:3"},
		{"Deployment", "web", []any{"spec", "selector", "matchLabels", "app"}, "web @ base/web.yaml:10:7"},
		{"Deployment", "web", nil, "@ base/web.yaml:1:1"},
		{"Deployment", "web", []any{"spec", "template"}, "@ base/web.yaml:11:3 ~"},
		{"Deployment", "web", []any{"spec", "nothing"}, "<nil> @ base/web.yaml:6:1 ~"},
		{"NetworkPolicy", "web", []any{"spec", "policyTypes", 0}, "Ingress @ prod/kustomization.yaml:32:9"},
		{"NetworkPolicy", "web", []any{"spec", "ingress", 0, "from", 0, "podSelector", "matchLabels", "app"}, "front @ base/policy.yaml:11:11"},
		{"NetworkPolicy", "web", []any{"spec", "ingress", 0, "from", 0, "podSelector", "matchLabels", "team"}, "a @ prod/kustomization.yaml:7:3"},
		{"NetworkPolicy", "web", []any{"spec", "ingress", 0}, "@ base/policy.yaml:8:5 ~"},
		{"ServiceAccount", "web", []any{"metadata", "name"}, "web @ base/names.yaml:7:5"},
		{"ServiceAccount", "own", []any{"metadata", "namespace"}, "prod @ prod/kustomization.yaml:1:1"},
		{"Namespace", "prod", []any{"metadata", "name"}, "prod @ prod/kustomization.yaml:1:1"},
		{"Service", "web", []any{"spec", "ports", 0, "port"}, "81 @ prod/kustomization.yaml:37:7 ~"},
		{"Service", "web", []any{"spec", "type"}, "NodePort @ prod/kustomization.yaml:40:7"},
		{"Service", "web", []any{"metadata", "name"}, "web @ base/names.yaml:11:5 ~"},
		{"ConfigMap", "settings-", []any{"data", "MODE"}, "fast @ prod/kustomization.yaml:20:5 ~"},
		{"ConfigMap", "settings-", []any{"data", "all.conf"}, "one\n @ prod/all.conf:1:1 ~"},
		{"ConfigMap", "settings-", nil, "@ prod/kustomization.yaml:18:3"},
	} {
		got := field(objects, test.kind, test.name, test.path...)
		if strings.HasPrefix(test.want, "@") {
			_, after, _ := strings.Cut(got, " @ ")
			got = "@ " + after
		}
		if got != test.want {
			t.Errorf("%s/%s %v:\n got %s\nwant %s", test.kind, test.name, test.path, got, test.want)
		}
	}
}

// bomb is an object of ten billion values.
var bomb = func() string {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String()
}()

const charts = `
-- app/kustomization.yaml --
namespace: shop
helmCharts:
- name: web
  releaseName: front
  valuesInline:
    image: example/web
  valuesFile: values.yaml
patches:
- target: {kind: Deployment}
  patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: any}
    spec:
      paused: true
-- app/values.yaml --
replicas: 2
-- app/charts/web/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
-- app/charts/web/values.yaml --
replicas: 1
image: none
-- app/charts/web/templates/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
  namespace: {{ .Release.Namespace }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
      - name: web
        image: {{ .Values.image }}
`

func TestHelmCharts(t *testing.T) {
	tree := rendertest.Archive(t, charts)
	objects, gaps := NewBuilder(tree, Options{}).Build(context.Background(), "app")
	if len(gaps) > 0 {
		t.Fatal(describe(gaps))
	}
	for _, test := range []struct {
		path []any
		want string
	}{
		{[]any{"spec", "replicas"}, "2 @ app/charts/web/templates/web.yaml:7"},
		{[]any{"spec", "template", "spec", "containers", 0, "image"}, "example/web @ app/charts/web/templates/web.yaml:12"},
		{[]any{"spec", "paused"}, "true @ app/kustomization.yaml:15"},
		{[]any{"metadata", "namespace"}, "shop @ app/charts/web/templates/web.yaml:5"},
	} {
		if got := field(objects, "Deployment", "front-web", test.path...); !strings.HasPrefix(got, test.want) {
			t.Errorf("%v: got %s, want %s", test.path, got, test.want)
		}
	}
	refs, err := ReferencesOf(tree, "app")
	want := References{
		Pos: manifest.Pos{File: "app/kustomization.yaml", Line: 1}, Namespace: "shop",
		Files: []string{"app/values.yaml"}, Charts: []string{"app/charts/web"},
	}
	if diff := cmp.Diff(want, refs); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestReferences(t *testing.T) {
	tree := rendertest.Archive(t, shop+`
-- prod/kustomization.yaml --
resources: [../base, own.yaml, https://example.com/a.yaml, missing.yaml]
components: [../component]
configMapGenerator:
- name: x
  files: [key=a.conf]
  envs: [b.env]
patches:
- path: patch.yaml
transformers: [labels.yaml]
-- prod/own.yaml --
-- prod/a.conf --
-- prod/b.env --
-- prod/patch.yaml --
-- prod/labels.yaml --
-- component/kustomization.yaml --
kind: Component
apiVersion: kustomize.config.k8s.io/v1alpha1
`)
	refs, err := ReferencesOf(tree, "prod")
	want := References{
		Pos:       manifest.Pos{File: "prod/kustomization.yaml", Line: 1},
		Dirs:      []string{"base", "component"},
		Files:     []string{"prod/a.conf", "prod/b.env", "prod/labels.yaml", "prod/own.yaml", "prod/patch.yaml"},
		Selectors: true,
	}
	if diff := cmp.Diff(want, refs); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if refs, err := ReferencesOf(tree, "component"); err == nil && !refs.Component {
		t.Error("the component is not one")
	}
}

// TestSchemaLeak builds kustomizations with and without a schema of their own at
// the same time: the schema must not change how the others merge lists.
func TestSchemaLeak(t *testing.T) {
	const things = `
resources: [thing.yaml]
patches:
- path: patch.yaml
-- DIR/thing.yaml --
apiVersion: example.com/v1
kind: Thing
metadata: {name: a}
items: [{name: one, value: 1}]
-- DIR/patch.yaml --
apiVersion: example.com/v1
kind: Thing
metadata: {name: a}
items: [{name: two, value: 2}]
`
	tree := rendertest.Archive(t, "-- plain/kustomization.yaml --"+strings.ReplaceAll(things, "DIR", "plain")+
		"-- own/kustomization.yaml --\nopenapi: {path: schema.json}"+strings.ReplaceAll(things, "DIR", "own")+`
-- own/schema.json --
{"definitions": {"v1.Thing": {
  "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
  "properties": {"items": {"type": "array", "items": {"type": "object"},
    "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "name"}}}}}
`)
	b := NewBuilder(tree, Options{})
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			dir, want := "plain", 1
			if i%3 == 0 {
				dir, want = "own", 2
			}
			objects, gaps := b.Build(context.Background(), dir)
			if len(objects) != 1 {
				t.Errorf("%s: %s", dir, describe(gaps))
			} else if items := objects[0].Data["items"].([]any); len(items) != want {
				t.Errorf("%s: %d items, want %d", dir, len(items), want)
			}
		})
	}
	group.Wait()
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, gaps := NewBuilder(rendertest.Archive(t, shop), Options{}).Build(ctx, "base")
	if want := "base/kustomization.yaml:1 limit-exceeded: stopped: context canceled"; describe(gaps) != want {
		t.Errorf("got %s, want %s", describe(gaps), want)
	}
}
