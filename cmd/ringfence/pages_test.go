package main

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
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
		want[r.ID+".md"] = rules.PageWithExample(r, example(t, scripts, r))
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
// script, and what check prints of that rule and file. The comments are left out.
func example(t *testing.T, scripts string, r *rules.Rule) rules.Example {
	t.Helper()
	id := r.ID
	archive, err := txtar.ParseFile(filepath.Join(scripts, id+".txtar"))
	if err != nil {
		t.Fatalf("every rule has a script: %v", err)
	}
	t.Chdir(t.TempDir())
	e := rules.Example{Command: "check"}
	if r.Persona == rules.Auditor {
		e.Command += " --persona auditor"
	}
	for _, f := range archive.Files {
		text, wanted := withoutComments(string(f.Data))
		if e.File == "" && slices.Contains(wanted, id) {
			e.File, e.Text = f.Name, text
		}
		writeFile(t, f.Name, text)
	}
	if e.File == "" {
		t.Fatalf("%s.txtar: no comment wants %s", id, id)
	}
	report, stderr, _ := run(strings.Fields(e.Command)...)
	for part := range strings.SplitSeq(report, "\n\n") {
		first, _, _ := strings.Cut(part, "\n")
		if strings.HasPrefix(first, e.File+":") && strings.HasSuffix(first, "["+id+"]") {
			e.Output += part + "\n\n"
		}
	}
	if e.Output == "" {
		t.Fatalf("%s.txtar: nothing found in %s:\n%s%s", id, e.File, report, stderr)
	}
	return e
}

// withoutComments removes the "# want" comments, and lists the rules that they name.
func withoutComments(text string) (string, []string) {
	var wanted []string
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		comment := wantedLine.FindStringSubmatchIndex(strings.TrimSuffix(line, "\n"))
		if comment == nil {
			continue
		}
		for _, item := range wantedItem.FindAllStringSubmatch(line[comment[2]:], -1) {
			wanted = append(wanted, item[1])
		}
		lines[i] = strings.TrimRight(line[:comment[0]], " ") + "\n"
	}
	return strings.Join(lines, ""), wanted
}

// writeFile makes a file and the folders above it.
func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
