package reach

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/report/diagram"
	"github.com/ringfence/ringfence/traffic"
)

// Needed is who needs to call whom in one environment.
type Needed struct {
	Environment string
	Calls       *traffic.Graph
	Confidence  traffic.Confidence // the least that is shown
	Gaps        int                // what could not be seen of the environment
}

// edges returns the calls that are shown.
func (n *Needed) edges() []traffic.Edge {
	var edges []traffic.Edge
	for _, e := range n.Calls.Edges {
		if e.Confidence >= n.Confidence {
			edges = append(edges, e)
		}
	}
	return edges
}

// WriteNeeded writes the calls of environments, of which a drawing takes one. The
// error is that of w.
func WriteNeeded(w io.Writer, format Format, all []*Needed) error {
	b := bufio.NewWriter(w)
	if err := writeNeeded(b, format, all); err != nil {
		return err
	}
	return b.Flush()
}

func writeNeeded(b *bufio.Writer, format Format, all []*Needed) error {
	switch format {
	case JSON:
		return writeNeededJSON(b, all)
	case JSONLines:
		return writeNeededLines(b, all)
	case DOT:
		return diagram.WriteDOT(b, all[0].graph())
	case Mermaid:
		return diagram.WriteMermaid(b, all[0].graph())
	case SVG:
		return diagram.WriteSVG(b, all[0].graph())
	default:
		for i, n := range all {
			if i > 0 {
				fmt.Fprintln(b)
			}
			n.writeText(b)
		}
		return nil // b keeps the error of writing for Flush
	}
}

// writeText writes the calls by caller, each with what tells of it.
func (n *Needed) writeText(b *bufio.Writer) {
	edges := n.edges()
	incomplete := ""
	if n.Gaps > 0 {
		incomplete = "; incomplete: " + report.Counted(n.Gaps, "gap", "gaps")
	}
	fmt.Fprintf(b, "environment %s: %s%s\n", report.Printable(n.Environment), report.Counted(len(edges), "call", "calls"), incomplete)
	last := ""
	for _, e := range edges {
		if from := e.From.String(); from != last {
			fmt.Fprintf(b, "\n%s calls\n", report.Printable(from))
			last = from
		}
		fmt.Fprintf(b, "  %s%s (%s)\n", report.Printable(e.To.String()), portText(e), e.Confidence)
		for _, v := range e.Evidence {
			fmt.Fprintf(b, "    %s: %s: %s\n", posText(v.Pos), v.Kind, report.Printable(v.Text))
		}
	}
	for i, d := range n.Calls.Dangling {
		if i == 0 {
			fmt.Fprintf(b, "\nnames that nothing in the environment has\n")
		}
		fmt.Fprintf(b, "  %s, for %s at %s\n", report.Printable(d.Name), report.Printable(d.From.String()), posText(d.Pos))
	}
}

func portText(e traffic.Edge) string {
	if e.Port == 0 {
		return " on a port that is not known"
	}
	return fmt.Sprintf(" on %s %d", e.Protocol, e.Port)
}

// need is a call as programs read it.
type need struct {
	Environment string     `json:"environment"`
	From        string     `json:"from"`
	To          string     `json:"to"`
	Port        int        `json:"port"` // 0 where it is not known
	Protocol    string     `json:"protocol"`
	Confidence  string     `json:"confidence"`
	Evidence    []evidence `json:"evidence"`
}

type evidence struct {
	Kind string `json:"kind"`
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

func (n *Needed) needs() []need {
	list := []need{}
	for _, e := range n.edges() {
		item := need{
			Environment: n.Environment, From: e.From.String(), To: e.To.String(), Port: e.Port, Protocol: string(e.Protocol),
			Confidence: e.Confidence.String(), Evidence: []evidence{},
		}
		for _, v := range e.Evidence {
			item.Evidence = append(item.Evidence, evidence{v.Kind, v.File, v.Line, v.Text})
		}
		list = append(list, item)
	}
	return list
}

func writeNeededLines(b *bufio.Writer, all []*Needed) error {
	encoder := newEncoder(b)
	for _, n := range all {
		for _, item := range n.needs() {
			if err := encoder.Encode(item); err != nil {
				return err
			}
		}
	}
	return nil
}

type neededDocument struct {
	Version int            `json:"version"`
	Needs   []need         `json:"needs"`
	Missing []danglingName `json:"dangling"`
}

// danglingName is a name of the cluster that nothing has.
type danglingName struct {
	Environment string `json:"environment"`
	From        string `json:"from"`
	Name        string `json:"name"`
	File        string `json:"file"`
	Line        int    `json:"line"`
}

func writeNeededJSON(b *bufio.Writer, all []*Needed) error {
	d := neededDocument{Version: version, Needs: []need{}, Missing: []danglingName{}}
	for _, n := range all {
		d.Needs = append(d.Needs, n.needs()...)
		for _, m := range n.Calls.Dangling {
			d.Missing = append(d.Missing, danglingName{n.Environment, m.From.String(), m.Name, m.File, m.Line})
		}
	}
	encoder := newEncoder(b)
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}

// graph draws the calls.
func (n *Needed) graph() *diagram.Graph {
	g := grapher{groups: map[string]*diagram.Group{}, edges: map[diagram.Edge]bool{}}
	for _, e := range n.edges() {
		label := strings.TrimPrefix(portText(e), " on ")
		edge := diagram.Edge{From: g.end(e.From), To: g.end(e.To), Label: label}
		if edge.From != edge.To && !g.edges[edge] {
			g.edges[edge] = true
			g.order = append(g.order, edge)
		}
	}
	graph := &diagram.Graph{Title: n.Environment + ": " + report.Counted(len(g.order), "call", "calls"), Edges: g.order}
	for _, name := range g.names {
		graph.Groups = append(graph.Groups, *g.groups[name])
	}
	return graph
}

// end adds the node of an end of a call.
func (g *grapher) end(e traffic.End) string {
	if w := e.Workload; w != nil {
		id := g.id(w)
		g.add(GroupOf(w.Namespace), diagram.Node{ID: id, Lines: []string{w.Kind + "/" + w.Name}})
		return id
	}
	id := "\x00" + e.String()
	g.add("", diagram.Node{ID: id, Lines: []string{strings.TrimPrefix(e.String(), "external:")}, Shape: diagram.Outside})
	return id
}
