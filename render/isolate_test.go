//go:build unix

package render_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/source"
	"github.com/ringfence/ringfence/render/worker"
)

// TestMain lets the test's own program be the worker.
func TestMain(m *testing.M) {
	if slices.Equal(os.Args[1:], []string{"a-worker"}) {
		_ = worker.Serve(os.Stdin, os.Stdout, render.Worker())
		os.Exit(1)
	}
	if slices.Equal(os.Args[1:], []string{"a-dying-worker"}) {
		os.Exit(7)
	}
	os.Exit(m.Run())
}

func workers(t testing.TB, n int) *worker.Pool {
	t.Helper()
	p := pool(n)
	t.Cleanup(p.Close)
	return p
}

func pool(n int) *worker.Pool { return poolOf("a-worker", n, time.Minute) }

func poolOf(program string, n int, limit time.Duration) *worker.Pool {
	return worker.New(func() *exec.Cmd { return exec.Command(os.Args[0], program) }, n,
		worker.Limits{Memory: 1 << 30, Time: limit, Output: 64 << 20})
}

// compareWorkers renders a repository in this process and in so many workers, and
// compares all objects, where each of their fields is, and all gaps.
func compareWorkers(t *testing.T, dir string, opts render.Options, n int) {
	t.Helper()
	tree, err := source.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	in := func(pool *worker.Pool) []render.Result {
		opts.Workers = pool
		r := render.New(tree, opts)
		targets, _ := r.Find(t.Context(), []string{"."})
		return r.RenderAll(t.Context(), targets, nil)
	}
	want := in(nil)
	if len(want) == 0 {
		t.Fatal("there are no targets")
	}
	got := in(workers(t, n))
	if len(got) != len(want) {
		t.Fatalf("%d targets in workers, %d in this process", len(got), len(want))
	}
	for i, w := range want {
		if got[i].Name != w.Name {
			t.Fatalf("target %q in workers is %q in this process", got[i].Name, w.Name)
		}
		if diff := cmp.Diff(w.Gaps, got[i].Gaps); diff != "" {
			t.Errorf("%s: gaps (-this process +workers):\n%s", w.Name, diff)
		}
		if len(got[i].Objects) != len(w.Objects) {
			t.Errorf("%s: %d objects in workers, %d in this process", w.Name, len(got[i].Objects), len(w.Objects))
			continue
		}
		var again []*manifest.Object // what charts draw by lot differs here too
		for j, o := range w.Objects {
			other := got[i].Objects[j]
			if sameObject(o, other) {
				continue
			}
			if again == nil {
				opts.Workers = nil
				again = render.New(tree, opts).Render(t.Context(), w.Target).Objects
			}
			if sameObject(o, again[j]) {
				t.Errorf("%s: %s (-this process +workers):\n%s", w.Name, o, cmp.Diff(o.Data, other.Data))
			}
		}
	}
}

func sameObject(a, b *manifest.Object) bool {
	return bytes.Equal(manifest.Encode([]*manifest.Object{a}), manifest.Encode([]*manifest.Object{b}))
}

func TestWorkersRenderTheSame(t *testing.T) {
	for _, dir := range []string{"shop"} {
		for _, n := range []int{1, 2, 8} {
			compareWorkers(t, filepath.Join("..", "testdata", dir), render.Options{}, n)
		}
	}
}

// TestPlainLimit reads more manifests than a run may have in memory: what goes beyond is a
// gap, what is no manifest does not count.
func TestPlainLimit(t *testing.T) {
	dir := t.TempDir()
	padding := strings.Repeat("# a line of text\n", 5<<20/17)
	for _, name := range []string{"a", "b", "c"} {
		write(t, dir, name+"/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "+name+"}\n"+padding)
		write(t, dir, name+"/values.yaml", "size: 1\n"+padding)
	}
	p := worker.New(func() *exec.Cmd { return exec.Command(os.Args[0], "a-worker") }, 1, worker.Limits{Memory: 256 << 20, Time: time.Minute, Output: 1 << 20})
	t.Cleanup(p.Close)
	var gaps []render.Gap
	objects := 0
	for _, result := range renderedWith(t, dir, p, nil) {
		gaps, objects = append(gaps, result.Gaps...), objects+len(result.Objects)
	}
	want := []render.Gap{{
		Pos: manifest.Pos{File: "c/config.yaml"}, Code: manifest.LimitExceeded,
		Reason: "makes more than 12 MiB of manifests with those that were read before: --memory raises the limit",
	}}
	if diff := cmp.Diff(want, gaps); diff != "" || objects != 2 {
		t.Errorf("%d objects, want 2; gaps (-want +got):\n%s", objects, diff)
	}
}

