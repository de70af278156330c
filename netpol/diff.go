package netpol

import (
	"iter"
	"slices"
)

// Difference is what a change opens and closes: of every ordered pair of peers,
// except for two blocks of addresses, the connections that only one side of the
// change allows.
type Difference struct {
	space         *space
	rows          *rows
	before, after *Cluster
	changed       []changedRow
	// Where both clusters were built, the workloads of the one before and the one
	// after by point; nil for an edited policy, which leaves them alone.
	old, new []*Workload
	points   map[Peer]int
}

// changedRow is the old and the new row of points on one side of connections.
type changedRow struct {
	points   []run
	from     bool // the points are sources and the rows over destinations
	old, new row
}

// Diff compares two clusters. Workloads are the same if their Refs are equal; one
// that only one of the clusters has gains or loses all its connections.
func Diff(before, after *Cluster) *Difference {
	s := newSpace(before, after)
	r := newRows(len(s.peers), 0)
	a, b := newRelation(before, s, r), newRelation(after, s, r)
	d := &Difference{space: s, rows: r, before: before, after: after}
	d.old, d.new = a.workloads(), b.workloads()
	places := map[[2]row]int{}
	for y := range a.to {
		d.add(places, y, a.to[y], b.to[y], false)
	}
	return d
}

// workloads returns the cluster's workloads by point.
func (rel *Relation) workloads() []*Workload {
	all := make([]*Workload, rel.space.others)
	for i, w := range rel.locals.cluster.Workloads {
		all[rel.locals.points[i]] = w
	}
	return all
}

// add adds a point to the others with the same rows, if these differ.
func (d *Difference) add(places map[[2]row]int, point int, old, new row, from bool) {
	if old == new {
		return
	}
	i, known := places[[2]row{old, new}]
	if !known {
		i = len(d.changed)
		places[[2]row{old, new}] = i
		d.changed = append(d.changed, changedRow{from: from, old: old, new: new})
	}
	d.changed[i].points = appendPoint(d.changed[i].points, point)
}

// IsEmpty tells whether nothing changed.
func (d *Difference) IsEmpty() bool { return len(d.changed) == 0 }

// Change is a part of a difference: for every pair of a peer of From and one of
// To, exactly the connections of Added were opened and those of Removed closed.
type Change struct {
	From, To       Peers
	Added, Removed ConnSet
}

// Changes yields the difference, each changed pair in one change.
func (d *Difference) Changes() iter.Seq[Change] {
	return func(yield func(Change) bool) {
		for _, c := range d.changed {
			near := Peers{d.space, c.points}
			for _, part := range d.split(c.old, c.new) {
				part.To = near
				if c.from {
					part.From, part.To = near, part.From
				}
				if !yield(part) {
					return
				}
			}
		}
	}
}

// Count returns the number of ordered pairs that changed.
func (d *Difference) Count() int {
	n := 0
	for c := range d.Changes() {
		n += c.From.Len() * c.To.Len()
	}
	return n
}

// split returns the parts of two rows that differ, by how they do, with the points
// of the rows in From.
func (d *Difference) split(old, new row) []Change {
	places := map[[2]connID]int{}
	var parts []Change
	removed := d.rows.appendRuns(nil, d.rows.subtract(old, new), d.space.size())
	added := d.rows.appendRuns(nil, d.rows.subtract(new, old), d.space.size())
	for r := range segments(added, removed) {
		i, known := places[r.conns]
		if !known {
			i = len(parts)
			places[r.conns] = i
			parts = append(parts, Change{
				From: Peers{space: d.space}, Added: d.rows.conns.set(r.conns[0]), Removed: d.rows.conns.set(r.conns[1]),
			})
		}
		parts[i].From.runs = appendRange(parts[i].From.runs, int(r.first), int(r.last)+1)
	}
	return parts
}

// segment is a stretch of points over which neither of two rows changes.
type segment struct {
	first, last int32
	conns       [2]connID
}

// segments walks along two lists of runs at once and yields where either has
// something.
func segments(a, b []run) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		lists := [2][]run{a, b}
		for at := int32(0); len(lists[0])+len(lists[1]) > 0; {
			next := segment{first: at, last: 1<<31 - 2}
			for i, list := range lists {
				switch {
				case len(list) == 0:
				case list[0].first > at:
					next.last = min(next.last, list[0].first-1)
				default:
					next.last = min(next.last, list[0].last)
					next.conns[i] = list[0].conn
				}
			}
			if next.conns != [2]connID{} && !yield(next) {
				return
			}
			at = next.last + 1
			for i, list := range lists {
				if len(list) > 0 && list[0].last < at {
					lists[i] = list[1:]
				}
			}
		}
	}
}

// Cause is a reason for a change.
type Cause struct {
	Reason
	// Before is true for a reason that held before the change and does so no more.
	// Else it holds since.
	Before bool
}

// Why returns what made the difference between two peers of a change: the reasons
// that hold only after it or only before, those after it first, each in the order
// of Explain. There are none where a workload came or went, or where its labels or
// those of a namespace did, without a policy that decides about them.
func (d *Difference) Why(from, to Peer) []Cause {
	var reasons [2][]Reason
	var allowed [2]ConnSet
	for i, c := range []*Cluster{d.before, d.after} {
		x, okFrom := d.in(i, from)
		y, okTo := d.in(i, to)
		if okFrom && okTo {
			allowed[i], reasons[i] = c.Explain(x, y)
		}
	}
	changed := allowed[0].Subtract(allowed[1]).Union(allowed[1].Subtract(allowed[0]))
	var causes []Cause
	for _, before := range []bool{false, true} {
		here, there := reasons[1], reasons[0]
		if before {
			here, there = there, here
		}
		for _, r := range here {
			r.Conn = r.Conn.Intersect(changed)
			known := slices.ContainsFunc(there, func(s Reason) bool { return r.same(s) && s.Conn.ContainsAll(r.Conn) })
			if !r.Conn.IsEmpty() && !known {
				causes = append(causes, Cause{r, before})
			}
		}
	}
	return causes
}

func (r Reason) same(s Reason) bool {
	return r.Policy.Ref == s.Policy.Ref && r.Direction == s.Direction && r.Rule == s.Rule && r.Denies == s.Denies && r.Passes == s.Passes
}

// in returns the peer as the cluster before (0) or after (1) the change has it; ok
// is false where it does not.
func (d *Difference) in(side int, p Peer) (_ Peer, ok bool) {
	if p.kind != WorkloadPeer || d.old == nil {
		return p, true
	}
	if d.points == nil {
		d.points = make(map[Peer]int, d.space.others)
		for i := range d.space.others {
			d.points[d.space.peers[i]] = i
		}
	}
	point, known := d.points[p]
	if !known {
		return p, false
	}
	w := [2][]*Workload{d.old, d.new}[side][point]
	return PodsOf(w), w != nil
}
