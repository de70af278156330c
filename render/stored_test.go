//go:build unix

package render_test

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/cache"
	"github.com/ringfence/ringfence/render/source"
	"github.com/ringfence/ringfence/render/worker"
)

// renderedWith finds and renders all of a repository.
func renderedWith(t testing.TB, dir string, pool *worker.Pool, stored *cache.Cache) []render.Result {
	t.Helper()
	return renderedAs(t, dir, render.Options{Workers: pool, Cache: stored})
}

func renderedAs(t testing.TB, dir string, opts render.Options) []render.Result {
	t.Helper()
	tree, err := source.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	r := render.New(tree, opts)
	targets, _ := r.Find(context.Background(), []string{"."})
	return r.RenderAll(context.Background(), targets, nil)
}

// differing lists the targets whose objects, places or gaps differ.
func differing(want, got []render.Result) (names []string) {
	if len(want) != len(got) {
		return []string{fmt.Sprintf("%d targets, want %d", len(got), len(want))}
	}
	for i, w := range want {
		same := func(a, b *manifest.Object) bool { return sameObject(a, b) }
		if !slices.EqualFunc(w.Objects, got[i].Objects, same) || !cmp.Equal(w.Gaps, got[i].Gaps) {
			names = append(names, w.Name)
		}
	}
	return names
}

// TestCacheEdits changes a repository at random, again and again, with one cache for all
// states: each is as without.
func TestCacheEdits(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	pool, stored := workers(t, 2), cache.New(t.TempDir(), "test", 64<<20)
	original := filepath.Join("..", "testdata", "shop")
	var files []string
	check(t, filepath.WalkDir(original, func(file string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			rel, _ := filepath.Rel(original, file)
			files = append(files, rel)
		}
		return err
	}))
	edits := 60
	if testing.Short() {
		edits = 5
	}
	for range edits {
		dir := copyOf(t, original)
		for range random.IntN(3) {
			edit(t, random, filepath.Join(dir, files[random.IntN(len(files))]))
		}
		want := renderedWith(t, dir, nil, nil)
		for _, run := range []string{"first", "second"} {
			if names := differing(want, renderedWith(t, dir, pool, stored)); names != nil {
				t.Fatalf("%s run: %q differ", run, names)
			}
		}
	}
}

