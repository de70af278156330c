package netpol

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// field is a field of an object that is being read. Reading a value of another
// type than asked for leaves a gap at its line. Null counts as absent, as it
// does for the API server.
//
// Fields live in the decoder's pool and no longer than the reading of an object.
type field struct {
	reader *reader
	parent *field
	key    string // within a mapping
	index  int    // within a list, where key is empty
	value  any    // nil where absent
}

// reader reads one object and collects what is wrong with it.
type reader struct {
	*decoder
	object   *manifest.Object
	problems []Problem
	rejected int // of the problems
}

// Problem is something wrong with a field of an object.
type Problem struct {
	Path     []any // of the field, for Object.At
	Reason   string
	Rejected bool // the API server does not accept it; else it is only worth a note
	// Placeholder is a variable in the field that Flux or envsubst may replace, empty
	// where there is none.
	Placeholder string
}

// gaps returns the problems as gaps.
func (r *reader) gaps() []manifest.Gap {
	var gaps []manifest.Gap
	code := manifest.InvalidObject
	if k := kindOf(r.object); k.isNetworkPolicy() || k.isForeignPolicy() {
		code = manifest.InvalidPolicy
	}
	for _, p := range r.problems {
		g := manifest.Gap{Pos: r.object.At(p.Path...).Pos, Code: code, Note: !p.Rejected}
		if p.Placeholder != "" {
			g.Code = manifest.UnknownValue
			p.Reason = p.Placeholder + " is a variable, of which nothing tells what replaces it before this is applied"
		}
		g.Reason = fmt.Sprintf("%s %q: %s: %s", r.object.Kind, r.object.Name, pathText(p.Path), p.Reason)
		gaps = append(gaps, g)
	}
	return gaps
}

// decoder is what readers of one object after the other share, so that they need
// not ask for memory each time.
type decoder struct {
	arenas
	fields []field // room for those of an object
	used   int     // of it

	// Of the mapping of labels read last: these, and the requirements that they stand for.
	labels       []label
	required     []Requirement
	requiredText []string

	interned  map[string]*Selector         // selectors by what they say
	labelSets map[string]map[string]string // labels likewise
	key       []byte

	askedForAdded bool // some selector asks for a label that controllers add

	recentSelectors      recent[*Selector]
	recentLabels         recent[*Selector] // of labels alone
	recentRulePorts      recent[[]*RulePort]
	recentContainerPorts recent[[]Port]
	recentServicePorts   recent[[]ServicePort]
}

// newDecoder makes a decoder that knows some selectors, to which it adds those that it
// reads.
func newDecoder(interned map[string]*Selector) *decoder {
	return &decoder{interned: interned, labelSets: map[string]map[string]string{}}
}

const fieldBlock = 128

// take returns room for fields in a row. What they hold is of an object read before.
func (d *decoder) take(n int) []field {
	if d.used+n > len(d.fields) { // those in use keep the block that they are in
		d.fields, d.used = make([]field, max(2*len(d.fields), fieldBlock)), 0
	}
	taken := d.fields[d.used : d.used+n : d.used+n]
	d.used += n
	return taken
}

func (r *reader) root() *field {
	f := &r.take(1)[0]
	*f = field{reader: r, value: r.object.Data}
	return f
}

func (f *field) child(key string) *field {
	m, _ := f.value.(map[string]any)
	c := &f.reader.take(1)[0]
	*c = field{reader: f.reader, parent: f, key: key, value: m[key]}
	return c
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
		if f.key != "" {
			path = append(path, f.key)
		} else {
			path = append(path, f.index)
		}
	}
	slices.Reverse(path)
	return path
}

// pathText writes a path as in "spec.ingress[0].from".
func pathText(path []any) string {
	var b strings.Builder
	for _, key := range path {
		if index, ok := key.(int); ok {
			fmt.Fprintf(&b, "[%d]", index)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, key)
	}
	return b.String()
}

// reject leaves a problem: the API server does not accept the field.
func (f *field) reject(format string, args ...any) {
	f.reader.rejected++
	f.problem(true, fmt.Sprintf(format, args...))
}

// note leaves a problem that hides nothing.
func (f *field) note(format string, args ...any) { f.problem(false, fmt.Sprintf(format, args...)) }

func (f *field) problem(rejected bool, reason string) {
	text, _ := f.value.(string)
	f.reader.problems = append(f.reader.problems, Problem{
		Path: f.path(), Reason: reason, Rejected: rejected, Placeholder: manifest.Placeholder(f.key + " " + text),
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
	for _, key := range f.others(known...) {
		f.child(key).note("unknown field, ignored")
	}
}

// fields returns the children with the given keys, which are the only ones that are
// known.
func (f *field) fields(known ...string) []field {
	children, others := f.some(known...)
	if others > 0 {
		f.only(known...)
	}
	return children
}

// some returns the children with the given keys, and how many others there are. It
// looks no further once it has met all that the mapping holds: rare keys come last.
func (f *field) some(keys ...string) (children []field, others int) {
	m, _ := f.value.(map[string]any)
	unmet := len(m)
	children = f.reader.take(len(keys))
	for i, key := range keys {
		children[i] = field{reader: f.reader, parent: f, key: key}
		if unmet > 0 {
			if value, has := m[key]; has {
				children[i].value = value
				unmet--
			}
		}
	}
	return children, unmet
}

// others returns the keys of a mapping that are none of those known, sorted.
func (f *field) others(known ...string) []string {
	m, _ := f.value.(map[string]any)
	var others []string
	for key := range m {
		if !slices.Contains(known, key) {
			others = append(others, key)
		}
	}
	slices.Sort(others)
	return others
}

// length returns the number of items of a list, 0 where it is absent; ok is false
// where it is something else.
func (f *field) length() (n int, ok bool) {
	list, ok := f.value.([]any)
	if !ok && f.present() {
		f.reject("is %s, want a list", describe(f.value))
		return 0, false
	}
	return len(list), true
}

// item returns an item of what length found to be a list.
func (f *field) item(i int) *field {
	c := &f.reader.take(1)[0]
	*c = field{reader: f.reader, parent: f, index: i, value: f.value.([]any)[i]}
	return c
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

// number returns a whole number from lo to hi, 0 where absent; ok is false where
// it is another number or something else.
func (f *field) number(what string, lo, hi int) (number int, ok bool) {
	n, ok := f.whole()
	switch {
	case !f.present():
		return 0, true
	case !ok:
		f.reject("is %s, want a %s", describe(f.value), what)
		return 0, false
	case n < lo || n > hi:
		f.reject("is %d, want a %s from %d to %d", n, what, lo, hi)
		return 0, false
	}
	return n, true
}

// whole returns a whole number; 80.0 is one, for kubectl writes it as 80.
func (f *field) whole() (n int, ok bool) {
	switch v := f.value.(type) {
	case int64:
		return int(v), true
	case float64:
		return int(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	default:
		return 0, false
	}
}

// port returns a port number, 0 where absent; ok is false where it is something
// else or out of range.
func (f *field) port() (number int, ok bool) {
	if n, isInt := f.value.(int64); isInt && n >= FirstPort && n <= LastPort {
		return int(n), true
	}
	if _, isNumber := f.whole(); f.present() && !isNumber {
		f.reject("is %s, want a port number", describe(f.value))
		return 0, false
	}
	return f.number("port", FirstPort, LastPort)
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
