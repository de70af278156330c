package argocd

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"dario.cat/mergo"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
)

// applicationSetObject is the part of an ApplicationSet that matters here.
type applicationSetObject struct {
	APIVersion any        `json:"apiVersion"`
	Kind       any        `json:"kind"`
	Metadata   objectMeta `json:"metadata"`
	Spec       struct {
		GoTemplate                   bool               `json:"goTemplate"`
		GoTemplateOptions            []string           `json:"goTemplateOptions"`
		Generators                   []writtenGenerator `json:"generators"`
		Template                     any                `json:"template"`
		TemplatePatch                string             `json:"templatePatch"`
		SyncPolicy                   any                `json:"syncPolicy"`
		Strategy                     any                `json:"strategy"`
		PreservedFields              any                `json:"preservedFields"`
		ApplyNestedSelectors         any                `json:"applyNestedSelectors"`
		IgnoreApplicationDifferences any                `json:"ignoreApplicationDifferences"`
	} `json:"spec"`
	Status any `json:"status"`
}

// writtenGenerator decodes like a generator whose combined generators hold generators.
type writtenGenerator struct {
	generator
	Matrix *writtenCombination `json:"matrix"`
	Merge  *writtenCombination `json:"merge"`
}

type writtenCombination struct {
	Generators []writtenGenerator `json:"generators"`
	MergeKeys  []string           `json:"mergeKeys"`
	Template   any                `json:"template"`
}

// Applications evaluates an ApplicationSet. Gaps name what its generators cannot make,
// and fields that are not understood.
func (r *Repository) Applications(doc Document) ([]Application, []manifest.Gap) {
	var o applicationSetObject
	e := &evaluation{Repository: r, Document: doc}
	gaps := decode(doc.Data, doc.At, &o, "spec.generators", "spec.template")
	e.gaps = named(gaps, fmt.Sprintf("ApplicationSet %q", o.Metadata.Name))
	e.name, e.namespace, e.patch = o.Metadata.Name, o.Metadata.Namespace, o.Spec.TemplatePatch
	e.renderer = renderer{goTemplate: o.Spec.GoTemplate, options: o.Spec.GoTemplateOptions, run: r.once()}
	data := plainMap(doc.Data)
	e.template, _ = manifest.Lookup(data, "spec", "template").(map[string]any)
	generators, _ := manifest.Lookup(data, "spec", "generators").([]any)
	for i, written := range generators {
		if m, ok := written.(map[string]any); ok {
			e.generator(i, m)
		}
	}
	return e.made, e.gaps
}

// evaluation is the work of one call of Applications.
type evaluation struct {
	*Repository
	Document
	renderer
	name, namespace string
	template        map[string]any
	patch           string
	made            []Application
	gaps            []manifest.Gap
}

func (e *evaluation) fail(err error, path ...any) {
	gap := manifest.Gap{Pos: e.At(path...).Pos, Code: manifest.InvalidObject, Reason: fmt.Sprintf("ApplicationSet %q: %s", e.name, oneLine(err.Error()))}
	var f *fault
	var stopped *StoppedError
	switch {
	case errors.As(err, &stopped):
		gap.Code = stopped.Code
	case errors.As(err, &f):
		gap.Code = f.code
	}
	if !slices.Contains(e.gaps, gap) {
		e.gaps = append(e.gaps, gap)
	}
}

// generator makes the applications of one generator.
func (e *evaluation) generator(i int, written map[string]any) {
	g := generation{Repository: e.Repository, renderer: e.renderer}
	list, kind, err := g.params(written, nil, 1)
	at := []any{"spec", "generators", i}
	if kind != "" {
		at = append(at, kind)
	}
	if err != nil {
		e.fail(err, at...)
	}
	t := generatedTemplate{evaluation: e, own: append(at, "template")}
	t.ownTemplate, _ = manifest.Lookup(written, kind, "template").(map[string]any)
	t.merged, _ = plain(t.ownTemplate).(map[string]any)
	if t.merged == nil {
		t.merged = make(map[string]any)
	}
	// The template of the generator wins, also over fields that both have.
	if err := mergo.Merge(&t.merged, plainMap(e.template)); err != nil {
		e.fail(err, t.own...)
		return
	}
	for _, params := range list {
		app, err := t.application(params)
		if err != nil {
			if !errors.As(err, new(*StoppedError)) {
				err = &fault{manifest.TemplateFailed, err.Error()}
			}
			e.fail(err, "spec", "template")
			continue
		}
		e.made = append(e.made, app)
	}
}

// generatedTemplate is the template of one generator.
type generatedTemplate struct {
	*evaluation
	own         []any // path of the generator's own template
	ownTemplate map[string]any
	merged      map[string]any
}

