package manifest

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everywhere lists where all fields of an object are, and of some that it lacks.
func everywhere(o *Object) map[string]Origin {
	all := make(map[string]Origin)
	var visit func(v any, path []any)
	visit = func(v any, path []any) {
		key := fmt.Sprintf("%q", path)
		all[key] = o.At(path...)
		all[key+".none"] = o.At(append(path[:len(path):len(path)], "none", 3)...)
		all[key+".9"] = o.At(append(path[:len(path):len(path)], 9)...)
		switch v := v.(type) {
		case map[string]any:
			for k, item := range v {
				visit(item, append(path[:len(path):len(path)], k))
			}
		case []any:
			for i, item := range v {
				visit(item, append(path[:len(path):len(path)], i))
			}
		}
	}
	visit(o.Data, nil)
	return all
}

var encodable = []string{
	deployment,
	`{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "é", "namespace": "a"}}]}`,
	"apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n  data: {x: ''}\n",
	"apiVersion: v1\nkind: Odd\nmetadata: {}\nspec: {big: 18446744073709551615, float: 1.5, small: -3, nothing: null, yes: true, no: false, list: [[], [1, [2]]], 5: five}\n",
	"kind: Twice\napiVersion: v1\nspec:\n  a: &x {b: [1]}\n  c: *x\n  a2: {<<: *x, d: 1}\n",
}

func TestEncode(t *testing.T) {
	for _, text := range encodable {
		objects, gaps := Parse("dir/f.yaml", []byte(text))
		if len(objects) == 0 || len(gaps) > 0 {
			t.Fatalf("%s: got %d objects, %v", text, len(objects), gaps)
		}
		objects = append(objects, objects[0].WithNamespace("other").WithName("another"))
		objects = append(objects, objects[0].WithOrigins(func(o Origin) Origin {
			o.Via = append(o.Via, Pos{File: "via.yaml", Line: o.Line, Column: 3})
			return o
		}))
		encoded := Encode(objects)
		got, err := Decode(encoded)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(got) != len(objects) {
			t.Fatalf("%s: %d objects became %d", text, len(objects), len(got))
		}
		for i, o := range objects {
			if got[i].Ref != o.Ref || got[i].APIVersion != o.APIVersion {
				t.Errorf("%s: %s became %s", text, o.Ref, got[i].Ref)
			}
			if diff := cmp.Diff(o.Origin, got[i].Origin); diff != "" {
				t.Errorf("%s: (-want +got):\n%s", text, diff)
			}
			if diff := cmp.Diff(o.Data, got[i].Data); diff != "" {
				t.Errorf("%s: (-want +got):\n%s", text, diff)
			}
			if diff := cmp.Diff(everywhere(o), everywhere(got[i])); diff != "" {
				t.Errorf("%s: (-want +got):\n%s", text, diff)
			}
		}
		if again := Encode(got); !bytes.Equal(again, encoded) {
			t.Errorf("%s: what was decoded is encoded otherwise", text)
		}
	}
}

func TestEncodeValue(t *testing.T) {
	for _, v := range []any{nil, true, int64(math.MinInt64), uint64(math.MaxUint64), 1e6, math.Inf(-1), "", []any{}, map[string]any{"a": []any{nil, "a"}}} {
		got, err := DecodeValue(EncodeValue(v))
		if diff := cmp.Diff(v, got); diff != "" || err != nil {
			t.Errorf("%v: %v (-want +got):\n%s", v, err, diff)
		}
	}
}

// TestEncodeSchema shows what is not kept: where the parts of a schema are.
func TestEncodeSchema(t *testing.T) {
	objects, _ := Parse("f.yaml", []byte("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  versions:\n  - schema:\n      openAPIV3Schema:\n        type: object\n    name: v1\n"))
	got, err := Decode(Encode(objects))
	if err != nil {
		t.Fatal(err)
	}
	if o := got[0].At("spec", "versions", 0, "name"); !cmp.Equal(o, at(8, 5, true)) {
		t.Errorf("what follows the schema is at %v", o)
	}
	if o := got[0].At("spec", "versions", 0, "schema", "openAPIV3Schema", "type"); !cmp.Equal(o, at(6, 7, false)) {
		t.Errorf("a part of the schema is at %v", o)
	}
	if diff := cmp.Diff(objects[0].Data, got[0].Data); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzDecode reads damaged encodings: an error or other objects, never a panic.
func FuzzDecode(f *testing.F) {
	for _, text := range encodable {
		objects, _ := Parse("f.yaml", []byte(text))
		f.Add(Encode(objects))
		f.Add(EncodeValue(objects[0].Data))
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		if objects, err := Decode(encoded); err == nil {
			for _, o := range objects {
				everywhere(o)
			}
			if _, err := Decode(Encode(objects)); err != nil {
				t.Errorf("what was decoded and encoded again is refused: %v", err)
			}
		}
		_, _ = DecodeValue(encoded)
	})
}
