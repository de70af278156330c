package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/spf13/cobra"
)

// workflowFile is where GitHub looks for the workflow.
const workflowFile = ".github/workflows/ringfence.yaml"

var (
	//go:embed init/ringfence.yaml.tmpl
	configTemplate string
	//go:embed init/workflow.yaml
	workflow []byte
)

func (c *command) init() *cobra.Command {
	return &cobra.Command{
		Use:   "init [PATH]",
		Short: "Write a configuration from what is found, and a workflow",
		Long: `init renders the repository around PATH (default the working directory) and writes,
into its root, ` + config.FileName + ` with what was found and what could be said, and
` + workflowFile + `, which checks every change on GitHub.

A file that exists is never overwritten: then nothing is written at all.`,
		Example: "  ringfence init",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.runInit(cmd.Context(), args) },
	}
}

func (c *command) runInit(ctx context.Context, paths []string) error {
	w, err := c.open(ctx, &selection{}, paths)
	if err != nil {
		return err
	}
	defer w.close()
	configuration, err := w.initial()
	if err != nil {
		return err
	}
	return c.create(w.root, ".", []newFile{{config.FileName, configuration}, {workflowFile, workflow}})
}

// newFile is a file to write, named from a folder with slashes.
type newFile struct {
	name string
	data []byte
}

// create writes files into a folder, not out of it by a link, and says which; shown is the
// folder as the user knows it. Where one exists, nothing is written.
func (c *command) create(folder, shown string, files []newFile) error {
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(folder, filepath.FromSlash(f.name))); !errors.Is(err, fs.ErrNotExist) {
			return usagef("%s exists already; nothing was written", path.Join(shown, f.name))
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return usagef("write %s: %w", shown, err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return usagef("write %s: %w", shown, err)
	}
	defer root.Close()
	for _, f := range files {
		name := filepath.FromSlash(f.name)
		err := root.MkdirAll(filepath.Dir(name), 0o755)
		if err == nil {
			err = root.WriteFile(name, f.data, 0o644)
		}
		if err != nil {
			return usagef("write %s: %w", path.Join(shown, f.name), err)
		}
		fmt.Fprintf(c.stdout, "wrote %s\n", path.Join(shown, f.name))
	}
	return nil
}

// initialEnvironment is an environment as it was found.
type initialEnvironment struct {
	Name    string
	Why     string
	Targets []string
	More    int // targets that are not shown
}

// initialGap stands for the gaps of one code.
type initialGap struct {
	Code  manifest.Code
	Path  string // of the first
	Times int
}

// initial is a configuration that says nothing but shows what could be said, with the
// names that were found.
func (w *workspace) initial() ([]byte, error) {
	data := struct {
		Environments []initialEnvironment
		More         int // environments that are not shown
		Undeclared   []string
		Gaps         []initialGap
	}{Environments: w.initialEnvironments(), Undeclared: w.undeclared(), Gaps: w.initialGaps()}
	if n := len(data.Environments) - mostEnvironments; n > 0 {
		data.Environments, data.More = data.Environments[:mostEnvironments], n
	}
	t, err := template.New("configuration").Funcs(template.FuncMap{"yaml": scalar}).Parse(configTemplate)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

// plainName is what every parser of YAML reads as a string without quotes, but for the
// words that some take for something else.
var (
	plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]*$`)
	otherWord = regexp.MustCompile(`^(?i:true|false|null|yes|no|on|off|y|n)$`)
)

// scalar writes a name as YAML reads it back, on one line.
func scalar(name string) (string, error) {
	if plainName.MatchString(name) && !otherWord.MatchString(name) {
		return name, nil
	}
	quoted, err := json.Marshal(name) // JSON is YAML
	return string(quoted), err
}

// How much of what was found the configuration shows; "ringfence targets" shows all.
const (
	mostEnvironments = 20
	mostTargets      = 10
)

func (w *workspace) initialEnvironments() []initialEnvironment {
	var found []initialEnvironment
	for _, e := range w.environments {
		environment := initialEnvironment{Name: e.Name, Why: why(e.Results[0].Target)}
		for _, r := range e.Results {
			if !slices.Contains(environment.Targets, r.Dir) {
				environment.Targets = append(environment.Targets, r.Dir)
			}
		}
		if n := len(environment.Targets) - mostTargets; n > 0 {
			environment.Targets, environment.More = environment.Targets[:mostTargets], n
		}
		found = append(found, environment)
	}
	return found
}

// undeclared lists the namespaces that objects are in and no object declares.
func (w *workspace) undeclared() []string {
	used, declared := map[string]bool{}, map[string]bool{}
	for _, e := range w.environments {
		for _, o := range e.Objects() {
			switch {
			case o.Kind == "Namespace" && o.Group == "":
				declared[o.Name] = true
			case !manifest.IsPrivate(o.Namespace):
				used[o.Namespace] = true
			}
		}
	}
	var names []string
	for name := range used {
		if !declared[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (w *workspace) initialGaps() []initialGap {
	var gaps []initialGap
	count := func(g manifest.Gap) {
		i := slices.IndexFunc(gaps, func(known initialGap) bool { return known.Code == g.Code })
		switch {
		case g.Note || g.File == "":
		case i < 0:
			gaps = append(gaps, initialGap{Code: g.Code, Path: g.File, Times: 1})
		default:
			gaps[i].Times++
		}
	}
	for _, g := range w.gaps {
		count(g)
	}
	for _, r := range w.results {
		for _, g := range r.Gaps {
			count(g)
		}
	}
	return gaps
}
