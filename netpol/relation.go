package netpol

import (
	"iter"
	"slices"
)

// Relation is who may connect to whom in a cluster: for every ordered pair of
// peers, except for two blocks of addresses, the connections that both sides
// allow. It takes room for the behaviours that differ, not for the pairs.
//
// A relation must not be used by several goroutines at once.
type Relation struct {
	space  *space
	rows   *rows
	locals *locals
	// What sources allow alone, by point: out over the destinations that a source may
	// call, outTo the same over sources by destination.
	out, outTo []row
	inTo       []row // what destinations admit alone, over these by source; nil until a change needs it
	to         []row // what both allow, over the sources by destination
	points     map[Peer]int
	selectors  map[string]*Selector // of the cluster and of changes; nil until there is one
}

// Relation computes who may connect to whom.
func (c *Cluster) Relation() *Relation {
	s := newSpace(c)
	return newRelation(c, s, newRows(len(s.peers), spare))
}

// spare is the number of peers that an edited policy can add without more levels.
const spare = 64

func newRelation(c *Cluster, s *space, r *rows) *Relation {
	rel := &Relation{space: s, rows: r, locals: newLocals(c, s, r)}
	rel.out = rel.sides(Egress, func(int) row { return allRow })
	rel.outTo = r.transposed(slices.All(rel.out))
	rel.to = rel.sides(Ingress, func(y int) row { return rel.outTo[y] })
	pods := rel.pods()
	for y := s.blocks; y < len(s.peers); y++ {
		rel.to[y] = r.intersect(rel.to[y], pods)
	}
	return rel
}

// pods is the row of everything that is no block of addresses.
func (rel *Relation) pods() row {
	return rel.rows.build(appendRange(nil, 0, rel.space.blocks))
}

// sides returns what the policies of every peer allow in a direction of what is open
// to it. Peers that the cluster does not have, but another of the same space, have no
// row.
func (rel *Relation) sides(d Direction, open func(point int) row) []row {
	l := rel.locals
	all := make([]row, len(rel.space.peers))
	for y := range rel.space.others {
		all[y] = noRow
	}
	for i, w := range l.cluster.Workloads {
		y := int(l.points[i])
		all[y] = l.row(w.groups, w.Ports, d, open(y))
	}
	for y := rel.space.others; y < rel.space.blocks; y++ {
		all[y] = l.row(l.cluster.end(rel.space.peers[y]).groups, nil, d, open(y))
	}
	for y := rel.space.blocks; y < len(all); y++ {
		all[y] = open(y)
	}
	return all
}

// Peers returns the peers of the relation, as Cluster.Peers does; read-only.
func (rel *Relation) Peers() []Peer { return rel.space.peers }

// Set returns peers of the relation, in the order of Peers, as a set.
func (rel *Relation) Set(peers []Peer) Peers {
	set := Peers{space: rel.space}
	for _, p := range peers {
		if point, known := rel.point(p); known {
			set.runs = appendPoint(set.runs, point)
		}
	}
	return set
}

// Allowed returns the connections that may be made between two of the relation's
// peers, and nothing for others.
func (rel *Relation) Allowed(from, to Peer) ConnSet {
	x, known := rel.point(from)
	y, alsoKnown := rel.point(to)
	if !known || !alsoKnown {
		return ConnSet{}
	}
	return rel.rows.conns.set(rel.rows.at(rel.to[y], x))
}

// Restricted tells whether the policies of a workload of the cluster keep some
// connection of a direction away.
func (rel *Relation) Restricted(w *Workload, d Direction) bool {
	return rel.locals.row(w.groups, w.Ports, d, allRow) != allRow
}

func (rel *Relation) point(p Peer) (point int, known bool) {
	if rel.points == nil {
		rel.points = make(map[Peer]int, len(rel.space.peers))
		for i, p := range rel.space.peers {
			rel.points[p] = i
		}
	}
	point, known = rel.points[p]
	return point, known
}

// Count returns the number of ordered pairs that may connect in any way, those of
// two pods of one workload included.
func (rel *Relation) Count() int {
	s := newSizes(rel.rows)
	count := 0
	for _, n := range rel.to {
		count += s.size(n)
	}
	return count
}

// Row is a behaviour: every peer of From may make the connections of Conn to
// every peer of To, and these are all that it may make to them.
type Row struct {
	From, To Peers
	Conn     ConnSet
}

// Rows yields the relation as behaviours, each pair in one of them and none that
// may not connect. They are ordered by their destinations, then by their sources.
func (rel *Relation) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for _, class := range classes(slices.All(rel.to)) {
			for _, row := range rel.sources(class.row) {
				row.To = Peers{rel.space, class.points}
				if !yield(row) {
					return
				}
			}
		}
	}
}

// class is the points that have the same row.
type class struct {
	row    row
	points []run
}

// classes groups points by their rows, in the order of the first of each.
func classes(matrix iter.Seq2[int, row]) []class {
	places := map[row]int{}
	var all []class
	for y, n := range matrix {
		i, known := places[n]
		if !known {
			i = len(all)
			places[n] = i
			all = append(all, class{row: n})
		}
		all[i].points = appendPoint(all[i].points, y)
	}
	return all
}

// sources splits a row by its connections.
func (rel *Relation) sources(n row) []Row {
	places := map[connID]int{}
	var byConn []Row
	for _, r := range rel.rows.appendRuns(nil, n, len(rel.space.peers)) {
		i, known := places[r.conn]
		if !known {
			i = len(byConn)
			places[r.conn] = i
			byConn = append(byConn, Row{From: Peers{space: rel.space}, Conn: rel.rows.conns.set(r.conn)})
		}
		byConn[i].From.runs = append(byConn[i].From.runs, r)
	}
	return byConn
}

// Pair is an ordered pair of peers with what may be connected.
type Pair struct {
	From, To Peer
	Conn     ConnSet
}

// Pairs yields the ordered pairs that may connect, by destination and source.
func (rel *Relation) Pairs() iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		var runs []run
		for y, n := range rel.to {
			runs = rel.rows.appendRuns(runs[:0], n, len(rel.space.peers))
			for _, r := range runs {
				for x := r.first; x <= r.last; x++ {
					if !yield(Pair{rel.space.peers[x], rel.space.peers[y], rel.rows.conns.set(r.conn)}) {
						return
					}
				}
			}
		}
	}
}

// Peers is a set of peers.
type Peers struct {
	space *space
	runs  []run // ascending
}

// Len returns the number of peers.
func (s Peers) Len() int { return count(s.runs) }

func count(runs []run) int {
	n := 0
	for _, r := range runs {
		n += int(r.last-r.first) + 1
	}
	return n
}

// Where returns the peers of the set of which something is true.
func (s Peers) Where(is func(Peer) bool) Peers {
	part := Peers{space: s.space}
	for _, r := range s.runs {
		for i := r.first; i <= r.last; i++ {
			if is(s.space.peer(int(i))) {
				part.runs = appendPoint(part.runs, int(i))
			}
		}
	}
	return part
}

// All yields the peers in the order of Relation.Peers.
func (s Peers) All() iter.Seq[Peer] {
	return func(yield func(Peer) bool) {
		for _, r := range s.runs {
			for i := r.first; i <= r.last; i++ {
				if !yield(s.space.peer(int(i))) {
					return
				}
			}
		}
	}
}

// Equal tells whether two sets of one relation have the same peers.
func (s Peers) Equal(t Peers) bool {
	return slices.EqualFunc(s.runs, t.runs, func(a, b run) bool { return a.first == b.first && a.last == b.last })
}
