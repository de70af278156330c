package diagram

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the pictures in testdata")

// formats are the writers by the extensions of their files.
var formats = map[string]func(io.Writer, *Graph) error{".dot": WriteDOT, ".mmd": WriteMermaid, ".svg": WriteSVG}

func draw(t testing.TB, format string, g *Graph) string {
	t.Helper()
	var b bytes.Buffer
	if err := formats[format](&b, g); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPictures compares with the files in testdata, which people have looked at.
func TestPictures(t *testing.T) {
	for _, name := range []string{"shop", "monitoring"} {
		for format := range formats {
			got := draw(t, format, samples()[name])
			file := filepath.Join("testdata", name+format)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s differs; look at the new picture, then run the test with -update:\n%s", file, diff)
			}
		}
	}
}

func TestUnsound(t *testing.T) {
	node := func(id string) Node { return Node{ID: id, Lines: []string{id}} }
	for want, g := range map[string]*Graph{
		`two nodes have the ID "a"`:               {Groups: []Group{{Nodes: []Node{node("a")}}, {Nodes: []Node{node("a")}}}},
		`an edge starts at "b", which is no node`: {Groups: []Group{{Nodes: []Node{node("a")}}}, Edges: []Edge{{"b", "a", "", Unmarked}}},
		`an edge ends at "b", which is no node`:   {Groups: []Group{{Nodes: []Node{node("a")}}}, Edges: []Edge{{"a", "b", "", Unmarked}}},
	} {
		for format, write := range formats {
			if err := write(io.Discard, g); err == nil || err.Error() != want {
				t.Errorf("%s: got %v, want %s", format, err, want)
			}
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriteError(t *testing.T) {
	for format, write := range formats {
		if err := write(brokenWriter{}, samples()["shop"]); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: got %v", format, err)
		}
	}
}

func TestJoinedEdges(t *testing.T) {
	g := &Graph{
		Groups: []Group{{Nodes: []Node{{"a", []string{"a"}, Open}, {"b", []string{"b"}, Open}}}},
		Edges:  []Edge{{"a", "b", "TCP 80", Unmarked}, {"a", "b", "UDP 53", Unmarked}, {"a", "b", "TCP 80", Unmarked}, {"b", "a", "TCP 80", Unmarked}, {"a", "a", "", Unmarked}, {"a", "a", "all", Unmarked}},
	}
	d, err := newDrawing(g)
	if err != nil {
		t.Fatal(err)
	}
	want := []arrow{{0, 1, "TCP 80; UDP 53", Unmarked}, {1, 0, "TCP 80", Unmarked}, {0, 0, "all", Unmarked}}
	if diff := cmp.Diff(want, d.arrows, cmp.AllowUnexported(arrow{})); diff != "" {
		t.Error(diff)
	}
}

// TestOutside makes sure that what is left for does not lead back to what enters.
func TestOutside(t *testing.T) {
	d, err := newDrawing(parse("", `
		any X any address
		10 X 10.0.0.0/8
		== shop
		web O web
		pod X other pods
		any > web: TCP 80
		web > any,10: all
		pod > web: all
		web > pod: all`))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range d.nodes {
		names = append(names, n.ID)
	}
	if diff := cmp.Diff([]string{"any", "any", "10", "web", "pod"}, names); diff != "" {
		t.Error(diff)
	}
	want := []arrow{{0, 3, "TCP 80", Unmarked}, {3, 1, "all", Unmarked}, {3, 2, "all", Unmarked}, {4, 3, "all", Unmarked}, {3, 4, "all", Unmarked}}
	if diff := cmp.Diff(want, d.arrows, cmp.AllowUnexported(arrow{})); diff != "" {
		t.Error(diff)
	}
}

func TestEscapes(t *testing.T) {
	for _, test := range []struct{ text, dot, mermaid string }{
		{"cart", `"cart"`, "cart"},
		{"TCP 80,443; UDP 53", `"TCP 80,443; UDP 53"`, "TCP 80,443; UDP 53"},
		{"10.0.0.0/8", `"10.0.0.0/8"`, "10.0.0.0/8"},
		{`say "hi"`, `"say \"hi\""`, "say #34;hi#34;"},
		{`back\N`, `"back\\N"`, "back#92;\u200bN"},
		{"&lt; #quot;", `"&amp;lt; #quot;"`, "#38;lt; #35;quot;"},
		{"<b>[x]{y}|z|", `"<b>[x]{y}|z|"`, "#60;b#62;#91;x#93;#123;y#125;#124;z#124;"},
		{"two\nlines", `"two\\nlines"`, "two#92;\u200bnlines"},
		{"\u202ertl", `"\\u202ertl"`, "#92;\u200bu202ertl"},
		{"a\xffb", `"a\\xffb"`, "a#92;\u200bxffb"},
		{"🙂 命名", `"🙂 命名"`, "🙂 命名"},
		{"1. list", `"1. list"`, "1\u200b. list"},
		{"- list", `"- list"`, "\u200b- list"},
		{"**b** _i_ `c`", "\"**b** _i_ `c`\"", "#42;#42;b#42;#42; #95;i#95; #96;c#96;"},
		{"$$x$$", `"$$x$$"`, "#36;\u200b#36;\u200bx#36;\u200b#36;\u200b"},
		{"fa:fa-car", `"fa:fa-car"`, "fa:\u200bfa-car"},
		{"https://www.a.b", `"https://www.a.b"`, "https:\u200b//www\u200b.a.b"},
		{"%% x", `"%% x"`, "#37;#37; x"},
	} {
		if got := dotText(test.text); got != test.dot {
			t.Errorf("DOT of %q: got %s, want %s", test.text, got, test.dot)
		}
		if got := mermaidEscape(visible(test.text)); got != test.mermaid {
			t.Errorf("Mermaid of %q: got %q, want %q", test.text, got, test.mermaid)
		}
	}
}

// hostileGraph has the texts in every place.
func hostileGraph(texts ...string) *Graph {
	g := &Graph{Title: texts[0]}
	for i, s := range texts {
		inside, outside := fmt.Sprint(i, s), fmt.Sprint("out", i, s)
		g.Groups = append(g.Groups, Group{Name: s, Nodes: []Node{{inside, []string{s, "x"}, Shape(i % 3)}}}, Group{Nodes: []Node{{outside, []string{s}, Outside}}})
		g.Edges = append(g.Edges, Edge{outside, inside, s, Unmarked}, Edge{inside, inside, s, Unmarked})
	}
	return g
}

func TestHostile(t *testing.T) { checkTexts(t, hostileGraph(hostile...)) }

// checkTexts makes sure that no text gets out of its place in any format.
func checkTexts(t *testing.T, g *Graph) {
	checkXML(t, draw(t, ".svg", g))
	for line := range strings.Lines(draw(t, ".dot", g)) {
		line = strings.NewReplacer(`\\`, "", `\"`, "").Replace(line)
		if strings.Count(line, `"`)%2 != 0 {
			t.Errorf("an open quote in DOT: %s", line)
		}
	}
	body := draw(t, ".mmd", g)
	if g.Title != "" {
		_, body, _ = strings.Cut(body, "\n---\n")
	}
	for line := range strings.Lines(body) {
		if n := strings.Count(line, `"`); n != 0 && n != 2 {
			t.Errorf("an open quote in Mermaid: %s", line)
		}
		if strings.ContainsAny(line, "<\\`*$") && !strings.Contains(line, "<br/>") {
			t.Errorf("an unescaped character in Mermaid: %s", line)
		}
	}
}

// checkXML makes sure that the picture is XML, without scripts and without text
// that a reader does not see.
func checkXML(t *testing.T, svg string) {
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "svg", "style", "g", "rect", "path", "text", "title":
			default:
				t.Errorf("unexpected element %q", token.Name.Local)
			}
		case xml.CharData:
			if s := string(token); strings.ContainsAny(s, "\u202e\u200f\x00") {
				t.Errorf("hidden characters in %q", s)
			}
		}
	}
}

