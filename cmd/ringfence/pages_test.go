package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ringfence/ringfence/rules"
)

var update = flag.Bool("update", false, "rewrite the pages of the rules")

// TestRulePages compares docs/rules with what the metadata of the rules and
// their scripts say.
func TestRulePages(t *testing.T) {
	set, err := rules.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(filepath.Join("..", "..", "docs", "rules"))
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Abs(filepath.Join("..", "..", "testdata", "script"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"README.md": rules.Index(set.Rules())}
	for _, r := range set.Rules() {
		want[r.ID+".md"] = rules.PageWithExample(r, example(t, scripts, r.ID))
	}
	got := readPages(t, dir)
	if *update {
		got = writePages(t, dir, got, want)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("go test ./cmd/ringfence -run TestRulePages -update writes the pages (-want +got):\n%s", diff)
	}
}

func readPages(t *testing.T, dir string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	pages := make(map[string]string)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(name)] = string(text)
	}
	return pages
}

// writePages makes the folder hold exactly the pages, and returns them.
func writePages(t *testing.T, dir string, old, pages map[string]string) map[string]string {
	t.Helper()
	for name := range old {
		if _, keep := pages[name]; !keep {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return pages
}

// example takes the first file with a "# want" comment for the rule out of its
// script, and what check prints of that rule and file, as a repository without
// such comments has it. The script's first command says which flags that needs.
func example(t *testing.T, scripts, id string) rules.Example {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join(scripts, id+".txtar"))
	if err != nil {
		t.Fatalf("the rule has no script: %v", err)
	}
	t.Chdir(t.TempDir())
	e := rules.Example{}
	for _, f := range archive.Files {
		text := wantComment.ReplaceAllString(string(f.Data), "")
		text = trailingSpace.ReplaceAllString(text, "\n")
		if e.File == "" && expects(string(f.Data), id) {
			e.File, e.Text = f.Name, text
		}
		writeFile(t, f.Name, text)
	}
	if e.File == "" {
		t.Fatalf("%s.txtar: no file has a comment that wants %q", id, id)
	}
	...
	return e
}
