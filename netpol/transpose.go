package netpol

// transposed turns a relation around: given a row over the points y for each
// point x, it returns a row over the points x for each point y.
//
// It goes down the trees of all rows at once. The rows that have the same part are
// taken together, so the work is that of the parts that differ, not of the pairs.
func (r *rows) transposed(matrix []row) []row {
	t := transposition{rows: r, out: make([]row, r.points)}
	sources := map[row][]run{}
	var order []row
	for x, n := range matrix {
		if n == noRow {
			continue
		}
		if _, known := sources[n]; !known {
			order = append(order, n)
		}
		sources[n] = appendPoint(sources[n], x)
	}
	strips := make([]strip, 0, len(order))
	for _, n := range order {
		strips = append(strips, strip{n, r.build(sources[n])})
	}
	t.split(strips, 0, r.levels)
	return t.out
}

type transposition struct {
	*rows
	out []row
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
		t.split(t.children(strips, i), first+i*size, level-1)
	}
}

// children returns the strips of a part of the strips, those with the same row
// joined.
func (t *transposition) children(strips []strip, digit int) []strip {
	var children []strip
	var shared map[row][]row
	place := map[row]int{}
	for _, s := range strips {
		c := t.child(s.row, digit)
		if c == noRow {
			continue
		}
		i, known := place[c]
		if !known {
			place[c] = len(children)
			children = append(children, strip{c, s.sources})
			continue
		}
		if shared == nil {
			shared = map[row][]row{}
		}
		if shared[c] == nil {
			shared[c] = []row{children[i].sources}
		}
		shared[c] = append(shared[c], s.sources)
	}
	for c, sources := range shared {
		children[place[c]].sources = t.unionAll(sources)
	}
	return children
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
