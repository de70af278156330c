// Package source shows the renderers a repository, with what was fetched for it, and
// nothing else: paths and symbolic links that leave it are refused by the operating
// system's own root-bound calls, special files and giant files are not read, and every
// file is read once.
package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/ringfence/ringfence/manifest"
)

// ErrOutside is the error for a path that leaves the repository.
var ErrOutside = errors.New("leaves the repository")

// ErrNotRegular is the error for reading a device, pipe or socket.
var ErrNotRegular = errors.New("not a regular file")

// ErrTooLarge is the error for reading a file over the size limit.
var ErrTooLarge = fmt.Errorf("larger than %d MiB, the most that is read of a file", manifest.DefaultMaxFileSize>>20)

// Tree is a repository on disk. Names are slash-separated and relative to its
// root, which is ".". All methods may be called concurrently.
type Tree struct {
	dir  string
	disk *disk
	// proxy is asked where another process has the repository open; else it is nil.
	proxy *proxy

	changed map[string]change // of a view; read-only
	mounts  *mounts
	empty   []string // folders that are shown as empty

	mu     sync.Mutex
	files  map[string]file
	listed map[string]listing
	plain  map[string]bool // what is there and no link, of what Resolve came by
}

type file struct {
	data []byte
	err  error
}

type listing struct {
	entries []fs.DirEntry
	err     error
}

// Open opens the repository rooted at dir. The caller closes it.
func Open(dir string) (*Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	disk := &disk{root: root, open: make(map[string]*os.Root)}
	return &Tree{dir: dir, disk: disk, mounts: &mounts{all: make(map[string]*mount)}, files: make(map[string]file), plain: make(map[string]bool)}, nil
}

// Close releases the repository.
func (t *Tree) Close() error { return t.disk.close() }

// LeaveEmpty shows folders as empty, as git leaves those of submodules that it does not
// fetch. It is called before anything is read.
func (t *Tree) LeaveEmpty(folders []string) { t.empty = folders }

// Dir is the folder that Open was given.
func (t *Tree) Dir() string { return t.dir }

// ReadFile returns the content of a regular file. It is shared: never change
// it. Besides the errors of package fs it returns ErrOutside, ErrNotRegular and
// ErrTooLarge, wrapped.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	name = path.Clean(name)
	if _, m, rest := t.mounted(name); m != nil {
		return m.read(name, rest)
	}
	t.mu.Lock()
	f, ok := t.files[name]
	t.mu.Unlock()
	if !ok {
		f.data, f.err = t.read(name)
		t.mu.Lock()
		t.files[name] = f
		t.mu.Unlock()
	}
	return f.data, f.err
}

func (t *Tree) read(name string) ([]byte, error) {
	if t.proxy != nil {
		return t.proxy.read(name)
	}
	// Stat first: opening a pipe for reading would wait for a writer.
	info, err := t.Stat(name)
	if err != nil {
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrNotRegular}
	case info.Size() > manifest.DefaultMaxFileSize:
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrTooLarge}
	}
	f, err := t.disk.file(name)
	if err != nil {
		return nil, t.cause("open", name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, manifest.DefaultMaxFileSize+1))
	if err == nil && len(data) > manifest.DefaultMaxFileSize {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, t.cause("read", name, err)
	}
	return data, nil
}

