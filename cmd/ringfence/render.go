package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/report"
)

type renderFlags struct {
	selection
	format, output string
}

func (c *command) render() *cobra.Command {
	var flags renderFlags
	cmd := &cobra.Command{
		Use:   "render [PATH…]",
		Short: "Print the objects that GitOps would apply, with their origins",
		Long: `render prints the objects of every target below each PATH. Where PATH is itself
the root of a target, it prints exactly that one, also when another includes it.
Gaps go to standard error.`,
		Example: `  ringfence render overlays/prod
  ringfence render --release shop --namespace shop charts/shop
  ringfence render -o json .`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.runRender(cmd.Context(), &flags, args) },
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.StringVarP(&flags.format, "format", "o", "yaml", "`FORMAT`: yaml or json")
	f.StringVar(&flags.output, "output", "", "write to `FILE`")
	return cmd
}

func (c *command) runRender(ctx context.Context, flags *renderFlags, paths []string) error {
	write := writeYAML
	switch flags.format {
	case "yaml":
	case "json":
		write = writeJSON
	default:
		return usagef("unknown format %q, use yaml or json", flags.format)
	}
	flags.exact = true
	w, err := c.open(ctx, &flags.selection, paths)
	if err != nil {
		return err
	}
	defer w.close()
	if err := c.writeTo(flags.output, func(out io.Writer) error { return write(out, w.selected()) }); err != nil {
		return err
	}
	c.exit = c.reportGaps(w, flags.allowGaps)
	return nil
}

// selected returns the objects of the environments that --env left.
func (w *workspace) selected() []*manifest.Object {
	seen := make(map[string]bool)
	var objects []*manifest.Object
	for _, e := range w.environments {
		for _, r := range e.Results {
			if !seen[r.Name] {
				seen[r.Name] = true
				objects = append(objects, r.Objects...)
			}
		}
	}
	return objects
}

// reportGaps prints the gaps of the environments that --env left, each once, to
// standard error and returns the exit code.
func (c *command) reportGaps(w *workspace, allowGaps bool) int {
	code := exitClean
	seen := make(map[manifest.Gap]bool)
	for _, gap := range w.allGaps() {
		if seen[gap] {
			continue
		}
		seen[gap] = true
		fmt.Fprintln(c.stderr, report.GapLine(gap))
		if !gap.Note && !allowGaps && w.accepted(gap) == "" {
			code = exitIncomplete
		}
	}
	return code
}

// allGaps lists those of the search and of all targets.
func (w *workspace) allGaps() []render.Gap {
	gaps := slices.Clone(w.gaps)
	for _, e := range w.environments {
		for _, r := range e.Results {
			gaps = append(gaps, r.Gaps...)
		}
	}
	return gaps
}

func writeYAML(out io.Writer, objects []*manifest.Object) error {
	for _, o := range objects {
		data, err := yaml.Marshal(o.Data)
		if err != nil {
			return fmt.Errorf("%s: %w", o.Ref, err)
		}
		if _, err := fmt.Fprintf(out, "---\n# %s\n%s", report.Printable(o.Pos.String()), data); err != nil {
			return err
		}
	}
	return nil
}

// renderedObject is one item of the JSON output.
type renderedObject struct {
	Origin renderedOrigin `json:"origin"`
	Object map[string]any `json:"object"`
}

type renderedOrigin struct {
	File   string        `json:"file"`
	Line   int           `json:"line"`
	Column int           `json:"column"`
	Exact  bool          `json:"exact"`
	Via    []renderedPos `json:"via"`
}

type renderedPos struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

func writeJSON(out io.Writer, objects []*manifest.Object) error {
	list := make([]renderedObject, 0, len(objects))
	for _, o := range objects {
		origin := renderedOrigin{File: o.File, Line: o.Line, Column: o.Column, Exact: o.Exact, Via: []renderedPos{}}
		for _, pos := range o.Via {
			origin.Via = append(origin.Via, renderedPos{File: pos.File, Line: pos.Line})
		}
		list = append(list, renderedObject{Origin: origin, Object: o.Data})
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(list)
}
