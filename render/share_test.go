package render_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/rendertest"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// copyOf copies a folder, symbolic links as such.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	check(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		switch target := filepath.Join(to, rel); {
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		case entry.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(name)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		default:
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			return os.WriteFile(target, data, 0o644)
		}
	}))
	return to
}

// open is the repository in a folder.
func open(t *testing.T, dir string) *render.Repository {
	t.Helper()
	return render.New(rendertest.Open(t, dir), render.Options{})
}

// all finds and renders all targets of a repository.
func all(t *testing.T, r *render.Repository) []render.Result {
	t.Helper()
	targets, _ := r.Find(t.Context(), []string{"."})
	return r.RenderAll(t.Context(), targets, nil)
}

// described is all that can be told of a result.
func described(r render.Result) []string {
	all := []string{fmt.Sprint(r.Name, r.Kind, r.Dir, r.Envs, r.Why, r.Namespace)}
	for _, g := range r.Gaps {
		all = append(all, fmt.Sprintf("%+v", g))
	}
	for _, o := range r.Objects {
		all = append(all, fmt.Sprintf("%s %+v %v %v %v", o.Ref, o.Origin, o.At("spec"), o.At("metadata", "labels"), o.Data))
	}
	return all
}

// TestShare changes files of a repository one after the other, in ways that matter for
// what refers to them, and compares what is rendered once with what is rendered twice.
func TestShare(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"base/kustomization.yaml":       "resources: [web.yaml]\nconfigMapGenerator: [{name: c, files: [settings.ini]}]\n",
		"base/web.yaml":                 settingsNamed("web"),
		"base/settings.ini":             "a=1\n",
		"base/unused.yaml":              settingsNamed("unused"),
		"common/kustomization.yaml":     "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: patch.yaml, target: {kind: ConfigMap}}]\n",
		"common/patch.yaml":             "- {op: add, path: /metadata/labels, value: {a: b}}\n",
		"overlays/a/kustomization.yaml": "resources: [../../base]\ncomponents: [../../common]\n",
		"overlays/b/kustomization.yaml": "resources: [../../base]\ntransformers: [t.yaml]\n",
		"overlays/b/t.yaml":             "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: sub/p.yaml\ntarget: {kind: ConfigMap}\n",
		"overlays/b/sub/p.yaml":         "- {op: add, path: /metadata/annotations, value: {a: b}}\n",
		"overlays/c/kustomization.yaml": "helmCharts: [{name: web, valuesFile: v.yaml}]\nhelmGlobals: {chartHome: ../../charts}\n",
		"overlays/c/v.yaml":             "n: 1\n",
		"charts/web/Chart.yaml":         "apiVersion: v2\nname: web\nversion: 1.0.0\n",
		"charts/web/values.yaml":        "n: 0\n",
		"charts/web/templates/c.yaml":   settingsNamed("chart-{{ .Values.n }}"),
		"app/Chart.yaml":                "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies: [{name: lib, version: 1.0.0, repository: 'https://charts.example.com'}]\n",
		"app/values-prod.yaml":          "a: 1\n",
		"app/templates/c.yaml":          settingsNamed("app-{{ .Values.a }}"),
		"lib/Chart.yaml":                "apiVersion: v2\nname: lib\nversion: 1.0.0\n",
		"lib/templates/c.yaml":          settingsNamed("lib"),
		"plain/a.yaml":                  settingsNamed("a"),
		"plain/b.yaml":                  settingsNamed("b"),
		"readme.md":                     "text\n",
		"clusters/prod/apps.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\n" +
			"spec: {path: ./flux, prune: true, sourceRef: {kind: GitRepository, name: flux-system}, postBuild: {substitute: {a: one}}, components: [../common]}\n",
		"flux/c.yaml": settingsNamed("flux-${a}"),
	} {
		file := filepath.Join(dir, name)
		check(t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(t, os.WriteFile(file, []byte(text), 0o644))
	}
	tests := []struct {
		file, text string // empty: removed
		want       string // the targets that have to be rendered twice, or are in one state only
	}{
		{"readme.md", "other\n", ""},
		{"base/unused.yaml", "other: 1\n", ""},
		{"base/web.yaml", settingsNamed("web2"), "overlays/a,overlays/b"},
		{"base/settings.ini", "a=2\n", "overlays/a,overlays/b"},
		{"common/patch.yaml", "- {op: add, path: /metadata/labels, value: {a: c}}\n", "flux,overlays/a"},
		{"overlays/b/sub/p.yaml", "- {op: add, path: /metadata/annotations, value: {a: c}}\n", "overlays/b"},
		{"overlays/b/sub/p.yaml", "", "overlays/b"},
		{"overlays/c/v.yaml", "n: 2\n", "overlays/c"},
		{"charts/web/templates/c.yaml", settingsNamed("chart2"), "overlays/c"},
		{"charts/web/templates/_new.tpl", "x", "overlays/c"},
		{"app/values-prod.yaml", "a: 2\n", "app (prod)"},
		{"lib/templates/c.yaml", settingsNamed("lib2"), "app (prod),lib"},
		{"lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 2.0.0\n", "app (prod),lib"},
		{"new/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\n", "app (prod)"},
		{"plain/b.yaml", settingsNamed("b2"), "plain"},
		{"flux/c.yaml", settingsNamed("other-${a}"), "flux"},
		{"clusters/prod/apps.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\n" +
			"spec: {path: ./flux, prune: true, sourceRef: {kind: GitRepository, name: flux-system}, postBuild: {substitute: {a: two}}}\n", "clusters/prod,flux"},
		{"plain/b.yaml", "", "plain"},
		{"base/web.yaml", "", "overlays/a,overlays/b"},
		{"overlays/a/kustomization.yaml", "resources: [../../base]\n", "common,overlays/a"},
		{"base/kustomization.yml", "resources: []\n", "overlays/a,overlays/b"},
	}
	for _, test := range tests {
		t.Run(test.file+" "+test.text, func(t *testing.T) {
			edited := copyOf(t, dir)
			file := filepath.Join(edited, test.file)
			if test.text == "" {
				check(t, os.Remove(file))
			} else {
				check(t, os.MkdirAll(filepath.Dir(file), 0o755))
				check(t, os.WriteFile(file, []byte(test.text), 0o644))
			}
			twice := compareBothWays(t, dir, edited)
			// A component that nobody includes is no target.
			want := strings.TrimPrefix(test.want, "common,")
			if got := strings.Join(twice, ","); got != want {
				t.Errorf("rendered twice: %s; want %s", got, want)
			}
		})
	}
	if twice := compareBothWays(t, dir, copyOf(t, dir)); len(twice) > 0 {
		t.Errorf("rendered twice without a difference: %s", twice)
	}
}

