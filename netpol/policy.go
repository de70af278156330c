package netpol

import (
	"net/netip"
	"slices"

	"github.com/ringfence/ringfence/manifest"
)

// Direction is the side of a connection that a policy is about.
type Direction uint8

// The directions, seen from the selected workload.
const (
	Ingress Direction = iota // connections to it
	Egress                   // connections from it
)

var allDirections = [...]Direction{Ingress, Egress}

func bothDirections() []Direction { return allDirections[:] }

// directions returns those that are wanted; read-only.
func directions(ingress, egress bool) []Direction {
	switch {
	case ingress && egress:
		return bothDirections()
	case ingress:
		return allDirections[:1:1]
	case egress:
		return allDirections[1:]
	default:
		return nil
	}
}

// String returns the policy type, "Ingress" or "Egress".
func (d Direction) String() string {
	if d == Egress {
		return "Egress"
	}
	return "Ingress"
}

// Name returns "ingress" or "egress", which is also the field of a policy that holds
// the rules of the direction.
func (d Direction) Name() string {
	if d == Egress {
		return "egress"
	}
	return "ingress"
}

// side is the field of a rule that holds the peers.
func (d Direction) side() string {
	if d == Egress {
		return "to"
	}
	return "from"
}

// Tier is the place of a policy in the order of evaluation
// (ClusterNetworkPolicySpec.Tier, policy.networking.k8s.io/v1alpha2).
type Tier int

// The tiers in their order.
const (
	AdminTier    Tier = iota - 1 // AdminNetworkPolicy, ClusterNetworkPolicy
	NetworkTier                  // NetworkPolicy, and what other projects add to it
	BaselineTier                 // BaselineAdminNetworkPolicy, ClusterNetworkPolicy
)

// Policy selects workloads and says what they may connect to.
//
// One of the network tier isolates the workloads that it selects in the
// directions of its types: there, only what a rule of some policy allows passes. Some of
// Cilium's only add rules to those of policies that isolate.
// One of the other tiers decides about the connections that its rules match.
type Policy struct {
	manifest.Ref
	Source *manifest.Object
	Tier   Tier
	// Priority orders the policies of the admin and of the baseline tier: lower
	// ones come first, and of equal ones the first by kind and name.
	Priority int
	// NamespaceSelector selects the namespaces of the workloads; nil stands for the
	// policy's own.
	NamespaceSelector *Selector
	Selector          Selector    // of pods; absent selects all
	Selected          []*Workload // sorted, shared; never one on the host network
	// Types are the directions that the policy is about, Ingress first. Those of a
	// NetworkPolicy where policyTypes is missing or empty are Ingress, and Egress if
	// there is an egress rule (comment of NetworkPolicySpec.PolicyTypes).
	Types []Direction
	// TypesWritten is true where spec.policyTypes holds at least one value.
	TypesWritten bool
	// IngressRules and EgressRules are the rules as written, also those that are
	// ignored because Types lacks their direction. See Rules.
	IngressRules, EgressRules []*Rule
	Problems                  []Problem // which gave gaps too

	adds      [2]bool    // its rules of a direction allow and do not isolate
	namespace *Namespace // nil for one of the whole cluster
	spec      []any      // where the spec is within Source; nil for "spec"
	doubts    []Doubt
	// nodeDoubts are doubts about pods on the host network, which the policy selects
	// if it selects their nodes.
	nodeDoubts []Doubt
}

// Isolates tells whether the policy isolates its workloads in a direction.
func (p *Policy) Isolates(d Direction) bool {
	return p.Tier == NetworkTier && slices.Contains(p.Types, d) && !p.adds[d]
}

// Written returns the rules of a direction, ignored or not.
func (p *Policy) Written(d Direction) []*Rule {
	if d == Egress {
		return p.EgressRules
	}
	return p.IngressRules
}

// Rules returns the rules of a direction that count: none where the policy is not
// about it.
func (p *Policy) Rules(d Direction) []*Rule {
	if !slices.Contains(p.Types, d) {
		return nil
	}
	return p.Written(d)
}

