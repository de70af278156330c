package diagram

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteDOT writes the graph for Graphviz, its groups as clusters, from left to
// right. The error is that of w, or says that the graph is not sound: two nodes
// with one ID, or an edge without a node.
func WriteDOT(w io.Writer, g *Graph) error {
	d, err := newDrawing(g)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "digraph {")
	fmt.Fprintln(b, "\tgraph [rankdir=LR, fontname=\"sans-serif\", bgcolor=white, nodesep=0.25, ranksep=0.9, newrank=true]")
	fmt.Fprintln(b, "\tnode [fontname=\"sans-serif\", fontsize=12, shape=box, style=filled, margin=\"0.15,0.08\"]")
	fmt.Fprintln(b, "\tedge [fontname=\"sans-serif\", fontsize=10, color=\"#57606a\"]")
	if g.Title != "" {
		fmt.Fprintf(b, "\tgraph [label=%s, labelloc=t]\n", dotText(g.Title))
	}
	for n, p := range d.nodes {
		if d.opens(n) {
			fmt.Fprintf(b, "\tsubgraph cluster_%d {\n", p.group+1)
			fmt.Fprintf(b, "\t\tgraph [label=%s, labelloc=t, labeljust=l, style=\"rounded,filled\", color=\"#d0d7de\", fillcolor=\"#f6f8fa\"]\n", dotText(d.box(n)))
		}
		fmt.Fprintf(b, "\tn%d [label=%s, %s]\n", n+1, dotText(p.Lines...), dotStyle(p.Shape))
		if d.closes(n) {
			fmt.Fprintln(b, "\t}")
		}
	}
	for _, a := range d.arrows {
		colour := ""
		if d.nodes[a.from].Shape == Outside {
			colour = ", color=\"#0969da\""
		}
		fmt.Fprintf(b, "\tn%d -> n%d [label=%s%s]\n", a.from+1, a.to+1, dotText(a.label), colour)
	}
	fmt.Fprintln(b, "}")
	return b.Flush()
}

func dotStyle(s Shape) string {
	switch s {
	case Open:
		return `fillcolor="#ffebe9", color="#cf222e", penwidth=2`
	case Uncertain:
		return `style="filled,dashed", fillcolor="#fff8c5", color="#9a6700"`
	case Outside:
		return `style="filled,rounded", fillcolor="#ddf4ff", color="#0969da"`
	default:
		return `fillcolor="#dafbe1", color="#1a7f37"`
	}
}

// dotText quotes lines of text. Graphviz reads escapes that begin with a
// backslash and HTML entities in every label.
func dotText(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")
	var out []string
	for _, line := range lines {
		out = append(out, escape.Replace(visible(line)))
	}
	return `"` + strings.Join(out, `\n`) + `"`
}
