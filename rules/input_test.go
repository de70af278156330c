package rules

import (
	"reflect"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// What OPA gets is what it would make of the value itself.
func TestTerm(t *testing.T) {
	type inner struct {
		ID int `json:"id"`
	}
	type outer struct {
		inner
		Name  string  `json:"name"`
		Yes   bool    `json:"yes"`
		Path  []any   `json:"path"`
		Empty []int   `json:"empty"`
		Inner []inner `json:"inner"`
		Far   *inner  `json:"far"`
	}
	value := &outer{inner{7}, "a", true, []any{"x", 1}, []int{}, []inner{{1}, {20000}}, &inner{2}}
	for _, v := range []any{value, map[string]any{"a": []any{1, "b", nil, 2.5}}} {
		want, err := ast.InterfaceToValue(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := term(reflect.ValueOf(v))
		if err != nil || got.Value.Compare(want) != 0 {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}
