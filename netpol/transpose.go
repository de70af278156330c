package netpol

import (
	"iter"
	"slices"
)

// transposed turns a relation around: given rows over the points y for points x, it
// returns a row over the points x for each point y.
//
// It goes down the trees of all rows at once. The rows that have the same part are
// taken together, so the work is that of the parts that differ, not of the pairs.
func (r *rows) transposed(matrix iter.Seq2[int, row]) []row {
	t := transposition{rows: r, out: make([]row, r.points), uniform: make([]int32, len(r.conns.sets)), strips: make([][]strip, r.levels)}
	if r.count > len(r.places) {
		r.places = make([]int32, r.count+r.count/4)
	}
	var strips []strip
	for _, c := range classes(matrix) {
		if c.row != noRow {
			strips = append(strips, t.strip(c.row, noRow, c.points))
		}
	}
	t.split(strips, 0, r.levels)
	return t.out
}

type transposition struct {
	*rows
	out     []row
	uniform []int32 // like places, for uniform rows
	runs    []run
	lists   arena[run]
	strips  [][]strip // of the part that is being filled, by its level

	// Of the parts that are being made:
	parted []int32 // their indexes by strip, -1 for an empty row
	ends   []int32 // where their strips end in sorted
	sorted []strip
	shared []row
}

// strip is a part of a row, and the points x whose rows have it: those of a set that
// is shared, and a few of its own.
type strip struct {
	row, shared row
	own         []run
}

// mostOwn is the number of runs up to which adding them, wherever they are needed,
// costs less than making a set of them.
const mostOwn = 32

func (t *transposition) strip(part, shared row, own []run) strip {
	if len(own) > mostOwn {
		slices.SortFunc(own, byFirst)
		return strip{row: part, shared: t.add(shared, own)}
	}
	return strip{part, shared, own}
}

// split fills out from point first on for parts of the given level. No two strips
// have the same row, and none an empty one.
func (t *transposition) split(strips []strip, first, level int) {
	if first >= len(t.out) {
		return
	}
	if slices.ContainsFunc(strips, func(s strip) bool { return !s.row.isUniform() }) {
		size := 1 << (fork * (level - 1))
		for i := range fanOut {
			t.strips[level-1] = t.parts(t.strips[level-1][:0], strips, i)
			t.split(t.strips[level-1], first+i*size, level-1)
		}
		return
	}
	all := t.sources(strips)
	for y := first; y < min(first+1<<(fork*level), len(t.out)); y++ {
		t.out[y] = all
	}
}

// sources returns the points x of strips with uniform rows, as a row with what
// these have.
func (t *transposition) sources(strips []strip) row {
	t.shared, t.runs = t.shared[:0], t.runs[:0]
	for _, s := range strips {
		t.shared = append(t.shared, t.intersect(s.shared, s.row))
		for _, r := range s.own {
			t.runs = append(t.runs, run{r.first, r.last, s.row.conn()})
		}
	}
	slices.SortFunc(t.runs, byFirst)
	return t.add(t.unionAll(t.shared), t.runs)
}

// parts appends the strips of a part of the strips, those with the same row joined.
func (t *transposition) parts(parts, strips []strip, digit int) []strip {
	t.parted, t.ends = t.parted[:0], t.ends[:0]
	for _, s := range strips {
		c := t.child(s.row, digit)
		if c == noRow {
			t.parted = append(t.parted, -1)
			continue
		}
		k := t.place(c)
		if int(*k) >= len(parts) || parts[*k].row != c {
			*k = int32(len(parts))
			parts, t.ends = append(parts, strip{row: c}), append(t.ends, 0)
		}
		t.parted = append(t.parted, *k)
		t.ends[*k]++
	}
	count := int32(0)
	for k, n := range t.ends {
		t.ends[k] = count
		count += n
	}
	t.sorted = slices.Grow(t.sorted[:0], int(count))[:count]
	for i, k := range t.parted {
		if k >= 0 {
			t.sorted[t.ends[k]] = strips[i]
			t.ends[k]++
		}
	}
	start := int32(0)
	for k, end := range t.ends {
		parts[k] = t.join(parts[k].row, t.sorted[start:end])
		start = end
	}
	return parts
}

// place returns where to remember the index of a row among parts. What is there is
// of other parts at first, so it must be checked.
func (t *transposition) place(r row) *int32 {
	if r.isUniform() {
		return &t.uniform[r.conn()]
	}
	return &t.places[r]
}

// join returns the strip of a part that several strips have.
func (t *transposition) join(part row, strips []strip) strip {
	if len(strips) == 1 {
		return strip{part, strips[0].shared, strips[0].own}
	}
	t.shared = t.shared[:0]
	count := 0
	for _, s := range strips {
		t.shared = append(t.shared, s.shared)
		count += len(s.own)
	}
	own := t.lists.take(count)[:0]
	for _, s := range strips {
		own = append(own, s.own...)
	}
	return t.strip(part, t.unionAll(t.shared), own)
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
