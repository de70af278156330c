package rules

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/util"
)

const pages = "../docs/rules"

// withoutExample cuts the example out of a page: it shows the output of the
// command, which this package does not know.
func withoutExample(page string) string {
	before, rest, found := strings.Cut(page, "\n## Example\n")
	if !found {
		return page
	}
	_, after, _ := strings.Cut(rest, "\n## What to do\n")
	return before + "\n## What to do\n" + after
}

// The pages say what the metadata says, and there are no others.
func TestPagesAreFresh(t *testing.T) {
	set := load(t)
	want := map[string]string{"README.md": Index(set.Rules())}
	for _, r := range set.Rules() {
		want[r.ID+".md"] = Page(r)
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
		got[filepath.Base(name)] = withoutExample(string(text))
	}
	for name, text := range want {
		if *update && got[name] != text {
			got[name] = text
			if err := os.WriteFile(filepath.Join(pages, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("go test ./rules -update writes the pages (-want +got):\n%s", diff)
	}
}

// Every rule that ships shows a piece of YAML with the defect and one without, and
// maps to nothing that has no title.
func TestRulesShowBeforeAndAfter(t *testing.T) {
	for _, r := range load(t).Rules() {
		for name, text := range map[string]string{"before": r.Before, "after": r.After} {
			var value any
			if err := util.Unmarshal([]byte(text), &value); err != nil || value == nil {
				t.Errorf("%s: %s is no YAML: %v", r.ID, name, err)
			}
		}
		if r.Before == r.After {
			t.Errorf("%s: before and after are the same", r.ID)
		}
		for _, id := range slices.Concat(r.Mapping.CIS, r.Mapping.MITRE) {
			if titles[id] == "" {
				t.Errorf("%s: maps to %q, which has no title", r.ID, id)
			}
		}
	}
}

func TestWithoutExample(t *testing.T) {
	r := load(t).Rule("split-peer")
	page := PageWithExample(r, Example{File: "web.yaml", Text: "kind: NetworkPolicy\n", Command: "check", Output: "web.yaml:1:1: high\n"})
	if diff := cmp.Diff(Page(r), withoutExample(page)); diff != "" {
		t.Errorf("a page without its example (-want +got):\n%s", diff)
	}
	if !strings.Contains(page, "```yaml\nkind: NetworkPolicy\n```") {
		t.Errorf("no example in\n%s", page)
	}
}

// Every recommendation and technique that a rule names has its title, and no other has one.
func TestStandardsAreNamed(t *testing.T) {
	named := map[string]bool{}
	for _, r := range load(t).Rules() {
		for _, id := range slices.Concat(r.Mapping.CIS, r.Mapping.MITRE) {
			named[id] = true
			if titles[id] == "" {
				t.Errorf("%s: nothing tells what %s is", r.ID, id)
			}
		}
	}
	for id := range titles {
		if !named[id] {
			t.Errorf("no rule names %s", id)
		}
	}
}
