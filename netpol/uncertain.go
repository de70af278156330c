package netpol

import (
	"net/netip"
	"reflect"
	"slices"

	"github.com/ringfence/ringfence/manifest"
)

// Doubt is why what a policy says cannot be told from manifests: a part that is
// not evaluated, or that rests on what only a cluster knows.
type Doubt struct {
	Policy *Policy
	Reason string
	path   []any // within the policy's Source
	only   *Direction
}

// Origin tells where the part of the policy was written.
func (d Doubt) Origin() manifest.Origin { return d.Policy.Source.At(d.path...) }

func (d Doubt) about(direction Direction) bool { return d.only == nil || *d.only == direction }

// Doubts returns why what the policy says is not certain, nil where it is.
func (p *Policy) Doubts() []Doubt { return slices.Concat(p.doubts, p.nodeDoubts) }

// doubt adds a doubt about both directions of a policy.
func (p *Policy) doubt(reason string, path ...any) {
	p.doubts = append(p.doubts, Doubt{Policy: p, Reason: reason, path: path})
}

// doubtDirection adds a doubt about one direction of a policy.
func (p *Policy) doubtDirection(d Direction, reason string, path ...any) {
	p.doubts = append(p.doubts, Doubt{Policy: p, Reason: reason, path: path, only: &d})
}

// doubtNodes adds a doubt about pods on the host network.
func (p *Policy) doubtNodes(reason string, path ...any) {
	p.nodeDoubts = append(p.nodeDoubts, Doubt{Policy: p, Reason: reason, path: path})
}

// doubtRejected doubts a policy of which a part is not accepted: then the cluster
// has none of it, but perhaps an earlier version.
func (r *reader) doubtRejected(p *Policy) {
	for _, problem := range r.problems {
		if problem.Rejected {
			p.doubt("a part of it is not accepted", problem.Path...)
			return
		}
	}
}

// doubt adds a doubt about the direction of a rule.
func (r *Rule) doubt(reason string, path ...any) {
	r.doubtful = true
	r.Policy.doubts = append(r.Policy.doubts, Doubt{Policy: r.Policy, Reason: reason, path: path, only: &r.Direction})
}

// Doubtful tells whether it is not known what all the rule is about.
func (r *Rule) Doubtful() bool { return r.doubtful }

// Uncertain returns why the verdicts on a peer's connections of a direction are not
// certain, sorted by policy; nil where they are, and for addresses. The policies that
// are doubtful are evaluated as far as they can be: what is not known of them matches
// nothing.
func (c *Cluster) Uncertain(p Peer, d Direction) []Doubt {
	var doubts []Doubt
	near := c.end(p)
	if near.hostNetwork {
		for _, p := range c.Others {
			doubts = append(doubts, p.nodeDoubts...)
		}
		return doubts
	}
	var admin [3][]*Policy
	for _, g := range near.groups {
		for _, p := range g.policies {
			doubts = p.appendDoubts(doubts, d)
			if p.Tier != NetworkTier && len(p.Rules(d)) > 0 {
				admin[p.Tier-AdminTier] = append(admin[p.Tier-AdminTier], p)
			}
		}
	}
	if p.workload != nil {
		for _, doubt := range p.workload.doubts {
			if slices.Contains(doubt.Policy.Types, d) {
				doubts = append(doubts, doubt)
			}
		}
	}
	for _, policies := range admin {
		doubts = append(doubts, ties(policies, d)...)
	}
	slices.SortStableFunc(doubts, func(a, b Doubt) int { return a.Policy.compare(b.Policy) })
	return doubts
}

func (p *Policy) appendDoubts(doubts []Doubt, d Direction) []Doubt {
	for _, doubt := range p.doubts {
		if doubt.about(d) {
			doubts = append(doubts, doubt)
		}
	}
	return doubts
}

// ties finds the policies of one tier that share a priority and do not all do the
// same: "the implementation can apply any of the matching policies".
func ties(policies []*Policy, d Direction) []Doubt {
	var doubts []Doubt
	for _, p := range policies {
		if slices.ContainsFunc(policies, func(q *Policy) bool { return q != p && q.Priority == p.Priority && disagree(p, q, d) }) {
			doubts = append(doubts, Doubt{
				Policy: p, Reason: "another policy has the same priority and may be applied first", path: []any{"spec", "priority"},
			})
		}
	}
	return doubts
}

// doubtReplaced doubts which workloads a policy selects whose selector is to be replaced
// by something else before it is applied.
func (c *Cluster) doubtReplaced() {
	for _, policies := range [][]*Policy{c.Policies, c.Others} {
		for _, p := range policies {
			if !p.Selector.invalid {
				continue
			}
			at := slices.IndexFunc(p.Problems, func(problem Problem) bool {
				return problem.Placeholder != "" && len(problem.Path) >= len(p.SelectorPath()) &&
					reflect.DeepEqual(problem.Path[:len(p.SelectorPath())], p.SelectorPath())
			})
			if at < 0 {
				continue
			}
			workloads := c.Workloads
			if p.namespace != nil {
				workloads = p.namespace.Workloads()
			}
			for _, w := range workloads {
				w.doubts = append(w.doubts, Doubt{Policy: p, Reason: p.Problems[at].Placeholder + " is a variable", path: p.SelectorPath()})
			}
		}
	}
}

