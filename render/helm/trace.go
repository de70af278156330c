package helm

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/ringfence/ringfence/manifest"
)

// A trace tells for each line of what a template rendered at which line of a
// template it was written.
type trace struct {
	home  home
	lines []tracedLine // nil where the lines are not known
}

type tracedLine struct {
	place *place // nil where it is not known
	// direct is true where the line carries its own mark, literal where in
	// addition it reads in the template as it was rendered.
	direct, literal bool
	shift           int // what to add to a rendered column for the template's
}

// trace renders the chart once more, with marks, and compares. Where templates
// ask for APIs that were not given, it leaves notes.
func (w *rendering) trace(templates []*template, plain map[string]string) map[string]*trace {
	traces := make(map[string]*trace, len(plain))
	m := newMarker(plain)
	for _, t := range templates {
		traces[t.name] = &trace{home: t.home}
		if t.file.Data != nil {
			t.file.Data = []byte(m.mark(t))
		}
	}
	asked := capabilities{Capabilities: w.caps, missing: make(map[question]bool)}
	values, err := w.renderValues()
	if err != nil {
		return traces
	}
	values["Capabilities"] = asked
	marked, err := engine.Engine{}.Render(w.chart, values)
	if err != nil {
		return traces
	}
	for name, text := range plain {
		if t := traces[name]; !t.home.archive {
			t.lines = m.compare(text, marked[name])
		}
	}
	for q := range asked.missing {
		if q.place >= 0 && q.place < len(m.places) {
			w.note(m.places[q.place].Pos, manifest.MissingAPIVersion,
				fmt.Sprintf("a template asks for the API %q, which is not among those given", q.api))
		}
	}
	return traces
}

// capabilities are what templates of the marked render see of the cluster.
type capabilities struct {
	*chartutil.Capabilities
	missing map[question]bool
}

type question struct {
	place int
	api   string
}

// Asked stands for APIVersions.Has in marked templates, and knows who asks.
func (c capabilities) Asked(place int, api string) bool {
	has := c.APIVersions.Has(api)
	if !has {
		c.missing[question{place, api}] = true
	}
	return has
}

// compare reads the marks. Lines correspond only where both texts have the same
// number of them and each is the same but for its marks, or at least begins the
// same (values may be random); nil means that they do not.
func (m *marker) compare(plain, marked string) []tracedLine {
	a, b := strings.Split(plain, "\n"), strings.Split(marked, "\n")
	if len(a) != len(b) {
		return nil
	}
	lines := make([]tracedLine, len(a))
	for i := range a {
		bare := b[i]
		id := m.first(b[i])
		if strings.Contains(bare, m.sign) {
			bare = m.pattern.ReplaceAllString(bare, "")
		}
		same := bare == a[i]
		if !same && beginning(bare) != beginning(a[i]) {
			return nil
		}
		if id >= 0 && id < len(m.places) {
			p := &m.places[id]
			literal := same && strings.TrimSpace(p.text) == strings.TrimSpace(a[i])
			lines[i] = tracedLine{place: p, direct: true, literal: literal, shift: indent(p.text) - indent(a[i])}
		}
	}
	fill(lines)
	return lines
}

// first returns the number of the mark that a line carries as its own, the one that was
// written first, or -1.
func (m *marker) first(line string) int {
	if !strings.Contains(line, m.sign) {
		return -1
	}
	own := m.trailing.FindString(line)
	if own == "" {
		own = line
	}
	found := m.pattern.FindStringSubmatch(own)
	if found == nil {
		return -1
	}
	id, _ := strconv.Atoi(found[1])
	return id
}

// beginning is the part of a line that is not random where its value is: the
// key, or the white space and dash before an item.
func beginning(line string) string {
	if key, _, found := strings.Cut(line, ":"); found {
		return key
	}
	return line[:len(line)-len(strings.TrimLeft(line, " \t-"))]
}

// fill gives the lines without a mark that of the statement they came from: the
// next one below if it expands to many lines, else the last one above.
func fill(lines []tracedLine) {
	var below *place
	for i := len(lines) - 1; i >= 0; i-- {
		if lines[i].direct {
			below = lines[i].place
		} else if below != nil && below.expands {
			lines[i].place = below
		}
	}
	var above *place
	for i := range lines {
		if lines[i].place == nil {
			lines[i].place = above
		} else if lines[i].direct {
			above = lines[i].place
		}
	}
}

// at is where a rendered line was written.
func (t *trace) at(line int) manifest.Pos {
	if i := line - 1; !t.home.archive && i >= 0 && i < len(t.lines) && t.lines[i].place != nil {
		return t.lines[i].place.Pos
	}
	return t.home.pos
}

// locator makes the positions of a document that starts after skip lines.
func (t *trace) locator(skip int, values *valuesFiles) manifest.Locator {
	return func(steps []manifest.Step) manifest.Origin {
		last := steps[len(steps)-1]
		node := last.Key
		if node == nil || inline(last.Value) {
			node = last.Value
		}
		i := skip + node.Line - 1
		if t.home.archive || i < 0 || i >= len(t.lines) || t.lines[i].place == nil {
			return manifest.Origin{Pos: t.home.pos}
		}
		line := t.lines[i]
		origin := manifest.Origin{Pos: line.place.Pos, Exact: line.holds(last)}
		origin.Column = line.column(last)
		if via := values.via(line.place); via.Line > 0 {
			origin.Via = []manifest.Pos{via}
		}
		return origin
	}
}

// inline tells whether a value is a scalar that begins where its node says: the
// place to edit then is that line, not the key's.
func inline(value *yaml.Node) bool {
	return value.Kind == yaml.ScalarNode && value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// holds tells whether the template's line has the field as it is: a scalar's
// text, or the key of a collection.
func (l tracedLine) holds(s manifest.Step) bool {
	switch {
	case !l.direct:
		return false
	case s.Value.Kind == yaml.ScalarNode:
		return l.literal && inline(s.Value) && strings.Contains(l.place.text, s.Value.Value)
	case s.Key != nil:
		return l.place.find(s.Key.Value) >= 0
	default:
		return l.literal
	}
}

// column is where a field begins in the template's line: its key or its value,
// else the line's first character.
func (l tracedLine) column(s manifest.Step) int {
	node := s.Value
	if s.Key != nil {
		node = s.Key
	}
	if l.literal && (s.Key == nil || s.Key.Line == s.Value.Line || !inline(s.Value)) {
		return node.Column + l.shift
	}
	if i := l.place.find(node.Value); s.Key != nil && i >= 0 {
		return utf8.RuneCountInString(l.place.text[:i]) + 1
	}
	return indent(l.place.text) + 1
}

// indent is the number of characters before the first that is no white space.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// find returns the index of a key before the line's first action, -1 for none.
func (p *place) find(key string) int {
	text, _, _ := strings.Cut(p.text, "{{")
	for _, form := range []string{key + ":", `"` + key + `":`, `'` + key + `':`} {
		i := strings.Index(text, form)
		if i == 0 || i > 0 && strings.IndexByte(" \t{,", text[i-1]) >= 0 {
			return i
		}
	}
	return -1
}
