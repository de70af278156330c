package netpol

// transposed turns a relation around: given a row over the points y for each
// point x, it returns a row over the points x for each point y.
//
// It goes down the trees of all rows at once. The rows that have the same part are
// taken together, so the work is that of the parts that differ, not of the pairs.
func (r *rows) transposed(matrix []row) []row {
	t := transposition{rows: r, out: make([]row, r.points), ofNodes: make([]int32, r.count), ofConns: make([]int32, len(r.conns.sets))}
	var strips []strip
	for _, c := range classes(matrix) {
		if c.row != noRow {
			strips = append(strips, strip{c.row, r.build(c.points)})
		}
	}
	t.split(strips, 0, r.levels)
	return t.out
}

type transposition struct {
	*rows
	out []row
	// Where a row was last found among the parts of strips, by node and by uniform row.
	ofNodes, ofConns []int32
}

// strip is a part of a row, and the points x whose rows have it.
type strip struct{ row, sources row }

// split fills out from point first on for parts of the given level. No two strips
// have the same row, and none an empty one.
func (t *transposition) split(strips []strip, first, level int) {
	if first >= len(t.out) {
		return
	}
	forks := false
	for _, s := range strips {
		forks = forks || !s.row.isUniform()
	}
	if !forks {
		var parts []row
		for _, s := range strips {
			parts = append(parts, t.intersect(s.sources, s.row))
		}
		all := t.unionAll(parts)
		for y := first; y < min(first+1<<(fork*level), len(t.out)); y++ {
			t.out[y] = all
		}
		return
	}
	size := 1 << (fork * (level - 1))
	for i := range fanOut {
		t.split(t.parts(strips, i), first+i*size, level-1)
	}
}

// parts returns the strips of a part of the strips, those with the same row joined.
func (t *transposition) parts(strips []strip, digit int) []strip {
	var parts []strip
	places := make([]int32, len(strips)) // in parts, -1 for an empty row
	counts := make([]int32, 0, len(strips))
	for i, s := range strips {
		c := t.child(s.row, digit)
		if places[i] = -1; c == noRow {
			continue
		}
		place := t.place(c)
		if k := *place; int(k) >= len(parts) || parts[k].row != c {
			*place = int32(len(parts))
			parts, counts = append(parts, strip{row: c}), append(counts, 0)
		}
		places[i] = *place
		counts[*place]++
	}
	var sources arena[row]
	shared := make([][]row, len(parts))
	for k, n := range counts {
		shared[k] = sources.take(int(n))[:0]
	}
	for i, k := range places {
		if k >= 0 {
			shared[k] = append(shared[k], strips[i].sources)
		}
	}
	for k := range parts {
		parts[k].sources = t.unionAll(shared[k])
	}
	return parts
}

// place returns where to remember the index of a row among parts. What is there is
// of other parts at first, so it must be checked.
func (t *transposition) place(r row) *int32 {
	if r.isUniform() {
		return &t.ofConns[r.conn()]
	}
	return &t.ofNodes[r]
}

// unionAll returns the union of rows, two by two, so that most unions are of few
// points.
func (r *rows) unionAll(all []row) row {
	if len(all) == 0 {
		return noRow
	}
	for len(all) > 1 {
		half := all[:0]
		for i := 0; i < len(all); i += 2 {
			if i+1 == len(all) {
				half = append(half, all[i])
			} else {
				half = append(half, r.union(all[i], all[i+1]))
			}
		}
		all = half
	}
	return all[0]
}
