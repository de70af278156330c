package render

import (
	"context"
	"reflect"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// Share lets a repository take over what another one renders, of which it is another
// state: a target of which neither what it says itself nor any file that decides about
// it differs is rendered once, by the other one, and both have its objects. It is called
// before anything is rendered, and the trees stay open.
func (r *Repository) Share(other *Repository) error {
	differences, err := source.Compare(r.tree, other.tree)
	if err != nil {
		return err
	}
	r.lender = &lender{Repository: other, differences: differences, sameOptions: sameOptions(r.opts, other.opts)}
	return nil
}

// lender is a repository of which another one is a state.
type lender struct {
	*Repository
	differences source.Differences
	sameOptions bool
}

// sameOptions tells whether all that holds for every target is the same. What the
// configuration says of a target is part of the target, and what is left out is no target.
// What was fetched is the same where it is pinned to the same.
func sameOptions(a, b Options) bool {
	a.Config, b.Config = nil, nil
	a.Workers, b.Workers = nil, nil
	a.Ignores, b.Ignores = nil, nil
	a.Cache, b.Cache = nil, nil
	sameFetched := a.Fetch.SameAs(b.Fetch)
	a.Fetch, b.Fetch = nil, nil
	return sameFetched && reflect.DeepEqual(a, b)
}

// lends tells whether a target of another state renders to the same here.
func (l *lender) lends(borrower *Repository, t Target) bool {
	return l != nil && l.sameOptions && !borrower.inputsOf(t).touched(l.differences) && !l.inputsOf(t).touched(l.differences)
}

// made is what a target renders to, rendered once or taken over.
func (r *Repository) made(ctx context.Context, t Target) (made parsed) {
	defer crashed(t, &made)
	if r.lender.lends(r, t) {
		return r.lender.once(ctx, t)
	}
	r.count.Add(1)
	made = r.render(ctx, t)
	if i := slices.IndexFunc(made.gaps, isGap); r.former != nil && i >= 0 && len(made.objects) == 0 {
		made.objects = r.former.standIns(ctx, t, made.gaps[i].Pos)
	}
	return made
}

func isGap(g Gap) bool { return !g.Note }

// Succeed says which state of the repository, that shares what this one renders, came before
// it. What renders to nothing any more, because something is wrong with it, stands as it was
// then: GitOps keeps what it applied last. The gap remains.
func (r *Repository) Succeed(former *Repository) { r.former = former }

// standIns are the objects that a target had in this state. Where a file is another one in
// the later state, they are placed where that fails.
func (r *Repository) standIns(ctx context.Context, t Target, failure manifest.Pos) []*manifest.Object {
	if r.lender.lends(r, t) {
		return nil // nothing of it differs, so it failed in this state as well
	}
	isOutdated := func(p manifest.Pos) bool { return r.lender.differences.Include(p.File) }
	origin := func(o manifest.Origin) manifest.Origin {
		if isOutdated(o.Pos) || slices.ContainsFunc(o.Via, isOutdated) {
			return manifest.Origin{Pos: failure}
		}
		return o
	}
	old := r.once(ctx, t).objects
	objects := make([]*manifest.Object, len(old))
	for i, o := range old {
		objects[i] = o.WithOrigins(origin)
	}
	return objects
}

// Rendered returns how many targets were rendered so far; those that were taken over do
// not count.
func (r *Repository) Rendered() int { return int(r.count.Load()) }
