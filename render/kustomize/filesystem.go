package kustomize

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/ringfence/ringfence/render/source"
)

// mount is where kustomize sees the repository. It is not the root folder, so
// that a path that leaves the repository does not lead back into it.
const mount = "/@"

// mounted is the path under which kustomize sees a name of the repository.
func mounted(name string) string { return path.Join(mount, name) }

// unmounted is the name of the repository for what kustomize calls path.
func unmounted(name string) (string, error) {
	name = path.Clean(filepath.ToSlash(name))
	if name == mount {
		return ".", nil
	}
	if rest, ok := strings.CutPrefix(name, mount+"/"); ok {
		return rest, nil
	}
	return "", source.ErrOutside
}

// fileSystem shows kustomize the repository as a reading wants it seen.
type fileSystem struct{ *reading }

// CleanedAbs splits a path, after symbolic links, into its folder and file name.
// Kustomize calls it before it reads any file.
func (f *fileSystem) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	name, err := unmounted(name)
	if err != nil {
		return "", "", err
	}
	if _, ok := f.inflated[name]; ok {
		return filesys.ConfirmedDir(mounted(path.Dir(name))), path.Base(name), nil
	}
	if f.input.generated() && IsFile(name) && f.isRoot(path.Dir(name)) {
		if root, _ := f.rootFile(); path.Base(root) != path.Base(name) {
			return "", "", fs.ErrNotExist
		}
		f.kustomizationAt[name] = path.Dir(name)
		return filesys.ConfirmedDir(mounted(path.Dir(name))), path.Base(name), nil
	}
	at := f.resolve(name)
	switch {
	case at.err != nil:
		return "", "", at.err
	case at.dir:
		return filesys.ConfirmedDir(mounted(at.name)), "", nil
	}
	if IsFile(name) {
		f.kustomizationAt[at.name] = path.Dir(name)
	}
	return filesys.ConfirmedDir(mounted(path.Dir(at.name))), path.Base(at.name), nil
}

// ReadFile returns a kustomization rewritten, a resource or patch with marks, and
// any other file as it is. Without restrictions kustomize reads without asking first
// where a path leads.
func (f *fileSystem) ReadFile(name string) ([]byte, error) {
	if f.input.Unrestricted {
		dir, base, err := f.CleanedAbs(name)
		if err != nil {
			return nil, err
		}
		name = dir.Join(base)
	}
	name, err := unmounted(name)
	if err != nil {
		return nil, err
	}
	return f.read(name)
}

var errReadOnly = errors.New("the repository is read-only")

// The rest of the interface is not used by a build.

func (f *fileSystem) Create(string) (filesys.File, error)  { return nil, errReadOnly }
func (f *fileSystem) Open(string) (filesys.File, error)    { return nil, errReadOnly }
func (f *fileSystem) Mkdir(string) error                   { return errReadOnly }
func (f *fileSystem) MkdirAll(string) error                { return errReadOnly }
func (f *fileSystem) RemoveAll(string) error               { return errReadOnly }
func (f *fileSystem) WriteFile(string, []byte) error       { return errReadOnly }
func (f *fileSystem) IsDir(string) bool                    { return false }
func (f *fileSystem) Exists(string) bool                   { return false }
func (f *fileSystem) Glob(string) ([]string, error)        { return nil, errReadOnly }
func (f *fileSystem) ReadDir(string) ([]string, error)     { return nil, errReadOnly }
func (f *fileSystem) Walk(string, filepath.WalkFunc) error { return errReadOnly }

// resolution is what a name leads to after symbolic links.
type resolution struct {
	name string
	dir  bool
	err  error
}

func (b *Builder) resolve(name string) resolution {
	return b.resolved.get(name, func() (at resolution) {
		if at.name, at.err = b.tree.Resolve(name); at.err == nil {
			at.dir = b.tree.IsDir(at.name)
		}
		return at
	})
}
