package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestActionIsSafe: what it uses is pinned by commit, no input becomes part of a script, and
// no output or input is without a description.
func TestActionIsSafe(t *testing.T) {
	a := readAction(t)
	if a.Runs.Using != "composite" || a.Name == "" || a.Description == "" {
		t.Errorf("%q is %s", a.Name, a.Runs.Using)
	}
	pinned := regexp.MustCompile(`^[a-z-]+(/[a-z-]+)+@[0-9a-f]{40}$`)
	for _, step := range a.Runs.Steps {
		if strings.Contains(step.Run, "${{") {
			t.Errorf("%s: an expression in a script: %s", step.Name, step.Run)
		}
		if step.Uses != "" && !pinned.MatchString(step.Uses) {
			t.Errorf("%s: %s is not pinned", step.Name, step.Uses)
		}
		if step.Run != "" && step.Shell != "bash" {
			t.Errorf("%s: shell %q", step.Name, step.Shell)
		}
	}
	for name, input := range a.Inputs {
		if input.Description == "" || input.Required {
			t.Errorf("input %s is not described, or required", name)
		}
	}
	for name, output := range a.Outputs {
		if output.Description == "" || output.Value == "" {
			t.Errorf("output %s is not described, or empty", name)
		}
	}
}

// scenarios are runs of the action that share what it builds.
type scenarios struct {
	*testing.T
	temp string
}

func newScenarios(t *testing.T) *scenarios {
	t.Helper()
	for _, program := range []string{"bash", "git", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	return &scenarios{t, t.TempDir()}
}

// runner is one for a checkout of a repository and an event; programs take the place of
// what lies on the machine.
func (s *scenarios) runner(t *testing.T, workspace string, event event, programs map[string]string) *runner {
	t.Helper()
	payload, err := json.Marshal(event.payload)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "event.json")
	writeFiles(t, filepath.Dir(file), 0o600, map[string]string{"event.json": string(payload)})
	r := newRunner(t, workspace, event.values)
	r.temp = s.temp
	r.env = append(r.env, "GITHUB_EVENT_PATH="+file, "GITHUB_EVENT_NAME="+event.values["github.event_name"])
	bin := t.TempDir()
	writeFiles(t, bin, 0o700, programs)
	r.path = bin + string(filepath.ListSeparator) + r.path
	if _, err := os.Stat(filepath.Join(s.temp, "ringfence-bin", "ringfence")); err == nil {
		r.action.Runs.Steps = slices.DeleteFunc(r.action.Runs.Steps, func(s actionStep) bool { return s.Name == "Build" })
	}
	return r
}

func writeFiles(t *testing.T, dir string, mode os.FileMode, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
}

// event is what starts a workflow.
type event struct {
	values  map[string]string // of the context "github"
	payload any
}

func push() event {
	return event{map[string]string{"github.event_name": "push", "github.repository": "example/shop"}, map[string]string{"ref": "refs/heads/main"}}
}

func pullRequest(from, base, head string) event {
	side := func(ref, sha, repository string) map[string]any {
		return map[string]any{"ref": ref, "sha": sha, "repo": map[string]any{"full_name": repository}}
	}
	return event{map[string]string{
		"github.event_name": "pull_request", "github.repository": "example/shop", "github.event.pull_request.number": "7",
		"github.event.pull_request.head.repo.full_name": from,
	}, map[string]any{"pull_request": map[string]any{
		"number": 7, "base": side("main", base, "example/shop"), "head": side("side", head, from),
	}}}
}

// upstream is a repository with a branch that opens a port, and the merge that GitHub makes.
type upstream struct {
	*testing.T
	dir        string
	base, head string
}

