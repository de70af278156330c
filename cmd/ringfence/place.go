package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/ringfence/ringfence/generate"
	"github.com/ringfence/ringfence/generate/place"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/report"
)

// place writes the proposals for all environments into the repository, or shows what
// that would change.
func (c *command) place(ctx context.Context, flags *generateFlags, opts generate.Options, paths []string) error {
	if err := flags.checkPlacing(paths); err != nil {
		return err
	}
	w, err := c.open(ctx, &flags.selection, paths)
	if err != nil {
		return err
	}
	defer w.close()
	if lost := place.Lost(w.tree); len(lost) > 0 {
		if w, err = c.changed(ctx, w, lost, &flags.selection, paths); err != nil {
			return err
		}
	}
	environments, err := c.propose(w, opts)
	if err != nil {
		return err
	}
	plan, err := place.New(ctx, w.tree, w.options, environments)
	if err != nil {
		return usageError{err}
	}
	if err := c.provePlan(ctx, w, plan, flags, opts, paths); err != nil {
		return err
	}
	for _, r := range plan.Remarks {
		fmt.Fprintf(c.stderr, "remark: %s\n", report.Printable(r))
	}
	if flags.write {
		if err := plan.Write(w.root); err != nil {
			return err
		}
	}
	if err := c.writeTo(flags.output, func(out io.Writer) error { return writePlan(out, plan, flags.write) }); err != nil {
		return err
	}
	c.exit = c.reportGaps(w, flags.allowGaps)
	if flags.check && len(plan.Changes) > 0 {
		c.exit = exitFindings
	}
	return nil
}

// checkPlacing refuses flags with which files would lose what others need.
func (flags *generateFlags) checkPlacing(paths []string) error {
	switch {
	case flags.write && flags.check:
		return usagef("--write goes without --check")
	case len(flags.environment) > 0 || len(flags.workloads) > 0:
		return usagef("--write and --check are for all environments and workloads; leave --env and --workload out")
	case slices.Contains(paths, "-"):
		return usagef("standard input (-) is no place to write to")
	}
	return nil
}

// propose proposes policies for all environments and reports what is to be said.
func (c *command) propose(w *workspace, opts generate.Options) ([]place.Environment, error) {
	var environments []place.Environment
	var remarks []environmentRemark
	for i, e := range w.clustersWithout(generate.IsGenerated) {
		result, err := generate.Propose(w.generated(e), opts)
		if err != nil {
			return nil, err
		}
		environments = append(environments, place.Environment{Name: e.name, Results: w.environments[i].Results, Cluster: e.cluster, Result: result})
		for _, r := range result.Remarks {
			remarks = append(remarks, environmentRemark{e.name, r})
		}
	}
	c.printRemarks(remarks)
	return environments, nil
}

// provePlan renders the repository as it is planned, revises the plan until that comes
// out as proposed, and proves it: the environments are the same but for the generated
// policies, and these are as good as the proposals.
func (c *command) provePlan(ctx context.Context, w *workspace, plan *place.Plan, flags *generateFlags, opts generate.Options, paths []string) error {
	for {
		planned, err := c.changed(ctx, w, plan.Files(), &flags.selection, paths)
		if err != nil {
			return err
		}
		before, after := w.clustersWithout(generate.IsGenerated), planned.clustersWithout(generate.IsGenerated)
		if !slices.Equal(environmentNames(before), environmentNames(after)) {
			return fmt.Errorf("with the policies written there would be other environments: %q instead of %q", environmentNames(after), environmentNames(before))
		}
		revised, err := plan.Revise(planned.environments)
		if err != nil {
			return usageError{err}
		}
		if revised {
			continue
		}
		for i, e := range before {
			if len(e.objects) != len(after[i].objects) || e.gaps != after[i].gaps {
				return fmt.Errorf("environment %s would not render as before with the policies written: %d objects instead of %d, %d gaps instead of %d%s",
					e.name, len(after[i].objects), len(e.objects), after[i].gaps, e.gaps, firstNew(w.allGaps(), planned.allGaps()))
			}
			policies := slices.DeleteFunc(planned.environments[i].Objects(), func(o *manifest.Object) bool { return !generate.IsGenerated(o) })
			proposals, joined := plan.Written(i)
			if err := generate.Prove(w.generated(e), opts, proposals, policies, joined); err != nil {
				return err
			}
		}
		return nil
	}
}

// firstNew shows a gap that was not there before.
func firstNew(before, after []render.Gap) string {
	i := slices.IndexFunc(after, func(g render.Gap) bool { return !slices.Contains(before, g) })
	if i < 0 {
		return ""
	}
	return fmt.Sprintf("; %s: %s", after[i].Pos, after[i].Reason)
}

func writePlan(out io.Writer, plan *place.Plan, written bool) error {
	for _, ch := range plan.Changes {
		var err error
		if written {
			_, err = fmt.Fprintln(out, ch.Verb()+" "+ch.File)
		} else {
			_, err = out.Write(diff.Diff("a/"+ch.File, ch.Before, "b/"+ch.File, ch.After))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
