package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/rules"
)

// accuracy is what docs/accuracy.md says.
type accuracy struct {
	rows   map[string]accuracyRow // by rule and severity
	judged map[string][]string    // places, likewise
	rules  map[string]bool
}

type accuracyRow struct {
	findings, judged, correct int
	precision                 string
}

var (
	accuracyLine = regexp.MustCompile(`(?m)^\| ([a-z-]+) \| (high|medium|low|note) \| (\d+) \| (\d+) \| (\d+) \| (.+) \|$`)
	accuracyList = regexp.MustCompile(`(?m)^## ([a-z-]+), (high|medium)$`)
	judgement    = regexp.MustCompile("(?m)^- (true|false): (\\S+ `[^`]+` \\S+ [^:]*): .+$")
)

func readAccuracy(t *testing.T) accuracy {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "accuracy.md"))
	if err != nil {
		t.Fatal(err)
	}
	a := accuracy{rows: map[string]accuracyRow{}, judged: map[string][]string{}, rules: map[string]bool{}}
	for _, m := range accuracyLine.FindAllStringSubmatch(string(text), -1) {
		row := accuracyRow{precision: m[6]}
		fmt.Sscan(strings.Join(m[3:6], " "), &row.findings, &row.judged, &row.correct)
		a.rows[m[1]+" "+m[2]], a.rules[m[1]] = row, true
	}
	heads := accuracyList.FindAllStringSubmatchIndex(string(text), -1)
	for i, h := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		of := string(text[h[2]:h[3]]) + " " + string(text[h[4]:h[5]])
		for _, m := range judgement.FindAllStringSubmatch(string(text[h[1]:end]), -1) {
			a.judged[of] = append(a.judged[of], m[2])
			if m[1] == "false" {
				t.Errorf("%s: %s is false: correct the rule, or demote it", of, m[2])
			}
		}
	}
	return a
}

// Every rule has a line in the accuracy page, and each line says what the lists hold: all
// findings of severity high, and at least 20 of severity medium.
func TestAccuracyIsComplete(t *testing.T) {
	a := readAccuracy(t)
	set, err := rules.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules() {
		if !a.rules[r.ID] {
			t.Errorf("%s has no line", r.ID)
		}
	}
	for id := range a.rules {
		if set.Rule(id) == nil {
			t.Errorf("there is no rule %s", id)
		}
	}
	for of, row := range a.rows {
		asked := 0
		switch {
		case strings.HasSuffix(of, " high"):
			asked = row.findings
		case strings.HasSuffix(of, " medium"):
			asked = min(row.findings, 20)
		}
		if n := len(a.judged[of]); row.judged != n || n < asked || n > row.findings {
			t.Errorf("%s: %d of %d findings are judged, the line says %d", of, n, row.findings, row.judged)
		}
		want := "–"
		if row.judged > 0 {
			want = fmt.Sprintf("%d %%", 100*row.correct/row.judged)
		}
		if row.correct != row.judged || row.precision != want {
			t.Errorf("%s: %d of %d are true, precision %s; want %s", of, row.correct, row.judged, row.precision, want)
		}
	}
}

// The accuracy page is about what the rules find today.
func TestAccuracyIsCurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("checks 21 repositories")
	}
	repositories, err := filepath.Glob(filepath.Join(shared(t), "corpus", "*__*"))
	if err != nil || len(repositories) == 0 {
		t.Fatal("no repositories", err)
	}
	a := readAccuracy(t)
	counts, found := map[string]int{}, map[string][]string{}
	for _, folder := range repositories {
		for _, f := range corpusFindings(t, folder) {
			of := f.Rule + " " + f.Severity
			counts[of]++
			found[of] = append(found[of], fmt.Sprintf("%s `%s:%d` %s %s",
				strings.Replace(filepath.Base(folder), "__", "/", 1), f.File, f.Line, f.Object.Kind, f.Object.Name))
		}
	}
	said := map[string]int{}
	for of, row := range a.rows {
		if row.findings > 0 {
			said[of] = row.findings
		}
		for _, place := range a.judged[of] {
			if !slices.Contains(found[of], place) {
				t.Errorf("%s: %s is judged and not found", of, place)
			}
		}
		if strings.HasSuffix(of, " high") && len(a.judged[of]) < counts[of] {
			t.Errorf("%s: of %d findings %d are judged", of, counts[of], len(a.judged[of]))
		}
	}
	if diff := cmp.Diff(said, counts); diff != "" {
		t.Errorf("findings (-said +found):\n%s", diff)
	}
}

type corpusFinding struct {
	Rule, Severity, File string
	Line                 int
	Object               struct{ Kind, Name string }
}

func corpusFindings(t *testing.T, folder string) []corpusFinding {
	t.Helper()
	t.Chdir(folder)
	stdout, stderr, _ := run("check", "--format", "json")
	var report struct{ Findings []corpusFinding }
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("%s: %v\n%s", folder, err, stderr)
	}
	return report.Findings
}