func (u *upstream) git(args ...string) string {
	u.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = u.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		u.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{T: t, dir: t.TempDir()}
	commit := func(files map[string]string) string {
		writeFiles(t, u.dir, 0o600, files)
		u.git("add", "-A")
		u.git("commit", "-q", "-m", "x")
		return u.git("rev-parse", "HEAD")
	}
	u.git("init", "-q", "-b", "main")
	commit(map[string]string{"shop/web.yaml": deploymentNamed("web")})
	u.git("checkout", "-q", "-b", "side")
	u.head = commit(map[string]string{"shop/added.yaml": deploymentNamed("added")})
	u.git("checkout", "-q", "main")
	u.base = commit(map[string]string{"shop/later.yaml": deploymentNamed("later")})
	u.git("checkout", "-q", "--detach")
	u.git("merge", "-q", "--no-edit", "side")
	u.git("update-ref", "refs/pull/7/merge", "HEAD")
	u.git("checkout", "-q", "main")
	return u
}

func deploymentNamed(name string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: shop}
spec:
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: %[1]s, image: %[1]s}]}
`, name)
}

// checkout fetches one reference, as actions/checkout does.
func (u *upstream) checkout(t *testing.T, ref string, depth int) string {
	t.Helper()
	clone := upstream{T: t, dir: t.TempDir()}
	clone.git("init", "-q")
	clone.git("fetch", "-q", fmt.Sprintf("--depth=%d", depth), "file://"+u.dir, ref)
	clone.git("checkout", "-q", "--detach", "FETCH_HEAD")
	return clone.dir
}

const whole = 1 << 20 // a depth that nothing has

// gh stands for GitHub's command line: it knows some comments, and writes down what it is
// asked to do.
const gh = `#!/bin/sh
case "$*" in
*--paginate*) [ "$GH_TOKEN" = token ] && printf '%s' "$COMMENTS" ;;
*) echo "$*" >>"$RUNNER_TEMP/asked" ;;
esac
`

// TestAction executes the steps of action.yml for the events that start workflows.
func TestAction(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	s, u := newScenarios(t), newUpstream(t)
	all := map[string]string{"upload-sarif": "true", "comment": "true", "token": "token"}
	const upload = "github/codeql-action/upload-sarif"

	t.Run("push", func(t *testing.T) {
		r := s.runner(t, u.checkout(t, "main", 1), push(), map[string]string{"gh": gh})
		r.run(all)
		r.check("Check", "1", "3", "")
		if !r.uses(upload) || r.asked() != "" {
			t.Errorf("uses %q; gh was asked for %q", r.used, r.asked())
		}
		if !strings.Contains(r.summary, "## ringfence failed: 2 findings") {
			t.Errorf("the summary:\n%s", r.summary)
		}
	})
	t.Run("push, nothing asked for", func(t *testing.T) {
		r := s.runner(t, u.checkout(t, "main", 1), push(), nil)
		r.run(map[string]string{"fail-on": "high"})
		r.check("", "0", "3", "")
		if r.uses(upload) {
			t.Errorf("uses %q", r.used)
		}
	})
	for name, comments := range map[string]string{"first comment": "", "comment again": "11\n12\n"} {
		t.Run("pull request, "+name, func(t *testing.T) {
			r := s.runner(t, u.checkout(t, "refs/pull/7/merge", 2), pullRequest("example/shop", u.base, u.head), map[string]string{"gh": gh})
			r.env = append(r.env, "COMMENTS="+comments)
			r.run(all)
			r.check("Check", "1", "4", "1")
			want := "api --silent --method POST repos/example/shop/issues/7/comments --field body=@" + r.output("comment-file") + "\n"
			if comments != "" {
				want = "api --silent --method PATCH repos/example/shop/issues/comments/11 --field body=@" + r.output("comment-file") + "\n"
			}
			if diff := cmp.Diff(want, r.asked()); diff != "" || !r.uses(upload) {
				t.Errorf("gh (-want +got):\n%s\nuses %q", diff, r.used)
			}
			if !strings.Contains(r.log.String(), "::warning title=unprotected-workload,file=shop/added.yaml,line=2,endLine=2::") {
				t.Errorf("no annotation:\n%s", &r.log)
			}
		})
	}
	t.Run("pull request, head of the branch", func(t *testing.T) {
		r := s.runner(t, u.checkout(t, "main", whole), pullRequest("example/shop", u.base, u.head), nil)
		git := upstream{T: t, dir: r.workspace}
		git.git("fetch", "-q", "file://"+u.dir, "side")
		git.git("checkout", "-q", "--detach", "FETCH_HEAD")
		r.run(nil)
		r.check("Check", "1", "3", "1")
	})
	t.Run("pull request of a fork", func(t *testing.T) {
		r := s.runner(t, u.checkout(t, "refs/pull/7/merge", whole), pullRequest("stranger/shop", u.base, u.head), map[string]string{"gh": gh})
		r.run(all)
		r.check("Check", "1", "4", "1")
		if r.uses(upload) || r.asked() != "" {
			t.Errorf("uses %q; gh was asked for %q", r.used, r.asked())
		}
		if !strings.Contains(r.summary, "### New findings") {
			t.Errorf("the summary:\n%s", r.summary)
		}
	})
	t.Run("pull request, depth 1", func(t *testing.T) {
		r := s.runner(t, u.checkout(t, "refs/pull/7/merge", 1), pullRequest("example/shop", u.base, u.head), map[string]string{"gh": gh})
		r.run(all)
		if r.failed != "Check" || r.output("exit-code") != "2" || !strings.Contains(r.summary, "fetch-depth: 0") || !strings.Contains(r.log.String(), "fetch-depth: 0") || r.uses(upload) || r.asked() != "" {
			t.Errorf("failed: %q; uses %q; gh was asked for %q;\n%s", r.failed, r.used, r.asked(), &r.log)
		}
	})
	t.Run("pull request, depth 1, with a folder that is called as the base", func(t *testing.T) {
		workspace := u.checkout(t, "refs/pull/7/merge", 1)
		if err := os.MkdirAll(filepath.Join(workspace, u.base, "apps"), 0o755); err != nil {
			t.Fatal(err)
		}
		r := s.runner(t, workspace, pullRequest("example/shop", u.base, u.head), map[string]string{"gh": gh})
		r.run(all)
		if r.failed != "Check" || r.output("exit-code") != "2" || !strings.Contains(r.summary, "fetch-depth: 0") {
			t.Errorf("failed: %q;\n%s", r.failed, &r.log)
		}
	})
	t.Run("hostile inputs", func(t *testing.T) {
		for _, text := range []string{`"; touch pwned; "`, "$(touch pwned)", "`touch pwned`", "x\ntouch pwned\n", "'; touch pwned; '", "--output=pwned", "${{ github.token }}"} {
			r := s.runner(t, u.checkout(t, "main", 1), push(), map[string]string{"gh": gh})
			inputs := map[string]string{}
			for name := range r.action.Inputs {
				inputs[name] = text
			}
			r.run(inputs)
			if found, _ := filepath.Glob(filepath.Join(r.workspace, "pwned*")); len(found) > 0 || r.failed != "Check" {
				t.Errorf("%q was executed, or taken:\n%s", text, &r.log)
			}
		}
	})
}

// check compares what came of the run.
func (r *runner) check(failed, exit, findings, fresh string) {
	r.Helper()
	got := []string{r.failed, r.output("exit-code"), r.output("findings"), r.output("new-findings")}
	if diff := cmp.Diff([]string{failed, exit, findings, fresh}, got); diff != "" {
		r.Errorf("failed step, exit code, findings, new findings (-want +got):\n%s\n%s", diff, &r.log)
	}
	if _, err := os.Stat(r.output("sarif-file")); err != nil {
		r.Error(err)
	}
}

func (r *runner) uses(action string) bool {
	return slices.ContainsFunc(r.used, func(u string) bool { return strings.HasPrefix(u, action+"@") })
}

// asked is what gh was asked to do.
func (r *runner) asked() string {
	file := filepath.Join(r.temp, "asked")
	data, _ := os.ReadFile(file) // not there where it was asked for nothing
	_ = os.Remove(file)
	return string(data)
}
