package render

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/kustomize"
)

// Fields of a target that do not decide what is made of its files, and why.
var (
	aboutResult = []string{
		"Name", "Envs", "Why", "Scope", "Namespaces", "Gaps", // added to the result
		"application", "others", "configured", "followed", "reconciled", // for Find
		"Pos", // follows from Kind and Dir
	}
	doneHere = []string{"Variables", "Metadata"} // applied to what workers make; source has their Content
)

// TestTargetFields sets each field of a target: what is made of its files is then made
// anew, and a worker is told of it. A new field fails until it is in one of the lists of
// source, recipe and readRecipe, or above.
func TestTargetFields(t *testing.T) {
	all := filled[Target](t)
	all.Kind = Helm
	all.Overlays = []*kustomize.Overlay{{Fields: map[string]any{"namespace": "n"}, At: func(...any) manifest.Origin { return manifest.Origin{} }}}
	got := sent(t, Options{}, all)
	decides := func(name string) {
		t.Helper()
		without := all
		field := reflect.ValueOf(&without).Elem().FieldByName(name)
		field.SetZero()
		if name == "Kind" {
			without.Kind = Plain
		}
		if without.source() == all.source() {
			t.Errorf("source says nothing of %s", name)
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Target]()) {
		if slices.Contains(aboutResult, field.Name) || slices.Contains(doneHere, field.Name) {
			continue
		}
		decides(field.Name)
		want, have := reflect.ValueOf(all).FieldByIndex(field.Index).Interface(), reflect.ValueOf(got.target).FieldByIndex(field.Index).Interface()
		if diff := cmp.Diff(want, have, withoutFunctions); diff != "" {
			t.Errorf("a worker is told of %s (-want +got):\n%s", field.Name, diff)
		}
	}
	if got.target.Values[0].At == nil || got.target.Overlays[0].At == nil {
		t.Error("a worker cannot ask where values and overlays are written")
	}
	for i := range reflect.TypeFor[helm.Values]().NumField() {
		less := all
		less.Values = slices.Clone(all.Values)
		field := reflect.ValueOf(&less.Values[0]).Elem().Field(i)
		field.SetZero()
		if name := reflect.TypeFor[helm.Values]().Field(i).Name; name != "At" && less.source() == all.source() {
			t.Errorf("source says nothing of %s of values", name)
		}
	}
	for i := range reflect.TypeFor[helm.Setting]().NumField() {
		less := all
		less.Set = slices.Clone(all.Set)
		reflect.ValueOf(&less.Set[0]).Elem().Field(i).SetZero()
		if less.source() == all.source() {
			t.Errorf("source says nothing of %s of a setting", reflect.TypeFor[helm.Setting]().Field(i).Name)
		}
	}
}

// TestOptionsFields sends options to a worker: all but what only this process needs.
func TestOptionsFields(t *testing.T) {
	all := filled[Options](t)
	got := sent(t, all, Target{})
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Options]()) {
		if slices.Contains([]string{"Config", "Fetch", "Workers", "Ignores", "Cache"}, field.Name) {
			continue
		}
		want, have := reflect.ValueOf(all).FieldByIndex(field.Index).Interface(), reflect.ValueOf(got.options).FieldByIndex(field.Index).Interface()
		if diff := cmp.Diff(want, have, withoutFunctions); diff != "" {
			t.Errorf("a worker is told of %s (-want +got):\n%s", field.Name, diff)
		}
	}
}

var withoutFunctions = cmp.Options{cmpopts.IgnoreFields(helm.Values{}, "At"), cmpopts.IgnoreFields(kustomize.Overlay{}, "At")}

type received struct {
	options Options
	target  Target
}

// sent is what a worker gets of options and a target.
func sent(t *testing.T, opts Options, target Target) received {
	t.Helper()
	r := &Repository{opts: opts}
	_, options, got, err := readRecipe(r.recipe(target).encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return received{options, got}
}

// filled is a struct of which every exported field, and every one in those, has a value.
func filled[T any](t *testing.T) (v T) {
	t.Helper()
	fill(t, reflect.ValueOf(&v).Elem())
	return v
}

func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint64, reflect.Uint8:
		v.SetUint(1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Struct:
		for _, field := range reflect.VisibleFields(v.Type()) {
			if field.IsExported() && len(field.Index) == 1 {
				fill(t, v.FieldByIndex(field.Index))
			}
		}
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { return []reflect.Value{reflect.Zero(v.Type().Out(0))} }))
	case reflect.Pointer, reflect.Map: // of other packages
	default:
		t.Fatalf("no value of a %s is known", v.Type())
	}
}
