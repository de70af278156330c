package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOwnName(t *testing.T) {
	outer, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(outer, "repo")
	for _, dir := range []string{"apps", "safe"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{filepath.Join(outer, "link"): root, filepath.Join(root, "moved"): "safe"} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ within, file, want string }{
		{".", "apps", "apps"},
		{"apps", "x.yaml", "apps/x.yaml"},
		{"apps", "../safe", "safe"},
		{".", "gone/x.yaml", "gone/x.yaml"},
		{".", "moved", "moved"}, // a link in the repository is not followed
		{".", filepath.Join(root, "apps"), "apps"},
		{".", filepath.Join(outer, "link", "apps", "x.yaml"), "apps/x.yaml"},
		{".", "../repo/apps", "apps"},
		{".", "../other/apps", ""},
		{".", filepath.Join(outer, "x.yaml"), ""},
	} {
		if got, ok := ownName(root, c.within, c.file); got != c.want || ok != (c.want != "") {
			t.Errorf("%s from %s: got %q, %v, want %q", c.file, c.within, got, ok, c.want)
		}
	}
}
