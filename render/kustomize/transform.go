package kustomize

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/ringfence/ringfence/manifest"
)

// A change is a value that a kustomization may have set.
type change struct {
	*object
	path   []any
	value  string
	before string // what the resource says, "" if that is not known
}

func (c change) key() string   { return c.at(1) }
func (c change) outer() string { return c.at(2) }

// at returns the nth element of the path from its end, "" for an index.
func (c change) at(n int) string {
	if len(c.path) < n {
		return ""
	}
	key, _ := c.path[len(c.path)-n].(string)
	return key
}

// find looks for the field that set the value, in the kustomizations that changed
// the object from the last to the first, and in each in the reverse of the order
// in which kustomize runs its transformers.
func (c change) find() (manifest.Origin, bool) {
	for _, k := range c.chain {
		for _, look := range []func(*kustomization) (*place, bool){
			c.plugin, c.image, c.replica, c.annotation, c.label, c.affix, c.namespace, c.operation,
		} {
			if p, exact := look(k); p != nil {
				origin := p.origin()
				origin.Exact = exact && p.kind == yaml.ScalarNode && p.text == c.value
				return origin, true
			}
		}
	}
	if p := c.generated(); p != nil && c.before != c.value { // else a patch says so
		return manifest.Origin{Pos: p.pos()}, true
	}
	if pos, ok := c.hashed(); ok {
		return manifest.Origin{Pos: pos}, true
	}
	return c.replacement()
}

// plugin finds the value under the same key in a transformer's configuration.
func (c change) plugin(k *kustomization) (found *place, exact bool) {
	for i, text := range k.value.Transformers {
		docs := k.inline[entry{k.name, "transformers", i}]
		if at := c.resolve(path.Join(k.dir, text)); docs == nil && at.err == nil && !at.dir {
			if data, err := c.tree.ReadFile(at.name); err == nil {
				docs = c.Builder.marked(at.name, data).docs
			}
		}
		for _, d := range docs {
			d.root.all(func(p *place) bool {
				if p.kind == yaml.ScalarNode && p.key == c.key() && p.text == c.value && c.key() != "" && c.key() != "name" && c.key() != "kind" {
					found = p
				}
				return found == nil
			})
		}
	}
	return found, false
}

func (c change) image(k *kustomization) (*place, bool) {
	if c.key() == "" && c.outer() == "" {
		return nil, false
	}
	for i := len(k.value.Images) - 1; i >= 0; i-- {
		image := k.value.Images[i]
		rest, ok := strings.CutPrefix(c.value, or2(image.NewName, image.Name))
		if !ok || rest != "" && rest[0] != ':' && rest[0] != '@' || c.before == c.value && c.marked == false {
			continue
		}
		at := k.placeOf("images", i)
		switch {
		case image.Digest != "" && strings.HasSuffix(rest, "@"+image.Digest):
			return at.option("digest"), false
		case image.NewTag != "" && strings.HasPrefix(rest, ":"+image.NewTag):
			return at.option("newTag"), false
		case image.TagSuffix != "" && strings.HasSuffix(rest, image.TagSuffix):
			return at.option("tagSuffix"), false
		case image.NewName != "" && image.NewTag == "" && image.Digest == "":
			return at.option("newName"), rest == ""
		}
	}
	return nil, false
}

