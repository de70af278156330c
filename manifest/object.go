package manifest

import (
	"fmt"
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
	// numbers are int64. It is shared: never change it.
	Data map[string]any

	root   *yaml.Node
	locate Locator
}

// A Step is one node on the way from an object's root to a field. Key is nil
// for the root and for items of a sequence. Aliases are already followed.
type Step struct {
	Key, Value *yaml.Node
}

// A Locator tells where the node of the last step was written. The first step
// is the object's root; there is always at least one.
type Locator func(steps []Step) Origin

// NewObjects makes the objects of one parsed document: one for an object, one
// per item for a list of any kind, none for an empty or other document. The
// error tells why a document that has apiVersion and kind is unusable.
func NewObjects(doc *yaml.Node, locate Locator) ([]*Object, error) {
	return newObjects(doc, locate, true)
}

// NewObject makes one object of one parsed document and leaves lists as they
// are; it returns nil for an empty or other document.
func NewObject(doc *yaml.Node, locate Locator) (*Object, error) {
	objects, err := newObjects(doc, locate, false)
	if len(objects) == 0 {
		return nil, err
	}
	return objects[0], err
}

func newObjects(doc *yaml.Node, locate Locator, expand bool) ([]*Object, error) {
	root := doc
	if root.Kind == yaml.DocumentNode {
		if len(root.Content) == 0 {
			return nil, nil
		}
		root = root.Content[0]
	}
	if root.Kind != yaml.MappingNode {
		return nil, nil
	}
	value, err := Value(root)
	if err != nil {
		return nil, err
	}
	data := value.(map[string]any)
	if expand && isList(data) {
		return expandList(root, data, locate), nil
	}
	o := newObject(root, data, locate)
	if o == nil {
		return nil, nil
	}
	return []*Object{o}, nil
}

// newObject returns nil where data has no apiVersion or no kind.
func newObject(root *yaml.Node, data map[string]any, locate Locator) *Object {
	apiVersion, _ := data["apiVersion"].(string)
	kind, _ := data["kind"].(string)
	if apiVersion == "" || kind == "" {
		return nil
	}
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		group = ""
	}
	o := &Object{APIVersion: apiVersion, Data: data, root: root, locate: locate}
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

// expandList makes an object of every item. Items of a typed list may leave
// apiVersion and kind out (the API server does); they follow from the list's.
func expandList(root *yaml.Node, data map[string]any, locate Locator) []*Object {
	var objects []*Object
	listKind, _ := data["kind"].(string)
	itemKind := strings.TrimSuffix(listKind, "List")
	nodes := follow(child(root, "items").Value).Content
	for i, item := range data["items"].([]any) {
		m, ok := item.(map[string]any)
		if !ok || i >= len(nodes) {
			continue
		}
		if _, typed := m["kind"]; !typed && itemKind != "" {
			m["kind"] = itemKind
			m["apiVersion"] = data["apiVersion"]
		}
		node := follow(nodes[i])
		if isList(m) {
			objects = append(objects, expandList(node, m, locate)...)
		} else if o := newObject(node, m, locate); o != nil {
			objects = append(objects, o)
		}
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

// At tells where a field was written. The path holds map keys (string) and list
// indexes (int), from the object's root. Where the path, or the end of it, does
// not exist, the origin is that of the deepest part that does, and not exact.
func (o *Object) At(path ...any) Origin {
	steps := []Step{{Value: o.root}}
	for _, p := range path {
		next := step(steps[len(steps)-1].Value, p)
		if next.Value == nil {
			origin := o.locate(steps)
			origin.Exact = false
			return origin
		}
		steps = append(steps, next)
	}
	return o.locate(steps)
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
		panic(fmt.Sprintf("manifest: path element %v is a %T, want string or int", p, p))
	}
	return Step{}
}

// child finds the value of a key in a mapping, also through merge keys. The
// last of several equal keys wins, as in Value.
func child(node *yaml.Node, key string) Step {
	if node.Kind != yaml.MappingNode {
		return Step{}
	}
	for i := len(node.Content) - 2; i >= 0; i -= 2 {
		if k := node.Content[i]; k.Value == key && !isMerge(k) {
			return Step{Key: k, Value: follow(node.Content[i+1])}
		}
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
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
