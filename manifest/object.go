package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Object is one Kubernetes object. It is read-only once made.
type Object struct {
	Ref
	Origin
	// APIVersion is the object's apiVersion as written, such as "apps/v1".
	APIVersion string
	// Data holds the object as encoding/json would decode it, except that whole
	// numbers are int64. It is shared, and what is equal in it may be the same: never
	// change it.
	Data map[string]any

	places places
}

// places tell where the fields of an object were written.
type places interface {
	// at follows a path as far as it leads; complete is false if something on it does
	// not exist. It panics if an element is neither a string nor an int.
	at(path []any) (o Origin, complete bool)
}

// located are places that are found by the nodes.
type located struct {
	tree
	locate Locator
}

func (p located) at(path []any) (Origin, bool) {
	steps, complete := p.steps(path)
	return p.locate(steps), complete
}

// A Step is one node on the way from an object's root to a field. Key is nil
// for the root and for items of a sequence. Aliases are already followed. Nodes
// have their kind, style, text and place; those of objects that were not made from
// nodes lack content, tag and comments.
type Step struct {
	Key, Value *yaml.Node
}

// PathOf is the path that steps follow, as Object.At takes it.
func PathOf(steps []Step) []any {
	var path []any
	for i, s := range steps[1:] {
		if s.Key != nil {
			path = append(path, keyOf(s.Key))
		} else {
			path = append(path, slices.IndexFunc(steps[i].Value.Content, func(n *yaml.Node) bool { return follow(n) == s.Value }))
		}
	}
	return path
}

// A Locator tells where the node of the last step was written. The first step
// is the object's root; there is always at least one.
type Locator func(steps []Step) Origin

// NewObject makes one object of one parsed document and leaves lists as they
// are; it returns nil for an empty or other document. The error is that of Value.
func NewObject(doc *yaml.Node, locate Locator) (*Object, error) {
	root, data, err := mappingOf(doc)
	if data == nil || err != nil {
		return nil, err
	}
	return newObject(nodeTree{root}, data, locate), nil
}

// newObjects makes the objects of one parsed document. The error is that of Value.
func newObjects(doc *yaml.Node, locate Locator) ([]*Object, error) {
	root, data, err := mappingOf(doc)
	if data == nil || err != nil {
		return nil, err
	}
	return appendObjects(nil, nodeTree{root}, data, locate), nil
}

// mappingOf returns the root of a document and its value, nil if it is no mapping.
func mappingOf(doc *yaml.Node) (root *yaml.Node, data map[string]any, err error) {
	root = doc
	if root.Kind == yaml.DocumentNode {
		if len(root.Content) == 0 {
			return root, nil, nil
		}
		root = root.Content[0]
	}
	if root.Kind != yaml.MappingNode {
		return root, nil, nil
	}
	value, err := Value(root)
	if err != nil {
		return root, nil, err
	}
	return root, value.(map[string]any), nil
}

// appendObjects appends the object that data is, or those of the list that it is.
func appendObjects(objects []*Object, t tree, data map[string]any, locate Locator) []*Object {
	if isList(data) {
		return appendItems(objects, t, data, locate)
	}
	if o := newObject(t, data, locate); o != nil {
		objects = append(objects, o)
	}
	return objects
}

// newObject returns nil where data has no apiVersion or no kind.
func newObject(t tree, data map[string]any, locate Locator) *Object {
	apiVersion, _ := data["apiVersion"].(string)
	kind, _ := data["kind"].(string)
	if apiVersion == "" || kind == "" {
		return nil
	}
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		group = ""
	}
	o := &Object{APIVersion: apiVersion, Data: data, places: located{t, locate}}
	o.Group, o.Kind = group, kind
	meta, _ := data["metadata"].(map[string]any)
	o.Name, _ = meta["name"].(string)
	o.Namespace, _ = meta["namespace"].(string)
	o.Origin = o.At()
	return o
}

// isList tells whether data is a List, RoleList, ConfigMapList and so on.
func isList(data map[string]any) bool {
	kind, _ := data["kind"].(string)
	_, items := data["items"].([]any)
	_, version := data["apiVersion"].(string)
	return items && version && strings.HasSuffix(kind, "List")
}

