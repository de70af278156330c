package netpol

import (
	"net/netip"
	"slices"
)

// Isolating returns the policies of the network tier that are about a workload in a
// direction in which some of them isolate it, sorted.
func (c *Cluster) Isolating(w *Workload, d Direction) []*Policy {
	return isolating(w.groups, d)
}

// Isolated tells whether some policy of the network tier isolates a workload in a
// direction.
func (c *Cluster) Isolated(w *Workload, d Direction) bool { return isolated(w.groups, d) }

// Governed tells whether some policy of any tier is about a workload in a
// direction.
func (c *Cluster) Governed(w *Workload, d Direction) bool {
	return isolated(w.groups, d) || slices.ContainsFunc(w.groups, func(g *group) bool {
		return slices.ContainsFunc(g.policies, func(p *Policy) bool { return len(p.Rules(d)) > 0 })
	})
}

func isolated(groups []*group, d Direction) bool {
	return slices.ContainsFunc(groups, func(g *group) bool { return g.isolates[d] })
}

// Allowed returns the connections that may be made from one peer to another:
// those that both sides allow. Between blocks of addresses that is everything,
// for no policy is about them.
func (c *Cluster) Allowed(from, to Peer) ConnSet {
	out := c.Allows(Egress, from, to)
	if out.IsEmpty() {
		return out
	}
	return out.Intersect(c.Allows(Ingress, from, to))
}

// Allows returns what one side allows of the connections from one peer to
// another: with Ingress, the policies of to; with Egress, those of from. It is
// everything where no policy is about that side.
func (c *Cluster) Allows(d Direction, from, to Peer) ConnSet {
	near, far := sides(d, from, to)
	local := c.end(near)
	if len(local.groups) == 0 {
		return All()
	}
	return c.everyPart(far, func(remote end) ConnSet {
		allowed, _ := c.decide(d, local, remote, nil)
		return allowed
	})
}

// decision is what one rule decides of the connections between two ends, or what
// policies deny by isolating, with a nil rule.
type decision struct {
	policy *Policy
	rule   *Rule
	action Action
	conn   ConnSet
}

// decide returns what the policies of local allow of the connections with
// remote, and appends to decisions, unless it is nil, what each of their rules
// decides.
func (c *Cluster) decide(d Direction, local, remote end, decisions []decision) (allowed ConnSet, _ []decision) {
	e := evaluation{
		direction: d, remote: remote, ports: destination(d, local, remote).ports,
		undecided: All(), explain: decisions != nil, decisions: decisions,
	}
	e.decideByRules(deciding(local.groups, AdminTier, d))
	e.undecided, e.passed = e.undecided.Union(e.passed), ConnSet{}
	if isolated(local.groups, d) {
		e.isolate(local.groups)
		return e.allowed, e.decisions
	}
	e.decideByRules(deciding(local.groups, BaselineTier, d))
	return e.allowed.Union(e.undecided).Union(e.passed), e.decisions
}

// evaluation is the connections between two ends on their way through the tiers.
type evaluation struct {
	direction Direction
	remote    end
	ports     []Port // of the destination

	undecided, passed, allowed ConnSet

	explain   bool
	decisions []decision
}

// decideByRules applies policies whose rules count in their order.
func (e *evaluation) decideByRules(policies []*Policy) {
	for _, p := range policies {
		for _, r := range p.Rules(e.direction) {
			matched := e.undecided.Intersect(r.matched(e.remote, e.ports))
			if matched.IsEmpty() {
				continue
			}
			e.undecided = e.undecided.Subtract(matched)
			switch r.Action {
			case Allow:
				e.allowed = e.allowed.Union(matched)
			case Pass:
				e.passed = e.passed.Union(matched)
			}
			e.note(decision{p, r, r.Action, matched})
		}
	}
}

// isolate decides what is left by the policies that isolate, whose rules add up.
func (e *evaluation) isolate(groups []*group) {
	var allowed ConnSet
	if !e.explain {
		for _, g := range groups {
			for _, p := range g.policies {
				if p.Tier == NetworkTier {
					for _, r := range p.Rules(e.direction) {
						allowed = allowed.Union(r.matched(e.remote, e.ports))
					}
				}
			}
		}
		e.allowed = e.allowed.Union(allowed.Intersect(e.undecided))
		return
	}
	policies := isolating(groups, e.direction)
	for _, p := range policies {
		for _, r := range p.Rules(e.direction) {
			if conn := r.matched(e.remote, e.ports).Intersect(e.undecided); !conn.IsEmpty() {
				allowed = allowed.Union(conn)
				e.note(decision{p, r, Allow, conn})
			}
		}
	}
	e.allowed = e.allowed.Union(allowed)
	if denied := e.undecided.Subtract(allowed); !denied.IsEmpty() {
		for _, p := range policies {
			if p.Isolates(e.direction) {
				e.note(decision{p, nil, Deny, denied})
			}
		}
	}
}

func (e *evaluation) note(d decision) {
	if e.explain {
		e.decisions = append(e.decisions, d)
	}
}

// RuleAllows returns what a single rule matches of the connections from one peer
// to another. It takes for granted that the rule's policy selects its side: to
// for ingress, from for egress.
func (c *Cluster) RuleAllows(r *Rule, from, to Peer) ConnSet {
	near, far := sides(r.Direction, from, to)
	local := c.end(near)
	return c.everyPart(far, func(remote end) ConnSet {
		return r.matched(remote, destination(r.Direction, local, remote).ports)
	})
}

