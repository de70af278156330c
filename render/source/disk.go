package source

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
)

// A disk is the repository on disk. Each root-bound call opens all folders above what it
// is about, so the folders that were used last are kept open, and asked for what is in
// them. Its methods may be called concurrently.
type disk struct {
	root *os.Root

	mu   sync.Mutex
	open map[string]*os.Root // folders, by name
}

// mostOpen bounds how many folders are kept open. A process may often have 256 files open.
const mostOpen = 64

// within calls f with the nearest folder that is open or can be, and the name in it. What
// that folder refuses may be all right in the repository: a link out of it.
func within[T any](d *disk, name string, f func(folder *os.Root, name string) (T, error)) (T, error) {
	folder := d.folder(path.Dir(name))
	if folder == d.root {
		return f(folder, name)
	}
	result, err := f(folder, path.Base(name))
	if err == nil {
		return result, nil
	}
	if pathErr := new(fs.PathError); errors.As(err, &pathErr) && errors.Is(err, fs.ErrNotExist) {
		return result, &fs.PathError{Op: pathErr.Op, Path: name, Err: pathErr.Err}
	}
	return f(d.root, name)
}

// folder opens a folder, by way of that above it. Where this is not possible, it is the
// root.
func (d *disk) folder(name string) *os.Root {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.opened(name)
}

func (d *disk) opened(name string) *os.Root {
	if name == "." || name == ".." || name == "/" {
		return d.root
	}
	if folder := d.open[name]; folder != nil {
		return folder
	}
	above, base := d.opened(path.Dir(name)), path.Base(name)
	if above == d.root {
		base = name
	}
	// Stat first: opening a pipe would wait for a writer.
	info, err := above.Stat(base)
	if err != nil || !info.IsDir() {
		return d.root
	}
	folder, err := above.OpenRoot(base)
	if err != nil {
		return d.root
	}
	if len(d.open) >= mostOpen {
		d.closeFolders() // who asks one of them just now asks the root next
	}
	d.open[name] = folder
	return folder
}

func (d *disk) closeFolders() {
	for _, folder := range d.open {
		_ = folder.Close() // nothing was written
	}
	clear(d.open)
}

// close ends the use of the repository.
func (d *disk) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closeFolders()
	return d.root.Close()
}

func (d *disk) stat(name string) (fs.FileInfo, error)  { return within(d, name, (*os.Root).Stat) }
func (d *disk) lstat(name string) (fs.FileInfo, error) { return within(d, name, (*os.Root).Lstat) }
func (d *disk) file(name string) (*os.File, error)     { return within(d, name, (*os.Root).Open) }

func (d *disk) readlink(name string) (string, error) { return within(d, name, (*os.Root).Readlink) }

func (d *disk) readDir(name string) ([]fs.DirEntry, error) {
	return within(d, name, func(folder *os.Root, name string) ([]fs.DirEntry, error) { return fs.ReadDir(folder.FS(), name) })
}
