package reach

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/report/diagram"
)

// MostLines is how many workloads a node of a drawing names.
const MostLines = 6

// graph draws the map. Workloads that nothing tells apart share a node. What needs
// no arrow gets none: who may connect to an open workload, and what a workload may
// call whose egress is not restricted.
func (m *Map) graph() *diagram.Graph {
	g := grapher{Map: m, nodes: map[*netpol.Workload]string{}, groups: map[string]*diagram.Group{}, edges: map[diagram.Edge]bool{}}
	for _, c := range m.Relation.Classes() {
		g.addClass(c.Workloads)
	}
	for _, d := range m.destinations() {
		g.addDestination(d)
	}
	for _, l := range m.labelled() {
		g.addLabelled(l)
	}
	graph := &diagram.Graph{Title: m.title(), Edges: g.order}
	for _, name := range g.names {
		group := *g.groups[name]
		group.Nodes = slices.DeleteFunc(group.Nodes, func(n diagram.Node) bool { return !g.drawn(n) })
		if len(group.Nodes) > 0 {
			graph.Groups = append(graph.Groups, group)
		}
	}
	return graph
}

func (m *Map) title() string {
	open := 0
	for _, w := range m.Cluster.Workloads {
		if m.open(w) && len(m.Cluster.Uncertain(netpol.PodsOf(w), netpol.Ingress)) == 0 {
			open++
		}
	}
	return fmt.Sprintf("%s: %s, %d open%s", m.Environment, report.Counted(len(m.Cluster.Workloads), "workload", "workloads"), open, m.incomplete())
}

// grapher collects nodes and edges.
type grapher struct {
	*Map
	nodes  map[*netpol.Workload]string // the node of a workload
	names  []string                    // of the groups, in their order
	groups map[string]*diagram.Group
	edges  map[diagram.Edge]bool
	order  []diagram.Edge
}

func (g *grapher) add(group string, n diagram.Node) {
	if g.groups[group] == nil {
		g.groups[group] = &diagram.Group{Name: group}
		g.names = append(g.names, group)
	}
	members := g.groups[group]
	if !slices.ContainsFunc(members.Nodes, func(o diagram.Node) bool { return o.ID == n.ID }) {
		members.Nodes = append(members.Nodes, n)
	}
}

// drawn tells whether a node is worth drawing.
func (g *grapher) drawn(n diagram.Node) bool {
	return !g.partial() && n.Shape != diagram.Outside || slices.ContainsFunc(g.order, func(e diagram.Edge) bool { return e.From == n.ID || e.To == n.ID })
}

// GroupOf names the group of a namespace.
func GroupOf(namespace string) string {
	if manifest.IsPrivate(namespace) {
		return "(namespace not given)"
	}
	return namespace
}

// addClass adds the nodes of workloads that nothing tells apart. They need not be
// restricted alike: what a policy of one forbids, the other side may forbid the rest.
func (g *grapher) addClass(workloads []*netpol.Workload) {
	type look struct {
		shape      diagram.Shape
		restricted bool
	}
	var looks []look
	alike := map[look][]*netpol.Workload{}
	for _, w := range workloads {
		l := look{g.shape(w), g.Relation.Restricted(w, netpol.Egress)}
		if alike[l] == nil {
			looks = append(looks, l)
		}
		alike[l] = append(alike[l], w)
	}
	for _, l := range looks {
		g.addNode(alike[l], l.shape, l.restricted)
	}
}

func (g *grapher) addNode(workloads []*netpol.Workload, shape diagram.Shape, restricted bool) {
	id := g.id(workloads[0])
	n := diagram.Node{ID: id, Shape: shape}
	for i, w := range workloads {
		g.nodes[w] = id
		if i < MostLines {
			n.Lines = append(n.Lines, w.Kind+"/"+w.Name)
		}
	}
	if more := len(workloads) - MostLines; more > 0 {
		n.Lines = append(n.Lines, fmt.Sprintf("and %d more", more))
	}
	if conn := g.Relation.Allowed(netpol.PodsOf(workloads[0]), netpol.PodsOf(workloads[len(workloads)-1])); len(workloads) > 1 && shape == diagram.Protected && !conn.IsEmpty() {
		n.Lines = append(n.Lines, fmt.Sprintf("(one another: %s)", conn))
	}
	if restricted {
		n.Lines = append(n.Lines, "(egress restricted)")
	}
	g.add(GroupOf(workloads[0].Namespace), n)
}

