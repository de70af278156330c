package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// actionFile is action.yml: https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax.
// A key that the syntax does not have, or that this action should not need, is an error.
type actionFile struct {
	Name, Description, Author string
	Branding                  struct{ Icon, Color string }
	Inputs                    map[string]struct {
		Description, Default string
		Required             bool
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []actionStep
	}
}

type actionStep struct {
	Name, ID, If, Shell, Run, Uses string
	Env, With                      map[string]string
}

func readAction(t *testing.T) *actionFile {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var a actionFile
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&a); err != nil {
		t.Fatal(err)
	}
	return &a
}

// runner executes the steps of action.yml as GitHub's runner does, as far as they need it:
// each with files of its own for outputs and the job summary, the others kept.
type runner struct {
	*testing.T
	action    *actionFile
	root      string // of the action's files
	workspace string
	temp      string
	path      string // of programs
	env       []string
	values    map[string]string // of the contexts, such as "github.event_name"
	log       strings.Builder
	summary   string
	used      []string // the actions that steps used
	failed    string   // the first step that failed
}

func newRunner(t *testing.T, workspace string, values map[string]string) *runner {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return &runner{
		T: t, action: readAction(t), root: root, workspace: workspace, temp: t.TempDir(), path: os.Getenv("PATH"),
		values: maps.Clone(values),
	}
}

// run executes all steps, with inputs.
func (r *runner) run(inputs map[string]string) {
	r.Helper()
	for name, input := range r.action.Inputs {
		r.values["inputs."+name] = r.expand(input.Default)
	}
	for name, value := range inputs {
		if _, known := r.action.Inputs[name]; !known {
			r.Fatalf("there is no input %q", name)
		}
		r.values["inputs."+name] = value
	}
	r.values["github.action_path"] = r.root
	for _, step := range r.action.Runs.Steps {
		if r.isDue(step) {
			r.step(step)
		}
	}
}

// isDue evaluates the condition of a step. Without a status function it has success().
func (r *runner) isDue(step actionStep) bool {
	if r.failed != "" && !strings.Contains(step.If, "cancelled()") {
		return false
	}
	return step.If == "" || (&expression{runner: r, rest: step.If}).or()
}

func (r *runner) step(step actionStep) {
	r.Helper()
	if step.Uses != "" {
		r.used = append(r.used, step.Uses)
		for _, key := range slices.Sorted(maps.Keys(step.With)) {
			r.used = append(r.used, key+"="+r.expand(step.With[key]))
		}
		return
	}
	files := r.TempDir()
	script := filepath.Join(files, "script.sh")
	if err := os.WriteFile(script, []byte(r.expand(step.Run)), 0o600); err != nil {
		r.Fatal(err)
	}
	cmd := exec.Command("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script)
	cmd.Dir = r.workspace
	cmd.Env = append(slices.Clone(r.env), "PATH="+r.path, "HOME="+r.temp, "TMPDIR="+r.temp, "RUNNER_TEMP="+r.temp, "RUNNER_OS=Linux", "RUNNER_ARCH=X64",
		"GITHUB_ACTIONS=true", "GITHUB_ACTION_PATH="+r.root, "GITHUB_WORKSPACE="+r.workspace, "GITHUB_REPOSITORY=example/shop",
		"GITHUB_OUTPUT="+filepath.Join(files, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(files, "summary"), "GITHUB_PATH="+filepath.Join(files, "path"))
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS"} { // to build as this test was built
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			r.Fatal(err)
		}
		cmd.Env = append(cmd.Env, name+"="+strings.TrimSpace(string(value)))
	}
	for name, value := range step.Env {
		cmd.Env = append(cmd.Env, name+"="+r.expand(value))
	}
	out, err := cmd.CombinedOutput()
	fmt.Fprintf(&r.log, "== %s\n%s", step.Name, out)
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		r.Fatalf("%s: %v", step.Name, err)
	}
	if err != nil && r.failed == "" {
		r.failed = step.Name
	}
	r.keep(step.ID, files)
}

// keep reads what a step wrote for the runner.
func (r *runner) keep(id, files string) {
	read := func(name string) string {
		data, _ := os.ReadFile(filepath.Join(files, name)) // empty where nothing was written
		return string(data)
	}
	for line := range strings.Lines(read("path")) {
		r.path = strings.TrimSpace(line) + string(filepath.ListSeparator) + r.path
	}
	r.summary += read("summary")
	for rest := read("output"); rest != ""; {
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		name, end, isLong := strings.Cut(line, "<<")
		value := ""
		if isLong {
			value, rest, _ = strings.Cut(after, "\n"+end+"\n")
		} else {
			name, value, _ = strings.Cut(line, "=")
		}
		r.values["steps."+id+".outputs."+name] = value
	}
}

var placeholder = regexp.MustCompile(`\$\{\{ *([a-z_.-]+) *\}\}`)

func (r *runner) expand(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(s string) string { return r.values[placeholder.FindStringSubmatch(s)[1]] })
}

// output is an output of the action.
func (r *runner) output(name string) string { return r.expand(r.action.Outputs[name].Value) }

// expression is a condition that is not read yet, of the forms that action.yml uses.
type expression struct {
	*runner
	rest string
}

func (e *expression) accept(token string) bool {
	e.rest = strings.TrimLeft(e.rest, " \n")
	rest, found := strings.CutPrefix(e.rest, token)
	if found {
		e.rest = rest
	}
	return found
}

func (e *expression) or() bool {
	value := e.and()
	for e.accept("||") {
		value = e.and() || value
	}
	return value
}

func (e *expression) and() bool {
	value := e.comparison()
	for e.accept("&&") {
		value = e.comparison() && value
	}
	return value
}

func (e *expression) comparison() bool {
	if e.accept("!cancelled()") {
		return true
	}
	if e.accept("(") {
		value := e.or()
		if !e.accept(")") {
			e.Fatalf("want ) before %q", e.rest)
		}
		return value
	}
	left := e.operand()
	switch {
	case e.accept("=="):
		return left == e.operand()
	case e.accept("!="):
		return left != e.operand()
	default:
		e.Fatalf("want a comparison before %q", e.rest)
		return false
	}
}

var word = regexp.MustCompile(`^(?:'[^']*'|[a-z_.-]+)`)

func (e *expression) operand() string {
	e.accept("")
	text := word.FindString(e.rest)
	if text == "" {
		e.Fatalf("want a value before %q", e.rest)
	}
	e.rest = e.rest[len(text):]
	if strings.HasPrefix(text, "'") {
		return strings.Trim(text, "'")
	}
	return e.values[text]
}
