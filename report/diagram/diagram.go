// Package diagram draws graphs whose nodes lie in groups: as DOT, as Mermaid and
// as SVG.
//
// It knows nothing of clusters and policies; package report/reach makes the
// graphs. No external program takes part, and the same graph gives the same bytes.
// Any text is allowed in names and labels: it is escaped, and what would hide or
// reorder text is spelled out.
package diagram

// Graph is what is drawn. Groups, nodes and edges are drawn in their order where
// nothing else decides.
type Graph struct {
	Title  string
	Groups []Group
	Edges  []Edge
}

// Group is a box around nodes. One without a name draws no box, one without
// nodes draws nothing.
type Group struct {
	Name  string
	Nodes []Node
}

// Node is a labelled shape. One that is Outside and in a group without a name is
// drawn twice where edges start and end at it, so that what may enter stands at
// the left and what may be left for at the right.
type Node struct {
	ID    string   // unique within the graph; any text
	Lines []string // of the label, at least one
	Shape Shape
}

// Shape tells kinds of nodes apart.
type Shape int

// The shapes.
const (
	Protected Shape = iota // a box: policies decide who may connect to it
	Open                   // a box that warns: anything may connect to it
	Uncertain              // a dashed box: who may connect to it is not known
	Outside                // a rounded box: what the repository does not declare
)

// legend explains the shapes.
var legend = []struct {
	shape Shape
	name  string
	means string
}{
	{Protected, "protected", "policies decide who may connect"},
	{Open, "open", "no policy keeps anything out"},
	{Uncertain, "uncertain", "not known who may connect"},
	{Outside, "outside", "also what is not declared; its arrows are blue"},
}

// name is also that of a class in Mermaid and SVG.
func (s Shape) name() string {
	for _, known := range legend {
		if known.shape == s {
			return known.name
		}
	}
	return Protected.name()
}

// Edge is an arrow between two nodes.
type Edge struct {
	From, To string // IDs of nodes
	Label    string // may be empty
	Mark     Mark
}

// Mark tells what became of what an edge stands for. Mermaid shows it; the other formats
// draw all edges alike.
type Mark int

// The marks.
const (
	Unmarked Mark = iota
	Opened        // a bold red arrow
	Closed        // a dotted green arrow
)
