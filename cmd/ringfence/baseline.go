package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/analyzer"
)

type baselineFlags struct {
	file, write string
	prune       bool
}

func (b *baselineFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&b.file, "baseline", "", "report only what is not in this `FILE`, which --write-baseline wrote")
	f.StringVar(&b.write, "write-baseline", "", "write what is found to `FILE`, so that later only new findings count")
	f.BoolVar(&b.prune, "prune-baseline", false, "take what is fixed out of the --baseline")
}

// read returns the baseline that the flags name, nil where they name none.
func (b *baselineFlags) read(s *selection, paths []string) (*analyzer.Baseline, error) {
	switch {
	case b.write != "" && b.file != "":
		return nil, usagef("--write-baseline makes a new baseline, it goes without --baseline")
	case b.prune && b.file == "":
		return nil, usagef("--prune-baseline needs --baseline")
	case b.prune && s.partial(paths):
		return nil, usagef("--prune-baseline needs the whole repository: what is not checked would count as fixed")
	case b.file == "":
		return nil, nil
	}
	data, err := os.ReadFile(b.file)
	if err != nil {
		return nil, usagef("read the baseline: %w", err)
	}
	baseline, err := analyzer.ReadBaseline(data, b.file)
	if err != nil {
		return nil, usageError{err}
	}
	return baseline, nil
}

// partial tells whether only a part of the repository was asked for.
func (s *selection) partial(paths []string) bool {
	return len(s.targets)+len(s.environment) > 0 || s.shard != "" || slices.ContainsFunc(paths, func(p string) bool { return p != "." })
}

// applyBaseline takes the findings of the baseline out of the report, and writes the
// baseline where the flags ask for it.
func (c *command) applyBaseline(flags *checkFlags, baseline *analyzer.Baseline, result *analyzer.Report, paths []string) error {
	b := flags.baseline
	if b.write != "" {
		baseline = result.Baseline()
		if err := c.writeTo(b.write, func(w io.Writer) error { return baseline.Write(w) }); err != nil {
			return err
		}
	}
	if baseline == nil {
		return nil
	}
	seen := analyzer.Whole
	switch {
	case flags.partial(paths):
		seen = analyzer.Part
	case !complete(result, flags.allowGaps):
		seen = analyzer.Incomplete
	}
	result.Except(baseline, seen)
	switch {
	case !b.prune:
		return nil
	case seen != analyzer.Whole:
		fmt.Fprintln(c.stderr, "ringfence: the baseline is left as it is: part of the repository could not be seen")
		return nil
	}
	return c.writeTo(b.file, func(w io.Writer) error { return baseline.Without(result.Fixed).Write(w) })
}
