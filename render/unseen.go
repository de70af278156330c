package render

import (
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/kustomize"
)

// unseen returns the policies in the files of a kustomization that does not build. What
// its patches and transformers make of them is not known.
func (r *Repository) unseen(t Target) []*manifest.Object {
	var policies []*manifest.Object
	seen := map[string]bool{}
	var visit func(dir string)
	visit = func(dir string) {
		if seen[dir] {
			return
		}
		seen[dir] = true
		refs, err := kustomize.ReferencesOf(r.tree, dir)
		if err != nil {
			return // which the gap of the target says
		}
		for _, name := range refs.Files {
			if !isManifest(name) {
				continue
			}
			objects, _ := r.parse(name)
			policies = append(policies, slices.DeleteFunc(slices.Clone(objects), func(o *manifest.Object) bool { return !isPolicy(o) })...)
		}
		for _, d := range refs.Dirs {
			visit(d)
		}
	}
	visit(t.Dir)
	return policies
}