func TestEmpty(t *testing.T) {
	for _, g := range []*Graph{{}, {Title: "t", Groups: []Group{{Name: "empty"}, {}}}} {
		check(t, g)
		checkTexts(t, g)
		if svg := draw(t, ".svg", g); !strings.Contains(svg, "nothing to draw") || strings.Contains(svg, ">empty<") {
			t.Errorf("got %s", svg)
		}
		if mermaid := draw(t, ".mmd", g); !strings.Contains(mermaid, "nothing to draw") {
			t.Errorf("got %s", mermaid)
		}
	}
}

// A picture that is narrower than its heading is widened for it, within reason.
func TestHeading(t *testing.T) {
	heading := "clusters/production: 0 workloads, 0 open; incomplete: 1 gap"
	for text, want := range map[string]bool{heading: true, strings.Repeat(heading, 10): false} {
		if svg := draw(t, ".svg", &Graph{Title: text}); strings.Contains(svg, ">"+text+"</text>") != want {
			t.Errorf("heading %q stands whole in the picture: %t, want %t", text, !want, want)
		}
	}
}

func TestMermaidLimits(t *testing.T) {
	pairs := func(nodes, edges int, name string) *Graph {
		g := &Graph{Groups: []Group{{Name: "a"}, {Name: "b"}, {}}}
		for i := range nodes {
			group := &g.Groups[i%2]
			group.Nodes = append(group.Nodes, Node{fmt.Sprint(i), []string{name, name}, Open})
		}
		g.Groups[2].Nodes = []Node{{"any", []string{"any address"}, Outside}}
		for i := range edges - 1 {
			g.Edges = append(g.Edges, Edge{fmt.Sprint(i / nodes), fmt.Sprint(i % nodes), "all", Unmarked})
		}
		g.Edges = append(g.Edges, Edge{"any", "0", "TCP 443", Unmarked})
		return g
	}
	for _, test := range []struct {
		g     *Graph
		edges int // drawn, -1 for some
		note  string
	}{
		{pairs(40, 500, "x"), 500, ""},
		{pairs(40, 512, "x"), 500, "12 edges are left out"},
		{pairs(3000, 600, strings.Repeat("n\xff", 30)), -1, "nodes and"},
		{pairs(400, 600, strings.Repeat("n", 30)), -1, "edges are left out"},
		{manyGroups(2000), -1, "nodes and"},
		{hostileGraph(strings.Repeat(`\$`, 50_000), strings.Repeat("🙂", 50_000)), 4, ""},
	} {
		got := draw(t, ".mmd", test.g)
		if len(got) > 50_000 {
			t.Errorf("%d characters", len(got))
		}
		if n := strings.Count(got, "-->"); test.edges >= 0 && n != test.edges {
			t.Errorf("%d edges, want %d", n, test.edges)
		}
		if !strings.Contains(got, test.note) || test.note == "" && strings.Contains(got, "left out") {
			t.Errorf("note %q: got %.300s", test.note, got)
		}
		if test.edges == 500 && !strings.Contains(got, "TCP 443") {
			t.Error("the edge from outside is left out")
		}
	}
}

func FuzzLabels(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, "all")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		g := hostileGraph(a, b)
		check(t, g)
		checkTexts(t, g)
	})
}

func BenchmarkSVG(b *testing.B) {
	for _, size := range []struct{ nodes, edges int }{{40, 80}, {300, 2000}} {
		b.Run(fmt.Sprintf("%d nodes, %d edges", size.nodes, size.edges), func(b *testing.B) {
			g := random(rand.New(rand.NewPCG(1, 2)), size.nodes, size.edges)
			for b.Loop() {
				if err := WriteSVG(io.Discard, g); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
