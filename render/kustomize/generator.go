package kustomize

import (
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// A generator is an entry of configMapGenerator or secretGenerator.
type generator struct {
	k     *kustomization
	field string
	index int
}

func (o *object) findGenerators() []generator {
	var found []generator
	for _, k := range o.kustomizations {
		switch o.Kind {
		case "ConfigMap":
			for i, g := range k.value.ConfigMapGenerator {
				if o.named(g.Name, true) && o.Namespace == o.namespaceOf(g.Namespace, k) {
					found = append(found, generator{k, "configMapGenerator", i})
				}
			}
		case "Secret":
			for i, g := range k.value.SecretGenerator {
				if o.named(g.Name, true) && o.Namespace == o.namespaceOf(g.Namespace, k) {
					found = append(found, generator{k, "secretGenerator", i})
				}
			}
		}
	}
	return found
}

// namespaceOf is where an object with a namespace of its own, or "", ends up that
// kustomizations use or generate.
func (r *reading) namespaceOf(own string, users ...*kustomization) string {
	for _, outer := range r.chainOf(users) {
		if outer.value.Namespace != "" {
			return outer.value.Namespace
		}
	}
	return own
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
