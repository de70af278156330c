package diff

import (
	"fmt"
	"strconv"

	"github.com/ringfence/ringfence/change"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report/diagram"
	"github.com/ringfence/ringfence/report/reach"
)

// graphOf draws what was opened and closed in an environment, and nothing else. What
// went away with a workload is left out. Workloads of one namespace of which the same
// changed share a node.
func graphOf(e *change.Environment) *diagram.Graph {
	g := &grapher{
		after: e.After, now: map[manifest.Ref]*netpol.Workload{}, places: map[string]int{}, known: map[string]bool{},
		classes: map[manifest.Ref][]byte{}, workloads: map[manifest.Ref]*netpol.Workload{}, ids: map[manifest.Ref]string{},
	}
	for _, w := range e.After.Workloads {
		g.now[w.Ref] = w
	}
	rows := rowsOf(e)
	for i, r := range rows {
		g.mark(r.From, '<', i)
		g.mark(r.To, '>', i)
	}
	g.addWorkloads()
	seen := map[diagram.Edge]bool{}
	for _, r := range rows {
		for _, from := range g.nodesOf(r.From) {
			for _, to := range g.nodesOf(r.To) {
				edge := diagram.Edge{From: from, To: to, Label: r.label, Mark: r.mark}
				if !seen[edge] {
					seen[edge] = true
					g.graph.Edges = append(g.graph.Edges, edge)
				}
			}
		}
	}
	return &g.graph
}

type grapher struct {
	after  *netpol.Cluster
	now    map[manifest.Ref]*netpol.Workload // of after
	graph  diagram.Graph
	places map[string]int  // of groups, by name
	known  map[string]bool // nodes, by id
	// classes tell workloads apart by the rows that they are in; nothing else does here.
	classes   map[manifest.Ref][]byte
	workloads map[manifest.Ref]*netpol.Workload
	order     []manifest.Ref
	ids       map[manifest.Ref]string // of the nodes of workloads
}

type graphRow struct {
	netpol.Row
	label string
	mark  diagram.Mark
}

func rowsOf(e *change.Environment) []graphRow {
	var rows []graphRow
	for _, c := range e.Opened {
		rows = append(rows, graphRow{c.Row, "opened " + connText(c.Conn), diagram.Opened})
	}
	for _, c := range e.Closed {
		if !c.WithWorkload() {
			rows = append(rows, graphRow{c.Row, "closed " + connText(c.Conn), diagram.Closed})
		}
	}
	return rows
}

// mark notes that the workloads among some peers stand at one side of a row.
func (g *grapher) mark(peers netpol.Peers, side byte, row int) {
	for _, t := range peers.Terms() {
		if !isWorkload(t) {
			continue
		}
		ref := t.Workload.Ref
		if g.workloads[ref] == nil {
			g.workloads[ref] = t.Workload
			g.order = append(g.order, ref)
		}
		g.classes[ref] = strconv.AppendInt(append(g.classes[ref], side), int64(row), 10)
	}
}

// look is the same for workloads that share a node.
type look struct {
	namespace, class string
	shape            diagram.Shape
}

// addWorkloads adds the nodes of workloads.
func (g *grapher) addWorkloads() {
	members := map[look][]*netpol.Workload{}
	var looks []look
	for _, ref := range g.order {
		l := look{ref.Namespace, string(g.classes[ref]), g.shape(g.workloads[ref])}
		if members[l] == nil {
			looks = append(looks, l)
		}
		members[l] = append(members[l], g.workloads[ref])
	}
	for number, l := range looks {
		n := diagram.Node{ID: strconv.Itoa(number), Shape: l.shape}
		for i, w := range members[l] {
			g.ids[w.Ref] = n.ID
			switch {
			case i < reach.MostLines:
				n.Lines = append(n.Lines, w.Kind+"/"+w.Name)
			case i == reach.MostLines:
				n.Lines = append(n.Lines, fmt.Sprintf("and %d more", len(members[l])-i))
			}
		}
		g.add(reach.GroupOf(l.namespace), n)
	}
}

// shape tells how a workload is guarded now.
func (g *grapher) shape(w *netpol.Workload) diagram.Shape {
	now := g.now[w.Ref]
	switch {
	case now == nil:
		return diagram.Protected // it is gone
	case len(g.after.Uncertain(netpol.PodsOf(now), netpol.Ingress)) > 0:
		return diagram.Uncertain
	case g.after.Governed(now, netpol.Ingress):
		return diagram.Protected
	default:
		return diagram.Open
	}
}

// isWorkload tells whether a term is a workload of the repository.
func isWorkload(t netpol.Term) bool {
	return t.Kind == netpol.WorkloadTerm && t.Workload.StandsFor == ""
}

// nodesOf returns the nodes of some peers, and adds those that are no workloads.
func (g *grapher) nodesOf(peers netpol.Peers) []string {
	var ids []string
	known := map[string]bool{}
	for _, t := range peers.Terms() {
		id := "\x00" + t.String()
		if isWorkload(t) {
			id = g.ids[t.Workload.Ref]
		} else {
			group := ""
			if t.Kind == netpol.NamespaceTerm || t.Kind == netpol.UndeclaredTerm {
				group = reach.GroupOf(t.Namespace)
			}
			g.add(group, diagram.Node{ID: id, Lines: reach.TermLines(t), Shape: diagram.Outside})
		}
		if !known[id] {
			known[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

func (g *grapher) add(group string, n diagram.Node) {
	if g.known[n.ID] {
		return
	}
	g.known[n.ID] = true
	place, known := g.places[group]
	if !known {
		place = len(g.graph.Groups)
		g.places[group] = place
		g.graph.Groups = append(g.graph.Groups, diagram.Group{Name: group})
	}
	g.graph.Groups[place].Nodes = append(g.graph.Groups[place].Nodes, n)
}
