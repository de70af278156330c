package netpol

import (
	"net/netip"
	"sort"
)

// space numbers the peers of a cluster, or of several that are compared: a peer's
// number is its point. Workloads come first, then other pods by namespace, other
// pods elsewhere, and the blocks of addresses.
type space struct {
	peers  []Peer
	others int // the first other pods
	blocks int // the first block
	names  []string
	parts  []netip.Prefix

	added []addedPeer          // behind all others, by a change that is tried out
	cut   map[int]netip.Prefix // what is left of blocks from which it cut others, by index of parts
}

// addedPeer is a peer that was a part of another one before a change.
type addedPeer struct {
	Peer
	parent int // its point
}

// newSpace numbers the peers of clusters. Workloads of the same Ref share a point.
func newSpace(clusters ...*Cluster) *space {
	s := &space{names: clusters[0].names, parts: clusters[0].parts}
	workloads := clusters[0].Workloads
	if len(clusters) > 1 {
		all := newSplits()
		for _, c := range clusters {
			all.addAll(c.names, c.parts)
		}
		s.names, s.parts = all.sorted()
	}
	for _, c := range clusters[1:] {
		workloads = mergeWorkloads(workloads, c.Workloads)
	}
	s.peers = make([]Peer, 0, len(workloads)+len(s.names)+1+len(s.parts))
	for _, w := range workloads {
		s.peers = append(s.peers, PodsOf(w))
	}
	s.others = len(s.peers)
	for _, name := range s.names {
		s.peers = append(s.peers, OtherPods(name))
	}
	s.peers = append(s.peers, Elsewhere())
	s.blocks = len(s.peers)
	for _, p := range s.parts {
		s.peers = append(s.peers, Addresses(p))
	}
	return s
}

func (s *space) size() int { return len(s.peers) + len(s.added) }

// peer returns the peer of a point.
func (s *space) peer(point int) Peer {
	if point >= len(s.peers) {
		return s.added[point-len(s.peers)].Peer
	}
	if point >= s.blocks && s.cut != nil {
		return Addresses(s.part(point - s.blocks))
	}
	return s.peers[point]
}

// part returns a block by its index.
func (s *space) part(i int) netip.Prefix {
	if left, cut := s.cut[i]; cut {
		return left
	}
	return s.parts[i]
}

// partWith returns the index of the block that holds an address.
func (s *space) partWith(a netip.Addr) int {
	return sort.Search(len(s.parts), func(i int) bool {
		p := s.parts[i].Addr()
		return p.BitLen() > a.BitLen() || p.BitLen() == a.BitLen() && p.Compare(a) > 0
	}) - 1
}

// split returns the peers that a change adds: other pods of namespaces, which were
// elsewhere, and the blocks that cuts, which are sorted, make of larger ones. What
// is left of these is returned by the index of the block.
func (s *space) split(names []string, cuts []netip.Prefix) (added []addedPeer, left map[int]netip.Prefix) {
	for _, name := range names {
		added = append(added, addedPeer{OtherPods(name), s.elsewhere()})
	}
	for len(cuts) > 0 {
		i := s.partWith(cuts[0].Addr())
		n := 1
		for n < len(cuts) && covers(s.parts[i], cuts[n]) {
			n++
		}
		parts := cut(nil, s.parts[i], cuts[:n])
		if left == nil {
			left = map[int]netip.Prefix{}
		}
		left[i] = parts[0]
		for _, p := range parts[1:] {
			added = append(added, addedPeer{Addresses(p), s.blocks + i})
		}
		cuts = cuts[n:]
	}
	return added, left
}

// elsewhere is the point of other pods elsewhere.
func (s *space) elsewhere() int { return s.blocks - 1 }

// mergeWorkloads merges sorted lists. Where both have a workload of a Ref, that of
// the second list stands for both.
func mergeWorkloads(a, b []*Workload) []*Workload {
	var merged []*Workload
	for len(a) > 0 && len(b) > 0 {
		order := a[0].Compare(b[0].Ref)
		if order < 0 {
			merged, a = append(merged, a[0]), a[1:]
			continue
		}
		if order == 0 {
			a = a[1:]
		}
		merged, b = append(merged, b[0]), b[1:]
	}
	return append(append(merged, a...), b...)
}

// pointsOf returns the points of a cluster's workloads, in their order.
func (s *space) pointsOf(c *Cluster) []int32 {
	points := make([]int32, len(c.Workloads))
	point := 0
	for i, w := range c.Workloads {
		for s.peers[point].workload.Compare(w.Ref) < 0 {
			point++
		}
		points[i] = int32(point)
		point++
	}
	return points
}

// blockRange returns the points of the blocks inside a prefix, last excluded and
// added ones left out. The prefix must be one by which the space is cut.
func (s *space) blockRange(p netip.Prefix) (first, last int) {
	first = sort.Search(len(s.parts), func(i int) bool { return !before(s.part(i), p) })
	inside := sort.Search(len(s.parts)-first, func(i int) bool { return !covers(p, s.part(first+i)) })
	return s.blocks + first, s.blocks + first + inside
}

// before tells whether a block of a partition lies before a prefix.
func before(part, p netip.Prefix) bool {
	if part.Addr().BitLen() != p.Addr().BitLen() {
		return part.Addr().BitLen() < p.Addr().BitLen()
	}
	return part.Addr().Compare(p.Addr()) < 0
}