// TestSucceed holds what does not render any more to what it rendered to before, at lines that
// hold in the state after.
func TestSucceed(t *testing.T) {
	before := t.TempDir()
	write := func(dir, name, text string) {
		file := filepath.Join(dir, name)
		check(t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(t, os.WriteFile(file, []byte(text), 0o644))
	}
	write(before, "app/kustomization.yaml", "resources: [a.yaml, b.yaml, c.yaml]\n")
	for _, name := range []string{"a", "b", "c"} {
		write(before, "app/"+name+".yaml", settingsNamed(name))
	}
	write(before, "broken/kustomization.yaml", "resources: [gone.yaml]\n")
	after := copyOf(t, before)
	check(t, os.Remove(filepath.Join(after, "app/c.yaml")))
	write(after, "app/b.yaml", "# a line more\n"+settingsNamed("b"))
	write(after, "new/kustomization.yaml", "resources: [gone.yaml]\n")

	a, b := open(t, before), open(t, after)
	check(t, a.Share(b))
	b.Succeed(a)
	got := map[string][]string{}
	for _, r := range all(t, b) {
		got[r.Name] = []string{}
		for _, g := range r.Gaps {
			got[r.Name] = append(got[r.Name], fmt.Sprintf("%s: %s", g.Pos, g.Code))
		}
		for _, o := range r.Objects {
			got[r.Name] = append(got[r.Name], fmt.Sprintf("%s: %s", o.Pos, o.Name))
		}
	}
	want := map[string][]string{
		"app":    {"app/kustomization.yaml:1:29: missing-file", "app/a.yaml:1:1: a", "app/kustomization.yaml:1:29: b", "app/kustomization.yaml:1:29: c"},
		"broken": {"broken/kustomization.yaml:1:13: missing-file"},
		"new":    {"new/kustomization.yaml:1:13: missing-file"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func settingsNamed(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n"
}

// compareBothWays renders two states with what they share and without, and returns the
// targets of which something had to be rendered for the state before as well, sorted.
func compareBothWays(t *testing.T, before, after string) []string {
	t.Helper()
	alone, a, b := open(t, before), open(t, before), open(t, after)
	check(t, a.Share(b))
	want, now := all(t, alone), all(t, b)
	got := all(t, a)
	if len(want) != len(got) {
		t.Fatalf("%d targets, alone %d", len(got), len(want))
	}
	taken := make(map[uintptr]bool) // the data of the objects of the state after
	for _, r := range now {
		for _, o := range r.Objects {
			taken[reflect.ValueOf(o.Data).Pointer()] = true
		}
	}
	var twice []string
	for i, r := range want {
		diff := cmp.Diff(described(r), described(got[i]))
		if diff != "" && slices.Equal(described(r), described(open(t, before).Render(t.Context(), r.Target))) { // else a chart that draws lots
			t.Fatalf("%s: alone it is another (-alone +shared):\n%s", r.Name, diff)
		}
		if slices.ContainsFunc(got[i].Objects, func(o *manifest.Object) bool { return !taken[reflect.ValueOf(o.Data).Pointer()] }) {
			twice = append(twice, r.Name)
		}
	}
	if len(twice) > a.Rendered() {
		t.Errorf("%d rendered, %d counted", len(twice), a.Rendered())
	}
	slices.Sort(twice)
	return twice
}

// TestShareCorpus changes files of real repositories at random and compares what is
// rendered once with what is rendered twice.
func TestShareCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("renders repositories of the corpus many times")
	}
	root := shared(t)
	random := rand.New(rand.NewPCG(7, 7))
	for _, name := range []string{
		"konflux-ci__konflux-ci", "GoogleCloudPlatform__microservices-demo", "stefanprodan__podinfo", "kubernetes-sigs__kustomize", "khuedoan__homelab",
		"bitnami__charts", "kyverno__kyverno", "onedr0p__home-ops",
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(root, "corpus", name)
			var files []string
			check(t, filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
				if err == nil && entry.Type().IsRegular() {
					rel, _ := filepath.Rel(dir, file)
					files = append(files, rel)
				}
				return err
			}))
			shared, count := 0, len(all(t, open(t, dir)))
			for range 2 {
				edited := copyOf(t, dir)
				for range 3 {
					edit(t, random, filepath.Join(edited, files[random.IntN(len(files))]))
				}
				shared += count - len(compareBothWays(t, dir, edited))
			}
			t.Logf("%d targets, %d shared in 2 comparisons", count, shared)
		})
	}
}

