package analyzer

import (
	"net/netip"
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// span is a range of addresses of one family, both ends included.
type span struct{ first, last netip.Addr }

func spanOf(p netip.Prefix) span {
	last := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(last)*8; bit++ {
		last[bit/8] |= 1 << (7 - bit%8)
	}
	addr, _ := netip.AddrFromSlice(last)
	return span{p.Masked().Addr(), addr}
}

func (s span) contains(t span) bool { return !t.first.Less(s.first) && !s.last.Less(t.last) }

// spansOf returns the addresses of a block: its CIDR without what is excepted.
func spansOf(b *netpol.Block) []span {
	spans := []span{spanOf(b.CIDR)}
	for _, prefix := range b.Except {
		except := spanOf(prefix)
		var rest []span
		for _, s := range spans {
			if except.last.Less(s.first) || s.last.Less(except.first) {
				rest = append(rest, s)
				continue
			}
			if s.first.Less(except.first) {
				rest = append(rest, span{s.first, except.first.Prev()})
			}
			if except.last.Less(s.last) {
				rest = append(rest, span{except.last.Next(), s.last})
			}
		}
		spans = rest
	}
	return spans
}

// union joins spans that overlap or touch; IPv4 comes before IPv6.
func union(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.first.Compare(b.first) })
	var joined []span
	for _, s := range spans {
		if n := len(joined); n > 0 && joined[n-1].first.Is4() == s.first.Is4() &&
			(!joined[n-1].last.Next().IsValid() || !joined[n-1].last.Next().Less(s.first)) {
			if joined[n-1].last.Less(s.last) {
				joined[n-1].last = s.last
			}
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// private returns the private ranges of a family (RFC 1918, RFC 4193), the
// widest first.
func private(four bool) []span {
	if !four {
		return []span{spanOf(netip.MustParsePrefix("fc00::/7"))}
	}
	return []span{
		spanOf(netip.MustParsePrefix("10.0.0.0/8")),
		spanOf(netip.MustParsePrefix("172.16.0.0/12")),
		spanOf(netip.MustParsePrefix("192.168.0.0/16")),
	}
}

// isWide tells whether blocks, taken together, hold all private addresses of a
// family and more than those. One who excepts some of them has thought of the
// cluster's own addresses, which nothing here knows.
func isWide(blocks []*netpol.Block, four bool) bool {
	var spans []span
	for _, b := range blocks {
		spans = append(spans, spansOf(b)...)
	}
	spans = union(spans)
	more := false
	for _, p := range private(four) {
		i := slices.IndexFunc(spans, func(s span) bool { return s.contains(p) })
		if i < 0 {
			return false
		}
		more = more || spans[i] != p
	}
	return more
}

// wideBlocks returns the peers of a rule that make it wide: those that are wide
// alone, else, where only their union is wide, all of that family.
func wideBlocks(r *netpol.Rule) []blockFact {
	wide := []blockFact{}
	for _, four := range []bool{true, false} {
		var alone, together []blockFact
		var blocks []*netpol.Block
		for _, p := range r.Peers {
			if p.Block == nil || p.Block.CIDR.Addr().Is4() != four {
				continue
			}
			fact := blockFact{Path: p.Path(), CIDR: p.Block.CIDR.String()}
			if isWide([]*netpol.Block{p.Block}, four) {
				alone = append(alone, fact)
			}
			together = append(together, fact)
			blocks = append(blocks, p.Block)
		}
		switch {
		case len(alone) > 0:
			wide = append(wide, alone...)
		case isWide(blocks, four):
			wide = append(wide, together...)
		}
	}
	return wide
}

// holdsEveryAddress tells whether the blocks of a rule hold all IPv4 and all
// IPv6 addresses.
func holdsEveryAddress(r *netpol.Rule) bool {
	var spans []span
	for _, p := range r.Peers {
		if p.Block != nil {
			spans = append(spans, spansOf(p.Block)...)
		}
	}
	return slices.Equal(union(spans), []span{
		spanOf(netip.MustParsePrefix("0.0.0.0/0")),
		spanOf(netip.MustParsePrefix("::/0")),
	})
}
