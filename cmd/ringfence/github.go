package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/change"
	"github.com/ringfence/ringfence/change/revision"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/report/diff"
	"github.com/ringfence/ringfence/rules"
)

// githubEvent is what the payload of an event says that matters here
// (https://docs.github.com/webhooks/webhook-events-and-payloads).
type githubEvent struct {
	PullRequest *struct {
		Number int `json:"number"`
		Base   struct {
			Ref string `json:"ref"`
			SHA string `json:"sha"`
		} `json:"base"`
		Head struct {
			SHA string `json:"sha"`
		} `json:"head"`
	} `json:"pull_request"`
	MergeGroup *struct {
		BaseRef string `json:"base_ref"`
		BaseSHA string `json:"base_sha"`
	} `json:"merge_group"`
}

// commentMark is the first line of the comment that is written again each time, so that
// there is only one of an analysis.
func commentMark(category string) string {
	name := regexp.MustCompile(`[^A-Za-z0-9._/-]+`).ReplaceAllString(category, "_")
	return strings.TrimRight("<!-- ringfence "+strings.ReplaceAll(name, "--", "_"), " ") + " -->\n"
}

// runGitHub does what the Action does: it compares a pull request with what it is based on
// and checks any other state, writes SARIF, the job summary, annotations and outputs.
func (c *command) runGitHub(ctx context.Context, flags *checkFlags, paths []string) error {
	job, err := c.newGitHubJob(flags, paths)
	if err == nil && job.event.base() != "" {
		err = job.comparePullRequest(ctx)
	} else if err == nil {
		err = job.checkAll(ctx)
	}
	if err == nil {
		err = job.write()
	}
	if err != nil {
		c.exit = codeOf(err)
		return c.writeFailure(err)
	}
	c.exit = job.exit
	return nil
}

// githubJob is one run in a workflow.
type githubJob struct {
	*command
	flags   *checkFlags
	paths   []string
	persona rules.Persona
	event   githubEvent

	// What comes of it.
	exit   int
	reason string // of the exit code
	found  *analyzer.Report
	fresh  []analyzer.Finding // of which the annotations are
	// How many, empty where nothing was compared.
	new, opened, published string

	sarif    []byte
	text     string
	markdown string
	changed  func(manifest.Pos) bool
}

func (c *command) newGitHubJob(flags *checkFlags, paths []string) (*githubJob, error) {
	j := &githubJob{command: c, flags: flags, paths: paths, changed: func(manifest.Pos) bool { return false }}
	var err error
	if _, j.persona, err = flags.parse(); err != nil {
		return nil, err
	}
	if err := checkGate(flags.gate); err != nil {
		return nil, err
	}
	switch {
	case flags.format != string(report.Text):
		return nil, usagef("--github writes SARIF to --output; it goes without --format")
	case flags.baseline.write != "" || flags.baseline.prune:
		return nil, usagef("--github reads a baseline and writes none")
	case slices.Contains(paths, "-"):
		return nil, usagef("--github checks a repository, not standard input (-)")
	}
	file := c.environ("GITHUB_EVENT_PATH")
	if file == "" {
		return nil, usagef("--github reads what GitHub Actions sets, and GITHUB_EVENT_PATH is not set")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, usagef("read the event: %w", err)
	}
	if err := json.Unmarshal(data, &j.event); err != nil {
		return nil, usagef("read the event %s: %w", file, err)
	}
	return j, nil
}

// base is the commit that a change is based on, empty where the event is about none.
func (e *githubEvent) base() string {
	switch {
	case e.PullRequest != nil:
		return e.PullRequest.Base.SHA
	case e.MergeGroup != nil:
		return e.MergeGroup.BaseSHA
	default:
		return ""
	}
}

// checkAll checks the working tree.
func (j *githubJob) checkAll(ctx context.Context) error {
	baseline, err := j.flags.baseline.read(&j.flags.selection, j.paths)
	if err != nil {
		return err
	}
	a, err := j.analyze(ctx, j.flags, j.persona, j.paths)
	if err != nil {
		return err
	}
	defer a.close()
	if err := j.applyBaseline(j.flags, baseline, a.Report, j.paths); err != nil {
		return err
	}
	j.found, j.fresh = a.Report, a.Findings
	j.exit = exitCode(a.Report, a.failOn, j.flags.allowGaps)
	j.reason = reasonOf(j.exit, countFailing("finding", a.Findings, a.failOn))
	opts := report.Options{Source: a.tree, Version: toolVersion(), Category: j.flags.category, Rules: a.set.Rules()}
	return j.writeReports(opts, func(w io.Writer, markdown bool) error {
		if markdown {
			fmt.Fprintf(w, "## %s\n\n", report.MarkdownText(j.verdict()))
			return report.Write(w, report.Markdown, a.Report, opts)
		}
		return report.Write(w, report.Text, a.Report, opts)
	})
}

