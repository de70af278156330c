package source

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"

	"github.com/ringfence/ringfence/manifest"
)

// Differences are the names of what two repositories do not have alike.
type Differences struct {
	Names []string // sorted: files, links and folders that are not in both, or not the same
	Links bool     // some of them are symbolic links, through which other names lead elsewhere
}

// Include tells whether a file may not be alike in both.
func (d Differences) Include(name string) bool {
	for ; name != "."; name = path.Dir(name) {
		if _, found := slices.BinarySearch(d.Names, name); found {
			return true
		}
	}
	return d.Links
}

// Compare finds the differences between two repositories. It looks at names and
// contents only, and of files too large to be read at their sizes. Folders named ".git"
// are left out. The trees must not be views.
func Compare(a, b *Tree) (Differences, error) {
	c := comparison{a: a, b: b}
	err := c.folders(".")
	slices.Sort(c.Names)
	return c.Differences, err
}

type comparison struct {
	Differences
	a, b *Tree
}

func (c *comparison) add(name string, entry fs.DirEntry) {
	c.Names = append(c.Names, name)
	c.Links = c.Links || entry.Type()&fs.ModeSymlink != 0
}

// folders compares a folder that both have.
func (c *comparison) folders(dir string) error {
	inA, err := c.a.ReadDir(dir)
	if err != nil {
		return err
	}
	inB, err := c.b.ReadDir(dir)
	if err != nil {
		return err
	}
	for len(inA)+len(inB) > 0 {
		switch {
		case len(inB) == 0 || len(inA) > 0 && inA[0].Name() < inB[0].Name():
			err = c.only(c.a, dir, inA[0])
			inA = inA[1:]
		case len(inA) == 0 || inB[0].Name() < inA[0].Name():
			err = c.only(c.b, dir, inB[0])
			inB = inB[1:]
		default:
			err = c.entries(dir, inA[0], inB[0])
			inA, inB = inA[1:], inB[1:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// only adds what lies in one repository, with all that is in it.
func (c *comparison) only(t *Tree, dir string, entry fs.DirEntry) error {
	if entry.Name() == gitDir {
		return nil
	}
	name := path.Join(dir, entry.Name())
	c.add(name, entry)
	if !entry.IsDir() {
		return nil
	}
	inside, err := t.ReadDir(name)
	if err != nil {
		return err
	}
	for _, e := range inside {
		if err := c.only(t, name, e); err != nil {
			return err
		}
	}
	return nil
}

// gitDir names the folder, or in a worktree the file, of git itself.
const gitDir = ".git"

func (c *comparison) entries(dir string, inA, inB fs.DirEntry) error {
	name := path.Join(dir, inA.Name())
	switch {
	case inA.Name() == gitDir:
		return nil
	case inA.Type() != inB.Type():
		return errors.Join(c.only(c.a, dir, inA), c.only(c.b, dir, inB))
	case inA.IsDir():
		return c.folders(name)
	case inA.Type()&fs.ModeSymlink != 0:
		targetA, err := c.a.disk.readlink(name)
		if err != nil {
			return err
		}
		targetB, err := c.b.disk.readlink(name)
		if err != nil {
			return err
		}
		if targetA != targetB {
			c.add(name, inA)
		}
		return nil
	case inA.Type().IsRegular():
		same, err := c.sameContent(name)
		if err == nil && !same {
			c.add(name, inA)
		}
		return err
	default:
		return nil // a device or pipe, which is not read
	}
}

func (c *comparison) sameContent(name string) (same bool, err error) {
	a, err := c.a.disk.file(name)
	if err != nil {
		return false, err
	}
	defer a.Close()
	b, err := c.b.disk.file(name)
	if err != nil {
		return false, err
	}
	defer b.Close()
	infoA, err := a.Stat()
	if err != nil {
		return false, err
	}
	infoB, err := b.Stat()
	if err != nil {
		return false, err
	}
	if infoA.Size() != infoB.Size() || infoA.Size() > manifest.DefaultMaxFileSize {
		return infoA.Size() == infoB.Size(), nil
	}
	var texts [2][]byte
	for i, f := range []io.Reader{a, b} {
		if texts[i], err = io.ReadAll(f); err != nil {
			return false, err
		}
	}
	return bytes.Equal(texts[0], texts[1]), nil
}
