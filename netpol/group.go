package netpol

import "slices"

// group is policies that have one selector in one namespace, or in the whole
// cluster, and are evaluated one after the other. They select the same pods, so these
// are found once.
type group struct {
	policies []*Policy
	members  []*Workload // sorted
	isolates [2]bool     // some policy does, by direction
	decides  bool        // some policy is of another tier than the network's
	edited   bool        // it is part of a change that is tried out
}

func (g *group) add(p *Policy) {
	g.policies = append(g.policies, p)
	g.decides = g.decides || p.Tier != NetworkTier
	for _, d := range p.Types {
		g.isolates[d] = g.isolates[d] || p.Isolates(d)
	}
}

// grouping joins policies with the pods that they select.
type grouping struct {
	cluster   *Cluster
	namespace *Namespace       // of the policies that are being joined
	groups    map[scope]*group // in it
	counts    []int32          // of each workload
	made      arena[group]
	lists     arena[*Policy]
	members   arena[*Workload]
}

// groupPolicies makes the groups, first those of c.Policies and then others of
// c.Others.
func (c *Cluster) groupPolicies() {
	b := &grouping{cluster: c, groups: map[scope]*group{}, counts: make([]int32, len(c.Workloads))}
	for _, policies := range [][]*Policy{c.Policies, c.Others} {
		for _, p := range policies {
			if p.namespace != b.namespace {
				b.enter(p.namespace)
			}
			g := b.group(p)
			g.add(p)
			p.Selected = g.members
		}
	}
	var lists arena[*group]
	for i, w := range c.Workloads {
		w.groups = lists.take(int(b.counts[i]))[:0]
	}
	for _, g := range c.groups {
		for _, w := range g.members {
			w.groups = append(w.groups, g)
		}
	}
}

// enter begins with the policies of another namespace, nil for those of the whole
// cluster. They come in runs, so that only the groups of one are looked up: those of
// all are too many for the processor's cache.
func (b *grouping) enter(n *Namespace) {
	b.namespace = n
	if len(b.groups) > manyGroups {
		b.groups = map[scope]*group{}
	} else {
		clear(b.groups)
	}
}

// manyGroups is more groups than it pays to clear a map of.
const manyGroups = 100

// scope is the selectors of a policy.
type scope struct{ pods, namespaces identity }

// group returns the group of a policy's scope.
func (b *grouping) group(p *Policy) *group {
	in := scope{pods: p.Selector.identity()}
	if p.NamespaceSelector != nil {
		in.namespaces = p.NamespaceSelector.identity()
	}
	g, known := b.groups[in]
	if !known {
		g = b.made.put(group{policies: b.lists.take(1)[:0]})
		b.groups[in] = g
		b.cluster.groups = append(b.cluster.groups, g)
		b.selectPods(g, p)
	}
	return g
}

// selectPods finds what a policy selects, declared or not, and adds the group to
// what is not a workload.
func (b *grouping) selectPods(g *group, p *Policy) {
	c := b.cluster
	s := c.selection(c.index, p)
	g.members = b.members.take(len(s.workloads))
	for i, position := range s.workloads {
		g.members[i] = c.Workloads[position]
		b.counts[position]++
	}
	for _, n := range s.namespaces {
		n.groups = append(n.groups, g)
	}
	if s.elsewhere {
		c.elsewhere = append(c.elsewhere, g)
	}
}

// selection is what a policy selects. It lives until the index looks up another.
type selection struct {
	workloads  []int32 // positions
	namespaces []*Namespace
	elsewhere  bool
}

func (c *Cluster) selection(index *index, p *Policy) selection {
	var s selection
	namespaces, first, last := c.Namespaces, 0, len(c.Workloads)
	if p.namespace != nil {
		namespaces, first, last = []*Namespace{p.namespace}, p.namespace.first, p.namespace.last
	}
	index.found = index.find(index.found[:0], first, last, p.NamespaceSelector, &p.Selector)
	s.workloads = slices.DeleteFunc(index.found, func(i int32) bool { return c.Workloads[i].HostNetwork })
	if !p.Selector.Matches(nil) {
		return s
	}
	for _, n := range namespaces {
		if p.selectsNamespace(n.Labels) {
			s.namespaces = append(s.namespaces, n)
		}
	}
	s.elsewhere = p.namespace == nil && p.selectsNamespace(unknownNamespace())
	return s
}

// selectsNamespace tells whether the policy may select pods of a namespace with
// the given labels, if it is not about its own only.
func (p *Policy) selectsNamespace(labels map[string]string) bool {
	return p.NamespaceSelector == nil || p.NamespaceSelector.Matches(labels)
}

// isolating returns the policies of groups of which some isolate a direction and the rules
// of all count, sorted; nil where none isolates.
func isolating(groups []*group, d Direction) []*Policy {
	if !isolated(groups, d) {
		return nil
	}
	return policiesOf(groups, func(p *Policy) bool { return p.Tier == NetworkTier && slices.Contains(p.Types, d) })
}

// deciding returns the policies of groups that are of a tier other than the
// network's and have rules of a direction, in the order of evaluation.
func deciding(groups []*group, t Tier, d Direction) []*Policy {
	if !slices.ContainsFunc(groups, func(g *group) bool { return g.decides }) {
		return nil
	}
	return policiesOf(groups, func(p *Policy) bool { return p.Tier == t && len(p.Rules(d)) > 0 })
}

func policiesOf(groups []*group, wanted func(*Policy) bool) []*Policy {
	var policies []*Policy
	for _, g := range groups {
		for _, p := range g.policies {
			if wanted(p) {
				policies = append(policies, p)
			}
		}
	}
	slices.SortFunc(policies, (*Policy).compare)
	return policies
}
