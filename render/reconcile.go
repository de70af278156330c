package render

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/flux"
)

// maxSteps bounds how many objects of Flux lead from one to the next, each applied
// by what the one before applies.
const maxSteps = 20

// reconcile follows the objects of Flux in the targets of a whole repository, until
// they apply nothing new: a Kustomization can apply others, and HelmReleases. It
// returns nil where there are none.
//
// What an object applies goes where the object is: the environment of a cluster is
// that of the folder with which it begins.
func (f *finder) reconcile(ctx context.Context) *reconciliation {
	r := &reconciliation{finder: f, ctx: ctx, targets: make(map[string]*Target)}
	stages := r.stages()
	if len(stages[0])+len(stages[1]) == 0 {
		return nil
	}
	for _, stage := range stages {
		before := len(r.all())
		r.found = append(r.found, stage...)
		if len(r.all()) > before {
			r.settle()
		}
	}
	return r
}

// take puts what objects of Flux apply, if it or what says so lies below dirs, in
// the place of the targets that it stands for.
func (f *finder) take(r *reconciliation, dirs []string) {
	below := func(name string) bool {
		return slices.ContainsFunc(dirs, func(dir string) bool { return within(name, dir) })
	}
	made, left := r.results()
	var kept []Target
	for _, t := range f.targets {
		t, ok := without(t, r.applied)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(left, func(other Target) bool { return other.Name == t.Name && other.Kind == t.Kind }); i >= 0 {
			t = left[i]
		}
		kept = append(kept, t)
	}
	made = slices.DeleteFunc(made, func(t Target) bool { return !below(t.Dir) && !below(t.Pos.File) })
	f.targets = append(kept, distinct(kept, made)...)
	f.gaps = append(f.gaps, r.limit...)
}

// A reconciliation is the work of one call of reconcile.
type reconciliation struct {
	*finder
	ctx context.Context //nolint:containedctx // it lives as long as the call of reconcile

	found    []Target            // by the shape of the repository
	applied  []Target            // by objects
	clusters map[string]*cluster // of the last step, by environment
	roots    map[int]bool        // the indexes in all of targets that hold Kustomizations
	gaps     map[int][]Gap       // of objects, by the index in all of the target that holds them
	limit    []Gap               // that it did not come to an end
	targets  map[string]*Target  // what objects make of themselves, by all that they are made of
}

// settle follows objects until they apply nothing new.
func (r *reconciliation) settle() {
	for range maxSteps {
		next := r.follow(r.rendered())
		if slices.EqualFunc(next, r.applied, func(a, b Target) bool {
			return a.Name == b.Name && a.Why == b.Why && slices.Equal(a.Envs, b.Envs) && a.source() == b.source()
		}) {
			return
		}
		r.applied = next
	}
	r.follow(r.rendered())
	r.limit = []Gap{{Pos: r.applied[0].Pos, Code: manifest.LimitExceeded, Reason: fmt.Sprintf("objects of Flux apply each other in more than %d steps", maxSteps)}}
}

// rendered renders what objects apply, and then what is left of what was found.
func (r *reconciliation) rendered() []Result { return r.renderAll(r.ctx, r.all(), nil) }

// all is what objects apply, and then what is left of what was found.
func (r *reconciliation) all() []Target {
	targets := slices.Clone(r.applied)
	for _, t := range r.found {
		if t, ok := without(t, r.applied); ok {
			targets = append(targets, t)
		}
	}
	return targets
}

// results are the targets in the end, with the gaps of the objects in them: those
// that objects make, and those that are left of what was found.
func (r *reconciliation) results() (made, left []Target) {
	targets := r.all()
	made, left = targets[:len(r.applied):len(r.applied)], targets[len(r.applied):]
	for i := range targets {
		t := &targets[i]
		t.reconciled = true
		t.Gaps = slices.Concat(t.Gaps, r.gaps[i])
		if i >= len(made) && len(made) > 0 && !t.configured && !t.followed && !r.isRoot(t.Dir, left) {
			t.Why = cmp.Or(t.Why, "an environment of its own") + "; no Kustomization applies it"
		}
	}
	return made, left
}

// isRoot tells whether a target holds Kustomizations, or lies below one that does:
// somebody applies those by hand, or when Flux is installed.
func (r *reconciliation) isRoot(dir string, left []Target) bool {
	for i, root := range left {
		if r.roots[len(r.applied)+i] && within(dir, root.Dir) {
			return true
		}
	}
	return false
}

