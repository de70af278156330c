package main

import (
	"bytes"
	"cmp"
	"embed"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/rules"
)

//go:embed newrule/*.tmpl
var newRuleTemplates embed.FS

func (c *command) rulesNew() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "new ID",
		Short: "Write the four files of a rule of your own",
		Long: `new writes a rule that works, its tests, manifests with the defect and without it, and
its page, to change them from there. The id names the defect in kebab-case.`,
		Example: "  ringfence rules new payments-open --rules policies/ringfence",
		Args:    one("the id of the rule"),
		RunE:    func(_ *cobra.Command, args []string) error { return c.newRule(args[0], dir) },
	}
	cmd.Flags().StringVar(&dir, "rules", "", "`DIR` to write to (default the first one under \"rules\" in the configuration)")
	return cmd
}

func (c *command) newRule(id, dir string) error {
	if !rules.IsID(id) {
		return usagef("%q is no id of a rule: name the defect in kebab-case, such as payments-open", id)
	}
	folder := dir
	if dir == "" {
		w, _, err := c.locate(&selection{}, nil)
		if err != nil {
			return err
		}
		defer w.close()
		if len(w.config.Rules) == 0 {
			return usagef("where to? name a folder with --rules, or under \"rules\" in %s", w.configFile)
		}
		dir = w.config.Rules[0]
		folder = filepath.Join(w.root, filepath.FromSlash(dir))
	}
	snake := strings.ReplaceAll(id, "-", "_")
	var files []newFile
	for name, from := range map[string]string{
		snake + ".rego": "rule.rego.tmpl", snake + "_test.rego": "rule_test.rego.tmpl", id + ".txtar": "example.txtar.tmpl", id + ".md": "page.md.tmpl",
	} {
		text, err := fill(from, struct{ ID, Package string }{id, snake})
		if err != nil {
			return err
		}
		files = append(files, newFile{name, text})
	}
	slices.SortFunc(files, func(a, b newFile) int { return cmp.Compare(a.name, b.name) })
	return c.create(folder, filepath.ToSlash(dir), files)
}

func fill(name string, data any) ([]byte, error) {
	t, err := template.ParseFS(newRuleTemplates, path.Join("newrule", name))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.Bytes(), err
}
