package generate

import (
	"cmp"
	"fmt"
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
	// open says why more is left open than is needed: ports of all pods of the
	// namespace, or without ports the whole direction. Peers and needs are not set then.
	open string
}

type port struct {
	protocol netpol.Protocol
	number   int // 0 for all of the protocol
}

// rulesOf makes rules of needs: one for each peer with its ports, but none for what
// a rule for more peers allows already.
func rulesOf(d netpol.Direction, needs []need) []*rule {
	var rules []*rule
	for _, n := range apart(needs) {
		p := n.peer
		p.open = "" // the reason makes no other rule
		i := slices.IndexFunc(rules, func(r *rule) bool { return r.peers[0] == p })
		if i < 0 {
			i = len(rules)
			rules = append(rules, &rule{direction: d, peers: []peer{p}})
		}
		rules[i].add(n)
	}
	for _, r := range rules {
		r.joinPorts()
	}
	yieldAll(rules, rules)
	rules = slices.DeleteFunc(rules, (*rule).isEmpty)
	slices.SortStableFunc(rules, func(a, b *rule) int { return strings.Compare(a.key(), b.key()) })
	return rules
}

func (r *rule) add(n need) {
	r.needs = append(r.needs, n)
	if p := (port{n.protocol, n.port}); !slices.Contains(r.ports, p) {
		r.ports = append(r.ports, p)
	}
}

// isOf tells whether a need is for the port.
func (p port) isOf(n need) bool {
	return n.protocol == p.protocol && (n.port == p.number || p.number == 0)
}

// joinPorts leaves out the ports of protocols of which the rule has all.
func (r *rule) joinPorts() {
	every := func(p port) port { return port{p.protocol, 0} }
	all := slices.Clone(r.ports)
	r.ports = slices.DeleteFunc(r.ports, func(p port) bool { return p != every(p) && slices.Contains(all, every(p)) })
	slices.SortFunc(r.ports, comparePorts)
}

// isEmpty tells whether a rule has yielded everything.
func (r *rule) isEmpty() bool { return r.open == "" && len(r.ports) == 0 }

// yieldAll lets rules leave out what others allow anyway, and of two that allow the same
// the later one. Those for the DNS come last, and stay if Cilium is to learn a name by
// them.
func yieldAll(rules, others []*rule) {
	for _, dns := range []bool{false, true} {
		if dns && asksNames(rules) {
			return
		}
		for _, r := range slices.Backward(rules) {
			if r.open != "" || r.isDNS() != dns {
				continue
			}
			for _, other := range others {
				if r != other && r.direction == other.direction && other.open == "" && other.peers[0].covers(r.peers[0]) {
					r.yield(other)
				}
			}
		}
	}
}

// yield gives the ports that a rule for more peers has to that rule.
func (r *rule) yield(wider *rule) {
	r.ports = slices.DeleteFunc(r.ports, func(p port) bool {
		covered := slices.Contains(wider.ports, p) || slices.Contains(wider.ports, port{p.protocol, 0})
		if covered {
			for _, n := range r.needs {
				if p.isOf(n) {
					wider.needs = append(wider.needs, n)
				}
			}
			r.needs = slices.DeleteFunc(r.needs, p.isOf)
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
		return fmt.Sprintf("3%s%04d", p.others.name, p.part)
	case p.host != "", p.external != "":
		return "3" + p.host + string(p.external)
	case p.others != nil:
		return "4" + p.others.name
	default:
		return "5"
	}
}
