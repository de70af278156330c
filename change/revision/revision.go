// Package revision turns a revision of a git repository into a folder that holds
// the files of its commit.
//
// It reads the object store and the references of the repository and nothing else: no
// program is run, no filter is applied, and neither the working tree nor the index
// nor a reference is touched. It does not know what the files mean.
package revision

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// ErrNoRepository is the error for a folder that belongs to no git repository.
var ErrNoRepository = errors.New("not in a git repository")

// Repository is a git repository, read-only.
type Repository struct {
	store   *filesystem.Storage
	shallow map[plumbing.Hash]bool // commits whose parents were not fetched
}

// Commit is a commit of a repository.
type Commit struct{ *object.Commit }

// Short returns the first digits of the commit's name, as git shows it.
func (c Commit) Short() string { return c.Hash.String()[:7] }

// Open opens the repository whose working tree, or linked worktree, is rooted at a
// folder. The caller closes it.
func Open(root string) (*Repository, error) {
	dir, err := gitDir(root)
	if err != nil {
		return nil, err
	}
	common, err := commonDir(dir)
	if err != nil {
		return nil, err
	}
	var files billy.Filesystem = osfs.New(dir)
	if common != dir {
		files = dotgit.NewRepositoryFilesystem(files, osfs.New(common))
	}
	r := &Repository{
		store: filesystem.NewStorageWithOptions(files, cache.NewObjectLRUDefault(), filesystem.Options{
			KeepDescriptors: true, AlternatesFS: osfs.New(string(filepath.Separator)),
		}),
		shallow: make(map[plumbing.Hash]bool),
	}
	if err := r.check(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close releases the repository.
func (r *Repository) Close() error { return r.store.Close() }

// gitDir returns the folder that ".git" is or, in a worktree or a submodule, names
// (gitrepository-layout(5)).
func gitDir(root string) (string, error) {
	name := filepath.Join(root, ".git")
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", ErrNoRepository
	case err != nil:
		return "", err
	case info.IsDir():
		return name, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	dir, found := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir: ")
	if !found {
		return "", fmt.Errorf("%s names no git directory", name)
	}
	return under(root, dir), nil
}

// commonDir returns the folder of what all worktrees of a repository share.
func commonDir(dir string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, "commondir"))
	if errors.Is(err, os.ErrNotExist) {
		return dir, nil
	}
	return under(dir, strings.TrimSpace(string(data))), err
}

// under is a path as it is meant in a folder.
func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// check refuses what the library would read as an empty repository, and finds where
// the history was cut off.
func (r *Repository) check() error {
	config, err := r.store.Config()
	if err != nil {
		return fmt.Errorf("read the configuration of git: %w", err)
	}
	extensions := config.Raw.Section("extensions")
	if format := extensions.Option("objectFormat"); format != "" && !strings.EqualFold(format, "sha1") {
		return fmt.Errorf("repositories with object format %q are not read; compare two folders instead", format)
	}
	if format := extensions.Option("refStorage"); format != "" && !strings.EqualFold(format, "files") {
		return fmt.Errorf("references stored as %q are not read; compare two folders instead", format)
	}
	shallow, err := r.store.Shallow()
	if err != nil {
		return fmt.Errorf("read where the history was cut off: %w", err)
	}
	for _, h := range shallow {
		r.shallow[h] = true
	}
	return nil
}

// fetchAll says what to do where a clone lacks history.
const fetchAll = "the clone is shallow: fetch the whole history (\"git fetch --unshallow\"; for actions/checkout \"fetch-depth: 0\")"
