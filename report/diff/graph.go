package diff

import (
	"fmt"

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
	g := &grapher{environment: e, places: map[string]int{}, classes: map[manifest.Ref]string{}, workloads: map[manifest.Ref]*netpol.Workload{}}
	rows := g.rows()
	for i, r := range rows {
		g.mark(r.From, fmt.Sprintf("<%d", i))
		g.mark(r.To, fmt.Sprintf(">%d", i))
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
	environment *change.Environment
	graph       diagram.Graph
	places      map[string]int // of groups, by name
	// classes tell workloads apart by the rows that they are in; nothing else does here.
	classes   map[manifest.Ref]string
	workloads map[manifest.Ref]*netpol.Workload
	order     []manifest.Ref
}

type graphRow struct {
	netpol.Row
	label string
	mark  diagram.Mark
}

func (g *grapher) rows() []graphRow {
	var rows []graphRow
	for _, c := range g.environment.Opened {
		rows = append(rows, graphRow{c.Row, "opened " + connText(c.Conn), diagram.Opened})
	}
	for _, c := range g.environment.Closed {
		if !c.WithWorkload() {
			rows = append(rows, graphRow{c.Row, "closed " + connText(c.Conn), diagram.Closed})
		}
	}
	return rows
}

// mark notes that the workloads among some peers stand at one side of a row.
func (g *grapher) mark(peers netpol.Peers, side string) {
	for _, t := range peers.Terms() {
		if t.Kind != netpol.WorkloadTerm {
			continue
		}
		ref := t.Workload.Ref
		if g.workloads[ref] == nil {
			g.workloads[ref] = t.Workload
			g.order = append(g.order, ref)
		}
		g.classes[ref] += side
	}
}

// addWorkloads adds the nodes of workloads.
func (g *grapher) addWorkloads() {
	members := map[string][]*netpol.Workload{}
	var ids []string
	for _, ref := range g.order {
		id := g.idOf(ref)
		if members[id] == nil {
			ids = append(ids, id)
		}
		members[id] = append(members[id], g.workloads[ref])
	}
	for _, id := range ids {
		n := diagram.Node{ID: id, Shape: g.shape(members[id][0])}
		for i, w := range members[id] {
			if i == reach.MostLines {
				n.Lines = append(n.Lines, fmt.Sprintf("and %d more", len(members[id])-i))
				break
			}
			n.Lines = append(n.Lines, w.Kind+"/"+w.Name)
		}
		g.add(reach.GroupOf(members[id][0].Namespace), n)
	}
}

// idOf names the node of a workload: by its namespace, its rows and its look.
func (g *grapher) idOf(ref manifest.Ref) string {
	return fmt.Sprintf("%s\x00%s\x00%d", ref.Namespace, g.classes[ref], g.shape(g.workloads[ref]))
}

// shape tells how a workload is guarded now.
func (g *grapher) shape(w *netpol.Workload) diagram.Shape {
	cluster := g.environment.After
	now := cluster
	for _, other := range cluster.Workloads {
		if other.Ref == w.Ref {
			w, now = other, nil
			break
		}
	}
	switch {
	case now != nil:
		return diagram.Protected // it is gone
	case len(cluster.Uncertain(w, netpol.Ingress)) > 0:
		return diagram.Uncertain
	case cluster.Governed(w, netpol.Ingress):
		return diagram.Protected
	default:
		return diagram.Open
	}
}

// nodesOf returns the nodes of some peers, and adds those that are no workloads.
func (g *grapher) nodesOf(peers netpol.Peers) []string {
	var ids []string
	known := map[string]bool{}
	for _, t := range peers.Terms() {
		id := "\x00" + t.String()
		if t.Kind == netpol.WorkloadTerm {
			id = g.idOf(t.Workload.Ref)
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
	place, known := g.places[group]
	if !known {
		place = len(g.graph.Groups)
		g.places[group] = place
		g.graph.Groups = append(g.graph.Groups, diagram.Group{Name: group})
	}
	nodes := &g.graph.Groups[place].Nodes
	for _, other := range *nodes {
		if other.ID == n.ID {
			return
		}
	}
	*nodes = append(*nodes, n)
}
