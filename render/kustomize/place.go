package kustomize

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/manifest"
)

// A place is a value in a source file. The places of a document are a tree.
type place struct {
	doc    *document
	parent *place
	key    string // in a mapping
	index  int    // among its siblings
	kind   yaml.Kind
	style  yaml.Style
	text   string // of a scalar
	line   int    // 1-based, of the file: of a scalar or flow collection itself, else of its key or start
	column int    // 1-based, in characters: of the key where it stands on that line
	items  []*place
	// from is where a value of an overlay is written; nil for what was read here.
	from *manifest.Origin
}

// A document is one object, patch or list of operations in a file.
type document struct {
	file *file
	root *place
	// chart is the object of a chart of which the document is a copy.
	chart *manifest.Object
}

// lines are the lines of a text, without their ends.
type lines []string

func splitLines(text string) lines {
	list := strings.Split(text, "\n")
	for i, line := range list {
		list[i] = strings.TrimSuffix(line, "\r")
	}
	return list
}

// offset turns the column of a YAML node, which counts characters from 1, into a
// byte offset in its line.
func (l lines) offset(line, column int) int {
	if line < 1 || line > len(l) {
		return 0
	}
	text, offset := l[line-1], 0
	if line == 1 {
		if rest, ok := strings.CutPrefix(text, "\ufeff"); ok {
			text, offset = rest, 3
		}
	}
	for range column - 1 {
		_, size := utf8.DecodeRuneInString(text)
		text, offset = text[size:], offset+size
	}
	return offset
}

// placing makes the places of one document.
type placing struct {
	doc    *document
	lines  lines // of the file
	skip   int   // lines of the file before the node's line 1
	indent int   // spaces on the file's lines before the node's column 1
}

func (p placing) place(parent *place, key, node *yaml.Node) *place {
	at := &place{doc: p.doc, parent: parent, kind: node.Kind, style: node.Style, text: node.Value}
	first := node
	if key != nil {
		at.key = key.Value
		if key.Line == node.Line || (node.Kind == yaml.MappingNode || node.Kind == yaml.SequenceNode) && node.Style&yaml.FlowStyle == 0 {
			first = key
		}
	}
	at.line = p.skip + first.Line
	at.column = p.indent + first.Column
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			p.add(at, node.Content[i], node.Content[i+1])
		}
	case yaml.SequenceNode:
		for _, item := range node.Content {
			p.add(at, nil, item)
		}
	}
	return at
}

func (p placing) add(parent *place, key, node *yaml.Node) {
	item := p.place(parent, key, node)
	item.index = len(parent.items)
	parent.items = append(parent.items, item)
}

// field returns the value of a key, or nil. A nil place has none.
func (p *place) field(key string) *place {
	if p == nil || p.kind != yaml.MappingNode {
		return nil
	}
	for i := len(p.items) - 1; i >= 0; i-- {
		if p.items[i].key == key {
			return p.items[i]
		}
	}
	return nil
}

// option is field for a kustomization, whose keys kustomize reads without regard
// to case.
func (p *place) option(key string) *place {
	if f := p.field(key); f != nil || p == nil || p.kind != yaml.MappingNode {
		return f
	}
	for _, item := range p.items {
		if strings.EqualFold(item.key, key) {
			return item
		}
	}
	return nil
}

// item returns an item of a sequence, or nil.
func (p *place) item(i int) *place {
	if p == nil || p.kind != yaml.SequenceNode || i < 0 || i >= len(p.items) {
		return nil
	}
	return p.items[i]
}

// str returns the text of a scalar field, or "".
func (p *place) str(key string) string {
	if f := p.field(key); f != nil && f.kind == yaml.ScalarNode {
		return f.text
	}
	return ""
}

// all calls visit for the place and everything below it until it returns false.
func (p *place) all(visit func(*place) bool) bool {
	if p == nil {
		return true
	}
	if !visit(p) {
		return false
	}
	for _, item := range p.items {
		if !item.all(visit) {
			return false
		}
	}
	return true
}

// path leads from the document's root to the place.
func (p *place) path() []any {
	if p.parent == nil {
		return nil
	}
	if p.parent.kind == yaml.MappingNode {
		return append(p.parent.path(), p.key)
	}
	return append(p.parent.path(), p.index)
}

func (p *place) pos() manifest.Pos { return p.origin().Pos }

// origin tells where the place is: for the output of a chart, where that comes from,
// for an overlay, where that is written.
func (p *place) origin() manifest.Origin {
	if p.from != nil {
		return *p.from
	}
	if p.doc.chart != nil {
		return p.doc.chart.At(p.path()...)
	}
	return manifest.Origin{Pos: manifest.Pos{File: p.doc.file.name, Line: p.line, Column: p.column}, Exact: true}
}

// mayBe tells whether the place, whose mark a field has, may have become that field. A
// transformer gives one node to several fields, so that they all get the mark that a patch
// leaves at one of them.
func (p *place) mayBe(steps []manifest.Step) bool {
	return p.isAt(steps) || p.doc.root.leads(steps[1:])
}

// isAt tells whether the keys on the way to the place are those of the steps.
func (p *place) isAt(steps []manifest.Step) bool {
	for i := len(steps) - 1; i > 0; i-- {
		key := steps[i].Key
		if p == p.doc.root || (key != nil) != (p.parent.kind == yaml.MappingNode) || key != nil && key.Value != p.key {
			return false
		}
		p = p.parent
	}
	return p == p.doc.root
}

// leads tells whether steps lead from the place to another one, or to an alias or a merge
// key, which repeats what stands elsewhere.
func (p *place) leads(steps []manifest.Step) bool {
	switch {
	case len(steps) == 0 || p.kind == yaml.AliasNode || p.field("<<") != nil:
		return true
	case steps[0].Key != nil:
		next := p.field(steps[0].Key.Value)
		return next != nil && next.leads(steps[1:])
	default:
		return p.kind == yaml.SequenceNode && slices.ContainsFunc(p.items, func(item *place) bool { return item.leads(steps[1:]) })
	}
}

// inMarkedFlow tells whether the place is part of a flow collection that has a
// mark, because it stands on one line.
func (p *place) inMarkedFlow() bool {
	for q := p.parent; q != nil; q = q.parent {
		if q.style&yaml.FlowStyle != 0 && p.doc.file.marks[q.line] == q {
			return true
		}
	}
	return false
}
