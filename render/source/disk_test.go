//go:build unix

package source

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// TestDisk asks a disk and the operating system's own root-bound calls about names that
// are made at random, in more folders than are kept open, and of links within the
// repository and out of it: both say the same, word for word.
func TestDisk(t *testing.T) {
	base := t.TempDir()
	repo := filepath.Join(base, "repo")
	random := rand.New(rand.NewPCG(2, 2))
	parts := []string{"a", "b", "c", "d", "e", "f", "..", "link", "out", "loop", "up", "pipe", "file", "none", "."}
	name := func() string {
		n := ""
		for range 1 + random.IntN(5) {
			n = path.Join(n, parts[random.IntN(len(parts))])
		}
		return path.Clean(n)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.MkdirAll(repo, 0o755))
	check(os.WriteFile(filepath.Join(base, "file"), []byte("secret"), 0o644))
	for i := range 216 {
		dir := filepath.Join(repo, parts[i%6], parts[i/6%6], parts[i/36])
		check(os.MkdirAll(dir, 0o755))
		check(os.WriteFile(filepath.Join(dir, "file"), []byte(dir), 0o644))
		check(syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
		for link, to := range map[string]string{"link": "file", "out": "../../../../file", "loop": "loop", "up": "../" + parts[i%6], "dangling": "none"} {
			check(os.Symlink(to, filepath.Join(dir, link)))
		}
	}
	root, err := os.OpenRoot(repo)
	check(err)
	disk := &disk{root: root, open: make(map[string]*os.Root)}
	said := func(info fs.FileInfo, err error) string {
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(info.Name(), info.Mode(), info.Size())
	}
	entries := func(list []fs.DirEntry, err error) string { return fmt.Sprint(list, err) }
	var all sync.WaitGroup
	for range 4 {
		var names []string
		for range 2000 {
			names = append(names, name())
		}
		all.Go(func() {
			for _, n := range names {
				compare := func(what, got, want string) {
					if got != want {
						t.Errorf("%s %s: %s, want %s", what, n, got, want)
					}
				}
				compare("stat", said(disk.stat(n)), said(root.Stat(n)))
				compare("lstat", said(disk.lstat(n)), said(root.Lstat(n)))
				compare("readlink", fmt.Sprint(disk.readlink(n)), fmt.Sprint(root.Readlink(n)))
				if info, err := root.Stat(n); err != nil || info.IsDir() {
					compare("readDir", entries(disk.readDir(n)), entries(fs.ReadDir(root.FS(), n)))
				}
				if info, err := root.Stat(n); err == nil && info.Mode().IsRegular() {
					f, err := disk.file(n)
					if err != nil {
						t.Errorf("open %s: %v", n, err)
						continue
					}
					info, err := f.Stat()
					compare("open", said(info, err), said(root.Stat(n)))
					f.Close()
				}
			}
		})
	}
	all.Wait()
	if err := disk.close(); err != nil {
		t.Error(err)
	}
	if len(disk.open) > 0 {
		t.Errorf("%d folders are open", len(disk.open))
	}
}
