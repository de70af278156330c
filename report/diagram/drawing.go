package diagram

import "fmt"

// drawing is a graph as all formats draw it.
type drawing struct {
	graph  *Graph
	nodes  []place // in the order of the graph
	arrows []arrow
}

// place is a node that is drawn.
type place struct {
	*Node
	group int // its number in the graph, -1 for what lies at the sides of all groups
}

// arrow is one edge, or several of one pair of nodes with one mark.
type arrow struct {
	from, to int // the numbers of the nodes
	label    string
	mark     Mark
}

// newDrawing numbers the nodes and joins the edges between the same two nodes. It
// is an error if an edge would be lost: a drawing that misses one says that two
// cannot connect.
func newDrawing(g *Graph) (*drawing, error) {
	starts, ends := make(map[string]bool), make(map[string]bool)
	for _, e := range g.Edges {
		starts[e.From], ends[e.To] = true, true
	}
	d := &drawing{graph: g}
	source, target := make(map[string]int), make(map[string]int)
	for i, group := range g.Groups {
		for k := range group.Nodes {
			n := &group.Nodes[k]
			if _, taken := source[n.ID]; taken {
				return nil, fmt.Errorf("two nodes have the ID %q", n.ID)
			}
			p := place{n, i}
			if n.Shape == Outside && group.Name == "" {
				p.group = -1
			}
			source[n.ID], target[n.ID] = len(d.nodes), len(d.nodes)
			d.nodes = append(d.nodes, p)
			if p.group < 0 && starts[n.ID] && ends[n.ID] {
				target[n.ID] = len(d.nodes)
				d.nodes = append(d.nodes, p)
			}
		}
	}
	return d, d.join(g.Edges, source, target)
}

// join makes the arrows, given the numbers of the nodes.
func (d *drawing) join(edges []Edge, source, target map[string]int) error {
	type pair struct {
		from, to int
		mark     Mark
	}
	at := make(map[pair]int)
	known := make(map[arrow]bool)
	for _, e := range edges {
		from, ok := source[e.From]
		if !ok {
			return fmt.Errorf("an edge starts at %q, which is no node", e.From)
		}
		to, ok := target[e.To]
		if !ok {
			return fmt.Errorf("an edge ends at %q, which is no node", e.To)
		}
		a := arrow{from, to, e.Label, e.Mark}
		i, another := at[pair{from, to, e.Mark}]
		switch {
		case known[a]:
		case !another:
			at[pair{from, to, e.Mark}] = len(d.arrows)
			d.arrows = append(d.arrows, a)
		case d.arrows[i].label == "":
			d.arrows[i].label = a.label
		case a.label != "":
			d.arrows[i].label += "; " + a.label
		}
		known[a] = true
	}
	return nil
}

// box is the name of the box around a node, empty where there is none.
func (d *drawing) box(n int) string {
	if d.nodes[n].group < 0 {
		return ""
	}
	return d.graph.Groups[d.nodes[n].group].Name
}

// opens and closes report whether a node is the first or the last in a box.
func (d *drawing) opens(n int) bool {
	return d.box(n) != "" && (n == 0 || d.nodes[n-1].group != d.nodes[n].group)
}

func (d *drawing) closes(n int) bool {
	return d.box(n) != "" && (n == len(d.nodes)-1 || d.nodes[n+1].group != d.nodes[n].group)
}
