package render

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/render/kustomize"
)

// Reach returns the smallest folder of the file system that holds dir and every
// folder that the kustomizations and charts below it lead to. It stands in for
// the root of a repository that nothing marks.
func Reach(dir string) (string, error) {
	r := reach{root: dir, seen: make(map[string]bool)}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // the search for targets reports it
		case entry.IsDir() && path != dir && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir():
			r.follow(path)
		}
		return nil
	})
	return r.root, err
}

type reach struct {
	root string
	seen map[string]bool
}

// localReferences are the parts of kustomizations and charts that may lead to
// other folders.
type localReferences struct {
	Resources, Bases, Components []string
	Dependencies                 []struct{ Repository string }
}

// follow widens the root to what the kustomization or chart in dir leads to.
func (r *reach) follow(dir string) {
	if r.seen[dir] {
		return
	}
	r.seen[dir] = true
	for _, name := range append(kustomize.FileNames(), "Chart.yaml", "requirements.yaml") {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		var refs localReferences
		_ = yaml.Unmarshal(data, &refs) // what is wrong with it is told when it is built
		entries := append(append(refs.Resources, refs.Bases...), refs.Components...)
		for _, d := range refs.Dependencies {
			if path, ok := strings.CutPrefix(d.Repository, "file://"); ok {
				entries = append(entries, path)
			}
		}
		for _, entry := range entries {
			path := filepath.Join(dir, entry)
			if info, err := os.Stat(path); err == nil && info.IsDir() && !filepath.IsAbs(entry) {
				r.widen(path)
				r.follow(path)
			}
		}
	}
}

func (r *reach) widen(path string) {
	for path != r.root && !strings.HasPrefix(path, strings.TrimSuffix(r.root, "/")+"/") && r.root != filepath.Dir(r.root) {
		r.root = filepath.Dir(r.root)
	}
}
