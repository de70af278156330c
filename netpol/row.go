package netpol

import "math/bits"

// A row maps every point of a space to connections. Equal rows are the same
// number, so that rows are compared, copied and remembered at no cost.
//
// A row is either uniform, the same connections for every point, or a node of a
// tree that forks eight ways by the digits of a point's number. Nodes are kept
// once however often they occur (hash-consing), so rows that are alike share all
// but the path to where they differ, and what was once computed of two nodes is
// remembered for all rows that contain them.
type row uint32

// uniform marks a row that is a connID for every point.
const uniform row = 1 << 31

const (
	noRow  = uniform | row(noConn)
	allRow = uniform | row(allConn)
)

func uniformRow(c connID) row    { return uniform | row(c) }
func (r row) isUniform() bool    { return r&uniform != 0 }
func (r row) conn() connID       { return connID(r &^ uniform) } // of a uniform row
func digit(point, level int) int { return point >> (fork * level) & (fanOut - 1) }

const (
	fork   = 3 // bits of a digit
	fanOut = 1 << fork
)

type node [fanOut]row

// rows makes rows over the points from 0 to before points. The trees have room for
// more; what follows the last point is always equal to it, so that rows which
// agree on all points are the same.
type rows struct {
	conns  *conns
	points int
	levels int // of the trees

	blocks [][]node // all nodes, in blocks that never move
	count  int
	table  []uint64 // hash table of nodes: half of the hash and the number plus one
	memo   [3][]memo
	single [1 << 12]single // small, so that it stays in the processor's cache
	places []int32         // by node; for transpositions
}

// memo is one remembered result. The tables of results are caches: a new one
// replaces another with the same hash.
type memo struct {
	key    uint64
	result row
}

// single is a remembered part of a row, of some level, that has one run and nothing
// else. It is zero where nothing is remembered.
type single struct {
	run    // its points counted from the first of the part
	level  int32
	result row
}

type operation int

const (
	union operation = iota
	intersection
	difference
)

const nodeBlock = 1 << 10

// newRows makes an empty store with room for some more points than there are, and
// for the nodes that as many points often have.
func newRows(points, spare int) *rows {
	r := &rows{conns: newConns(), points: points, levels: 1}
	for 1<<(fork*r.levels) < points+spare {
		r.levels++
	}
	r.table = make([]uint64, 1<<bits.Len(uint(12*points+spare)))
	r.forget(len(r.table) / 4)
	return r
}

func (r *rows) room() int { return 1 << (fork * r.levels) }

func (r *rows) node(n row) *node { return &r.blocks[n/nodeBlock][n%nodeBlock] }

// child returns a part of a row.
func (r *rows) child(n row, digit int) row {
	if n.isUniform() {
		return n
	}
	return r.node(n)[digit]
}

// at returns what a row has for a point.
func (r *rows) at(n row, point int) connID {
	for level := r.levels - 1; !n.isUniform(); level-- {
		n = r.node(n)[digit(point, level)]
	}
	return n.conn()
}

// intern returns the row of a node.
func (r *rows) intern(n *node) row {
	if same(n) {
		return n[0]
	}
	hash := n.hash() &^ (1<<32 - 1)
	mask := uint64(len(r.table) - 1)
	i := hash >> 32 & mask
	for ; r.table[i] != 0; i = (i + 1) & mask {
		if known := row(r.table[i]) - 1; r.table[i]&^(1<<32-1) == hash && *r.node(known) == *n {
			return known
		}
	}
	if r.count%nodeBlock == 0 {
		r.blocks = append(r.blocks, make([]node, nodeBlock))
	}
	made := row(r.count)
	r.count++
	*r.node(made) = *n
	r.table[i] = hash | uint64(made+1)
	if r.count > len(r.table)/2 {
		r.grow()
	}
	return made
}

// same tells whether a node is uniform.
func same(n *node) bool {
	if !n[0].isUniform() {
		return false
	}
	for _, c := range n[1:] {
		if c != n[0] {
			return false
		}
	}
	return true
}

