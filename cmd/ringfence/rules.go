package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/rules"
)

func (c *command) rules() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, explain, write and test rules",
		Example: `  ringfence rules list
  ringfence rules show unprotected-workload
  ringfence rules test ./rules`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.rulesList(), c.rulesShow(), c.rulesNew(), c.rulesTest(), c.rulesSchema())
	return cmd
}

func (c *command) rulesList() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Print the catalogue",
		Example: "  ringfence rules list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := rules.Load(cmd.Context())
			if err != nil {
				return err
			}
			switch format {
			case "text":
				return c.listText(set.Rules())
			case "json":
				return c.listJSON(set.Rules())
			default:
				return usagef("unknown format %q, use text or json", format)
			}
		},
	}
	cmd.Flags().StringVarP(&format, "format", "o", "text", "`FORMAT`: text or json")
	return cmd
}

func (c *command) listText(list []*rules.Rule) error {
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RULE\tSEVERITY\tPERSONA\tTITLE")
	for _, r := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.ID, r.Severity, r.Persona, r.Title)
	}
	return table.Flush()
}

type ruleItem struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Severity    string `json:"severity"`
	Confidence  string `json:"confidence"`
	Persona     string `json:"persona"`
	Since       string `json:"since"`
	Description string `json:"description"`
	Remedy      string `json:"remedy"`
}

func (c *command) listJSON(list []*rules.Rule) error {
	items := make([]ruleItem, 0, len(list))
	for _, r := range list {
		items = append(items, ruleItem{
			ID: r.ID, Title: r.Title, Severity: string(r.Severity), Confidence: string(r.Confidence),
			Persona: string(r.Persona), Since: r.Since, Description: r.Description, Remedy: r.Remedy,
		})
	}
	encoder := json.NewEncoder(c.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(items)
}

func (c *command) rulesShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Explain a rule: what it sees, why it matters, what to do",
		Example: "  ringfence rules show split-peer",
		Args:    one("the id of a rule; \"ringfence rules list\" shows all"),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := rules.Load(cmd.Context())
			if err != nil {
				return err
			}
			rule := set.Rule(args[0])
			if rule == nil {
				return usagef("no rule %q; \"ringfence rules list\" shows all", args[0])
			}
			_, err = fmt.Fprint(c.stdout, rules.Page(rule))
			return err
		},
	}
}

// one wants exactly one argument, and says which.
func one(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("want one argument, %s", what)
		}
		return nil
	}
}

func (c *command) rulesTest() *cobra.Command {
	return &cobra.Command{
		Use:     "test DIR",
		Short:   "Compile the rules in a folder, run their _test.rego files and check their .txtar examples",
		Example: "  ringfence rules test ./rules",
		Args:    one("the folder of the rules"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.testRules(cmd.Context(), args[0]) },
	}
}

func (c *command) rulesSchema() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of what rules read",
		Example: "  ringfence rules schema",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.stdout.Write(rules.Schema())
			return err
		},
	}
}

func (c *command) testRules(ctx context.Context, dir string) error {
	set, err := loadRules(ctx, []string{dir})
	if err != nil {
		return err
	}
	results, err := set.Test(ctx)
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range results {
		if r.Failure != "" {
			failed++
			fmt.Fprintf(c.stdout, "%s:%d: %s: %s\n", r.File, r.Line, r.Name, r.Failure)
		}
	}
	fmt.Fprintf(c.stdout, "%d passed, %d failed\n", len(results)-failed, failed)
	examples, problems, err := testExamples(ctx, set, dir)
	if err != nil {
		return err
	}
	for _, problem := range problems {
		failed++
		fmt.Fprintln(c.stdout, report.Printable(problem))
	}
	if examples > 0 {
		fmt.Fprintf(c.stdout, "%s, %s\n", report.Counted(examples, "example", "examples"), report.Counted(len(problems), "difference", "differences"))
	}
	if failed > 0 {
		c.exit = exitFindings
	}
	return nil
}
