package render

import (
	"slices"

	"github.com/ringfence/ringfence/manifest"
)

// unseen returns the policies in the files of a kustomization that does not build. What
// its patches and transformers make of them is not known.
func (r *Repository) unseen(t Target) []*manifest.Object {
	var policies []*manifest.Object
	read := func(files []string) {
		for _, name := range files {
			if isManifest(name) {
				objects, _ := r.parse(name)
				policies = append(policies, slices.DeleteFunc(slices.Clone(objects), func(o *manifest.Object) bool { return !isPolicy(o) })...)
			}
		}
	}
	seen := map[string]bool{}
	var visit func(dir string)
	visit = func(dir string) {
		if seen[dir] {
			return
		}
		seen[dir] = true
		refs, err := r.referencesOf(dir)
		if err != nil {
			return // which the gap of the target says
		}
		read(refs.Files)
		for _, d := range refs.Dirs {
			visit(d)
		}
	}
	if len(t.Files) == 0 {
		visit(t.Dir)
	}
	for _, name := range t.Files {
		if r.tree.IsDir(name) {
			visit(name)
		} else {
			read([]string{name})
		}
	}
	return policies
}