// SelectorPath leads to what selects the workloads, within the policy's Source: for
// Object.At.
func (p *Policy) SelectorPath() []any {
	spec := p.spec
	if spec == nil {
		spec = []any{"spec"}
	}
	field := "podSelector"
	switch k := p.kind(); {
	case k.group == "policy.networking.k8s.io":
		field = "subject"
	case k.group == "cilium.io":
		field = "endpointSelector"
	case k.isCalico():
		field = "selector"
	}
	return append(slices.Clone(spec), field)
}

// Action is what a rule does with the connections that it matches.
type Action uint8

// The actions. Those of the network tier are all Allow.
const (
	Allow Action = iota // Accept in ClusterNetworkPolicy
	Deny
	Pass // leaves the decision to the next tier
)

// String returns the action as AdminNetworkPolicy spells it.
func (a Action) String() string { return [...]string{"Allow", "Deny", "Pass"}[a] }

// Rule is one ingress or egress rule: it is about connections with any of its
// peers on any of its ports.
type Rule struct {
	Policy    *Policy
	Direction Direction
	Index     int // 0-based, among the policy's rules of the direction
	Action    Action
	// AllPeers is true where from or to is absent or empty: the rule is about
	// everything, inside and outside the cluster.
	AllPeers bool
	// AllPorts is true where ports is absent or empty.
	AllPorts bool
	Peers    []*RulePeer // as written, also those that can match nothing
	Ports    []*RulePort // as written, likewise

	doubtful bool // a part of it is not evaluated
}

// Path leads to the rule within the policy's Source, for Object.At.
func (r *Rule) Path() []any { return r.path(4) }

// path is Path with room for more elements.
func (r *Rule) path(more int) []any {
	path := make([]any, 0, 4+more)
	if r.Policy.spec == nil {
		path = append(path, "spec")
	}
	return append(append(path, r.Policy.spec...), r.Direction.Name(), r.Index)
}

// Origin tells where the rule was written.
func (r *Rule) Origin() manifest.Origin { return r.Policy.Source.At(r.Path()...) }

// RulePeer is one item of from or to. Of PodSelector with NamespaceSelector,
// Block, Networks and Nodes at most one is set; an item with none of them gave a
// gap and matches nothing, unless it stands for an entity.
type RulePeer struct {
	Rule *Rule
	// PodSelector is nil where absent. Alone, it selects pods of the policy's own
	// namespace; with NamespaceSelector, pods of the namespaces that it selects.
	PodSelector *Selector
	// NamespaceSelector is nil where absent. Alone, it selects all pods of the
	// namespaces that it matches.
	NamespaceSelector *Selector
	Block             *Block // nil where absent
	// Networks are blocks of which all pods in them are matched as well.
	Networks []netip.Prefix
	Nodes    *Selector // of nodes, by the addresses of nodes; nil where absent

	outside  bool // Block matches no pod, even by its address
	everyPod bool // Networks hold the address of every pod
	entities entities
	index    int   // in from or to
	at       []any // of the item within the rule, where it is another than index tells
}

// Path leads to the item within the policy's Source, for Object.At.
func (p *RulePeer) Path() []any {
	if p.at != nil {
		return append(p.Rule.path(len(p.at)), p.at...)
	}
	return append(p.Rule.path(2), p.Rule.Direction.side(), p.index)
}

// Origin tells where the item was written.
func (p *RulePeer) Origin() manifest.Origin { return p.Rule.Policy.Source.At(p.Path()...) }

// entities are groups of peers that have a name of their own (Cilium).
type entities struct {
	world   bool // every address outside the cluster
	cluster bool // every pod
	nodes   bool // some nodes, and so perhaps some pods on the host network
}

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

// RulePort is one item of ports. Rules with equal items may share them.
type RulePort struct {
	Protocol Protocol // empty for any, with a name
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
		if p.names(port) {
			s = s.Union(Ports(port.Protocol, port.Number, port.Number))
		}
	}
	return s
}

// names tells whether a named item stands for a port.
func (p *RulePort) names(port Port) bool {
	return port.Name == p.Name && (p.Protocol == "" || port.Protocol == p.Protocol)
}

// On returns the connections that the rule's ports stand for when the
// destination has the given container ports.
func (r *Rule) On(destination []Port) ConnSet {
	if r.AllPorts {
		return All()
	}
	var s ConnSet
	for _, p := range r.Ports {
		s = s.Union(p.On(destination))
	}
	return s
}
