package kustomize

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// What a kustomization uses a path for.
type purpose int

const (
	asResource  purpose = iota // a file, or the folder of another kustomization
	asComponent                // the folder of a component
	asPatch                    // a merge patch or a list of operations
	asInput                    // data of a generator
	asConfig                   // anything that kustomize reads for itself
	asPlugin                   // a generator, transformer or validator, or a folder of them
)

// A use is a path in a kustomization.
type use struct {
	entry
	purpose purpose
	path    string // as written, without the key of a generator's file
	pos     manifest.Pos
}

func (k *kustomization) listUses() []use {
	var uses []use
	add := func(p purpose, name, field string, index int, keys ...any) {
		if name != "" {
			uses = append(uses, use{entry{k.name, field, index}, p, name, k.at(field, index, keys...)})
		}
	}
	all := func(p purpose, field string, list []string) {
		for i, name := range list {
			add(p, name, field, i)
		}
	}
	v := &k.value
	all(asResource, "resources", v.Resources)
	all(asComponent, "components", v.Components)
	all(asConfig, "crds", v.Crds)
	all(asConfig, "configurations", v.Configurations)
	add(asConfig, v.OpenAPI["path"], "openapi", -1, "path")
	for i, p := range v.Patches {
		add(asPatch, p.Path, "patches", i, "path")
	}
	for i, p := range v.PatchesJson6902 {
		add(asPatch, p.Path, "patchesJson6902", i, "path")
	}
	for i, p := range v.PatchesStrategicMerge {
		if k.inline[entry{k.name, "patchesStrategicMerge", i}] == nil {
			add(asPatch, string(p), "patchesStrategicMerge", i)
		}
	}
	for i, r := range v.Replacements {
		add(asConfig, r.Path, "replacements", i, "path")
	}
	inputs := func(field string, i int, sources types.KvPairSources) {
		for j, f := range sources.FileSources {
			add(asInput, inputPath(f), field, i, "files", j)
		}
		for j, f := range sources.EnvSources {
			add(asInput, f, field, i, "envs", j)
		}
	}
	for i, g := range v.ConfigMapGenerator {
		inputs("configMapGenerator", i, g.KvPairSources)
	}
	for i, g := range v.SecretGenerator {
		inputs("secretGenerator", i, g.KvPairSources)
	}
	for _, list := range k.plugins() {
		for i, p := range list.entries {
			if k.inline[entry{k.name, list.field, i}] == nil {
				add(asPlugin, p, list.field, i)
			}
		}
	}
	return uses
}

// inputPath returns the path of a generator's "[key=]path".
func inputPath(source string) string {
	if _, name, found := strings.Cut(source, "="); found {
		return name
	}
	return source
}

// References is what a kustomization uses from the repository. All names are
// relative to its root; what does not exist is left out.
type References struct {
	Pos       manifest.Pos
	Component bool     // kind: Component, which cannot be built alone
	Namespace string   // that it puts everything into; empty for none
	Dirs      []string // folders of other kustomizations
	Files     []string // files of any purpose
	Charts    []string // folders of charts
	// Plugins are files and folders that a plugin's configuration may name.
	Plugins []string
	// Unknown is true where it cannot be told what plugins use: they lie in a folder, or
	// inflate a chart.
	Unknown bool
	// Selectors is true where labels may be added to selectors, those of peers of
	// network policies included.
	Selectors bool
}

// ReferencesOf lists what the kustomization in dir uses, without building it. The
// error tells why kustomize would refuse the kustomization.
func ReferencesOf(tree *source.Tree, dir string) (References, error) {
	name, ok := FileIn(tree, dir)
	if !ok {
		return References{}, &invalidError{manifest.Gap{Pos: manifest.Pos{File: dir}, Reason: "no kustomization file"}}
	}
	refs := References{Pos: manifest.Pos{File: name, Line: 1}}
	data, err := tree.ReadFile(name)
	if err != nil {
		return refs, err
	}
	k := newKustomization(name, dir, 0, data)
	if k.invalid != nil {
		return refs, &invalidError{*k.invalid}
	}
	refs.Component, refs.Namespace = k.value.Kind == types.ComponentKind, k.value.Namespace
	refs.Selectors = len(k.value.CommonLabels)+len(k.value.Transformers) > 0 ||
		slices.ContainsFunc(k.value.Labels, func(l types.Label) bool { return l.IncludeSelectors || len(l.FieldSpecs) > 0 })
	exists := func(name string) (string, bool) {
		resolved, err := tree.Resolve(path.Join(dir, name))
		return resolved, err == nil
	}
	for _, u := range k.uses {
		target, ok := exists(u.path)
		if !ok || isURL(u.path) {
			continue
		}
		if tree.IsDir(target) {
			refs.Dirs = append(refs.Dirs, target)
		} else {
			refs.Files = append(refs.Files, target)
		}
	}
	for _, c := range k.value.HelmCharts {
		if chart, ok := exists(chartDir(k.value.HelmGlobals, c)); ok && tree.IsDir(chart) {
			refs.Charts = append(refs.Charts, chart)
		}
		for _, f := range append(slices.Clone(c.AdditionalValuesFiles), c.ValuesFile) {
			if target, ok := exists(f); ok && f != "" {
				refs.Files = append(refs.Files, target)
			}
		}
	}
	refs.addPlugins(tree, k)
	for _, list := range []*[]string{&refs.Dirs, &refs.Files, &refs.Charts, &refs.Plugins} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return refs, nil
}

// addPlugins adds what the plugins of a kustomization may read: whatever stands in
// their configuration and is a path. Those that are no part of kustomize read nothing.
func (refs *References) addPlugins(tree *source.Tree, k *kustomization) {
	var docs []*document
	for _, inline := range k.inline {
		docs = append(docs, inline...)
	}
	for _, u := range k.uses {
		name, err := tree.Resolve(path.Join(k.dir, u.path))
		if u.purpose != asPlugin || err != nil {
			continue
		}
		refs.Unknown = refs.Unknown || tree.IsDir(name)
		if data, err := tree.ReadFile(name); err == nil {
			docs = append(docs, newFile(name, 0, data).docs...)
		}
	}
	for _, d := range docs {
		if d.root.str("apiVersion") != konfig.BuiltinPluginApiVersion {
			continue
		}
		refs.Unknown = refs.Unknown || d.root.hasAlias() || d.root.str("kind") == chartGenerator
		d.root.all(func(p *place) bool {
			for _, text := range []string{p.text, inputPath(p.text)} {
				if name, err := tree.Resolve(path.Join(k.dir, text)); err == nil && p.kind == yaml.ScalarNode && text != "" {
					refs.Plugins = append(refs.Plugins, name)
				}
			}
			return true
		})
	}
}

// invalidError is a kustomization that kustomize refuses.
type invalidError struct{ gap manifest.Gap }

func (e *invalidError) Error() string { return e.gap.Pos.String() + ": " + e.gap.Reason }
