package netpol

import (
	"net/netip"
	"slices"

	"github.com/ringfence/ringfence/manifest"
)

// Direction is the side of a connection that a policy isolates.
type Direction int

// The directions, seen from the selected workload.
const (
	Ingress Direction = iota // connections to it
	Egress                   // connections from it
)

// String returns the policy type, "Ingress" or "Egress".
func (d Direction) String() string {
	if d == Egress {
		return "Egress"
	}
	return "Ingress"
}

// Policy is a NetworkPolicy. It isolates the workloads it selects in the
// directions of its types: there, only what a rule of some policy allows passes.
type Policy struct {
	manifest.Ref
	Source   *manifest.Object
	Selector Selector    // spec.podSelector; absent selects all pods of the namespace
	Selected []*Workload // sorted; never one on the host network
	// Types are the directions that the policy isolates, Ingress first. Where
	// policyTypes is missing or empty, they are Ingress, and Egress if there is an
	// egress rule (comment of NetworkPolicySpec.PolicyTypes).
	Types []Direction
	// TypesWritten is true where spec.policyTypes holds at least one value.
	TypesWritten bool
	// IngressRules and EgressRules are the rules as written, also those that are
	// ignored because Types lacks their direction. See Rules.
	IngressRules, EgressRules []*Rule

	namespace *Namespace
}

// Isolates tells whether the policy isolates its workloads in a direction.
func (p *Policy) Isolates(d Direction) bool {
	return slices.Contains(p.Types, d)
}

// Written returns the rules of a direction, ignored or not.
func (p *Policy) Written(d Direction) []*Rule {
	if d == Egress {
		return p.EgressRules
	}
	return p.IngressRules
}

// Rules returns the rules of a direction that count: none where the policy does
// not isolate it.
func (p *Policy) Rules(d Direction) []*Rule {
	if !p.Isolates(d) {
		return nil
	}
	return p.Written(d)
}

// Rule is one ingress or egress rule: it allows connections with any of its
// peers on any of its ports.
type Rule struct {
	Policy    *Policy
	Direction Direction
	Index     int   // 0-based, among the policy's rules of the direction
	Path      []any // of the rule within Policy.Source, for Object.At
	// AllPeers is true where from or to is absent or empty: the rule is about
	// everything, inside and outside the cluster.
	AllPeers bool
	// AllPorts is true where ports is absent or empty.
	AllPorts bool
	Peers    []*RulePeer // as written, also those that can match nothing
	Ports    []*RulePort // as written, likewise

	numbered ConnSet     // what Ports stand for without the named ones
	named    []*RulePort // those of Ports that have a name
}

// AllowsEverything tells whether the rule is one like {}: any peer, any port.
func (r *Rule) AllowsEverything() bool { return r.AllPeers && r.AllPorts }

// Origin tells where the rule was written.
func (r *Rule) Origin() manifest.Origin { return r.Policy.Source.At(r.Path...) }

// RulePeer is one item of from or to. At most one of Block and the selectors is
// set; one with none of them gave a gap and matches nothing.
type RulePeer struct {
	Rule *Rule
	Path []any // of the item within the policy's Source, for Object.At
	// PodSelector is nil where absent. Alone, it selects pods of the policy's own
	// namespace; with NamespaceSelector, pods of the namespaces that it selects.
	PodSelector *Selector
	// NamespaceSelector is nil where absent. Alone, it selects all pods of the
	// namespaces that it matches.
	NamespaceSelector *Selector
	Block             *Block // nil where absent
}

// Origin tells where the item was written.
func (p *RulePeer) Origin() manifest.Origin { return p.Rule.Policy.Source.At(p.Path...) }

// Block is an ipBlock: the addresses of CIDR that are in none of Except.
type Block struct {
	CIDR   netip.Prefix // masked
	Except []netip.Prefix
}

// Contains tells whether every address of the prefix is in the block.
func (b *Block) Contains(p netip.Prefix) bool {
	if !covers(b.CIDR, p) {
		return false
	}
	for _, e := range b.Except {
		if e.Overlaps(p) {
			return false
		}
	}
	return true
}

// covers tells whether every address of q is in p.
func covers(p, q netip.Prefix) bool { return p.Bits() <= q.Bits() && p.Contains(q.Addr()) }

// RulePort is one item of ports.
type RulePort struct {
	Path     []any // of the item within the policy's Source, for Object.At
	Protocol Protocol
	// Name is a named port, resolved on the destination: it stands for the ports
	// that the destination's containers declare with this name and protocol.
	Name string
	// First and Last are the ports of one that is not named; 1 and 65535 where
	// port is absent, both 0 where the item gave a gap and stands for nothing.
	First, Last int
}

// On returns the connections that the item stands for when the destination has
// the given container ports.
func (p *RulePort) On(destination []Port) ConnSet {
	if p.Name == "" {
		return Ports(p.Protocol, p.First, p.Last)
	}
	var s ConnSet
	for _, port := range destination {
		if port.Name == p.Name && port.Protocol == p.Protocol {
			s = s.Union(Ports(port.Protocol, port.Number, port.Number))
		}
	}
	return s
}

// On returns the connections that the rule's ports stand for when the
// destination has the given container ports.
func (r *Rule) On(destination []Port) ConnSet {
	if r.AllPorts {
		return All()
	}
	s := r.numbered
	for _, p := range r.named {
		s = s.Union(p.On(destination))
	}
	return s
}
