package flux

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	fluxkustomize "github.com/fluxcd/pkg/apis/kustomize"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/kustomize"
)

// Overlay is what the Kustomization changes in the kustomization of dir, the folder
// that it applies; nil for nothing. The gaps name components that it cannot have.
func (c *Cluster) Overlay(k *Kustomization, dir string) (*kustomize.Overlay, []manifest.Gap) {
	b := newOverlay(k.Object)
	b.text("namespace", k.Spec.TargetNamespace, "spec", "targetNamespace")
	b.text("namePrefix", k.Spec.NamePrefix, "spec", "namePrefix")
	b.text("nameSuffix", k.Spec.NameSuffix, "spec", "nameSuffix")
	b.patches(k.Spec.Patches, "spec", "patches")
	for i, patch := range k.Spec.PatchesStrategicMerge {
		b.patch(patch, nil, "spec", "patchesStrategicMerge", i)
	}
	for i, patch := range k.Spec.PatchesJSON6902 {
		b.patch(patch.Patch, &patch.Target, "spec", "patchesJson6902", i)
	}
	b.images(k.Spec.Images, "spec", "images")
	for i, component := range k.Spec.Components {
		at := []any{"spec", "components", i}
		switch name := path.Join(dir, component); {
		case strings.Contains(component, "://") || path.IsAbs(component):
			b.gaps = append(b.gaps, manifest.Gap{
				Pos: k.At(at...).Pos, Code: manifest.RemoteReference, Reason: fmt.Sprintf("component %q is no relative path, which Flux refuses", component),
			})
		case k.Spec.IgnoreMissingComponents && !c.repo.Exists(name):
		default:
			b.add("components", component, at...)
		}
	}
	return b.overlay(), b.gaps
}

// PostRenderers are what is changed in what a release's chart renders to, in their
// order.
func (r *Release) PostRenderers() []*kustomize.Overlay {
	var overlays []*kustomize.Overlay
	for i, renderer := range r.spec.PostRenderers {
		if renderer.Kustomize == nil {
			continue
		}
		at := []any{"spec", "postRenderers", i, "kustomize"}
		b := newOverlay(r.Object)
		b.patches(renderer.Kustomize.Patches, append(at, "patches")...)
		if i < len(r.legacy.PostRenderers) && r.legacy.PostRenderers[i].Kustomize != nil {
			old := r.legacy.PostRenderers[i].Kustomize
			for j, patch := range old.PatchesStrategicMerge {
				b.patch(patch, nil, append(at, "patchesStrategicMerge", j)...)
			}
			for j, patch := range old.PatchesJSON6902 {
				b.patch(patch.Patch, &patch.Target, append(at, "patchesJson6902", j)...)
			}
		}
		b.images(renderer.Kustomize.Images, append(at, "images")...)
		if o := b.overlay(); o != nil {
			overlays = append(overlays, o)
		}
	}
	return overlays
}

// An overlayBuilder collects fields of an overlay, and where the object has them.
type overlayBuilder struct {
	object *manifest.Object
	fields map[string]any
	at     map[string][][]any // where the entries of a field are written; of a text, its first
	gaps   []manifest.Gap
}

func newOverlay(o *manifest.Object) *overlayBuilder {
	return &overlayBuilder{object: o, fields: make(map[string]any), at: make(map[string][][]any)}
}

func (b *overlayBuilder) text(field, text string, at ...any) {
	if text != "" {
		b.fields[field], b.at[field] = text, [][]any{at}
	}
}

// add appends an entry to a list.
func (b *overlayBuilder) add(field string, entry any, at ...any) {
	list, _ := b.fields[field].([]any)
	b.fields[field] = append(list, entry)
	b.at[field] = append(b.at[field], slices.Clone(at))
}

func (b *overlayBuilder) patches(patches []fluxkustomize.Patch, at ...any) {
	for i, p := range patches {
		b.add("patches", withTarget(map[string]any{"patch": p.Patch}, p.Target), append(slices.Clone(at), i)...)
	}
}

// patch adds a patch that is written as YAML of the object itself.
func (b *overlayBuilder) patch(patch any, target *fluxkustomize.Selector, at ...any) {
	text, err := json.Marshal(patch)
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	b.add("patches", withTarget(map[string]any{"patch": string(text)}, target), at...)
}

func withTarget(patch map[string]any, target *fluxkustomize.Selector) map[string]any {
	if target == nil {
		return patch
	}
	selector := make(map[string]any)
	for key, value := range map[string]string{
		"group": target.Group, "version": target.Version, "kind": target.Kind, "namespace": target.Namespace, "name": target.Name,
		"labelSelector": target.LabelSelector, "annotationSelector": target.AnnotationSelector,
	} {
		if value != "" {
			selector[key] = value
		}
	}
	patch["target"] = selector
	return patch
}

// images adds images. What one does not say stays as the kustomization has it; tag
// and digest are said together.
func (b *overlayBuilder) images(images []fluxkustomize.Image, at ...any) {
	for i, image := range images {
		entry := map[string]any{"name": image.Name, "newName": image.NewName, "newTag": image.NewTag, "digest": image.Digest}
		if image.NewName == "" {
			entry["newName"] = kustomize.Keep
		}
		if image.NewTag == "" && image.Digest == "" {
			entry["newTag"], entry["digest"] = kustomize.Keep, kustomize.Keep
		}
		b.add("images", entry, append(slices.Clone(at), i)...)
	}
}

func (b *overlayBuilder) overlay() *kustomize.Overlay {
	if len(b.fields) == 0 {
		return nil
	}
	return &kustomize.Overlay{Fields: b.fields, At: b.locate}
}

// locate tells where a field of the overlay is written in the object.
func (b *overlayBuilder) locate(path ...any) manifest.Origin {
	if len(path) == 0 {
		return b.object.At("spec")
	}
	field, _ := path[0].(string)
	places := b.at[field]
	if _, isList := b.fields[field].([]any); isList && len(path) > 1 {
		i, _ := path[1].(int)
		return b.object.At(append(slices.Clone(places[i]), path[2:]...)...)
	}
	if len(places) == 0 {
		return b.object.At("spec")
	}
	return b.object.At(places[0]...)
}
