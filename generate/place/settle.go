package place

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/ringfence/ringfence/generate"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/render"
)

// content is the policies of a folder.
type content struct {
	placements map[key][]*placement
}

func (p *planner) contentOf(s site) *content {
	if p.contents[s] == nil {
		p.contents[s] = &content{placements: make(map[key][]*placement)}
	}
	return p.contents[s]
}

// place is where a group of proposals goes: those of all environments that are about
// the same manifest.
type place struct {
	site
	key
}

// settle decides for each proposal between the base and the overlays.
func (p *planner) settle() {
	groups := make(map[place][]*placement)
	for _, pl := range p.placements {
		at := place{pl.home, pl.key}
		groups[at] = append(groups[at], pl)
	}
	for _, c := range p.contents {
		clear(c.placements)
	}
	for at, group := range groups {
		shared := !markRepeated(group) && !p.apart[at] && p.agree(at.site, group)
		for _, pl := range group {
			pl.site = p.innermost(pl, group)
			if shared {
				pl.site = pl.home
			}
			c := p.contentOf(pl.site)
			c.placements[pl.key] = append(c.placements[pl.key], pl)
		}
	}
	p.leaveOut()
}

// innermost is the root of the target, or, where that uses the root of another target of
// the group, that one: what stands there holds for both.
func (p *planner) innermost(pl *placement, group []*placement) site {
	inner := pl
	for again := true; again; {
		again = false
		for _, other := range group {
			_, used := p.closureOf(inner.target.Target).dirs[other.root.dir]
			if used && other.root.kind == render.Kustomize && other.root != inner.root {
				inner, again = other, true
			}
		}
	}
	return inner.root
}

// markRepeated finds proposals of one target for one manifest: a base that the target
// uses several times, under names that only the target knows.
func markRepeated(group []*placement) bool {
	type use struct {
		*environment
		*render.Result
	}
	uses := make(map[use]int)
	for _, pl := range group {
		uses[use{pl.environment, pl.target}]++
	}
	found := false
	for _, pl := range group {
		if uses[use{pl.environment, pl.target}] > 1 {
			pl.repeated = true
			pl.key.name += " " + pl.first.String()
		}
		found = found || pl.repeated
	}
	return found
}

// agree tells whether a base may hold a policy: every target that uses the base in
// some environment needs the same there.
func (p *planner) agree(home site, group []*placement) bool {
	if !slices.ContainsFunc(group, func(pl *placement) bool { return pl.root != home }) {
		return true
	}
	first := p.spell(home, group[0])
	for _, pl := range group[1:] {
		if !same(first, p.spell(home, pl)) {
			return false
		}
	}
	for _, e := range p.environments {
		for _, w := range e.Cluster.Workloads {
			t := e.from[w.Source]
			about := p.keyOf(w) == group[0].key || group[0].key.pos == "" && p.homeOf(t, w) == home
			if (about || p.mayBeOf(home, t, w) && group[0].maySelect(w)) && !slices.ContainsFunc(group, func(pl *placement) bool { return pl.environment == e && pl.target == t }) {
				return false
			}
		}
	}
	return first != nil
}

// mayBeOf tells whether a workload may come from a base, though nothing tells its manifest:
// one whose kind an overlay replaces has its place in the overlay.
func (p *planner) mayBeOf(home site, t *render.Result, w *netpol.Workload) bool {
	_, used := p.closureOf(t.Target).dirs[home.dir]
	return used && home.kind == render.Kustomize && p.written(w) == nil
}

// maySelect tells whether a policy would select a workload, in whatever namespace it is.
func (pl *placement) maySelect(w *netpol.Workload) bool {
	if pl.proposal.Subject == nil {
		return true
	}
	for key, value := range pl.proposal.Subject.Labels {
		if w.Labels[key] != value {
			return false
		}
	}
	return true
}

// same compares policies but for the evidence that stands in comments, and for what is
// allowed within the namespace because nobody is known to call it: a single Service of an
// overlay would make all policies of the base others, and who is called there decides
// by a policy of its own.
func same(a, b *generate.Manifest) bool {
	if a == nil || b == nil {
		return a == b
	}
	without := func(m *generate.Manifest) generate.Manifest {
		c := *m
		c.Rules, c.OpenBecause = nil, slices.Clone(m.OpenBecause)
		for _, r := range m.Rules {
			if r.Within != "" {
				c.OpenBecause = slices.DeleteFunc(c.OpenBecause, func(reason string) bool { return reason == r.Within })
				continue
			}
			r.Comments = nil
			c.Rules = append(c.Rules, r)
		}
		if len(c.OpenBecause) == 0 {
			c.OpenBecause = nil
		}
		return c
	}
	return reflect.DeepEqual(without(a), without(b))
}

// policies spells out the policies of a folder: allows before denies, by name.
func (p *planner) policies(s site) []*generate.Manifest {
	type named struct {
		*generate.Manifest
		deny bool
	}
	var all []named
	for k, group := range p.contentOf(s).placements {
		if m, _ := p.join(s, group); m != nil {
			all = append(all, named{m, k.pos == ""})
		}
	}
	slices.SortFunc(all, func(a, b named) int {
		switch {
		case a.deny && !b.deny:
			return 1
		case b.deny && !a.deny:
			return -1
		}
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Namespace, b.Namespace), slices.Compare(a.Selector, b.Selector))
	})
	var policies []*generate.Manifest
	taken := make(map[[2]string]int)
	for _, m := range all {
		id := [2]string{m.Name, m.Namespace}
		if taken[id]++; taken[id] > 1 {
			m.Name = fmt.Sprintf("%s-%d", m.Name, taken[id])
		}
		policies = append(policies, m.Manifest)
	}
	return policies
}

// join makes one policy of what several environments need of it in one folder, nil
// with the reason where that cannot be.
func (p *planner) join(s site, group []*placement) (joined *generate.Manifest, why string) {
	slices.SortStableFunc(group, func(a, b *placement) int {
		return cmp.Or(cmp.Compare(a.environment.Name, b.environment.Name), cmp.Compare(a.target.Name, b.target.Name))
	})
	for _, pl := range group {
		m := p.spell(s, pl)
		switch {
		case m == nil:
			return nil, fmt.Sprintf("its labels are set above %s", s.dir)
		case joined == nil:
			joined = m
		case !joined.Join(m):
			return nil, fmt.Sprintf("environments that share %s need another policy for it each", s.dir)
		}
	}
	return joined, ""
}

// spell spells a proposal out for a folder, nil where it cannot be named there.
func (p *planner) spell(s site, pl *placement) *generate.Manifest {
	if s.kind == render.Helm {
		return p.spellForChart(pl)
	}
	names := &folderNames{planner: p, site: s, placement: pl}
	m := pl.proposal.Manifest(names)
	if names.nameless {
		return nil
	}
	return m
}

// view is how the workloads of a folder look when it is built alone.
type view map[key]*netpol.Workload

// viewOf builds a folder alone.
func (p *planner) viewOf(s site) view {
	if v, ok := p.views[s]; ok {
		return v
	}
	base := p.repo.Render(p.ctx, render.Target{Name: s.dir, Kind: s.kind, Dir: s.dir, Scope: s.dir})
	c, _ := netpol.New(base.Objects, netpol.Options{})
	v := make(view)
	for _, w := range c.Workloads {
		v[p.keyOf(w)] = w
	}
	p.views[s] = v
	return v
}
