package revision

import (
	"fmt"
	"path"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Submodules returns the submodules of a commit: the folder of each, and the commit that
// it is at.
func (r *Repository) Submodules(c Commit) (map[string]string, error) {
	found := map[string]string{}
	if err := r.addSubmodules(found, c.TreeHash, "."); err != nil {
		return nil, fmt.Errorf("look for the submodules of commit %s: %w", c.Short(), err)
	}
	return found, nil
}

func (r *Repository) addSubmodules(found map[string]string, h plumbing.Hash, dir string) error {
	tree, err := object.GetTree(r.store, h)
	if err != nil {
		return missing(dir, err)
	}
	for _, e := range tree.Entries {
		name := path.Join(dir, e.Name)
		switch e.Mode {
		case filemode.Submodule:
			found[name] = e.Hash.String()
		case filemode.Dir:
			if err := r.addSubmodules(found, e.Hash, name); err != nil {
				return err
			}
		}
	}
	return nil
}
