package change

import (
	"reflect"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// compareDoubtful finds the policies that differ and are not evaluated completely.
func (e *Environment) compareDoubtful() {
	before, after := doubtful(e.Before), doubtful(e.After)
	for ref, o := range after {
		if old := before[ref]; old.object == nil || !reflect.DeepEqual(old.object.Data, o.object.Data) {
			e.Doubtful = append(e.Doubtful, Doubtful{Ref: ref, Pos: o.pos, Reason: o.reason})
		}
	}
	for ref, o := range before {
		if after[ref].object == nil {
			e.Doubtful = append(e.Doubtful, Doubtful{Ref: ref, Pos: o.pos, Reason: o.reason, Before: true})
		}
	}
	slices.SortFunc(e.Doubtful, func(a, b Doubtful) int { return a.Ref.Compare(b.Ref) })
}

// doubt is why a policy is not evaluated completely.
type doubt struct {
	object *manifest.Object
	pos    manifest.Pos
	reason string
}

// doubtful returns the policies of a cluster that are not evaluated completely, with the
// first reason for each.
func doubtful(c *netpol.Cluster) map[manifest.Ref]doubt {
	all := make(map[manifest.Ref]doubt)
	for _, p := range slices.Concat(c.Policies, c.Others) {
		if doubts := p.Doubts(); len(doubts) > 0 {
			all[p.Source.Ref] = doubt{p.Source, doubts[0].Origin().Pos, doubts[0].Reason}
		}
	}
	return all
}
