package netpol

import "reflect"

// recent remembers what mappings and lists were decoded to lately. Package manifest
// makes the same value of what is written the same, so most of the selectors and ports
// of a repository need not be looked into.
type recent[T any] [256]struct {
	identity uintptr // of a mapping or list of an object, which is in use while others are read
	value    T
}

// recall returns what decode makes of a field, unless it did that lately. What has
// problems is decoded each time, for each has its own place.
func recall[T any](f *field, r *recent[T], decode func(*field) T) T {
	identity := identityOf(f.value)
	slot := &r[uint64(identity)*0x9e3779b97f4a7c15>>56]
	if identity != 0 && slot.identity == identity {
		return slot.value
	}
	problems := len(f.reader.problems)
	value := decode(f)
	if len(f.reader.problems) == problems {
		slot.identity, slot.value = identity, value
	}
	return value
}

// identityOf returns a number that no other mapping or list has, and 0 for what is
// neither.
func identityOf(value any) uintptr {
	switch value.(type) {
	case map[string]any, []any:
		return reflect.ValueOf(value).Pointer()
	default:
		return 0
	}
}