// PeerMatches tells whether an item of from or to matches a peer. A block of
// addresses matches where all of it does.
func (c *Cluster) PeerMatches(item *RulePeer, p Peer) bool { return item.matches(c.end(p)) }

// PeerWorkloads returns the workloads that an item of from or to matches, sorted.
func (c *Cluster) PeerWorkloads(item *RulePeer) []*Workload {
	namespaces := []*Namespace{item.Rule.Policy.namespace}
	if item.NamespaceSelector != nil {
		namespaces = c.MatchingNamespaces(*item.NamespaceSelector)
	} else if item.PodSelector == nil {
		namespaces = c.Namespaces
	}
	var matched []*Workload
	for _, n := range namespaces {
		for _, w := range n.workloads {
			if item.matches(c.end(PodsOf(w))) {
				matched = append(matched, w)
			}
		}
	}
	return matched
}

// sides returns first the peer whose policies decide in a direction.
func sides(d Direction, from, to Peer) (near, far Peer) {
	if d == Egress {
		return from, to
	}
	return to, from
}

// end is a peer as policies see it.
type end struct {
	namespace   *Namespace // nil for addresses
	labels      map[string]string
	ports       []Port
	hostNetwork bool
	node        map[string]string // labels of the node, as far as they are known
	block       netip.Prefix
	addresses   []netip.Addr // of a pod, where they are known
	groups      []*group     // of the policies that select it
}

func (c *Cluster) end(p Peer) end {
	e := c.endAsBuilt(p)
	if groups, edited := c.edited[p]; edited {
		e.groups = groups
	}
	return e
}

func (c *Cluster) endAsBuilt(p Peer) end {
	switch p.kind {
	case WorkloadPeer:
		return p.workload.end()
	case BlockPeer:
		return end{block: p.block}
	case OtherPodsPeer:
		n, ok := c.namespaces[p.namespace]
		if !ok {
			return c.unseen(c.undeclared(p.namespace))
		}
		return end{namespace: n, groups: n.groups}
	default:
		return end{namespace: elsewhereNamespace(), groups: c.elsewhere}
	}
}

func (w *Workload) end() end {
	e := end{
		namespace: w.namespace, labels: w.Labels, ports: w.Ports,
		hostNetwork: w.HostNetwork, addresses: w.addresses, groups: w.groups,
	}
	if w.HostNetwork {
		e.node = w.nodeLabels()
	}
	return e
}

// unseen is a pod of a namespace that the cluster does not have.
func (c *Cluster) unseen(n *Namespace) end {
	e := end{namespace: n}
	for _, g := range c.groups {
		if p := g.policies[0]; p.namespace == nil && p.selectsNamespace(n.Labels) && p.Selector.Matches(nil) {
			e.groups = append(e.groups, g)
		}
	}
	return e
}

// destination returns the end whose ports a rule of a direction names.
func destination(d Direction, local, remote end) end {
	if d == Egress {
		return remote
	}
	return local
}

// everyPart returns what f allows for every part of a peer, which is more than
// one only for a block that crosses a boundary.
func (c *Cluster) everyPart(p Peer, f func(end) ConnSet) ConnSet {
	if p.kind != BlockPeer {
		return f(c.end(p))
	}
	allowed := All()
	for _, part := range c.Split(p) {
		allowed = allowed.Intersect(f(c.end(part)))
	}
	return allowed
}

// matched returns the connections between its policy's workloads and a remote
// end that the rule is about, when the destination declares the given ports.
func (r *Rule) matched(remote end, destination []Port) ConnSet {
	if r.AllPeers || slices.ContainsFunc(r.Peers, func(item *RulePeer) bool { return item.matches(remote) }) {
		return r.On(destination)
	}
	return ConnSet{}
}

// matches implements NetworkPolicyPeer (networking.k8s.io/v1),
// AdminNetworkPolicyEgressPeer and ClusterNetworkPolicyEgressPeer
// (policy.networking.k8s.io).
func (p *RulePeer) matches(e end) bool {
	switch {
	case p.Block != nil:
		return p.holds(e, p.Block.Contains)
	case p.Networks != nil:
		return p.everyPod && e.namespace != nil && len(e.addresses) == 0 || p.holds(e, func(block netip.Prefix) bool {
			return slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return covers(n, block) })
		})
	case e.namespace == nil:
		return p.entities.world
	case p.entities.cluster:
		return true
	case e.hostNetwork:
		return p.Nodes != nil && p.Nodes.Matches(e.node)
	case p.NamespaceSelector != nil:
		return p.NamespaceSelector.Matches(e.namespace.Labels) && (p.PodSelector == nil || p.PodSelector.Matches(e.labels))
	default:
		return p.PodSelector != nil && e.namespace.Name == p.Rule.Policy.Namespace && p.PodSelector.Matches(e.labels)
	}
}

// holds tells whether a block, or one of the known addresses of a pod, is one
// that contains accepts.
func (p *RulePeer) holds(e end, contains func(netip.Prefix) bool) bool {
	if e.namespace == nil {
		return contains(e.block)
	}
	return !p.outside && slices.ContainsFunc(e.addresses, func(a netip.Addr) bool { return contains(netip.PrefixFrom(a, a.BitLen())) })
}
