package render

import (
	"context"
	"reflect"

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
	return r.render(ctx, t)
}

// Rendered returns how many targets were rendered so far; those that were taken over do
// not count.
func (r *Repository) Rendered() int { return int(r.count.Load()) }