// Mentioning lists, sorted, the files read so far that hold a word.
func (t *Tree) Mentioning(word string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var names []string
	for name, f := range t.files {
		if bytes.Contains(f.data, []byte(word)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Folder shows a folder of the repository and nothing else.
func (t *Tree) Folder(name string) (fs.FS, error) { return fs.Sub(t.disk.root.FS(), path.Clean(name)) }

// Stat describes a file or folder, following links that stay in the repository.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	name = path.Clean(name)
	if t.proxy != nil {
		return t.proxy.stat(name)
	}
	if _, m, rest := t.mounted(name); m != nil {
		return m.stat("stat", name, rest)
	}
	if info, changed, err := t.stat("stat", name); changed {
		return info, err
	}
	if _, err := t.isEmpty(name); err != nil {
		return nil, err
	}
	info, err := t.disk.stat(name)
	return info, t.cause("stat", name, err)
}

// ReadDir lists a folder, sorted by name. Each is read once, as files are.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	name = path.Clean(name)
	if _, m, rest := t.mounted(name); m != nil {
		return m.readDir(name, rest)
	}
	t.mu.Lock()
	l, ok := t.listed[name]
	t.mu.Unlock()
	if !ok {
		l.entries, l.err = t.readDir(name)
		t.mu.Lock()
		if t.listed == nil {
			t.listed = make(map[string]listing)
		}
		t.listed[name] = l
		t.mu.Unlock()
	}
	return slices.Clone(l.entries), l.err
}

func (t *Tree) readDir(name string) ([]fs.DirEntry, error) {
	if t.proxy != nil {
		return t.proxy.readDir(name)
	}
	if empty, err := t.isEmpty(name); empty || err != nil {
		return nil, err
	}
	// Stat first: opening a pipe would wait for a writer.
	if info, err := t.disk.stat(name); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrNotRegular}
	}
	entries, err := t.disk.readDir(name)
	if t.changed[name].dir {
		err = nil
	}
	return t.withChanges(name, entries), t.cause("read", name, err)
}

// isEmpty tells whether a name leads to a folder that is left empty. What lies in one is
// not there.
func (t *Tree) isEmpty(name string) (bool, error) {
	if len(t.empty) == 0 {
		return false, nil
	}
	real, err := t.Resolve(name)
	return slices.Contains(t.empty, real), err
}

// IsDir tells whether name is a folder in the repository.
func (t *Tree) IsDir(name string) bool {
	info, err := t.Stat(name)
	return err == nil && info.IsDir()
}

// Exists tells whether name is a file or folder in the repository.
func (t *Tree) Exists(name string) bool {
	_, err := t.Stat(name)
	return err == nil
}

// maxLinks bounds how many symbolic links Resolve follows, as the kernel does.
const maxLinks = 40

// Resolve returns the name of what a path leads to after all symbolic links.
func (t *Tree) Resolve(name string) (string, error) {
	if t.proxy != nil {
		return t.proxy.resolve(name)
	}
	if _, m, rest := t.mounted(path.Clean(name)); m != nil {
		_, err := m.stat("resolve", name, rest)
		return path.Clean(name), err // there are no links in it
	}
	rest := strings.Split(path.Clean(name), "/")
	done := "."
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		next := path.Join(done, part)
		if next == ".." || strings.HasPrefix(next, "../") {
			return "", &fs.PathError{Op: "resolve", Path: name, Err: ErrOutside}
		}
		isLink, err := t.isLink(next)
		if err != nil {
			return "", t.cause("resolve", name, err)
		}
		if !isLink {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "resolve", Path: name, Err: errors.New("too many symbolic links")}
		}
		link, err := t.disk.readlink(next)
		if err != nil {
			return "", t.cause("resolve", name, err)
		}
		if path.IsAbs(link) {
			return "", &fs.PathError{Op: "resolve", Path: name, Err: ErrOutside}
		}
		rest = append(strings.Split(path.Clean(link), "/"), rest...)
	}
	return done, nil
}

// isLink tells whether a name is a symbolic link. Paths have their folders in common, and
// each look at one opens all above it, so what is none is remembered.
func (t *Tree) isLink(name string) (bool, error) {
	if _, changed, err := t.stat("resolve", name); changed {
		return false, err
	}
	if slices.Contains(t.empty, path.Dir(name)) {
		return false, gone("resolve", name)
	}
	t.mu.Lock()
	plain := t.plain[name]
	t.mu.Unlock()
	if plain {
		return false, nil
	}
	info, err := t.disk.lstat(name)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return err == nil, err
	}
	t.mu.Lock()
	t.plain[name] = true
	t.mu.Unlock()
	return false, nil
}

// cause turns the root-bound refusal, which has no exported value, into ErrOutside.
func (t *Tree) cause(op, name string, err error) error {
	if err == nil {
		return nil
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) && pathErr.Err.Error() == "path escapes from parent" {
		return &fs.PathError{Op: op, Path: name, Err: ErrOutside}
	}
	return err
}
