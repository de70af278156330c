package rules

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// term turns a value into what OPA evaluates, as encoding/json would turn it into JSON;
// OPA itself would write and read that JSON, which costs as much as evaluating the rules.
// Of structs it knows exported fields with a name in their json tag, and embedded ones.
func term(v reflect.Value) (*ast.Term, error) {
	switch v.Kind() {
	case reflect.Bool:
		return ast.InternedTerm(v.Bool()), nil
	case reflect.Int:
		return ast.InternedTerm(int(v.Int())), nil
	case reflect.String:
		return ast.InternedTerm(v.String()), nil
	case reflect.Pointer:
		if !v.IsNil() {
			return term(v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() {
			return term(v.Elem())
		}
	case reflect.Slice:
		terms := make([]*ast.Term, v.Len())
		for i := range terms {
			var err error
			if terms[i], err = term(v.Index(i)); err != nil {
				return nil, err
			}
		}
		return ast.ArrayTerm(terms...), nil
	case reflect.Struct:
		fields := fieldsOf(v.Type())
		pairs := make([][2]*ast.Term, len(fields))
		for i, f := range fields {
			t, err := term(v.FieldByIndex(f.index))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.name.Value, err)
			}
			pairs[i] = [2]*ast.Term{f.name, t}
		}
		return ast.ObjectTerm(pairs...), nil
	}
	value, err := ast.InterfaceToValue(v.Interface())
	return ast.NewTerm(value), err
}

// field is a field of a struct: its name in JSON and where it is.
type field struct {
	name  *ast.Term
	index []int
}

// known holds the fields of the types that were met: reflect.Type → []field.
var known sync.Map

func fieldsOf(t reflect.Type) []field {
	if fields, ok := known.Load(t); ok {
		return fields.([]field)
	}
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && f.IsExported() {
			fields = append(fields, field{ast.StringTerm(name), f.Index})
		}
	}
	known.Store(t, fields)
	return fields
}
