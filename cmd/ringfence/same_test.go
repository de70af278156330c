package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// workload is a Deployment and the Service before it.
const workload = `apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: NAME, image: "example/NAME:1", ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec: {selector: {app: NAME}, ports: [{port: 80, targetPort: 8080}]}
`

// thing is a custom resource whose list a patch replaces, unless a schema says that items
// are merged by name; and which refers to a ConfigMap that is generated, which only a
// definition in crds tells.
const (
	thing       = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nitems: [{name: one}]\nspec: {config: {name: settings}}\n"
	thingPatch  = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nitems: [{name: two}]\n"
	thingSchema = `{"definitions": {"v1.Thing": {
  "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
  "properties": {"items": {"type": "array", "items": {"type": "object"}, "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "name"}}}}}
`
	thingDefinition = `{"github.com/example/v1.Thing": {"Schema": {
  "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": "meta/v1.ObjectMeta"}, "spec": {"$ref": "github.com/example/v1.ThingSpec"}}},
  "Dependencies": ["github.com/example/v1.ThingSpec"]},
"github.com/example/v1.ThingSpec": {"Schema": {
  "properties": {"config": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap", "type": "object"}}}}}
`
)

// mixed is a repository with all kinds of targets, in an order that random decides:
// kustomizations with schemas between others that build the same without, charts, plain
// manifests, and what objects of Argo CD and Flux apply.
func mixed(random *rand.Rand) map[string]string {
	files := map[string]string{
		".git/config":             "[remote \"origin\"]\n\turl = https://example.com/team/gitops.git\n",
		"base/kustomization.yaml": "resources: [app.yaml]\n", "base/app.yaml": strings.ReplaceAll(workload, "NAME", "base"),
		"charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n", "charts/web/values.yaml": "name: web\n",
		"charts/web/templates/app.yaml": strings.ReplaceAll(workload, "NAME", "{{ .Values.name }}") +
			"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: drawn}\ndata: {by: lot-{{ randAlphaNum 8 }}}\n",
		"argo/app.yaml": `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: web, namespace: argocd}
spec:
  goTemplate: true
  generators: [{list: {elements: [{env: stage}, {env: prod}]}}]
  template:
    metadata: {name: "web-{{ .env }}"}
    spec:
      project: default
      destination: {name: "{{ .env }}", namespace: "web-{{ .env | lower }}"}
      source: {repoURL: https://example.com/team/gitops, path: charts/web, helm: {valuesObject: {name: "web-{{ .env }}"}}}
`,
		"flux/release.yaml": `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: flux}
spec:
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux}}}
  values: {name: by-flux}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: applied, namespace: flux}
spec:
  path: ./applied
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substitute: {NAME: substituted}}
`,
		"applied/app.yaml":                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${NAME}\n",
		"broken/kustomization.yaml":       "resources: [missing.yaml]\n",
		"elsewhere/kustomization.yaml":    "resources: [app.yaml, https://example.com/team/app]\n",
		"elsewhere/app.yaml":              strings.ReplaceAll(workload, "NAME", "kept"),
		"charts/failing/Chart.yaml":       "apiVersion: v2\nname: failing\nversion: 0.1.0\n",
		"charts/failing/templates/a.yaml": "{{ fail \"as it should\" }}\n",
	}
	for i := range 40 {
		dir := fmt.Sprintf("t%02d/", i)
		switch random.IntN(5) {
		case 0:
			files[dir+"app.yaml"] = strings.ReplaceAll(workload, "NAME", fmt.Sprintf("plain%d", i))
			continue
		case 1:
			files[dir+"kustomization.yaml"] = fmt.Sprintf("resources: [../base]\nnamePrefix: p%d-\nnamespace: n%d\n", i, i)
			continue
		case 2:
			files[dir+"kustomization.yaml"] = "openapi: {path: schema.json}\n"
			files[dir+"schema.json"] = thingSchema
		case 3:
			files[dir+"kustomization.yaml"] = "crds: [things.json]\n"
			files[dir+"things.json"] = thingDefinition
		}
		files[dir+"kustomization.yaml"] += "resources: [thing.yaml]\npatches: [{path: patch.yaml}]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n"
		files[dir+"thing.yaml"], files[dir+"patch.yaml"] = thing, thingPatch
	}
	return files
}

// TestSameBytesEveryWay renders and checks a repository without a cache and with 1, 2
// and 8 workers, with a new cache and with what is in it then, and in two runs at once
// that share one.
func TestSameBytesEveryWay(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program many times")
	}
	dir, files := t.TempDir(), mixed(rand.New(rand.NewPCG(7, 7)))
	writeFiles(t, dir, 0o600, files)
	want := everyWay(t, dir, "render", "-o", "yaml")
	for _, part := range []string{"name: web-prod\n", "name: by-flux\n", "name: substituted\n", "by: lot-"} {
		if !strings.Contains(want, part) {
			t.Errorf("%q is not rendered", part)
		}
	}
	// Only what has a schema merges items, only what has a definition follows the reference.
	for part, field := range map[string]string{"- name: two\n- name: one\n": "openapi:", "  config:\n    name: settings-": "crds:"} {
		have := 0
		for _, text := range files {
			have += strings.Count(text, field)
		}
		if got := strings.Count(want, part); got != have || got < 3 {
			t.Errorf("%q is rendered %d times, and there are %d %s", part, got, have, field)
		}
	}
	everyWay(t, dir, "check", "--format", "json", "--fail-on", "none")
}

// TestSameBytesOfCorpus is TestSameBytesEveryWay for a public repository.
func TestSameBytesOfCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program many times")
	}
	everyWay(t, filepath.Join(shared(t), "corpus", "konflux-ci__konflux-ci"), "check", "--format", "json", "--fail-on", "none")
}

// everyWay runs a command line for a repository in many ways, and returns what it writes.
func everyWay(t *testing.T, dir string, args ...string) string {
	t.Helper()
	run := func(workers int, more ...string) *exec.Cmd {
		cmd := program(t, slices.Concat(args, []string{"--memory", "4GiB", dir}, more)...)
		cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", workers))
		return cmd
	}
	output := func(cmd *exec.Cmd) string {
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		_ = cmd.Run() // the output tells, and gaps are an exit code
		return out.String() + errOut.String()
	}
	want := output(run(2, "--no-cache"))
	if len(want) < 1000 {
		t.Fatalf("%q: %s", args, want)
	}
	compare := func(way, got string) {
		t.Helper()
		if got != want {
			t.Errorf("%q %s differs:\n%s", args, way, firstDifference(want, got))
		}
	}
	cache := t.TempDir()
	for _, workers := range []int{1, 8} {
		compare(fmt.Sprintf("with %d workers", workers), output(run(workers, "--no-cache")))
	}
	for _, state := range []string{"new", "full"} {
		compare("with a cache that is "+state, output(run(2, "--cache", cache)))
	}
	var both sync.WaitGroup
	cache = t.TempDir()
	for range 2 {
		both.Go(func() { compare("beside another run", output(run(2, "--cache", cache))) })
	}
	both.Wait()
	compare("after two runs at once", output(run(8, "--cache", cache)))
	return want
}

// firstDifference are the first lines that differ.
func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\n-%s\n+%s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(b), len(a))
}
