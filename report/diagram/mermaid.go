package diagram

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of Mermaid, which a diagram cannot raise: beyond them GitHub shows an
// error in the place of the diagram (maxEdges 500 and maxTextSize 50,000 in
// Mermaid's configuration). The rest of the text is for the title and the styles.
const (
	mermaidEdges = 500
	mermaidText  = 45_000 // for groups, nodes and edges
	mermaidNodes = 30_000 // of that for groups and nodes
)

// mermaidDetail says how much of a node is written: less where all would be too
// much.
type mermaidDetail struct {
	lines int
	width int // of a line, in pixels at size 10
}

// mermaidLabel bounds an edge's label, in pixels at size 10.
const mermaidLabel = 900

// The classes set every colour, for GitHub's light and dark theme change those
// that are not set.
const mermaidClasses = `    classDef protected fill:#dafbe1,stroke:#1a7f37,color:#1f2328
    classDef open fill:#ffebe9,stroke:#cf222e,stroke-width:3px,color:#1f2328
    classDef uncertain fill:#fff8c5,stroke:#9a6700,stroke-dasharray:5 3,color:#1f2328
    classDef outside fill:#ddf4ff,stroke:#0969da,color:#1f2328
    classDef group fill:#8080801a,stroke:#808080
    classDef note fill:#fff,stroke:#fff,color:#1f2328
`

// WriteMermaid writes the graph as a Mermaid flowchart that GitHub renders. Of a
// graph beyond Mermaid's limits it writes what crosses borders first, and says in
// the diagram how much is left out. The errors are those of WriteDOT.
func WriteMermaid(w io.Writer, g *Graph) error {
	d, err := newDrawing(g)
	if err != nil {
		return err
	}
	statements, size := d.mermaidStatements()
	lost := len(d.nodes) - len(statements)
	d.nodes = d.nodes[:len(statements)]
	arrows := d.mermaidArrows(mermaidText - size)

	b := bufio.NewWriter(w)
	if g.Title != "" {
		fmt.Fprintf(b, "---\ntitle: %s\n---\n", yamlText(shortened(visible(g.Title), 10, mermaidLabel)))
	}
	b.WriteString("flowchart LR\n")
	if note := leftOut(lost, len(d.arrows)-len(arrows)); note != "" {
		fmt.Fprintf(b, "    note[\"%s\"]:::note\n", note)
	} else if len(d.nodes) == 0 {
		b.WriteString("    note[\"nothing to draw\"]:::note\n")
	}
	for n, statement := range statements {
		b.WriteString(statement)
		if d.closes(n) {
			b.WriteString(d.mermaidEnd(n))
		}
	}
	styled := make(map[string][]string) // numbers of arrows
	for k, a := range arrows {
		b.WriteString(mermaidArrow(a))
		style := d.mermaidStyle(a)
		styled[style] = append(styled[style], strconv.Itoa(k))
	}
	delete(styled, "")
	for _, style := range slices.Sorted(maps.Keys(styled)) {
		fmt.Fprintf(b, "    linkStyle %s %s\n", strings.Join(styled[style], ","), style)
	}
	b.WriteString(mermaidClasses)
	return b.Flush()
}

// mermaidStatements returns a statement for each node, or for the first ones
// where all would take too much room, and the size of all. The first one of a
// group opens its box.
func (d *drawing) mermaidStatements() (statements []string, size int) {
	for _, detail := range []mermaidDetail{{12, mermaidLabel}, {3, 300}, {1, 200}} {
		statements, size = nil, 0
		for n, p := range d.nodes {
			s := mermaidNode(n, p.Node, detail)
			end := 0
			if d.opens(n) {
				s = fmt.Sprintf("    subgraph g%d[\"%s\"]\n", p.group+1, mermaidLine(d.box(n), detail.width)) + s
				end = len(d.mermaidEnd(n))
			}
			if size+len(s)+end > mermaidNodes {
				break
			}
			statements = append(statements, s)
			size += len(s) + end
		}
		if len(statements) == len(d.nodes) {
			break
		}
	}
	return statements, size
}

// mermaidEnd closes the box around a node.
func (d *drawing) mermaidEnd(n int) string {
	return fmt.Sprintf("    end\n    class g%d group\n", d.nodes[n].group+1)
}

