package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestReproducible builds the program as releases do, in two copies of the source, and
// compares: neither the folder, nor git, nor the action's checksums may tell.
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program twice")
	}
	data, err := os.ReadFile(filepath.Join("..", "..", ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var release struct {
		Builds []struct {
			Main           string
			Env            []string
			Flags, LDFlags []string
		}
	}
	if err := yaml.Unmarshal(data, &release); err != nil {
		t.Fatal(err)
	}
	b := release.Builds[0]
	linker := strings.ReplaceAll(strings.Join(b.LDFlags, " "), "{{ .Version }}", "1.2.3")
	var programs [2][]byte
	for i := range programs {
		dir := copyOfSource(t)
		if i == 1 {
			writeFiles(t, dir, 0o600, map[string]string{".github/action/checksums.txt": "version 1.2.3\n", ".git/HEAD": "ref: refs/heads/main\n"})
		}
		file := filepath.Join(t.TempDir(), "ringfence")
		args := append([]string{"build", "-o", file, "-ldflags", linker}, b.Flags...)
		cmd := exec.Command("go", append(args, b.Main)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), b.Env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if programs[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(file, "version").Output()
		if err != nil || !strings.HasPrefix(string(out), "ringfence 1.2.3 ") {
			t.Errorf("the version is %q, %v", out, err)
		}
	}
	if !bytes.Equal(programs[0], programs[1]) {
		t.Error("the two programs differ")
	}
}

// copyOfSource copies what the program is built from.
func copyOfSource(t *testing.T) string {
	t.Helper()
	root, dir := filepath.Join("..", ".."), t.TempDir()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, ".") || name == "testdata" || name == "docs":
		case e.IsDir():
			err = os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(root, name)))
		default:
			var data []byte
			if data, err = os.ReadFile(filepath.Join(root, name)); err == nil {
				err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
