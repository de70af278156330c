package netpol

import "slices"

// group is the policies that have one selector in one namespace, or in the whole
// cluster. They select the same pods, so these are found once.
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
		g.isolates[d] = g.isolates[d] || p.Tier == NetworkTier
	}
}

// scope is where a group's selector looks, and the selector.
type scope struct {
	namespace *Namespace // nil for the whole cluster
	selectors string
}

// groupPolicies joins policies with the pods that they select. The policies are
// those of c.Policies and c.Others, in that order.
func (c *Cluster) groupPolicies() {
	for _, p := range c.Policies {
		p.namespace.policies = append(p.namespace.policies, p)
	}
	groups := map[scope]*group{}
	for _, policies := range [][]*Policy{c.Policies, c.Others} {
		for _, p := range policies {
			key := scope{p.namespace, p.Selector.key()}
			if p.NamespaceSelector != nil {
				key.selectors += "\x00" + p.NamespaceSelector.key()
			}
			g := groups[key]
			if g == nil {
				g = &group{}
				groups[key] = g
				c.groups = append(c.groups, g)
				c.selectPods(g, p)
			}
			g.add(p)
			p.Selected = g.members
		}
	}
}

// selectPods finds what a policy selects, declared or not, and adds the group to it.
func (c *Cluster) selectPods(g *group, p *Policy) {
	s := c.selection(c.index, p)
	for _, i := range s.workloads {
		w := c.Workloads[i]
		g.members = append(g.members, w)
		w.groups = append(w.groups, g)
	}
	for _, n := range s.namespaces {
		n.groups = append(n.groups, g)
	}
	if s.elsewhere {
		c.elsewhere = append(c.elsewhere, g)
	}
}

// selection is what a policy selects.
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
	s.workloads = index.find(nil, first, last, p.NamespaceSelector, &p.Selector)
	s.workloads = slices.DeleteFunc(s.workloads, func(i int32) bool { return c.Workloads[i].HostNetwork })
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

// isolating returns the policies of groups that isolate a direction, sorted.
func isolating(groups []*group, d Direction) []*Policy {
	return policiesOf(groups, func(p *Policy) bool { return p.Isolates(d) })
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
