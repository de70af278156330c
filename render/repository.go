package render

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/cache"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
	"github.com/ringfence/ringfence/render/worker"
)

// Options hold for all targets of a repository.
type Options struct {
	Namespace   string         // where objects go for which neither they nor their target say
	Release     string         // release name of charts; empty: the target's own
	KubeVersion string         // for charts whose target gives none; empty: helm.DefaultKubeVersion
	APIVersions []string       // added to what a cluster of KubeVersion serves
	Values      []helm.Values  // given by the user, after the target's
	Set         []string       // "key=value" expressions given by the user, after the target's
	Config      *config.Config // of the repository; nil for none
	Fetch       *fetch.Fetcher // of what lies elsewhere; nil for none
	Workers     *worker.Pool   // that render, by Worker; nil: rendered in this process
	Lots        uint64         // what charts draw at random in workers; the same in each run
	Ignores     *source.Tree   // whose ignore files leave paths out; nil: the repository itself
	Cache       *cache.Cache   // of what workers rendered in earlier runs; nil for none
}

// A Repository finds and renders the targets of one repository. Files are read
// and parsed once. Its methods may be called concurrently.
type Repository struct {
	id      int64 // for workers
	tree    *source.Tree
	opts    Options
	folder  fetch.Folder
	builder *kustomize.Builder
	charts  *helm.Renderer

	mu         sync.Mutex
	parsed     map[string]parsed
	rendered   map[string]func() parsed // what targets rendered to, by what they are rendered from
	references map[string]references    // of kustomizations, by folder
	resolved   map[string]resolved      // by name
	digests    map[string]cache.Key     // of files by name, of folders with a slash behind it
	charted    func() cache.Key         // digestCharts, once

	lender *lender      // nil for none
	former *Repository  // the state before, nil for none
	count  atomic.Int64 // of what was rendered
	plain  atomic.Int64 // bytes of the files that parse found objects in
}

type references struct {
	kustomize.References
	err error
}

type parsed struct {
	objects []*manifest.Object
	gaps    []Gap
}

// ignores is the tree whose ignore files count.
func (r *Repository) ignores() *source.Tree { return cmp.Or(r.opts.Ignores, r.tree) }

// New returns the repository that tree shows.
func New(tree *source.Tree, opts Options) *Repository {
	return newRepository(tree, opts, opts.Fetch.Into(tree))
}

var lastID atomic.Int64

func newRepository(tree *source.Tree, opts Options, folder fetch.Folder) *Repository {
	r := &Repository{
		id:      lastID.Add(1),
		tree:    tree,
		opts:    opts,
		folder:  folder,
		builder: kustomize.NewBuilder(tree, kustomize.Options{KubeVersion: opts.KubeVersion, APIVersions: opts.APIVersions, Fetch: folder}),
		charts:  helm.New(tree, folder),
		parsed:  make(map[string]parsed),

		rendered:   make(map[string]func() parsed),
		references: make(map[string]references),
		resolved:   make(map[string]resolved),
		digests:    make(map[string]cache.Key),
	}
	r.charted = sync.OnceValue(r.digestCharts)
	return r
}

// referencesOf lists what the kustomization in dir uses, once.
func (r *Repository) referencesOf(dir string) (kustomize.References, error) {
	r.mu.Lock()
	refs, ok := r.references[dir]
	r.mu.Unlock()
	if !ok {
		refs.References, refs.err = kustomize.ReferencesOf(r.tree, dir)
		r.mu.Lock()
		r.references[dir] = refs
		r.mu.Unlock()
	}
	return refs.References, refs.err
}

// parse reads a plain manifest file, once.
func (r *Repository) parse(name string) ([]*manifest.Object, []Gap) {
	r.mu.Lock()
	p, ok := r.parsed[name]
	r.mu.Unlock()
	if ok {
		return p.objects, p.gaps
	}
	p = r.read(name)
	r.mu.Lock()
	r.parsed[name] = p
	r.mu.Unlock()
	return p.objects, p.gaps
}

// read is parse without a memory of what was read.
func (r *Repository) read(name string) (p parsed) {
	data, err := r.tree.ReadFile(name)
	most := r.mostPlain()
	switch {
	case err != nil:
		p.gaps = []Gap{source.Gap(name, err)}
	case r.plain.Load()+int64(len(data)) > most && slices.ContainsFunc(manifest.Split(data), manifest.Document.LooksLikeKubernetes):
		p.gaps = []Gap{{
			Pos: manifest.Pos{File: name}, Code: manifest.LimitExceeded,
			Reason: fmt.Sprintf("makes more than %d MiB of manifests with those that were read before: --memory raises the limit", most>>20),
		}}
	default:
		p.objects, p.gaps = manifest.Parse(name, data)
		p.objects = slices.DeleteFunc(p.objects, func(o *manifest.Object) bool { return !isServed(o) })
		if len(p.objects) > 0 {
			r.plain.Add(int64(len(data)))
		}
	}
	return p
}

// mostPlain is how many bytes of manifests may be parsed in this process, which nothing
// else limits: objects of a few short fields take twenty times the memory of their text.
func (r *Repository) mostPlain() int64 {
	if r.opts.Workers == nil {
		return math.MaxInt64 // it is a worker, or has no limits
	}
	return r.opts.Workers.Memory() / 20
}

// builtinGroups are the API groups of Kubernetes without a dot. Groups of custom
// resources have one ("should be a domain with at least one dot", validation of
// CustomResourceDefinition), so that files of other tools can be told apart.
var builtinGroups = []string{"", "apps", "autoscaling", "batch", "extensions", "policy"}

// toolGroups are the API groups of files that are read by command line tools.
var toolGroups = []string{"kustomize.config.k8s.io", "config.kubernetes.io", "kubeadm.k8s.io", "kind.x-k8s.io", "k3d.io"}

// isServed tells whether an API server could serve the object. It tells plain
// manifests from files of tools that borrow apiVersion and kind.
func isServed(o *manifest.Object) bool {
	switch {
	case slices.Contains(toolGroups, o.Group), o.Group == "" && o.Kind == "Config":
		return false
	default:
		return strings.Contains(o.Group, ".") || slices.Contains(builtinGroups, o.Group)
	}
}
