package diagram

import "slices"

// connect makes the pins, trunks and lanes of all arrows.
func (l *layout) connect() {
	l.paths = make([][]*pin, len(l.arrows))
	forward := make([][]int, len(l.nodes))
	back := make([][]int, len(l.nodes))
	for a, arrow := range l.arrows {
		if l.items[arrow.to].column >= l.items[arrow.from].column {
			forward[arrow.from] = append(forward[arrow.from], a)
		} else {
			back[arrow.from] = append(back[arrow.from], a)
		}
	}
	l.guessHeights()
	l.findSpans()
	for n := range l.nodes {
		l.connectNode(n, forward[n], 1)
		l.connectNode(n, back[n], -1)
	}
	for _, i := range l.items[:len(l.nodes)] {
		i.h = max(len(i.rows)*nodeRow+2*grid, pinsHeight(i.left), pinsHeight(i.right))
		i.settle()
	}
}

// cellGuess is the height of a cell as long as nothing is known.
const cellGuess = 100

// guessHeights gives nodes a first height: that of their band, and at the sides
// the middle of what they connect with.
func (l *layout) guessHeights() {
	sum, count := make(map[*item]int), make(map[*item]int)
	for _, a := range l.arrows {
		from, to := l.items[a.from], l.items[a.to]
		sum[from] += to.cell * cellGuess
		sum[to] += from.cell * cellGuess
		count[from]++
		count[to]++
	}
	for _, i := range l.items {
		if i.group >= 0 {
			i.y = i.cell * cellGuess
		} else if count[i] > 0 {
			i.y = sum[i] / count[i]
		}
	}
}

// span is the range of columns that the box of a group covers.
type span struct{ first, last int }

func (l *layout) findSpans() {
	l.spans = make(map[int]span)
	for _, i := range l.items {
		if i.group < 0 {
			continue
		}
		s, known := l.spans[i.group]
		if !known {
			s = span{i.column, i.column}
		}
		l.spans[i.group] = span{min(s.first, i.column), max(s.last, i.column)}
	}
}

// connectNode makes the tree of arrows that leaves a node at its right side
// (step 1) or at its left (step -1).
func (l *layout) connectNode(n int, arrows []int, step int) {
	if len(arrows) == 0 {
		return
	}
	start := l.items[n]
	at := &pin{of: start}
	if step > 0 {
		start.right = append(start.right, at)
	} else {
		start.left = append(start.left, at)
	}
	path := []*pin{at}
	for column := start.column; ; column += step {
		t := &trunk{channel: min(column, column+step), from: at}
		l.columns[t.channel].trunks = append(l.columns[t.channel].trunks, t)
		t.add(at)
		if at.of == start {
			at.trunk = t
		}
		var further []int
		for _, a := range arrows {
			end := l.items[l.arrows[a].to]
			if end.column != column+step && end.column != start.column {
				further = append(further, a)
				continue
			}
			p := l.endPin(end, a, t)
			l.paths[a] = append(slices.Clone(path), p)
		}
		if len(further) == 0 {
			return
		}
		arrows = further
		lane := &item{group: -1, column: column + step}
		lane.cell = l.laneCell(at.of, lane.column, n, arrows)
		lane.y = lane.cell * cellGuess
		at = &pin{of: lane, trunk: t}
		lane.left, lane.right = []*pin{at}, []*pin{at}
		t.add(at)
		l.items = append(l.items, lane)
		l.columns[lane.column].items = append(l.columns[lane.column].items, lane)
		path = append(path, at)
	}
}

// add puts a pin on the side of the channel where its item lies.
func (t *trunk) add(p *pin) {
	if p.of.column <= t.channel {
		t.left = append(t.left, p)
	} else {
		t.right = append(t.right, p)
	}
}

// ends are all pins but the one where the trunk starts.
func (t *trunk) ends() []*pin {
	var out []*pin
	for _, side := range [][]*pin{t.left, t.right} {
		for _, p := range side {
			if p != t.from {
				out = append(out, p)
			}
		}
	}
	return out
}

// endPin makes the pin in which an arrow ends, with its label.
func (l *layout) endPin(end *item, a int, t *trunk) *pin {
	p := &pin{of: end, trunk: t}
	if label := l.arrows[a].label; label != "" {
		p.rows = wrapped(label, labelSize, labelText, labelRows)
	}
	if end.column <= t.channel {
		end.right = append(end.right, p)
	} else {
		end.left = append(end.left, p)
	}
	t.add(p)
	return p
}

// laneCell chooses where arrows pass a column, given the item they come from. A
// lane keeps out of the boxes of groups that it has nothing to do with, and is
// near to where its arrows end.
func (l *layout) laneCell(from *item, column, n int, arrows []int) int {
	ends := l.items[l.arrows[arrows[0]].to].group
	target, same := 0, ends >= 0
	for _, a := range arrows {
		end := l.items[l.arrows[a].to]
		target += end.y
		same = same && end.group == ends
	}
	target /= len(arrows)
	own := l.items[n].group
	best, bestCost := -1, 0
	for c := range 2*len(l.bands) + 1 {
		if c%2 == 1 {
			group := l.bands[c/2]
			s := l.spans[group]
			if group != own && !(same && group == ends) && column >= s.first && column <= s.last {
				continue
			}
		}
		cost := 2*distance(c*cellGuess, from.y) + 3*distance(c*cellGuess, target)
		if best < 0 || cost < bestCost {
			best, bestCost = c, cost
		}
	}
	return best
}

func distance(a, b int) int { return max(a-b, b-a) }
