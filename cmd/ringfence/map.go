package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report/reach"
	"github.com/ringfence/ringfence/traffic"
)

type mapFlags struct {
	selection
	format, output string
	focus          string
	exposure       bool
	expand         bool
	needed         bool
	confidence     string
}

func (c *command) mapCommand() *cobra.Command {
	var flags mapFlags
	cmd := &cobra.Command{
		Use:   "map [PATH…]",
		Short: "Show who may connect to whom",
		Long: `map shows, for every environment, which connections its policies allow: peers that
are reached alike stand together. Pods that the repository does not declare and
addresses outside of the cluster are part of it. With --needed it shows who needs to
call whom instead, as far as manifests tell, with the lines that tell it.

text is for reading; json and jsonl for programs; dot, mermaid and svg draw one
environment. In a drawing, who may connect to an open workload is not drawn, and
neither is what a workload may call whose egress is not restricted.`,
		Example: `  ringfence map
  ringfence map --focus shop/cart
  ringfence map --exposure                    what the outside can reach
  ringfence map --needed                      who needs to call whom, and where it says so
  ringfence map -o svg --env prod --output map.svg
  ringfence map -o jsonl --expand             one line per ordered pair`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.runMap(cmd.Context(), &flags, args) },
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.StringVarP(&flags.format, "format", "o", "text", "`FORMAT`: text, json, jsonl, dot, mermaid or svg")
	f.StringVar(&flags.output, "output", "", "write to `FILE`")
	f.StringVar(&flags.focus, "focus", "", "only connections from and to `WORKLOAD`: namespace/name or namespace/Kind/name")
	f.BoolVar(&flags.exposure, "exposure", false, "only connections from outside of the repository, and what publishes workloads")
	f.BoolVar(&flags.needed, "needed", false, "who needs to call whom, with the evidence")
	f.StringVar(&flags.confidence, "confidence", "medium", "with --needed, the least `CONFIDENCE`: low, medium or high")
	f.BoolVar(&flags.expand, "expand", false, "with jsonl, a line for each ordered pair")
	return cmd
}

func (c *command) runMap(ctx context.Context, flags *mapFlags, paths []string) error {
	format, err := reach.ParseFormat(flags.format)
	if err != nil {
		return usageError{err}
	}
	if flags.expand && format != reach.JSONLines {
		return usagef("--expand goes with --format jsonl")
	}
	confidence, err := traffic.ParseConfidence(flags.confidence)
	if err != nil {
		return usageError{err}
	}
	if flags.needed && (flags.focus != "" || flags.exposure || flags.expand) {
		return usagef("--needed goes without --focus, --exposure and --expand")
	}
	w, err := c.open(ctx, &flags.selection, paths)
	if err != nil {
		return err
	}
	defer w.close()
	clusters := w.clusters()
	if flags.needed {
		return c.writeNeeded(w, flags, format, confidence, clusters)
	}
	maps, err := flags.maps(clusters)
	if err != nil {
		return err
	}
	if err := checkDrawing(format, len(maps), clusters); err != nil {
		return err
	}
	if err := c.writeTo(flags.output, func(out io.Writer) error { return reach.Write(out, format, maps, flags.expand) }); err != nil {
		return err
	}
	c.exit = c.reportGaps(w, flags.allowGaps)
	return nil
}

// checkDrawing refuses to draw several environments.
func checkDrawing(format reach.Format, maps int, clusters []builtEnvironment) error {
	if format.Drawing() && maps != 1 {
		return usagef("%s draws one environment; choose one with --env: %s", format, strings.Join(environmentNames(clusters), ", "))
	}
	return nil
}

func (c *command) writeNeeded(w *workspace, flags *mapFlags, format reach.Format, confidence traffic.Confidence, clusters []builtEnvironment) error {
	if err := checkDrawing(format, len(clusters), clusters); err != nil {
		return err
	}
	var all []*reach.Needed
	for _, e := range clusters {
		all = append(all, &reach.Needed{Environment: e.name, Calls: w.calls(e), Confidence: confidence, Gaps: e.gaps})
	}
	if err := c.writeTo(flags.output, func(out io.Writer) error { return reach.WriteNeeded(out, format, all) }); err != nil {
		return err
	}
	c.exit = c.reportGaps(w, flags.allowGaps)
	return nil
}

// calls infers who needs to call whom in an environment, with what the configuration
// tells.
func (w *workspace) calls(e builtEnvironment) *traffic.Graph {
	return traffic.Infer(e.cluster, e.objects, w.hints()...)
}

// hints are the calls that the configuration tells.
func (w *workspace) hints() []traffic.Hint {
	hints := make([]traffic.Hint, len(w.config.Traffic))
	for i, c := range w.config.Traffic {
		hints[i] = traffic.Hint{Pos: c.Pos, From: c.From, To: c.To, Reason: c.Reason}
	}
	return hints
}

// maps returns the maps that the flags ask for: with --focus, those of the
// environments that have the workload.
func (flags *mapFlags) maps(clusters []builtEnvironment) ([]*reach.Map, error) {
	var maps []*reach.Map
	names := namesIn(clusters)
	for _, e := range clusters {
		var focus []netpol.Peer
		if flags.focus != "" {
			if focus = names.resolve(e.cluster, flags.focus); focus == nil {
				continue
			}
			if focus[0].Workload() == nil {
				return nil, usagef("--focus %s: not a workload", flags.focus)
			}
		}
		m := reach.New(e.name, e.cluster, e.gaps)
		if focus != nil {
			m = m.On(focus[0].Workload())
		}
		if flags.exposure {
			m = m.Exposed()
		}
		maps = append(maps, m)
	}
	if len(maps) == 0 && flags.focus != "" {
		if err := names.err(); err != nil {
			return nil, usagef("--focus: %w", err)
		}
	}
	return maps, nil
}

// builtEnvironment is an environment with its cluster.
type builtEnvironment struct {
	name    string
	objects []*manifest.Object
	cluster *netpol.Cluster
	options netpol.Options // with which it was made
	gaps    int            // what could not be seen of it
}

func (b *builtEnvironment) count(gap manifest.Gap) {
	if !gap.Note {
		b.gaps++
	}
}

// clusters builds the cluster of each environment. What the API server would
// reject joins the gaps.
func (w *workspace) clusters() []builtEnvironment { return w.clustersWithout(nil) }

// clustersWithout builds the clusters without some objects.
func (w *workspace) clustersWithout(left func(*manifest.Object) bool) []builtEnvironment {
	var built []builtEnvironment
	for _, e := range w.analyzed() {
		if left != nil {
			e.Objects = slices.DeleteFunc(slices.Clone(e.Objects), left)
		}
		opts := netpol.Options{NamespaceLabels: e.NamespaceLabels}
		cluster, gaps := netpol.New(e.Objects, opts)
		b := builtEnvironment{name: e.Name, objects: e.Objects, cluster: cluster, options: opts}
		for _, gap := range e.Gaps {
			b.count(gap.Gap)
		}
		for _, gap := range gaps {
			b.count(gap)
		}
		w.gaps = append(w.gaps, gaps...)
		built = append(built, b)
	}
	return built
}

func environmentNames(clusters []builtEnvironment) []string {
	names := make([]string, len(clusters))
	for i, e := range clusters {
		names[i] = e.name
	}
	return names
}
