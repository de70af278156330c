package render

import "github.com/ringfence/ringfence/manifest"

// unseen returns the policies in the files of a kustomization that does not build, in the
// namespaces that it and those around it put them into. What its patches and other
// transformers make of them is not known.
func (r *Repository) unseen(t Target) []*manifest.Object {
	u := unseenPolicies{repository: r, moved: len(t.Overlays) > 0, seen: map[[2]string]bool{}}
	if len(t.Files) == 0 {
		u.visit(t.Dir, "")
	}
	for _, name := range t.Files {
		if r.tree.IsDir(name) {
			u.visit(name, "")
		} else {
			u.read(name, "")
		}
	}
	return u.policies
}

// unseenPolicies collects the policies of a target.
type unseenPolicies struct {
	repository *Repository
	moved      bool // an overlay may put them into another namespace
	seen       map[[2]string]bool
	policies   []*manifest.Object // found so far
}

// visit reads what a kustomization uses that another one puts into a namespace, "" for none.
func (u *unseenPolicies) visit(dir, namespace string) {
	refs, err := u.repository.referencesOf(dir)
	if err != nil {
		return // which the gap of the target says
	}
	if namespace == "" && !u.moved {
		namespace = refs.Namespace
	}
	key := [2]string{dir, namespace}
	if u.seen[key] {
		return
	}
	u.seen[key] = true
	for _, name := range refs.Files {
		u.read(name, namespace)
	}
	for _, d := range refs.Dirs {
		u.visit(d, namespace)
	}
}

func (u *unseenPolicies) read(name, namespace string) {
	if !isManifest(name) {
		return
	}
	objects, _ := u.repository.parse(name)
	for _, o := range objects {
		if !isPolicy(o) {
			continue
		}
		if namespace != "" {
			o = o.WithNamespace(namespace)
		}
		u.policies = append(u.policies, o)
	}
}
