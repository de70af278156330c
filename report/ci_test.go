package report

import (
	"encoding/json"
	"encoding/xml"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/analyzer"
)

// TestGitLab: what GitLab requires of each issue is there, and paths are within the repository.
func TestGitLab(t *testing.T) {
	for name, r := range map[string]*analyzer.Report{"shop": shop(), "nasty": nasty(), "empty": {}} {
		var issues []gitlabIssue
		if err := json.Unmarshal([]byte(write(t, GitLab, r, options())), &issues); err != nil || issues == nil {
			t.Fatalf("%s: %v, %v", name, issues, err)
		}
		if len(issues) != len(r.Findings) {
			t.Errorf("%s: %d issues", name, len(issues))
		}
		for _, i := range issues {
			if i.Description == "" || i.CheckName == "" || !slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, i.Severity) ||
				i.Location.Lines.Begin < 1 || i.Location.Path == "" || strings.HasPrefix(i.Location.Path, "./") {
				t.Errorf("%s: %+v", name, i)
			}
		}
	}
}

// TestJUnit reads back how many failures, errors and successes there are.
func TestJUnit(t *testing.T) {
	for name, test := range map[string]struct {
		report                  *analyzer.Report
		tests, failures, errors int
	}{
		"shop":  {shop(), 4, 2, 1}, // one rule found nothing
		"nasty": {nasty(), 7, 4, 2},
		"empty": {&analyzer.Report{}, 3, 0, 0},
	} {
		var read junitSuites
		if err := xml.Unmarshal([]byte(write(t, JUnit, test.report, options())), &read); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s := read.Suite
		failures, errors := 0, 0
		for _, c := range s.Cases {
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				errors++
			}
		}
		if s.Tests != test.tests || len(s.Cases) != s.Tests || s.Failures != test.failures || failures != s.Failures || s.Errors != test.errors || errors != s.Errors {
			t.Errorf("%s: %d tests, %d failures, %d errors", name, s.Tests, s.Failures, s.Errors)
		}
	}
}
