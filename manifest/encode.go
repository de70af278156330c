package manifest

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Encode writes objects, their data and where each field was written, for Decode in
// another process. Of the schema of a custom resource definition, which is most of what
// repositories hold and of which nobody asks, it keeps only where it begins. Namespaces
// and names that objects were given with WithNamespace and WithName are kept.
func Encode(objects []*Object) []byte {
	e := newEncoder()
	e.count(len(objects))
	for _, o := range objects {
		e.object(o)
	}
	return e.finish()
}

// EncodeValue writes plain data as Value makes them, for DecodeValue.
func EncodeValue(data any) []byte {
	e := newEncoder()
	e.value(data)
	return e.finish()
}

// The kinds of values in an encoding.
const (
	encodedNil byte = iota
	encodedFalse
	encodedTrue
	encodedInt
	encodedUint
	encodedFloat
	encodedString
	encodedMapping
	encodedList
)

// What is said of the place of a field, as the bits of one byte.
const (
	exactPlace  byte = 1 << iota
	otherFile        // the file follows; else it is that of the place before
	otherLine        // line and column follow; else they are those of the place before
	viaPlaces        // places that shaped the value follow
	innerPlaces      // the number of places within, and these, follow
)

// An encoder writes each string once, in a table that comes first.
type encoder struct {
	body    []byte
	strings map[string]uint64
	table   []byte
	last    Pos
}

func newEncoder() *encoder { return &encoder{strings: make(map[string]uint64)} }

func (e *encoder) finish() []byte {
	out := binary.AppendUvarint(nil, uint64(len(e.strings)))
	return append(append(out, e.table...), e.body...)
}

func (e *encoder) count(n int)   { e.body = binary.AppendUvarint(e.body, uint64(n)) }
func (e *encoder) number(n int)  { e.body = binary.AppendVarint(e.body, int64(n)) }
func (e *encoder) text(s string) { e.body = binary.AppendUvarint(e.body, e.index(s)) }

func (e *encoder) index(s string) uint64 {
	i, ok := e.strings[s]
	if !ok {
		i = uint64(len(e.strings))
		e.strings[s] = i
		e.table = append(binary.AppendUvarint(e.table, uint64(len(s))), s...)
	}
	return i
}

func (e *encoder) object(o *Object) {
	for _, s := range []string{o.APIVersion, o.Group, o.Kind, o.Namespace, o.Name} {
		e.text(s)
	}
	e.value(o.Data)
	places := &encoder{strings: e.strings, table: e.table}
	places.origin(o.Origin, false)
	w := walk{encoder: places, crd: o.Kind == "CustomResourceDefinition"}
	if located, ok := o.places.(located); ok {
		located.walk(&w, o.Data)
	} else {
		w.ask(o, o.Data, nil, o.At())
	}
	e.table = places.table
	e.count(len(places.body))
	e.body = append(e.body, places.body...)
}