func or2(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (c change) replica(k *kustomization) (*place, bool) {
	if c.key() != "replicas" {
		return nil, false
	}
	for i, r := range k.value.Replicas {
		if c.value == strconv.FormatInt(r.Count, 10) && c.becomes(r.Name, c.Name) {
			return k.placeOf("replicas", i).option("count"), c.marked
		}
	}
	return nil, false
}

func (c change) annotation(k *kustomization) (*place, bool) {
	if c.outer() != "annotations" || k.value.CommonAnnotations[c.key()] != c.value || c.value == "" {
		return nil, false
	}
	return k.root.option("commonAnnotations").field(c.key()), c.marked
}

func (c change) label(k *kustomization) (*place, bool) {
	if c.outer() == "" || c.outer() == "annotations" || c.key() == "" {
		return nil, false
	}
	if v, ok := k.value.CommonLabels[c.key()]; ok && v == c.value {
		return k.root.option("commonLabels").field(c.key()), c.marked
	}
	for i := len(k.value.Labels) - 1; i >= 0; i-- {
		label := k.value.Labels[i]
		if v, ok := label.Pairs[c.key()]; ok && v == c.value && c.labelled(label) {
			return k.placeOf("labels", i).option("pairs").field(c.key()), c.marked
		}
	}
	return nil, false
}

// labelled tells whether a label entry can reach the field.
func (c change) labelled(l types.Label) bool {
	switch {
	case l.IncludeSelectors || len(l.FieldSpecs) > 0, len(c.path) == 3 && c.path[0] == "metadata":
		return true
	default:
		return (l.IncludeTemplates || l.IncludeVolumeClaimTemplates) && c.outer() == "labels"
	}
}

// affix finds a prefix or suffix that made a name, or a reference to one, of what
// the resource says.
func (c change) affix(k *kustomization) (*place, bool) {
	if c.before == "" || c.before == c.value || c.key() == "namespace" || !strings.Contains(c.value, c.before) {
		return nil, false
	}
	i := strings.Index(c.value, c.before)
	before, after := c.value[:i], c.value[i+len(c.before):]
	if p := k.value.NamePrefix; p != "" && strings.Contains(before, p) {
		return k.root.option("namePrefix"), false
	}
	if s := k.value.NameSuffix; s != "" && strings.Contains(after, s) {
		return k.root.option("nameSuffix"), false
	}
	return nil, false
}

func (c change) namespace(k *kustomization) (*place, bool) {
	if k.value.Namespace == "" || k.value.Namespace != c.value {
		return nil, false
	}
	own := pathString(c.path) == "metadata.namespace"
	if c.key() != "namespace" && !(c.Kind == "Namespace" && pathString(c.path) == "metadata.name") {
		return nil, false
	}
	return k.root.option("namespace"), own && c.doc.isPlain()
}

// isPlain tells whether kustomize sets the namespace of what the document becomes.
func (d *document) isPlain() bool { return d == nil || d.chart == nil }

// operation finds the JSON 6902 operation that set the value.
func (c change) operation(k *kustomization) (*place, bool) {
	lists := []struct {
		field   string
		patches []types.Patch
	}{{"patchesJson6902", k.value.PatchesJson6902}, {"patches", k.value.Patches}}
	for _, list := range lists {
		for i := len(list.patches) - 1; i >= 0; i-- {
			p := list.patches[i]
			if !c.selected(p.Target) {
				continue
			}
			for _, d := range c.patchDocuments(k, list.field, i, p.Path) {
				if found, exact := c.operationIn(d); found != nil {
					return found, exact
				}
			}
		}
	}
	return nil, false
}

// selected tells whether a patch's selector can have chosen the object.
func (o *object) selected(target *types.Selector) bool {
	s := selectorOf(target)
	if s == nil || !s.MatchGvk(resid.Gvk{Kind: o.Kind, Group: target.Group, Version: target.Version}) {
		return false
	}
	return s.MatchName(o.Name) || o.doc != nil && s.MatchName(o.doc.root.field("metadata").str("name"))
}

func (c change) operationIn(d *document) (*place, bool) {
	if d.root.kind != yaml.SequenceNode {
		return nil, false
	}
	for i := len(d.root.items) - 1; i >= 0; i-- {
		op := d.root.items[i]
		value := op.field("value")
		if value == nil {
			continue
		}
		tokens := strings.Split(strings.TrimPrefix(op.str("path"), "/"), "/")
		if len(tokens) > len(c.path) {
			continue
		}
		sure, match := true, true
		for j, token := range tokens {
			switch p := c.path[j].(type) {
			case string:
				match = match && p == strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
			case int:
				sure = false
				match = match && (token == "-" || token == strconv.Itoa(p))
			}
		}
		for _, p := range c.path[len(tokens):] {
			switch p := p.(type) {
			case string:
				value = value.field(p)
			case int:
				value = value.item(p)
			}
		}
		if match && value != nil && value.kind == yaml.ScalarNode && value.text == c.value {
			return value, sure
		}
	}
	return nil, false
}

// generated finds the entry of a generator that gave an object its datum.
func (c change) generated() *place {
	for _, g := range c.generators {
		at := g.k.placeOf(g.field, g.index)
		if p := option(at, g.k, c.path); p != nil {
			return p
		}
		if len(c.path) != 2 || c.outer() != "data" && c.outer() != "binaryData" && c.outer() != "stringData" {
			continue
		}
		if p := inList(at.option("literals"), func(text string) bool { return strings.HasPrefix(text, c.key()+"=") }); p != nil {
			return p
		}
		var file string
		if inList(at.option("files"), func(text string) bool {
			key, name, found := strings.Cut(text, "=")
			if !found {
				key, name = path.Base(text), text
			}
			file = name
			return key == c.key()
		}) != nil {
			return c.lineOf(g.k, file, "")
		}
		envs := []*place{at.option("env")}
		if list := at.option("envs"); list != nil {
			envs = append(envs, list.items...)
		}
		for _, env := range envs {
			if env == nil {
				continue
			}
			if p := c.lineOf(g.k, env.text, c.key()+"="); p != nil {
				return p
			}
		}
	}
	return nil
}

// option is the field of a generator's entry, or of generatorOptions, for a field
// of its object.
func option(at *place, k *kustomization, path []any) *place {
	if len(path) == 1 || len(path) == 2 && path[0] == "metadata" {
		key, _ := path[len(path)-1].(string)
		return at.option(key)
	}
	if len(path) != 3 || path[0] != "metadata" {
		return nil
	}
	field, _ := path[1].(string) // labels or annotations
	key, _ := path[2].(string)
	for _, options := range []*place{at.option("options"), k.root.option("generatorOptions")} {
		if p := options.option(field).field(key); p != nil {
			return p
		}
	}
	return nil
}

func inList(list *place, match func(string) bool) *place {
	if list == nil {
		return nil
	}
	for i := len(list.items) - 1; i >= 0; i-- {
		if match(list.items[i].text) {
			return list.items[i]
		}
	}
	return nil
}

// lineOf is the first line of a file that starts with a prefix.
func (c change) lineOf(k *kustomization, name, prefix string) *place {
	at := c.resolve(path.Join(k.dir, name))
	data, err := c.tree.ReadFile(at.name)
	if at.err != nil || err != nil {
		return nil
	}
	all := splitLines(string(data))
	i := slices.IndexFunc(all, func(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " \t"), prefix) })
	if i < 0 {
		return nil
	}
	return &place{doc: &document{file: &file{name: at.name}}, line: i + 1, column: 1}
}