// TestStoppedTemplates executes a template of an ApplicationSet that takes too long, and
// one in processes that die: both are gaps, and the second is not because of a limit.
func TestStoppedTemplates(t *testing.T) {
	for _, test := range []struct {
		program string
		code    manifest.Code
		reason  string
	}{
		{"a-worker", manifest.LimitExceeded, `ApplicationSet "set": its template takes longer than 100ms: --timeout raises the limit`},
		{"a-dying-worker", manifest.InternalError, `ApplicationSet "set": its template crashed: the process died: exit status 7`},
	} {
		dir := t.TempDir()
		write(t, dir, "set.yaml", `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set}
spec:
  goTemplate: true
  generators: [{list: {elements: [{a: x}, {a: y}]}}]
  template: {metadata: {name: "{{ range until 10000 }}{{ range until 10000 }}{{ end }}{{ end }}"}, spec: {source: {path: p}}}
`)
		p := poolOf(test.program, 1, 100*time.Millisecond)
		t.Cleanup(p.Close)
		var gaps []render.Gap
		for _, result := range renderedWith(t, dir, p, nil) {
			gaps = append(gaps, result.Gaps...)
		}
		want := []render.Gap{{Pos: manifest.Pos{File: "set.yaml", Line: 7, Column: 3}, Code: test.code, Reason: test.reason}}
		if diff := cmp.Diff(want, gaps); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.program, diff)
		}
	}
}

// TestWorkersForget builds kustomizations in one worker, in an order that is drawn, between
// them some with a schema or a definition of their own, which the library keeps for the
// whole process: each is as in a process that built nothing else.
func TestWorkersForget(t *testing.T) {
	const patched = "resources: [thing.yaml]\npatches: [{path: patch.yaml}]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n"
	dir := t.TempDir()
	for folder, fields := range map[string]string{"plain": "", "schema": "openapi: {path: schema.json}\n", "definition": "crds: [things.json]\n"} {
		write(t, dir, folder+"/kustomization.yaml", fields+patched)
		write(t, dir, folder+"/thing.yaml", "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nitems: [{name: one}]\nspec: {config: {name: settings}}\n")
		write(t, dir, folder+"/patch.yaml", "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nitems: [{name: two}]\n")
	}
	write(t, dir, "schema/schema.json", `{"definitions": {"v1.Thing": {
  "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
  "properties": {"items": {"type": "array", "items": {"type": "object"}, "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "name"}}}}}`)
	write(t, dir, "definition/things.json", `{"github.com/example/v1.Thing": {"Schema": {
  "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": "meta/v1.ObjectMeta"}, "spec": {"$ref": "github.com/example/v1.ThingSpec"}}},
  "Dependencies": ["github.com/example/v1.ThingSpec"]},
"github.com/example/v1.ThingSpec": {"Schema": {
  "properties": {"config": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap", "type": "object"}}}}}`)
	tree, err := source.Open(dir)
	check(t, err)
	defer tree.Close()
	built := func(p *worker.Pool, folder string) []byte {
		r := render.New(tree, render.Options{Workers: p})
		result := r.Render(t.Context(), r.At(folder)[0])
		if len(result.Gaps) > 0 || len(result.Objects) != 2 {
			t.Fatalf("%s: %d objects, %v", folder, len(result.Objects), result.Gaps)
		}
		return manifest.Encode(result.Objects)
	}
	folders := []string{"plain", "schema", "definition"}
	fresh := make(map[string][]byte)
	for _, folder := range folders {
		p := pool(1)
		fresh[folder] = built(p, folder)
		p.Close()
	}
	if bytes.Count(fresh["plain"], []byte("one")) == bytes.Count(fresh["schema"], []byte("one")) {
		t.Error("the schema changes nothing")
	}
	one, random := workers(t, 1), rand.New(rand.NewPCG(1, 1))
	for range 40 {
		folder := folders[random.IntN(len(folders))]
		if !bytes.Equal(built(one, folder), fresh[folder]) {
			t.Fatalf("%s is other than in a process of its own", folder)
		}
	}
}

// TestWorkersRenderTheCorpus is TestWorkersRenderTheSame for the public repositories.
func TestWorkersRenderTheCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("renders the corpus twice; the race detector takes more memory than workers may")
	}
	corpus := filepath.Join(shared(t), "corpus")
	entries, err := os.ReadDir(corpus)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			t.Run(entry.Name(), func(t *testing.T) {
				compareWorkers(t, filepath.Join(corpus, entry.Name()), render.Options{}, runtime.GOMAXPROCS(0))
			})
		}
	}
}
