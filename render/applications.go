package render

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/argocd"
	"github.com/ringfence/ringfence/render/fetch"
)

// maxRounds bounds how deep Applications make Applications, and maxTargets how many
// targets they make.
const (
	maxRounds  = 16
	maxTargets = 10_000
)

// localEnvironment is the environment of what Argo CD applies to its own cluster, where
// nothing says which that is.
const localEnvironment = argocd.LocalName

// applications finds what the Applications and ApplicationSets in the targets of a whole
// repository apply, until nothing new turns up: an Application can apply others. It
// returns nil where there are none.
//
// The environment of a target is the cluster that its Application names. What goes to
// the cluster of Argo CD itself goes where the Application is applied.
func (f *finder) applications(ctx context.Context) *resolution {
	if !f.mentions("argoproj.io/") {
		return nil
	}
	r := &resolution{finder: f, ctx: ctx, planned: make(map[string]int), visited: make(map[string]bool)}
	results := f.RenderAll(ctx, f.targets, nil)
	holders := make([]holder, 0, len(results))
	for i, result := range results {
		h := r.holderOf(result)
		h.found = i
		holders = append(holders, h)
	}
	if !slices.ContainsFunc(holders, holder.holds) {
		return nil
	}
	r.repo = argocd.NewRepository(f.tree, r.own, r.clusters(results))
	r.repo.Fetch = func(ref fetch.Ref, named manifest.Pos) (string, error) { return r.folder.Get(ctx, ref, named) }
	if r.opts.Workers != nil {
		r.repo.Execute = func(x argocd.Execution) (string, error) { return r.execute(ctx, x) }
	}
	r.identify(holders)
	r.settle(holders)
	r.follow(r.seeds(holders))
	r.follow(r.leftOver(holders)) // folders whose Applications only name each other
	for i, t := range r.made {
		if n := len(t.others); n > 0 {
			r.made[i].Why += fmt.Sprintf(", and %d more", n)
		}
	}
	return r
}

// mentions tells whether a file that may be a manifest or a template of one has a text,
// or whether a chart has packed dependencies, into which it does not look.
func (f *finder) mentions(text string) bool {
	for _, dir := range f.survey.charts {
		entries, _ := f.tree.ReadDir(path.Join(dir, "charts")) // most charts have none
		for _, entry := range entries {
			if path.Ext(entry.Name()) == ".tgz" {
				return true
			}
		}
	}
	for _, files := range f.survey.manifests {
		for _, name := range files {
			if data, err := f.tree.ReadFile(name); err == nil && bytes.Contains(data, []byte(text)) {
				return true
			}
		}
	}
	return false
}

// resolution is the work of one call of applications.
type resolution struct {
	*finder
	ctx  context.Context
	repo *argocd.Repository

	urls    []string // under which the repository is known
	assumed string   // the one that is only assumed

	planned map[string]int  // index in made of a target, by what makes it one
	made    []Target        // of Applications
	covered []cover         // what they stand for
	visited map[string]bool // Applications, by who declares them and for which environments
}

// A holder is a target that holds Applications, and those that they are.
type holder struct {
	Target
	found   int // its index among the targets that were found, -1 for none
	objects []*manifest.Object
}

func (h holder) holds() bool { return len(h.objects) > 0 }

func (r *resolution) holderOf(result Result) holder {
	h := holder{Target: result.Target, found: -1}
	for _, o := range result.Objects {
		if argocd.IsApplication(o) || argocd.IsApplicationSet(o) {
			h.objects = append(h.objects, o)
		}
	}
	return h
}

// settle gives holders of Applications for Argo CD's own cluster an environment where
// nothing else does, and with them those that share their scope. Two holders of one and
// the same Application belong to two Argo CDs, and stay alone.
func (r *resolution) settle(holders []holder) {
	holdersOf := make(map[manifest.Ref]int)
	for _, h := range holders {
		for _, o := range h.objects {
			if len(h.Envs) == 0 {
				holdersOf[o.Ref]++
			}
		}
	}
	for i, h := range holders {
		if len(h.Envs) > 0 || !h.holds() {
			continue
		}
		local, alone := false, true
		for _, o := range h.objects {
			alone = alone && holdersOf[o.Ref] == 1
		}
		apps, _ := r.evaluate(h)
		for _, app := range apps {
			local = local || app.Destination.Local()
		}
		if !local || !alone {
			continue
		}
		for j := range r.targets {
			if t := &r.targets[j]; len(t.Envs) == 0 && t.Scope == h.Scope {
				t.Envs, t.Why = []string{localEnvironment}, "goes with Applications for the cluster of Argo CD"
			}
		}
		holders[i].Envs = []string{localEnvironment}
	}
	for i := range holders {
		holders[i].Target = r.targets[holders[i].found]
	}
}