// without returns what is left of a target beside what objects apply; false means
// that nothing is. What the configuration declares stays.
func without(t Target, applied []Target) (Target, bool) {
	for _, a := range applied {
		switch {
		case t.configured, t.application != "":
		case t.Kind == Plain:
			t.Files = slices.DeleteFunc(slices.Clone(t.Files), func(name string) bool { return slices.Contains(a.Files, name) })
			if len(t.Files) == 0 {
				return t, false
			}
		case t.Kind == a.Kind && t.Dir == a.Dir && len(a.Files) == 0, t.Kind == Kustomize && slices.Contains(a.Files, t.Dir):
			return t, false
		}
	}
	return t, true
}

// follow reads the objects of each cluster, and returns what they apply.
func (r *reconciliation) follow(results []Result) []Target {
	clusters := make(map[string]*cluster)
	for i, result := range results { // those that objects apply come first
		for _, env := range environmentNames(result.Target) {
			if clusters[env] == nil {
				clusters[env] = newCluster(r, env)
			}
			clusters[env].hold(i, result)
		}
	}
	r.gaps, r.roots = make(map[int][]Gap), make(map[int]bool)
	var targets []Target
	for _, env := range slices.Sorted(maps.Keys(clusters)) {
		c := clusters[env]
		if before := r.clusters[env]; before != nil && before.equal(c) {
			c = before
		} else {
			c.flux()
		}
		clusters[env] = c
		targets = append(targets, c.applied...)
		for holder, gaps := range c.gaps {
			r.gaps[holder] = append(r.gaps[holder], gaps...)
		}
		maps.Copy(r.roots, c.roots)
	}
	r.clusters = clusters
	return slices.DeleteFunc(targets, func(t Target) bool {
		return slices.ContainsFunc(r.found, func(other Target) bool { return other.configured && other.Dir == t.Dir })
	})
}

// stages orders what was found: what holds objects of Flux comes first, but not what
// such an object names; then the rest of those; then all others. That way little is
// rendered that turns out to be part of something else.
func (r *reconciliation) stages() [3][]Target {
	var stages [3][]Target
	named := r.named()
	for _, t := range r.finder.targets {
		stage := 2
		if r.holds(t) {
			stage = 0
			if slices.ContainsFunc(named, func(n namedPath) bool { return within(t.Dir, n.path) && !within(n.by, n.path) }) {
				stage = 1
			}
		}
		stages[stage] = append(stages[stage], t)
	}
	return stages
}

// holds tells whether a target may hold objects of Flux, by the text of its files.
func (r *reconciliation) holds(t Target) bool {
	switch t.Kind {
	case Plain:
		return slices.ContainsFunc(t.Files, r.mentionsFlux)
	case Helm:
		for dir, names := range r.survey.manifests {
			if within(dir, t.Dir) && slices.ContainsFunc(names, r.mentionsFlux) {
				return true
			}
		}
		return false
	}
	seen := make(map[string]bool)
	var visit func(dir string) bool
	visit = func(dir string) bool {
		if seen[dir] {
			return false
		}
		seen[dir] = true
		refs := r.references[dir]
		return slices.ContainsFunc(refs.Files, r.mentionsFlux) || slices.ContainsFunc(refs.Dirs, visit)
	}
	return visit(t.Dir)
}

// mentionsFlux tells whether a file has the API group of objects that apply something.
func (r *reconciliation) mentionsFlux(name string) bool {
	data, err := r.tree.ReadFile(name)
	return err == nil && slices.ContainsFunc(flux.Groups, func(group string) bool { return bytes.Contains(data, []byte(group)) })
}

// A namedPath is a folder that an object names as what it applies.
type namedPath struct{ path, by string }

// named lists the folders that objects name in the files of the repository.
func (r *reconciliation) named() []namedPath {
	var named []namedPath
	for dir, names := range r.survey.manifests {
		for _, name := range names {
			if !r.mentionsFlux(name) {
				continue
			}
			objects, _ := r.parse(name)
			for _, o := range objects {
				if p := flux.PathOf(o); p != "" {
					named = append(named, namedPath{p, dir})
				}
			}
		}
	}
	return named
}
