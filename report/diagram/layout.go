package diagram

import "slices"

// The drawing is made of columns, through which edges run from left to right,
// and of bands, one below the other, one for each group. What belongs to no group
// and lies outside has a column of its own: at the left what connects, at the
// right what is connected to.
//
//	            column 0    channel 0    column 1
//	                        |    |
//	gutter 0  --------------+----|------------------ lanes
//	            +--------+  |    |    +--------+
//	band 0      | node   |--+    +--->| node   |     a group
//	            +--------+  |    |    +--------+
//	gutter 1  --------------|----+------------------
//
// Edges change their height only in the channels between the columns, and cross
// columns only in lanes, which have their place among the nodes. So no edge can
// meet a node, and a label beside the end of its edge meets neither.
//
// All measures are pixels.
const (
	grid = 8 // heights of nodes and distances of lanes are multiples of it

	nodeSize   = 12 // of the font
	nodeRow    = 16 // from one row to the next
	nodeMargin = 10 // left and right of the text
	nodeText   = 230
	nodeRows   = 2  // that one line may fill
	nodeLines  = 12 // of a node
	minNode    = 70 // the width

	labelSize   = 11
	labelRow    = 13
	labelText   = 170
	labelRows   = 3
	labelMargin = 4

	titleSize   = 12
	titleHeight = 24 // of the strip at the top of a group's box
	boxMargin   = 14 // around the nodes in a group's box, less than arrowEnd
	arrowEnd    = 20 // from a node to the label of an edge
	trackGap    = 9  // between the vertical lines of a channel
	nodeGap     = 24 // between nodes
)

// item is what takes room in a column: a node, or a lane for edges that pass by.
type item struct {
	node        *Node // nil for a lane
	group       int   // of a node, -1 for those in the columns at the sides
	column      int
	cell        int // see layout.cells
	y, h        int // the top, and the height; a lane has none
	rows        []string
	left, right []*pin // a lane has one, which is in both
}

// extent is what an item needs with the gap to its neighbours.
func (i *item) extent() int {
	if i.node == nil {
		return grid
	}
	return i.h + nodeGap
}

// pin is where a line ends at an item.
type pin struct {
	of    *item
	dy    int      // from the item's top
	rows  []string // of the label of the arrow that ends here
	trunk *trunk   // that ends or starts here; of a lane, the one towards the start
}

func (p *pin) y() int { return p.of.y + p.dy }

// height is what a pin needs at the side of a node: an even number of grid steps,
// so that the middle lies on the grid.
func (p *pin) height() int {
	const step = 2 * grid
	return max(step, (len(p.rows)*labelRow+2+step-1)/step*step)
}

// trunk is a vertical line in a channel with its horizontal branches to both
// sides. All arrows of one node share it, so that they fan out like a tree.
type trunk struct {
	channel     int // right of the column with that number
	from        *pin
	left, right []*pin // the ends at either side, from included
	x           int
}

// cell is a part of a column: one of a band, in which nodes lie, or one of a
// gutter between the bands. Cells with even numbers are gutters.
type cell struct{ top, height int }

// column is a range of x with nodes, and the channel at its right.
type column struct {
	x, width int
	items    []*item
	trunks   []*trunk
}

type layout struct {
	*drawing
	items   []*item // one for each node, then lanes
	columns []*column
	bands   []int        // the groups in the order of their bands
	spans   map[int]span // of the groups with a band
	cells   []cell       // of every column: gutter, band, gutter, …
	paths   [][]*pin     // of each arrow: from the start, the lanes, the end
	width   int
	height  int
}

// newLayout places everything.
func newLayout(g *Graph) (*layout, error) {
	d, err := newDrawing(g)
	if err != nil {
		return nil, err
	}
	l := &layout{drawing: d}
	l.orderBands()
	l.placeInColumns()
	l.connect()
	l.sizeCells()
	l.arrange()
	l.route()
	return l, nil
}

// orderBands finds an order of the groups in which those that connect are close:
// it moves one group at a time as long as that helps.
func (l *layout) orderBands() {
	weight := make(map[[2]int]int)
	for _, a := range l.arrows {
		if from, to := l.nodes[a.from].group, l.nodes[a.to].group; from != to && from >= 0 && to >= 0 {
			weight[[2]int{min(from, to), max(from, to)}]++
		}
	}
	for _, n := range l.nodes {
		if n.group >= 0 && !slices.Contains(l.bands, n.group) {
			l.bands = append(l.bands, n.group)
		}
	}
	cost := func(order []int) int {
		sum := 0
		for i, a := range order {
			for k, b := range order[:i] {
				sum += weight[[2]int{min(a, b), max(a, b)}] * (i - k)
			}
		}
		return sum
	}
	const enough = 40 // groups: the time grows with the fourth power
	best := cost(l.bands)
	for improved := len(l.bands) <= enough; improved; {
		improved = false
		for i := range l.bands {
			for k := range l.bands {
				moved := slices.Insert(slices.Delete(slices.Clone(l.bands), i, i+1), k, l.bands[i])
				if c := cost(moved); c < best {
					l.bands, best, improved = moved, c, true
				}
			}
		}
	}
}

// sizeCells gives each band and gutter the height that its fullest column needs.
// The heights do not depend on the order in the cells.
func (l *layout) sizeCells() {
	need := make([]int, 2*len(l.bands)+1)
	aside := 0
	for _, c := range l.columns {
		sums := make([]int, len(need))
		own := 0
		for _, i := range c.items {
			if i.node != nil && i.group < 0 {
				own += i.extent()
			} else {
				sums[i.cell] += i.extent()
			}
		}
		for k := range need {
			need[k] = max(need[k], sums[k])
		}
		aside = max(aside, own)
	}
	y := 0
	for k, n := range need {
		above, below := grid, grid
		if k%2 == 1 {
			above = 0
			if l.graph.Groups[l.bands[k/2]].Name != "" {
				above = titleHeight
			}
		}
		l.cells = append(l.cells, cell{y + above, n})
		y += above + n + below
	}
	l.height = max(y, aside+2*grid)
}

// cellOf returns the room of an item.
func (l *layout) cellOf(i *item) cell {
	if i.node != nil && i.group < 0 {
		return cell{0, l.height}
	}
	return l.cells[i.cell]
}
