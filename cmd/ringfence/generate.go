package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/generate"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

type generateFlags struct {
	selection
	output      string
	defaultDeny string
	direction   string
	partial     string
	format      string
	confidence  string
	openBlocked bool
	workloads   []string
	write       bool
	check       bool
}

func (c *command) generate() *cobra.Command {
	var flags generateFlags
	cmd := &cobra.Command{
		Use:   "generate [PATH…]",
		Short: "Propose the policies that allow just the calls that workloads need",
		Long: `generate infers who needs to call whom, and prints for each workload a policy that
allows just that, each rule with its evidence, and a default deny for namespaces
that the environment owns; allows come before denies. Directions that existing
policies isolate are left alone. What is not known is left open and said, unless
--partial deny is given.

Before anything is printed or written, the proposals are proved: the environment is
built again with them, every need is allowed, nothing that was closed opens, and no
rule could be left out.

With --write the policies of all environments go into the repository, beside the
manifests of their workloads: into a base where all overlays need the same, else into
the overlays; into a chart as a template. Only generated files are ever replaced.
Policies that were generated before are made anew and count as absent.`,
		Example: `  ringfence generate --env prod
  ringfence generate --target overlays/prod | kubectl apply --dry-run=server -f -
  ringfence generate --write                  put the policies where GitOps picks them up
  ringfence generate --check                  fail when these are not up to date`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.runGenerate(cmd.Context(), &flags, args) },
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.StringVar(&flags.output, "output", "", "write to `FILE`")
	f.StringVar(&flags.defaultDeny, "default-deny", "auto", "`WHICH` namespaces get one: auto, always or never")
	f.StringVar(&flags.direction, "direction", "both", "`WHAT` to isolate: ingress, egress or both")
	f.StringVar(&flags.partial, "partial", "open", "`WHAT` becomes of a direction of which not everything is known: open or deny")
	f.StringVar(&flags.confidence, "confidence", "low", "the least `CONFIDENCE` of calls that get rules: low, medium or high")
	f.BoolVar(&flags.openBlocked, "open-blocked", false, "allow also what is needed and existing policies block by isolating")
	f.StringVar(&flags.format, "policy-format", "networkpolicy", "`KIND` of the policies: networkpolicy or cilium")
	f.StringArrayVar(&flags.workloads, "workload", nil, "only for `WORKLOAD` (repeatable)")
	f.BoolVar(&flags.write, "write", false, "write the policies of all environments into the repository")
	f.BoolVar(&flags.check, "check", false, "show what --write would change; exit with 1 if that is anything")
	return cmd
}

func (flags *generateFlags) options() (generate.Options, error) {
	opts := generate.Options{
		Format: generate.Format(flags.format), DefaultDeny: generate.DefaultDeny(flags.defaultDeny), PartialDeny: flags.partial == "deny",
		OpenBlocked: flags.openBlocked,
	}
	var err error
	if opts.Confidence, err = traffic.ParseConfidence(flags.confidence); err != nil {
		return opts, usagef("--confidence: %w", err)
	}
	if !slices.Contains([]generate.DefaultDeny{generate.DenyAuto, generate.DenyAlways, generate.DenyNever}, opts.DefaultDeny) {
		return opts, usagef("unknown value %q for --default-deny, use auto, always or never", flags.defaultDeny)
	}
	switch flags.direction {
	case "ingress":
		opts.Directions = []netpol.Direction{netpol.Ingress}
	case "egress":
		opts.Directions = []netpol.Direction{netpol.Egress}
	case "both":
	default:
		return opts, usagef("unknown value %q for --direction, use ingress, egress or both", flags.direction)
	}
	if opts.Format != generate.NetworkPolicy && opts.Format != generate.Cilium {
		return opts, usagef("unknown value %q for --policy-format, use networkpolicy or cilium", flags.format)
	}
	if flags.partial != "open" && flags.partial != "deny" {
		return opts, usagef("unknown value %q for --partial, use open or deny", flags.partial)
	}
	return opts, nil
}

func (c *command) runGenerate(ctx context.Context, flags *generateFlags, paths []string) error {
	opts, err := flags.options()
	if err != nil {
		return err
	}
	if flags.write || flags.check {
		return c.place(ctx, flags, opts, paths)
	}
	w, err := c.open(ctx, &flags.selection, paths)
	if err != nil {
		return err
	}
	defer w.close()
	clusters := w.clustersWithout(generate.IsGenerated)
	if len(clusters) != 1 {
		return usagef("policies are for one environment; choose one with --env: %s", strings.Join(environmentNames(clusters), ", "))
	}
	e := clusters[0]
	if opts.Wanted, err = flags.wanted(e); err != nil {
		return err
	}
	result, err := generate.Propose(w.generated(e), opts)
	if err != nil {
		return err
	}
	if err := c.writeTo(flags.output, func(out io.Writer) error { return writeProposals(out, result) }); err != nil {
		return err
	}
	var remarks []environmentRemark
	for _, r := range result.Remarks {
		remarks = append(remarks, environmentRemark{"", r})
	}
	c.printRemarks(remarks)
	c.exit = c.reportGaps(w, flags.allowGaps)
	return nil
}

// generated is an environment as generate takes it.
func (w *workspace) generated(e builtEnvironment) generate.Environment {
	return generate.Environment{
		Name: e.name, Objects: e.objects, Cluster: e.cluster, Options: e.options, Calls: w.calls(e), Known: w.config.Cluster, Gaps: e.gaps,
	}
}

// wanted resolves the names of --workload.
func (flags *generateFlags) wanted(e builtEnvironment) (func(*netpol.Workload) bool, error) {
	if len(flags.workloads) == 0 {
		return nil, nil
	}
	var wanted []*netpol.Workload
	for _, name := range flags.workloads {
		search := namesIn([]builtEnvironment{e})
		peers := search.resolve(e.cluster, name)
		if len(peers) != 1 || peers[0].Workload() == nil {
			if err := search.err(); err != nil {
				return nil, usagef("--workload: %w", err)
			}
			return nil, usagef("--workload %s: not a workload", name)
		}
		wanted = append(wanted, peers[0].Workload())
	}
	return func(w *netpol.Workload) bool { return slices.Contains(wanted, w) }, nil
}

func writeProposals(out io.Writer, result *generate.Result) error {
	for _, p := range result.Proposals {
		if _, err := io.WriteString(out, "---\n"+p.Text); err != nil {
			return err
		}
	}
	return nil
}
