package kustomize

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/render/rendertest"
)

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
