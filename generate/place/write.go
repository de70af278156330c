package place

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// Files returns what the plan makes of files: nil for one that goes.
func (p *Plan) Files() map[string][]byte {
	files := make(map[string][]byte)
	for _, c := range p.Changes {
		files[c.File] = c.After
	}
	return files
}

// Verb says what happens to the file.
func (c Change) Verb() string {
	switch {
	case c.Before == nil:
		return "wrote"
	case c.After == nil:
		return "removed"
	default:
		return "updated"
	}
}

// Write changes the files of the repository rooted at dir. Each is replaced as a
// whole; all are prepared before the first one is, and nothing changes where one cannot
// be prepared or has changed since it was read. Links that leave the repository are
// refused.
func (p *Plan) Write(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	defer func() {
		for _, c := range p.Changes {
			_ = root.Remove(prepared(c)) // there only if something failed
		}
	}()
	for _, c := range p.Changes {
		if err := prepare(root, c); err != nil {
			return fmt.Errorf("write %s: %w", c.File, err)
		}
	}
	for _, c := range p.Changes {
		if c.After == nil {
			err = root.Remove(c.File)
		} else {
			err = root.Rename(prepared(c), c.File)
		}
		if err != nil && !(c.After == nil && errors.Is(err, fs.ErrNotExist)) {
			return fmt.Errorf("write %s: %w", c.File, err)
		}
	}
	return nil
}

// prepared is the file that holds the new content until it takes the place of the old.
// Other runs have others.
func prepared(c Change) string {
	return path.Join(path.Dir(c.File), fmt.Sprintf(".%s.%d.ringfence", path.Base(c.File), os.Getpid()))
}

func prepare(root *os.Root, c Change) error {
	mode := fs.FileMode(0o644)
	info, err := root.Lstat(c.File)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return errors.New("not a regular file")
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if now, err := root.ReadFile(c.File); err == nil && !bytes.Equal(now, c.Before) {
		return errors.New("it has changed since it was read")
	}
	if c.After == nil {
		return nil
	}
	if err := root.MkdirAll(path.Dir(c.File), 0o755); err != nil {
		return err
	}
	return root.WriteFile(prepared(c), c.After, mode)
}
