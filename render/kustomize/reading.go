package kustomize

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// A reading is one build of one kustomization: what it reads, and what is kept
// from it. It is used by one goroutine until the build is done, and is read-only
// from then on, when objects ask it for positions.
type reading struct {
	*Builder
	ctx   context.Context //nolint:containedctx // the library's file system interface has no place for it
	input Input
	dir   string
	root  *kustomization         // with its overlay
	left  map[entry]manifest.Gap // entries to leave out, by earlier attempts

	exclusive bool // no other build runs
	schema    bool // the schema is changed, which needs to be exclusive
	refused   bool // entries were left out

	gaps     []manifest.Gap // of what was left out
	problems []manifest.Gap // that kustomize will fail for

	kustomizations  []*kustomization            // in the order of reading, without repetition
	kustomizationAt map[string]string           // folder by the name of its kustomization file
	users           map[string][]*kustomization // by the file or folder they use
	files           map[string]*file            // marked, by name
	byID            map[int]*file
	inputs          map[string]bool   // data of generators, which must not be marked
	patches         map[*file]bool    // files that are patches
	inflated        map[string]*file  // charts, by the name that stands for their output
	moved           map[entry]string  // where entries are that lie elsewhere
	helmNamespace   map[string]string // what charts in a folder inherit
	reads           int

	sources   map[identity][]*document // resources by kind and name
	objectsOf []*object
	selectors sync.Map // *types.SelectorRegex by *types.Selector; places are asked for at any time
}

// maxReads bounds the files that one build reads, each time it reads them.
const maxReads = 50_000

func newReading(ctx context.Context, b *Builder, input Input, left map[entry]manifest.Gap) *reading {
	return &reading{
		Builder: b, ctx: ctx, input: input, dir: path.Clean(input.Dir), left: left,
		kustomizationAt: make(map[string]string),
		users:           make(map[string][]*kustomization),
		files:           make(map[string]*file),
		byID:            make(map[int]*file),
		inputs:          make(map[string]bool),
		patches:         make(map[*file]bool),
		inflated:        make(map[string]*file),
		moved:           make(map[entry]string),
		helmNamespace:   make(map[string]string),
	}
}

func (r *reading) problem(pos manifest.Pos, code manifest.Code, reason string) {
	r.problems = append(r.problems, manifest.Gap{Pos: pos, Code: code, Reason: reason})
}

// refuse names an entry that is left out. It returns false.
func (r *reading) refuse(pos manifest.Pos, code manifest.Code, reason string) bool {
	r.refused = true
	r.gaps = append(r.gaps, manifest.Gap{Pos: pos, Code: code, Reason: reason})
	return false
}

// read returns what kustomize gets to see of a file.
func (r *reading) read(name string) ([]byte, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	if r.reads++; r.reads > maxReads {
		return nil, errReads
	}
	if f, ok := r.inflated[name]; ok {
		return f.text, nil
	}
	if dir, ok := r.kustomizationAt[name]; ok {
		return r.readKustomization(name, dir)
	}
	f, marked := r.files[name]
	if marked && f.bomb() {
		return nil, errors.New(f.broken.Reason)
	}
	if marked && !r.inputs[name] {
		return f.text, nil
	}
	return r.tree.ReadFile(name)
}

var (
	errReads  = fmt.Errorf("reads more than %d files", maxReads)
	errSchema = errors.New("has to be built alone")
)

func (r *reading) readKustomization(name, dir string) ([]byte, error) {
	k, err := r.parsed(name, dir)
	if err != nil {
		r.problems = append(r.problems, unreadable(manifest.Pos{File: name}, name, err))
		return nil, err
	}
	if other, ok := FileIn(r.tree, dir); ok && r.resolve(other).name != name && !(r.input.generated() && r.isRoot(dir)) {
		r.problem(manifest.Pos{File: name, Line: 1}, manifest.InvalidKustomization,
			fmt.Sprintf("%q has two kustomization files, %q and %q", dir, path.Base(other), path.Base(name)))
	}
	if k.invalid != nil {
		r.problems = append(r.problems, *k.invalid)
		return nil, errors.New(k.invalid.Reason) // never the text, which was not checked
	}
	if len(k.value.OpenAPI) > 0 || len(k.value.Crds) > 0 {
		if r.schema = true; !r.exclusive {
			return nil, errSchema
		}
	}
	r.note(k)
	return r.sanitize(k)
}

// parsed returns a kustomization, the one to build with its overlay.
func (r *reading) parsed(name, dir string) (*kustomization, error) {
	root := r.isRoot(dir)
	if root && r.input.generated() {
		return r.rootKustomization(name, dir, r.input.generate()), nil
	}
	data, err := r.tree.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if root && r.input.Overlay != nil {
		return r.rootKustomization(name, dir, data), nil
	}
	return r.kustomization(name, dir, data), nil
}

// note remembers a kustomization that takes part in the build.
func (r *reading) note(k *kustomization) {
	if r.byID[k.id] == nil {
		r.kustomizations = append(r.kustomizations, k)
		for _, f := range append(k.others, k.file) {
			r.byID[f.id] = f
		}
	}
}