func (e *encoder) value(v any) {
	switch v := v.(type) {
	case nil:
		e.body = append(e.body, encodedNil)
	case bool:
		if v {
			e.body = append(e.body, encodedTrue)
		} else {
			e.body = append(e.body, encodedFalse)
		}
	case int64:
		e.body = binary.AppendVarint(append(e.body, encodedInt), v)
	case uint64:
		e.body = binary.AppendUvarint(append(e.body, encodedUint), v)
	case float64:
		e.body = binary.LittleEndian.AppendUint64(append(e.body, encodedFloat), math.Float64bits(v))
	case string:
		e.body = append(e.body, encodedString)
		e.text(v)
	case map[string]any:
		e.body = append(e.body, encodedMapping)
		e.count(len(v))
		for _, key := range sortedKeys(v) {
			e.text(key)
			e.value(v[key])
		}
	case []any:
		e.body = append(e.body, encodedList)
		e.count(len(v))
		for _, item := range v {
			e.value(item)
		}
	default:
		panic(fmt.Sprintf("manifest: a %T is no plain data", v))
	}
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// origin writes a place, relative to the one before. Places within follow if inner.
func (e *encoder) origin(o Origin, inner bool) {
	at := len(e.body)
	e.body = append(e.body, 0)
	var said byte
	if o.Exact {
		said |= exactPlace
	}
	if o.File != e.last.File {
		said |= otherFile
		e.text(o.File)
	}
	if o.Line != e.last.Line || o.Column != e.last.Column {
		said |= otherLine
		e.number(o.Line - e.last.Line)
		e.number(o.Column)
	}
	if len(o.Via) > 0 {
		said |= viaPlaces
		e.count(len(o.Via))
		for _, p := range o.Via {
			e.text(p.File)
			e.number(p.Line)
			e.number(p.Column)
		}
	}
	if inner {
		said |= innerPlaces
	}
	e.body[at] = said
	e.last = o.Pos
}

// A walk writes the places of all fields of an object: those of a mapping in the order
// of its keys.
type walk struct {
	*encoder
	crd bool
}

// within writes a place, and tells whether those of what is in the value follow.
func (w *walk) within(o Origin, key string, data any) bool {
	n := sizeOf(data)
	inner := n > 0 && (!w.crd || key != "openAPIV3Schema")
	w.origin(o, inner)
	if inner {
		w.count(n)
	}
	return inner
}

// sizeOf is the number of values in a collection.
func sizeOf(data any) int {
	switch v := data.(type) {
	case map[string]any:
		return len(v)
	case []any:
		return len(v)
	}
	return 0
}

// ask walks an object of which only places are known, not what they are read from.
func (w *walk) ask(o *Object, data any, path []any, at Origin) {
	key := ""
	if len(path) > 0 {
		key, _ = path[len(path)-1].(string)
	}
	if !w.within(at, key, data) {
		return
	}
	switch v := data.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			below := append(path, key)
			w.ask(o, v[key], below, o.At(below...))
		}
	case []any:
		for i, item := range v {
			below := append(path, i)
			w.ask(o, item, below, o.At(below...))
		}
	}
}

// walk visits the fields with the nodes that they were made from.
func (p located) walk(w *walk, data any) {
	switch t := p.tree.(type) {
	case nodeTree:
		w.nodes(p.locate, []Step{{Value: t.root}}, "", data)
	case outlined:
		w.parts(p.locate, t.outline, t.index, []Step{{Value: t.root.node(t.text)}}, "", data)
	}
}

func (w *walk) nodes(locate Locator, steps []Step, key string, data any) {
	origin := locate(steps)
	if !w.within(origin, key, data) {
		return
	}
	node := steps[len(steps)-1].Value
	below := func(p any, key string, data any) {
		if next := step(node, p); next.Value != nil {
			w.nodes(locate, append(steps, next), key, data)
		} else {
			w.missing(origin)
		}
	}
	switch v := data.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			below(key, key, v[key])
		}
	case []any:
		for i, item := range v {
			below(i, "", item)
		}
	}
}

func (w *walk) parts(locate Locator, o *outline, i int, steps []Step, key string, data any) {
	origin := locate(steps)
	if !w.within(origin, key, data) {
		return
	}
	parts := o.parts()
	switch v := data.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if k := childPart(o.text, parts, i, key); k >= 0 {
				next := Step{Key: parts[k].node(o.text), Value: parts[k+1].node(o.text)}
				w.parts(locate, o, k+1, append(steps, next), key, v[key])
			} else {
				w.missing(origin)
			}
		}
	case []any:
		item := i + 1
		for _, value := range v {
			w.parts(locate, o, item, append(steps, Step{Value: parts[item].node(o.text)}), "", value)
			item = int(parts[item].next)
		}
	}
}

// missing writes the place of a field that stands nowhere: that of what it is in.
func (w *walk) missing(around Origin) {
	around.Exact = false
	w.origin(around, false)
}
