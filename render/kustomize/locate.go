package kustomize

import (
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/ringfence/ringfence/manifest"
)

// locate tells where a field was written; it is a manifest.Locator.
func (o *object) locate(steps []manifest.Step) manifest.Origin {
	last := steps[len(steps)-1].Value
	if len(steps) == 1 {
		return o.declared()
	}
	if last.Kind == yaml.ScalarNode {
		return o.locateScalar(steps)
	}
	if origin, ok := o.locateCollection(steps); ok {
		return origin
	}
	if scalar := firstScalar(steps); scalar != nil { // all of it was generated, or set by a transformer
		origin := o.locateScalar(scalar)
		origin.Exact = false
		return origin
	}
	return o.around(steps)
}

// locateCollection finds a mapping or sequence by its marks.
func (o *object) locateCollection(steps []manifest.Step) (manifest.Origin, bool) {
	if at := o.marking(steps); at != nil {
		return at.origin(), true
	}
	at, exact := o.sourceOf(steps)
	if at == nil {
		return manifest.Origin{}, false
	}
	origin := at.origin()
	origin.Exact = origin.Exact && exact
	return origin, true
}

// declared is where the object as a whole was written.
func (o *object) declared() manifest.Origin {
	if o.doc != nil {
		return o.doc.root.origin()
	}
	if n := len(o.generators); n > 0 {
		g := o.generators[n-1] // the first one created it
		return manifest.Origin{Pos: g.k.at(g.field, g.index, "name"), Exact: true}
	}
	if len(o.kustomizations) == 0 {
		return manifest.Origin{Pos: manifest.Pos{File: o.dir}}
	}
	root := o.kustomizations[0]
	for i := range root.value.Generators {
		return manifest.Origin{Pos: root.at("generators", i)}
	}
	return manifest.Origin{Pos: manifest.Pos{File: root.name, Line: 1}}
}

// around is the origin of the nearest part of the object that has one.
func (o *object) around(steps []manifest.Step) manifest.Origin {
	origin, ok := o.declared(), false
	for n := len(steps) - 1; n > 1 && !ok; n-- {
		if found, known := o.locateCollection(steps[:n]); known {
			origin, ok = found, true
		}
	}
	origin.Exact = false
	return origin
}

func (o *object) locateScalar(steps []manifest.Step) manifest.Origin {
	value := steps[len(steps)-1].Value.Value
	at, own := o.marking(steps), o.identity(steps)
	if at != nil && own != nil {
		at = own
	}
	if at != nil && at.text == value && !o.replaced(manifest.PathOf(steps)) {
		origin := at.origin()
		if o.patches[at.doc.file] && o.doc != nil {
			origin.Via = append(slices.Clip(origin.Via), o.doc.root.pos())
		}
		return origin
	}
	var exact bool
	if at == nil {
		at, exact = o.unmarked(steps, own)
	}
	changed := change{object: o, steps: steps, path: manifest.PathOf(steps), value: value}
	if at != nil {
		changed.before = at.text
	}
	if origin, ok := changed.find(); ok {
		if at != nil {
			origin.Via = append(origin.Via, at.pos())
		}
		return origin
	}
	if at == nil {
		return o.around(steps)
	}
	origin := at.origin()
	// Without marks the resource was found by its name, which others may have.
	origin.Exact = origin.Exact && exact && o.marked
	return origin
}

// unmarked finds what became a scalar that has no mark, nil if that is not known.
// It is exact if only a transformer can have written the scalar instead.
func (o *object) unmarked(steps []manifest.Step, own *place) (at *place, exact bool) {
	value := steps[len(steps)-1].Value.Value
	if own != nil {
		return own, own.text == value
	}
	at, exact = o.sourceOf(steps)
	return at, exact && at.kind == yaml.ScalarNode && at.text == value && at.inMarkedFlow()
}

// marking is the place by whose mark the field is marked, or nil.
func (o *object) marking(steps []manifest.Step) *place {
	if at := o.markOf(steps[len(steps)-1].Value); at != nil && at.mayBe(steps) {
		return at
	}
	return nil
}

// identity is the place of a field that makes an object what it is, in the
// object's own resource; nil for other fields. Patches have to repeat these
// fields, so a mark may be theirs, but they do not set them.
func (o *object) identity(steps []manifest.Step) *place {
	if o.doc == nil {
		return nil
	}
	switch pathString(manifest.PathOf(steps)) {
	case "apiVersion", "kind", "metadata.name", "metadata.namespace":
		return descend(o.doc.root, steps)
	default:
		return nil
	}
}

// firstScalar leads on to the first scalar below, or is nil.
func firstScalar(steps []manifest.Step) []manifest.Step {
	node := steps[len(steps)-1].Value
	if node.Kind == yaml.ScalarNode {
		return steps
	}
	for i, child := range node.Content {
		next := manifest.Step{Value: child}
		if node.Kind == yaml.MappingNode {
			if i%2 == 0 {
				continue
			}
			next.Key = node.Content[i-1]
		}
		if found := firstScalar(append(slices.Clip(steps), next)); found != nil {
			return found
		}
	}
	return nil
}

