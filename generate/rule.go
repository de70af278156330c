package generate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/netpol"
)

// rule is a rule of a proposed policy: peers that share ports, with what needs it.
type rule struct {
	direction netpol.Direction
	peers     []peer
	ports     []port
	needs     []need
	open      string // why the whole direction is left open; nothing else is set then
}

type port struct {
	protocol netpol.Protocol
	number   int // 0 for all of the protocol
}

// rulesOf makes rules of needs: one for each peer with its ports, but none for what
// a rule for more peers allows already.
func rulesOf(d netpol.Direction, needs []need) []*rule {
	var rules []*rule
	for _, n := range needs {
		p := n.peer
		p.open = "" // the reason makes no other rule
		i := slices.IndexFunc(rules, func(r *rule) bool { return r.peers[0] == p })
		if i < 0 {
			i = len(rules)
			rules = append(rules, &rule{direction: d, peers: []peer{p}})
		}
		rules[i].add(n)
	}
	for i, r := range rules {
		for j, other := range rules {
			if i != j && other.peers[0].covers(r.peers[0]) && !(r.peers[0].covers(other.peers[0]) && i < j) {
				r.yield(other)
			}
		}
	}
	rules = slices.DeleteFunc(rules, func(r *rule) bool { return len(r.ports) == 0 })
	for _, r := range rules {
		slices.SortFunc(r.ports, comparePorts)
	}
	slices.SortStableFunc(rules, func(a, b *rule) int { return strings.Compare(a.key(), b.key()) })
	return rules
}

func (r *rule) add(n need) {
	r.needs = append(r.needs, n)
	if p := (port{n.protocol, n.port}); !slices.Contains(r.ports, p) {
		r.ports = append(r.ports, p)
	}
}

// yield gives the ports that a rule for more peers has to that rule.
func (r *rule) yield(wider *rule) {
	r.ports = slices.DeleteFunc(r.ports, func(p port) bool {
		covered := slices.Contains(wider.ports, p) || slices.Contains(wider.ports, port{p.protocol, 0})
		if covered {
			for _, n := range r.needs {
				if (port{n.protocol, n.port}) == p {
					wider.needs = append(wider.needs, n)
				}
			}
			r.needs = slices.DeleteFunc(r.needs, func(n need) bool { return port{n.protocol, n.port} == p })
		}
		return covered
	})
}

func comparePorts(a, b port) int {
	return cmp.Or(cmp.Compare(slices.Index(protocolOrder, a.protocol), slices.Index(protocolOrder, b.protocol)), cmp.Compare(a.number, b.number))
}

var protocolOrder = []netpol.Protocol{netpol.TCP, netpol.UDP, netpol.SCTP}

// key orders rules: pods by name, blocks, what is outside and other pods by name,
// anybody.
func (r *rule) key() string {
	p := r.peers[0]
	switch {
	case p.subject != nil:
		return "1" + p.subject.Namespace + "/" + p.subject.name()
	case p.block.IsValid():
		return "2" + p.block.String()
	case p.others != nil && p.others.namespace == "":
		return "3" + p.others.name
	case p.host != "", p.external != "":
		return "3" + p.host + string(p.external)
	case p.others != nil:
		return "4" + p.others.name
	default:
		return "5"
	}
}
