package manifest

import (
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"
)

// An outline is a document that the scanner understands. It keeps the text, and
// finds the nodes in it again, once, when the place of a field is asked.
type outline struct {
	text    string
	scanned sync.Once
	list    []part
}

// A part is one node of an outline. The parts of a document stand in a list in the
// order of the text: a collection before what is in it, a key before its value.
type part struct {
	kind         partKind
	start        int32 // offset of the first character
	end          int32 // scalars: offset after the last character; collections: number of pairs or items
	next         int32 // index in the list of what comes after the part and all in it
	line, column int32 // of the first character, from 1
}

type partKind uint8

const (
	blockMapping partKind = iota
	flowMapping
	blockSequence
	flowSequence
	plain      // also of what is left out
	plainLines // over several lines
	singleQuoted
	doubleQuoted
	literal
	folded
)

func (k partKind) isMapping() bool  { return k == blockMapping || k == flowMapping }
func (k partKind) isSequence() bool { return k == blockSequence || k == flowSequence }
func (k partKind) isScalar() bool   { return k >= plain }
func (k partKind) isPlain() bool    { return k == plain || k == plainLines }

// outlined is an object of an outline; it is a tree.
type outlined struct {
	*outline
	index int  // of the object's root in the list
	root  part // is kept: the place of an object is asked often
}

func (o *outline) parts() []part {
	o.scanned.Do(func() {
		parts, _ := scan(o.text, nil)
		o.list = slices.Clip(parts)
	})
	return o.list
}

func (o outlined) items() []tree {
	parts := o.parts()
	list := childPart(o.text, parts, o.index, "items") + 1
	var items []tree
	for i := list + 1; i < int(parts[list].next); i = int(parts[i].next) {
		items = append(items, outlined{o.outline, i, parts[i]})
	}
	return items
}

func (o outlined) steps(path []any) (steps []Step, complete bool) {
	steps = []Step{{Value: o.root.node(o.text)}}
	if len(path) == 0 {
		return steps, true
	}
	parts, i := o.parts(), o.index
	for _, p := range path {
		var next Step
		switch p := p.(type) {
		case string:
			if i = childPart(o.text, parts, i, p); i >= 0 {
				next.Key = parts[i].node(o.text)
				i++
			}
		case int:
			i = itemPart(parts, i, p)
		default:
			panic(wrongElement(p))
		}
		if i < 0 {
			return steps, false
		}
		next.Value = parts[i].node(o.text)
		steps = append(steps, next)
	}
	return steps, true
}

// childPart returns the index of the key in the mapping that is part i, or -1.
func childPart(text string, parts []part, i int, key string) int {
	if !parts[i].kind.isMapping() {
		return -1
	}
	for k := i + 1; k < int(parts[i].next); k = int(parts[k+1].next) {
		if parts[k].isKey(text, key) {
			return k
		}
	}
	return -1
}

// isKey tells whether a scalar of the document is the key.
func (p part) isKey(document, key string) bool {
	text := p.text(document)
	if !p.kind.isPlain() || !mayRead(text, key) {
		return text == key
	}
	v, err := plainScalar(text)
	return err == nil && keyText(v, text) == key
}

// itemPart returns the index of an item of the sequence that is part i, or -1.
func itemPart(parts []part, i, n int) int {
	if !parts[i].kind.isSequence() || n < 0 || n >= int(parts[i].end) {
		return -1
	}
	for i++; n > 0; n-- {
		i = int(parts[i].next)
	}
	return i
}

// node makes a node without content, with the kind, style, text and place that the
// YAML library would give it.
func (p part) node(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: int(p.line), Column: int(p.column)}
	switch p.kind {
	case blockMapping:
		n.Kind = yaml.MappingNode
	case flowMapping:
		n.Kind, n.Style = yaml.MappingNode, yaml.FlowStyle
	case blockSequence:
		n.Kind = yaml.SequenceNode
	case flowSequence:
		n.Kind, n.Style = yaml.SequenceNode, yaml.FlowStyle
	case singleQuoted:
		n.Style = yaml.SingleQuotedStyle
	case doubleQuoted:
		n.Style = yaml.DoubleQuotedStyle
	case literal:
		n.Style = yaml.LiteralStyle
	case folded:
		n.Style = yaml.FoldedStyle
	}
	if n.Kind == yaml.ScalarNode {
		n.Value = p.text(text)
	}
	return n
}

// text returns what a scalar of the document says.
func (p part) text(document string) string {
	text := document[p.start:p.end]
	switch p.kind {
	case plainLines:
		return foldPlain(text)
	case singleQuoted:
		return unquote(text[1:len(text)-1], "'\n")
	case doubleQuoted:
		return unquote(text[1:len(text)-1], "\\\n")
	case literal, folded:
		return blockText(text, p.kind == folded)
	default:
		return text
	}
}
