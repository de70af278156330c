package diagram

import (
	"cmp"
	"slices"
)

// sweeps is how often the columns are gone through, from left to right and back.
const sweeps = 24

// arrange gives every item its height: it moves each to the middle of those it is
// connected with, column by column, and keeps the best of all rounds.
func (l *layout) arrange() {
	l.stack()
	best, at := l.length(), l.heights()
	for round := range sweeps {
		both := round%6 >= 2 // two rounds with the neighbours on one side, then with all
		for k := range l.columns {
			c := k
			if round%2 == 1 {
				c = len(l.columns) - 1 - k
			}
			l.pull(c, both || round%2 == 0, both || round%2 == 1)
		}
		l.sortPins()
		if length := l.length(); length < best {
			best, at = length, l.heights()
		}
	}
	for k, i := range l.items {
		i.y = at[k]
	}
	l.sortPins()
}

// stack puts the items of each cell one below the other.
func (l *layout) stack() {
	for c, column := range l.columns {
		for _, items := range column.byCell() {
			for _, i := range items {
				i.y = l.cellOf(i).top
			}
			l.settleCell(c, items, nil)
		}
	}
}

// byCell splits the items of a column, which keep their order. Those at the
// sides have the column for themselves.
func (c *column) byCell() [][]*item {
	var out [][]*item
	at := make(map[int]int)
	for _, i := range c.items {
		k, known := at[i.cell]
		if !known {
			k = len(out)
			at[i.cell] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], i)
	}
	return out
}

// wish is where an item would lie if it were alone: the mean of what its arrows
// ask for.
type wish struct{ sum, weight int }

// pull moves the items of a column towards their neighbours at the left, at the
// right, or both.
func (l *layout) pull(c int, left, right bool) {
	wishes := make(map[*item]wish)
	collect := func(t *trunk, own []*pin) {
		const straight = 4 // times the weight for a line that may become straight
		weight := 1
		if len(t.left) == 1 && len(t.right) == 1 {
			weight = straight
		}
		for _, p := range own {
			others := []*pin{t.from}
			if p == t.from {
				others = t.ends()
			}
			for _, q := range others {
				w := wishes[p.of]
				wishes[p.of] = wish{w.sum + weight*(q.y()-p.dy), w.weight + weight}
			}
		}
	}
	if left && c > 0 {
		for _, t := range l.columns[c-1].trunks {
			collect(t, t.right)
		}
	}
	if right {
		for _, t := range l.columns[c].trunks {
			collect(t, t.left)
		}
	}
	for _, items := range l.columns[c].byCell() {
		l.settleCell(c, items, wishes)
	}
}

// settleCell sorts the items of a cell by their wishes, which default to where
// they are, and places them. All heights lie on the grid, in every other column
// half a step lower: so two lines that come from both sides of a channel never
// lie on one another.
func (l *layout) settleCell(c int, items []*item, wishes map[*item]wish) {
	want := func(i *item) wish {
		if w, ok := wishes[i]; ok {
			return w
		}
		return wish{i.y, 1}
	}
	slices.SortStableFunc(items, func(a, b *item) int {
		x, y := want(a), want(b)
		middle := cmp.Compare((2*x.sum+a.h*x.weight)*y.weight, (2*y.sum+b.h*y.weight)*x.weight)
		return cmp.Or(middle, cmp.Compare(a.y, b.y))
	})
	room := l.cellOf(items[0])
	var shifts []wish
	offset := room.top
	for _, i := range items {
		w := want(i)
		shifts = append(shifts, wish{w.sum - w.weight*(offset+(i.extent()-i.h)/2), w.weight})
		offset += i.extent()
	}
	free := room.top + room.height - offset
	offset = room.top
	for k, shift := range rising(shifts) {
		i := items[k]
		i.y = offset + min(max(shift, 0), free)/grid*grid + (i.extent()-i.h)/2 + c%2*grid/2
		offset += i.extent()
	}
}

// rising returns the numbers closest to the wishes of which none is smaller than
// the one before: where wishes contradict that, all concerned get the mean.
func rising(wishes []wish) []int {
	type block struct {
		wish
		count int
	}
	var blocks []block
	for _, w := range wishes {
		b := block{w, 1}
		for len(blocks) > 0 {
			last := blocks[len(blocks)-1]
			if last.sum*b.weight < b.sum*last.weight {
				break
			}
			b = block{wish{last.sum + b.sum, last.weight + b.weight}, last.count + b.count}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	var out []int
	for _, b := range blocks {
		for range b.count {
			out = append(out, b.sum/b.weight)
		}
	}
	return out
}

// length is that of all vertical lines, with an addition for every bend.
func (l *layout) length() int {
	const bend = 2 * grid
	sum := 0
	for _, c := range l.columns {
		for _, t := range c.trunks {
			top, bottom := t.reach()
			sum += bottom - top
			for _, p := range t.ends() {
				if p.y() != t.from.y() {
					sum += bend
				}
			}
		}
	}
	return sum
}

func (l *layout) heights() []int {
	out := make([]int, len(l.items))
	for k, i := range l.items {
		out[k] = i.y
	}
	return out
}

// sortPins puts the pins at both sides of each node in the order of what they
// lead to.
func (l *layout) sortPins() {
	for _, i := range l.items[:len(l.nodes)] {
		for _, side := range [][]*pin{i.left, i.right} {
			slices.SortStableFunc(side, func(a, b *pin) int { return cmp.Compare(a.leadsTo(), b.leadsTo()) })
		}
		i.settle()
	}
}

// leadsTo is the height of the other end, of several their middle.
func (p *pin) leadsTo() int {
	if p != p.trunk.from {
		return p.trunk.from.y()
	}
	sum, ends := 0, p.trunk.ends()
	for _, q := range ends {
		sum += q.y()
	}
	return sum / len(ends)
}

func pinsHeight(side []*pin) int {
	sum := 0
	for _, p := range side {
		sum += p.height()
	}
	return sum
}

// settle spreads the pins of a node along the middle of its sides.
func (i *item) settle() {
	for _, side := range [][]*pin{i.left, i.right} {
		y := (i.h - pinsHeight(side)) / 2 / grid * grid
		for _, p := range side {
			p.dy = y + p.height()/2
			y += p.height()
		}
	}
}
