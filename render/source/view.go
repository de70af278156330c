package source

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"
)

// With returns a view of the repository in which some files have other content, and
// those with nil are gone. Folders that new files need are there. The view needs the
// tree open and is not closed itself.
func (t *Tree) With(changes map[string][]byte) *Tree {
	t.mu.Lock()
	defer t.mu.Unlock()
	view := &Tree{dir: t.dir, disk: t.disk, mounts: t.mounts, empty: t.empty, files: maps.Clone(t.files), plain: maps.Clone(t.plain), changed: maps.Clone(t.changed)}
	if view.changed == nil {
		view.changed = make(map[string]change)
	}
	for name, data := range changes {
		name = path.Clean(name)
		view.changed[name] = change{name: path.Base(name), size: int64(len(data)), gone: data == nil}
		view.files[name] = file{data: data}
		if data == nil {
			view.files[name] = file{err: gone("open", name)}
			continue
		}
		for dir := path.Dir(name); dir != "." && !t.there(dir); dir = path.Dir(dir) {
			view.changed[dir] = change{name: path.Base(dir), dir: true}
		}
	}
	return view
}

// there tells whether a folder is on disk.
func (t *Tree) there(dir string) bool {
	_, err := t.disk.stat(dir)
	return err == nil
}

func gone(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist} }

// A change describes a regular file that is shown instead of what is on disk, or a
// folder that is shown besides. It also describes what another process tells of.
type change struct {
	name string
	size int64
	dir  bool
	gone bool
	mode fs.FileMode // zero: that of a file or folder that anybody may read
}

func (c change) Name() string               { return c.name }
func (c change) Size() int64                { return c.size }
func (c change) IsDir() bool                { return c.dir }
func (c change) Type() fs.FileMode          { return c.Mode().Type() }
func (c change) ModTime() time.Time         { return time.Time{} }
func (c change) Sys() any                   { return nil }
func (c change) Info() (fs.FileInfo, error) { return c, nil }

// Mode tells a file from a folder.
func (c change) Mode() fs.FileMode {
	switch {
	case c.mode != 0:
		return c.mode
	case c.dir:
		return fs.ModeDir | 0o755
	default:
		return 0o644
	}
}

// stat describes a changed file.
func (t *Tree) stat(op, name string) (info fs.FileInfo, changed bool, err error) {
	c, changed := t.changed[name]
	if c.gone {
		return nil, true, gone(op, name)
	}
	return c, changed, nil
}

// withChanges adds to what a folder holds on disk what the view shows.
func (t *Tree) withChanges(name string, entries []fs.DirEntry) []fs.DirEntry {
	if len(t.changed) == 0 {
		return entries
	}
	kept := slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		_, changed := t.changed[path.Join(name, e.Name())]
		return changed
	})
	for file, c := range t.changed {
		if path.Dir(file) == name && !c.gone {
			kept = append(kept, c)
		}
	}
	slices.SortFunc(kept, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return kept
}
