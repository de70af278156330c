package main

import (
	"context"
	"fmt"
	"io"
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
	format     string
	output     string
	failOn     string
	persona    string
	rules      []string
	category   string
	suppressed bool
	baseline   baselineFlags
	github     bool
	gate       string
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
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.github {
				return c.runGitHub(cmd.Context(), &flags, args)
			}
			return c.runCheck(cmd.Context(), &flags, args)
		},
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.StringVarP(&flags.format, "format", "o", "text", "`FORMAT` of the report: text, json, sarif, markdown, gitlab or junit")
	f.StringVar(&flags.output, "output", "", "write the report to `FILE`")
	f.StringVar(&flags.failOn, "fail-on", "", "exit 1 at findings of this `SEVERITY` or above: high, medium, low, note, none (default medium)")
	f.StringVar(&flags.persona, "persona", string(rules.Regular), "for `WHOM` rules are: regular or auditor")
	f.StringArrayVar(&flags.rules, "rules", nil, "`DIR` with rules of your own (repeatable)")
	f.BoolVar(&flags.suppressed, "show-suppressed", false, "show suppressed findings too")
	flags.baseline.register(cmd)
	f.BoolVar(&flags.github, "github", false, "do the whole job of the GitHub Action, as GITHUB_… say; --output is the SARIF file")
	f.StringVar(&flags.gate, "gate", gateNew, "with --github, in a pull request: "+gateUsage)
	f.StringVar(&flags.shard, "shard", "", "check one `PART` of the environments, such as 2/3")
	f.StringVar(&flags.category, "category", "", "`NAME` of the analysis in SARIF, where one commit has several")
	return cmd
}

func (c *command) runCheck(ctx context.Context, flags *checkFlags, paths []string) error {
	format, persona, err := flags.parse()
	if err != nil {
		return err
	}
	baseline, err := flags.baseline.read(&flags.selection, paths)
	if err != nil {
		return err
	}
	checked, err := c.analyze(ctx, flags, persona, paths)
	if err != nil {
		return err
	}
	defer checked.close()
	if err := c.applyBaseline(flags, baseline, checked.Report, paths); err != nil {
		return err
	}
	err = c.writeTo(flags.output, func(out io.Writer) error {
		return report.Write(out, format, checked.Report, report.Options{
			Colour:     flags.output == "" && isTerminal(c.stdout) && c.environ("NO_COLOR") == "",
			Source:     checked.tree,
			Version:    toolVersion(),
			Category:   flags.category,
			Rules:      checked.set.Rules(),
			Suppressed: flags.suppressed,
		})
	})
	if err != nil {
		return err
	}
	c.exit = exitCode(checked.Report, checked.failOn, flags.allowGaps)
	return nil
}

// analysis is a workspace with what was found in it.
type analysis struct {
	*workspace
	*analyzer.Report
	set    *rules.Set
	failOn int
}

// analyze renders and analyzes what flags and paths select. The caller closes it.
func (c *command) analyze(ctx context.Context, flags *checkFlags, persona rules.Persona, paths []string) (a *analysis, err error) {
	w, err := c.open(ctx, &flags.selection, paths)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	a = &analysis{workspace: w}
	if a.failOn, err = parseFailOn(flags.failOn, w.config.FailOn); err != nil {
		return nil, err
	}
	if a.set, err = w.rules(ctx, flags.rules); err != nil {
		return nil, err
	}
	if a.Report, err = analyzer.Analyze(ctx, w.analyzed(), w.analysis(flags, a.set, persona, paths)); err != nil {
		return nil, ownRuleError(a.set, err)
	}
	a.Targets = len(w.results)
	return a, nil
}

// analysis says how to analyze what was rendered.
func (w *workspace) analysis(flags *checkFlags, set *rules.Set, persona rules.Persona, paths []string) analyzer.Options {
	return analyzer.Options{
		Rules: set, Persona: persona, Gaps: w.foundGaps(), Accept: w.accepted,
		Severities: w.config.Severities, Ignores: w.config.Ignores, Comments: w.comments(),
		Today: time.Now(), Partial: flags.partial(paths),
	}
}

func (flags *checkFlags) parse() (report.Format, rules.Persona, error) {
	format, err := report.ParseFormat(flags.format)
	if err != nil {
		return format, "", usageError{err}
	}
	persona, err := parsePersona(flags.persona)
	return format, persona, err
}

func parsePersona(name string) (rules.Persona, error) {
	persona := rules.Persona(name)
	if persona != rules.Regular && persona != rules.Auditor {
		return "", usagef("unknown persona %q, use regular or auditor", name)
	}
	return persona, nil
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

// fails tells whether a severity is among the worst ones that fail a check.
func fails(severity rules.Severity, failOn int) bool {
	i := slices.Index(severities, string(severity))
	return i > 0 && i <= failOn
}

// foundGaps are the gaps met while searching for targets, and a remark for each entry
// of the configuration that accepts no gap any more.
func (w *workspace) foundGaps() []analyzer.Gap {
	var gaps []analyzer.Gap
	for _, gap := range w.gaps {
		gaps = append(gaps, analyzer.Gap{Gap: gap})
	}
	for _, entry := range w.config.Gaps {
		if entry.Expired(time.Now()) {
			gaps = append(gaps, analyzer.Gap{Gap: manifest.Gap{
				Pos: entry.Pos, Code: manifest.ExpiredSuppression, Note: true,
				Reason: fmt.Sprintf("this accepts no gap any more: it ended on %s (%s)", entry.Expiry.Format(time.DateOnly), entry.Reason),
			}})
		}
	}
	return gaps
}

// exitCode weighs findings and gaps; findings win.
func exitCode(r *analyzer.Report, failOn int, allowGaps bool) int {
	for _, finding := range r.Findings {
		if fails(finding.Severity, failOn) {
			return exitFindings
		}
	}
	if !complete(r, allowGaps) {
		return exitIncomplete
	}
	return exitClean
}

// complete tells whether everything was seen but what the user accepts not to see.
func complete(r *analyzer.Report, allowGaps bool) bool {
	return allowGaps || !slices.ContainsFunc(r.Gaps, func(g analyzer.Gap) bool { return !g.Note && g.Accepted == "" })
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
