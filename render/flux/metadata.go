package flux

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/ringfence/ringfence/manifest"
)

// Metadata are labels and annotations that are set on all objects that a
// Kustomization or release applies.
type Metadata struct {
	fields map[string]map[string]string // labels and annotations
	by     *manifest.Object
}

// Content identifies what is set, and by what; empty for nil.
func (m *Metadata) Content() string {
	if m == nil {
		return ""
	}
	return fmt.Sprintf("%+v %s %s", m.fields, m.by.Ref, m.by.Pos)
}

// File is where it is set; empty for nil.
func (m *Metadata) File() string {
	if m == nil {
		return ""
	}
	return m.by.File
}

// Metadata is what the Kustomization sets on all objects; nil for nothing.
func (k *Kustomization) Metadata() *Metadata {
	if m := k.Spec.CommonMetadata; m != nil {
		return newMetadata(k.Object, m.Labels, m.Annotations)
	}
	return nil
}

// Metadata is what the release sets on all objects; nil for nothing.
func (r *Release) Metadata() *Metadata {
	if m := r.spec.CommonMetadata; m != nil {
		return newMetadata(r.Object, m.Labels, m.Annotations)
	}
	return nil
}

func newMetadata(by *manifest.Object, labels, annotations map[string]string) *Metadata {
	return &Metadata{fields: map[string]map[string]string{"labels": labels, "annotations": annotations}, by: by}
}

// Apply returns the object with the metadata. What is set is where it is set.
func (m *Metadata) Apply(o *manifest.Object) *manifest.Object {
	if m == nil {
		return o
	}
	meta := maps.Clone(manifest.Mapping(o.Data, "metadata"))
	if meta == nil {
		meta = make(map[string]any)
	}
	for field, set := range m.fields {
		values := maps.Clone(manifest.Mapping(meta, field))
		if values == nil && len(set) > 0 {
			values = make(map[string]any)
		}
		for key, value := range set {
			values[key] = value
		}
		if values != nil {
			meta[field] = values
		}
	}
	data := maps.Clone(o.Data)
	data["metadata"] = meta
	changed, err := remade(data, func(path []any) manifest.Origin {
		if len(path) == 3 && path[0] == "metadata" {
			field, _ := path[1].(string)
			key, _ := path[2].(string)
			if _, ok := m.fields[field][key]; ok {
				return m.by.At("spec", "commonMetadata", field, key)
			}
		}
		return o.At(path...)
	})
	if err != nil || changed == nil {
		return o // it was an object, and still is
	}
	changed.Namespace = o.Namespace
	return changed
}

// remade makes an object of data, whose fields are where at says.
func remade(data any, at func(path []any) manifest.Origin) (*manifest.Object, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	return fromJSON(text, at)
}

func fromJSON(text []byte, at func(path []any) manifest.Origin) (*manifest.Object, error) {
	doc, err := manifest.Document{Text: text}.Parse()
	if err != nil {
		return nil, err
	}
	return manifest.NewObject(doc, func(steps []manifest.Step) manifest.Origin { return at(manifest.PathOf(steps)) })
}
