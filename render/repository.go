package render

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
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
}

// A Repository finds and renders the targets of one repository. Files are read
// and parsed once. Its methods may be called concurrently.
type Repository struct {
	tree    *source.Tree
	opts    Options
	builder *kustomize.Builder
	charts  *helm.Renderer

	mu     sync.Mutex
	parsed map[string]parsed
}

type parsed struct {
	objects []*manifest.Object
	gaps    []Gap
}

// New returns the repository that tree shows.
func New(tree *source.Tree, opts Options) *Repository {
	return &Repository{
		tree:    tree,
		opts:    opts,
		builder: kustomize.NewBuilder(tree, kustomize.Options{KubeVersion: opts.KubeVersion, APIVersions: opts.APIVersions}),
		charts:  helm.New(tree),
		parsed:  make(map[string]parsed),
	}
}

// Render renders one target. A panic of a library is a gap of that target.
func (r *Repository) Render(ctx context.Context, t Target) (result Result) {
	defer func() {
		if p := recover(); p != nil {
			result = Result{Target: t, Gaps: []Gap{{
				Pos: t.Pos, Code: manifest.InternalError, Reason: fmt.Sprintf("rendering crashed: %v", p),
			}}}
		}
	}()
	result.Target = t
	switch t.Kind {
	case Kustomize:
		result.Objects, result.Gaps = r.builder.Build(ctx, t.Dir)
	case Helm:
		result.Objects, result.Gaps = r.chart(ctx, t)
	case Plain:
		for _, name := range t.Files {
			objects, gaps := r.parse(name)
			result.Objects = append(result.Objects, objects...)
			result.Gaps = append(result.Gaps, gaps...)
		}
	}
	r.place(&result)
	result.Gaps = append(result.Gaps, unfollowed(result.Objects)...)
	return result
}

// parse reads a plain manifest file, once.
func (r *Repository) parse(name string) ([]*manifest.Object, []Gap) {
	r.mu.Lock()
	p, ok := r.parsed[name]
	r.mu.Unlock()
	if ok {
		return p.objects, p.gaps
	}
	if data, err := r.tree.ReadFile(name); err != nil {
		p.gaps = []Gap{source.Gap(name, err)}
	} else {
		p.objects, p.gaps = manifest.Parse(name, data)
		p.objects = slices.DeleteFunc(p.objects, func(o *manifest.Object) bool { return !isServed(o) })
	}
	r.mu.Lock()
	r.parsed[name] = p
	r.mu.Unlock()
	return p.objects, p.gaps
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

// chart renders a chart. Where its default values do not render, its first ci
// values that do stand in for them: charts with required values carry such.
func (r *Repository) chart(ctx context.Context, t Target) ([]*manifest.Object, []Gap) {
	release := r.release(t)
	objects, gaps := r.charts.Render(ctx, release)
	if len(release.Values) > 0 || len(release.Set) > 0 || !slices.ContainsFunc(gaps, isValuesGap) {
		return objects, gaps
	}
	for _, name := range r.ciValues(t.Dir) {
		data, err := r.tree.ReadFile(name)
		if err != nil {
			continue
		}
		release.Values = []helm.Values{{Name: name, Data: data}}
		if objects, gaps := r.charts.Render(ctx, release); !slices.ContainsFunc(gaps, isValuesGap) {
			return objects, append(gaps, Gap{
				Pos: t.Pos, Code: manifest.FallbackValues, Note: true,
				Reason: fmt.Sprintf("rendered with %q, because the default values do not render", name),
			})
		}
	}
	return objects, gaps
}

// isValuesGap tells whether other values might close the gap.
func isValuesGap(g Gap) bool {
	return !g.Note && (g.Code == manifest.TemplateFailed || g.Code == manifest.InvalidValues)
}

func (r *Repository) ciValues(dir string) []string {
	entries, _ := r.tree.ReadDir(path.Join(dir, "ci")) // most charts have none
	var names []string
	for _, entry := range entries {
		if ext := path.Ext(entry.Name()); ext == ".yaml" || ext == ".yml" {
			names = append(names, path.Join(dir, "ci", entry.Name()))
		}
	}
	return names
}

func (r *Repository) release(t Target) helm.Release {
	return helm.Release{
		Dir:         t.Dir,
		Name:        cmp.Or(r.opts.Release, t.Release),
		Namespace:   cmp.Or(t.Namespace, r.opts.Namespace, helmDefaultNamespace),
		Values:      slices.Concat(t.Values, r.opts.Values),
		Set:         slices.Concat(t.Set, helm.Settings(r.opts.Set)),
		SkipCRDs:    t.SkipCRDs,
		KubeVersion: cmp.Or(t.KubeVersion, r.opts.KubeVersion),
		APIVersions: slices.Concat(t.APIVersions, r.opts.APIVersions),
	}
}

// RenderAll renders targets on all processors, in their order. After each, done
// is called with the number of finished ones; it may be nil.
func (r *Repository) RenderAll(ctx context.Context, targets []Target, done func(int)) []Result {
	results := make([]Result, len(targets))
	next, finished := make(chan int), make(chan int)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for i := range next {
				results[i] = r.Render(ctx, targets[i])
				finished <- i
			}
		}()
	}
	go func() {
		for i := range targets {
			next <- i
		}
		close(next)
	}()
	for n := range targets {
		<-finished
		if done != nil {
			done(n + 1)
		}
	}
	return results
}
