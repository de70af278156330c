package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"testing"

	"github.com/ringfence/ringfence/report/reach"
)

// TestMapOfEveryEnvironment maps every environment of the corpus in every format,
// twice from its objects.
func TestMapOfEveryEnvironment(t *testing.T) {
	if testing.Short() {
		t.Skip("maps the whole corpus")
	}
	repos, err := filepath.Glob(filepath.Join(shared(t), "corpus", "*", "."))
	if err != nil || len(repos) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	environments, size := 0, 0
	for _, repo := range repos {
		c := command{stdin: bytes.NewReader(nil), stdout: io.Discard, stderr: io.Discard, environ: func(string) string { return "" }}
		w, err := c.open(context.Background(), &selection{}, []string{repo})
		if err != nil {
			t.Fatal(err)
		}
		first, second := w.clusters(), w.clusters()
		for i := range first {
			environments++
			size += mapTwice(t, first[i], second[i])
		}
		w.close()
	}
	t.Logf("%d environments, %d bytes, twice the same", environments, size)
}

// mapTwice compares the maps of an environment that was built twice, and returns
// their size.
func mapTwice(t *testing.T, a, b builtEnvironment) int {
	t.Helper()
	size := 0
	for _, format := range []reach.Format{reach.Text, reach.JSON, reach.JSONLines, reach.DOT, reach.Mermaid, reach.SVG} {
		for _, view := range []func(*reach.Map) *reach.Map{func(m *reach.Map) *reach.Map { return m }, (*reach.Map).Exposed} {
			var outputs [2]bytes.Buffer
			for i, e := range []builtEnvironment{a, b} {
				m := view(reach.New(e.name, e.cluster, e.gaps))
				if err := reach.Write(&outputs[i], format, []*reach.Map{m}, true); err != nil {
					t.Fatalf("%s as %s: %v", e.name, format, err)
				}
			}
			if !bytes.Equal(outputs[0].Bytes(), outputs[1].Bytes()) {
				t.Errorf("%s: two maps differ in %s", a.name, format)
			}
			if outputs[0].Len() == 0 && len(a.cluster.Workloads) > 0 && format != reach.JSONLines {
				t.Errorf("%s: nothing in %s", a.name, format)
			}
			size += outputs[0].Len()
		}
	}
	return size
}
