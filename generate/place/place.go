// Package place puts proposed policies where GitOps picks them up: beside the
// manifests of the workloads that they are about.
//
// A policy goes into the folder of its workload's manifest: into the base where all
// overlays that use the base need the same, else into each overlay; into a chart as a
// template, with the chart's own expressions for names and selectors where these can
// be taken over. A kustomization gets an entry for the file, and stays as it is
// otherwise. Only files that carry the header of this package are ever replaced.
//
// The package plans changes and shows what they do to a repository; it writes nothing
// itself but in Write, and proves nothing: callers render the planned repository and
// prove that (generate.Prove).
package place

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/ringfence/ringfence/generate"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
)

// Environment is what was rendered and what is proposed for it.
type Environment struct {
	Name    string
	Results []render.Result
	Cluster *netpol.Cluster // without policies that were generated before
	Result  *generate.Result
}

// Plan is what to change in a repository.
type Plan struct {
	Changes []Change // sorted by file; none where everything is up to date
	Remarks []string
	planner *planner
}

// Change is the change of one file.
type Change struct {
	File          string // relative to the repository's root
	Before, After []byte // nil where there is no file
}

// New plans where the proposals of environments go. All targets of the repository that
// go to one of the environments must be in it. Those that share a folder with one of
// an environment should be in an environment, else the folder is left alone and the
// policies go into the overlays.
func New(ctx context.Context, tree *source.Tree, opts render.Options, environments []Environment) (*Plan, error) {
	p := &planner{
		ctx: ctx, tree: tree, opts: opts, repo: render.New(tree, opts),
		rendered: make(map[string]bool), closures: make(map[string]closure),
		views: make(map[site]view), probed: make(map[*render.Result]*probes), raw: make(map[string][]*manifest.Object), contents: make(map[site]*content),
		apart: make(map[place]bool), charts: make(map[*render.Result]map[*manifest.Object]key),
	}
	p.targets, _ = p.repo.Find(ctx, []string{"."}) // what cannot be read there was told when it was rendered
	for i := range environments {
		p.survey(&environments[i])
	}
	if err := p.checkWhole(); err != nil {
		return nil, err
	}
	for _, e := range p.environments {
		p.collect(e)
	}
	return &p.plan, p.make()
}

// checkWhole refuses to write for a part of an environment: who calls from the rest is
// not known, and would be cut off.
func (p *planner) checkWhole() error {
	for _, t := range p.targets {
		if _, selected := p.rendered[t.Name]; selected {
			continue
		}
		for _, e := range p.environments {
			for _, r := range e.Results {
				if r.Dir != t.Dir && slices.ContainsFunc(t.Envs, func(name string) bool { return slices.Contains(r.Envs, name) }) {
					return fmt.Errorf("%s goes to environment %s too, and its calls are not in this run: generate for the whole repository", t.Name, e.Name)
				}
			}
		}
	}
	return nil
}

// make fills in the plan.
func (p *planner) make() error {
	p.plan = Plan{planner: p}
	p.settle()
	if err := p.change(); err != nil {
		return err
	}
	slices.SortFunc(p.plan.Changes, func(a, b Change) int { return cmp.Compare(a.File, b.File) })
	slices.Sort(p.plan.Remarks)
	p.plan.Remarks = slices.Compact(p.plan.Remarks)
	return nil
}

// planner plans the changes of one repository.
type planner struct {
	ctx          context.Context
	tree         *source.Tree
	opts         render.Options
	repo         *render.Repository
	targets      []render.Target // of the whole repository
	environments []*environment
	rendered     map[string]bool // names of targets that are in an environment, false where nothing came of it

	closures   map[string]closure // by the folder of a kustomization
	views      map[site]view
	probed     map[*render.Result]*probes
	raw        map[string][]*manifest.Object // by file, as written
	charts     map[*render.Result]map[*manifest.Object]key
	moved      map[string]moved // by file, what the plan moves
	apart      map[place]bool   // what would come out as another policy in a base, or with expressions of a chart
	placements []*placement
	contents   map[site]*content // every folder in which policies may be
	plan       Plan
}

// environment is an environment that knows which target an object is from.
type environment struct {
	Environment
	from map[*manifest.Object]*render.Result
}

// site is a folder where policies are written.
type site struct {
	kind render.Kind
	dir  string
}

// placement is a proposal that needs a place.
type placement struct {
	environment *environment
	proposal    *generate.Proposal
	target      *render.Result
	first       *netpol.Workload // the first that the policy is about
	key         key
	home, root  site
	site        site   // of these, the one where it is written
	repeated    bool   // the target has the same manifest several times
	left        string // why it is not written, empty where it is
}

// key tells the proposals for one folder apart. Those of several environments that
// are about the same manifest have the same key.
type key struct {
	pos  string // of the workload's manifest; empty for a default deny
	name string // the kind of the workload, or the namespace that is denied as written
}

func (p *planner) remark(format string, args ...any) {
	p.plan.Remarks = append(p.plan.Remarks, fmt.Sprintf(format, args...))
}

