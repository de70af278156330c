package netpol

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/manifest"
)

// The benchmarks report processor time, which other load on a machine changes less
// than the time on the clock. Compare those of the sizes to see how it grows.

// cpu returns the processor time that the process has used, of all its threads.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// measure runs f over and over and reports its processor time and the memory that
// what it returns takes. It collects garbage as often as the program does.
func measure(b *testing.B, f func() any) {
	b.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	var kept any
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, runs := cpu(), 0
	for b.Loop() {
		kept = f()
		runs++
	}
	b.ReportMetric(float64(cpu()-start)/float64(runs)/1e6, "cpu-ms/op")
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "MB-kept")
	runtime.KeepAlive(kept)
}

// whole makes a cluster of objects, the whole relation of it, and counts its pairs.
func whole(objects []*manifest.Object) *Relation {
	c, _ := New(objects, Options{})
	rel := c.Relation()
	rel.Count()
	return rel
}

func BenchmarkFilesToRelation(b *testing.B) {
	for _, workloads := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(workloads), func(b *testing.B) {
			g := newGenerator(workloads / tierSize)
			g.cluster(workloads)
			files := g.files()
			measure(b, func() any {
				var objects []*manifest.Object
				for _, file := range files {
					objects = append(objects, parse(b, file)...)
				}
				return whole(objects)
			})
			b.ReportMetric(float64(strings.Count(g.String(), "---\n")), "documents")
			b.ReportMetric(float64(g.Len())/1e6, "MB")
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for _, workloads := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(workloads), func(b *testing.B) {
			objects := generated(b, (*generator).cluster, workloads)
			measure(b, func() any {
				c, _ := New(objects, Options{})
				return c
			})
		})
	}
}

// The bad cases are those that break engines which are good on the others.
func BenchmarkRelation(b *testing.B) {
	tests := []struct {
		name  string
		write func(*generator, int)
		size  int
	}{
		{"1000", (*generator).cluster, 1_000},
		{"10000", (*generator).cluster, 10_000},
		{"100000", (*generator).cluster, 100_000},
		{"one-namespace", (*generator).oneNamespace, 10_000},
		{"cluster-wide", (*generator).clusterWide, 10_000},
		{"whole-cluster", (*generator).wholeCluster, 10_000},
	}
	for _, test := range tests {
		b.Run(test.name, func(b *testing.B) {
			objects := generated(b, test.write, test.size)
			var rel *Relation
			measure(b, func() any {
				rel = whole(objects)
				return rel
			})
			b.ReportMetric(float64(rel.Count()), "pairs")
			b.ReportMetric(float64(rel.rows.count), "nodes")
			b.ReportMetric(float64(len(classes(slices.All(rel.to)))), "classes")
		})
	}
}

// BenchmarkReplacing edits one policy after the other, of ingress and of egress in
// turn, and walks all that it changes. The first edit of egress prepares the relation
// for others and is reported apart.
func BenchmarkReplacing(b *testing.B) {
	for _, workloads := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(workloads), func(b *testing.B) {
			rel := whole(generated(b, (*generator).cluster, workloads))
			g := newGenerator(workloads / tierSize)
			for i := range 100 {
				g.policy(i*7%g.namespaces, i%tierSize)
				g.egressPolicy(i*11%g.namespaces, i%tierSize)
			}
			edits := parse(b, g.String())
			start := cpu()
			rel.Replacing(edits[1])
			prepared := cpu() - start
			runs, changes := 0, 0
			measure(b, func() any {
				d, _ := rel.Replacing(edits[runs%len(edits)])
				runs++
				changes += d.Count()
				return d
			})
			b.ReportMetric(float64(changes)/float64(runs), "pairs/op")
			b.ReportMetric(float64(prepared)/1e6, "first-cpu-ms")
		})
	}
}
