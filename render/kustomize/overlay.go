package kustomize

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/ringfence/ringfence/manifest"
)

// An Overlay is what an object elsewhere adds to a kustomization. It has the effect
// of an edit of the kustomization's file, as Argo CD and Flux make it: a namespace,
// prefix or suffix takes the place of the file's; an image or a number of replicas,
// that of the file's entry of the same name; labels and annotations, that of the
// file's of the same key; patches, components and label entries are appended. Paths
// are relative to the kustomization's folder.
type Overlay struct {
	// Fields are fields of a kustomization: namespace, namePrefix, nameSuffix, images,
	// replicas, commonLabels, labels, commonAnnotations, patches and components. Others
	// are refused.
	Fields map[string]any
	// At tells where a field, or something in it, is written.
	At func(path ...any) manifest.Origin
}

// Input says what to build.
type Input struct {
	Dir string // relative to the repository's root
	// Resources and Objects are those of a kustomization that is generated for Dir,
	// whatever Dir holds; without any, Dir has to have one. Resources are files and
	// folders, relative to Dir.
	Resources []string
	Objects   []*manifest.Object
	Overlay   *Overlay // nil for none
	// Unrestricted lets kustomizations use files that are not in or below their folder,
	// as Flux does; never files outside the repository.
	Unrestricted bool
	// KubeVersion and APIVersions win over those of Options; empty for none.
	KubeVersion string
	APIVersions []string
}

func (in *Input) generated() bool { return len(in.Resources)+len(in.Objects) > 0 }

// rootFile is the kustomization file of the folder to build.
func (r *reading) rootFile() (string, bool) {
	if r.input.generated() {
		return path.Join(r.dir, "kustomization.yaml"), true
	}
	return FileIn(r.tree, r.dir)
}

// isRoot tells whether a folder is the one to build.
func (r *reading) isRoot(dir string) bool { return r.resolve(dir).name == r.resolve(r.dir).name }

// rootKustomization is the kustomization to build, with its overlay.
func (r *reading) rootKustomization(name, dir string, data []byte) *kustomization {
	if r.root == nil {
		k := parseKustomization(name, dir, r.newID(), data)
		if k.invalid == nil && r.input.Overlay != nil {
			(&edit{reading: r, k: k, overlay: r.input.Overlay}).apply()
		}
		k.finish(splitLines(string(data)))
		r.root = k
	}
	return r.root
}

// generate is the text of the kustomization that is generated.
func (in *Input) generate() []byte {
	data, err := json.Marshal(map[string][]string{"resources": append([]string{}, in.Resources...)})
	if err != nil {
		panic(err) // there are only strings
	}
	return data
}

// An edit changes a kustomization that is not shared yet.
type edit struct {
	*reading
	k       *kustomization
	overlay *Overlay
}

func (e *edit) apply() {
	text, err := json.Marshal(e.overlay.Fields)
	var o types.Kustomization
	if err == nil {
		err = o.Unmarshal(text)
	}
	if err != nil {
		e.k.invalid = &manifest.Gap{
			Pos: e.overlay.At().Pos, Code: manifest.InvalidKustomization, Reason: strings.TrimPrefix(oneLine(err.Error()), "invalid Kustomization: "),
		}
		return
	}
	root := &place{doc: &document{file: e.k.file}, kind: yaml.MappingNode}
	if e.k.root != nil {
		*root = *e.k.root
		root.items = slices.Clone(root.items)
	}
	before := *e.k // of which placeOf still tells the places
	e.k.root, e.k.changed = root, true
	v := &e.k.value
	for _, key := range slices.Sorted(maps.Keys(e.overlay.Fields)) {
		switch added := e.place(nil, key, 0, e.overlay.Fields[key], []any{key}); key {
		case "namespace":
			v.Namespace = o.Namespace
			root.replace(key, added)
		case "namePrefix":
			v.NamePrefix = o.NamePrefix
			root.replace(key, added)
		case "nameSuffix":
			v.NameSuffix = o.NameSuffix
			root.replace(key, added)
		case "commonLabels":
			v.CommonLabels = merged(v.CommonLabels, o.CommonLabels)
			root.replace(key, root.option(key).with(added))
		case "commonAnnotations":
			v.CommonAnnotations = merged(v.CommonAnnotations, o.CommonAnnotations)
			root.replace(key, root.option(key).with(added))
		case "images":
			v.Images = editList(root, &before, added, v.Images, o.Images, func(a, b types.Image) bool { return a.Name == b.Name }, keepStarred)
			for i := range v.Images { // there was nothing to keep
				keepStarred(types.Image{}, &v.Images[i])
			}
		case "replicas":
			v.Replicas = editList(root, &before, added, v.Replicas, o.Replicas, func(a, b types.Replica) bool { return a.Name == b.Name }, nil)
		case "labels":
			v.Labels = editList(root, &before, added, v.Labels, o.Labels, nil, nil)
		case "patches":
			v.Patches = editList(root, &before, added, v.Patches, o.Patches, nil, nil)
		case "components":
			v.Components = editList(root, &before, added, v.Components, o.Components, nil, nil)
		default:
			e.k.invalid = &manifest.Gap{
				Pos: added.pos(), Code: manifest.InvalidKustomization, Reason: fmt.Sprintf("an overlay cannot have the field %q", key),
			}
		}
	}
}