// evaluate returns the Applications of a holder, those of its ApplicationSets included,
// and the gaps of the sets.
func (r *resolution) evaluate(h holder) ([]argocd.Application, []Gap) {
	var apps []argocd.Application
	var gaps []Gap
	for _, o := range h.objects {
		made, unmade := r.evaluateObject(o)
		apps, gaps = append(apps, made...), append(gaps, unmade...)
	}
	return apps, gaps
}

// evaluateObject is evaluate for one object. A panic of a library is a gap of it.
func (r *resolution) evaluateObject(o *manifest.Object) (apps []argocd.Application, gaps []Gap) {
	defer func() {
		if p := recover(); p != nil {
			apps, gaps = nil, []Gap{{Pos: o.Pos, Code: manifest.InternalError, Reason: fmt.Sprintf("%s %q cannot be evaluated: %v", o.Kind, o.Name, p)}}
		}
	}()
	if argocd.IsApplication(o) {
		return []argocd.Application{argocd.Decode(argocd.DocumentOf(o))}, nil
	}
	return r.repo.Applications(argocd.DocumentOf(o))
}

// seeds are the holders that no other holder's Applications stand for.
func (r *resolution) seeds(holders []holder) []holder {
	var seeds []holder
	standsFor := make([][]cover, len(holders))
	for i, h := range holders {
		apps, _ := r.evaluate(h)
		for _, app := range apps {
			for _, p := range r.plan(app, nil) {
				standsFor[i] = append(standsFor[i], p.cover())
			}
		}
	}
	for i, h := range holders {
		if !h.holds() {
			continue
		}
		named := false
		for j, covers := range standsFor {
			named = named || j != i && slices.ContainsFunc(covers, func(c cover) bool { return c.all(r.targets[h.found]) })
		}
		if !named {
			seeds = append(seeds, h)
		}
	}
	return seeds
}

// leftOver returns the first holder that nothing reached.
func (r *resolution) leftOver(holders []holder) []holder {
	var left []holder
	for _, h := range holders {
		if h.holds() && !r.followed(h.found) && !slices.ContainsFunc(r.covered, func(c cover) bool { return c.all(r.targets[h.found]) }) {
			left = append(left, h)
		}
	}
	return left[:min(len(left), 1)]
}

func (r *resolution) followed(found int) bool { return r.targets[found].followed }

// follow makes the targets of the Applications of holders, and of those that these hold.
func (r *resolution) follow(holders []holder) {
	for round := 0; len(holders) > 0; round++ {
		var added []int
		for _, h := range holders {
			apps, gaps := r.evaluate(h)
			if round == maxRounds || len(r.made) > maxTargets {
				apps = nil
				gaps = []Gap{{Pos: h.Pos, Code: manifest.LimitExceeded, Reason: "Applications make Applications without end"}}
			}
			added = append(added, r.applied(h, apps)...)
			r.noteFollowed(h, gaps)
		}
		targets := make([]Target, len(added))
		for i, k := range added {
			targets[i] = r.made[k]
		}
		holders = nil
		for i, result := range r.RenderAll(r.ctx, targets, nil) {
			if h := r.holderOf(result); h.holds() {
				h.found = -1 - added[i]
				holders = append(holders, h)
			}
		}
	}
}

// noteFollowed remembers that the Applications of a target were followed, and what
// could not be.
func (r *resolution) noteFollowed(h holder, gaps []Gap) {
	t := r.targetOf(h)
	t.followed = true
	for _, gap := range gaps {
		if !slices.Contains(t.Gaps, gap) {
			t.Gaps = append(t.Gaps, gap)
		}
	}
}