// sanitize returns the kustomization without the entries that would be fetched or
// run, that earlier attempts gave up, or that have to be rendered here.
func (r *reading) sanitize(k *kustomization) ([]byte, error) {
	if k.bomb() {
		r.problems = append(r.problems, *k.broken)
		return nil, errors.New(k.broken.Reason)
	}
	leave := make(map[entry]bool)
	for e, gap := range r.left {
		if e.file == k.name {
			leave[e] = true
			r.gaps, r.refused = append(r.gaps, gap), true
		}
	}
	var charts []string
	for _, u := range k.uses {
		if leave[u.entry] {
			continue
		}
		if u.purpose == asPlugin {
			keep, inflated := r.pluginFile(k, u)
			charts = append(charts, inflated...)
			if !keep {
				leave[u.entry] = true
			}
		} else if !r.allow(k, u) {
			leave[u.entry] = true
		}
	}
	for _, list := range k.plugins() {
		for i, text := range list.entries {
			e := entry{k.name, list.field, i}
			if docs := k.inline[e]; docs != nil && !leave[e] {
				keep, inflated := r.inlinePlugin(k, k.at(list.field, i), text, docs)
				charts = append(charts, inflated...)
				if !keep {
					leave[e] = true
				}
			}
		}
	}
	for i, c := range k.value.HelmCharts {
		if name, ok := r.inflate(k, k.at("helmCharts", i), k.value.HelmGlobals, c); ok {
			charts = append(charts, name)
		}
	}
	if k == r.root && len(r.input.Objects) > 0 {
		charts = append(charts, r.rendered(k))
	}
	return k.rewritten(leave, r.moved, charts)
}

// allow tells whether an entry may stay. An entry that kustomize will fail for
// stays, and is noted as a problem.
func (r *reading) allow(k *kustomization, u use) bool {
	name := path.Join(k.dir, u.path)
	at := r.beside(k, u.path)
	if isURL(u.path) || isRepository(u.path) && (at.err != nil || at.dir) {
		return r.fetched(k, u)
	}
	switch {
	case r.tree.MountOf(name) != r.tree.MountOf(k.dir):
		return r.refuse(u.pos, manifest.OutsideRepository, fmt.Sprintf("%q leads across the bounds of what was fetched", u.path))
	case path.IsAbs(u.path) || name == ".." || strings.HasPrefix(name, "../"):
		r.problems = append(r.problems, unreadable(u.pos, u.path, source.ErrOutside))
	case at.err != nil:
		r.problems = append(r.problems, unreadable(u.pos, u.path, at.err))
	case at.dir && (u.purpose == asResource || u.purpose == asComponent):
		r.useFolder(k, u, at.name)
	case at.dir:
		r.problem(u.pos, manifest.MissingFile, fmt.Sprintf("%q is a folder, want a file", u.path))
	case u.purpose == asComponent:
		r.problem(u.pos, manifest.MissingFile, fmt.Sprintf("%q is a file, want the folder of a component", u.path))
	case !r.input.Unrestricted && !within(at.name, r.resolve(k.dir).name):
		r.problem(u.pos, manifest.KustomizeFailed, fmt.Sprintf("%q is not in or below the kustomization's folder %q", u.path, k.dir))
	default:
		r.useFile(k, u, at.name)
	}
	return true
}

// beside is what a kustomization means by a path. No path leads from what was fetched
// into the repository, or to something else that was fetched, or the other way.
func (r *reading) beside(k *kustomization, name string) resolution {
	name = path.Join(k.dir, name)
	if r.tree.MountOf(name) != r.tree.MountOf(k.dir) {
		return resolution{err: source.ErrOutside}
	}
	return r.resolve(name)
}

func within(name, dir string) bool { return dir == "." || strings.HasPrefix(name, dir+"/") }

func (r *reading) useFolder(k *kustomization, u use, dir string) {
	if _, ok := FileIn(r.tree, dir); !ok {
		r.problem(u.pos, manifest.MissingFile, fmt.Sprintf("%q has no kustomization file", u.path))
		return
	}
	r.users[dir] = append(r.users[dir], k)
	// Charts take their namespace from the nearest kustomization above that has one.
	r.helmNamespace[dir] = cmp.Or(k.value.Namespace, r.helmNamespace[k.dir])
}

func (r *reading) useFile(k *kustomization, u use, name string) {
	r.users[name] = append(r.users[name], k)
	data, err := r.tree.ReadFile(name)
	if err != nil {
		r.problems = append(r.problems, unreadable(u.pos, u.path, err))
		return
	}
	if u.purpose == asInput {
		r.inputs[name] = true
	}
	if u.purpose != asResource && u.purpose != asPatch {
		return
	}
	f := r.marked(name, data)
	r.files[name], r.byID[f.id] = f, f
	if u.purpose == asPatch {
		r.patches[f] = true
	}
	if f.broken != nil {
		r.problems = append(r.problems, *f.broken)
	}
}

// unreadable is the gap of a path that cannot be read.
func unreadable(pos manifest.Pos, name string, err error) manifest.Gap {
	gap := source.Gap(name, err)
	gap.Pos = pos
	if gap.Code == manifest.MissingFile {
		gap.Reason = fmt.Sprintf("%q %s", name, gap.Reason)
	} else {
		gap.Reason = fmt.Sprintf("%q: %s", name, gap.Reason)
	}
	return gap
}