func merged(a, b map[string]string) map[string]string {
	out := make(map[string]string, len(a)+len(b))
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// editList appends the overlay's entries to a list of the kustomization, without the
// old ones that are the same as a new one; keep lets a new entry take over something
// of the old one.
func editList[T any](root *place, k *kustomization, added *place, have, more []T, same func(a, b T) bool, keep func(old T, added *T)) []T {
	var list []T
	items := &place{doc: added.doc, key: added.key, kind: yaml.SequenceNode, line: added.line, column: added.column, from: added.from}
	for i, old := range have {
		j := slices.IndexFunc(more, func(m T) bool { return same != nil && same(old, m) })
		if j >= 0 {
			if keep != nil {
				keep(old, &more[j])
			}
			continue
		}
		list = append(list, old)
		items.items = append(items.items, k.placeOf(added.key, i))
	}
	items.items = append(items.items, added.items...)
	root.remove(deprecated[added.key])
	root.replace(added.key, items)
	return append(list, more...)
}

// Keep as a part of an image means what the kustomization has ("kustomize edit set
// image" calls it so).
const Keep = "*"

// keepStarred lets an image keep what it gives as Keep.
func keepStarred(old types.Image, added *types.Image) {
	for _, part := range []struct {
		old string
		new *string
	}{{old.NewName, &added.NewName}, {old.NewTag, &added.NewTag}, {old.Digest, &added.Digest}} {
		if *part.new == Keep {
			*part.new = part.old
		}
	}
}

// place makes the places of a value of the overlay.
func (e *edit) place(parent *place, key string, index int, value any, at []any) *place {
	origin := e.overlay.At(at...)
	p := &place{
		doc: &document{file: e.overlayFile(origin.File)}, parent: parent, key: key, index: index,
		line: origin.Line, column: origin.Column, from: &origin,
	}
	switch v := value.(type) {
	case map[string]any:
		p.kind = yaml.MappingNode
		for i, name := range slices.Sorted(maps.Keys(v)) {
			p.items = append(p.items, e.place(p, name, i, v[name], append(slices.Clone(at), name)))
		}
	case []any:
		p.kind = yaml.SequenceNode
		for i, item := range v {
			p.items = append(p.items, e.place(p, "", i, item, append(slices.Clone(at), i)))
		}
	default:
		p.kind, p.text = yaml.ScalarNode, fmt.Sprint(value)
		if strings.Contains(p.text, "\n") {
			p.style = yaml.LiteralStyle // if it is one: the lines tell
		}
	}
	return p
}

// overlayFile stands for a file that an overlay is written in.
func (e *edit) overlayFile(name string) *file {
	for _, f := range e.k.others {
		if f.name == name {
			return f
		}
	}
	f := &file{name: name, id: e.newID(), marks: make(map[int]*place)}
	if data, err := e.tree.ReadFile(name); err == nil {
		f.text = data
	}
	e.k.others = append(e.k.others, f)
	return f
}

// replace sets a field of a mapping.
func (p *place) replace(key string, value *place) {
	p.remove(key)
	value.key = key
	p.items = append(p.items, value)
}

func (p *place) remove(key string) {
	p.items = slices.DeleteFunc(p.items, func(item *place) bool { return key != "" && strings.EqualFold(item.key, key) })
}

// with is a mapping with the fields of another, which win. A nil place has none.
func (p *place) with(added *place) *place {
	if p == nil || p.kind != yaml.MappingNode {
		return added
	}
	both := *p
	both.items = slices.Clone(p.items)
	for _, item := range added.items {
		both.items = slices.DeleteFunc(both.items, func(old *place) bool { return old.key == item.key })
	}
	both.items = append(both.items, added.items...)
	return &both
}

// kubeVersion is what charts of a kustomization are rendered for that names none.
func (r *reading) kubeVersion() string { return cmp.Or(r.input.KubeVersion, r.opts.KubeVersion) }
