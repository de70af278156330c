package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/ringfence/ringfence/change/revision"
)

// isFolder tells whether an argument is a folder rather than a revision. What looks like
// a path is one; a branch wins over a folder of its name.
func isFolder(arg string, git *gitRepository) bool {
	if info, err := os.Stat(arg); err != nil || !info.IsDir() {
		return false
	}
	if filepath.IsAbs(arg) || arg == "." || arg == ".." || strings.HasPrefix(arg, "./") || strings.HasPrefix(arg, "../") {
		return true
	}
	_, err := git.resolve(arg)
	return err != nil
}

// gitRepository is the repository around the working directory.
type gitRepository struct {
	*revision.Repository // nil where there is none
	root                 string
}

func openGit() (*gitRepository, error) {
	root, err := repositoryRoot([]string{"."})
	if err != nil {
		return nil, err
	}
	r, err := revision.Open(root)
	if errors.Is(err, revision.ErrNoRepository) {
		return &gitRepository{root: root}, nil
	} else if err != nil {
		return nil, usageError{err}
	}
	return &gitRepository{r, root}, nil
}

func (g *gitRepository) close() error {
	if g.Repository == nil {
		return nil
	}
	return g.Repository.Close()
}

func (g *gitRepository) resolve(name string) (revision.Commit, error) {
	if g.Repository == nil {
		return revision.Commit{}, usagef("%s: no such folder, and the working directory is in no git repository", name)
	}
	c, err := g.Resolve(name)
	if err != nil {
		return c, usageError{err}
	}
	return c, nil
}
