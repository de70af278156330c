package kustomize

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/ringfence/ringfence/manifest"
)

// An object is a result of the build, with what is known of its origin.
type object struct {
	*reading
	manifest.Ref
	made *manifest.Object
	// doc is the resource that became the object; nil if it was generated.
	doc *document
	// marked is true if marks survived: then a value without one was set by a
	// transformer, or never had one.
	marked bool
	// chain is the kustomizations that changed the object, the last one first.
	chain []*kustomization
	// generators made or changed the object, the last one first.
	generators []generator
}

// objects makes the objects of a build.
func (r *reading) objects(m resmap.ResMap) ([]*manifest.Object, error) {
	r.documents()
	var made []*manifest.Object
	for _, res := range m.Resources() {
		node := res.YNode()
		if node == nil {
			continue
		}
		o := r.object(node)
		if err := settle(node); err != nil {
			r.problem(o.declared().Pos, manifest.KustomizeFailed, fmt.Sprintf("%s %q: %v", res.GetKind(), res.GetName(), err))
			return nil, err
		}
		one, err := manifest.NewObject(node, o.locate)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", res.GetKind(), res.GetName(), err)
		}
		if one == nil {
			continue
		}
		o.made = one
		r.objectsOf = append(r.objectsOf, o)
		made = append(made, one)
	}
	return made, nil
}

// identity is what tells resources apart, up to their namespace.
type identity struct{ kind, name string }

func identify(d *document) identity {
	return identity{d.root.str("kind"), d.root.field("metadata").str("name")}
}

// documents returns the resources that the build read, by kind and name.
func (r *reading) documents() map[identity][]*document {
	if r.sources != nil {
		return r.sources
	}
	r.sources = make(map[identity][]*document)
	add := func(f *file) {
		for _, d := range f.docs {
			r.sources[identify(d)] = append(r.sources[identify(d)], d)
		}
	}
	var list []*file
	for _, f := range r.byID {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b *file) int { return cmp.Compare(a.name, b.name) })
	for _, f := range list {
		if r.isResource(f) {
			add(f)
		}
	}
	return r.sources
}

// isResource tells whether the file's documents become objects.
func (r *reading) isResource(f *file) bool {
	if r.files[f.name] == f {
		return !r.patches[f]
	}
	return len(f.docs) > 0 && f.docs[0].chart != nil
}

// markOf returns the place that a node's mark stands for, or nil.
func (r *reading) markOf(node *yaml.Node) *place {
	if node.LineComment == "" {
		return nil
	}
	id, line, ok := readMark(node.LineComment)
	if !ok || r.byID[id] == nil {
		return nil
	}
	return r.byID[id].marks[line]
}

// object finds where an object comes from: the resource of its kind from which
// most of its marks are, else the resource or generator of its name.
func (r *reading) object(node *yaml.Node) *object {
	o := &object{reading: r, Ref: refOf(node)}
	counts := make(map[*document]int)
	o.count(node, counts)
	o.marked = len(counts) > 0
	for d, n := range counts {
		if !r.isResource(d.file) || d.root.str("kind") != o.Kind {
			continue
		}
		if o.doc == nil || n > counts[o.doc] || n == counts[o.doc] && earlier(d, o.doc) {
			o.doc = d
		}
	}
	if o.doc == nil {
		o.findByName()
	}
	if o.doc == nil {
		o.findByContent(node)
	}
	o.generators = o.findGenerators()
	if o.doc != nil {
		o.chain = r.chainOf(r.users[o.doc.file.name])
	} else if len(o.generators) > 0 {
		o.chain = r.chainOf([]*kustomization{o.generators[len(o.generators)-1].k})
	}
	if len(o.chain) == 0 {
		o.chain = r.kustomizations
	}
	return o
}

func refOf(node *yaml.Node) manifest.Ref {
	text := func(n *yaml.Node) string {
		if n == nil {
			return ""
		}
		return n.Value
	}
	meta := valueOf(node, "metadata")
	return manifest.Ref{
		Kind: text(valueOf(node, "kind")), Name: text(valueOf(meta, "name")), Namespace: text(valueOf(meta, "namespace")),
	}
}

func earlier(a, b *document) bool { return a.root.origin().Pos.Compare(b.root.origin().Pos) < 0 }

