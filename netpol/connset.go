package netpol

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Protocol is a transport protocol that policies can name.
type Protocol string

// The protocols of NetworkPolicyPort (networking.k8s.io/v1).
const (
	TCP  Protocol = "TCP"
	UDP  Protocol = "UDP"
	SCTP Protocol = "SCTP"
)

// protocols lists the protocols in the order in which sets print them. It is an
// array, so that ConnSet can have one slot for each.
func protocols() [3]Protocol { return [3]Protocol{TCP, UDP, SCTP} }

// slot returns the protocol's index in protocols, -1 for an unknown protocol.
func (p Protocol) slot() int {
	switch p {
	case TCP:
		return 0
	case UDP:
		return 1
	case SCTP:
		return 2
	default:
		return -1
	}
}

// The bounds of a port. Port 0 is left out: the API server accepts it nowhere,
// and nothing can listen on it.
const (
	FirstPort = 1
	LastPort  = 65535
)

// ConnSet is an immutable set of connections, each a protocol and a destination
// port from FirstPort to LastPort. The zero value is the empty set. Sets are
// compared with Equal.
type ConnSet struct {
	// ports holds, for each protocol, sorted ranges that neither overlap nor touch,
	// so that equal sets are equal slices. The slices are shared: never changed.
	ports [3][]portRange
}

type portRange struct{ lo, hi int }

// A PortRange is the ports First to Last, both included, of one protocol.
type PortRange struct {
	Protocol    Protocol
	First, Last int
}

// All returns the set of every connection.
func All() ConnSet {
	every := []portRange{{FirstPort, LastPort}}
	return ConnSet{ports: [3][]portRange{every, every, every}}
}

// Ports returns the ports lo to hi, both included, of one protocol. What lies
// outside FirstPort to LastPort is left out; an unknown protocol gives nothing.
func Ports(protocol Protocol, lo, hi int) ConnSet {
	var s ConnSet
	lo, hi = max(lo, FirstPort), min(hi, LastPort)
	if i := protocol.slot(); i >= 0 && lo <= hi {
		s.ports[i] = []portRange{{lo, hi}}
	}
	return s
}

// Union returns the connections that are in s or in t.
func (s ConnSet) Union(t ConnSet) ConnSet {
	var u ConnSet
	for i := range u.ports {
		u.ports[i] = unite(s.ports[i], t.ports[i])
	}
	return u
}

// Intersect returns the connections that are in s and in t.
func (s ConnSet) Intersect(t ConnSet) ConnSet {
	// By far the most common case: a direction that no policy isolates.
	if s.IsAll() {
		return t
	}
	var u ConnSet
	for i := range u.ports {
		u.ports[i] = intersect(s.ports[i], t.ports[i])
	}
	return u
}

// Subtract returns the connections that are in s and not in t.
func (s ConnSet) Subtract(t ConnSet) ConnSet {
	var u ConnSet
	for i := range u.ports {
		u.ports[i] = subtract(s.ports[i], t.ports[i])
	}
	return u
}

// Contains tells whether the connection is in the set.
func (s ConnSet) Contains(protocol Protocol, port int) bool {
	i := protocol.slot()
	return i >= 0 && slices.ContainsFunc(s.ports[i], func(r portRange) bool { return r.lo <= port && port <= r.hi })
}

// ContainsAll tells whether every connection of t is in s.
func (s ConnSet) ContainsAll(t ConnSet) bool { return t.Subtract(s).IsEmpty() }

// IsEmpty tells whether the set has no connection.
func (s ConnSet) IsEmpty() bool {
	return len(s.ports[0])+len(s.ports[1])+len(s.ports[2]) == 0
}

// IsAll tells whether the set has every connection.
func (s ConnSet) IsAll() bool {
	for _, ranges := range s.ports {
		if len(ranges) != 1 || ranges[0] != (portRange{FirstPort, LastPort}) {
			return false
		}
	}
	return true
}

// Equal tells whether s and t have the same connections.
func (s ConnSet) Equal(t ConnSet) bool {
	for i := range s.ports {
		if !slices.Equal(s.ports[i], t.ports[i]) {
			return false
		}
	}
	return true
}

// Ranges yields the set as the fewest ranges: TCP, UDP, SCTP, ports ascending.
func (s ConnSet) Ranges() iter.Seq[PortRange] {
	return func(yield func(PortRange) bool) {
		for i, protocol := range protocols() {
			for _, r := range s.ports[i] {
				if !yield(PortRange{protocol, r.lo, r.hi}) {
					return
				}
			}
		}
	}
}

// String returns "all", "nothing", or each protocol with its ports, as in
// "TCP 80,8000-8080; UDP 53".
func (s ConnSet) String() string {
	if s.IsAll() {
		return "all"
	}
	var b strings.Builder
	last := Protocol("")
	for r := range s.Ranges() {
		switch {
		case r.Protocol == last:
			b.WriteByte(',')
		case last != "":
			b.WriteString("; ")
		}
		if r.Protocol != last {
			b.WriteString(string(r.Protocol) + " ")
			last = r.Protocol
		}
		b.WriteString(strconv.Itoa(r.First))
		if r.Last > r.First {
			b.WriteString("-" + strconv.Itoa(r.Last))
		}
	}
	if b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}

func unite(a, b []portRange) []portRange {
	if len(a) == 0 || slices.Equal(a, b) {
		return b
	}
	if len(b) == 0 {
		return a
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y portRange) int { return x.lo - y.lo })
	merged := all[:1]
	for _, r := range all[1:] {
		if last := &merged[len(merged)-1]; r.lo <= last.hi+1 {
			last.hi = max(last.hi, r.hi)
		} else {
			merged = append(merged, r)
		}
	}
	return merged
}

func intersect(a, b []portRange) []portRange {
	if slices.Equal(a, b) {
		return a
	}
	var both []portRange
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if lo, hi := max(a[i].lo, b[j].lo), min(a[i].hi, b[j].hi); lo <= hi {
			both = append(both, portRange{lo, hi})
		}
		if a[i].hi < b[j].hi {
			i++
		} else {
			j++
		}
	}
	return both
}

func subtract(a, b []portRange) []portRange {
	if len(b) == 0 {
		return a
	}
	var left []portRange
	j := 0
	for _, r := range a {
		for j < len(b) && b[j].hi < r.lo {
			j++
		}
		lo := r.lo
		for k := j; k < len(b) && b[k].lo <= r.hi; k++ {
			if lo < b[k].lo {
				left = append(left, portRange{lo, b[k].lo - 1})
			}
			lo = b[k].hi + 1
		}
		if lo <= r.hi {
			left = append(left, portRange{lo, r.hi})
		}
	}
	return left
}