func mermaidNode(i int, n *Node, detail mermaidDetail) string {
	lines, rest := n.Lines, ""
	if detail.lines > 1 {
		lines = fewer(lines, detail.lines)
	} else if len(lines) > 1 {
		lines, rest = lines[:1], fmt.Sprintf(" and %d more", len(lines)-1)
	}
	var out []string
	for _, line := range lines {
		out = append(out, mermaidLine(line, detail.width)+rest)
	}
	left, right := "[", "]"
	if n.Shape == Outside {
		left, right = "([", "])"
	}
	return fmt.Sprintf("        n%d%s\"%s\"%s:::%s\n", i+1, left, strings.Join(out, "<br/>"), right, n.Shape.name())
}

func mermaidArrow(a arrow) string {
	label := ""
	if a.label != "" {
		label = fmt.Sprintf(`|"%s"|`, mermaidLine(a.label, mermaidLabel))
	}
	line := "-->"
	if a.mark == Closed {
		line = "-.->"
	}
	return fmt.Sprintf("    n%d %s%s n%d\n", a.from+1, line, label, a.to+1)
}

// mermaidStyle is the style of an arrow's line, empty for the usual one.
func (d *drawing) mermaidStyle(a arrow) string {
	switch {
	case a.mark == Opened:
		return "stroke:#cf222e,stroke-width:3px"
	case a.mark == Closed:
		return "stroke:#1a7f37"
	case d.nodes[a.from].Shape == Outside:
		return "stroke:#218bff"
	default:
		return ""
	}
}

// mermaidArrows returns the arrows between the nodes that fit. What comes from
// outside or goes there counts most, then what crosses the border of a group.
func (d *drawing) mermaidArrows(room int) []arrow {
	var order []int
	for i, a := range d.arrows {
		if a.from < len(d.nodes) && a.to < len(d.nodes) {
			order = append(order, i)
		}
	}
	rank := func(i int) int {
		from, to := d.nodes[d.arrows[i].from], d.nodes[d.arrows[i].to]
		switch {
		case from.Shape == Outside || to.Shape == Outside:
			return 0
		case from.group != to.group:
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank(a), rank(b)) })
	var kept []int
	for _, i := range order {
		size := len(mermaidArrow(d.arrows[i]))
		if len(kept) == mermaidEdges || size > room {
			break
		}
		room -= size
		kept = append(kept, i)
	}
	slices.Sort(kept)
	var out []arrow
	for _, i := range kept {
		out = append(out, d.arrows[i])
	}
	return out
}

// leftOut says what a diagram does not show, empty where it shows all.
func leftOut(nodes, edges int) string {
	switch {
	case nodes > 0:
		return fmt.Sprintf("too large for Mermaid: %d nodes and %d edges are left out", nodes, edges)
	case edges > 0:
		return fmt.Sprintf("too large for Mermaid: %d edges are left out", edges)
	default:
		return ""
	}
}

var (
	// mermaidSpecial are the characters that may mean something to Mermaid or to
	// the Markdown that it reads in labels.
	mermaidSpecial = regexp.MustCompile(`[^A-Za-z0-9 .,:;/()'!?\x{80}-\x{10FFFF}-]`)
	// mermaidList is the start of a list in Markdown, of which Mermaid says
	// "unsupported markdown" instead of drawing it.
	mermaidList = regexp.MustCompile(`^( *)([-+])|^( *\d+)([.)] )`)
)

// mermaidLine writes a line of text, which may not be empty in Mermaid.
func mermaidLine(s string, width int) string {
	s = shortened(visible(s), 10, width)
	if strings.Trim(s, " ") == "" {
		return "\u200b"
	}
	return mermaidEscape(s)
}

// mermaidEscape writes text so that it stands within quotes and is shown as it
// is. Mermaid turns entities back into characters before it looks for \n, for
// formulas ($$) and for icons (fa:fa-name), and links web addresses: a space of
// no width takes those apart.
func mermaidEscape(s string) string {
	s = mermaidList.ReplaceAllString(s, "$1$3\u200b$2$4")
	s = strings.NewReplacer(`\`, "\\\u200b", "$", "$\u200b", ":fa-", ":\u200bfa-", "://", ":\u200b//", "www.", "www\u200b.").Replace(s)
	return mermaidSpecial.ReplaceAllStringFunc(s, func(c string) string { return fmt.Sprintf("#%d;", c[0]) })
}

// yamlText quotes a line of text that holds no control characters.
func yamlText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
