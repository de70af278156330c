package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/report"
)

type targetsFlags struct {
	renderFlags
	shards int
}

// mostShards is how many jobs a matrix of GitHub takes.
const mostShards = 256

func (c *command) targets() *cobra.Command {
	var flags targetsFlags
	cmd := &cobra.Command{
		Use:   "targets [PATH…]",
		Short: "List what would be rendered, in which environments, and why",
		Long: `targets lists what would be rendered, in which environments, and why. With --shards it
lists how the environments are split for "ringfence check --shard", leaving out parts
that hold none.`,
		Example: `  ringfence targets
  ringfence targets -o json clusters/
  ringfence targets --shards 4 -o json   for the matrix of a workflow`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.runTargets(cmd.Context(), &flags, args) },
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.StringVarP(&flags.format, "format", "o", "text", "`FORMAT`: text or json")
	f.StringVar(&flags.output, "output", "", "write to `FILE`")
	f.IntVar(&flags.shards, "shards", 0, "split the environments into `N` parts")
	return cmd
}

func (c *command) runTargets(ctx context.Context, flags *targetsFlags, paths []string) error {
	if flags.shards < 0 || flags.shards > mostShards {
		return usagef("--shards %d: want a number from 1 to %d", flags.shards, mostShards)
	}
	write := writeTargets
	switch flags.format {
	case "text":
	case "json":
		write = writeTargetsJSON
	default:
		return usagef("unknown format %q, use text or json", flags.format)
	}
	w, err := c.open(ctx, &flags.selection, paths)
	if err != nil {
		return err
	}
	defer w.close()
	err = c.writeTo(flags.output, func(out io.Writer) error {
		if flags.shards > 0 {
			return writeShards(out, shardsOf(w.environments, flags.shards), flags.format == "json")
		}
		return write(out, w.environments)
	})
	if err != nil {
		return err
	}
	c.exit = c.reportGaps(w, flags.allowGaps)
	return nil
}

func writeTargets(out io.Writer, environments []render.Environment) error {
	for i, e := range environments {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "%s\n", report.Printable(e.Name))
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, r := range e.Results {
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n",
				report.Printable(r.Name), r.Kind, counted(len(r.Objects)), completeness(r), why(r.Target))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func counted(objects int) string {
	if objects == 1 {
		return "1 object"
	}
	return fmt.Sprintf("%d objects", objects)
}

func completeness(r render.Result) string {
	if r.Complete() {
		return "complete"
	}
	return "incomplete"
}

// why says where a target's environment comes from.
func why(t render.Target) string {
	if t.Why == "" {
		return "an environment of its own"
	}
	return report.Printable(t.Why)
}

type targetItem struct {
	Environment string   `json:"environment"`
	Name        string   `json:"name"`
	Kind        string   `json:"kind"`
	Dir         string   `json:"dir"`
	Why         string   `json:"why"`
	Values      []string `json:"values"`
	Objects     int      `json:"objects"`
	Complete    bool     `json:"complete"`
}

func writeTargetsJSON(out io.Writer, environments []render.Environment) error {
	items := []targetItem{}
	for _, e := range environments {
		for _, r := range e.Results {
			item := targetItem{
				Environment: e.Name, Name: r.Name, Kind: string(r.Kind), Dir: r.Dir, Why: why(r.Target),
				Values: []string{}, Objects: len(r.Objects), Complete: r.Complete(),
			}
			for _, layer := range r.Values {
				item.Values = append(item.Values, layer.Name)
			}
			items = append(items, item)
		}
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(items)
}
