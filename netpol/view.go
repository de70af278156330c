package netpol

import "slices"

// Between returns the part of the relation whose connections go from and to peers
// that are wanted.
func (rel *Relation) Between(from, to func(Peer) bool) *Relation {
	sources := rel.rows.build(rel.matching(from))
	return rel.view(func(y int, all row) row {
		if !to(rel.space.peers[y]) {
			return noRow
		}
		return rel.rows.intersect(all, sources)
	})
}

// Around returns the part of the relation whose connections go from or to a peer.
func (rel *Relation) Around(p Peer) *Relation {
	self := rel.rows.build(rel.matching(func(q Peer) bool { return q == p }))
	return rel.view(func(y int, all row) row {
		if rel.space.peers[y] == p {
			return all
		}
		return rel.rows.intersect(all, self)
	})
}

func (rel *Relation) matching(wanted func(Peer) bool) []run {
	var runs []run
	for i, p := range rel.space.peers {
		if wanted(p) {
			runs = appendPoint(runs, i)
		}
	}
	return runs
}

func (rel *Relation) view(part func(y int, all row) row) *Relation {
	view := *rel
	view.to = make([]row, len(rel.to))
	for y, all := range rel.to {
		view.to[y] = part(y, all)
	}
	return &view
}

// Class is workloads of one namespace that nothing tells apart: whatever one of
// them may connect to or be reached by, the others may too.
type Class struct{ Workloads []*Workload }

// Classes groups the workloads, in the order of the first of each class.
func (rel *Relation) Classes() []Class {
	type behaviour struct {
		namespace *Namespace
		to, from  row
	}
	from := rel.rows.transposed(slices.All(rel.to))
	places := map[behaviour]int{}
	var classes []Class
	for y := range rel.space.others {
		w := rel.space.peers[y].workload
		b := behaviour{w.namespace, rel.to[y], from[y]}
		i, known := places[b]
		if !known {
			i = len(classes)
			places[b] = i
			classes = append(classes, Class{})
		}
		classes[i].Workloads = append(classes[i].Workloads, w)
	}
	return classes
}
