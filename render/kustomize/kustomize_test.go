package kustomize

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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

func TestGaps(t *testing.T) {
	for _, test := range []struct {
		name, archive, dir string
		objects            int
		gaps               string
	}{
		{"the rest of a root with remote entries", shop + `
-- prod/kustomization.yaml --
resources:
- ../base
- https://example.com/all.yaml
- github.com/example/app//deploy?ref=v1
- git@example.com:app/deploy.git
crds:
- http://example.com/crd.json
configMapGenerator:
- name: remote
  behavior: merge
  literals: [a=b]
- name: own
  files: [key=https://example.com/x]
patches:
- path: gone.yaml
- path: https://example.com/patch.yaml
replacements:
- source: {kind: Deployment, name: gone}
  targets:
  - select: {kind: Service}
    fieldPaths: [spec.externalName]
-- prod/gone.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: gone}
spec: {replicas: 3}
`, "prod", 6, `prod/kustomization.yaml:3:3 remote-reference: "https://example.com/all.yaml" would need the network; "ringfence fetch" fetches it
prod/kustomization.yaml:4:3 remote-reference: "github.com/example/app//deploy?ref=v1" would need the network; "ringfence fetch" fetches it
prod/kustomization.yaml:5:3 remote-reference: "git@example.com:app/deploy.git" would need the network; "ringfence fetch" fetches it
prod/kustomization.yaml:7:3 remote-reference: "http://example.com/crd.json" would need the network; it is not fetched, so put it into the repository
prod/kustomization.yaml:9:3 dropped-entry: ConfigMap "remote", which this entry changes, is left out with an entry that was refused
prod/kustomization.yaml:13:11 remote-reference: "https://example.com/x" would need the network; it is not fetched, so put it into the repository
prod/kustomization.yaml:15:3 dropped-entry: Deployment "gone", which this patch changes, is left out with an entry that was refused
prod/kustomization.yaml:16:3 remote-reference: "https://example.com/patch.yaml" would need the network; it is not fetched, so put it into the repository
prod/kustomization.yaml:18:3 dropped-entry: the object of this replacement is left out with an entry that was refused`},
		{"a patch without target where nothing was refused", shop + `
-- prod/kustomization.yaml --
resources: [../base]
patches:
- path: gone.yaml
-- prod/gone.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: gone}
`, "prod", 0, `prod/kustomization.yaml:3:3 kustomize-failed: there is no Deployment "gone" for the patch to change`},
		{"an object that two files declare", `
-- prod/kustomization.yaml --
resources: [a.yaml, b.yaml]
-- prod/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
-- prod/b.yaml --
# the same
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
`, "prod", 0, `prod/a.yaml:1:1 kustomize-failed: ConfigMap "c" is declared twice, also in prod/b.yaml`},
		{"an object that a base and a file declare, which another namespace has too", `
-- base/kustomization.yaml --
resources: [a.yaml]
-- base/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: other}
-- prod/kustomization.yaml --
resources: [../base, ../base]
`, "prod", 0, `base/a.yaml:1:1 kustomize-failed: ConfigMap "c" is declared twice`},
		{"a missing file of a base", `
-- base/kustomization.yaml --
resources:
- a.yaml
-- prod/kustomization.yaml --
resources:
- ../base
- ../nowhere
`, "prod", 0, `base/kustomization.yaml:2:3 missing-file: "a.yaml" does not exist
prod/kustomization.yaml:3:3 missing-file: "../nowhere" does not exist`},
		{"outside", `
-- a/kustomization.yaml --
resources:
- ../../x
- /etc/passwd
- ../@/b
- link.yaml
- linked
`, "a", 0, `a/kustomization.yaml:2:3 outside-repository: "../../x": the path leaves the repository
a/kustomization.yaml:3:3 outside-repository: "/etc/passwd": the path leaves the repository
a/kustomization.yaml:4:3 missing-file: "../@/b" does not exist
a/kustomization.yaml:5:3 outside-repository: "link.yaml": the path leaves the repository
a/kustomization.yaml:6:3 outside-repository: "linked": the path leaves the repository`},
		{"plugins", shop + `
-- prod/kustomization.yaml --
resources: [../base]
generators:
- secrets.yaml
- |-
  apiVersion: builtin
  kind: ConfigMapGenerator
  metadata: {name: x}
  name: x
  files: [https://example.com/x]
transformers:
- |-
  apiVersion: example.com/v1
  kind: Inject
  metadata:
    name: x
    annotations:
      config.kubernetes.io/function: |
        container: {image: example/inject}
- |-
  apiVersion: builtin
  kind: LabelTransformer
  metadata: {name: x}
  labels: {kept: "yes"}
  fieldSpecs: [{path: metadata/labels, create: true}]
-- prod/secrets.yaml --
apiVersion: viaduct.ai/v1
kind: ksops
metadata: {name: secrets}
files: [a.enc.yaml]
`, "prod", 6, `prod/kustomization.yaml:3:3 plugin-refused: "ksops" of "viaduct.ai/v1" runs a program
prod/kustomization.yaml:4:3 remote-reference: "https://example.com/x" would need the network; it is not fetched, so put it into the repository
prod/kustomization.yaml:11:3 plugin-refused: "Inject" of "example.com/v1" runs a program`},
		{
			"unknown field", "-- kustomization.yaml --\nresources: []\nresorces: []\n", ".", 0,
			`kustomization.yaml:2:1 invalid-kustomization: unknown field "resorces"`,
		},
		{
			"wrong type", "-- kustomization.yaml --\nresources: a\n", ".", 0,
			`kustomization.yaml:1:1 invalid-kustomization: field "resources" holds a string, want []string`,
		},
		{"empty", "-- kustomization.yaml --\n", ".", 0, `kustomization.yaml:1 empty-kustomization: the kustomization is empty`},
		{"no kustomization", "-- a/b.yaml --\n", "a", 0, `a missing-file: "a" has no kustomization file`},
		{
			"cycle", "-- a/kustomization.yaml --\nresources: [../b]\n-- b/kustomization.yaml --\nresources: [../a]\n", "a", 0,
			`b/kustomization.yaml:1 invalid-kustomization: cycle detected: candidate root 'a' contains visited root 'a'`,
		},
		{"an object of two bases", `
-- app/kustomization.yaml --
resources: [../a, ../b]
-- a/kustomization.yaml --
resources: [namespace.yaml]
-- a/namespace.yaml --
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
-- b/kustomization.yaml --
resources: [namespace.yaml]
-- b/namespace.yaml --
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
`, "app", 0, `a/namespace.yaml:1:1 kustomize-failed: Namespace "shop" is declared twice, also in b/namespace.yaml`},
		{"a component among the resources", `
-- app/kustomization.yaml --
resources:
- deployment.yaml
- ../replicas
-- app/deployment.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a}}
-- replicas/kustomization.yaml --
kind: Component
labels: []
`, "app", 0, `app/kustomization.yaml:3:3 invalid-kustomization: "../replicas" is a component, and belongs under components`},
		{"a kustomization among the components", `
-- app/kustomization.yaml --
components: [../base]
-- base/kustomization.yaml --
resources: []
labels: [{pairs: {a: b}}]
`, "app", 0, `app/kustomization.yaml:1:14 invalid-kustomization: "../base" is no component, and belongs under resources`},
		{"alias bombs", `
-- kustomization.yaml --
resources: [bomb.yaml]
patches:
- target: {kind: Pod}
  patch: |-
    ` + strings.ReplaceAll(bomb, "\n", "\n    ") + `
-- bomb.yaml --
` + bomb, ".", 0, `kustomization.yaml:5 limit-exceeded: aliases expand to more than 100000 values`},
		{"alias bombs for plugins", `
-- kustomization.yaml --
resources: []
transformers:
- |-
  apiVersion: builtin
  kind: PatchTransformer
  metadata: {name: x}
  target: {kind: Pod}
  path: bomb.yaml
- missing.yaml
-- bomb.yaml --
` + bomb, ".", 0, `kustomization.yaml:3:3 limit-exceeded: aliases expand to more than 100000 values
kustomization.yaml:9:3 missing-file: "missing.yaml" does not exist`},
		{"alias bomb in place of a path", `
-- kustomization.yaml --
resources: []
patchesStrategicMerge:
- |
  # a list
  - ` + strings.ReplaceAll(bomb, "\n", "\n    ") + `
`, ".", 0, `kustomization.yaml:3:3 limit-exceeded: aliases expand to more than 100000 values`},
		{"alias bomb in a resource", `
-- kustomization.yaml --
resources: [bomb.yaml]
-- bomb.yaml --
` + bomb, ".", 0, `bomb.yaml:1 limit-exceeded: aliases expand to more than 100000 values`},
		{
			"broken YAML", "-- kustomization.yaml --\nresources: [a.yaml]\n-- a.yaml --\napiVersion: v1\nkind: [\n", ".", 0,
			`a.yaml:3 invalid-yaml: did not find expected node content`,
		},
		{
			"a key that is no string", "-- kustomization.yaml --\nresources: [a.yaml]\n-- a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {yes: a, \"2\": b}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  1: a\n", ".", 0,
			`a.yaml:6:1 kustomize-failed: ConfigMap "b": mapping key "1" is no string`,
		},
		{
			"missing chart", "-- kustomization.yaml --\nhelmCharts:\n- name: redis\n  repo: https://example.com/charts\n", ".", 0,
			`kustomization.yaml:2:3 missing-dependency: chart "redis" from "https://example.com/charts" is not in the repository; "ringfence fetch" fetches it`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree := rendertest.Archive(t, test.archive)
			if test.name == "outside" {
				for name, target := range map[string]string{"link.yaml": "/etc/passwd", "linked": "../.."} {
					if err := os.Symlink(target, filepath.Join(tree.Dir(), "a", name)); err != nil {
						t.Fatal(err)
					}
				}
			}
			objects, gaps := NewBuilder(tree, Options{}).Build(context.Background(), test.dir)
			if diff := cmp.Diff(test.gaps, describe(gaps)); diff != "" {
				t.Error(diff)
			}
			if len(objects) != test.objects {
				t.Errorf("%d objects, want %d", len(objects), test.objects)
			}
		})
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

// A kustomization that is a symbolic link is rewritten like any other.
func TestLinkedKustomization(t *testing.T) {
	tree := rendertest.Archive(t, "-- shared.yaml --\nresources: [https://example.com/a.yaml]\n-- a/b.txt --\n")
	if err := os.Symlink("../shared.yaml", filepath.Join(tree.Dir(), "a", "kustomization.yaml")); err != nil {
		t.Fatal(err)
	}
	// Kustomize does not follow the link out of the folder.
	_, gaps := NewBuilder(tree, Options{}).Build(context.Background(), "a")
	if len(gaps) == 0 {
		t.Error("no gap")
	}
	if err := os.Rename(filepath.Join(tree.Dir(), "shared.yaml"), filepath.Join(tree.Dir(), "a", "shared.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(tree.Dir(), "a", "kustomization.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("shared.yaml", filepath.Join(tree.Dir(), "a", "kustomization.yaml")); err != nil {
		t.Fatal(err)
	}
	_, gaps = NewBuilder(tree, Options{}).Build(context.Background(), "a")
	if want := `a/shared.yaml:1:13 remote-reference: "https://example.com/a.yaml" would need the network; "ringfence fetch" fetches it`; describe(gaps) != want {
		t.Errorf("got %s, want %s", describe(gaps), want)
	}
}

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

// TestVariants builds two variants of one base in one build: what includes both has
// the last word on both. Operations that append the same value differ by name.
func TestVariants(t *testing.T) {
	tree := rendertest.Archive(t, `
-- kustomization.yaml --
namePrefix: all-
resources: [a, b]
-- a/kustomization.yaml --
namePrefix: a-
resources: [../base]
-- b/kustomization.yaml --
namePrefix: b-
resources: [../base]
patches:
- target: {kind: Pod}
  patch: |-
    - op: add
      path: /spec/containers/0/env/-
      value: {name: ONE, value: same}
    - op: add
      path: /spec/containers/0/env/-
      value: {name: TWO, value: same}
    - op: test
      path: /spec/containers/0/env/1/value
      value: same
-- base/kustomization.yaml --
resources: [pod.yaml]
-- base/pod.yaml --
apiVersion: v1
kind: Pod
metadata:
  name: x
spec:
  containers:
  - name: x
    env: [{name: ZERO, value: same}]
`)
	objects, gaps := NewBuilder(tree, Options{}).Build(context.Background(), ".")
	if len(gaps) > 0 {
		t.Fatal(describe(gaps))
	}
	env := []any{"spec", "containers", 0, "env"}
	for _, test := range []struct {
		name string
		path []any
		want string
	}{
		{"all-a-x", []any{"metadata", "name"}, "all-a-x @ kustomization.yaml:1:1 ~"},
		{"all-b-x", []any{"metadata", "name"}, "all-b-x @ kustomization.yaml:1:1 ~"},
		{"all-b-x", append(env, 1, "value"), "same @ b/kustomization.yaml:8:26 ~"},
		{"all-b-x", append(env, 2, "value"), "same @ b/kustomization.yaml:11:26 ~"},
	} {
		if got := field(objects, "Pod", test.name, test.path...); got != test.want {
			t.Errorf("%s %v:\n got %s\nwant %s", test.name, test.path, got, test.want)
		}
	}
}

// TestLabels has labels of which a transformer sets some that a patch repeats, and one that
// says the same where no transformer sets any.
func TestLabels(t *testing.T) {
	tree := rendertest.Archive(t, `
-- kustomization.yaml --
resources: [base]
patches:
- path: patch.yaml
-- patch.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    app: web
-- base/kustomization.yaml --
resources: [web.yaml]
commonLabels:
  app: web
-- base/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
`)
	objects, gaps := NewBuilder(tree, Options{}).Build(context.Background(), ".")
	if len(gaps) > 0 {
		t.Fatal(describe(gaps))
	}
	for _, test := range []struct {
		kind string
		path []any
		want string
	}{
		{"Deployment", []any{"metadata", "labels", "app"}, "web @ patch.yaml:6:5"},
		{"Deployment", []any{"spec", "selector", "matchLabels", "app"}, "web @ base/kustomization.yaml:3:3"},
		{"Deployment", []any{"spec", "template", "metadata", "labels", "app"}, "web @ base/kustomization.yaml:3:3"},
		{"ServiceMonitor", []any{"metadata", "labels", "app"}, "web @ base/kustomization.yaml:3:3"},
		{"ServiceMonitor", []any{"spec", "selector", "matchLabels", "app"}, "web @ base/web.yaml:12:19"},
	} {
		if got := field(objects, test.kind, "web", test.path...); got != test.want {
			t.Errorf("%s %v:\n got %s\nwant %s", test.kind, test.path, got, test.want)
		}
	}
}