func (n *node) hash() uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for i := 0; i < fanOut; i += 2 {
		hi, lo := bits.Mul64(h^(uint64(n[i])<<32|uint64(n[i+1])), 0xd6e8feb86659fd93)
		h = hi ^ lo
	}
	return h
}

func (r *rows) grow() {
	old := r.table
	r.table = make([]uint64, 2*len(old))
	mask := uint64(len(r.table) - 1)
	for _, entry := range old {
		if entry == 0 {
			continue
		}
		i := entry >> 32 & mask
		for r.table[i] != 0 {
			i = (i + 1) & mask
		}
		r.table[i] = entry
	}
	r.forget(len(r.table) / 4)
}

const largestMemo = 1 << 18

// forget empties the tables of results and gives them a size, a power of two, unless
// they are larger already.
func (r *rows) forget(size int) {
	if size = min(size, largestMemo); size <= len(r.memo[0]) {
		return
	}
	for op := range r.memo {
		r.memo[op] = make([]memo, size)
	}
}

func (r *rows) union(a, b row) row {
	switch {
	case a == b || b == noRow || a == allRow:
		return a
	case a == noRow || b == allRow:
		return b
	case a.isUniform() && b.isUniform():
		return uniformRow(r.conns.do(union, a.conn(), b.conn()))
	case a > b:
		a, b = b, a
	}
	return r.apply(union, a, b)
}

func (r *rows) intersect(a, b row) row {
	switch {
	case a == b || b == allRow || a == noRow:
		return a
	case a == allRow || b == noRow:
		return b
	case a.isUniform() && b.isUniform():
		return uniformRow(r.conns.do(intersection, a.conn(), b.conn()))
	case a > b:
		a, b = b, a
	}
	return r.apply(intersection, a, b)
}

func (r *rows) subtract(a, b row) row {
	switch {
	case a == b || a == noRow || b == allRow:
		return noRow
	case b == noRow:
		return a
	case a.isUniform() && b.isUniform():
		return uniformRow(r.conns.do(difference, a.conn(), b.conn()))
	}
	return r.apply(difference, a, b)
}

// apply combines two rows, of which one is no uniform row, point by point.
func (r *rows) apply(op operation, a, b row) row {
	key := uint64(a)<<32 | uint64(b)
	place := key * 0x9e3779b97f4a7c15 >> 40
	if m := &r.memo[op][place&uint64(len(r.memo[op])-1)]; m.key == key {
		return m.result
	}
	var n node
	for i := range n {
		x, y := r.child(a, i), r.child(b, i)
		switch op {
		case union:
			n[i] = r.union(x, y)
		case intersection:
			n[i] = r.intersect(x, y)
		default:
			n[i] = r.subtract(x, y)
		}
	}
	result := a
	switch {
	case !a.isUniform() && n == *r.node(a):
	case !b.isUniform() && n == *r.node(b):
		result = b
	default:
		result = r.intern(&n)
	}
	r.memo[op][place&uint64(len(r.memo[op])-1)] = memo{key, result}
	return result
}

// run is a stretch of points that have the same connections.
type run struct {
	first, last int32 // both included
	conn        connID
}

// build makes a row of runs that ascend and do not overlap; between them is
// nothing. A run that ends with the last point goes on to the end.
func (r *rows) build(runs []run) row { return r.add(noRow, runs) }

// add returns the union of a row and of runs as in build. It makes no row of the
// runs alone.
func (r *rows) add(n row, runs []run) row {
	if k := len(runs) - 1; k >= 0 && int(runs[k].last) == r.points-1 {
		runs[k].last = int32(r.room() - 1)
	}
	return r.addPart(n, runs, 0, r.levels)
}