// comparePullRequest compares the working tree with what the change is based on.
// Everything that decides the exit code is read from there.
func (j *githubJob) comparePullRequest(ctx context.Context) (err error) {
	flags := &diffFlags{checkFlags: *j.flags, headName: "this change"}
	base, err := j.findBase(flags)
	if err != nil {
		return err
	}
	ends, err := j.findEnds(ctx, flags, []string{base})
	defer func() { err = errors.Join(err, ends.close()) }()
	if err != nil {
		return err
	}
	r, err := j.compare(ctx, flags, ends, j.persona)
	if err != nil {
		return err
	}
	// What the change suppresses counts.
	for _, s := range r.Suppressed {
		r.after.Findings = append(r.after.Findings, s.Finding)
	}
	if err := j.takeOutBaseline(ends, r); err != nil {
		return err
	}
	slices.SortStableFunc(r.after.Findings, func(a, b analyzer.Finding) int { return a.Pos.Compare(b.Pos) })
	j.found, j.changed = r.after, changedLines(ends)
	for _, f := range r.New {
		j.fresh = append(j.fresh, f.Finding)
	}
	j.new, j.opened, j.published = strconv.Itoa(len(r.New)), strconv.Itoa(r.Opened), strconv.Itoa(r.Published)
	j.exit = flags.exitCode(r.Change, r.failOn, ends.base.accepted)
	var counts []string
	if flags.gate != gateOpened {
		counts = append(counts, countFailing("new finding", j.fresh, r.failOn))
	}
	if flags.gate != gateNew {
		counts = append(counts, countOrNo(r.Opened, "connection opened", "connections opened"))
		if r.Published > 0 {
			counts = append(counts, fmt.Sprintf("%d published", r.Published))
		}
	}
	j.reason = reasonOf(j.exit, counts...)
	opts := report.Options{Source: ends.head.tree, Version: toolVersion(), Category: j.flags.category, Rules: r.rules.Rules()}
	return j.writeReports(opts, func(w io.Writer, markdown bool) error {
		if markdown {
			r.Verdict = j.verdict()
			return diff.Write(w, diff.Markdown, r.Report)
		}
		return diff.Write(w, diff.Text, r.Report)
	})
}

// findBase returns the revision that the working tree is compared with. In a checkout of
// the merge that GitHub makes of a pull request (refs/pull/N/merge) that is its first
// parent; else it is found from the base of the event.
func (j *githubJob) findBase(flags *diffFlags) (revision string, err error) {
	git, err := openGit()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, git.close()) }()
	within, err := relative(git.root, ".")
	if err != nil {
		return "", err
	}
	for _, p := range j.paths {
		name, ok := ownName(git.root, within, p) // by name: a link of the change may lead elsewhere
		if !ok {
			return "", usagef("%s: want a folder of the repository", p)
		}
		flags.paths = append(flags.paths, name)
	}
	revision = j.event.base()
	p := j.event.PullRequest
	if p == nil {
		flags.baseName = cmp.Or(strings.TrimPrefix(j.event.MergeGroup.BaseRef, "refs/heads/"), "the base")
		_, err = git.resolve(revision) // else a folder of that name would be taken
		return revision, err
	}
	flags.baseName, flags.headName = p.Base.Ref, fmt.Sprintf("pull request %d", p.Number)
	head, err := git.resolve("HEAD")
	if err != nil {
		return "", err
	}
	if parents := head.ParentHashes; len(parents) == 2 && parents[1].String() == p.Head.SHA {
		flags.exact, revision = true, parents[0].String()
	}
	base, err := git.resolve(revision)
	if err != nil || head.Hash.String() == p.Head.SHA {
		return revision, err
	}
	if common, err := git.MergeBase(base, head); err == nil && common.Hash == head.Hash {
		return "", usagef("what is checked out (%s) has nothing of %s: check out its merge, as actions/checkout does for pull_request, or its head", head.Short(), flags.headName)
	}
	return revision, nil
}

// takeOutBaseline takes the findings out that the baseline of the state before holds.
func (j *githubJob) takeOutBaseline(ends *ends, r *comparison) error {
	file := j.flags.baseline.file
	if file == "" {
		return nil
	}
	read := os.ReadFile
	name, ok := ownName(ends.head.root, ends.head.within, file)
	if ok {
		file, read = name, ends.base.tree.ReadFile
	}
	data, err := read(file)
	if ok && errors.Is(err, fs.ErrNotExist) {
		return nil // the change adds it
	} else if err != nil {
		return usagef("read the baseline: %w", err)
	}
	baseline, err := analyzer.ReadBaseline(data, file)
	if err != nil {
		return usageError{err}
	}
	before := slices.Clone(r.after.Findings)
	r.after.Except(baseline, analyzer.Part)
	in := func(all []analyzer.Finding, f change.Finding) bool {
		return slices.ContainsFunc(all, func(g analyzer.Finding) bool { return g.Fingerprint == f.Fingerprint && g.Pos == f.Pos })
	}
	r.New = slices.DeleteFunc(r.New, func(f change.Finding) bool { return in(before, f) && !in(r.after.Findings, f) })
	return nil
}

// changedLines tells whether a line is one that the change made.
func changedLines(ends *ends) func(manifest.Pos) bool {
	known := map[string]map[int]bool{}
	return func(p manifest.Pos) bool {
		if p.File == "" || p.Line == 0 {
			return false
		}
		lines, ok := known[p.File]
		if !ok {
			before, _ := ends.base.tree.ReadFile(p.File) // empty where it is not there
			after, _ := ends.head.tree.ReadFile(p.File)
			lines = revision.ChangedLines(string(before), string(after))
			known[p.File] = lines
		}
		return lines[p.Line]
	}
}
