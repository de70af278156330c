package netpol

// sizes tells of rows how many points have any connection.
type sizes struct {
	*rows
	known []partSize // of nodes
}

// partSize is the size of a node on the level on which it was met last. Few are met
// on several.
type partSize struct{ size, level int32 }

func newSizes(r *rows) *sizes { return &sizes{rows: r, known: make([]partSize, r.count)} }

func (s *sizes) size(n row) int { return s.part(n, s.levels, s.points) }

// part returns the size of a part of a row on a level, of which only so many points
// count.
func (s *sizes) part(n row, level, points int) int {
	all := 1 << (fork * level)
	switch {
	case points <= 0 || n == noRow:
		return 0
	case n.isUniform():
		return min(points, all)
	case points < all: // the part with the last point, of which there is one on each level
		return s.parts(n, level, points)
	}
	known := &s.known[n]
	if int(known.level) != level {
		*known = partSize{int32(s.parts(n, level, points)), int32(level)}
	}
	return int(known.size)
}

func (s *sizes) parts(n row, level, points int) int {
	size := 0
	for i, c := range s.node(n) {
		size += s.part(c, level-1, points-i<<(fork*(level-1)))
	}
	return size
}
