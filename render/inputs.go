package render

import (
	"io/fs"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
)

// inputs are what decides what a target renders to, as far as files of the repository
// go, besides what the target itself says. They may be more than what is read, never less.
type inputs struct {
	repository *Repository
	followed   map[string]bool // kustomizations, by folder
	files      map[string]bool
	folders    map[string]bool // with all that lies below them
	charts     bool            // which charts there are and how they are named
	all        bool            // the whole repository
}

// inputsOf follows the references of a target: the files of kustomizations and the
// folders that they include, charts with their dependencies and values, manifests, and
// the objects of Argo CD and Flux that shape it.
func (r *Repository) inputsOf(t Target) *inputs {
	in := &inputs{repository: r, followed: make(map[string]bool), files: make(map[string]bool), folders: make(map[string]bool)}
	switch t.Kind {
	case Kustomize:
		if len(t.Files) == 0 {
			in.kustomization(t.Dir)
		}
	case Helm:
		in.chart(t.Dir)
	case Stream:
		in.all = true
	}
	for _, name := range t.Files {
		in.use(name)
	}
	for _, layer := range t.Values {
		in.add(layer.Name, layer.Pos.File)
		in.values(layer)
	}
	for _, setting := range t.Set {
		in.add(setting.Pos.File)
	}
	for _, overlay := range t.Overlays {
		in.written(overlay.Fields, overlay.At)
		in.named(t.Dir, overlay.Fields)
	}
	in.add(t.Variables.File(), t.Metadata.File())
	return in
}

// add adds files by their names and by what these lead to; "" is none.
func (in *inputs) add(names ...string) {
	for _, name := range names {
		if name == "" {
			continue
		}
		name = path.Clean(name)
		in.files[name] = true
		if real, err := in.repository.resolve(name); err == nil {
			in.files[real] = true
		}
	}
}

// written adds the files in which a value and all within it are written. A patch that
// changed a part of it is another one than that of the value itself.
func (in *inputs) written(value any, at func(path ...any) manifest.Origin, path ...any) {
	origin := at(path...)
	in.add(origin.File)
	for _, p := range origin.Via {
		in.add(p.File)
	}
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			in.written(item, at, append(slices.Clip(path), key)...)
		}
	case []any:
		for i, item := range v {
			in.written(item, at, append(slices.Clip(path), i)...)
		}
	}
}

// values adds the files in which the values of a layer are written, which are asked for by
// their keys.
func (in *inputs) values(layer helm.Values) {
	if layer.At == nil {
		return
	}
	var values map[string]any
	if err := yaml.Unmarshal(layer.Data, &values); err != nil {
		in.all = true
		return
	}
	in.written(values, func(path ...any) manifest.Origin {
		var keys []string
		for _, step := range path {
			key, ok := step.(string)
			if !ok {
				break
			}
			keys = append(keys, key)
		}
		return manifest.Origin{Pos: layer.At(keys)}
	})
}

// A resolved name is what a path leads to after symbolic links.
type resolved struct {
	name string
	err  error
}

// resolve is Resolve of the tree, asked once: many targets have the same inputs.
func (r *Repository) resolve(name string) (string, error) {
	r.mu.Lock()
	at, ok := r.resolved[name]
	r.mu.Unlock()
	if !ok {
		at.name, at.err = r.tree.Resolve(name)
		r.mu.Lock()
		r.resolved[name] = at
		r.mu.Unlock()
	}
	return at.name, at.err
}

// use adds a file, or a folder with what its kustomization leads to.
func (in *inputs) use(name string) {
	in.add(name)
	if in.repository.tree.IsDir(name) {
		in.folder(name)
		in.kustomization(path.Clean(name))
	}
}

// named adds everything of the repository that a value names, by a path from a folder.
func (in *inputs) named(dir string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, item := range v {
			in.named(dir, item)
		}
	case []any:
		for _, item := range v {
			in.named(dir, item)
		}
	case string:
		if name := path.Join(dir, v); v != "" && in.repository.tree.Exists(name) {
			in.use(name)
		}
	}
}

// recognized are the names of kustomization files; which of them exist matters.
var recognized = kustomize.FileNames()

func (in *inputs) kustomization(dir string) {
	if in.followed[dir] {
		return
	}
	in.followed[dir] = true
	for _, name := range recognized {
		in.add(path.Join(dir, name))
	}
	refs, err := in.repository.referencesOf(dir)
	if err != nil {
		in.folder(dir)
	}
	in.all = in.all || refs.Unknown
	in.add(refs.Files...)
	for _, d := range refs.Dirs {
		in.kustomization(d)
	}
	for _, chart := range refs.Charts {
		in.chart(chart)
	}
	for _, name := range refs.Plugins {
		in.add(name)
		if in.repository.tree.IsDir(name) {
			in.folder(name)
		}
	}
}

func (in *inputs) chart(dir string) {
	dirs, open := in.repository.charts.Inputs(dir)
	in.charts = in.charts || open
	for _, d := range dirs {
		in.folder(d)
	}
}

// folder adds all that lies below a folder, also by way of links.
func (in *inputs) folder(dir string) {
	dir = path.Clean(dir)
	if in.folders[dir] {
		return
	}
	in.folders[dir] = true
	entries, _ := in.repository.tree.ReadDir(dir) // one that cannot be read holds nothing
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		switch {
		case entry.IsDir():
			in.folder(name)
		case entry.Type()&fs.ModeSymlink != 0:
			in.link(name)
		}
	}
}

func (in *inputs) link(name string) {
	real, err := in.repository.resolve(name)
	if err != nil {
		return
	}
	if in.repository.tree.IsDir(real) {
		in.folder(real)
	} else {
		in.add(real)
	}
}

// touched tells whether some differences of a repository matter. Where links differ,
// names may lead elsewhere, and everything does.
func (in *inputs) touched(d source.Differences) bool {
	if len(d.Names) > 0 && (in.all || d.Links) {
		return true
	}
	return slices.ContainsFunc(d.Names, in.has)
}

// has tells whether a file, link or folder matters.
func (in *inputs) has(name string) bool {
	if in.files[name] || in.charts && path.Base(name) == "Chart.yaml" {
		return true
	}
	for dir := name; !in.folders[dir]; dir = path.Dir(dir) {
		if dir == "." {
			return false
		}
	}
	return true
}
