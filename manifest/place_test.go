package manifest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A naiveField is where the nodes of the YAML library say that it is.
type naiveField struct {
	path  []any
	value *yaml.Node
	head  *yaml.Node // its key, or the item itself
}

// naiveFields lists the fields of a node in no particular order. It makes the mapping
// that a merge results in, rather than to look for one key.
func naiveFields(t *testing.T, node *yaml.Node, path []any) []naiveField {
	t.Helper()
	var all []naiveField
	add := func(step any, head, value *yaml.Node) {
		below := append(path[:len(path):len(path)], step)
		all = append(all, naiveField{below, value, head})
		all = append(all, naiveFields(t, value, below)...)
	}
	switch node = naiveFollow(node); node.Kind {
	case yaml.SequenceNode:
		for i, item := range node.Content {
			add(i, naiveFollow(item), item)
		}
	case yaml.MappingNode:
		for key, pair := range naiveMapping(t, node) {
			add(key, pair[0], pair[1])
		}
	}
	return all
}

// naiveMapping returns the pairs of a mapping by what their key reads as.
func naiveMapping(t *testing.T, node *yaml.Node) map[string][2]*yaml.Node {
	t.Helper()
	pairs := make(map[string][2]*yaml.Node)
	merge := func(from *yaml.Node) {
		for key, pair := range naiveMapping(t, naiveFollow(from)) {
			pairs[key] = pair
		}
	}
	for i := 0; i < len(node.Content); i += 2 {
		if key, value := node.Content[i], naiveFollow(node.Content[i+1]); key.Tag == "!!merge" {
			if value.Kind == yaml.MappingNode {
				merge(value)
				continue
			}
			for j := len(value.Content) - 1; j >= 0; j-- { // the first one wins
				merge(value.Content[j])
			}
		}
	}
	for i := 0; i < len(node.Content); i += 2 {
		if key := node.Content[i]; key.Tag != "!!merge" {
			pairs[naiveKey(t, key)] = [2]*yaml.Node{key, node.Content[i+1]}
		}
	}
	return pairs
}

func naiveKey(t *testing.T, key *yaml.Node) string {
	t.Helper()
	data, err := Value(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{key, {Kind: yaml.ScalarNode}}})
	if err != nil {
		t.Fatalf("an object has a key in error: %v", err)
	}
	for key := range data.(map[string]any) {
		return key
	}
	return ""
}

func naiveFollow(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return naiveFollow(node.Alias)
	}
	return node
}

// naiveObjects returns the mappings of a document that are objects.
func naiveObjects(t *testing.T, node *yaml.Node, inherits bool) []*yaml.Node {
	t.Helper()
	if node = naiveFollow(node); node.Kind != yaml.MappingNode {
		return nil
	}
	text := func(key string) (string, bool) {
		pair, found := naiveMapping(t, node)[key]
		if !found {
			return "", false
		}
		data, _ := Value(pair[1])
		s, _ := data.(string)
		return s, true
	}
	version, _ := text("apiVersion")
	kind, typed := text("kind")
	if items, found := naiveMapping(t, node)["items"]; found && strings.HasSuffix(kind, "List") && version != "" {
		if list := naiveFollow(items[1]); list.Kind == yaml.SequenceNode {
			var all []*yaml.Node
			for _, item := range list.Content {
				all = append(all, naiveObjects(t, item, kind != "List")...)
			}
			return all
		}
	}
	if version != "" && kind != "" || inherits && !typed {
		return []*yaml.Node{node}
	}
	return nil
}

