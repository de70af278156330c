package rules

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

const pages = "../docs/rules"

// example reads a rule's example from its script, where it has one: the files
// before.yaml, output.txt and after.yaml.
func example(t *testing.T, id string) Example {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("../testdata/script", id+".txtar"))
	if errors.Is(err, fs.ErrNotExist) {
		return Example{}
	}
	if err != nil {
		t.Fatal(err)
	}
	var e Example
	for _, f := range archive.Files {
		switch f.Name {
		case "before.yaml":
			e.Before = string(f.Data)
		case "output.txt":
			e.Output = string(f.Data)
		case "after.yaml":
			e.After = string(f.Data)
		}
	}
	return e
}

// The pages say what the metadata says.
func TestPagesAreFresh(t *testing.T) {
	set := load(t)
	want := map[string]string{"README.md": Index(set.Rules())}
	for _, r := range set.Rules() {
		want[r.ID+".md"] = Page(r, example(t, r.ID))
	}
	if *update {
		write(t, want)
	}
	got := map[string]string{}
	names, err := filepath.Glob(pages + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got[filepath.Base(name)] = string(text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("go test ./rules -update writes the pages (-want +got):\n%s", diff)
	}
}

func write(t *testing.T, files map[string]string) {
	t.Helper()
	if err := os.MkdirAll(pages, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(pages, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
