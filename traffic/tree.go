package traffic

import (
	"maps"
	"slices"
	"strconv"

	"github.com/ringfence/ringfence/manifest"
)

// node is a node of a YAML or JSON text that is no manifest.
type node struct {
	text   string // of a scalar, as written
	line   int    // of the scalar, or of the first one within; from 1
	fields map[string]*node
	items  []*node
}

// parseTree reads a text; nil stands for one that is neither YAML nor JSON.
func parseTree(text string) *node {
	scalars, ok := manifest.Scalars([]byte(text))
	if !ok {
		return nil
	}
	root := &node{}
	for _, s := range scalars {
		n := root
		for _, step := range s.Path {
			n = n.enter(step, s.Line)
		}
		n.text, n.line = s.Value, s.Line
	}
	root.fold()
	return root
}

// enter returns a child, which it adds where there is none.
func (n *node) enter(step string, line int) *node {
	if n.line == 0 {
		n.line = line
	}
	if n.fields == nil {
		n.fields = map[string]*node{}
	}
	if n.fields[step] == nil {
		n.fields[step] = &node{}
	}
	return n.fields[step]
}

// fold makes lists of those nodes whose keys count up from 0.
func (n *node) fold() {
	for _, child := range n.fields {
		child.fold()
	}
	for i := range len(n.fields) {
		item := n.fields[strconv.Itoa(i)]
		if item == nil {
			n.items = nil
			return
		}
		n.items = append(n.items, item)
	}
}

// at follows keys, and returns nil where they do not lead to anything.
func (n *node) at(path ...string) *node {
	for _, key := range path {
		if n == nil {
			return nil
		}
		n = n.fields[key]
	}
	return n
}

// value returns the text of a scalar at a path, empty where there is none.
func (n *node) value(path ...string) string {
	if n = n.at(path...); n == nil {
		return ""
	}
	return n.text
}

// list returns the items of a list at a path.
func (n *node) list(path ...string) []*node {
	if n = n.at(path...); n == nil {
		return nil
	}
	return n.items
}

// texts returns the scalars of a list at a path.
func (n *node) texts(path ...string) []string {
	var all []string
	for _, item := range n.list(path...) {
		all = append(all, item.text)
	}
	return all
}

// each calls f for every list of that name in a node, and in what is below it.
func (n *node) each(name string, f func(list []*node, path []string), path ...string) {
	for _, key := range sortedKeys(n.fields) {
		child := n.fields[key]
		if key == name && child.items != nil {
			f(child.items, path)
			continue
		}
		child.each(name, f, append(slices.Clone(path), key)...)
	}
}

// treeOf makes a node of decoded data of an object, whose lines are not counted.
func treeOf(value any) *node {
	n := &node{}
	switch v := value.(type) {
	case map[string]any:
		n.fields = make(map[string]*node, len(v))
		for key, child := range v {
			n.fields[key] = treeOf(child)
		}
	case []any:
		n.fields = make(map[string]*node, len(v))
		for i, child := range v {
			item := treeOf(child)
			n.fields[strconv.Itoa(i)] = item
			n.items = append(n.items, item)
		}
	case string:
		n.text = v
	case bool:
		n.text = strconv.FormatBool(v)
	case int64:
		n.text = strconv.FormatInt(v, 10)
	}
	return n
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