// survey registers what an environment consists of.
func (p *planner) survey(given *Environment) {
	e := &environment{Environment: *given, from: make(map[*manifest.Object]*render.Result)}
	for i := range e.Results {
		t := &e.Results[i]
		p.rendered[t.Name] = len(t.Objects) > 0 || t.Complete()
		for _, o := range t.Objects {
			e.from[o] = t
		}
		if t.Kind != render.Unseen { // whose folder is that of the object that names it
			p.contentOf(site{t.Kind, t.Dir})
		}
		for dir := range p.closureOf(t.Target).dirs {
			p.contentOf(site{render.Kustomize, dir})
		}
	}
	p.environments = append(p.environments, e)
}

// collect finds where the proposals of an environment could go.
func (p *planner) collect(e *environment) {
	for _, proposal := range e.Result.Proposals {
		pl := &placement{environment: e, proposal: proposal}
		if proposal.Subject == nil {
			p.collectDeny(pl)
		} else {
			w := proposal.Subject.Workloads[0]
			pl.target, pl.first, pl.key = e.from[w.Source], w, p.keyIn(e, w)
			pl.home, pl.root = p.homeOf(pl.target, w), rootOf(pl.target, w)
		}
		p.placements = append(p.placements, pl)
	}
}

// collectDeny finds where a default deny goes: into the target that declares the
// namespace if it has workloads there, else into the first that has; into the base
// that holds all of them, if one does.
func (p *planner) collectDeny(pl *placement) {
	n := pl.environment.Cluster.Namespace(pl.proposal.Namespace)
	homes := make(map[site]bool)
	for _, w := range n.Workloads() {
		t := pl.environment.from[w.Source]
		if pl.first == nil || t != pl.target && n.Source != nil && t == pl.environment.from[n.Source] {
			pl.target, pl.first = t, w
			clear(homes)
		}
		if t == pl.target {
			homes[p.homeOf(t, w)] = true
		}
	}
	pl.root = rootOf(pl.target, pl.first)
	pl.home = pl.root
	if len(homes) == 1 {
		pl.home = p.homeOf(pl.target, pl.first)
	}
	pl.key = key{name: p.writtenNamespace(pl.first)}
}

// rootOf is the folder in which a policy of a target stands if the target has it for
// itself.
func rootOf(t *render.Result, w *netpol.Workload) site {
	if t.Kind == render.Plain {
		return site{render.Plain, path.Dir(w.Source.File)}
	}
	return site{t.Kind, t.Dir}
}

// homeOf is the folder of a workload's manifest: the base that lists it, or the root
// of the target.
func (p *planner) homeOf(t *render.Result, w *netpol.Workload) site {
	root := rootOf(t, w)
	if t.Kind != render.Kustomize {
		return root
	}
	dirs := p.closureOf(t.Target).dirs
	for dir := path.Dir(w.Source.File); ; dir = path.Dir(dir) {
		refs, part := dirs[dir]
		if part && !refs.Component && slices.Contains(refs.Files, w.Source.File) && p.known(site{render.Kustomize, dir}) {
			return site{render.Kustomize, dir}
		}
		if dir == "." || dir == "/" {
			return root
		}
	}
}

// known tells whether every target that uses a folder was rendered.
func (p *planner) known(s site) bool { return p.unseen(s) == "" }

// unseen names a target that uses a folder and was not rendered, with the reason, and
// is empty if there is none.
func (p *planner) unseen(s site) string {
	for _, t := range p.targets {
		seen, selected := p.rendered[t.Name]
		switch {
		case seen || !p.uses(t, s):
		case selected:
			return t.Name + ", which could not be rendered"
		default:
			return t.Name + ", which is not in this run: generate for the whole repository"
		}
	}
	return ""
}

// seen tells whether some target that uses a folder was rendered.
func (p *planner) seen(s site) bool {
	return slices.ContainsFunc(p.targets, func(t render.Target) bool { return p.rendered[t.Name] && p.uses(t, s) })
}

// uses tells whether what lies in a folder gets into a target.
func (p *planner) uses(t render.Target, s site) bool {
	if s.kind == render.Kustomize {
		_, uses := p.closureOf(t).dirs[s.dir]
		return uses
	}
	return t.Kind == s.kind && t.Dir == s.dir
}

// closure is what a kustomization is made of.
type closure struct {
	dirs      map[string]kustomize.References
	selectors bool // labels are added to selectors
}

// closureOf follows the kustomizations that a target uses; other targets have none.
func (p *planner) closureOf(t render.Target) closure {
	if t.Kind != render.Kustomize {
		return closure{}
	}
	if c, ok := p.closures[t.Dir]; ok {
		return c
	}
	c := closure{dirs: make(map[string]kustomize.References)}
	var follow func(dir string)
	follow = func(dir string) {
		if _, seen := c.dirs[dir]; seen {
			return
		}
		refs, err := kustomize.ReferencesOf(p.tree, dir)
		if err != nil {
			return // building the target says why
		}
		c.dirs[dir] = refs
		c.selectors = c.selectors || refs.Selectors
		for _, d := range refs.Dirs {
			follow(d)
		}
	}
	follow(t.Dir)
	p.closures[t.Dir] = c
	return c
}
