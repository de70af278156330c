package diagram

import "slices"

// straighten moves lanes and pins a little where that makes a straight line out
// of one with two bends. A move can make room for another one.
func (l *layout) straighten() {
	const passes = 3
	for range passes {
		for _, c := range l.columns {
			for _, t := range c.trunks {
				for _, end := range t.ends() {
					l.straightenEnd(t, end)
				}
			}
		}
	}
}

func (l *layout) straightenEnd(t *trunk, end *pin) {
	by := t.from.y() - end.y()
	if by == 0 || (end.of.column <= t.channel) == (t.from.of.column <= t.channel) {
		return
	}
	if end.mayMove(by) && l.free(end, by) {
		end.move(by)
	} else if len(t.left) == 1 && len(t.right) == 1 && t.from.mayMove(-by) && l.free(t.from, -by) {
		t.from.move(-by)
	}
}

func (p *pin) move(by int) {
	if p.of.node == nil {
		p.of.y += by
	} else {
		p.dy += by
	}
}

// mayMove reports whether a pin can move by itself: that of a node keeps its
// distance from the others at its side and from the corners, a lane does not move
// far and does not bend a line that comes straight from its start.
func (p *pin) mayMove(by int) bool {
	const far = 5 * grid
	if p.of.node == nil {
		before := p.trunk.from
		return distance(by, 0) <= far && before.y() != p.y()
	}
	if len(p.side()) > 1 {
		return len(p.rows) == 0 && distance(by, 0) <= grid/2
	}
	top := p.dy + by - p.height()/2
	return top >= 0 && top+p.height() <= p.of.h
}

// side returns the pins at the side of a node where p is.
func (p *pin) side() []*pin {
	if p.trunk.channel == p.of.column {
		return p.of.right
	}
	return p.of.left
}

// free reports whether a pin that moves keeps its distance from the items that a
// lane would meet in its column, and from the lines of other trunks that come
// from the other side of a channel.
func (l *layout) free(p *pin, by int) bool {
	return (p.of.node != nil || l.freeLane(p.of, by)) && !slices.ContainsFunc(l.facing(p), func(q *pin) bool {
		return distance(q.y(), p.y()+by) < grid/2
	})
}

// freeLane reports whether a lane that moves stays in its cell and meets nothing
// on its way.
func (l *layout) freeLane(lane *item, by int) bool {
	room := l.cellOf(lane)
	top, bottom := min(lane.y, lane.y+by), max(lane.y, lane.y+by)
	if top < room.top || bottom > room.top+room.height {
		return false
	}
	return !slices.ContainsFunc(l.columns[lane.column].items, func(i *item) bool {
		return i != lane && i.y < bottom+grid && i.y+i.h > top-grid
	})
}

// facing returns the pins of other trunks at the other side of the channels of a
// pin.
func (l *layout) facing(p *pin) []*pin {
	var out []*pin
	for channel := max(0, p.of.column-1); channel <= p.of.column; channel++ {
		if p.of.node != nil && channel != p.trunk.channel {
			continue
		}
		for _, t := range l.columns[channel].trunks {
			own, opposite := t.right, t.left
			if channel == p.of.column {
				own, opposite = t.left, t.right
			}
			if !slices.Contains(own, p) {
				out = append(out, opposite...)
			}
		}
	}
	return out
}
