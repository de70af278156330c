//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A hostile input is what lies in the folder "bad" of a repository, beside a target that
// nothing is wrong with.
type hostile struct {
	files map[string]string
	links map[string]string // symbolic links to what
	pipes []string
	make  func(t *testing.T, dir string) // for what is too large to write here

	exit int    // with --fail-on none
	code string // of a gap, "" for none
	text string // a part of its reason
}

// The bounds on one run, in all its processes.
const (
	longestRun    = 30 * time.Second
	largestMemory = 1536 << 20
)

// TestHostileInputs checks each hostile repository as a user would, but for less time
// per target: the run ends in time, uses no more memory than it may, names the target
// and what is wrong, reports the healthy target in full, and writes nothing.
func TestHostileInputs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	repo := filepath.Join(t.TempDir(), "repo")
	healthy := map[string]string{
		"healthy/kustomization.yaml": "namespace: shop\nresources: [web.yaml]\n",
		"healthy/web.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
`,
		".git/HEAD": "ref: refs/heads/main\n",
	}
	hostile{files: healthy}.write(t, repo)
	want := checked(t, repo)
	if want.exit != exitClean || len(want.report.Findings) == 0 || len(want.report.Gaps) > 0 {
		t.Fatalf("the healthy target alone: exit code %d, %+v", want.exit, want.report)
	}
	for _, name := range slices.Sorted(maps.Keys(hostileInputs)) {
		t.Run(name, func(t *testing.T) {
			input := hostileInputs[name]
			if err := os.RemoveAll(filepath.Join(repo, "bad")); err != nil {
				t.Fatal(err)
			}
			input.write(t, filepath.Join(repo, "bad"))
			before := names(t, filepath.Dir(repo))
			got := checked(t, repo)
			if diff := cmp.Diff(before, names(t, filepath.Dir(repo))); diff != "" {
				t.Errorf("files were written:\n%s", diff)
			}
			if got.exit != input.exit {
				t.Errorf("exit code %d, want %d: %s", got.exit, input.exit, got.stderr)
			}
			if diff := cmp.Diff(want.of("healthy/"), got.of("healthy/")); diff != "" {
				t.Errorf("the healthy target (-alone +beside):\n%s", diff)
			}
			if input.code != "" && !slices.ContainsFunc(got.report.Gaps, func(g hostileGap) bool {
				return g.Code == input.code && strings.Contains(g.Reason, input.text) && strings.HasPrefix(g.File+g.Target, "bad")
			}) {
				t.Errorf("no gap %s with %q: %+v", input.code, input.text, got.report.Gaps)
			}
			if got.lasted > longestRun || got.memory > largestMemory {
				t.Errorf("it took %s and %d MiB", got.lasted, got.memory>>20)
			}
			t.Logf("%s, %d MiB, %d gaps", got.lasted.Round(10*time.Millisecond), got.memory>>20, len(got.report.Gaps))
		})
	}
}

type hostileGap struct{ Code, Reason, File, Target string }

// A checkedRun is what came of one run.
type checkedRun struct {
	exit   int
	stderr string
	lasted time.Duration
	memory int64
	report struct {
		Findings []map[string]any
		Gaps     []hostileGap
	}
}

// of are the findings in the files of a folder.
func (r checkedRun) of(folder string) []map[string]any {
	return slices.DeleteFunc(slices.Clone(r.report.Findings), func(f map[string]any) bool {
		file, _ := f["file"].(string)
		return !strings.HasPrefix(file, folder)
	})
}

func checked(t *testing.T, repo string) (r checkedRun) {
	t.Helper()
	cmd := program(t, "check", "--format", "json", "--fail-on", "none", "--timeout", "1s")
	cmd.Dir = repo
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(2*longestRun, func() { _ = cmd.Process.Kill() })
	peak := watchMemory(cmd.Process.Pid)
	err := cmd.Wait()
	stop.Stop()
	r.lasted, r.memory, r.exit, r.stderr = time.Since(start), peak(), cmd.ProcessState.ExitCode(), stderr.String()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err := json.Unmarshal(stdout.Bytes(), &r.report); err != nil {
		t.Errorf("%v: %s%s", err, stdout.Bytes(), stderr.Bytes())
	}
	return r
}

// program is a command line of ringfence, which TestMain makes of the test's own program.
func program(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	file, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, args...)
	cmd.Args[0] = "ringfence"
	return cmd
}

// names lists all that lies below a folder.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		all = append(all, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (input hostile) write(t *testing.T, dir string) {
	t.Helper()
	place := func(name string) string {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, text := range input.files {
		if err := os.WriteFile(place(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range input.links {
		if err := os.Symlink(to, place(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range input.pipes {
		makePipe(t, place(name))
	}
	if input.make != nil {
		input.make(t, dir)
	}
}
