//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
)

// BenchmarkCheck checks the corpus as a user would, each repository in a run of its own:
// without a cache, and with one that holds everything; then its largest repository, also
// after a change of the kustomization that most others lead to.
//
// Seconds of processors and the peak of resident memory are those of the program and its
// workers together; pages that they share count in each.
func BenchmarkCheck(b *testing.B) {
	repos := corpusRepositories(b)
	largest := b.TempDir()
	if err := os.CopyFS(largest, os.DirFS(largestOf(b, repos))); err != nil {
		b.Fatal(err)
	}
	cache := b.TempDir()
	all := func(args ...string) func(*usage) {
		return func(u *usage) {
			for _, repo := range repos {
				u.run(b, append(args, repo)...)
			}
		}
	}
	one := func(args ...string) func(*usage) { return func(u *usage) { u.run(b, append(args, largest)...) } }
	base, includers := mostIncluded(b, largest)
	b.Logf("%d kustomizations lead to the base that is changed", includers)
	changed := func(u *usage) {
		file, err := os.OpenFile(base, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := fmt.Fprintln(file, "# changed"); err != nil {
			b.Fatal(err)
		}
		file.Close()
		one("--cache", cache)(u)
	}
	for _, bench := range []struct {
		name         string
		before, then func(*usage)
	}{
		{"corpus without a cache", nil, all("--no-cache")},
		{"corpus warm", all("--cache", cache), all("--cache", cache)},
		{"largest without a cache", nil, one("--no-cache")},
		{"largest warm", one("--cache", cache), one("--cache", cache)},
		{"largest with a changed base", one("--cache", cache), changed},
	} {
		b.Run(bench.name, func(b *testing.B) {
			if bench.before != nil {
				bench.before(new(usage))
			}
			var u usage
			for b.Loop() {
				bench.then(&u)
			}
			b.ReportMetric(u.processors.Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(100*u.passed.Seconds()/u.processors.Seconds(), "wall-%-of-cpu")
			b.ReportMetric(float64(u.peak>>20), "peak-MiB")
		})
	}
}

// usage is what runs of the program used.
type usage struct {
	processors, passed time.Duration
	peak               int64 // bytes, of the greediest run
}

func (u *usage) run(b *testing.B, args ...string) {
	cmd := program(b, append([]string{"check", "--fail-on", "none"}, args...)...)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	peak := watchMemory(cmd.Process.Pid)
	_ = cmd.Wait() // gaps are an exit code
	u.passed += time.Since(start)
	u.peak = max(u.peak, peak())
	if code := cmd.ProcessState.ExitCode(); code != exitClean && code != exitIncomplete {
		b.Fatalf("%q: %s", args, cmd.ProcessState)
	}
	u.processors += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() // with those of its workers
}

func corpusRepositories(b *testing.B) []string {
	b.Helper()
	repos, err := filepath.Glob(filepath.Join(shared(b), "corpus", "*", "."))
	if err != nil || len(repos) == 0 {
		b.Fatalf("no corpus: %v", err)
	}
	return repos
}

// largestOf is the folder whose files have the most bytes.
func largestOf(b *testing.B, dirs []string) (largest string) {
	b.Helper()
	var most int64
	for _, dir := range dirs {
		var size int64
		err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			info, err := entry.Info()
			if err == nil {
				size += info.Size()
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		if size > most {
			most, largest = size, dir
		}
	}
	return largest
}

// mostIncluded is the file of the kustomization to which most others of a repository
// lead, and how many these are.
func mostIncluded(b *testing.B, repo string) (file string, includers int) {
	b.Helper()
	tree, err := source.Open(repo)
	if err != nil {
		b.Fatal(err)
	}
	defer tree.Close()
	count := make(map[string]int)
	err = fs.WalkDir(os.DirFS(repo), ".", func(name string, entry fs.DirEntry, err error) error {
		if _, ok := kustomize.FileIn(tree, name); err != nil || !entry.IsDir() || !ok {
			return err
		}
		seen := map[string]bool{name: true}
		for next := []string{name}; len(next) > 0; next = next[1:] {
			refs, _ := kustomize.ReferencesOf(tree, next[0]) // a broken one leads nowhere
			for _, dir := range refs.Dirs {
				if dir = path.Clean(dir); !seen[dir] {
					seen[dir] = true
					count[dir]++
					next = append(next, dir)
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var base string
	for dir, n := range count {
		if _, ok := kustomize.FileIn(tree, dir); ok && (n > includers || n == includers && dir < base) {
			base, includers = dir, n
		}
	}
	name, _ := kustomize.FileIn(tree, base)
	return filepath.Join(repo, filepath.FromSlash(name)), includers
}
