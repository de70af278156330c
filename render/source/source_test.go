//go:build unix

package source_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// repository makes a repository in a folder that also holds a secret beside it.
func repository(t *testing.T) *source.Tree {
	t.Helper()
	base := t.TempDir()
	root := filepath.Join(base, "repo")
	for name, content := range map[string]string{
		"secret": "outside", "repo/a.yaml": "a", "repo/sub/b.yaml": "b",
	} {
		file := filepath.Join(base, name)
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, []byte(content), 0o644))
	}
	for link, target := range map[string]string{
		"inside": "sub/b.yaml", "folder": "sub", "chain": "folder/b.yaml", "up": "sub/../a.yaml",
		"outside": "../secret", "absolute": filepath.Join(base, "secret"), "loop": "loop", "nowhere": "none",
	} {
		must(t, os.Symlink(target, filepath.Join(root, link)))
	}
	must(t, syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644))
	must(t, os.WriteFile(filepath.Join(root, "big"), make([]byte, manifest.DefaultMaxFileSize+1), 0o644))
	tree, err := source.Open(root)
	must(t, err)
	t.Cleanup(func() { tree.Close() })
	return tree
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadFile(t *testing.T) {
	tree := repository(t)
	tests := []struct {
		name string
		want string
		err  error
		code manifest.Code
	}{
		{name: "a.yaml", want: "a"},
		{name: "./sub/../a.yaml", want: "a"},
		{name: "inside", want: "b"},
		{name: "chain", want: "b"},
		{name: "up", want: "a"},
		{name: "none", err: fs.ErrNotExist, code: manifest.MissingFile},
		{name: "nowhere", err: fs.ErrNotExist, code: manifest.MissingFile},
		{name: "../secret", err: source.ErrOutside, code: manifest.OutsideRepository},
		{name: "outside", err: source.ErrOutside, code: manifest.OutsideRepository},
		{name: "absolute", err: source.ErrOutside, code: manifest.OutsideRepository},
		{name: "loop", err: syscall.ELOOP, code: manifest.UnreadableFile},
		{name: "pipe", err: source.ErrNotRegular, code: manifest.UnreadableFile},
		{name: "sub", err: source.ErrNotRegular, code: manifest.UnreadableFile},
		{name: "big", err: source.ErrTooLarge, code: manifest.FileTooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data, err := tree.ReadFile(test.name)
			if !errors.Is(err, test.err) || string(data) != test.want {
				t.Fatalf("got %q, %v; want %q, %v", data, err, test.want, test.err)
			}
			if err != nil {
				if gap := source.Gap(test.name, err); gap.Code != test.code || gap.File != test.name {
					t.Errorf("gap is %+v, want code %q", gap, test.code)
				}
			}
		})
	}
}

func TestReadFileKeepsWhatItRead(t *testing.T) {
	tree := repository(t)
	_, err := tree.ReadFile("a.yaml")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(tree.Dir(), "a.yaml"), []byte("changed"), 0o644))
	if data, _ := tree.ReadFile("a.yaml"); string(data) != "a" {
		t.Errorf("the second reading gives %q, so one run would see two states", data)
	}
}

func TestResolve(t *testing.T) {
	tree := repository(t)
	for name, want := range map[string]string{
		"a.yaml": "a.yaml", "chain": "sub/b.yaml", "folder/b.yaml": "sub/b.yaml", "up": "a.yaml", "folder/../a.yaml": "a.yaml", ".": ".",
	} {
		if got, err := tree.Resolve(name); got != want || err != nil {
			t.Errorf("%q resolves to %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"outside", "absolute", "..", "../repo/a.yaml"} {
		if got, err := tree.Resolve(name); !errors.Is(err, source.ErrOutside) {
			t.Errorf("%q resolves to %q, %v; want ErrOutside", name, got, err)
		}
	}
	if got, err := tree.Resolve("loop"); err == nil {
		t.Errorf("a loop resolves to %q", got)
	}
}

// TestLeaveEmpty: nothing in a folder that is left empty can be read, by no way.
func TestLeaveEmpty(t *testing.T) {
	tree := repository(t)
	tree.LeaveEmpty([]string{"sub"})
	for _, name := range []string{"sub/b.yaml", "sub/deep/c.yaml", "folder/b.yaml", "inside", "chain"} {
		if data, err := tree.ReadFile(name); !errors.Is(err, fs.ErrNotExist) || tree.Exists(name) {
			t.Errorf("%s reads %q, %v", name, data, err)
		}
		if resolved, err := tree.Resolve(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s resolves to %q, %v", name, resolved, err)
		}
	}
	for _, dir := range []string{"sub", "folder"} {
		if entries, err := tree.ReadDir(dir); len(entries) > 0 || err != nil || !tree.IsDir(dir) {
			t.Errorf("%s holds %v, %v", dir, entries, err)
		}
	}
	if data, err := tree.ReadFile("a.yaml"); string(data) != "a" || err != nil {
		t.Errorf("another file reads %q, %v", data, err)
	}
	if view := tree.With(map[string][]byte{"a.yaml": nil}); view.Exists("sub/b.yaml") {
		t.Error("a view shows what is in the folder")
	}
}

func TestView(t *testing.T) {
	tree := repository(t)
	view := tree.With(map[string][]byte{"a.yaml": []byte("changed"), "sub/c.yaml": []byte("new"), "sub/b.yaml": nil})
	for name, want := range map[string]string{"a.yaml": "changed", "sub/c.yaml": "new", "./sub/../a.yaml": "changed"} {
		if data, err := view.ReadFile(name); string(data) != want || err != nil {
			t.Errorf("%s reads %q, %v; want %q", name, data, err, want)
		}
		if info, err := view.Stat(name); err != nil || info.Size() != int64(len(want)) || !info.Mode().IsRegular() {
			t.Errorf("%s is described as %v, %v", name, info, err)
		}
	}
	if _, err := view.ReadFile("sub/b.yaml"); !errors.Is(err, fs.ErrNotExist) || view.Exists("sub/b.yaml") {
		t.Errorf("a file that is gone: %v", err)
	}
	if _, err := view.Resolve("sub/b.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is gone resolves: %v", err)
	}
	if got, err := view.Resolve("sub/c.yaml"); got != "sub/c.yaml" || err != nil {
		t.Errorf("a new file resolves to %q, %v", got, err)
	}
	entries, err := view.ReadDir("sub")
	must(t, err)
	if len(entries) != 1 || entries[0].Name() != "c.yaml" || !entries[0].Type().IsRegular() {
		t.Errorf("the folder holds %v", entries)
	}
	view = view.With(map[string][]byte{"new/folder/d.yaml": []byte("d")})
	for dir, want := range map[string]string{"new": "folder", "new/folder": "d.yaml"} {
		entries, err := view.ReadDir(dir)
		if err != nil || len(entries) != 1 || entries[0].Name() != want || !view.IsDir(dir) {
			t.Errorf("the new folder %s holds %v, %v", dir, entries, err)
		}
	}
	if resolved, err := view.Resolve("new/folder/d.yaml"); resolved != "new/folder/d.yaml" || err != nil {
		t.Errorf("a file in a new folder resolves to %q, %v", resolved, err)
	}
	if data, _ := tree.ReadFile("a.yaml"); string(data) != "a" || !tree.Exists("sub/b.yaml") {
		t.Error("the view changed the tree")
	}
	if again := view.With(map[string][]byte{"sub/b.yaml": []byte("back")}); !again.Exists("sub/b.yaml") || !again.Exists("sub/c.yaml") {
		t.Error("a view of a view forgets")
	}
}
