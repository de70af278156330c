// Package actions writes what GitHub Actions reads of a step: annotations as workflow
// commands, outputs, and text for the job summary and for a comment.
//
// It decides nothing. What GitHub drops in silence beyond its limits is left out here, and
// said (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands).
package actions

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/rules"
)

// The limits of GitHub, in bytes; of a comment it counts characters.
const (
	MostSummary = 1 << 20
	MostComment = 65_536
)

// mostAnnotations is how many of one kind GitHub shows of a step.
const mostAnnotations = 10

// Annotation is a remark at a line of the repository.
type Annotation struct {
	manifest.Pos
	Severity rules.Severity
	Title    string
	Message  string
	Changed  bool // the line is one of those that the change made
}

// kind is the workflow command that shows a severity.
func kind(s rules.Severity) string {
	switch s {
	case rules.High:
		return "error"
	case rules.Medium:
		return "warning"
	default:
		return "notice"
	}
}

// WriteAnnotations writes as many as GitHub shows: those on changed lines first, then
// those that weigh most. The last notice counts the others. An error is left to Error.
func WriteAnnotations(w io.Writer, all []Annotation) error {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Annotation) int {
		return cmp.Or(changedFirst(a, b), cmp.Compare(a.Severity.Rank(), b.Severity.Rank()))
	})
	most := map[string]int{"error": mostAnnotations - 1, "warning": mostAnnotations, "notice": mostAnnotations - 1}
	left := 0
	for _, a := range all {
		k := kind(a.Severity)
		if most[k]--; most[k] < 0 {
			left++
			continue
		}
		if err := command(w, k, a); err != nil {
			return err
		}
	}
	if left == 0 {
		return nil
	}
	return command(w, "notice", Annotation{Title: "ringfence", Message: report.Counted(left, "finding has", "findings have") + " no annotation: GitHub shows no more. The log of this step lists all."})
}

func changedFirst(a, b Annotation) int {
	switch {
	case a.Changed == b.Changed:
		return 0
	case a.Changed:
		return -1
	default:
		return 1
	}
}

// Error writes an annotation that says why a step fails.
func Error(w io.Writer, message string) error {
	return command(w, "error", Annotation{Title: "ringfence", Message: message})
}

func command(w io.Writer, kind string, a Annotation) error {
	properties := []string{"title=" + property(a.Title)}
	if a.File != "" {
		properties = append(properties, "file="+property(a.File))
	}
	if a.Line > 0 {
		properties = append(properties, fmt.Sprintf("line=%d", a.Line), fmt.Sprintf("endLine=%d", a.Line))
	}
	_, err := fmt.Fprintf(w, "::%s %s::%s\n", kind, strings.Join(properties, ","), data(a.Message))
	return err
}

// data and property escape what would end a command or a part of it, as the runner reads
// it back.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

// Quote writes text in which the runner looks for no commands: it may hold what anybody
// has written.
func Quote(w io.Writer, write func(io.Writer) error) error {
	token := rand.Text()
	if _, err := fmt.Fprintf(w, "::stop-commands::%s\n", token); err != nil {
		return err
	}
	if err := write(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "::%s::\n", token)
	return err
}

// Output is an output of a step.
type Output struct{ Name, Value string }

// WriteOutputs writes outputs for the file that GITHUB_OUTPUT names. No value can end
// early, because nobody can guess what ends it.
func WriteOutputs(w io.Writer, outputs []Output) error {
	for _, o := range outputs {
		end := rand.Text()
		if _, err := fmt.Fprintf(w, "%s<<%s\n%s\n%s\n", o.Name, end, o.Value, end); err != nil {
			return err
		}
	}
	return nil
}
