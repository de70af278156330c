//go:build unix

package render_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/source"
)

// shared returns the folder of the shared sets, or skips without one.
func shared(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("RINGFENCE_SHARED")
	if dir == "" {
		t.Skip("RINGFENCE_SHARED is not set: the shared sets are not here")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", dir)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("RINGFENCE_SHARED: %v", err)
	}
	return dir
}

// corpusRoots lists the roots and charts of the corpus by repository. Their status
// is "ok" where the stock tool renders them.
func corpusRoots(t testing.TB, root string, keep func(kind render.Kind, status string) bool) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "corpus", "EXPECTED.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	roots := make(map[string][]string)
	for _, line := range strings.Split(string(data), "\n")[1:] {
		fields := strings.Split(line, "\t")
		if len(fields) > 2 && keep(render.Kind(fields[0]), fields[2]) {
			repo, dir, _ := strings.Cut(fields[1], "/")
			roots[repo] = append(roots[repo], filepath.ToSlash(filepath.Clean(dir)))
		}
	}
	return roots
}

// cpu is the processor time that this process has used.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkCorpus renders every root and chart of the corpus in one process,
// each repository opened once. One command line of kustomize or Helm per line of
// the table needs 85.7 s of CPU for these and a dozen more.
func BenchmarkCorpus(b *testing.B) {
	root := shared(b)
	repos := corpusRoots(b, root, func(render.Kind, string) bool { return true })
	before := cpu(b)
	n, objects := 0, 0
	for b.Loop() {
		for repo, dirs := range repos {
			tree, err := source.Open(filepath.Join(root, "corpus", repo))
			if err != nil {
				b.Fatal(err)
			}
			r := render.New(tree, render.Options{Release: "rel", Namespace: "ns"})
			var targets []render.Target
			for _, dir := range dirs {
				targets = append(targets, r.At(dir)...)
			}
			for _, result := range r.RenderAll(context.Background(), targets, nil) {
				n++
				objects += len(result.Objects)
			}
			tree.Close()
		}
	}
	b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(n)/float64(b.N), "roots/op")
	b.ReportMetric(float64(objects)/float64(b.N), "objects/op")
}
