package change

import (
	"reflect"
	"slices"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// compareDoubtful finds the policies that differ and are not evaluated completely.
func (e *Environment) compareDoubtful(objectsBefore, objectsAfter []*manifest.Object) {
	before, after := doubtful(e.Before, objectsBefore), doubtful(e.After, objectsAfter)
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
// first reason for each, and the objects of which policies are made.
func doubtful(c *netpol.Cluster, objects []*manifest.Object) map[manifest.Ref]doubt {
	all := make(map[manifest.Ref]doubt)
	for _, o := range objects {
		if analyzer.MakesPolicies(o) {
			all[o.Ref] = doubt{o, o.Pos, "it makes NetworkPolicies while the cluster runs"}
		}
	}
	for _, p := range slices.Concat(c.Policies, c.Others) {
		if doubts := p.Doubts(); len(doubts) > 0 {
			all[p.Source.Ref] = doubt{p.Source, doubts[0].Origin().Pos, doubts[0].Reason}
		}
	}
	return all
}

// madeBy lists the objects of which policies are made, for whatever environment.
func madeBy(environments []analyzer.Environment) map[manifest.Ref]bool {
	makers := map[manifest.Ref]bool{}
	for _, e := range environments {
		for _, o := range e.Objects {
			if analyzer.MakesPolicies(o) {
				makers[public(o.Ref)] = true
			}
		}
	}
	return makers
}

// makesMore tells whether policies are made of an object of which none were before: rules
// say nothing any more of pods that these may select, wherever they are.
func makesMore(before, after []analyzer.Environment) bool {
	known := madeBy(before)
	for ref := range madeBy(after) {
		if !known[ref] {
			return true
		}
	}
	return false
}
