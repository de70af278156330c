package kustomize

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	kyaml "sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// chartGenerator is the built-in generator that runs helm.
const chartGenerator = "HelmChartInflationGenerator"

// pluginFile tells whether the configuration of plugins that an entry names may
// stay, and returns the names of the charts that it inflates.
func (r *reading) pluginFile(k *kustomization, u use) (keep bool, charts []string) {
	at := r.beside(k, u.path)
	if at.err != nil && !isURL(u.path) && !isRepository(u.path) {
		gap := unreadable(u.pos, u.path, at.err)
		return r.refuse(gap.Pos, gap.Code, gap.Reason), nil
	}
	if isURL(u.path) || !at.dir {
		if !r.allow(k, u) {
			return false, nil
		}
		docs, ok := r.pluginDocuments(at.name, u)
		if !ok {
			return false, nil
		}
		return r.plugin(k, u.pos, docs)
	}
	if isRepository(u.path) {
		return r.refuse(u.pos, manifest.RemoteReference, neverFetched(u.path)), nil
	}
	return r.pluginFolder(u, at.name, nil), nil
}

// pluginDocuments reads a file of plugin configurations.
func (r *reading) pluginDocuments(name string, u use) ([]*document, bool) {
	data, err := r.tree.ReadFile(name)
	if err != nil {
		gap := unreadable(u.pos, u.path, err)
		return nil, r.refuse(gap.Pos, gap.Code, gap.Reason)
	}
	f := r.marked(name, data)
	if f.broken != nil {
		return nil, r.refuse(f.broken.Pos, f.broken.Code, f.broken.Reason)
	}
	return f.docs, true
}

// pluginFolder tells whether a folder of plugin configurations may stay. What its
// kustomization makes of them is only known if it does nothing but list files.
func (r *reading) pluginFolder(u use, dir string, above []string) bool {
	if slices.Contains(above, dir) {
		return true // kustomize fails for the cycle
	}
	name, ok := FileIn(r.tree, dir)
	if !ok {
		r.problem(u.pos, manifest.MissingFile, fmt.Sprintf("%q has no kustomization file", u.path))
		return true
	}
	data, err := r.tree.ReadFile(name)
	if err != nil {
		return true // kustomize cannot read it either
	}
	inner := r.kustomization(name, dir, data)
	simple := inner.invalid == nil
	for _, field := range inner.root.fields() {
		simple = simple && slices.Contains([]string{"apiVersion", "kind", "metadata", "resources"}, field)
	}
	if !simple {
		return r.refuse(u.pos, manifest.PluginRefused, fmt.Sprintf("the kustomization in %q makes plugins by more than \"resources\"", u.path))
	}
	for _, nested := range inner.uses {
		if at := r.beside(inner, nested.path); at.err == nil && at.dir && !isURL(nested.path) && !isRepository(nested.path) {
			if !r.pluginFolder(nested, at.name, append(above, dir)) {
				return false
			}
		} else if keep, charts := r.pluginFile(inner, nested); !keep || len(charts) > 0 {
			return false
		}
	}
	return true
}

// inlinePlugin is pluginFile for an entry that is the configuration itself.
func (r *reading) inlinePlugin(k *kustomization, pos manifest.Pos, text string, docs []*document) (keep bool, charts []string) {
	if isURL(text) || isRepository(text) { // a URL can be made that is YAML as well
		return r.refuse(pos, manifest.RemoteReference, neverFetched(oneLine(text))), nil
	}
	return r.plugin(k, pos, docs)
}

// fields lists the keys of a mapping.
func (p *place) fields() []string {
	if p == nil || p.kind != yaml.MappingNode {
		return nil
	}
	var keys []string
	for _, item := range p.items {
		keys = append(keys, item.key)
	}
	return keys
}

