package report

import (
	"bufio"
	"cmp"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/rules"
)

// gitlabIssue is a finding as GitLab's code quality report has it:
// https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
type gitlabIssue struct {
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
}

// writeGitLab writes findings as a code quality report. It has no place for gaps: the exit
// code tells of them.
func writeGitLab(b *bufio.Writer, r *analyzer.Report, _ Options) error {
	issues := []gitlabIssue{}
	for _, f := range r.Findings {
		issues = append(issues, gitlabIssue{
			Description: Printable(f.Message), CheckName: f.Rule.ID, Fingerprint: f.Fingerprint, Severity: gitlabSeverity(f.Severity),
			Location: gitlabLocation{cmp.Or(f.File, "."), gitlabLines{max(f.Line, 1)}},
		})
	}
	return Encode(b, issues)
}

func gitlabSeverity(s rules.Severity) string {
	switch s {
	case rules.High:
		return "critical"
	case rules.Medium:
		return "major"
	case rules.Low:
		return "minor"
	default:
		return "info"
	}
}
