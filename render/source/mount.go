package source

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ringfence/ringfence/manifest"
)

// mountPrefix begins the names of folders that do not lie in the repository. No name
// of a file system that lies in it can lead there.
const mountPrefix = "fetched:"

// mounts are what is shown of elsewhere, by folder. Views share them with their tree.
type mounts struct {
	mu  sync.Mutex
	all map[string]*mount
}

// A mount is a folder of files that were fetched.
type mount struct {
	files map[string][]byte
	dirs  map[string][]fs.DirEntry // sorted by name
	named manifest.Pos             // the line of the repository that names it
}

// Mount shows files from elsewhere as a folder, and returns its name. Label tells
// readers what it is, digest which content it has, and named which line of the
// repository names it. The folder is not listed in any other; no path out of it leads
// into the repository.
func (t *Tree) Mount(label, digest string, named manifest.Pos, files map[string][]byte) (dir string) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", digest, named))
	dir = mountPrefix + fmt.Sprintf("%s@%x", strings.Trim(path.Clean("/"+label), "/"), sum[:16])
	t.mounts.mu.Lock()
	defer t.mounts.mu.Unlock()
	if t.mounts.all[dir] == nil {
		t.mounts.all[dir] = &mount{files: files, dirs: foldersOf(files), named: named}
	}
	return dir
}

// mounting matches what tells apart two folders of the same content.
var mounting = regexp.MustCompile(`^(fetched:.*?)@[0-9a-f]{32}(/|$)`)

// Label is a name as readers understand it: of what was fetched, without the part that
// tells apart which line names it.
func Label(name string) string { return mounting.ReplaceAllString(name, "$1$2") }

// foldersOf lists the folders in which files lie.
func foldersOf(files map[string][]byte) map[string][]fs.DirEntry {
	entries := map[string]map[string]change{".": {}}
	for name, data := range files {
		c := change{name: path.Base(name), size: int64(len(data))}
		for dir := path.Dir(name); ; dir = path.Dir(dir) {
			if entries[dir] == nil {
				entries[dir] = make(map[string]change)
			}
			entries[dir][c.name] = c
			if dir == "." {
				break
			}
			c = change{name: path.Base(dir), dir: true}
		}
	}
	dirs := make(map[string][]fs.DirEntry, len(entries))
	for dir, list := range entries {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			dirs[dir] = append(dirs[dir], list[name])
		}
	}
	return dirs
}

// MountOf returns the folder of something fetched that a name lies in, "" for what lies
// in the repository.
func (t *Tree) MountOf(name string) string {
	if t.proxy != nil {
		return t.proxy.mountOf(name)
	}
	dir, _, _ := t.mounted(path.Clean(name))
	return dir
}

// Named returns the line of the repository that names what a position lies in: the
// position itself where that is the repository.
func (t *Tree) Named(pos manifest.Pos) manifest.Pos {
	if _, m, _ := t.mounted(pos.File); m != nil {
		return m.named
	}
	return pos
}

// mounted finds what was mounted for a clean name, and what is left of the name.
func (t *Tree) mounted(name string) (dir string, m *mount, rest string) {
	if !strings.HasPrefix(name, mountPrefix) {
		return "", nil, ""
	}
	t.mounts.mu.Lock()
	defer t.mounts.mu.Unlock()
	for dir := name; dir != "."; dir = path.Dir(dir) {
		if m := t.mounts.all[dir]; m != nil {
			return dir, m, cmp.Or(strings.TrimPrefix(strings.TrimPrefix(name, dir), "/"), ".")
		}
	}
	return "", nil, ""
}

func (m *mount) stat(op, name, rest string) (fs.FileInfo, error) {
	if data, ok := m.files[rest]; ok {
		return change{name: path.Base(rest), size: int64(len(data))}, nil
	}
	if _, ok := m.dirs[rest]; ok {
		return change{name: path.Base(rest), dir: true}, nil
	}
	return nil, gone(op, name)
}

func (m *mount) read(name, rest string) ([]byte, error) {
	data, ok := m.files[rest]
	switch {
	case ok && len(data) > manifest.DefaultMaxFileSize:
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrTooLarge}
	case ok:
		return data, nil
	case m.dirs[rest] != nil:
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrNotRegular}
	default:
		return nil, gone("open", name)
	}
}

func (m *mount) readDir(name, rest string) ([]fs.DirEntry, error) {
	entries, ok := m.dirs[rest]
	if !ok {
		return nil, gone("read", name)
	}
	return slices.Clone(entries), nil
}
