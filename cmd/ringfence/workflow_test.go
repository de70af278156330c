package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// documentedWorkflow is a workflow, or what another CI system reads, as far as it is checked.
type documentedWorkflow struct {
	On          any
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Steps       []actionStep
	}
}

// workflows are those that init writes and the documentation shows, by a name.
func workflows(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"init": string(workflow)}
	for _, file := range []string{"github-action.md", "ci.md"} {
		for i, block := range blocks(t, filepath.Join("..", "..", "docs", file), "yaml") {
			if strings.HasPrefix(block, "# .github/workflows/") {
				all[fmt.Sprintf("%s-%d", file, i)] = block
			}
		}
	}
	return all
}

// TestWorkflows: workflows give the action inputs that it has and read outputs that it has,
// hand expressions to scripts only as variables, and give tokens no more than is said why.
func TestWorkflows(t *testing.T) {
	action := readAction(t)
	shown := workflows(t)
	if len(shown) < 6 {
		t.Fatalf("only %d workflows", len(shown))
	}
	for name, text := range shown {
		var w documentedWorkflow
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if w.On == nil || w.Permissions == nil || len(w.Jobs) == 0 {
			t.Errorf("%s: no events, permissions or jobs", name)
		}
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				checkWorkflowStep(t, name, action, step)
			}
		}
		for _, output := range regexp.MustCompile(`steps\.ringfence\.outputs\.([a-z-]+)`).FindAllStringSubmatch(text, -1) {
			if _, known := action.Outputs[output[1]]; !known {
				t.Errorf("%s: there is no output %q", name, output[1])
			}
		}
	}
	actionlint(t, shown)
}

func checkWorkflowStep(t *testing.T, name string, action *actionFile, step actionStep) {
	t.Helper()
	if strings.Contains(step.Run, "${{") {
		t.Errorf("%s: an expression in a script: %s", name, step.Run)
	}
	if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != "false" {
		t.Errorf("%s: credentials are left in the checkout", name)
	}
	if !strings.HasPrefix(step.Uses, "ringfence/ringfence@") {
		return
	}
	for input := range step.With {
		if _, known := action.Inputs[input]; !known {
			t.Errorf("%s: there is no input %q", name, input)
		}
	}
}

// actionlint checks workflows with the program that ACTIONLINT names, where it does.
func actionlint(t *testing.T, shown map[string]string) {
	t.Helper()
	program := os.Getenv("ACTIONLINT")
	if program == "" {
		t.Log("ACTIONLINT is not set: not checked with it")
		return
	}
	dir := t.TempDir()
	args := []string{"-no-color"}
	for name, text := range shown {
		writeFiles(t, dir, 0o600, map[string]string{name + ".yaml": text})
		args = append(args, filepath.Join(dir, name+".yaml"))
	}
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestOtherFiles: what other systems read is YAML with what they ask for.
func TestOtherFiles(t *testing.T) {
	for _, block := range blocks(t, filepath.Join("..", "..", "docs", "ci.md"), "yaml") {
		var file map[string]any
		if err := yaml.Unmarshal([]byte(block), &file); err != nil || len(file) == 0 {
			t.Errorf("%v in\n%s", err, block)
		}
	}
	data, err := os.ReadFile(filepath.Join("..", "..", ".pre-commit-hooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var hooks []map[string]any
	if err := yaml.Unmarshal(data, &hooks); err != nil {
		t.Fatal(err)
	}
	for _, hook := range hooks {
		for _, key := range []string{"id", "name", "entry", "language"} {
			if hook[key] == nil {
				t.Errorf("%v lacks %s", hook["id"], key)
			}
		}
		args := strings.Fields(fmt.Sprint(hook["entry"]))
		if found, _, err := (&command{}).root().Find(args[1:]); err != nil || args[0] != "ringfence" || found.Name() != args[1] {
			t.Errorf("there is no command %q", hook["entry"])
		}
	}
}

// TestActionIsDocumented: the tables have the inputs and outputs of the action.
func TestActionIsDocumented(t *testing.T) {
	action := readAction(t)
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "github-action.md"))
	if err != nil {
		t.Fatal(err)
	}
	for heading, names := range map[string][]string{
		"Inputs": slices.Sorted(maps.Keys(action.Inputs)), "Outputs": slices.Sorted(maps.Keys(action.Outputs)),
	} {
		_, rest, _ := strings.Cut(string(doc), "\n## "+heading+"\n")
		table, _, _ := strings.Cut(rest, "\n## ")
		var told []string
		for line := range strings.Lines(table) {
			cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
			for _, name := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(cell, -1) {
				told = append(told, name[1])
			}
		}
		slices.Sort(told)
		if diff := cmp.Diff(names, told); diff != "" {
			t.Errorf("%s (-action +documented):\n%s", heading, diff)
		}
	}
}