// addPart adds runs to the part of a row from a first point on, of the given level.
func (r *rows) addPart(part row, runs []run, first, level int) row {
	size := 1 << (fork * level)
	switch {
	case len(runs) == 0 || part == allRow:
		return part
	case int(runs[0].first) <= first && int(runs[0].last) >= first+size-1:
		return r.union(part, uniformRow(runs[0].conn))
	case part == noRow && len(runs) == 1 && level > 1:
		of := runs[0]
		return r.singlePart(run{max(of.first-int32(first), 0), min(of.last-int32(first), int32(size-1)), of.conn}, level)
	}
	return r.addToChildren(part, runs, first, level)
}

// singlePart returns a part of a row that has one run, which does not fill it. Such
// parts are alike wherever they lie.
func (r *rows) singlePart(of run, level int) row {
	hash := (uint64(of.first)<<32|uint64(of.last))*0x9e3779b97f4a7c15 ^ (uint64(of.conn)<<8|uint64(level))*0xd6e8feb86659fd93
	known := &r.single[hash>>40%uint64(len(r.single))]
	if known.run != of || int(known.level) != level {
		result := r.addToChildren(noRow, []run{of}, 0, level)
		*known = single{of, int32(level), result}
	}
	return known.result
}

// addToChildren is addPart for a part whose children differ.
func (r *rows) addToChildren(part row, runs []run, first, level int) row {
	n := r.children(part)
	size := 1 << (fork * (level - 1))
	for i := 0; len(runs) > 0 && int(runs[0].first) < first+fanOut*size; i++ {
		i = max(i, (int(runs[0].first)-first)/size)
		if i == fanOut {
			break
		}
		behind, end := first+(i+1)*size, 1
		for end < len(runs) && int(runs[end].first) < behind {
			end++
		}
		n[i] = r.addPart(n[i], runs[:end], first+i*size, level-1)
		if int(runs[end-1].last) >= behind {
			end-- // it goes on
		}
		runs = runs[end:]
	}
	return r.intern(&n)
}

// children returns the parts of a row.
func (r *rows) children(part row) node {
	if !part.isUniform() {
		return *r.node(part)
	}
	var n node
	for i := range n {
		n[i] = part
	}
	return n
}

// appendRuns appends the runs of a row that are not empty, up to before points,
// ascending, neighbours with the same connections joined.
func (r *rows) appendRuns(runs []run, n row, points int) []run {
	return r.appendWithin(runs, n, run{0, int32(points - 1), allConn})
}

// appendWithin appends likewise what a row has in common with a run.
func (r *rows) appendWithin(runs []run, n row, of run) []run {
	return r.appendPart(runs, n, of, 0, r.levels)
}

func (r *rows) appendPart(runs []run, n row, of run, first, level int) []run {
	if n.isUniform() {
		n = r.intersect(n, uniformRow(of.conn))
	}
	switch {
	case n == noRow:
		return runs
	case !n.isUniform():
		size := 1 << (fork * (level - 1))
		children := r.node(n)
		for i := max(0, (int(of.first)-first)/size); i < fanOut && first+i*size <= int(of.last); i++ {
			runs = r.appendPart(runs, children[i], of, first+i*size, level-1)
		}
		return runs
	}
	next := run{max(int32(first), of.first), min(int32(first+1<<(fork*level)-1), of.last), n.conn()}
	if k := len(runs) - 1; k >= 0 && runs[k].last == next.first-1 && runs[k].conn == next.conn {
		runs[k].last = next.last
		return runs
	}
	return append(runs, next)
}

// addOverlapping returns the union of a row and of runs that ascend by their first
// point and may overlap. It adds the runs that do not overlap at once, and leaves
// nothing of the list.
func (r *rows) addOverlapping(n row, runs []run) row {
	var rest []run
	for len(runs) > 0 {
		apart := runs[:0]
		rest = rest[:0]
		for _, next := range runs {
			switch k := len(apart) - 1; {
			case k < 0 || next.first > apart[k].last:
				apart = append(apart, next)
			case next.conn == apart[k].conn:
				apart[k].last = max(apart[k].last, next.last)
			default:
				rest = append(rest, next)
			}
		}
		n = r.add(n, apart)
		runs = append(runs[:0], rest...)
	}
	return n
}