// sourceOf finds the place that became the field, by the marks of what lies
// below or around it, else by the path in the object's resource. It is exact if
// all marks agree.
func (o *object) sourceOf(steps []manifest.Step) (*place, bool) {
	value := steps[len(steps)-1].Value
	if value.Kind == yaml.ScalarNode {
		// A patch may say the same as the resource, and its marks be lost.
		for _, d := range o.mergePatches() {
			if found := descend(d.root, steps); found != nil && found.kind == yaml.ScalarNode && found.text == value.Value {
				return found, true
			}
		}
	}
	var fallback *place
	for i := len(steps) - 1; i >= 0; i-- {
		container := steps[i].Value
		if container.Kind == yaml.ScalarNode {
			continue
		}
		places, complete := o.sources(steps[:i+1])
		for _, p := range places {
			found := descend(p, steps[i:])
			if found == nil {
				continue
			}
			if value.Kind != yaml.ScalarNode || found.text == value.Value {
				return found, complete && len(places) == 1 || value.Kind == yaml.ScalarNode
			}
			if fallback == nil {
				fallback = found
			}
		}
	}
	if o.doc != nil {
		if found := descend(o.doc.root, steps); found != nil && (fallback == nil || found.text == value.Value) {
			return found, false
		}
	}
	return fallback, false
}

// mergePatches lists the merge patches for the object, the last one first.
func (o *object) mergePatches() []*document {
	var found []*document
	name := o.Name
	if o.doc != nil {
		name = o.doc.root.field("metadata").str("name")
	}
	add := func(k *kustomization, field string, i int, path string, target *types.Selector) {
		for _, d := range o.patchDocuments(k, field, i, path) {
			id := identify(d)
			if d.root.kind == yaml.MappingNode && (target != nil && o.selected(target) || target == nil && id.kind == o.Kind && (id.name == name || id.name == o.Name)) {
				found = append(found, d)
			}
		}
	}
	for _, k := range o.chain {
		for i := len(k.value.Patches) - 1; i >= 0; i-- {
			p := k.value.Patches[i]
			add(k, "patches", i, p.Path, p.Target)
		}
		for i := len(k.value.PatchesStrategicMerge) - 1; i >= 0; i-- {
			add(k, "patchesStrategicMerge", i, string(k.value.PatchesStrategicMerge[i]), nil)
		}
	}
	return found
}

// patchDocuments returns what a patch consists of, be it inline or in a file.
func (r *reading) patchDocuments(k *kustomization, field string, index int, name string) []*document {
	if docs := k.inline[entry{k.name, field, index}]; docs != nil || name == "" {
		return docs
	}
	if f := r.files[r.resolve(path.Join(k.dir, name)).name]; f != nil {
		return f.docs
	}
	return nil
}

// sources lists the places that became a collection, in the order of its fields,
// those of resources before those of patches. Complete is true if there is a mark
// for everything in it.
func (o *object) sources(steps []manifest.Step) (places []*place, complete bool) {
	container := steps[len(steps)-1].Value
	complete = true
	add := func(p *place) {
		if p != nil && p.kind == container.Kind && p.mayBe(steps) && !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	if at := o.marking(steps); at != nil {
		add(at)
		return places, true
	}
	var visit func(node *yaml.Node, up int)
	visit = func(node *yaml.Node, up int) {
		if at := o.markOf(node); at != nil {
			for range up {
				if at = at.parent; at == nil {
					return
				}
			}
			add(at)
			return
		}
		if node.Kind == yaml.ScalarNode {
			complete = false
		}
		for i, child := range node.Content {
			if node.Kind != yaml.MappingNode || i%2 == 1 {
				visit(child, up+1)
			}
		}
	}
	visit(container, 0)
	slices.SortStableFunc(places, func(a, b *place) int {
		return rank(o.patches[a.doc.file]) - rank(o.patches[b.doc.file])
	})
	return places, complete
}

func rank(last bool) int {
	if last {
		return 1
	}
	return 0
}

// descend follows steps, after the first, from the place that became the first.
// Items are found by their name where they have one.
func descend(p *place, steps []manifest.Step) *place {
	for i, s := range steps[1:] {
		parent := steps[i].Value
		if s.Key != nil {
			p = p.field(s.Key.Value)
		} else {
			p = matching(p, s.Value, slices.Index(parent.Content, s.Value))
		}
		if p == nil {
			return nil
		}
	}
	return p
}

func matching(list *place, item *yaml.Node, index int) *place {
	if name := nodeName(item); name != "" && list != nil {
		for _, p := range list.items {
			if p.str("name") == name {
				return p
			}
		}
		return nil
	}
	if item.Kind == yaml.ScalarNode && list != nil {
		for _, p := range list.items {
			if p.text == item.Value {
				return p
			}
		}
	}
	return list.item(index)
}

func nodeName(node *yaml.Node) string {
	if name := valueOf(node, "name"); name != nil {
		return name.Value
	}
	return ""
}