// id tells workloads of one Ref in unknown namespaces apart.
func (g *grapher) id(w *netpol.Workload) string {
	return w.Namespace + "/" + w.Group + "/" + w.Kind + "/" + w.Name
}

func (g *grapher) shape(w *netpol.Workload) diagram.Shape {
	switch {
	case len(g.Cluster.Uncertain(netpol.PodsOf(w), netpol.Ingress)) > 0:
		return diagram.Uncertain
	case g.open(w):
		return diagram.Open
	default:
		return diagram.Protected
	}
}

// addDestination adds the edges to the peers of a destination.
func (g *grapher) addDestination(d destination) {
	var closed, open []string // nodes
	for _, w := range d.workloads {
		if g.open(w) && !g.partial() {
			open = append(open, g.nodes[w])
		} else {
			closed = append(closed, g.nodes[w])
		}
	}
	for _, t := range d.outside {
		if g.partial() {
			closed = append(closed, g.node(t))
		} else {
			open = append(open, g.node(t))
		}
	}
	for _, row := range d.rows {
		for _, to := range closed {
			for _, t := range row.From.Terms() {
				g.connect(g.node(t), to, row.Conn)
			}
		}
		workloads, _ := row.From.Divide()
		for _, w := range workloads {
			if g.Relation.Restricted(w, netpol.Egress) {
				for _, to := range open {
					g.connect(g.nodes[w], to, row.Conn)
				}
			}
		}
	}
}

// addLabelled adds what pods may connect that the repository does not declare, if
// they have the labels that a rule asks for.
func (g *grapher) addLabelled(l labelled) {
	id := "\x00" + l.peer.Phrase()
	g.add("", diagram.Node{ID: id, Lines: []string{l.peer.Phrase(), "(not declared)"}, Shape: diagram.Outside})
	for _, w := range l.workloads {
		e := diagram.Edge{From: id, To: g.nodes[w], Label: l.rule.PortsPhrase()}
		if l.rule.Direction == netpol.Egress {
			e.From, e.To = e.To, e.From
		}
		if !g.edges[e] {
			g.edges[e] = true
			g.order = append(g.order, e)
		}
	}
}

// partial tells whether the map is a part of what there is. Then every connection
// is drawn, and nothing without one.
func (g *grapher) partial() bool { return g.Exposure || g.Focus != nil }

func (g *grapher) connect(from, to string, conn netpol.ConnSet) {
	e := diagram.Edge{From: from, To: to, Label: conn.String()}
	if from != to && !g.edges[e] {
		g.edges[e] = true
		g.order = append(g.order, e)
	}
}

// node returns the node of a term, which it adds where it is no workload.
func (g *grapher) node(t netpol.Term) string {
	if t.Kind == netpol.WorkloadTerm {
		return g.nodes[t.Workload]
	}
	group := ""
	if t.Kind == netpol.NamespaceTerm || t.Kind == netpol.UndeclaredTerm {
		group = GroupOf(t.Namespace)
	}
	id := "\x00" + t.String()
	g.add(group, diagram.Node{ID: id, Lines: TermLines(t), Shape: diagram.Outside})
	return id
}

// TermLines writes a term on several lines.
func TermLines(t netpol.Term) []string {
	if len(t.Except) == 0 {
		return []string{t.String()}
	}
	except := t.Exceptions()
	t.Except = nil
	lines := []string{t.String(), "except"}
	if more := len(except) - MostLines; more > 0 {
		except = append(except[:MostLines], fmt.Sprintf("and %d more", more))
	}
	return append(lines, except...)
}