// doubtNetworkSets doubts the rules of Calico whose selectors may also match the
// labels of network sets, which are not read.
func (c *Cluster) doubtNetworkSets() {
	for item := range itemsOf(c.Others) {
		if item.Rule.Policy.kind().isCalico() && item.PodSelector != nil {
			item.Rule.doubt("a network set may match it", item.Path()...)
		}
	}
}

// doubtHosts doubts what Calico's selectors say of host endpoints: nodes, with labels
// of their own and without a namespace
// (https://docs.tigera.io/calico/latest/reference/resources/hostendpoint).
func (c *Cluster) doubtHosts() {
	for _, p := range c.Others {
		if p.kind().isCalico() && p.NamespaceSelector != nil && p.NamespaceSelector.Matches(nil) {
			p.doubtNodes("host endpoints may be selected", "spec", "selector")
		}
	}
	if !slices.ContainsFunc(c.Workloads, func(w *Workload) bool { return w.HostNetwork }) {
		return
	}
	for item := range itemsOf(c.Others) {
		if item.Rule.Policy.kind().isCalico() && item.NamespaceSelector != nil && item.NamespaceSelector.Matches(nil) {
			item.Rule.doubt("a host endpoint may match it", item.Path()...)
		}
	}
}

func (p *Policy) kind() kind { return kind{p.Group, p.Kind} }

// doubtNodes doubts the rules of which it is not known whether they match the
// pods on the host network, because more of their nodes would have to be known.
func (c *Cluster) doubtNodes() {
	for item := range itemsOf(c.Others) {
		switch {
		case item.entities.nodes && slices.ContainsFunc(c.Workloads, func(w *Workload) bool { return w.HostNetwork }):
			item.Rule.doubt("the nodes of pods on the host network are not known", item.Path()...)
		case item.Nodes == nil:
		case slices.ContainsFunc(c.Workloads, func(w *Workload) bool { return w.HostNetwork && undecided(item.Nodes, w.nodeLabels()) }):
			item.Rule.doubt("the labels of nodes are not known", item.Path()...)
		}
	}
}

// undecided tells whether it depends on further labels if a selector matches.
func undecided(s *Selector, known map[string]string) bool {
	open := false
	for i := range s.Requirements {
		r := &s.Requirements[i]
		if _, has := known[r.Key]; !has {
			open = true
		} else if !r.Matches(known) {
			return false
		}
	}
	return open && !s.invalid
}

func disagree(p, q *Policy, d Direction) bool {
	for _, r := range p.Rules(d) {
		if slices.ContainsFunc(q.Rules(d), func(s *Rule) bool { return s.Action != r.Action }) {
			return true
		}
	}
	return false
}

// holdEveryPod tells whether networks hold every address of IPv4, and so one of
// every pod, as far as clusters have IPv4.
func holdEveryPod(networks []netip.Prefix) bool { return holdAll(networks, families()[0]) }

// families returns all addresses of IPv4 and all of IPv6.
func families() []netip.Prefix {
	return []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
}

// holdAll tells whether the networks together hold every address of p.
func holdAll(networks []netip.Prefix, p netip.Prefix) bool {
	var inside []netip.Prefix
	for _, n := range networks {
		if covers(n, p) {
			return true
		}
		if covers(p, n) {
			inside = append(inside, n)
		}
	}
	if len(inside) == 0 {
		return false
	}
	lower, upper := halves(p)
	return holdAll(inside, lower) && holdAll(inside, upper)
}

// halves cuts a block of more than one address in two.
func halves(p netip.Prefix) (lower, upper netip.Prefix) {
	middle := p.Addr().AsSlice()
	middle[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	addr, _ := netip.AddrFromSlice(middle)
	return netip.PrefixFrom(p.Addr(), p.Bits()+1), netip.PrefixFrom(addr, p.Bits()+1)
}

// MayHoldPods tells whether the item is a block that matches the pods that may have
// addresses in it, if the network plugin looks at the addresses of pods.
func (p *RulePeer) MayHoldPods() bool {
	return p.Block != nil && !p.outside && mayHoldPods(p.Block.CIDR)
}

// mayHoldPods tells whether some address of a network is of a range from which
// clusters take those of their pods: private use (RFC 1918, RFC 4193) and shared
// address space (RFC 6598).
func mayHoldPods(network netip.Prefix) bool {
	return slices.ContainsFunc([]string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"}, func(private string) bool {
		return netip.MustParsePrefix(private).Overlaps(network)
	})
}