// hashed finds the generator whose object's name, with its hash, is the value.
func (c change) hashed() (manifest.Pos, bool) {
	for _, k := range c.kustomizations {
		name := hash.ReplaceAllString(c.value, "")
		for i, g := range k.value.ConfigMapGenerator {
			if name != c.value && c.becomes(g.Name, name) {
				return k.at("configMapGenerator", i, "name"), true
			}
		}
		for i, g := range k.value.SecretGenerator {
			if name != c.value && c.becomes(g.Name, name) {
				return k.at("secretGenerator", i, "name"), true
			}
		}
	}
	return manifest.Pos{}, false
}

// replaced tells whether a replacement can have set the field, without a trace.
func (o *object) replaced(path []any) bool {
	_, _, ok := change{object: o, path: path}.replacing()
	return ok
}

// replacing finds the replacement that writes to the field.
func (c change) replacing() (*kustomization, int, bool) {
	for _, k := range c.chain {
		for i, r := range k.value.Replacements {
			for _, t := range r.Targets {
				if t.Select != nil && c.selected(t.Select) && slices.ContainsFunc(t.FieldPaths, c.matches) {
					return k, i, true
				}
			}
		}
	}
	return nil, 0, false
}

// matches tells whether a replacement's field path leads to the field: parts are
// keys, indexes, "*" or "[key=value]".
func (c change) matches(fieldPath string) bool {
	parts := strings.Split(fieldPath, ".")
	have := strings.Split(pathString(c.path), ".")
	if len(parts) != len(have) {
		return false
	}
	for i, part := range parts {
		if part != have[i] && part != "*" && !strings.HasPrefix(part, "[") {
			return false
		}
	}
	return true
}

// replacement is where the value that a replacement wrote comes from.
func (c change) replacement() (manifest.Origin, bool) {
	k, i, ok := c.replacing()
	if !ok {
		return manifest.Origin{}, false
	}
	entry := k.at("replacements", i)
	source := k.value.Replacements[i].Source
	if source == nil {
		return manifest.Origin{Pos: k.at("replacements", i, "sourceValue")}, true
	}
	for _, o := range c.objectsOf {
		if o.Kind != source.Kind || o.doc == nil || !c.becomes(source.Name, o.Name) {
			continue
		}
		at := o.doc.root
		for _, part := range strings.Split(or2(source.FieldPath, types.DefaultReplacementFieldPath), ".") {
			if n, err := strconv.Atoi(part); err == nil {
				at = at.item(n)
			} else {
				at = at.field(part)
			}
		}
		if at != nil {
			return manifest.Origin{Pos: at.pos(), Via: []manifest.Pos{entry}}, true
		}
	}
	return manifest.Origin{Pos: entry}, true
}
