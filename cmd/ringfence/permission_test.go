//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What the file system refuses is a gap, and the rest is analyzed.
func TestUnreadable(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: web}]}\n"
	tests := map[string]struct {
		files  map[string]string
		locked string // made inaccessible
		want   []string
	}{
		"manifest": {
			files:  map[string]string{"apps/locked.yaml": pod, "apps/web.yaml": pod},
			locked: "apps/locked.yaml",
			want: []string{
				"apps/locked.yaml: note: permission denied [unreadable-file] [incomplete-render]",
				"apps/web.yaml:2:1: medium: any pod can connect to Pod \"web\"",
				"incomplete: 1 gap",
			},
		},
		"folder": {
			files:  map[string]string{"locked/web.yaml": pod, "apps/web.yaml": pod},
			locked: "locked",
			want: []string{
				"locked: gap: permission denied [unreadable-file]",
				"apps/web.yaml:2:1: medium: any pod can connect to Pod \"web\"",
				"incomplete: 1 gap",
			},
		},
		"resource of a kustomization": {
			files: map[string]string{
				"apps/kustomization.yaml": "resources:\n  - locked.yaml\n", "apps/locked.yaml": pod, "others/web.yaml": pod,
			},
			locked: "apps/locked.yaml",
			want: []string{
				"apps/kustomization.yaml:2:5: note: \"locked.yaml\": permission denied [unreadable-file] [incomplete-render]",
				"others/web.yaml:2:1: medium: any pod can connect to Pod \"web\"",
			},
		},
		"values of a chart": {
			files: map[string]string{
				"chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n", "chart/values.yaml": "a: b\n",
				"chart/templates/web.yaml": pod, "others/web.yaml": pod,
			},
			locked: "chart/values.yaml",
			want: []string{
				"chart/values.yaml: note: permission denied [unreadable-file] [incomplete-render]",
				"others/web.yaml:2:1: medium: any pod can connect to Pod \"web\"",
			},
		},
	}
	program, as := unprivileged(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := worldReadable(t)
			for name, text := range test.files {
				writeFile(t, filepath.Join(dir, name), text)
			}
			locked := filepath.Join(dir, test.locked)
			lock(t, locked)
			got, code := runAs(t, program, dir, as, "check", "--fail-on", "none")
			if code != exitIncomplete {
				t.Errorf("exit code %d, want %d", code, exitIncomplete)
			}
			for _, part := range test.want {
				if !strings.Contains(got, part) {
					t.Errorf("no %q", part)
				}
			}
			if t.Failed() {
				t.Logf("output:\n%s", got)
			}
		})
	}
}

// A configuration or a path that cannot be read is an error of the user.
func TestUnreadableConfiguration(t *testing.T) {
	program, as := unprivileged(t)
	dir := worldReadable(t)
	writeFile(t, filepath.Join(dir, ".ringfence.yaml"), "fail-on: high\n")
	lock(t, filepath.Join(dir, ".ringfence.yaml"))
	got, code := runAs(t, program, dir, as, "check")
	if want := ".ringfence.yaml: permission denied"; code != exitUsage || !strings.Contains(got, want) {
		t.Errorf("exit code %d, want %d and %q:\n%s", code, exitUsage, want, got)
	}
}

// unprivileged returns the path of ringfence and who can run it and is bound by
// permissions: nobody, where the tests run as root.
func unprivileged(t *testing.T) (string, *syscall.SysProcAttr) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// TestMain makes a test binary of that name the program itself. The folder
	// that it was built in is closed to others.
	program := filepath.Join(worldReadable(t), "ringfence")
	copyFile(t, self, program)
	if os.Geteuid() != 0 {
		return program, nil
	}
	const nobody = 65534
	as := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	cmd := exec.Command(program, "version")
	cmd.SysProcAttr = as
	if err := cmd.Run(); err != nil {
		t.Skipf("permissions do not bind root, and the program cannot run as another user: %v", err)
	}
	return program, as
}

// runAs returns what the program prints, and its exit code.
func runAs(t *testing.T, program, dir string, as *syscall.SysProcAttr, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, &out, &out, as
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return out.String(), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), exitClean
}

// worldReadable is like t.TempDir, but open to other users.
func worldReadable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ringfence-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// lock takes all permissions from a file or folder until the test ends.
func lock(t *testing.T, path string) {
	t.Helper()
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Chmod(path, 0o755); err != nil { // so that it can be removed
			t.Error(err)
		}
	})
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
