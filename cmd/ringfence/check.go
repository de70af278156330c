package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/rules"
)

type checkFlags struct {
	selection
	format   string
	output   string
	failOn   string
	persona  string
	rules    []string
	category string
}

func (c *command) check() *cobra.Command {
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "Report what network policies leave open or get wrong",
		Long: `check renders every target below each PATH (default the working directory; "-"
reads rendered YAML from standard input), groups targets into environments, and
reports defects at the line that you can edit.`,
		Example: `  ringfence check
  ringfence check --target apps/shop/overlays/prod --fail-on high
  ringfence check --format sarif --output ringfence.sarif
  helm template shop ./chart | ringfence check -`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.runCheck(cmd.Context(), &flags, args) },
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.StringVarP(&flags.format, "format", "o", "text", "`FORMAT` of the report: text, json or sarif")
	f.StringVar(&flags.output, "output", "", "write the report to `FILE`")
	f.StringVar(&flags.failOn, "fail-on", "", "exit 1 at findings of this `SEVERITY` or above: high, medium, low, note, none (default medium)")
	f.StringVar(&flags.persona, "persona", string(rules.Regular), "whose rules to apply: regular or auditor")
	f.StringArrayVar(&flags.rules, "rules", nil, "`DIR` with rules of your own (repeatable)")
	f.StringVar(&flags.category, "category", "", "`NAME` of the analysis in SARIF, where one commit has several")
	return cmd
}

func (c *command) runCheck(ctx context.Context, flags *checkFlags, paths []string) error {
	format, persona, err := flags.parse()
	if err != nil {
		return err
	}
	set, err := loadRules(ctx, flags.rules)
	if err != nil {
		return err
	}
	w, err := c.open(ctx, &flags.selection, paths)
	if err != nil {
		return err
	}
	defer w.close()
	failOn, err := parseFailOn(flags.failOn, w.config.FailOn)
	if err != nil {
		return err
	}
	result, err := analyzer.Analyze(ctx, w.analyzed(), analyzer.Options{Rules: set, Persona: persona, Gaps: w.foundGaps(), Accept: w.accepted})
	if err != nil {
		return err
	}
	result.Targets = len(w.results)
	err = c.writeTo(flags.output, func(out io.Writer) error {
		return report.Write(out, format, result, report.Options{
			Colour:   flags.output == "" && isTerminal(c.stdout) && c.environ("NO_COLOR") == "",
			Line:     w.line,
			Version:  toolVersion(),
			Category: flags.category,
			Rules:    set.Rules(),
		})
	})
	if err != nil {
		return err
	}
	c.exit = w.exitCode(result, failOn, flags.allowGaps)
	return nil
}

func (flags *checkFlags) parse() (report.Format, rules.Persona, error) {
	format, err := report.ParseFormat(flags.format)
	if err != nil {
		return format, "", usageError{err}
	}
	persona := rules.Persona(flags.persona)
	if persona != rules.Regular && persona != rules.Auditor {
		return format, "", usagef("unknown persona %q, use regular or auditor", flags.persona)
	}
	return format, persona, nil
}

// severities orders --fail-on from the least strict to the strictest value.
var severities = []string{"none", "high", "medium", "low", "note"}

// parseFailOn returns how many of the worst severities fail a check.
func parseFailOn(flag, configured string) (int, error) {
	value := "medium"
	switch {
	case flag != "":
		value = flag
	case configured != "":
		value = configured
	}
	i := slices.Index(severities, value)
	if i < 0 {
		return 0, usagef("unknown severity %q for --fail-on, use high, medium, low, note or none", value)
	}
	return i, nil
}

func loadRules(ctx context.Context, dirs []string) (*rules.Set, error) {
	var own []fs.FS
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, usagef("--rules %s: no such folder", dir)
		}
		own = append(own, os.DirFS(dir))
	}
	set, err := rules.Load(ctx, own...)
	if err != nil && len(own) > 0 {
		return nil, usageError{err}
	}
	return set, err
}

// foundGaps are the gaps met while searching for targets.
func (w *workspace) foundGaps() []analyzer.Gap {
	var gaps []analyzer.Gap
	for _, gap := range w.gaps {
		gaps = append(gaps, analyzer.Gap{Gap: gap})
	}
	return gaps
}

// exitCode weighs findings and gaps; findings win.
func (w *workspace) exitCode(r *analyzer.Report, failOn int, allowGaps bool) int {
	for _, finding := range r.Findings {
		if i := slices.Index(severities, string(finding.Severity)); i > 0 && i <= failOn {
			return exitFindings
		}
	}
	for _, gap := range r.Gaps {
		if !gap.Note && !allowGaps && gap.Accepted == "" {
			return exitIncomplete
		}
	}
	return exitClean
}

// accepted is why the configuration accepts a gap today, empty where it does not.
func (w *workspace) accepted(gap manifest.Gap) string {
	now := time.Now()
	for _, entry := range w.config.Gaps {
		if entry.Accepts(gap) && !entry.Expired(now) {
			return entry.Reason
		}
	}
	return ""
}

// line returns a line of a file of the repository, empty where there is none.
func (w *workspace) line(file string, line int) string {
	data, err := w.tree.ReadFile(file)
	if err != nil {
		return ""
	}
	for ; line > 1; line-- {
		_, rest, found := bytes.Cut(data, []byte("\n"))
		if !found {
			return ""
		}
		data = rest
	}
	text, _, _ := bytes.Cut(data, []byte("\n"))
	return string(bytes.TrimRight(text, "\r"))
}
