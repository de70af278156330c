package netpol

import (
	"cmp"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"sort"

	"github.com/ringfence/ringfence/manifest"
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
// "other-pods:NAMESPACE" or "other-pods:*", without the namespace where it is not
// known.
func (p Peer) String() string {
	switch p.kind {
	case WorkloadPeer:
		return p.workload.String()
	case BlockPeer:
		return p.block.String()
	case OtherPodsPeer:
		if manifest.IsPrivate(p.namespace) {
			return "other-pods:"
		}
		return "other-pods:" + p.namespace
	default:
		return "other-pods:*"
	}
}

// Peers returns everything that can be at the end of a connection: the
// workloads, other pods of every namespace that the cluster has or that a policy
// names by NameLabel, other pods elsewhere, and all addresses, IPv4 first, as
// blocks that no policy's ipBlock cuts.
func (c *Cluster) Peers() []Peer { return newSpace(c).peers }

// splits is what splits peers: the names of namespaces and the prefixes by which
// policies cut all addresses.
type splits struct {
	names map[string]bool
	cuts  map[netip.Prefix]bool
	seen  []bool // by number of a selector of namespaces
}

func newSplits() splits {
	return splits{names: map[string]bool{}, cuts: map[netip.Prefix]bool{}}
}

// add adds what a policy mentions.
func (s *splits) add(p *Policy) {
	s.addNames(p.NamespaceSelector)
	for item := range p.items {
		s.addNames(item.NamespaceSelector)
		for _, n := range item.Networks {
			s.cuts[n] = true
		}
		if item.Block == nil {
			continue
		}
		s.cuts[item.Block.CIDR] = true
		for _, e := range item.Block.Except {
			s.cuts[e] = true
		}
	}
}

func (s *splits) addNames(selector *Selector) {
	if selector == nil {
		return
	}
	if n := int(selector.number); n > 0 {
		if n >= len(s.seen) {
			s.seen = append(s.seen, make([]bool, n+1)...)
		}
		if s.seen[n] {
			return
		}
		s.seen[n] = true
	}
	for i := range selector.Requirements {
		if r := &selector.Requirements[i]; r.Key == NameLabel {
			for _, name := range r.Values {
				if name != "" { // which no namespace can have
					s.names[name] = true
				}
			}
		}
	}
}

func (s splits) addAll(names []string, cuts []netip.Prefix) {
	for _, name := range names {
		s.names[name] = true
	}
	for _, p := range cuts {
		s.cuts[p] = true
	}
}

// sorted returns the names and the parts into which the prefixes cut all addresses.
func (s splits) sorted() (names []string, parts []netip.Prefix) {
	return slices.Sorted(maps.Keys(s.names)), cutAddresses(s.cuts)
}

// itemsOf yields every item of from or to that counts.
func itemsOf(policies []*Policy) iter.Seq[*RulePeer] {
	return func(yield func(*RulePeer) bool) {
		for _, p := range policies {
			for item := range p.items {
				if !yield(item) {
					return
				}
			}
		}
	}
}

// items yields those of one policy.
func (p *Policy) items(yield func(*RulePeer) bool) {
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

// Internet returns the blocks of addresses, as the policies cut them, that hold
// some which are routed publicly: not only those for private use, loopback, links,
// multicast and other special purposes (RFC 6890).
func (c *Cluster) Internet() []Peer {
	var blocks []Peer
	for _, p := range c.parts {
		if block := Addresses(p); block.IsPublic() {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// IsPublic tells whether the peer is a block that holds addresses which are routed publicly.
func (p Peer) IsPublic() bool {
	return p.kind == BlockPeer && (p.block.Addr().Is4() || globalUnicast.Overlaps(p.block)) &&
		!slices.ContainsFunc(specialBlocks, func(s netip.Prefix) bool { return covers(s, p.block) })
}

// globalUnicast is what IPv6 has assigned of global addresses so far (RFC 4291).
var globalUnicast = netip.MustParsePrefix("2000::/3")

var specialBlocks = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("224.0.0.0/3"),
	netip.MustParsePrefix("2001:db8::/32"),
}

// cutAddresses cuts all addresses into the largest blocks that none of the
// prefixes divides, ascending.
func cutAddresses(cuts map[netip.Prefix]bool) []netip.Prefix {
	sorted := slices.SortedFunc(maps.Keys(cuts), comparePrefixes)
	var parts []netip.Prefix
	for _, root := range families() {
		n := 0
		for n < len(sorted) && covers(root, sorted[n]) {
			n++
		}
		parts = cut(parts, root, sorted[:n])
		sorted = sorted[n:]
	}
	return parts
}

// comparePrefixes orders by family, first address and length, so that a prefix
// comes before those inside it.
func comparePrefixes(p, q netip.Prefix) int {
	return cmp.Or(cmp.Compare(p.Addr().BitLen(), q.Addr().BitLen()), p.Addr().Compare(q.Addr()), cmp.Compare(p.Bits(), q.Bits()))
}

// cut appends the parts of p, in which all the cuts lie. They are sorted, those
// that hold others before them.
func cut(parts []netip.Prefix, p netip.Prefix, cuts []netip.Prefix) []netip.Prefix {
	if len(cuts) > 0 && cuts[0] == p {
		cuts = cuts[1:]
	}
	if len(cuts) == 0 {
		return append(parts, p)
	}
	lower, upper := halves(p)
	n := sort.Search(len(cuts), func(i int) bool { return cuts[i].Addr().Compare(upper.Addr()) >= 0 })
	return cut(cut(parts, lower, cuts[:n]), upper, cuts[n:])
}