func (t *generatedTemplate) application(params map[string]any) (Application, error) {
	data := t.merged
	if len(params) > 0 { // as Argo CD: without parameters nothing is rendered
		rendered, err := t.all(t.merged, params)
		if err != nil {
			return Application{}, err
		}
		data = rendered.(map[string]any)
	}
	before := data
	if t.patch != "" {
		patched, err := t.patched(data, params)
		if err != nil {
			return Application{}, fmt.Errorf("templatePatch: %w", err)
		}
		data = patched
	}
	metadata := plainMap(data["metadata"])
	if metadata == nil {
		metadata = make(map[string]any)
	}
	if t.namespace != "" {
		metadata["namespace"] = t.namespace
	} else {
		delete(metadata, "namespace")
	}
	app := Decode(Document{
		Data: map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": data["spec"]},
		At:   t.locator(before, data),
	})
	app.Set = t.name
	t.unresolved(&app)
	return app, nil
}

// locator tells where the fields of an application are written: in the patch, in the
// generator's own template, or in that of the ApplicationSet.
func (t *generatedTemplate) locator(before, data map[string]any) func(...any) manifest.Origin {
	return func(path ...any) manifest.Origin {
		if len(path) == 0 {
			return t.At("spec", "template")
		}
		value := manifest.Lookup(data, path...)
		if !reflect.DeepEqual(manifest.Lookup(before, path...), value) {
			origin := t.At("spec", "templatePatch")
			origin.Exact = false
			return origin
		}
		origin, written := t.At(append([]any{"spec", "template"}, path...)...), manifest.Lookup(t.template, path...)
		if own := manifest.Lookup(t.ownTemplate, path...); own != nil {
			origin, written = t.At(append(slices.Clone(t.own), path...)...), own
		}
		origin.Exact = origin.Exact && reflect.DeepEqual(written, value)
		return origin
	}
}

// patched renders the templatePatch and merges it. Lists of Applications have no merge
// keys, so that they are replaced; null deletes. The project stays.
func (t *generatedTemplate) patched(data, params map[string]any) (map[string]any, error) {
	text, err := t.text(t.patch, params)
	if err != nil {
		return nil, err
	}
	var patch map[string]any
	if err := sigsyaml.Unmarshal([]byte(text), &patch); err != nil {
		return nil, errors.New(oneLine(err.Error()))
	}
	if directive := patchDirective.FindString(text); directive != "" {
		return nil, fmt.Errorf("the directive %q is not evaluated", strings.TrimSuffix(directive, ":"))
	}
	out := mergePatch(data, patch)
	if spec, ok := out["spec"].(map[string]any); ok {
		spec["project"] = manifest.Lookup(data, "spec", "project")
	}
	return out, nil
}

var patchDirective = regexp.MustCompile(`\$(patch|retainKeys|setElementOrder|deleteFromPrimitiveList)[\w/]*:`)

func mergePatch(data, patch map[string]any) map[string]any {
	out := make(map[string]any, len(data))
	maps.Copy(out, data)
	for key, value := range patch {
		over, isMap := value.(map[string]any)
		under, both := out[key].(map[string]any)
		switch {
		case value == nil:
			delete(out, key)
		case isMap && both:
			out[key] = mergePatch(under, over)
		case isMap:
			out[key] = mergePatch(nil, over)
		default:
			out[key] = value
		}
	}
	return out
}

// leftOver is what stays in a text where there was no parameter.
var leftOver = regexp.MustCompile(`{{\s*([^{}]*?)\s*}}|<no value>`)

// unresolved leaves a gap where a parameter is missing in a source or destination.
func (t *generatedTemplate) unresolved(app *Application) {
	var names []string
	var first []any
	var visit func(value any, path []any)
	visit = func(value any, path []any) {
		switch v := value.(type) {
		case string:
			for _, m := range leftOver.FindAllStringSubmatch(v, -1) {
				if first == nil {
					first = path
				}
				if name := cmp.Or(m[1], m[0]); !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				visit(v[key], append(path[:len(path):len(path)], key))
			}
		case []any:
			for i, item := range v {
				visit(item, append(path[:len(path):len(path)], i))
			}
		}
	}
	for _, field := range []string{"source", "sources", "sourceHydrator", "destination"} {
		path := []any{"spec", field}
		visit(manifest.Lookup(app.Data, path...), path)
	}
	if len(names) == 0 {
		return
	}
	app.Unresolved = true
	app.gap(app.At(first...).Pos, manifest.TemplateFailed, fmt.Sprintf("%s needs parameters that no generator gives: %s", app, strings.Join(names, ", ")))
}