// edit removes a file, moves it, or changes a value in it.
func edit(t *testing.T, random *rand.Rand, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		return // removed before
	}
	switch random.IntN(5) {
	case 0:
		check(t, os.Remove(file))
	case 1:
		check(t, os.Rename(file, file+".moved.yaml"))
	default:
		lines := strings.Split(string(data), "\n")
		i := random.IntN(len(lines))
		lines[i] = strings.Replace(lines[i], ": ", ": x", 1)
		check(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644))
	}
}

// TestShareLargest changes a base and a component of the largest repository: just what
// leads to them is rendered twice, as a reading of its kustomizations line by line says too.
func TestShareLargest(t *testing.T) {
	if testing.Short() {
		t.Skip("renders the largest repository of the corpus twice")
	}
	dir := filepath.Join(shared(t), "corpus", "operate-first__apps")
	files := []string{"triage-party/base/deployment.yaml", "cluster-scope/components/limitranges/default/limitrange.yaml"}
	edited := copyOf(t, dir)
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(edited, file))
		check(t, err)
		check(t, os.WriteFile(filepath.Join(edited, file), append(data, "\n# changed\n"...), 0o644))
	}
	twice := compareBothWays(t, dir, edited)
	var want []string
	targets := all(t, open(t, dir))
	for _, target := range targets {
		if len(target.Objects) > 0 && slices.ContainsFunc(files, func(file string) bool { return leadsTo(t, dir, target.Dir, filepath.Dir(file), map[string]bool{}) }) {
			want = append(want, target.Name)
		}
	}
	if diff := cmp.Diff(want, twice); diff != "" || len(twice) == 0 {
		t.Errorf("(-read +rendered twice):\n%s", diff)
	}
	t.Logf("%d of %d targets are rendered twice", len(twice), len(targets))
}

// leadsTo tells whether the kustomization in a folder leads to that in another, as far as
// the entries of its lists tell.
func leadsTo(t *testing.T, root, from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	data, err := os.ReadFile(filepath.Join(root, from, "kustomization.yaml"))
	if seen[from] || err != nil {
		return false
	}
	seen[from] = true
	for _, line := range strings.Split(string(data), "\n") {
		entry, isEntry := strings.CutPrefix(strings.TrimSpace(line), "- ")
		next := filepath.Join(from, strings.Trim(entry, `"'`))
		if info, err := os.Stat(filepath.Join(root, next)); isEntry && err == nil && info.IsDir() && leadsTo(t, root, next, to, seen) {
			return true
		}
	}
	return false
}
