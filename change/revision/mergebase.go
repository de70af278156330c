package revision

import (
	"container/heap"
	"errors"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// MergeBase returns the last commit that two have in common, the youngest where
// several are: what a branch was made of or last merged from.
func (r *Repository) MergeBase(a, b Commit) (Commit, error) {
	w := walk{repository: r, seen: make(map[plumbing.Hash]marks)}
	w.reach(a, fromFirst)
	w.reach(b, fromSecond)
	for slices.ContainsFunc(w.queue, w.isFresh) {
		c := heap.Pop(&w.queue).(Commit)
		m := w.seen[c.Hash]
		if m&(both|stale) == both {
			if m&base == 0 {
				w.seen[c.Hash] |= base
				w.bases = append(w.bases, c)
			}
			m |= stale
		}
		if err := w.follow(c, m&^base); err != nil {
			return Commit{}, err
		}
	}
	for _, c := range w.bases { // youngest first
		if w.seen[c.Hash]&stale == 0 {
			return c, nil
		}
	}
	if len(r.shallow) > 0 {
		return Commit{}, fmt.Errorf("%s and %s have no commit in common that is known here; %s", a.Short(), b.Short(), fetchAll)
	}
	return Commit{}, fmt.Errorf("%s and %s have no commit in common; --exact compares them as they are", a.Short(), b.Short())
}

// marks tell from where a commit was reached.
type marks uint8

const (
	fromFirst marks = 1 << iota
	fromSecond
	base  // reached from both
	stale // an ancestor of a common commit
	both  = fromFirst | fromSecond
)

// walk goes from two commits to their ancestors, young ones first, until all that is
// left are ancestors of common commits. It is what git itself does.
type walk struct {
	repository *Repository
	queue      commits // a commit that was reached in several ways may be in it several times
	seen       map[plumbing.Hash]marks
	bases      []Commit
}

func (w *walk) isFresh(c Commit) bool { return w.seen[c.Hash]&stale == 0 }

// reach marks a commit, and puts it into the queue where that tells something new.
func (w *walk) reach(c Commit, m marks) {
	if old := w.seen[c.Hash]; old&m != m {
		w.seen[c.Hash] = old | m
		heap.Push(&w.queue, c)
	}
}

func (w *walk) follow(c Commit, m marks) error {
	if w.repository.shallow[c.Hash] {
		return nil
	}
	for _, h := range c.ParentHashes {
		parent, err := w.repository.peel(h)
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			return fmt.Errorf("commit %s is not in this clone; fetch it without a filter", h)
		} else if err != nil {
			return err
		}
		w.reach(parent, m)
	}
	return nil
}

// commits is a heap, the youngest commit first.
type commits []Commit

func (c commits) Len() int           { return len(c) }
func (c commits) Less(i, j int) bool { return c[i].Committer.When.After(c[j].Committer.When) }
func (c commits) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *commits) Push(x any)        { *c = append(*c, x.(Commit)) }
func (c *commits) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