// TestCacheDrawsLots renders a chart that makes up a name: the same with the same lots, also
// without the cache, and another with others, so that who compares two renders finds out.
func TestCacheDrawsLots(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Chart.yaml":       "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a{{ randAlphaNum 8 | lower }}}\n",
	} {
		check(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	pool, stored := workers(t, 1), cache.New(t.TempDir(), "test", 64<<20)
	name := func(opts render.Options) string {
		opts.Workers = pool
		results := renderedAs(t, dir, opts)
		if len(results) != 1 || len(results[0].Objects) != 1 {
			t.Fatalf("rendered %v", results)
		}
		return results[0].Objects[0].Name
	}
	first := name(render.Options{Cache: stored})
	for what, opts := range map[string]render.Options{"from the cache": {Cache: stored}, "again": {}} {
		if got := name(opts); got != first {
			t.Errorf("%s: %s, want %s", what, got, first)
		}
	}
	if other := name(render.Options{Cache: stored, Lots: 1}); other == first {
		t.Errorf("other lots give the same name, %s", other)
	}
}

// TestCacheKeepsLines moves the line of a value that a patch gives to a release: the
// release renders to the same, at another line.
func TestCacheKeepsLines(t *testing.T) {
	dir := t.TempDir()
	patch := "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: web}\nspec: {values: {team: a}}\n"
	for name, text := range map[string]string{
		"apps/prod/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]\n",
		"apps/prod/patch.yaml":         patch,
		"apps/base/kustomization.yaml": "resources: [release.yaml]\n",
		"apps/base/release.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: web}\n" +
			"spec:\n  interval: 1m\n  chart: {spec: {chart: charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}\n  values: {size: 1}\n",
		"charts/web/Chart.yaml":       "apiVersion: v2\nname: web\nversion: 1.0.0\n",
		"charts/web/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {team: {{ .Values.team }}}\n",
	} {
		write(t, dir, name, text)
	}
	pool, stored := workers(t, 1), cache.New(t.TempDir(), "test", 64<<20)
	renderedWith(t, dir, pool, stored)
	write(t, dir, "apps/prod/patch.yaml", "# a line before it\n"+patch)
	if names := differing(renderedWith(t, dir, pool, nil), renderedWith(t, dir, pool, stored)); names != nil {
		t.Errorf("%q differ", names)
	}
}

// TestCacheDamaged flips a bit of every entry: each is rendered again.
func TestCacheDamaged(t *testing.T) {
	dir := filepath.Join("..", "testdata", "shop")
	folder := t.TempDir()
	pool, stored := workers(t, 1), cache.New(folder, "test", 64<<20)
	want := renderedWith(t, dir, pool, stored)
	entries, err := filepath.Glob(filepath.Join(folder, "*"))
	check(t, err)
	if len(entries) == 0 {
		t.Fatal("nothing is kept")
	}
	for i, entry := range entries {
		data, err := os.ReadFile(entry)
		check(t, err)
		data[(i*7919)%len(data)] ^= 0x10
		check(t, os.WriteFile(entry, data, 0o600))
	}
	if names := differing(want, renderedWith(t, dir, pool, stored)); names != nil {
		t.Errorf("%q differ", names)
	}
}

// TestCacheShared lets several renderings use one cache at the same time.
func TestCacheShared(t *testing.T) {
	dir := filepath.Join("..", "testdata", "shop")
	want := renderedWith(t, dir, nil, nil)
	folder := t.TempDir()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if names := differing(want, renderedWith(t, dir, workers(t, 1), cache.New(folder, "test", 64<<20))); names != nil {
				t.Errorf("%q differ", names)
			}
		})
	}
	all.Wait()
}

// TestKilledWorkers kills workers while they render, 200 times in all: a target has its
// objects, or none and a gap that tells of it.
func TestKilledWorkers(t *testing.T) {
	if testing.Short() {
		t.Skip("kills 200 processes")
	}
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc to find workers in")
	}
	dir := filepath.Join("..", "testdata", "shop")
	want := renderedWith(t, dir, nil, nil)
	pool := workers(t, 2)
	random := rand.New(rand.NewPCG(5, 5))
	killed, lost := 0, 0
	for started := time.Now(); killed < 200; {
		if time.Since(started) > time.Minute {
			t.Fatalf("only %d were killed", killed)
		}
		stop, done := make(chan struct{}), make(chan int)
		go func() {
			n := 0
			for {
				select {
				case <-stop:
					done <- n
					return
				case <-time.After(time.Duration(random.IntN(15)) * time.Millisecond):
					for _, pid := range children(t) {
						if syscall.Kill(pid, syscall.SIGKILL) == nil {
							n++
						}
					}
				}
			}
		}()
		got := renderedWith(t, dir, pool, nil)
		close(stop)
		killed += <-done
		for i, w := range want {
			crashed := slices.ContainsFunc(got[i].Gaps, func(g render.Gap) bool {
				return g.Code == manifest.InternalError && strings.Contains(g.Reason, "killed")
			})
			switch {
			case crashed && len(got[i].Objects) > 0:
				t.Errorf("%s crashed and has objects", w.Name)
			case crashed:
				lost++
			case differing(want[i:i+1], got[i:i+1]) != nil:
				t.Errorf("%s differs without a gap", w.Name)
			}
		}
	}
	if names := differing(want, renderedWith(t, dir, pool, nil)); names != nil {
		t.Errorf("afterwards %q differ", names)
	}
	t.Logf("%d were killed, %d targets were lost, each with its gap", killed, lost)
}

// children lists the processes that this one has started.
func children(t *testing.T) (pids []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	check(t, err)
	for _, file := range stats {
		data, _ := os.ReadFile(file) // the process may have ended
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) && fields[0] != "Z" {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			check(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}
