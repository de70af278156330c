package argocd

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// decode decodes data into a struct. What has another type than the struct's field is
// a gap; the rest is decoded. Fields that the struct does not have are gaps too: below
// a path of essential, what is applied may depend on them; elsewhere they are remarks.
func decode(data any, at func(...any) manifest.Origin, into any, essential ...string) []manifest.Gap {
	text, err := json.Marshal(data)
	if err != nil {
		return []manifest.Gap{{Pos: at().Pos, Code: manifest.InvalidObject, Reason: oneLine(err.Error())}}
	}
	var gaps []manifest.Gap
	if err := json.Unmarshal(text, into); err != nil {
		gap := manifest.Gap{Pos: at().Pos, Code: manifest.InvalidObject, Reason: oneLine(err.Error())}
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			path := pathTo(data, strings.Split(wrong.Field, "."))
			gap.Pos = at(path...).Pos
			gap.Reason = fmt.Sprintf("field %q holds a %s, want %s", wrong.Field, wrong.Value, wrong.Type)
		}
		gaps = append(gaps, gap)
	}
	for _, path := range unknownFields(data, reflect.TypeOf(into), nil) {
		name := pathString(path)
		gaps = append(gaps, manifest.Gap{
			Pos: at(path...).Pos, Code: manifest.UnknownField, Reason: fmt.Sprintf("field %q is not understood", name),
			Note: !slices.ContainsFunc(essential, func(e string) bool { return strings.HasPrefix(name, e) }),
		})
	}
	return gaps
}

// named puts the name of the object before the reasons of gaps.
func named(gaps []manifest.Gap, name string) []manifest.Gap {
	for i := range gaps {
		gaps[i].Reason = name + ": " + gaps[i].Reason
	}
	return gaps
}

// pathTo turns the keys of an error, which have no indexes, into a path: the first
// item of each list that has the rest.
func pathTo(data any, keys []string) []any {
	if len(keys) == 0 {
		return nil
	}
	if list, ok := data.([]any); ok {
		for i, item := range list {
			if m, _ := item.(map[string]any); m[keys[0]] != nil {
				return append([]any{i}, pathTo(item, keys)...)
			}
		}
		return nil
	}
	m, _ := data.(map[string]any)
	return append([]any{keys[0]}, pathTo(m[keys[0]], keys[1:])...)
}

func pathString(path []any) string {
	var b strings.Builder
	for _, step := range path {
		switch step := step.(type) {
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(step)
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		}
	}
	return b.String()
}

// unknownFields lists the paths of fields that a type does not have. A field of type
// any may hold anything.
func unknownFields(data any, t reflect.Type, path []any) [][]any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var unknown [][]any
	down := func(value any, t reflect.Type, step any) {
		unknown = append(unknown, unknownFields(value, t, append(path[:len(path):len(path)], step))...)
	}
	switch t.Kind() {
	case reflect.Struct:
		fields := fieldsOf(t)
		m, _ := data.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if ft, ok := fields[key]; ok {
				down(m[key], ft, key)
			} else {
				unknown = append(unknown, append(path[:len(path):len(path)], key))
			}
		}
	case reflect.Slice:
		list, _ := data.([]any)
		for i, item := range list {
			down(item, t.Elem(), i)
		}
	case reflect.Map:
		m, _ := data.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(m)) {
			down(m[key], t.Elem(), key)
		}
	}
	return unknown
}

// fieldsOf lists the fields of a struct by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type)
	for field := range t.Fields() {
		if field.Anonymous {
			for name, inner := range fieldsOf(field.Type) {
				fields[name] = inner // the fields that follow hide it
			}
		} else if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			fields[name] = field.Type
		}
	}
	return fields
}
