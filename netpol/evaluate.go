package netpol

import "net/netip"

// Isolating returns the policies that isolate a workload in a direction, sorted.
// Where there are none, everything is allowed in that direction.
func (c *Cluster) Isolating(w *Workload, d Direction) []*Policy { return w.isolating[d] }

// Isolated tells whether some policy isolates a workload in a direction.
func (c *Cluster) Isolated(w *Workload, d Direction) bool { return len(w.isolating[d]) > 0 }

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
// everything where no policy isolates that side.
func (c *Cluster) Allows(d Direction, from, to Peer) ConnSet {
	near, far := sides(d, from, to)
	local := c.end(near)
	policies := local.isolating[d]
	if len(policies) == 0 {
		return All()
	}
	return c.everyPart(far, func(remote end) ConnSet {
		ports := destination(d, local, remote).ports
		var allowed ConnSet
		for _, p := range policies {
			for _, r := range p.Rules(d) {
				allowed = allowed.Union(r.allows(remote, ports))
			}
		}
		return allowed
	})
}

// RuleAllows returns what a single rule allows of the connections from one peer
// to another. It takes for granted that the rule's policy selects its side: to
// for ingress, from for egress.
func (c *Cluster) RuleAllows(r *Rule, from, to Peer) ConnSet {
	near, far := sides(r.Direction, from, to)
	local := c.end(near)
	return c.everyPart(far, func(remote end) ConnSet {
		return r.allows(remote, destination(r.Direction, local, remote).ports)
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
	block       netip.Prefix
	isolating   [2][]*Policy
}

func (c *Cluster) end(p Peer) end {
	switch p.kind {
	case WorkloadPeer:
		w := p.workload
		return end{namespace: w.namespace, labels: w.Labels, ports: w.Ports, hostNetwork: w.HostNetwork, isolating: w.isolating}
	case BlockPeer:
		return end{block: p.block}
	case OtherPodsPeer:
		n, ok := c.namespaces[p.namespace]
		if !ok {
			n = c.undeclared(p.namespace)
		}
		return end{namespace: n, isolating: n.isolating}
	default:
		return end{namespace: &Namespace{Labels: unknownNamespace()}}
	}
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

// allows returns what the rule allows between its policy's workloads and a
// remote end, when the destination declares the given ports.
func (r *Rule) allows(remote end, destination []Port) ConnSet {
	if r.AllPeers {
		return r.On(destination)
	}
	for _, item := range r.Peers {
		if item.matches(remote) {
			return r.On(destination)
		}
	}
	return ConnSet{}
}

// matches implements NetworkPolicyPeer (networking.k8s.io/v1).
func (p *RulePeer) matches(e end) bool {
	switch {
	case e.namespace == nil:
		return p.Block != nil && p.Block.Contains(e.block)
	case e.hostNetwork:
		return false
	case p.NamespaceSelector != nil && !p.NamespaceSelector.Matches(e.namespace.Labels):
		return false
	case p.NamespaceSelector == nil && e.namespace != p.Rule.Policy.namespace:
		return false
	case p.PodSelector != nil:
		return p.PodSelector.Matches(e.labels)
	default:
		return p.NamespaceSelector != nil
	}
}
