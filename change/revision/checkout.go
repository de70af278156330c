package revision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/ringfence/ringfence/manifest"
)

// Checkout writes the files of a commit into an empty folder: regular files, and
// symbolic links as such. Of a file that is too large to be read only the size is
// kept. Submodules are left as empty folders. Names that would lead out of the folder
// are refused.
func (r *Repository) Checkout(ctx context.Context, c Commit, dir string) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	w := writer{ctx: ctx, repository: r, root: root}
	if err := w.tree(c.TreeHash, "."); err != nil {
		return fmt.Errorf("write the files of commit %s: %w", c.Short(), err)
	}
	return nil
}

type writer struct {
	ctx        context.Context //nolint:containedctx // of one call of Checkout
	repository *Repository
	root       *os.Root
}

func (w *writer) tree(h plumbing.Hash, dir string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	tree, err := object.GetTree(w.repository.store, h)
	if err != nil {
		return missing(dir, err)
	}
	for _, e := range tree.Entries {
		if err := w.entry(e, path.Join(dir, e.Name)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) entry(e object.TreeEntry, name string) error {
	switch e.Mode {
	case filemode.Dir:
		if err := w.root.Mkdir(name, 0o700); err != nil {
			return err
		}
		return w.tree(e.Hash, name)
	case filemode.Submodule:
		return w.root.Mkdir(name, 0o700)
	case filemode.Symlink:
		target, err := w.read(e.Hash, name)
		if err != nil {
			return err
		}
		return w.root.Symlink(string(target), name)
	default:
		return w.file(e.Hash, name)
	}
}

func (w *writer) file(h plumbing.Hash, name string) error {
	f, err := w.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(w.fill(f, h, name), f.Close())
}

func (w *writer) fill(f *os.File, h plumbing.Hash, name string) error {
	// Of a large object only the size is read, except where it is borrowed.
	if size, err := w.repository.store.EncodedObjectSize(h); err == nil && size > manifest.DefaultMaxFileSize {
		return f.Truncate(size)
	}
	data, err := w.read(h, name)
	if err != nil {
		return err
	}
	if len(data) > manifest.DefaultMaxFileSize {
		return f.Truncate(int64(len(data)))
	}
	_, err = f.Write(data)
	return err
}

func (w *writer) read(h plumbing.Hash, name string) ([]byte, error) {
	blob, err := object.GetBlob(w.repository.store, h)
	if err != nil {
		return nil, missing(name, err)
	}
	data, err := contentOf(blob)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

func contentOf(blob *object.Blob) (data []byte, err error) {
	reader, err := blob.Reader()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	return io.ReadAll(reader)
}

// missing says what to do where the object of a file or a folder is not in the clone.
func missing(name string, err error) error {
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return fmt.Errorf("%s is not in this clone; fetch it without a filter", name)
	}
	return fmt.Errorf("%s: %w", name, err)
}
