package render

import (
	"cmp"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/flux"
	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
)

// A cluster collects the objects of one environment, and what they apply by Flux.
type cluster struct {
	*reconciliation
	env     string
	objects []*manifest.Object
	holders []int // the index of the target that holds an object
	seen    map[manifest.Ref]bool
	noted   map[string]bool // what is said once

	objectsOf *flux.Cluster
	holderOf  map[*manifest.Object]int
	applied   []Target
	roots     map[int]bool  // holders of Kustomizations
	gaps      map[int][]Gap // by holder
}

func newCluster(r *reconciliation, env string) *cluster {
	return &cluster{
		reconciliation: r, env: env, seen: make(map[manifest.Ref]bool), noted: make(map[string]bool),
		holderOf: make(map[*manifest.Object]int), roots: make(map[int]bool), gaps: make(map[int][]Gap),
	}
}

// hold adds the objects of a target, but those that are there already.
func (c *cluster) hold(holder int, result Result) {
	for _, o := range result.Objects {
		if !c.seen[o.Ref] {
			c.seen[o.Ref] = true
			c.objects, c.holders = append(c.objects, o), append(c.holders, holder)
			c.holderOf[o] = holder
		}
	}
}

// equal tells whether two clusters have the same objects. Those that are rendered
// once share their data.
func (c *cluster) equal(other *cluster) bool {
	return slices.Equal(c.holders, other.holders) && slices.EqualFunc(c.objects, other.objects, func(a, b *manifest.Object) bool {
		return a.Ref == b.Ref && reflect.ValueOf(a.Data).Pointer() == reflect.ValueOf(b.Data).Pointer()
	})
}

// flux finds what the objects apply.
func (c *cluster) flux() {
	urls := c.urls()
	c.objectsOf = flux.Read(c.ctx, c.objects, flux.Repository{
		IsDir:  c.tree.IsDir,
		Exists: c.tree.Exists,
		Fetch:  c.folder,
		Own: func(url string) (own, known bool) {
			return slices.Contains(urls, source.RepositoryURL(url)), len(urls) > 0
		},
	})
	for o, gaps := range c.objectsOf.Gaps {
		c.gap(o, gaps...)
	}
	for _, k := range c.objectsOf.Kustomizations {
		c.roots[c.holderOf[k.Object]] = true
		c.kustomization(k)
	}
	for _, r := range c.objectsOf.Releases {
		c.release(r)
	}
}

// gap leaves gaps of an object in the target that holds it.
func (c *cluster) gap(o *manifest.Object, gaps ...Gap) {
	holder := c.holderOf[o]
	c.gaps[holder] = append(c.gaps[holder], gaps...)
}

// add adds what an object applies. Make makes the target, once for equal keys, which
// name all that the target depends on besides the object.
func (c *cluster) add(o *manifest.Object, remote, key string, make func(t *Target)) {
	env := cmp.Or(remote, c.env)
	key = fmt.Sprintf("%q %p %q %s", env, o.Data, o.Namespace, key) // objects that are rendered once share their data
	made := c.targets[key]
	if made == nil {
		made = &Target{Pos: o.Pos, Envs: []string{env}, Why: whyApplied(o)}
		make(made)
		c.targets[key] = made
	}
	t := *made
	t.Name, t.application = source.Label(t.Dir), o.Name
	t.Scope = fmt.Sprintf("%s %s", env, o.Ref)
	if c.opts.Config != nil {
		t.claim(c.opts.Config)
	}
	c.applied = append(c.applied, t)
}

// whyApplied says which object applies a target, and where it is written.
func whyApplied(o *manifest.Object) string {
	name := o.Name
	if !manifest.IsPrivate(o.Namespace) {
		name = o.Namespace + "/" + o.Name
	}
	return fmt.Sprintf("%s %s, %s:%d", o.Kind, name, o.File, o.Line)
}

func (c *cluster) kustomization(k *flux.Kustomization) {
	place, gap := c.objectsOf.Locate(k)
	if gap != nil {
		c.gap(k.Object, *gap)
		return
	}
	c.assume(k.Object, place.Note)
	c.suspended(k.Object, k.Spec.Suspend)
	variables, unknown := c.objectsOf.Variables(k)
	c.gap(k.Object, unknown...)
	c.add(k.Object, k.RemoteCluster(), fmt.Sprintf("%q %v", place, variables), func(t *Target) {
		t.Kind, t.Dir, t.Namespace, t.Unrestricted = Kustomize, place.Dir, k.Spec.TargetNamespace, true
		if _, ok := kustomize.FileIn(c.tree, t.Dir); !ok {
			if t.Files, t.Gaps = c.generated(place); len(t.Files) == 0 {
				t.Kind = Plain // Flux applies nothing
			}
		}
		overlay, gaps := c.objectsOf.Overlay(k, t.Dir)
		if t.Gaps = append(t.Gaps, gaps...); overlay != nil {
			t.Overlays = []*kustomize.Overlay{overlay}
		}
		t.Variables, t.Metadata = variables, k.Metadata()
	})
}

