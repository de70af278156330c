package manifest

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"sync"
)

// errEncoding is the error for what Encode did not write.
var errEncoding = errors.New("not an encoding of objects")

// Decode reads what Encode wrote. The places of an object are read when one is asked
// for. Encodings that were damaged are an error, or objects with other data; they never
// take more memory than their size allows.
func Decode[T string | []byte](encoded T) ([]*Object, error) {
	d := newDecoder(string(encoded))
	var objects []*Object
	for n := d.count(1); n > 0 && !d.failed; n-- {
		objects = append(objects, d.object())
	}
	if d.failed || len(d.rest) > 0 {
		return nil, errEncoding
	}
	return objects, nil
}

// DecodeValue reads what EncodeValue wrote.
func DecodeValue[T string | []byte](encoded T) (any, error) {
	d := newDecoder(string(encoded))
	v := d.value(0)
	if d.failed || len(d.rest) > 0 {
		return nil, errEncoding
	}
	return v, nil
}

// A decoder reads one encoding. After the first mistake everything it reads is zero.
type decoder struct {
	rest    string
	strings []any // each holds a string, so that values share it
	failed  bool
}

func newDecoder(encoded string) *decoder {
	d := &decoder{rest: encoded}
	n := d.count(1)
	d.strings = make([]any, 0, n)
	for ; n > 0; n-- {
		d.strings = append(d.strings, d.take(d.count(1)))
	}
	return d
}

// fail gives up.
func (d *decoder) fail() {
	d.failed, d.rest = true, ""
}

func (d *decoder) unsigned() uint64 {
	var n uint64
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		b := d.rest[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			d.rest = d.rest[i+1:]
			return n
		}
	}
	d.fail()
	return 0
}

func (d *decoder) signed() int64 {
	n := d.unsigned()
	if n&1 != 0 {
		return ^int64(n >> 1)
	}
	return int64(n >> 1)
}

// count reads how many things follow that have at least size bytes each.
func (d *decoder) count(size int) int {
	n := d.unsigned()
	if n > uint64(len(d.rest)/size) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) take(n int) string {
	if n > len(d.rest) {
		d.fail()
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) byte() byte {
	if s := d.take(1); s != "" {
		return s[0]
	}
	return 0
}

// shared reads a string, as a value that all that are equal share.
func (d *decoder) shared() any {
	n := d.unsigned()
	if n >= uint64(len(d.strings)) {
		d.fail()
		return ""
	}
	return d.strings[n]
}

func (d *decoder) text() string { return d.shared().(string) }

func (d *decoder) object() *Object {
	o := &Object{APIVersion: d.text()}
	o.Group, o.Kind, o.Namespace, o.Name = d.text(), d.text(), d.text(), d.text()
	o.Data, _ = d.value(0).(map[string]any)
	places := &decoder{rest: d.take(d.count(1)), strings: d.strings}
	first, _ := places.origin(Pos{})
	o.Origin = first
	o.places = &recorded{data: o.Data, decoder: places, first: first.Pos}
	if o.Data == nil || places.failed {
		d.fail()
	}
	return o
}

func (d *decoder) value(depth int) any {
	if depth > maxDepth+1 {
		d.fail()
		return nil
	}
	switch d.byte() {
	case encodedNil:
		return nil
	case encodedFalse:
		return false
	case encodedTrue:
		return true
	case encodedInt:
		return d.signed()
	case encodedUint:
		return d.unsigned()
	case encodedFloat:
		if s := d.take(8); s != "" {
			return math.Float64frombits(binary.LittleEndian.Uint64([]byte(s)))
		}
	case encodedString:
		return d.shared()
	case encodedMapping:
		n := d.count(2)
		m := make(map[string]any, n)
		for ; n > 0; n-- {
			key := d.text()
			m[key] = d.value(depth + 1)
		}
		return m
	case encodedList:
		n := d.count(1)
		list := make([]any, 0, n)
		for ; n > 0; n-- {
			list = append(list, d.value(depth+1))
		}
		return list
	default:
		d.fail()
	}
	return nil
}

// origin reads a place that follows another one. Inner is the number of places within.
func (d *decoder) origin(last Pos) (o Origin, inner int) {
	said := d.byte()
	o.Pos, o.Exact = last, said&exactPlace != 0
	if said&otherFile != 0 {
		o.File = d.text()
	}
	if said&otherLine != 0 {
		o.Line += int(d.signed())
		o.Column = int(d.signed())
	}
	if said&viaPlaces != 0 {
		for n := d.count(3); n > 0; n-- {
			o.Via = append(o.Via, Pos{File: d.text(), Line: int(d.signed()), Column: int(d.signed())})
		}
	}
	if said&innerPlaces != 0 {
		inner = d.count(1)
	}
	return o, inner
}

// recorded are the places that an encoding holds.
type recorded struct {
	data    map[string]any
	decoder *decoder
	first   Pos // the one before them

	once sync.Once
	list []place
}

// A place is that of one field. Places stand in a list in the order of the walk: a
// collection before what is in it.
type place struct {
	Origin
	inner int // places within that are known, those of the fields alone
	next  int // index of the place after this one and all within
}

func (r *recorded) read() {
	d := r.decoder
	last := r.first
	var read func(depth int)
	read = func(depth int) {
		origin, inner := d.origin(last)
		last = origin.Pos
		i := len(r.list)
		r.list = append(r.list, place{Origin: origin, inner: inner})
		if depth > maxDepth+1 {
			d.fail()
		}
		for n := inner; n > 0 && !d.failed; n-- {
			read(depth + 1)
		}
		r.list[i].next = len(r.list)
	}
	read(0)
	r.decoder = nil
}

func (r *recorded) at(path []any) (Origin, bool) {
	r.once.Do(r.read)
	i, data := 0, any(r.data)
	for _, p := range path {
		var n int // which of the places within
		var next any
		found := false
		switch p := p.(type) {
		case string:
			m, _ := data.(map[string]any)
			if next, found = m[p]; found {
				n = rank(m, p)
			}
		case int:
			list, _ := data.([]any)
			if found = p >= 0 && p < len(list); found {
				n, next = p, list[p]
			}
		default:
			panic(wrongElement(p))
		}
		if !found || n >= r.list[i].inner {
			return r.list[i].Origin, false
		}
		for i++; n > 0 && i < len(r.list); n-- {
			i = r.list[i].next
		}
		if i >= len(r.list) { // the encoding was damaged
			return r.list[0].Origin, false
		}
		data = next
	}
	return r.list[i].Origin, true
}

// rank is the number of keys that come before one.
func rank(m map[string]any, key string) int {
	n := 0
	for k := range m {
		if strings.Compare(k, key) < 0 {
			n++
		}
	}
	return n
}
