package diagram

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// hostile are texts that break drawings which do not escape or measure them.
var hostile = []string{
	`"quoted" and 'single'`, `[x](y){z}|w|`, "<script>alert(1)</script>", "two\nlines", "tab\tand\x00null",
	"🙂🙃 emoji", "\u202eright to left\u202c", "شبكة", "命名空间", "a\xffb", `back\slash \n \N`, "#quot; &amp; &#39;", "%% comment", "end",
	"", " ", "1. list", "- list", "**bold** _it_ `code`", "$$x$$", "fa:fa-car", "https://example.com www.example.com a@b.c", "-->", "]]>",
	"e\u0301\u0302\u0303\u0304\u0305", "\ufdfd\ufdfd", fmt.Sprintf("%0300d", 7),
}

// random returns a graph like those of clusters, with a hostile text here and
// there.
func random(r *rand.Rand, nodes, edges int) *Graph {
	text := func(s string) string {
		if r.IntN(12) == 0 {
			return hostile[r.IntN(len(hostile))]
		}
		return s
	}
	g := &Graph{Title: text("title")}
	for i := range 1 + r.IntN(8) {
		name := text(fmt.Sprintf("namespace-%d", i))
		if r.IntN(4) == 0 {
			name = ""
		}
		g.Groups = append(g.Groups, Group{Name: name})
	}
	for i := range nodes {
		n := Node{ID: fmt.Sprint(i), Shape: Shape(r.IntN(4))}
		for k := range 1 + r.IntN(4)*r.IntN(4) {
			n.Lines = append(n.Lines, text(fmt.Sprintf("workload-%d-%d", i, k)))
		}
		group := &g.Groups[r.IntN(len(g.Groups))]
		group.Nodes = append(group.Nodes, n)
	}
	labels := []string{"all", "TCP 80,443", "TCP 80,443; UDP 53", "", "TCP 8080,8443,9090,9100-9200; UDP 53,123; SCTP 1-65535"}
	for range edges {
		if nodes > 0 {
			g.Edges = append(g.Edges, Edge{fmt.Sprint(r.IntN(nodes)), fmt.Sprint(r.IntN(nodes)), text(labels[r.IntN(len(labels))]), Unmarked})
		}
	}
	return g
}

func TestLayout(t *testing.T) {
	for name, g := range samples() {
		t.Run(name, func(t *testing.T) { check(t, g) })
	}
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		nodes := r.IntN(61)
		g := random(r, nodes, r.IntN(2*nodes+1))
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { check(t, g) })
	}
	t.Run("large", func(t *testing.T) { check(t, random(rand.New(rand.NewPCG(1, 2)), 300, 2000)) })
	t.Run("many groups", func(t *testing.T) { check(t, manyGroups(60)) })
}

func manyGroups(n int) *Graph {
	g := &Graph{}
	for i := range n {
		g.Groups = append(g.Groups, Group{fmt.Sprint("group-", i), []Node{{fmt.Sprint(i), []string{"x"}, Open}}})
		g.Edges = append(g.Edges, Edge{fmt.Sprint(i), fmt.Sprint(i * 7 % n), "all", Unmarked})
	}
	return g
}

func check(t *testing.T, g *Graph) {
	l, err := newLayout(g)
	if err != nil {
		t.Fatal(err)
	}
	p := &parts{t: t, layout: l}
	p.collect()
	p.checkBoxes()
	p.checkLines()
	var first, second bytes.Buffer
	if err := WriteSVG(&first, g); err != nil {
		t.Fatal(err)
	}
	if err := WriteSVG(&second, g); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same graph gives different pictures")
	}
}

// part is something that may not lie on another one.
type part struct {
	rect
	what string
}

func (r rect) meets(o rect) bool {
	return r.x < o.x+o.width && o.x < r.x+r.width && r.y < o.y+o.height && o.y < r.y+r.height
}

func (r rect) holds(o rect) bool {
	return o.x >= r.x && o.y >= r.y && o.x+o.width <= r.x+r.width && o.y+o.height <= r.y+r.height
}

type parts struct {
	t *testing.T
	*layout
	nodes, labels, titles, boxes []part
	labelled                     []int // the arrow of each label
}

func (p *parts) collect() {
	for k, i := range p.items {
		if i.node != nil {
			p.nodes = append(p.nodes, part{p.nodeRect(i), fmt.Sprintf("node %d %q", k, i.node.ID)})
		}
	}
	for a, path := range p.paths {
		if end := path[len(path)-1]; len(end.rows) > 0 {
			p.labels = append(p.labels, part{p.labelRect(end), fmt.Sprintf("label of %v", p.arrows[a])})
			p.labelled = append(p.labelled, a)
		}
	}
	for band, group := range p.bands {
		if name := p.graph.Groups[group].Name; name != "" {
			p.boxes = append(p.boxes, part{p.groupRect(band), fmt.Sprintf("box of %q", name)})
			p.titles = append(p.titles, part{p.titleRect(band), fmt.Sprintf("title of %q", name)})
		}
	}
}

