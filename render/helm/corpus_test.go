package helm

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// unstable lists the charts of the corpus whose objects differ in every render.
var unstable = map[string]string{
	"argoproj__argo-cd/util/helm/testdata/redis": "a random password",
	"stefanprodan__podinfo/charts/podinfo":       "a random name of the test hook",
}

// linked lists charts whose values.yaml is a symbolic link in their repository; the
// corpus stores the link as a file that holds its target's name, which is no mapping.
var linked = map[string]bool{
	"argoproj__argo-cd/reposerver/repository/testdata/in-bounds-values-file-link":     true,
	"argoproj__argo-cd/reposerver/repository/testdata/out-of-bounds-values-file-link": true,
}

// causes tells for each class of failure in EXPECTED.tsv which gap says so: one
// of its codes, and a part of its reason.
var causes = map[string][]manifest.Gap{
	"remote/unvendored chart dependency": {
		{Code: manifest.MissingDependency, Reason: "is missing"},
		{Code: manifest.Approximated, Reason: "is missing in charts/"},
	},
	"values.schema.json violation": {
		{Code: manifest.InvalidValues, Reason: "do not fit the values.schema.json"},
		{Code: manifest.RemoteReference, Reason: "values.schema.json refers to"},
	},
	"required values (required/fail)": {
		{Code: manifest.TemplateFailed},
		{Code: manifest.InvalidChart, Reason: "chart.metadata.name is required"}, // an empty Chart.yaml
	},
	"nil pointer (missing values)": {
		{Code: manifest.TemplateFailed, Reason: "nil pointer evaluating"},
	},
	"template type error": {
		{Code: manifest.TemplateFailed, Reason: `template "kyverno.labels.merge" not defined`}, // its parent defines it
	},
	"missing named template (library not vendored)": {
		{Code: manifest.TemplateFailed, Reason: "no template"},
	},
}

type expectation struct {
	dir, status, sum, failure string
}

// corpus returns the charts of the corpus and the folder it lies in.
func corpus(t testing.TB) (string, []expectation) {
	shared := os.Getenv("RINGFENCE_SHARED")
	if shared == "" {
		t.Skip("RINGFENCE_SHARED is not set: the corpus is not at hand")
	}
	dir := filepath.Join(shared, "corpus")
	f, err := os.Open(filepath.Join(dir, "EXPECTED.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []expectation
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if field := strings.Split(lines.Text(), "\t"); field[0] == "helm" {
			list = append(list, expectation{dir: field[1], status: field[2], sum: field[4], failure: field[5]})
		}
	}
	if len(list) == 0 {
		t.Fatal("no charts in the corpus")
	}
	return dir, list
}

// renderers opens each repository of the corpus once.
type renderers struct {
	t    testing.TB
	dir  string
	open map[string]*Renderer
}

// find splits a path of the corpus into the renderer of its repository and the
// chart's folder.
func (r *renderers) find(dir string) (*Renderer, string) {
	repo, chart, _ := strings.Cut(dir, "/")
	if r.open[repo] == nil {
		tree, err := source.Open(filepath.Join(r.dir, repo))
		if err != nil {
			r.t.Fatal(err)
		}
		r.t.Cleanup(func() { tree.Close() })
		r.open[repo] = New(tree, nil)
	}
	return r.open[repo], chart
}

// documentsOf renders a chart of the corpus without expanding lists, as Helm prints it.
func documentsOf(t testing.TB, r *Renderer, release Release) []any {
	w := newRendering(r, release)
	if !w.prepare() {
		return nil
	}
	var docs []any
	for _, d := range w.render(context.Background()) {
		node, err := d.Parse()
		if err != nil {
			t.Errorf("%s: %v", release.Dir, err)
			continue
		}
		o, err := manifest.NewObject(node, d.locate)
		if err != nil {
			t.Errorf("%s: %v", release.Dir, err)
			continue
		}
		if o != nil {
			docs = append(docs, o.Data)
		}
	}
	return docs
}

// sum is the sum of EXPECTED.tsv over documents.
func sum(t testing.TB, docs []any) string {
	lines := make([]string, len(docs))
	for i, d := range docs {
		line, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = string(line) + "\n"
	}
	slices.Sort(lines)
	hash := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(hash[:12])
}

func TestCorpus(t *testing.T) {
	dir, charts := corpus(t)
	open := renderers{t: t, dir: dir, open: make(map[string]*Renderer)}
	var spent time.Duration
	salvaged, objectCount := 0, 0
	for _, e := range charts {
		r, chart := open.find(e.dir)
		release := Release{Dir: chart, Name: "rel", Namespace: "ns"}
		start := time.Now()
		objects, gaps := r.Render(context.Background(), release)
		spent += time.Since(start)
		objectCount += len(objects)
		if e.status == "fail" {
			if len(objects) > 0 {
				salvaged++
			}
			if !explained(gaps, causes[e.failure]) {
				t.Errorf("%s: no gap tells of %q: %q", e.dir, e.failure, texts(gaps))
			}
			continue
		}
		if linked[e.dir] {
			if !explained(gaps, []manifest.Gap{{Code: manifest.InvalidValues}}) {
				t.Errorf("%s: no gap for its values: %v", e.dir, texts(gaps))
			}
			continue
		}
		if i := slices.IndexFunc(gaps, func(g manifest.Gap) bool { return !g.Note }); i >= 0 {
			t.Errorf("%s: gaps %q", e.dir, texts(gaps))
		}
		if unstable[e.dir] != "" {
			continue
		}
		if got := sum(t, documentsOf(t, r, release)); got != e.sum {
			t.Errorf("%s: sum %s, want %s", e.dir, got, e.sum)
		}
	}
	t.Logf("%d charts, %d objects, %v per chart; %d of those that Helm fails on gave objects",
		len(charts), objectCount, (spent / time.Duration(len(charts))).Round(time.Microsecond), salvaged)
}

func explained(gaps, causes []manifest.Gap) bool {
	return slices.ContainsFunc(gaps, func(g manifest.Gap) bool {
		return slices.ContainsFunc(causes, func(c manifest.Gap) bool {
			return g.Code == c.Code && strings.Contains(g.Reason, c.Reason)
		})
	})
}

// texts writes gaps for messages and comparisons.
func texts(gaps []manifest.Gap) []string {
	var list []string
	for _, g := range gaps {
		text := fmt.Sprintf("%v: %s: %s", g.Pos, g.Code, g.Reason)
		if g.Note {
			text = "note: " + text
		}
		list = append(list, text)
	}
	return list
}
