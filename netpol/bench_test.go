package netpol

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/manifest"
)

// cpu returns the processor time that the process has used, of all its threads.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// measure runs f over and over and reports its processor time and the memory that
// what it returns takes.
func measure(b *testing.B, f func() any) {
	b.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as the program does
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

func BenchmarkParse(b *testing.B) {
	for _, workloads := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(workloads), func(b *testing.B) {
			g := newGenerator(workloads / tierSize)
			g.cluster(workloads)
			b.ReportMetric(float64(strings.Count(g.String(), "---\n")), "documents")
			b.ReportMetric(float64(g.Len())/1e6, "MB")
			files := g.files()
			measure(b, func() any {
				var objects []*manifest.Object
				for _, file := range files {
					objects = append(objects, parse(b, file)...)
				}
				return objects
			})
		})
	}
}

func BenchmarkRelation(b *testing.B) {
	for _, size := range []int{1_000, 10_000, 100_000} {
		benchmarkRelation(b, fmt.Sprint(size), (*generator).cluster, size)
	}
}

// The cases that break engines which are good on the others.
func BenchmarkRelationBad(b *testing.B) {
	benchmarkRelation(b, "one-namespace", (*generator).oneNamespace, 10_000)
	benchmarkRelation(b, "cluster-wide", (*generator).clusterWide, 10_000)
}

func benchmarkRelation(b *testing.B, name string, write func(*generator, int), size int) {
	b.Run(name, func(b *testing.B) {
		objects := generated(b, write, size)
		b.Run("objects-to-relation", func(b *testing.B) {
			measure(b, func() any {
				c, _ := New(objects, Options{})
				rel := c.Relation()
				rel.Count()
				return rel
			})
		})
		c, _ := New(objects, Options{})
		b.Run("relation", func(b *testing.B) {
			measure(b, func() any {
				rel := c.Relation()
				return rel
			})
		})
		rel := c.Relation()
		b.Run("count", func(b *testing.B) {
			for b.Loop() {
				rel.Count()
			}
			b.ReportMetric(float64(rel.Count()), "pairs")
			b.ReportMetric(float64(rel.rows.count), "nodes")
			b.ReportMetric(float64(len(classes(rel.to))), "classes")
		})
	})
}
