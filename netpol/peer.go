package netpol

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"sort"
)

// PeerKind tells what a peer is.
type PeerKind int

// The kinds of peers.
const (
	WorkloadPeer  PeerKind = iota // a workload of the repository
	BlockPeer                     // a block of addresses outside the cluster
	OtherPodsPeer                 // a pod of a given namespace that is not in the repository
	ElsewherePeer                 // a pod of a namespace that is not in the repository
)

// Peer is an end of a connection. Peers are comparable.
//
// A pod that is not in the repository is one of which nothing is known: it has
// no labels and declares no ports. A selector that needs a label does not match
// it; {} and one that only excludes (NotIn, DoesNotExist) do, both in a rule and
// in the podSelector of a policy that isolates it.
type Peer struct {
	kind      PeerKind
	workload  *Workload
	block     netip.Prefix
	namespace string
}

// PodsOf returns the pods of a workload as a peer.
func PodsOf(w *Workload) Peer { return Peer{kind: WorkloadPeer, workload: w} }

// Addresses returns a block of addresses as a peer. Connections with a block are
// those that every one of its addresses may have; see Cluster.Split.
func Addresses(block netip.Prefix) Peer { return Peer{kind: BlockPeer, block: block.Masked()} }

// OtherPods returns a pod of a namespace that is not in the repository. The
// namespace need not be in the cluster: then only its name is known.
func OtherPods(namespace string) Peer { return Peer{kind: OtherPodsPeer, namespace: namespace} }

// Elsewhere returns a pod of a namespace that is not in the repository and that
// no selector names: it carries NameLabel with a value that nothing mentions.
func Elsewhere() Peer { return Peer{kind: ElsewherePeer} }

// Kind tells what the peer is.
func (p Peer) Kind() PeerKind { return p.kind }

// Workload returns the workload of a WorkloadPeer, else nil.
func (p Peer) Workload() *Workload { return p.workload }

// Block returns the addresses of a BlockPeer, else the zero prefix.
func (p Peer) Block() netip.Prefix { return p.block }

// Namespace returns the name of the namespace of a workload or of other pods,
// else "".
func (p Peer) Namespace() string {
	if p.kind == WorkloadPeer {
		return p.workload.Namespace
	}
	return p.namespace
}

// String returns "namespace/Kind/name" for a workload, the CIDR of a block,
// "other-pods:NAMESPACE" or "other-pods:*".
func (p Peer) String() string {
	switch p.kind {
	case WorkloadPeer:
		return p.workload.String()
	case BlockPeer:
		return p.block.String()
	case OtherPodsPeer:
		return "other-pods:" + p.namespace
	default:
		return "other-pods:*"
	}
}

// Peers returns everything that can be at the end of a connection: the
// workloads, other pods of every namespace that the cluster has or that a rule
// names by NameLabel, other pods elsewhere, and all addresses, IPv4 first, as
// blocks that no policy's ipBlock cuts.
func (c *Cluster) Peers() []Peer {
	var peers []Peer
	for _, w := range c.Workloads {
		peers = append(peers, PodsOf(w))
	}
	for _, name := range slices.Sorted(maps.Keys(c.knownNames())) {
		peers = append(peers, OtherPods(name))
	}
	peers = append(peers, Elsewhere())
	for _, p := range c.parts {
		peers = append(peers, Addresses(p))
	}
	return peers
}

// knownNames returns the names of namespaces that the cluster has or that a
// namespaceSelector of a rule names.
func (c *Cluster) knownNames() map[string]bool {
	names := map[string]bool{}
	for name := range c.namespaces {
		names[name] = true
	}
	for item := range c.items() {
		if item.NamespaceSelector == nil {
			continue
		}
		for _, r := range item.NamespaceSelector.Requirements {
			if r.Key == NameLabel && r.Operator == In {
				for _, name := range r.Values {
					names[name] = true
				}
			}
		}
	}
	return names
}

// items yields every item of from or to that counts.
func (c *Cluster) items() iter.Seq[*RulePeer] {
	return func(yield func(*RulePeer) bool) {
		for _, p := range c.Policies {
			for _, d := range p.Types {
				for _, r := range p.Rules(d) {
					for _, item := range r.Peers {
						if !yield(item) {
							return
						}
					}
				}
			}
		}
	}
}

// Split cuts a block of addresses at every boundary that the policies use, so
// that any two addresses of a part have the same connections. Other peers are
// returned as they are.
func (c *Cluster) Split(p Peer) []Peer {
	if p.kind != BlockPeer || !p.block.IsValid() {
		return []Peer{p}
	}
	// The last part that does not begin after p; the parts cover everything.
	i := sort.Search(len(c.parts), func(i int) bool { return c.parts[i].Addr().Compare(p.block.Addr()) > 0 }) - 1
	if covers(c.parts[i], p.block) {
		return []Peer{p}
	}
	var parts []Peer
	for ; i < len(c.parts) && p.block.Contains(c.parts[i].Addr()); i++ {
		parts = append(parts, Addresses(c.parts[i]))
	}
	return parts
}

// cutAddresses cuts all addresses at the boundaries that the policies use.
func (c *Cluster) cutAddresses() {
	cuts := map[netip.Prefix]bool{}
	for item := range c.items() {
		if item.Block == nil {
			continue
		}
		cuts[item.Block.CIDR] = true
		for _, e := range item.Block.Except {
			cuts[e] = true
		}
	}
	all := slices.Collect(maps.Keys(cuts))
	for _, root := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		c.parts = cut(c.parts, netip.PrefixFrom(root, 0), all)
	}
}

// cut appends the largest parts of p that no prefix of cuts divides, ascending.
func cut(parts []netip.Prefix, p netip.Prefix, cuts []netip.Prefix) []netip.Prefix {
	var inside []netip.Prefix
	for _, q := range cuts {
		if covers(p, q) && p != q {
			inside = append(inside, q)
		}
	}
	if len(inside) == 0 {
		return append(parts, p)
	}
	upper := p.Addr().AsSlice()
	upper[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	middle, _ := netip.AddrFromSlice(upper)
	parts = cut(parts, netip.PrefixFrom(p.Addr(), p.Bits()+1), inside)
	return cut(parts, netip.PrefixFrom(middle, p.Bits()+1), inside)
}