// targetOf is the target of a holder, which was found or made.
func (r *resolution) targetOf(h holder) *Target {
	if h.found >= 0 {
		return &r.targets[h.found]
	}
	return &r.made[-1-h.found]
}

// applied makes the targets of Applications that a holder declares, and returns the
// indexes of those that are new, or go to new environments.
func (r *resolution) applied(h holder, apps []argocd.Application) []int {
	holder := *r.targetOf(h)
	var added []int
	for _, app := range apps {
		key := fmt.Sprintf("%q %q %q %q %q", app.Namespace, app.Name, app.Set, app.Pos, holder.Envs)
		if r.visited[key] {
			continue
		}
		r.visited[key] = true
		for _, t := range r.plan(app, &holder) {
			r.covered = append(r.covered, t.cover())
			if k, isNew := r.add(t); isNew {
				added = append(added, k)
			}
		}
	}
	return added
}

// add adds a target, or its environments to one that is the same otherwise.
func (r *resolution) add(t Target) (index int, isNew bool) {
	key := fmt.Sprintf("%s %q %q %q", t.source(), t.Namespace, t.Scope, t.Gaps)
	k, ok := r.planned[key]
	if !ok {
		r.planned[key] = len(r.made)
		r.made = append(r.made, t)
		return len(r.made) - 1, true
	}
	same := &r.made[k]
	if same.Why == configured {
		return k, false
	}
	for _, env := range t.Envs {
		if !slices.Contains(same.Envs, env) {
			same.Envs = append(same.Envs, env)
			slices.Sort(same.Envs)
			isNew = true
		}
	}
	if t.Why != same.Why && !slices.Contains(same.others, t.Why) {
		same.others = append(same.others, t.Why)
	}
	return k, isNew
}

// replace puts the targets of Applications in the place of those that they stand for,
// as far as they or their Applications lie below dirs. A folder that no Application
// names stays as it was found.
func (f *finder) replace(r *resolution, dirs []string) {
	below := func(name string) bool {
		return slices.ContainsFunc(dirs, func(dir string) bool { return within(name, dir) })
	}
	var kept []Target
	for _, t := range f.targets {
		for _, found := range r.targets {
			if found.Name == t.Name && found.Kind == t.Kind {
				t.Envs, t.Why, t.Gaps, t.followed = found.Envs, found.Why, found.Gaps, found.followed
			}
		}
		for _, c := range r.covered {
			c.without(&t)
		}
		if t.Dir == "" {
			continue
		}
		if !t.configured && !t.followed && len(r.made) > 0 {
			t.Why = cmp.Or(t.Why, "an environment of its own") + "; no Application names it"
		}
		kept = append(kept, t)
	}
	made := slices.DeleteFunc(slices.Clone(r.made), func(t Target) bool { return !below(t.Dir) && !below(t.Pos.File) })
	f.targets = append(kept, distinct(kept, made)...)
}

// distinct gives targets of Applications names that are their own: those of their
// folders, else with that of the Application, else with the environment.
func distinct(others, made []Target) []Target {
	taken := make(map[string]int)
	count := func(targets []Target) {
		for _, t := range targets {
			taken[t.Name]++
		}
	}
	count(others)
	count(made)
	for _, more := range []func(t Target) string{
		func(t Target) string { return t.application },
		func(t Target) string { return strings.Join(t.Envs, ", ") },
	} {
		clashes := taken
		taken = make(map[string]int)
		texts := make(map[string]map[string]bool) // of those of one name: one text tells nothing apart
		for _, t := range made {
			if texts[t.Name] == nil {
				texts[t.Name] = make(map[string]bool)
			}
			texts[t.Name][more(t)] = true
		}
		for i, t := range made {
			differ := len(texts[t.Name]) > 1 || clashes[t.Name] > 1 && slices.ContainsFunc(others, func(o Target) bool { return o.Name == t.Name })
			if text := more(t); differ && text != "" && t.Name != "Application "+text {
				made[i].Name = fmt.Sprintf("%s (%s)", t.Name, text)
			}
		}
		count(others)
		count(made)
	}
	seen := make(map[string]int)
	for i, t := range made {
		if seen[t.Name]++; seen[t.Name] > 1 {
			made[i].Name = fmt.Sprintf("%s #%d", t.Name, seen[t.Name])
		}
	}
	return made
}
