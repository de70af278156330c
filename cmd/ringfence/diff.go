package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/change"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/report/diff"
	"github.com/ringfence/ringfence/rules"
)

type diffFlags struct {
	checkFlags
	exact   bool
	verbose bool
	// What people call BASE and HEAD, where that is not what names them here.
	baseName, headName string
	paths              []string // what is compared, the working directory where it is empty
}

// What --gate lets fail a diff.
const (
	gateNew    = "new"
	gateOpened = "opened"
	gateAll    = "all"
)

const gateUsage = "exit 1 for `WHAT`: new findings, connections opened, or all of these"

func (c *command) diff() *cobra.Command {
	var flags diffFlags
	cmd := &cobra.Command{
		Use:   "diff BASE [HEAD]",
		Short: "Show which connections a change opens and closes, and its new and fixed findings",
		Long: `diff compares two states of a repository. BASE and HEAD are revisions of the git
repository around you (a branch, a tag, a commit, with ~N or ^N), or folders that
each hold a repository; HEAD is the working tree where it is not given. Neither the
working tree nor the index is touched.

BASE stands for the commit in which HEAD departed from it (the merge base), as in a
pull request, unless --exact is given. With revisions, what lies below the working
directory is compared. Severities, ignores, accepted gaps, fail-on and rules of your
own are those of BASE, and a finding that a change suppresses counts, so that a
change cannot switch off what it is measured by.`,
		Example: `  ringfence diff main                    what your working tree changes
  ringfence diff origin/main HEAD -o markdown
  ringfence diff v1.2 v1.3 --exact
  ringfence diff main --gate opened      fail where a connection is opened
  ringfence diff ./before ./after`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return c.runDiff(cmd.Context(), &flags, args) },
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.StringVarP(&flags.format, "format", "o", "text", "`FORMAT`: text, json or markdown")
	f.StringVar(&flags.output, "output", "", "write to `FILE`")
	f.BoolVar(&flags.exact, "exact", false, "compare with BASE itself, not with the merge base")
	f.StringVar(&flags.gate, "gate", gateNew, gateUsage)
	f.StringVar(&flags.failOn, "fail-on", "", "new findings of this `SEVERITY` or above count: high, medium, low, note, none (default medium)")
	f.StringVar(&flags.persona, "persona", string(rules.Regular), "for `WHOM` rules are: regular or auditor")
	f.StringArrayVar(&flags.rules, "rules", nil, "`DIR` with rules of your own (repeatable)")
	f.BoolVarP(&flags.verbose, "verbose", "v", false, "say how many targets were rendered")
	return cmd
}

func (c *command) runDiff(ctx context.Context, flags *diffFlags, args []string) (err error) {
	format, persona, err := flags.parseDiff()
	if err != nil {
		return err
	}
	ends, err := c.findEnds(ctx, flags, args)
	defer func() { err = errors.Join(err, ends.close()) }()
	if err != nil {
		return err
	}
	r, err := c.compare(ctx, flags, ends, persona)
	if err != nil {
		return err
	}
	if flags.verbose {
		fmt.Fprintf(c.stderr, "%d targets after, rendered %d times; %d before, rendered %d times more\n",
			r.Targets.After, r.Targets.Rendered.After, r.Targets.Before, r.Targets.Rendered.Before)
	}
	if err := c.writeTo(flags.output, func(out io.Writer) error { return diff.Write(out, format, r.Report) }); err != nil {
		return err
	}
	c.exit = flags.exitCode(r.Change, r.failOn, ends.base.accepted)
	return nil
}

// comparison is what two states differ in.
type comparison struct {
	*diff.Report
	before, after *analyzer.Report
	rules         *rules.Set
	failOn        int
}