func (o *object) count(node *yaml.Node, counts map[*document]int) {
	if at := o.markOf(node); at != nil {
		counts[at.doc]++
	}
	for _, child := range node.Content {
		o.count(child, counts)
	}
}

// findByName finds the resource of an object without marks. Its name may have
// got prefixes and suffixes.
func (o *object) findByName() {
	best := -1
	for id, docs := range o.documents() {
		if id.kind != o.Kind || id.name == "" || !o.named(id.name, false) {
			continue
		}
		for _, d := range docs {
			score := 2 * len(id.name)
			own := d.root.field("metadata").str("namespace")
			if o.namespaceOf(own, o.users[d.file.name]...) == o.Namespace {
				score++
			}
			if score > best || score == best && earlier(d, o.doc) {
				best, o.doc = score, d
			}
		}
	}
}

// findByContent finds the resource of an object without marks, and with another
// name, by what most of it says.
func (o *object) findByContent(node *yaml.Node) {
	best := 0.5
	for id, docs := range o.documents() {
		if id.kind != o.Kind {
			continue
		}
		for _, d := range docs {
			same, all := similar(d.root, node)
			share := float64(same) / float64(max(all, 1))
			if share > best || share == best && o.doc != nil && earlier(d, o.doc) {
				best, o.doc = share, d
			}
		}
	}
}

// similar counts the scalars of a place, and those that the node says as well.
func similar(p *place, node *yaml.Node) (same, all int) {
	if p.kind == yaml.ScalarNode {
		if node != nil && node.Kind == yaml.ScalarNode && node.Value == p.text {
			return 1, 1
		}
		return 0, 1
	}
	for i, item := range p.items {
		var child *yaml.Node
		if node != nil && node.Kind == p.kind {
			if p.kind == yaml.MappingNode {
				child = valueOf(node, item.key)
			} else if i < len(node.Content) {
				child = node.Content[i]
			}
		}
		s, a := similar(item, child)
		same, all = same+s, all+a
	}
	return same, all
}

// valueOf returns the value of a key, or nil.
func valueOf(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// hash is what kustomize appends to the names of generated objects.
var hash = regexp.MustCompile(`-[a-z0-9]{10}$`)

// named tells whether the object's name can have become of name.
func (o *object) named(name string, hashed bool) bool {
	return o.becomes(name, o.Name) || hashed && o.becomes(name, hash.ReplaceAllString(o.Name, ""))
}

// becomes tells whether prefixes and suffixes of the build make name full.
func (r *reading) becomes(name, full string) bool {
	before, after, found := strings.Cut(full, name)
	if !found {
		return false
	}
	var prefixes, suffixes []string
	for _, k := range r.kustomizations {
		prefixes, suffixes = append(prefixes, k.value.NamePrefix), append(suffixes, k.value.NameSuffix)
	}
	return composed(before, prefixes) && composed(after, suffixes)
}

func composed(text string, parts []string) bool {
	if text == "" {
		return true
	}
	return slices.ContainsFunc(parts, func(part string) bool {
		rest, ok := strings.CutPrefix(text, part)
		return ok && part != "" && composed(rest, parts)
	})
}

// chainOf lists the kustomizations that change what the given ones use, the last
// one first: those that include them, and the components of all. A kustomization
// changes what its components have changed.
func (r *reading) chainOf(start []*kustomization) []*kustomization {
	var chain []*kustomization
	seen := make(map[*kustomization]bool)
	var components func(k *kustomization)
	components = func(k *kustomization) {
		for _, c := range slices.Backward(r.kustomizations) {
			if c.value.Kind == types.ComponentKind && !seen[c] && slices.Contains(r.users[r.resolve(c.dir).name], k) {
				seen[c] = true
				chain = append(chain, c)
				components(c)
			}
		}
	}
	var visit func(k *kustomization)
	visit = func(k *kustomization) {
		if seen[k] {
			return
		}
		seen[k] = true
		for _, user := range r.users[r.resolve(k.dir).name] {
			visit(user)
		}
		chain = append(chain, k)
		components(k)
	}
	for _, k := range start {
		visit(k)
	}
	return chain
}

func pathString(path []any) string {
	var parts []string
	for _, p := range path {
		switch p := p.(type) {
		case string:
			parts = append(parts, p)
		case int:
			parts = append(parts, strconv.Itoa(p))
		}
	}
	return strings.Join(parts, ".")
}
