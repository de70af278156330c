package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fileEdit is an edit of one file of a repository: some text of it replaced by another,
// or where there is no text to replace, the whole file; removed where there is neither;
// moved where it gets another name.
type fileEdit struct{ name, old, text, to string }

func (e fileEdit) apply(t *testing.T, root string) {
	t.Helper()
	file := filepath.Join(root, e.name)
	var err error
	switch {
	case e.to != "":
		err = os.MkdirAll(filepath.Dir(filepath.Join(root, e.to)), 0o755)
		if err == nil {
			err = os.Rename(file, filepath.Join(root, e.to))
		}
	case e.old == "" && e.text == "":
		err = os.Remove(file)
	case e.old == "":
		err = os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = os.WriteFile(file, []byte(e.text), 0o644)
		}
	default:
		var data []byte
		if data, err = os.ReadFile(file); err == nil {
			if !strings.Contains(string(data), e.old) {
				t.Fatalf("%s does not hold %q", e.name, e.old)
			}
			err = os.WriteFile(file, []byte(strings.ReplaceAll(string(data), e.old, e.text)), 0o644)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// diffDocument is what the tests read of the JSON of a diff.
type diffDocument struct {
	Environments []struct {
		Name, Was, Status string
		Opened, Closed    []struct {
			Risk, Text string
			Causes     []struct{ Kind string }
		}
		Workloads              struct{ Added, Removed []struct{ Node string } }
		Published, Unpublished []publishedEntry
		NotEvaluated           []struct{ Reason string }
	}
	Findings struct {
		New, Fixed []struct {
			Rule, File string
			Object     struct{ Kind, Name string }
			In         []string
		}
	}
	Gaps struct{ New, Closed []struct{ Code, File string } }
}

type publishedEntry struct {
	Node        string
	Connections []struct{ Protocol, Ports string }
}

func (p publishedEntry) String() string {
	text := p.Node + " on"
	for _, c := range p.Connections {
		text += " " + c.Protocol + " " + c.Ports
	}
	return text
}

// lines tells the document in lines that can be compared, sorted.
func (d *diffDocument) lines() []string {
	lines := []string{}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, e := range d.Environments {
		if e.Status != "changed" {
			add("%s: %s", e.Name, e.Status)
		}
		for _, c := range e.Opened {
			add("%s: opened %s: %s", e.Name, c.Risk, c.Text)
		}
		for _, c := range e.Closed {
			if !slices.ContainsFunc(c.Causes, func(c struct{ Kind string }) bool { return c.Kind != "workload-removed" }) {
				continue // it goes without saying
			}
			add("%s: closed %s: %s", e.Name, c.Risk, c.Text)
		}
		for _, w := range e.Workloads.Added {
			add("%s: new workload %s", e.Name, w.Node)
		}
		for _, w := range e.Workloads.Removed {
			add("%s: removed workload %s", e.Name, w.Node)
		}
		for _, p := range e.Published {
			add("%s: published %s", e.Name, p)
		}
		for _, p := range e.Unpublished {
			add("%s: no longer published %s", e.Name, p)
		}
		for _, p := range e.NotEvaluated {
			add("%s: not evaluated: %s", e.Name, p.Reason)
		}
	}
	for _, f := range d.Findings.New {
		add("new %s on %s/%s in %s", f.Rule, f.Object.Kind, f.Object.Name, strings.Join(f.In, ", "))
	}
	for _, f := range d.Findings.Fixed {
		add("fixed %s on %s/%s in %s", f.Rule, f.Object.Kind, f.Object.Name, strings.Join(f.In, ", "))
	}
	for _, g := range d.Gaps.New {
		add("new gap %s at %s", g.Code, g.File)
	}
	for _, g := range d.Gaps.Closed {
		add("closed gap %s at %s", g.Code, g.File)
	}
	slices.Sort(lines)
	return lines
}

// runJSON runs a diff and returns its document.
func runJSON(t *testing.T, args ...string) *diffDocument {
	t.Helper()
	stdout, stderr, code := run(append([]string{"diff", "--format", "json"}, args...)...)
	var d diffDocument
	if err := json.Unmarshal([]byte(stdout), &d); err != nil {
		t.Fatalf("exit code %d, %v\n%s", code, err, stderr)
	}
	return &d
}

func TestChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("changes of real repositories take time")
	}
	root := filepath.Join(shared(t), "corpus")
	for _, test := range changes {
		t.Run(test.what, func(t *testing.T) {
			before := filepath.Join(root, test.repository)
			after := t.TempDir()
			if err := os.CopyFS(after, os.DirFS(before)); err != nil {
				t.Fatal(err)
			}
			for _, e := range test.edits {
				e.apply(t, after)
			}
			if diff := cmp.Diff(test.want, runJSON(t, before, after).lines()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
