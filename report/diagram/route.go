package diagram

import (
	"cmp"
	"slices"
)

// route gives the trunks and the columns their places from left to right.
func (l *layout) route() {
	l.straighten()
	x := 0
	for k, c := range l.columns {
		c.x, c.width = x, minNode
		for _, i := range c.items {
			if i.node != nil {
				c.width = max(c.width, widest(i.rows, nodeSize)+2*nodeMargin)
			}
		}
		for band, g := range l.bands {
			if l.spans[g].first == k {
				c.width = max(c.width, boldWidth(l.title(band)))
			}
		}
		tracks := arrangeTrunks(c.trunks)
		start := c.x + c.width + max(arrowEnd, labelWidth(c, false)) + trackGap
		for _, t := range c.trunks {
			t.x = start + t.x*trackGap
		}
		x = start + tracks*trackGap
		if k+1 < len(l.columns) {
			x += max(arrowEnd, labelWidth(l.columns[k+1], true))
		}
	}
	l.width = x
}

// arrangeTrunks gives the trunks of a channel their tracks as x, and returns how
// many there are. Those that need no vertical line get none of their own.
func arrangeTrunks(trunks []*trunk) int {
	var order []*trunk
	for _, t := range trunks {
		if top, bottom := t.reach(); top < bottom {
			order = append(order, t)
		}
	}
	slices.SortStableFunc(order, func(a, b *trunk) int { return cmp.Compare(a.from.y(), b.from.y()) })
	uncross(order)
	tracks := 0
	for k, t := range order {
		top, bottom := t.reach()
		for _, before := range order[:k] {
			if otherTop, otherBottom := before.reach(); top < otherBottom+grid && otherTop < bottom+grid {
				t.x = max(t.x, before.x+1)
			}
		}
		tracks = max(tracks, t.x+1)
	}
	return tracks
}

// uncross moves each trunk to where it crosses the fewest others, as long as that
// helps.
func uncross(order []*trunk) {
	const rounds = 6
	for range rounds {
		moved := false
		for _, t := range slices.Clone(order) {
			now := slices.Index(order, t)
			others := slices.Delete(slices.Clone(order), now, now+1)
			cost := make([]int, len(order)) // at each place, apart from what all have in common
			for k, other := range others {
				cost[k+1] = cost[k] + crossings(other, t) - crossings(t, other)
			}
			best := now
			for k, c := range cost {
				if c < cost[best] {
					best = k
				}
			}
			if best != now {
				copy(order, slices.Insert(others, best, t))
				moved = true
			}
		}
		if !moved {
			return
		}
	}
}

// crossings counts the crossings of two trunks of which a is at the left.
func crossings(a, b *trunk) int {
	n := 0
	top, bottom := a.reach()
	for _, p := range b.left {
		if y := p.y(); y > top && y < bottom {
			n++
		}
	}
	top, bottom = b.reach()
	for _, p := range a.right {
		if y := p.y(); y > top && y < bottom {
			n++
		}
	}
	return n
}

// reach is the range of heights that a trunk covers.
func (t *trunk) reach() (top, bottom int) {
	top, bottom = t.from.y(), t.from.y()
	for _, side := range [][]*pin{t.left, t.right} {
		for _, p := range side {
			top, bottom = min(top, p.y()), max(bottom, p.y())
		}
	}
	return top, bottom
}

// labelWidth is the room that the labels at one side of a column need, none where
// there are none.
func labelWidth(c *column, left bool) int {
	most := 0
	for _, i := range c.items {
		side := i.right
		if left {
			side = i.left
		}
		for _, p := range side {
			if len(p.rows) > 0 {
				most = max(most, arrowEnd+p.labelWidth())
			}
		}
	}
	return most
}

func (p *pin) labelWidth() int { return widest(p.rows, labelSize) + 2*labelMargin }

func widest(rows []string, size int) int {
	most := 0
	for _, row := range rows {
		most = max(most, width(row, size))
	}
	return most
}

// point is a corner of a line.
type point struct{ x, y int }

// line returns the corners of an arrow from its start to its end.
func (l *layout) line(a int) []point {
	path := l.paths[a]
	points := []point{l.end(path[0])}
	for k, p := range path[1:] {
		if from := path[k]; from.y() != p.y() {
			points = append(points, point{p.trunk.x, from.y()}, point{p.trunk.x, p.y()})
		}
	}
	return append(points, l.end(path[len(path)-1]))
}

// end is where a line meets a node.
func (l *layout) end(p *pin) point {
	c := l.columns[p.of.column]
	if p.trunk.channel == p.of.column {
		return point{c.x + c.width, p.y()}
	}
	return point{c.x, p.y()}
}

// rect is a part of the drawing.
type rect struct{ x, y, width, height int }

func (l *layout) nodeRect(i *item) rect {
	c := l.columns[i.column]
	return rect{c.x, i.y, c.width, i.h}
}

// labelRect is where the label of an arrow lies: beside its end.
func (l *layout) labelRect(p *pin) rect {
	at, width, height := l.end(p), p.labelWidth(), len(p.rows)*labelRow+2
	x := at.x + arrowEnd
	if p.trunk.channel != p.of.column {
		x = at.x - arrowEnd - width
	}
	return rect{x, at.y - height/2, width, height}
}

// groupRect is the box of a group, whose title lies at its top.
func (l *layout) groupRect(band int) rect {
	s, c := l.spans[l.bands[band]], l.cells[2*band+1]
	first, last := l.columns[s.first], l.columns[s.last]
	return rect{
		first.x - boxMargin, c.top - titleHeight,
		last.x + last.width - first.x + 2*boxMargin, c.height + titleHeight + grid,
	}
}

// titleRect is where the name of a group lies: above its first column.
func (l *layout) titleRect(band int) rect {
	box := l.groupRect(band)
	return rect{box.x + boxMargin, box.y + 4, boldWidth(l.title(band)), titleHeight - 8}
}

func (l *layout) title(band int) string {
	return shortened(visible(l.graph.Groups[l.bands[band]].Name), titleSize, nodeText)
}

// boldWidth is the width of a title: bold letters are wider by less than a third.
func boldWidth(title string) int { return width(title, titleSize) * 5 / 4 }
