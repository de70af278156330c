package kustomize

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// A root is a line of EXPECTED.tsv: what "kustomize build" made of a folder.
type root struct{ repo, dir, status, sum, failure string }

// corpusRoots returns the folder of the corpus and its kustomizations.
func corpusRoots(t testing.TB) (string, []root) {
	t.Helper()
	shared := os.Getenv("RINGFENCE_SHARED")
	if shared == "" {
		t.Skip("RINGFENCE_SHARED is not set")
	}
	corpus := filepath.Join(shared, "corpus")
	f, err := os.Open(filepath.Join(corpus, "EXPECTED.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var roots []root
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) < 5 || fields[0] != "kustomize" {
			continue
		}
		fields = append(fields, "")
		repo, dir, found := strings.Cut(fields[1], "/")
		if !found {
			dir = "."
		}
		roots = append(roots, root{repo, dir, fields[2], fields[4], fields[5]})
	}
	return corpus, roots
}

type builders map[string]*Builder

func (b builders) of(t testing.TB, corpus, repo string) *Builder {
	if b[repo] == nil {
		tree, err := source.Open(filepath.Join(corpus, repo))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tree.Close() })
		b[repo] = NewBuilder(tree, Options{})
	}
	return b[repo]
}

func sum(t testing.TB, objects []*manifest.Object) string {
	var rows []string
	for _, o := range objects {
		var b bytes.Buffer
		if err := json.NewEncoder(&b).Encode(o.Data); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, b.String())
	}
	slices.Sort(rows)
	digest := sha256.Sum256([]byte(strings.Join(rows, "")))
	return hex.EncodeToString(digest[:12])
}

// causes are the codes that may stand for a class of failures.
var causes = map[string][]manifest.Code{
	"missing file/dir":                                           {manifest.MissingFile},
	"remote base/resource (network)":                             {manifest.RemoteReference},
	"empty kustomization":                                        {manifest.EmptyKustomization},
	"needs --enable-helm (helmCharts:)":                          nil, // rendered here
	"plugin/KRM function (ksops, exec ...)":                      {manifest.PluginRefused},
	"invalid kustomization schema/field":                         {manifest.InvalidKustomization},
	"default images transformer crashes on object (PSP volumes)": {manifest.KustomizeFailed},
}

func TestCorpusParity(t *testing.T) {
	corpus, roots := corpusRoots(t)
	all := make(builders)
	start, cpu := time.Now(), cpuTime()
	ok, objectCount := 0, 0
	for _, root := range roots {
		objects, gaps := all.of(t, corpus, root.repo).Build(context.Background(), root.dir)
		objectCount += len(objects)
		name := path.Join(root.repo, root.dir)
		if root.status == "ok" {
			if got := sum(t, objects); got != root.sum || len(gaps) > 0 {
				t.Errorf("%s: sum %s, want %s; gaps %v", name, got, root.sum, gaps)
			} else {
				ok++
			}
			continue
		}
		want, known := causes[root.failure]
		if !known {
			t.Errorf("%s: failure %q is not known to the test", name, root.failure)
		}
		if want != nil && !slices.ContainsFunc(gaps, func(g manifest.Gap) bool { return slices.Contains(want, g.Code) }) {
			t.Errorf("%s: failure %q, gaps %v", name, root.failure, gaps)
		}
		for _, g := range gaps {
			if g.Line == 0 || g.Reason == "" || strings.Contains(g.Reason, "/@") {
				t.Errorf("%s: gap %+v", name, g)
			}
		}
		if os.Getenv("RINGFENCE_VERBOSE") != "" {
			t.Logf("%s: %q: %d objects, %v", name, root.failure, len(objects), gaps)
		}
	}
	used := cpuTime() - cpu
	t.Logf("%d roots equal, %d objects, %s wall, %s CPU, %s CPU per root, %s per object",
		ok, objectCount, time.Since(start).Round(time.Millisecond), used.Round(time.Millisecond),
		used/time.Duration(len(roots)), used/time.Duration(objectCount))
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
