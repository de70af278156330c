// Package kustomize builds kustomizations of a repository as "kustomize build"
// does, in process, offline, and tells for every field of every object at which
// line it was written.
//
// The data come from kustomize's own library. Positions come from marks: while
// files are read, each line that ends in a value gets a trailing YAML comment
// that names the file and the line. Comments are not data, and kustomize keeps
// them beside the value, through bases, overlays and merge patches. A value that
// lost its mark was set by a transformer, and its line in the kustomization is
// looked up.
//
// Kustomize itself fetches and runs nothing: each kustomization is rewritten while
// it is read, without the entries that name a plugin or are remote and were not
// fetched; those that were are shown to it as folders of the repository. The rest is built; what then has lost its target (patches,
// replacements, merging generators) is left out as well. Each of these is a gap.
//
// It does not find kustomizations and never reads outside the repository.
package kustomize

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/source"
)

// Options hold for all kustomizations of a repository.
type Options struct {
	KubeVersion string   // for helmCharts that name none; "" is helm.DefaultKubeVersion
	APIVersions []string // for helmCharts, besides what they name
	Fetch       fetch.Folder
}

// A Builder builds kustomizations of one repository. Files are parsed once. Its
// methods may be called concurrently.
type Builder struct {
	tree   *source.Tree
	opts   Options
	charts *helm.Renderer

	files          cache[*file]
	kustomizations cache[*kustomization]
	resolved       cache[resolution]
	lastID         atomic.Int64
}

// NewBuilder returns a builder for the kustomizations of the repository that
// tree shows.
func NewBuilder(tree *source.Tree, opts Options) *Builder {
	return &Builder{tree: tree, opts: opts, charts: helm.New(tree, opts.Fetch)}
}

// newID returns a number for marks.
func (b *Builder) newID() int { return int(b.lastID.Add(1)) }

// kustomization parses a kustomization file, once. The file can be linked into
// several folders, from which its paths lead to different files.
func (b *Builder) kustomization(name, dir string, data []byte) *kustomization {
	return b.kustomizations.get(name+"\x00"+dir, func() *kustomization { return newKustomization(name, dir, b.newID(), data) })
}

// marked returns a file with marks, made once.
func (b *Builder) marked(name string, data []byte) *file {
	return b.files.get(name, func() *file { return newFile(name, b.newID(), data) })
}

// maxAttempts bounds how often a kustomization is built again without an entry
// that has lost its target.
const maxAttempts = 64

// Build builds the kustomization in dir, a folder relative to the repository's
// root. The objects are in the order in which "kustomize build" prints them. A
// build that fails gives no objects and at least one gap; one from which entries
// were left out gives the rest, and a gap for each of them.
func (b *Builder) Build(ctx context.Context, dir string) ([]*manifest.Object, []manifest.Gap) {
	return b.BuildInput(ctx, Input{Dir: dir})
}

// BuildInput is Build for a kustomization that is generated or has an overlay.
func (b *Builder) BuildInput(ctx context.Context, input Input) (objects []*manifest.Object, gaps []manifest.Gap) {
	defer func() {
		if p := recover(); p != nil {
			name, _ := newReading(ctx, b, input, nil).rootFile()
			objects, gaps = nil, []manifest.Gap{{
				Pos: manifest.Pos{File: name, Line: 1}, Code: manifest.InternalError, Reason: fmt.Sprintf("kustomize panicked: %v", p),
			}}
		}
		slices.SortFunc(gaps, compareGaps)
		gaps = slices.Compact(gaps)
	}()
	left := make(map[entry]manifest.Gap)
	for {
		r := newReading(ctx, b, input, left)
		m, err := r.build()
		if r.schema && !r.exclusive {
			r = newReading(ctx, b, input, left)
			m, err = r.buildExclusively()
		}
		if err == nil {
			if objects, err = r.objects(m); err == nil {
				return objects, r.gaps
			}
		}
		if ctx.Err() != nil || !r.refused || len(left) >= maxAttempts || !r.leaveOut(err, left) {
			return nil, append(r.gaps, r.failure(err)...)
		}
	}
}

// schemaLock guards the OpenAPI schema that kustomize's library keeps for the
// whole process: a kustomization with "openapi" replaces it for all builds, those
// that run at the same time and those to come. Builds that only read the schema
// share the lock; one that changes it holds it alone, and resets the schema.
var schemaLock sync.RWMutex

// parseSchema parses the schema before builds share it. The library would do so at
// its first use, while other builds read the same maps without its lock (kyaml
// v0.21.2, openapi.IsNamespaceScoped).
func parseSchema() { openapi.SchemaForResourceType(yaml.TypeMeta{}) }

var parseSchemaOnce = sync.OnceFunc(parseSchema)

func (r *reading) build() (resmap.ResMap, error) {
	schemaLock.RLock()
	defer schemaLock.RUnlock()
	parseSchemaOnce()
	return r.run()
}

func (r *reading) buildExclusively() (resmap.ResMap, error) {
	schemaLock.Lock()
	defer schemaLock.Unlock()
	openapi.ResetOpenAPI()
	defer func() {
		openapi.ResetOpenAPI()
		parseSchema()
	}()
	r.exclusive = true
	return r.run()
}

func (r *reading) run() (resmap.ResMap, error) {
	if name, ok := r.rootFile(); !ok {
		pos := manifest.Pos{File: r.dir}
		if name != "" {
			pos.File = name
		}
		r.problem(pos, manifest.MissingFile, fmt.Sprintf("%q has no kustomization file", r.dir))
		return nil, errors.New("no kustomization file")
	}
	opts := krusty.MakeDefaultOptions()
	if r.input.Unrestricted {
		opts.LoadRestrictions = types.LoadRestrictionsNone
	}
	opts.Reorder = krusty.ReorderOptionUnspecified // as the command line: the legacy order unless sortOptions are given
	return krusty.MakeKustomizer(opts).Run(&fileSystem{r}, mounted(r.dir))
}