// compare renders, analyzes and compares two states, both measured by what BASE says.
func (c *command) compare(ctx context.Context, flags *diffFlags, ends *ends, persona rules.Persona) (*comparison, error) {
	failOn, err := parseFailOn(flags.failOn, ends.base.config.FailOn)
	if err != nil {
		return nil, err
	}
	set, err := ends.base.rules(ctx, ends.base.ruleDirs)
	if err != nil {
		return nil, err
	}
	if err := c.renderEnds(ctx, ends, &flags.selection); err != nil {
		return nil, err
	}
	ends.readComments()
	var states [2]change.State
	for i, e := range []*end{ends.base, ends.head} {
		states[i].Environments = e.analyzed()
		opts := e.analysis(&flags.checkFlags, set, persona, nil)
		opts.Accept, opts.Severities, opts.Ignores = ends.base.accepted, ends.base.config.Severities, ends.base.config.Ignores
		opts.Partial = true // what suppresses nothing may do so in what is alike
		if states[i].Report, err = analyzer.Analyze(ctx, states[i].Environments, opts); err != nil {
			return nil, ownRuleError(set, err)
		}
	}
	r := &comparison{before: states[0].Report, after: states[1].Report, rules: set, failOn: failOn}
	r.Report = diff.New(change.Compare(states[0], states[1]))
	r.Before, r.After, r.Version, r.Submodules = ends.base.title, ends.head.title, toolVersion(), ends.submodules()
	r.Targets.Before, r.Targets.After = len(ends.base.targets), len(ends.head.targets)
	r.Targets.Rendered.Before, r.Targets.Rendered.After = ends.base.repo.Rendered(), ends.head.repo.Rendered()
	return r, nil
}

func (flags *diffFlags) parseDiff() (diff.Format, rules.Persona, error) {
	format, err := diff.ParseFormat(flags.format)
	if err != nil {
		return format, "", usageError{err}
	}
	if err := checkGate(flags.gate); err != nil {
		return format, "", err
	}
	persona, err := parsePersona(flags.persona)
	return format, persona, err
}

func checkGate(gate string) error {
	if !slices.Contains([]string{gateNew, gateOpened, gateAll}, gate) {
		return usagef("unknown value %q for --gate, use %s, %s or %s", gate, gateNew, gateOpened, gateAll)
	}
	return nil
}

// renderEnds finds and renders both states, what they have alike once, groups them into
// environments and keeps those that --env names.
func (c *command) renderEnds(ctx context.Context, ends *ends, s *selection) error {
	if err := ends.base.repo.Share(ends.head.repo); err != nil {
		return err
	}
	ends.head.repo.Succeed(ends.base.repo)
	found := 0
	var known []string
	for _, e := range []*end{ends.head, ends.base} {
		e.find(ctx)
		found += len(e.targets)
		bar := c.progress(len(e.targets))
		e.results = e.repo.RenderAll(ctx, e.targets, bar.update)
		bar.clear()
		if err := ctx.Err(); err != nil {
			return err
		}
		e.environments = render.Group(e.results)
		known = append(known, environmentsOf(e.workspace)...)
	}
	if found == 0 && len(s.targets) > 0 {
		return usagef("%s: no kustomization, chart or manifests there, before or after", strings.Join(s.targets, ", "))
	}
	if ends.head.sawNothing() && ends.base.sawNothing() {
		ends.head.gaps = append(ends.head.gaps, nothingFound(ends.head.paths[0]))
	}
	for _, name := range s.environment {
		if !slices.Contains(known, name) {
			slices.Sort(known)
			return usagef("no environment %q; there are: %s", name, strings.Join(slices.Compact(known), ", "))
		}
	}
	for _, e := range []*end{ends.base, ends.head} {
		e.environments = slices.DeleteFunc(e.environments, func(e render.Environment) bool { return !s.isSelected(e.Name) })
	}
	return nil
}

func environmentsOf(w *workspace) []string {
	var names []string
	for _, e := range w.environments {
		names = append(names, e.Name)
	}
	return names
}

// exitCode weighs what the gate is about, and the gaps that may hide a change.
func (flags *diffFlags) exitCode(r *change.Change, failOn int, accepted func(render.Gap) string) int {
	if flags.gate != gateOpened && slices.ContainsFunc(r.New, func(f change.Finding) bool { return fails(f.Severity, failOn) }) {
		return exitFindings
	}
	var gaps []analyzer.Gap
	for _, e := range r.Environments {
		if flags.gate != gateNew && len(e.Opened)+len(e.Published) > 0 {
			return exitFindings
		}
		gaps = append(gaps, e.Gaps...)
	}
	for _, g := range append(gaps, r.NewGaps...) {
		if !g.Note && !flags.allowGaps && accepted(g.Gap) == "" {
			return exitIncomplete
		}
	}
	return exitClean
}
