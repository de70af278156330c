package diagram

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Measures of the frame around the drawing, in pixels.
const (
	margin      = 24
	headingSize = 16
	headingRow  = 32
	headingText = 800 // the most that a picture is widened for
	legendRow   = 22
	legendBox   = 26
	minPicture  = 420
	corner      = 6 // radius of the bends of lines
)

// style scopes its rules to the class of the root, for a drawing may be a part of
// a page.
const style = `
.diagram text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif;font-size:12px;fill:#1f2328;white-space:pre}
.diagram .back{fill:#fff}
.diagram .heading{font-size:16px;font-weight:600}
.diagram .group rect{fill:#f6f8fa;stroke:#d0d7de}
.diagram .group text{font-weight:600;fill:#57606a}
.diagram .node rect{stroke-width:1.3;fill:#dafbe1;stroke:#1a7f37}
.diagram .open rect{fill:#ffebe9;stroke:#cf222e;stroke-width:2.6}
.diagram .uncertain rect{fill:#fff8c5;stroke:#9a6700;stroke-dasharray:5 3}
.diagram .outside rect{fill:#ddf4ff;stroke:#0969da}
.diagram .edge path{fill:none;stroke:#6e7781;stroke-width:1.3}
.diagram .edge .head{fill:#6e7781;stroke:none}
.diagram .edge rect{fill:#fff}
.diagram .edge text,.diagram .legend text{font-size:11px}
.diagram .entry path{stroke:#0969da}
.diagram .entry .head{fill:#0969da}
.diagram .edge:hover path{stroke:#8250df;stroke-width:3}
.diagram .edge:hover .head{fill:#8250df;stroke:none}
@media (prefers-color-scheme:dark){
.diagram text{fill:#e6edf3}
.diagram .back{fill:#0d1117}
.diagram .group rect{fill:#161b22;stroke:#30363d}
.diagram .group text{fill:#9198a1}
.diagram .node rect{fill:#12261e;stroke:#3fb950}
.diagram .open rect{fill:#3c1618;stroke:#f85149}
.diagram .uncertain rect{fill:#2e2a1f;stroke:#d29922}
.diagram .outside rect{fill:#121d2f;stroke:#58a6ff}
.diagram .edge path{stroke:#848d97}
.diagram .edge .head{fill:#848d97}
.diagram .edge rect{fill:#0d1117}
.diagram .entry path{stroke:#58a6ff}
.diagram .entry .head{fill:#58a6ff}
}
`

// WriteSVG writes the graph as a picture, with a legend, for light and dark
// screens. Names that had to be shortened are shown in full when the mouse rests
// on them. The errors are those of WriteDOT.
func WriteSVG(w io.Writer, g *Graph) error {
	l, err := newLayout(g)
	if err != nil {
		return err
	}
	p := &picture{Writer: bufio.NewWriter(w), layout: l}
	f := l.frame()
	p.left, p.top = f.drawing.x, f.drawing.y
	fmt.Fprintf(p, `<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="img" aria-label="%s" width="%d" height="%d" viewBox="0 0 %[2]d %[3]d">`,
		escaped(visible(g.Title)), f.width, f.height)
	fmt.Fprintf(p, "\n<style>%s</style>\n<rect class=\"back\" width=\"%d\" height=\"%d\"/>\n", style, f.width, f.height)
	if g.Title != "" {
		p.text(margin, margin+headingSize, shortened(visible(g.Title), headingSize, (f.width-2*margin)*4/5), headingSize, `class="heading"`)
	}
	if len(l.nodes) == 0 {
		p.text(f.drawing.x, f.drawing.y+nodeSize, "nothing to draw", nodeSize, "")
	}
	p.groups()
	for a := range l.arrows {
		p.arrow(a)
	}
	for _, i := range l.items[:len(l.nodes)] {
		p.node(i)
	}
	p.legend(f)
	p.WriteString("</svg>\n")
	return p.Flush()
}

// frame says where the parts of the picture lie.
type frame struct {
	width, height int
	drawing       rect
	legend        []rect // of each shape, no height where it does not occur
}

func (l *layout) frame() frame {
	f := frame{width: max(l.width+2*(margin+boxMargin), minPicture), height: margin}
	if title := visible(l.graph.Title); title != "" {
		f.width = max(f.width, 2*margin+min(width(title, headingSize)*5/4+1, headingText))
		f.height += headingRow
	}
	f.drawing = rect{margin + boxMargin, f.height, l.width, l.height}
	if len(l.nodes) == 0 {
		f.drawing.height = nodeRow
	}
	f.height += f.drawing.height + margin/2
	x := margin
	for _, s := range legend {
		var r rect
		if slices.ContainsFunc(l.nodes, func(p place) bool { return p.Shape == s.shape }) {
			r = rect{x, f.height, legendBox + 8 + width(s.name+": "+s.means, labelSize), legendRow}
			if x > margin && r.x+r.width > f.width-margin {
				f.height += legendRow
				r.x, r.y = margin, f.height
			}
			x = r.x + r.width + margin
		}
		f.legend = append(f.legend, r)
	}
	f.height += legendRow + margin/2
	return f
}

// picture writes the parts of a drawing whose origin is at left, top.
type picture struct {
	*bufio.Writer
	*layout
	left, top int
}