// plugin tells whether plugins may stay: only those that are part of kustomize,
// and read nothing from elsewhere. Charts are inflated instead.
func (r *reading) plugin(k *kustomization, pos manifest.Pos, docs []*document) (keep bool, charts []string) {
	rest := 0
	for _, d := range docs {
		version, kind := d.root.str("apiVersion"), d.root.str("kind")
		if version != konfig.BuiltinPluginApiVersion {
			return r.refuse(pos, manifest.PluginRefused, fmt.Sprintf("%q of %q runs a program", kind, version)), charts
		}
		if kind == chartGenerator {
			if name, ok := r.inflatePlugin(k, d); ok {
				charts = append(charts, name)
			}
			continue
		}
		rest++
		if d.root.hasAlias() {
			return r.refuse(pos, manifest.PluginRefused, fmt.Sprintf("%q is configured through YAML aliases", kind)), charts
		}
		if gap := cmp.Or(r.pluginInputs(k, d), pluginBomb(d)); gap != nil {
			return r.refuse(pos, gap.Code, gap.Reason), charts
		}
	}
	if rest > 0 && rest < len(docs) {
		return r.refuse(pos, manifest.PluginRefused, "charts and other plugins in one entry"), charts
	}
	return rest > 0, charts
}

// inputKeys are the keys under which built-in plugins name files.
var inputKeys = []string{"path", "paths", "env", "envs", "files"}

// pluginInputs notes the files that a plugin reads, and tells of the first that
// it must not read.
func (r *reading) pluginInputs(k *kustomization, d *document) (refused *manifest.Gap) {
	d.root.all(func(p *place) bool {
		// Kustomize reads these configurations as JSON, without regard to case.
		isInput := func(key string) bool { return strings.EqualFold(key, p.key+p.parentKey()) }
		if p.kind != yaml.ScalarNode || !slices.ContainsFunc(inputKeys, isInput) {
			return true
		}
		for _, name := range []string{p.text, inputPath(p.text)} { // a generator's file may be "key=path"
			refused = or(refused, r.pluginInput(k, name))
		}
		return refused == nil
	})
	return refused
}

func (r *reading) pluginInput(k *kustomization, name string) *manifest.Gap {
	at := r.beside(k, name)
	if isURL(name) || isRepository(name) && (at.err != nil || at.dir) {
		return &manifest.Gap{Code: manifest.RemoteReference, Reason: neverFetched(name)}
	}
	switch {
	case errors.Is(at.err, source.ErrOutside):
		gap := unreadable(manifest.Pos{}, name, at.err)
		return &gap
	case at.err != nil || at.dir:
		return nil // kustomize says so
	}
	r.inputs[at.name] = true
	if data, err := r.tree.ReadFile(at.name); err == nil && mayExpand(data) {
		if f := r.marked(at.name, data); f.bomb() {
			return f.broken
		}
	}
	return nil
}

func (p *place) hasAlias() bool {
	return !p.all(func(p *place) bool { return p.kind != yaml.AliasNode })
}

// parentKey is the key of the sequence that an item belongs to.
func (p *place) parentKey() string {
	if p.key == "" && p.parent != nil {
		return p.parent.key
	}
	return ""
}

// pluginBomb looks for text in a plugin that must not be parsed, such as a patch.
func pluginBomb(d *document) (bomb *manifest.Gap) {
	d.root.all(func(p *place) bool {
		if p.kind == yaml.ScalarNode && mayExpand([]byte(p.text)) {
			if f := newFile(d.file.name, 0, []byte(p.text)); f.bomb() {
				bomb = f.broken
			}
		}
		return bomb == nil
	})
	return bomb
}

// inflatePlugin inflates the chart of a generator's configuration.
func (r *reading) inflatePlugin(k *kustomization, d *document) (name string, ok bool) {
	var config struct {
		types.HelmGlobals
		types.HelmChart
	}
	text, err := yaml.Marshal(d.root.node())
	if err == nil {
		err = kyaml.Unmarshal(text, &config)
	}
	if err != nil {
		return "", r.refuse(d.root.pos(), manifest.InvalidKustomization, oneLine(err.Error()))
	}
	return r.inflate(k, d.root.pos(), &config.HelmGlobals, config.HelmChart)
}
