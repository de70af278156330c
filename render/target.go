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

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
)

// Render renders one target, once: another target that is rendered from the same
// has the same objects. A panic of a library is a gap of that target.
func (r *Repository) Render(ctx context.Context, t Target) Result {
	made := r.once(ctx, t)
	result := Result{Target: t, Objects: slices.Clone(made.objects), Gaps: slices.Concat(t.Gaps, made.gaps)}
	if t.Kind == Kustomize && len(result.Objects) == 0 && !result.Complete() {
		result.Unseen = r.unseen(t)
	}
	r.place(&result)
	for i, gap := range result.Gaps {
		result.Gaps[i].Reason = fetch.WithoutSecrets(gap.Reason)
	}
	return result
}

// once renders what a target is made from, unless that was done.
func (r *Repository) once(ctx context.Context, t Target) parsed {
	key := t.source()
	r.mu.Lock()
	rendered, ok := r.rendered[key]
	if !ok {
		rendered = sync.OnceValue(func() parsed { return r.made(ctx, t) })
		r.rendered[key] = rendered
	}
	r.mu.Unlock()
	return rendered()
}

// source identifies all that the target's objects are made from.
func (t *Target) source() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q %q %q %q", t.Kind, t.Dir, t.Files, t.KubeVersion, t.APIVersions)
	for _, o := range t.Overlays {
		fmt.Fprintf(&b, " %q %v", o.At().Pos, o.Fields)
	}
	fmt.Fprintf(&b, " %v %q %q", t.Unrestricted, t.Variables.Content(), t.Metadata.Content())
	if t.Kind == Helm {
		fmt.Fprintf(&b, " %q %q %q %v %v %v", t.Release, t.ReleaseNamespace, t.Namespace, t.SkipCRDs, t.SkipSchema, t.NoDefaults)
		for _, setting := range t.Set {
			fmt.Fprintf(&b, " %q %d %q", setting.Expression, setting.Form, setting.Pos)
		}
		for _, layer := range t.Values {
			fmt.Fprintf(&b, " %q %q %d %v %q", layer.Name, layer.Pos, layer.Skip, layer.Data != nil, layer.Data)
		}
	}
	return b.String()
}

func (r *Repository) render(ctx context.Context, t Target) parsed {
	made := r.built(ctx, t)
	for i, o := range made.objects {
		o, gap := t.Variables.Substitute(o)
		if gap != nil {
			made.gaps = append(made.gaps, *gap)
		}
		made.objects[i] = t.Metadata.Apply(o)
	}
	r.named(&made)
	return made
}

// crashed makes a gap of a panic.
func crashed(t Target, made *parsed) {
	if p := recover(); p != nil {
		*made = parsed{gaps: []Gap{{Pos: t.Pos, Code: manifest.InternalError, Reason: fmt.Sprintf("rendering crashed: %v", p)}}}
	}
}

// build renders the files of a target, with its overlays.
func (r *Repository) build(ctx context.Context, t Target) (made parsed) {
	defer crashed(t, &made)
	overlays := t.Overlays
	switch t.Kind {
	case Kustomize:
		input := kustomize.Input{Dir: t.Dir, Resources: t.resources(), KubeVersion: t.KubeVersion, APIVersions: t.APIVersions, Unrestricted: t.Unrestricted}
		if len(overlays) > 0 {
			input.Overlay, overlays = overlays[0], overlays[1:]
		}
		made.objects, made.gaps = r.builder.BuildInput(ctx, input)
	case Helm:
		made.objects, made.gaps = r.chart(ctx, t)
	case Plain:
		for _, name := range t.Files {
			objects, gaps := r.parse(name)
			made.objects = append(made.objects, objects...)
			made.gaps = append(made.gaps, gaps...)
		}
	}
	for _, overlay := range overlays {
		if len(made.objects) == 0 {
			break // there is nothing to change
		}
		objects, gaps := r.builder.BuildInput(ctx, kustomize.Input{Dir: t.Dir, Objects: made.objects, Overlay: overlay})
		made.objects, made.gaps = objects, append(made.gaps, gaps...)
	}
	return made
}

// named moves positions in what was fetched to the lines that name it: nobody can edit
// what lies elsewhere.
func (r *Repository) named(made *parsed) {
	if r.opts.Fetch == nil {
		return
	}
	origin := func(o manifest.Origin) manifest.Origin {
		if r.tree.MountOf(o.File) != "" {
			o.Pos, o.Exact = r.tree.Named(o.Pos), false
		}
		var via []manifest.Pos
		for _, p := range o.Via {
			if r.tree.MountOf(p.File) == "" {
				via = append(via, p)
			}
		}
		o.Via = via
		return o
	}
	for i, o := range made.objects {
		made.objects[i] = o.WithOrigins(origin)
	}
	for i := range made.gaps {
		gap := &made.gaps[i]
		if r.tree.MountOf(gap.File) != "" {
			gap.Reason = fmt.Sprintf("in %s: %s", source.Label(gap.File), gap.Reason)
			gap.Pos = r.tree.Named(gap.Pos)
		}
	}
}

// resources are the files of the target as its generated kustomization names them.
func (t *Target) resources() []string {
	var names []string
	for _, name := range t.Files {
		names = append(names, strings.TrimPrefix(strings.TrimPrefix(name, t.Dir), "/"))
	}
	if t.Dir == "." {
		return t.Files
	}
	return names
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
		Namespace:   cmp.Or(t.ReleaseNamespace, t.Namespace, r.opts.Namespace, HelmNamespace),
		Values:      slices.Concat(t.Values, r.opts.Values),
		Set:         slices.Concat(t.Set, helm.Settings(r.opts.Set)),
		SkipCRDs:    t.SkipCRDs,
		SkipSchema:  t.SkipSchema,
		NoDefaults:  t.NoDefaults,
		KubeVersion: cmp.Or(t.KubeVersion, r.opts.KubeVersion),
		APIVersions: slices.Concat(t.APIVersions, r.opts.APIVersions),
	}
}

// RenderAll renders targets on all processors, in their order. After each, done
// is called with the number of finished ones; it may be nil. Objects of Argo CD and
// Flux that were not followed are gaps.
func (r *Repository) RenderAll(ctx context.Context, targets []Target, done func(int)) []Result {
	results := r.renderAll(ctx, targets, done)
	for i := range results {
		results[i].Gaps = append(results[i].Gaps, unfollowed(&results[i])...)
	}
	return results
}

func (r *Repository) renderAll(ctx context.Context, targets []Target, done func(int)) []Result {
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
