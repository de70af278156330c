package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/report/actions"
)

// verdict is the heading of the job summary.
func (j *githubJob) verdict() string {
	word := map[int]string{exitClean: "passed", exitFindings: "failed", exitIncomplete: "incomplete"}[j.exit]
	return "ringfence " + word + ": " + j.reason
}

// reasonOf says why a run ends with an exit code: by what it counts.
func reasonOf(exit int, counts ...string) string {
	if exit == exitIncomplete {
		return "part of it could not be rendered, so that nothing can be said about that part"
	}
	return strings.Join(counts, ", ")
}

// countFailing says how many findings fail a run.
func countFailing(what string, findings []analyzer.Finding, failOn int) string {
	n := 0
	for _, f := range findings {
		if fails(f.Severity, failOn) {
			n++
		}
	}
	if failOn == 0 {
		return "no " + what + " fails it"
	}
	return countOrNo(n, what, what+"s") + " of severity " + severities[failOn] + " or above"
}

func countOrNo(n int, one, many string) string {
	if n == 0 {
		return "no " + one
	}
	return report.Counted(n, one, many)
}

// writeReports makes all texts while what they are about is open.
func (j *githubJob) writeReports(opts report.Options, write func(w io.Writer, markdown bool) error) error {
	var sarif, text, markdown bytes.Buffer
	err := errors.Join(report.Write(&sarif, report.SARIF, j.found, opts), write(&text, false), write(&markdown, true))
	j.sarif, j.text, j.markdown = sarif.Bytes(), text.String(), markdown.String()
	return err
}

// write hands over what came of the run.
func (j *githubJob) write() error {
	dir := j.environ("RUNNER_TEMP")
	if dir == "" {
		dir = os.TempDir()
	}
	sarif := j.flags.output
	if sarif == "" {
		sarif = filepath.Join(dir, "ringfence.sarif")
	}
	comment := filepath.Join(dir, "ringfence-comment.md")
	var outputs bytes.Buffer
	err := errors.Join(
		actions.Quote(j.stdout, func(w io.Writer) error { _, err := io.WriteString(w, j.text); return err }),
		actions.WriteAnnotations(j.stdout, j.annotations()),
		j.writeTo(sarif, func(w io.Writer) error { _, err := w.Write(j.sarif); return err }),
		j.writeTo(comment, func(w io.Writer) error {
			mark := commentMark(j.flags.category)
			_, err := io.WriteString(w, mark+report.FitMarkdown(j.markdown, actions.MostComment-len(mark)))
			return err
		}),
		actions.WriteOutputs(&outputs, []actions.Output{
			{Name: "sarif-file", Value: sarif},
			{Name: "comment-file", Value: comment},
			{Name: "findings", Value: strconv.Itoa(len(j.found.Findings))},
			{Name: "new-findings", Value: j.new},
			{Name: "opened", Value: j.opened},
			{Name: "published", Value: j.published},
			{Name: "exit-code", Value: strconv.Itoa(j.exit)},
		}),
		appendTo(j.environ("GITHUB_STEP_SUMMARY"), report.FitMarkdown(j.markdown, actions.MostSummary)),
		appendTo(j.environ("GITHUB_OUTPUT"), outputs.String()),
	)
	if err != nil {
		return err
	}
	if j.exit != exitClean {
		return actions.Error(j.stdout, j.reason)
	}
	return nil
}

// writeFailure says why nothing came of the run; not to standard error, where the runner
// would look for commands in it.
func (c *command) writeFailure(failure error) error {
	var outputs bytes.Buffer
	return errors.Join(
		actions.Error(c.stdout, failure.Error()),
		actions.WriteOutputs(&outputs, []actions.Output{{Name: "exit-code", Value: strconv.Itoa(c.exit)}}),
		appendTo(c.environ("GITHUB_OUTPUT"), outputs.String()),
		appendTo(c.environ("GITHUB_STEP_SUMMARY"), "## ringfence could not check this\n\n"+report.MarkdownText(failure.Error())+"\n"),
	)
}

// annotations puts each finding on a line that the change made, if it made one of those
// that shaped the value.
func (j *githubJob) annotations() []actions.Annotation {
	var all []actions.Annotation
	for _, f := range j.fresh {
		a := actions.Annotation{Pos: f.Pos, Severity: f.Severity, Title: f.Rule.ID, Message: f.Message}
		a.Message += fmt.Sprintf(" (\"ringfence rules show %s\" says why, and what to do)", f.Rule.ID)
		places := append([]manifest.Pos{f.Pos}, f.Via...)
		if i := slices.IndexFunc(places, j.changed); i >= 0 {
			a.Pos, a.Changed = places[i], true
		}
		all = append(all, a)
	}
	return all
}

// appendTo appends to a file that the runner names, which others may have written to.
func appendTo(file, text string) error {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return usagef("write for the runner: %w", err)
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}