// appendItems makes an object of every item. Items of a typed list may leave
// apiVersion and kind out (the API server does); they follow from the list's.
func appendItems(objects []*Object, t tree, data map[string]any, locate Locator) []*Object {
	listKind, _ := data["kind"].(string)
	itemKind := strings.TrimSuffix(listKind, "List")
	trees := t.items()
	for i, item := range data["items"].([]any) {
		m, ok := item.(map[string]any)
		if !ok || i >= len(trees) {
			continue
		}
		if _, typed := m["kind"]; !typed && itemKind != "" {
			m = maps.Clone(m)
			m["kind"] = itemKind
			m["apiVersion"] = data["apiVersion"]
		}
		objects = appendObjects(objects, trees[i], m, locate)
	}
	return objects
}

// WithNamespace returns a copy of the object in another namespace, with the
// same data and positions.
func (o *Object) WithNamespace(namespace string) *Object {
	c := *o
	c.Namespace = namespace
	return &c
}

// WithOrigins returns a copy of the object, with other origins in the place of its own.
func (o *Object) WithOrigins(of func(Origin) Origin) *Object {
	c := *o
	c.places = elsewhere{o.places, of}
	c.Origin = of(o.Origin)
	return &c
}

// elsewhere are places in the place of others.
type elsewhere struct {
	places
	of func(Origin) Origin
}

func (p elsewhere) at(path []any) (Origin, bool) {
	origin, complete := p.places.at(path)
	return p.of(origin), complete
}

// WithName returns a copy of the object under another name, with the same data and
// positions.
func (o *Object) WithName(name string) *Object {
	c := *o
	c.Name = name
	return &c
}

// At tells where a field was written. The path holds map keys (string) and list
// indexes (int), from the object's root. Where the path, or the end of it, does
// not exist, the origin is that of the deepest part that does, and not exact.
func (o *Object) At(path ...any) Origin {
	origin, complete := o.places.at(path)
	origin.Exact = origin.Exact && complete
	return origin
}

// A tree finds the nodes of an object.
type tree interface {
	// steps follows a path as far as it leads; complete is false if something on it
	// does not exist. It panics if an element is neither a string nor an int.
	steps(path []any) (steps []Step, complete bool)
	// items returns the items of the list that the object is.
	items() []tree
}

// A nodeTree has the nodes of the YAML library.
type nodeTree struct{ root *yaml.Node }

func (t nodeTree) items() []tree {
	list := child(t.root, "items").Value
	if list == nil {
		return nil
	}
	var items []tree
	for _, item := range list.Content {
		items = append(items, nodeTree{follow(item)})
	}
	return items
}

func (t nodeTree) steps(path []any) (steps []Step, complete bool) {
	steps = []Step{{Value: t.root}}
	for _, p := range path {
		next := step(steps[len(steps)-1].Value, p)
		if next.Value == nil {
			return steps, false
		}
		steps = append(steps, next)
	}
	return steps, true
}

// step goes from a node to one of its children; the zero Step means none.
func step(node *yaml.Node, p any) Step {
	switch p := p.(type) {
	case string:
		return child(node, p)
	case int:
		if node.Kind == yaml.SequenceNode && p >= 0 && p < len(node.Content) {
			return Step{Value: follow(node.Content[p])}
		}
	default:
		panic(wrongElement(p))
	}
	return Step{}
}

func wrongElement(p any) string {
	return fmt.Sprintf("manifest: path element %v is a %T, want string or int", p, p)
}

// child finds the value of a key in a mapping, also through merge keys. The last of
// several equal keys wins, and of several merges, as in Value.
func child(node *yaml.Node, key string) Step {
	if node.Kind != yaml.MappingNode {
		return Step{}
	}
	for i := len(node.Content) - 2; i >= 0; i -= 2 {
		if k := node.Content[i]; !isMerge(k) && isKey(k, key) {
			return Step{Key: k, Value: follow(node.Content[i+1])}
		}
	}
	for i := len(node.Content) - 2; i >= 0; i -= 2 {
		if !isMerge(node.Content[i]) {
			continue
		}
		merged := follow(node.Content[i+1])
		if merged.Kind != yaml.SequenceNode {
			merged = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{merged}}
		}
		for _, m := range merged.Content {
			if s := child(follow(m), key); s.Value != nil {
				return s
			}
		}
	}
	return Step{}
}

// follow replaces an alias by what it stands for.
func follow(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && (key.Tag == "!!merge" || key.Tag == "")
}

// Plain returns a Locator for nodes that were parsed from file itself, whose
// line numbers start after skip lines.
func Plain(file string, skip int) Locator {
	return func(steps []Step) Origin {
		last := steps[len(steps)-1]
		node := last.Key
		if node == nil {
			node = last.Value
		}
		return Origin{Pos: Pos{File: file, Line: node.Line + skip, Column: node.Column}, Exact: true}
	}
}
