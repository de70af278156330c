package netpol

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/ringfence/ringfence/manifest"
)

// field is a field of an object that is being read. Reading a value of another
// type than asked for leaves a gap at its line. Null counts as absent, as it
// does for the API server.
type field struct {
	reader *reader
	parent *field
	key    any // string or int, as for Object.At
	value  any // nil where absent
}

// reader collects the gaps of one object.
type reader struct {
	object *manifest.Object
	gaps   []manifest.Gap
}

func (r *reader) root() *field { return &field{reader: r, value: r.object.Data} }

func (f *field) child(key string) *field {
	m, _ := f.value.(map[string]any)
	return &field{reader: f.reader, parent: f, key: key, value: m[key]}
}

// at goes down several mappings.
func (f *field) at(path ...any) *field {
	for _, key := range path {
		f = f.child(key.(string))
	}
	return f
}

func (f *field) present() bool { return f.value != nil }

// path returns the way from the object to the field.
func (f *field) path() []any {
	var path []any
	for ; f.parent != nil; f = f.parent {
		path = append(path, f.key)
	}
	slices.Reverse(path)
	return path
}

// String returns the path as in "spec.ingress[0].from".
func (f *field) String() string {
	var b strings.Builder
	for _, key := range f.path() {
		switch key := key.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", key)
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			fmt.Fprint(&b, key)
		}
	}
	return b.String()
}

// reject leaves a gap: the API server does not accept the field.
func (f *field) reject(format string, args ...any) { f.gap(false, format, args...) }

// note leaves a gap that hides nothing.
func (f *field) note(format string, args ...any) { f.gap(true, format, args...) }

func (f *field) gap(note bool, format string, args ...any) {
	o := f.reader.object
	f.reader.gaps = append(f.reader.gaps, manifest.Gap{
		Pos:    o.At(f.path()...).Pos,
		Code:   manifest.InvalidObject,
		Reason: fmt.Sprintf("%s %q: %s: %s", o.Kind, o.Name, f, fmt.Sprintf(format, args...)),
		Note:   note,
	})
}

// mapping tells whether the field is a mapping or absent.
func (f *field) mapping() bool {
	if _, ok := f.value.(map[string]any); !ok && f.present() {
		f.reject("is %s, want a mapping", describe(f.value))
		return false
	}
	return true
}

// only notes the keys of a mapping that are none of those known. Depending on
// how the object is applied, the API server drops such a key or rejects the object.
func (f *field) only(known ...string) {
	m, _ := f.value.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, key) {
			f.child(key).note("unknown field, ignored")
		}
	}
}

// items returns the items of a list, none where it is absent; ok is false where
// it is something else.
func (f *field) items() (items []*field, ok bool) {
	list, ok := f.value.([]any)
	if !ok && f.present() {
		f.reject("is %s, want a list", describe(f.value))
		return nil, false
	}
	for i, v := range list {
		items = append(items, &field{reader: f.reader, parent: f, key: i, value: v})
	}
	return items, true
}

// text returns a string, "" where absent; ok is false where it is something else.
func (f *field) text() (s string, ok bool) {
	s, ok = f.value.(string)
	if !ok && f.present() {
		f.reject("is %s, want a string", describe(f.value))
		return "", false
	}
	return s, true
}

// port returns a port number, 0 where absent; ok is false where it is something
// else or out of range.
func (f *field) port() (number int, ok bool) {
	n, ok := f.value.(int64)
	switch {
	case !f.present():
		return 0, true
	case !ok:
		f.reject("is %s, want a port number", describe(f.value))
		return 0, false
	case n < FirstPort || n > LastPort:
		f.reject("is %d, want a port from %d to %d", n, FirstPort, LastPort)
		return 0, false
	}
	return int(n), true
}

// protocol returns a protocol, TCP where absent; ok is false where it is
// something else.
func (f *field) protocol() (p Protocol, ok bool) {
	s, ok := f.text()
	switch {
	case !ok:
		return "", false
	case !f.present():
		return TCP, true
	case Protocol(s).slot() < 0:
		f.reject("is %q, want TCP, UDP or SCTP", s)
		return "", false
	}
	return Protocol(s), true
}

// defaultedProtocol is protocol for containers and services, where the empty
// string is TCP as well.
func (f *field) defaultedProtocol() (p Protocol, ok bool) {
	if f.value == "" {
		return TCP, true
	}
	return f.protocol()
}

// flag returns a boolean, false where absent.
func (f *field) flag() bool {
	b, ok := f.value.(bool)
	if !ok && f.present() {
		f.reject("is %s, want true or false", describe(f.value))
	}
	return b
}

// labels returns a mapping of labels without those that the API server rejects;
// ok is false where there were any.
func (f *field) labels() (labels map[string]string, ok bool) {
	m, isMap := f.value.(map[string]any)
	if !isMap {
		return nil, f.mapping()
	}
	labels, ok = make(map[string]string, len(m)), true
	for _, key := range slices.Sorted(maps.Keys(m)) {
		label := f.child(key)
		if value, valid := label.labelValue(); valid && label.validKey(key) {
			labels[key] = value
		} else {
			ok = false
		}
	}
	return labels, ok
}

// validKey tells whether key is that of a label.
func (f *field) validKey(key string) bool {
	if problems := validation.IsQualifiedName(key); len(problems) > 0 {
		f.reject("%q is no label key", key)
		return false
	}
	return true
}

// labelValue returns a label's value; null is the empty value.
func (f *field) labelValue() (value string, ok bool) {
	if value, ok = f.text(); !ok {
		return "", false
	}
	if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
		f.reject("%q is no label value", value)
		return "", false
	}
	return value, true
}

// describe names a value that has the wrong type, as it was read.
func describe(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return fmt.Sprintf("the string %q", v)
	case bool:
		return fmt.Sprintf("the boolean %t", v)
	default:
		return fmt.Sprintf("the number %v", v)
	}
}