func (p *picture) groups() {
	for band, g := range p.bands {
		name := p.graph.Groups[g].Name
		if name == "" {
			continue
		}
		box, title := p.groupRect(band), p.titleRect(band)
		p.WriteString(`<g class="group">`)
		if shown := p.title(band); shown != name {
			fmt.Fprintf(p, "<title>%s</title>", escaped(visible(name)))
		}
		p.rect(box, 8)
		p.text(p.left+title.x, p.top+title.y+titleSize, p.title(band), titleSize, "")
		p.WriteString("</g>\n")
	}
}

func (p *picture) node(i *item) {
	fmt.Fprintf(p, `<g class="node %s">`, i.node.Shape.name())
	if full := visibleLines(i.node.Lines); !slices.Equal(full, i.rows) {
		fmt.Fprintf(p, "<title>%s</title>", escaped(strings.Join(full, "\n")))
	}
	r := p.nodeRect(i)
	radius := 3
	if i.node.Shape == Outside {
		radius = 14
	}
	p.rect(r, radius)
	y := p.top + r.y + (r.height-len(i.rows)*nodeRow)/2 + nodeSize
	for _, row := range i.rows {
		p.text(p.left+r.x+nodeMargin, y, row, nodeSize, "")
		y += nodeRow
	}
	p.WriteString("</g>\n")
}

func (p *picture) arrow(a int) {
	arrow := p.arrows[a]
	class := "edge"
	if p.nodes[arrow.from].Shape == Outside {
		class = "edge entry"
	}
	tip := p.name(arrow.from) + " → " + p.name(arrow.to)
	if arrow.label != "" {
		tip += ": " + visible(arrow.label)
	}
	points := p.line(a)
	for k := range points {
		points[k].x += p.left
		points[k].y += p.top
	}
	end := p.paths[a][len(p.paths[a])-1]
	back := -8 // of the arrow's head
	if end.trunk.channel == end.of.column {
		back = 8
	}
	tipPoint := points[len(points)-1]
	points[len(points)-1].x += back / 2
	fmt.Fprintf(p, `<g class="%s"><title>%s</title><path d="%s"/><path class="head" d="M%d %dl%d -4v8z"/>`,
		class, escaped(tip), rounded(points), tipPoint.x, tipPoint.y, back)
	if len(end.rows) > 0 {
		r := p.labelRect(end)
		p.rect(r, 2)
		for k, row := range end.rows {
			p.text(p.left+r.x+labelMargin, p.top+r.y+labelRow*(k+1)-2, row, labelSize, "")
		}
	}
	p.WriteString("</g>\n")
}

// name is that of a node on one line.
func (p *picture) name(n int) string {
	return strings.Join(visibleLines(fewer(p.nodes[n].Lines, 3)), ", ")
}

func (p *picture) legend(f frame) {
	p.WriteString(`<g class="legend">`)
	for k, s := range legend {
		r := f.legend[k]
		if r.height == 0 {
			continue
		}
		radius := 2
		if s.shape == Outside {
			radius = 7
		}
		fmt.Fprintf(p, `<g class="node %s"><rect x="%d" y="%d" width="%d" height="14" rx="%d"/>`, s.name, r.x, r.y, legendBox, radius)
		p.text(r.x+legendBox+8, r.y+labelSize, s.name+": "+s.means, labelSize, "")
		p.WriteString("</g>\n")
	}
	p.WriteString("</g>\n")
}

func (p *picture) rect(r rect, radius int) {
	fmt.Fprintf(p, `<rect x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, p.left+r.x, p.top+r.y, r.width, r.height, radius)
}

// text writes one line of text whose baseline is at y. What may be wider than
// estimated is squeezed.
func (p *picture) text(x, y int, s string, size int, attributes string) {
	if attributes != "" {
		attributes = " " + attributes
	}
	if !measured(s) {
		attributes += fmt.Sprintf(` textLength="%d" lengthAdjust="spacingAndGlyphs"`, width(s, size))
	}
	fmt.Fprintf(p, `<text x="%d" y="%d"%s>%s</text>`, x, y, attributes, escaped(s))
}

// rounded is the path along points, with round bends.
func rounded(points []point) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", points[0].x, points[0].y)
	for k := 1; k < len(points)-1; k++ {
		before, at, after := points[k-1], points[k], points[k+1]
		r := min(corner, (distance(before.x, at.x)+distance(before.y, at.y))/2, (distance(after.x, at.x)+distance(after.y, at.y))/2)
		in, out := towards(at, before, r), towards(at, after, r)
		fmt.Fprintf(&b, "L%d %dQ%d %d %d %d", in.x, in.y, at.x, at.y, out.x, out.y)
	}
	last := points[len(points)-1]
	fmt.Fprintf(&b, "L%d %d", last.x, last.y)
	return b.String()
}

// towards is the point at a distance from one point on the way to another, in the
// same row or column.
func towards(from, to point, by int) point {
	return point{from.x + by*sign(to.x-from.x), from.y + by*sign(to.y-from.y)}
}

func sign(n int) int { return min(max(n, -1), 1) }

func visibleLines(lines []string) []string {
	var out []string
	for _, line := range lines {
		out = append(out, visible(line))
	}
	return out
}

func escaped(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a Builder returns no error
	return b.String()
}
