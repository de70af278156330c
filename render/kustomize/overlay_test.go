package kustomize

import (
	"context"
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/rendertest"
	"github.com/ringfence/ringfence/render/source"
)

// overlaid is a repository whose file overlay.yaml holds an overlay under "spec".
const overlaid = `
-- base/kustomization.yaml --
namePrefix: old-
namespace: old
resources: [web.yaml]
images:
- name: web
  newTag: old
- name: proxy
  newName: registry.example/proxy
  newTag: "1"
commonAnnotations: {team: web, tier: front}
-- base/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: web
      - name: proxy
        image: proxy
-- extra/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
      labels: {extra: here}
-- overlay.yaml --
apiVersion: example.com/v1
kind: Overlay
metadata: {name: x}
spec:
  namePrefix: new-
  namespace: new
  images:
  - name: web
    newTag: new
  - name: proxy
    newName: "*"
    newTag: "2"
  replicas:
  - {name: web, count: 3}
  commonAnnotations:
    team: shop
  components: [../extra]
  patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: web
      spec:
        template:
          spec:
            serviceAccountName: web
`

// overlayOf reads the overlay of a repository.
func overlayOf(t *testing.T, tree *source.Tree, name string) *Overlay {
	t.Helper()
	data, err := tree.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	objects, gaps := manifest.Parse(name, data)
	if len(objects) != 1 || len(gaps) > 0 {
		t.Fatal(objects, gaps)
	}
	return &Overlay{
		Fields: objects[0].Data["spec"].(map[string]any),
		At:     func(path ...any) manifest.Origin { return objects[0].At(append([]any{"spec"}, path...)...) },
	}
}

func TestOverlay(t *testing.T) {
	tree := rendertest.Archive(t, overlaid)
	objects, gaps := NewBuilder(tree, Options{}).BuildInput(context.Background(), Input{Dir: "base", Overlay: overlayOf(t, tree, "overlay.yaml")})
	if len(gaps) > 0 {
		t.Fatal(describe(gaps))
	}
	const deployment = "Deployment"
	at := func(path ...any) string { return field(objects, deployment, "new-web", path...) }
	container := []any{"spec", "template", "spec", "containers"}
	tests := []struct {
		want string
		path []any
	}{
		{"new-web @ overlay.yaml:5:3 ~", []any{"metadata", "name"}},
		{"new @ overlay.yaml:6:3", []any{"metadata", "namespace"}},
		{"web:new @ overlay.yaml:9:5 ~", append(container[:3:3], "containers", 0, "image")},
		{"registry.example/proxy:2 @ overlay.yaml:12:5 ~", append(container[:3:3], "containers", 1, "image")},
		{"3 @ overlay.yaml:14:17", []any{"spec", "replicas"}},
		{"shop @ overlay.yaml:16:5", []any{"metadata", "annotations", "team"}},
		{"front @ base/kustomization.yaml:10:32", []any{"metadata", "annotations", "tier"}},
		{"here @ extra/kustomization.yaml:9:16", []any{"metadata", "labels", "extra"}},
		{"web @ overlay.yaml:27:13", []any{"spec", "template", "spec", "serviceAccountName"}},
		{"map[app:web] @ base/web.yaml:8:5", []any{"spec", "selector", "matchLabels"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, at(test.path...)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.path, diff)
		}
	}
}

// TestGenerated checks kustomizations that lie in no folder: over files, and over
// what a chart rendered to.
func TestGenerated(t *testing.T) {
	tree := rendertest.Archive(t, `
-- app/web.yaml --
apiVersion: v1
kind: Service
metadata:
  name: web
-- app/sub/kustomization.yaml --
resources: [db.yaml]
-- app/sub/db.yaml --
apiVersion: v1
kind: Service
metadata:
  name: db
-- app/notes.yaml --
not: a manifest
-- overlay.yaml --
apiVersion: example.com/v1
kind: Overlay
metadata: {name: x}
spec:
  nameSuffix: -eu
  patches:
  - patch: |-
      apiVersion: v1
      kind: Service
      metadata:
        name: web
      spec:
        type: NodePort
  - target: {kind: Service, name: db}
    patch: |
      - op: add
        path: /spec
        value:
          type: ExternalName
`)
	overlay := overlayOf(t, tree, "overlay.yaml")
	builder := NewBuilder(tree, Options{})
	check := func(what string, input Input) {
		t.Helper()
		objects, gaps := builder.BuildInput(context.Background(), input)
		if len(gaps) > 0 {
			t.Fatal(what, describe(gaps))
		}
		for _, test := range [][2]string{
			{"web-eu @ overlay.yaml:5:3 ~", field(objects, "Service", "web-eu", "metadata", "name")},
			{"NodePort @ overlay.yaml:13:9", field(objects, "Service", "web-eu", "spec", "type")},
			{"db-eu @ overlay.yaml:5:3 ~", field(objects, "Service", "db-eu", "metadata", "name")},
			{"ExternalName @ overlay.yaml:19:11", field(objects, "Service", "db-eu", "spec", "type")},
			{"v1 @ app/sub/db.yaml:1:1 ~", field(objects, "Service", "db-eu", "apiVersion")},
		} {
			if test[0] != test[1] {
				t.Errorf("%s: got %s, want %s", what, test[1], test[0])
			}
		}
	}
	check("files", Input{Dir: "app", Resources: []string{"web.yaml", "sub"}, Overlay: overlay})

	var rendered []*manifest.Object
	for _, name := range []string{"web.yaml", "sub/db.yaml"} {
		name = path.Join("app", name)
		data, err := tree.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		objects, _ := manifest.Parse(name, data)
		rendered = append(rendered, objects...)
	}
	check("objects", Input{Dir: "app", Objects: rendered, Overlay: overlay})
}

func TestOverlayGaps(t *testing.T) {
	const prefix = `
-- app/kustomization.yaml --
resources: [web.yaml]
-- app/web.yaml --
{apiVersion: v1, kind: Service, metadata: {name: web}}
-- overlay.yaml --
apiVersion: example.com/v1
kind: Overlay
metadata: {name: x}
spec:
`
	tests := []struct{ name, spec, want string }{
		{"a remote component", "  components:\n  - https://example.com/repo//x?ref=v1\n", `overlay.yaml:6:5 remote-reference: "https://example.com/repo//x?ref=v1" would need the network; "ringfence fetch" fetches it`},
		{"a component that is not there", "  components:\n  - ../gone\n", `overlay.yaml:6:5 missing-file: "../gone" does not exist`},
		{"a field that is none of an overlay", "  resources: [x]\n", `overlay.yaml:5:3 invalid-kustomization: an overlay cannot have the field "resources"`},
		{"a field of a wrong type", "  namespace: [x]\n", `overlay.yaml:4:1 invalid-kustomization: json: cannot unmarshal array into Go struct field Kustomization.namespace of type string`},
		{
			"a patch without a target", "  patches:\n  - patch: |-\n      {apiVersion: v1, kind: Service, metadata: {name: gone}}\n",
			`overlay.yaml:6:5 kustomize-failed: there is no Service "gone" for the patch to change`,
		},
	}
	for _, test := range tests {
		tree := rendertest.Archive(t, prefix+test.spec)
		_, gaps := NewBuilder(tree, Options{}).BuildInput(context.Background(), Input{Dir: "app", Overlay: overlayOf(t, tree, "overlay.yaml")})
		if diff := cmp.Diff(test.want, describe(gaps)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