func (c *cluster) release(r *flux.Release) {
	chart, gap := c.objectsOf.Chart(r)
	if gap != nil {
		c.gap(r.Object, *gap)
		return
	}
	c.assume(r.Object, chart.Note)
	c.suspended(r.Object, r.Suspended())
	values, settings, unknown := c.objectsOf.Values(r)
	c.gap(r.Object, unknown...)
	key := fmt.Sprintf("%q %v", chart.Place, settings)
	for _, v := range slices.Concat(chart.Values, values) {
		key += fmt.Sprintf(" %q %q", v.Name, v.Data)
	}
	c.add(r.Object, r.RemoteCluster(), key, func(t *Target) {
		t.Kind, t.Dir, t.Release = Helm, chart.Dir, r.ReleaseName()
		if namespace := r.TargetNamespace(); !manifest.IsPrivate(namespace) {
			t.Namespace = namespace
		}
		t.Values, t.Set, t.SkipCRDs = slices.Concat(chart.Values, values), settings, r.SkipCRDs()
		t.SkipSchema, t.NoDefaults = r.SkipSchema(), len(chart.Values) > 0
		t.Overlays, t.Metadata = r.PostRenderers(), r.Metadata()
	})
}

// assume notes, once in a cluster, what is taken for granted.
func (c *cluster) assume(o *manifest.Object, what string) {
	if what != "" && !c.noted[what] {
		c.noted[what] = true
		c.gap(o, Gap{Pos: o.At("spec", "sourceRef").Pos, Code: manifest.Approximated, Reason: what, Note: true})
	}
}

func (c *cluster) suspended(o *manifest.Object, suspended bool) {
	if suspended {
		c.gap(o, Gap{
			Pos: o.At("spec", "suspend").Pos, Code: manifest.Approximated, Note: true,
			Reason: fmt.Sprintf("%s %q is suspended: what the cluster has of it may be older", o.Kind, o.Name),
		})
	}
}

// Patterns of files that Flux leaves out of artifacts (fluxcd/pkg, sourceignore).
const artifactIgnores = `.git/
.gitignore
.gitmodules
.gitattributes
*.jpg
*.jpeg
*.gif
*.png
*.wmv
*.flv
*.tar.gz
*.zip
.github/
.circleci/
.travis.yml
.gitlab-ci.yml
appveyor.yml
.drone.yml
cloudbuild.yaml
codeship-services.yml
codeship-steps.yml
**/.goreleaser.yml
**/.sops.yaml
**/.flux.yaml
`

// artifactIgnoreFile has more of them, for its folder and those below.
const artifactIgnoreFile = ".sourceignore"

// generated lists what the kustomization lists that Flux generates for a folder
// without one: the YAML files in it and below, and folders that have one. A file
// that is no manifest makes Flux refuse the folder; here it is left out, with a gap.
func (c *cluster) generated(place flux.Place) ([]string, []Gap) {
	s := walk(c.tree, c.ignores(), []string{place.Dir})
	files, gaps := outermost(s.kustomizations), s.gaps
	for dir, names := range s.manifests {
		if slices.ContainsFunc(s.kustomizations, func(k string) bool { return within(dir, k) }) {
			continue
		}
		ignored := gitignore.NewMatcher(slices.Concat(patterns([]byte(artifactIgnores), "."),
			ignoresAbove(c.tree, dir, artifactIgnoreFile), ignores(c.tree, dir, artifactIgnoreFile), patterns([]byte(place.Ignore), ".")))
		for _, name := range names {
			if path.Ext(name) == ".json" || ignored.Match(strings.Split(name, "/"), false) {
				continue
			}
			if objects, broken := c.parse(name); len(objects)+len(broken) > 0 {
				files = append(files, name)
			} else if c.holdsYAML(name) {
				gaps = append(gaps, Gap{
					Pos: manifest.Pos{File: name, Line: 1}, Code: manifest.KustomizeFailed,
					Reason: fmt.Sprintf("Flux refuses the folder %q, in which this file is no manifest", place.Dir),
				})
			}
		}
	}
	slices.Sort(files)
	return files, gaps
}

// holdsYAML tells whether there is more in a file than comments.
func (c *cluster) holdsYAML(name string) bool {
	data, err := c.tree.ReadFile(name)
	return err == nil && slices.ContainsFunc(manifest.Split(data), func(d manifest.Document) bool {
		node, err := d.Parse()
		return err != nil || len(node.Content) > 0
	})
}
