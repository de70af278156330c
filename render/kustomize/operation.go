package kustomize

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/ringfence/ringfence/manifest"
)

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
	s := o.selectorOf(target)
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
		tokens := strings.Split(strings.TrimPrefix(op.str("path"), "/"), "/")
		match, sure := c.pointer(tokens)
		if kind := op.str("op"); !match || kind != "add" && kind != "replace" {
			continue
		}
		value := op.field("value")
		if name := value.str("name"); name != "" && name != nodeName(c.steps[len(tokens)].Value) {
			continue // another item was appended
		}
		for _, p := range c.path[len(tokens):] {
			switch p := p.(type) {
			case string:
				value = value.field(p)
			case int:
				value = value.item(p)
			}
		}
		if value != nil && value.kind == yaml.ScalarNode && value.text == c.value {
			return value, sure
		}
	}
	return nil, false
}

// pointer tells whether a JSON pointer leads to the field or to what contains it.
// It is not sure of items, since others can be put before or taken away.
func (c change) pointer(tokens []string) (match, sure bool) {
	if len(tokens) > len(c.path) {
		return false, false
	}
	sure = true
	for i, token := range tokens {
		switch p := c.path[i].(type) {
		case string:
			if p != strings.NewReplacer("~1", "/", "~0", "~").Replace(token) {
				return false, false
			}
		case int:
			if sure = false; token != "-" && token != strconv.Itoa(p) {
				return false, false
			}
		}
	}
	return true, sure
}

// selectorOf is a patch's selector as regular expressions, or nil. They are compiled
// once: every field of every object asks for them.
func (r *reading) selectorOf(target *types.Selector) *types.SelectorRegex {
	if target == nil {
		return nil
	}
	if known, ok := r.selectors.Load(target); ok {
		return known.(*types.SelectorRegex)
	}
	selector, err := types.NewSelectorRegex(target)
	if err != nil {
		selector = nil // kustomize refused it
	}
	r.selectors.Store(target, selector)
	return selector
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
		for _, part := range strings.Split(cmp.Or(source.FieldPath, types.DefaultReplacementFieldPath), ".") {
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
