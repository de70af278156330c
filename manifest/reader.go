package manifest

import (
	"hash/maphash"
	"sync"
)

// A reader turns the parts of documents into plain data, as Value does with nodes.
type reader struct {
	text  string
	parts []part
	// recent holds what was met lately, to give it out again: manifests repeat most of
	// their strings, and many of their labels, selectors and ports.
	recent [1024]met
	keys   [256]string // likewise
}

// met is a value that is written as text: a collection at some column, or a scalar
// with one of the columns that scalars share. It is zero where nothing was met.
type met struct {
	text   string
	column int32
	value  any
}

const (
	plainColumn  = -1
	stringColumn = -2
)

// maxShared is the length in bytes of the longest text whose value is shared.
const maxShared = 128

var seed = maphash.MakeSeed()

// slot returns where a text is kept if it was met lately.
func (r *reader) slot(text string, column int32) *met {
	return &r.recent[(maphash.String(seed, text)+uint64(column))%uint64(len(r.recent))]
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// release gives the reader back, without what would keep documents in memory.
func (r *reader) release() {
	r.text = ""
	clear(r.recent[:])
	clear(r.keys[:])
	readers.Put(r)
}

// objects appends the objects of a document. What the scanner does not understand,
// and what Value would not just convert, goes through nodes.
func (r *reader) objects(to []*Object, d Document, locate Locator) ([]*Object, error) {
	if d.marks() > maxMarks {
		return to, &UnusableError{Line: d.Skip + 1, Err: errMarks}
	}
	text := string(d.Text)
	if data, ok := r.document(text); ok {
		return appendObjects(to, outlined{&outline{text: text}, 0, r.parts[0]}, data, locate), nil
	}
	node, err := d.Parse()
	if err != nil {
		return to, err
	}
	objects, err := newObjects(node, locate)
	if err != nil {
		return to, unusable(d, node, err)
	}
	return append(to, objects...), nil
}

// document reads a document, whose root is a mapping. It returns false if the
// document needs nodes.
func (r *reader) document(text string) (data map[string]any, ok bool) {
	r.text = text
	if r.parts, ok = scan(text, r.parts); !ok {
		return nil, false
	}
	return r.mapping(0)
}

// value reads the node that is part i.
func (r *reader) value(i int) (v any, ok bool) {
	switch p := r.parts[i]; {
	case !p.kind.isScalar():
		return r.shared(i)
	case p.kind.isPlain():
		return r.plain(p.text(r.text))
	default:
		return r.string(p.text(r.text)), true
	}
}

func (r *reader) plain(text string) (v any, ok bool) {
	slot := r.slot(text, plainColumn)
	if slot.column == plainColumn && slot.text == text {
		return slot.value, true
	}
	v, err := plainScalar(text)
	if err != nil {
		return nil, false
	}
	*slot = met{text, plainColumn, v}
	return v, true
}

func (r *reader) string(text string) any {
	if len(text) > maxShared {
		return text
	}
	slot := r.slot(text, stringColumn)
	if slot.column != stringColumn || slot.text != text {
		*slot = met{text, stringColumn, text}
	}
	return slot.value
}

// shared reads a collection, or returns the same as for one lately met. The text
// and its first column decide what is in it, whatever is around it.
func (r *reader) shared(i int) (v any, ok bool) {
	p := r.parts[i]
	last := r.parts[p.next-1]
	if !last.kind.isScalar() || last.end-p.start > maxShared {
		return r.collection(i)
	}
	text := r.text[p.start:last.end]
	slot := r.slot(text, p.column)
	if slot.column == p.column && slot.text == text {
		return slot.value, true
	}
	if v, ok = r.collection(i); ok {
		*slot = met{text, p.column, v}
	}
	return v, ok
}

func (r *reader) collection(i int) (v any, ok bool) {
	if r.parts[i].kind.isMapping() {
		return r.mapping(i)
	}
	return r.sequence(i)
}

// mapping fails at merge keys, and where two keys are the same.
func (r *reader) mapping(i int) (m map[string]any, ok bool) {
	p := r.parts[i]
	m = make(map[string]any, p.end)
	for k := i + 1; k < int(p.next); k = int(r.parts[k+1].next) {
		key, ok := r.key(r.parts[k])
		if !ok {
			return nil, false
		}
		if m[key], ok = r.value(k + 1); !ok {
			return nil, false
		}
	}
	return m, len(m) == int(p.end)
}

// key reads a key. Most are the same everywhere; kept once, they are at hand for
// whoever looks them up.
func (r *reader) key(p part) (key string, ok bool) {
	text := p.text(r.text)
	if !p.kind.isPlain() || text == "" {
		return text, true
	}
	slot := &r.keys[(int(text[0])+7*int(text[len(text)/2])+31*int(text[len(text)-1])+len(text))%len(r.keys)]
	if *slot == text {
		return *slot, true
	}
	v, err := plainScalar(text)
	if err != nil || text == "<<" {
		return "", false
	}
	if key = keyText(v, text); key == text {
		*slot = key
	}
	return key, true
}

func (r *reader) sequence(i int) (list []any, ok bool) {
	p := r.parts[i]
	list = make([]any, 0, p.end)
	for i++; i < int(p.next); i = int(r.parts[i].next) {
		v, ok := r.value(i)
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
	return list, true
}
