package diagram

import (
	"cmp"
	"math"
	"slices"
)

// maxColumns bounds the columns between those at the sides: long chains are
// easier to follow when they wrap than when they leave the screen.
const maxColumns = 7

// placeInColumns makes the items of all nodes. Arrows point to the right where
// they can.
func (l *layout) placeInColumns() {
	layer, layers := l.layers()
	starts, ends := make([]bool, len(l.nodes)), make([]bool, len(l.nodes))
	for _, a := range l.arrows {
		starts[a.from], ends[a.to] = true, true
	}
	atLeft := func(n int) bool { return l.nodes[n].group < 0 && (starts[n] || !ends[n]) }
	first := 0
	for n := range l.nodes {
		if atLeft(n) {
			first = 1
		}
	}
	for n, p := range l.nodes {
		switch {
		case atLeft(n):
			l.add(p, 0)
		case p.group < 0:
			l.add(p, first+layers)
		default:
			l.add(p, first+layer[n])
		}
	}
}

func (l *layout) add(p place, at int) {
	i := &item{node: p.Node, group: p.group, column: at}
	for _, line := range fewer(p.Lines, nodeLines) {
		i.rows = append(i.rows, wrapped(line, nodeSize, nodeText, nodeRows)...)
	}
	if p.group >= 0 {
		i.cell = 2*slices.Index(l.bands, p.group) + 1
	}
	l.items = append(l.items, i)
	for len(l.columns) <= at {
		l.columns = append(l.columns, &column{})
	}
	l.columns[at].items = append(l.columns[at].items, i)
}

// layers gives the nodes of the bands their columns: one more than the last node
// that connects to them. Those with more arrows out than in then move as far as
// they can towards what they connect to.
func (l *layout) layers() (layer []int, layers int) {
	next := l.withoutCycles()
	layer = make([]int, len(l.nodes))
	order := l.topological(next)
	in := make([]int, len(l.nodes))
	for _, n := range order {
		for _, to := range next[n] {
			layer[to] = max(layer[to], layer[n]+1)
			in[to]++
		}
	}
	for _, n := range slices.Backward(order) {
		if len(next[n]) > in[n] {
			layer[n] = layer[slices.MinFunc(next[n], func(a, b int) int { return cmp.Compare(layer[a], layer[b]) })] - 1
		}
	}
	for n := range l.nodes {
		if l.nodes[n].group >= 0 {
			layers = max(layers, layer[n]+1)
		}
	}
	if layers > maxColumns {
		for n := range layer {
			layer[n] = layer[n] * maxColumns / layers
		}
		layers = maxColumns
	}
	return layer, max(layers, l.spread(layer, layers))
}

// withoutCycles returns the arrows between the nodes of the bands, those
// reversed that close a cycle.
func (l *layout) withoutCycles() [][]int {
	out := make([][]int, len(l.nodes))
	for _, a := range l.arrows {
		if a.from != a.to && l.nodes[a.from].group >= 0 && l.nodes[a.to].group >= 0 {
			out[a.from] = append(out[a.from], a.to)
		}
	}
	const open, done = 1, 2
	state := make([]int, len(l.nodes))
	next := make([][]int, len(l.nodes))
	var visit func(n int)
	visit = func(n int) {
		state[n] = open
		for _, to := range out[n] {
			if state[to] == open {
				next[to] = append(next[to], n)
				continue
			}
			next[n] = append(next[n], to)
			if state[to] == 0 {
				visit(to)
			}
		}
		state[n] = done
	}
	for _, n := range l.fromStarts() {
		if state[n] == 0 {
			visit(n)
		}
	}
	return next
}

// fromStarts sorts the nodes: first those to which nothing in the bands connects,
// then those to which something outside does, then the others.
func (l *layout) fromStarts() []int {
	const second, third = 1, 2
	rank := make([]int, len(l.nodes))
	for _, a := range l.arrows {
		if l.nodes[a.from].group >= 0 && a.from != a.to {
			rank[a.to] = third
		}
	}
	for _, a := range l.arrows {
		if l.nodes[a.from].group < 0 && rank[a.to] == third {
			rank[a.to] = second
		}
	}
	order := make([]int, len(l.nodes))
	for n := range order {
		order[n] = n
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank[a], rank[b]) })
	return order
}

// topological sorts nodes so that each comes before those it points to.
func (l *layout) topological(next [][]int) []int {
	waits := make([]int, len(next))
	for _, targets := range next {
		for _, to := range targets {
			waits[to]++
		}
	}
	var order []int
	for n := range next {
		if waits[n] == 0 {
			order = append(order, n)
		}
	}
	for i := 0; i < len(order); i++ {
		for _, to := range next[order[i]] {
			if waits[to]--; waits[to] == 0 {
				order = append(order, to)
			}
		}
	}
	return order
}

// spread moves nodes without arrows to where their group has room, and returns
// how many columns that takes.
func (l *layout) spread(layer []int, layers int) int {
	tied := make([]bool, len(l.nodes))
	for _, a := range l.arrows {
		tied[a.from], tied[a.to] = true, true
	}
	used := 0
	for _, g := range l.bands {
		load := make([]int, maxColumns)
		first, last, free := maxColumns, -1, 0
		for n := range l.nodes {
			switch {
			case l.nodes[n].group != g:
			case tied[n]:
				load[layer[n]]++
				first, last = min(first, layer[n]), max(last, layer[n])
			default:
				free++
			}
		}
		if last < 0 {
			first, last = 0, 0
		}
		columns := min(maxColumns, max(layers, int(math.Sqrt(float64(free)))))
		for n := range l.nodes {
			if l.nodes[n].group != g || tied[n] {
				continue
			}
			best := 0
			cost := func(c int) int { return load[c] + 2*max(0, first-c, c-last) }
			for c := range columns {
				if cost(c) < cost(best) {
					best = c
				}
			}
			layer[n] = best
			load[best]++
			used = max(used, best+1)
		}
	}
	return used
}