// FuzzAt: each field of an object is found where the YAML library has it, a field that
// is not there nowhere, and the text of the file begins there with what is asked for;
// all of it also after the object went through an encoding.
func FuzzAt(f *testing.F) {
	for _, text := range append(encodable, understood...) {
		f.Add(text)
	}
	f.Add("apiVersion: v1\nkind: Pod\nyes: 1\n0x10: {a: b}\n1.50: c\n\"yes\": 2\n'0x10': 3\n")
	f.Add("apiVersion: v1\nkind: Pod\na: &a {x: 1}\nb: &b {x: 2}\nc:\n  <<: *a\n  <<: *b\nd: {<<: [*a, *b]}\n")
	f.Add("---\napiVersion: v1\nkind: Pod\n---\r\n\"kind\": Pod\r\napiVersion : v1\r\nx: &y !!str 1\r\n*y : {? é : ü}\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		objects, _ := Parse("f.yaml", []byte(text))
		if len(objects) == 0 {
			return
		}
		next := 0
		for _, doc := range Split([]byte(text)) {
			node, err := doc.Parse()
			if err != nil || !doc.LooksLikeKubernetes() || len(node.Content) == 0 {
				continue
			}
			if _, err := Value(node); err != nil {
				continue
			}
			for _, root := range naiveObjects(t, node.Content[0], false) {
				if next >= len(objects) {
					t.Fatalf("%d objects, want more", len(objects))
				}
				checkPlaces(t, objects[next], root, doc)
				next++
			}
		}
		if next != len(objects) {
			t.Fatalf("%d objects, want %d", len(objects), next)
		}
		decoded, err := Decode(Encode(objects))
		if err != nil || len(decoded) != len(objects) {
			t.Fatalf("%d objects are decoded as %d: %v", len(objects), len(decoded), err)
		}
		for i, o := range objects {
			if o.Kind == "CustomResourceDefinition" {
				continue // places of schemas are not kept
			}
			if want, got := everywhere(o), everywhere(decoded[i]); !reflect.DeepEqual(want, got) {
				t.Errorf("decoded places are %v, want %v", got, want)
			}
		}
	})
}

// checkPlaces compares where the fields of an object are.
func checkPlaces(t *testing.T, o *Object, root *yaml.Node, doc Document) {
	t.Helper()
	lines := linesOf(string(doc.Text))
	known := map[string]bool{}
	for _, w := range append(naiveFields(t, root, nil), naiveField{nil, root, root}) {
		known[fmt.Sprintf("%#v", w.path)] = true
		want := Origin{Pos: Pos{File: "f.yaml", Line: doc.Skip + w.head.Line, Column: w.head.Column}, Exact: true}
		if got := o.At(w.path...); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is at %v, want %v", w.path, got, want)
			continue
		}
		if !begins(lines, w.head) {
			t.Errorf("%q is at %v, where the text does not begin with it", w.path, want)
		}
		if below := append(w.path[:len(w.path):len(w.path)], "nowhere"); Lookup(o.Data, below...) == nil {
			if got := o.At(below...); got.Exact || got.Pos != want.Pos {
				t.Errorf("%q is at %v, want the place around it", below, got)
			}
		}
	}
	for _, path := range paths(o.Data) {
		if got := o.At(path...); got.Exact && !known[fmt.Sprintf("%#v", path)] {
			t.Errorf("%q is at %v, and is no field", path, got)
		}
	}
}

// begins tells whether a node can begin where it says, in the lines of its document.
func begins(lines []string, node *yaml.Node) bool {
	if node.Line < 1 || node.Line > len(lines) {
		return false
	}
	line := []rune(lines[node.Line-1])
	if node.Column < 1 || node.Column > len(line) {
		return node.Kind == yaml.ScalarNode && node.Value == "" && node.Column == len(line)+1
	}
	rest := string(line[node.Column-1:])
	first, _ := utf8.DecodeRuneInString(rest)
	switch {
	case strings.ContainsRune("&!", first): // an anchor or tag
		return true
	case node.Kind == yaml.AliasNode:
		return first == '*'
	case node.Kind == yaml.SequenceNode && node.Style&yaml.FlowStyle != 0:
		return first == '['
	case node.Kind == yaml.SequenceNode:
		return first == '-'
	case node.Kind == yaml.MappingNode: // without a brace also in flow style, for one pair
		return true
	case node.Style&yaml.SingleQuotedStyle != 0:
		return first == '\''
	case node.Style&yaml.DoubleQuotedStyle != 0:
		return first == '"'
	case node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return first == '|' || first == '>'
	default:
		word, _, _ := strings.Cut(node.Value, " ")
		word, _, _ = strings.Cut(word, "\n")
		return strings.HasPrefix(rest, word)
	}
}

// linesOf cuts a text where the YAML library counts lines.
func linesOf(text string) []string {
	return strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text), "\n")
}
