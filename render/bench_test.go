//go:build unix

package render_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/cache"
	"github.com/ringfence/ringfence/render/source"
)

// cpu is the processor time that this process has used, and its workers that have ended.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return sum
}

// A way is one of rendering: in this process, in workers, and with what they rendered
// before.
var ways = []struct {
	name            string
	isolated, cache bool
}{{"in process", false, false}, {"workers", true, false}, {"warm", true, true}}

// measure calls f for each way of rendering, with options to which f adds its own, and
// reports processor seconds, those of workers included, and how long it took.
func measure(b *testing.B, f func(b *testing.B, opts render.Options)) {
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			var opts render.Options
			if way.cache {
				opts.Cache = cache.New(b.TempDir(), "benchmark", 1<<30)
				run(b, opts, f)
			}
			before, start := cpu(b), time.Now()
			for b.Loop() {
				if way.isolated {
					run(b, opts, f)
				} else {
					f(b, opts)
				}
			}
			used, passed := cpu(b)-before, time.Since(start)
			b.ReportMetric(used.Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(100*passed.Seconds()/used.Seconds(), "wall-%-of-cpu")
		})
	}
}

// run calls f with workers, which have ended when it returns.
func run(b *testing.B, opts render.Options, f func(b *testing.B, opts render.Options)) {
	opts.Workers = pool(runtime.GOMAXPROCS(0))
	defer opts.Workers.Close()
	f(b, opts)
}

// BenchmarkCorpus renders every root and chart of the corpus, each repository opened
// once. One command line of kustomize or Helm per line of the table needs 85.7 s of CPU
// for these and a dozen more.
func BenchmarkCorpus(b *testing.B) {
	root := shared(b)
	repos := corpusRoots(b, root, func(render.Kind, string) bool { return true })
	measure(b, func(b *testing.B, opts render.Options) {
		opts.Release, opts.Namespace = "rel", "ns"
		for repo, dirs := range repos {
			tree, err := source.Open(filepath.Join(root, "corpus", repo))
			if err != nil {
				b.Fatal(err)
			}
			r := render.New(tree, opts)
			var targets []render.Target
			for _, dir := range dirs {
				targets = append(targets, r.At(dir)...)
			}
			r.RenderAll(context.Background(), targets, nil)
			tree.Close()
		}
	})
}

// small is how many targets the benchmarks of small ones have. As many command lines need
// 80.8 s of CPU for overlays and 35.7 s for releases.
const small = 600

// BenchmarkOverlays renders small overlays of one base, each with a patch, a prefix and
// labels.
func BenchmarkOverlays(b *testing.B) {
	dir := b.TempDir()
	write(b, dir, "base/kustomization.yaml", "resources: [app.yaml]\n")
	write(b, dir, "base/app.yaml", app)
	for i := range small {
		overlay := fmt.Sprintf("overlays/o%d/", i)
		write(b, dir, overlay+"kustomization.yaml", fmt.Sprintf("resources: [../../base]\nnamespace: n%d\nnamePrefix: p%d-\nlabels: [{pairs: {team: t%d}}]\npatches: [{path: patch.yaml}]\n", i, i, i))
		write(b, dir, overlay+"patch.yaml", fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: %d}\n", i))
	}
	measure(b, func(b *testing.B, opts render.Options) { renderSmall(b, dir, opts) })
}

// BenchmarkReleases renders small releases of one chart, each with values of its own.
func BenchmarkReleases(b *testing.B) {
	dir := b.TempDir()
	write(b, dir, "Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n")
	write(b, dir, "values.yaml", "replicas: 1\n")
	write(b, dir, "templates/app.yaml", app+"\n# {{ .Values.replicas }}\n")
	for i := range small {
		write(b, dir, fmt.Sprintf("values-o%d.yaml", i), fmt.Sprintf("replicas: %d\n", i))
	}
	measure(b, func(b *testing.B, opts render.Options) { renderSmall(b, dir, opts) })
}

func renderSmall(b *testing.B, dir string, opts render.Options) {
	tree, err := source.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer tree.Close()
	r := render.New(tree, opts)
	targets, _ := r.Find(context.Background(), []string{"."})
	if len(targets) < small {
		b.Fatalf("%d targets", len(targets))
	}
	for _, result := range r.RenderAll(context.Background(), targets, nil) {
		if len(result.Gaps) > 0 {
			b.Fatal(result.Gaps)
		}
	}
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const app = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example/web, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`