func (p *parts) checkBoxes() {
	all := append(append(append([]part{}, p.nodes...), p.labels...), p.titles...)
	for k, a := range all {
		for _, b := range all[:k] {
			if a.meets(b.rect) {
				p.t.Errorf("%s at %v lies on %s at %v", a.what, a.rect, b.what, b.rect)
			}
		}
	}
	for k, a := range p.boxes {
		if !a.holds(p.titles[k].rect) {
			p.t.Errorf("%s at %v does not hold its title at %v", a.what, a.rect, p.titles[k].rect)
		}
		for _, b := range p.boxes[:k] {
			if a.meets(b.rect) {
				p.t.Errorf("%s lies on %s", a.what, b.what)
			}
		}
	}
	for _, i := range p.items {
		if i.node != nil && i.group >= 0 && !p.groupRect(i.cell/2).holds(p.nodeRect(i)) {
			p.t.Errorf("node %q lies outside of its group", i.node.ID)
		}
	}
	f := p.frame()
	view := rect{-f.drawing.x, -f.drawing.y, f.width, f.height}
	for _, a := range append(all, p.boxes...) {
		if !view.holds(a.rect) {
			p.t.Errorf("%s lies outside of the picture", a.what)
		}
	}
	for k, r := range f.legend {
		if !(rect{0, 0, f.width, f.height}).holds(r) {
			p.t.Errorf("line %d of the legend lies outside of the picture", k)
		}
	}
}

// stretch is a piece of a line on one row or column.
type stretch struct {
	start    *pin
	from, to int
}

func (p *parts) checkLines() {
	f := p.frame()
	view := rect{-f.drawing.x, -f.drawing.y, f.width, f.height}
	rows, columns := map[int][]stretch{}, map[int][]stretch{}
	for a := range p.arrows {
		points, path := p.line(a), p.paths[a]
		start, end := path[0].of, path[len(path)-1].of
		if start.node != p.layout.nodes[p.arrows[a].from].Node || end.node != p.layout.nodes[p.arrows[a].to].Node {
			p.t.Errorf("%v connects the wrong nodes", p.arrows[a])
		}
		if !onSide(points[0], p.nodeRect(start)) || !onSide(points[len(points)-1], p.nodeRect(end)) {
			p.t.Errorf("%v does not end at its nodes", p.arrows[a])
		}
		for _, lane := range path[1 : len(path)-1] {
			p.checkLane(a, lane.of, start.group, end.group)
		}
		for k, to := range points[1:] {
			from := points[k]
			r := rect{min(from.x, to.x), min(from.y, to.y), distance(from.x, to.x), distance(from.y, to.y)}
			switch {
			case r.width == 0:
				columns[from.x] = append(columns[from.x], stretch{path[0], r.y, r.y + r.height})
			case r.height == 0:
				rows[from.y] = append(rows[from.y], stretch{path[0], r.x, r.x + r.width})
			default:
				p.t.Errorf("%v has a slanted line", p.arrows[a])
			}
			if !view.holds(r) {
				p.t.Errorf("%v leaves the picture", p.arrows[a])
			}
			p.checkStretch(a, r)
		}
	}
	p.checkApart("row", rows)
	p.checkApart("column", columns)
}

// checkLane makes sure that a lane passes only the boxes of groups that its arrow
// starts or ends in.
func (p *parts) checkLane(a int, lane *item, groups ...int) {
	if lane.cell%2 == 0 {
		return
	}
	group := p.bands[lane.cell/2]
	if s := p.spans[group]; lane.column >= s.first && lane.column <= s.last && !slices.Contains(groups, group) {
		p.t.Errorf("%v passes the box of %q", p.arrows[a], p.graph.Groups[group].Name)
	}
}

func onSide(at point, r rect) bool {
	return (at.x == r.x || at.x == r.x+r.width) && at.y > r.y && at.y < r.y+r.height
}

// checkStretch looks for what a piece of a line runs through. A line has no
// width here; one of a pixel would touch nothing either.
func (p *parts) checkStretch(a int, r rect) {
	thick := rect{r.x, r.y, max(r.width, 1), max(r.height, 1)}
	for _, n := range append(p.nodes, p.titles...) {
		if thick.meets(n.rect) && (r.width == 0 || r.x < n.x+n.width && r.x+r.width > n.x) {
			p.t.Errorf("%v runs through %s", p.arrows[a], n.what)
		}
	}
	for k, n := range p.labels {
		if p.labelled[k] != a && thick.meets(n.rect) {
			p.t.Errorf("%v runs through %s", p.arrows[a], n.what)
		}
	}
}

// checkApart makes sure that lines which start at different nodes never share a
// piece: nobody could tell them apart.
func (p *parts) checkApart(what string, lines map[int][]stretch) {
	for at, all := range lines {
		for k, a := range all {
			for _, b := range all[:k] {
				if a.start != b.start && a.from < b.to && b.from < a.to {
					p.t.Errorf("in %s %d lines from %q and %q lie on one another", what, at, a.start.of.node.ID, b.start.of.node.ID)
				}
			}
		}
	}
}
