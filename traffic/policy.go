package traffic

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// readPolicies takes NetworkPolicies for what somebody knew of calls: their rules
// that name single workloads by labels, or a part of all addresses. What they allow
// may be more than is needed, so it is low evidence.
func (x *inference) readPolicies() {
	for _, p := range x.cluster.Policies {
		if p.Selector.IsEmpty() {
			continue // it is about everybody, and tells of nobody
		}
		for _, d := range []netpol.Direction{netpol.Ingress, netpol.Egress} {
			for _, rule := range p.Rules(d) {
				for _, peer := range rule.Peers {
					x.readRule(rule, peer)
				}
			}
		}
	}
}

// mostRuled is how many pairs a rule may be about and still tell of somebody. Broader
// ones are about groups.
const mostRuled = 64

// readRule adds the calls of one item of from or to with the workloads that the
// policy selects.
func (x *inference) readRule(rule *netpol.Rule, peer *netpol.RulePeer) {
	var peers []End
	switch {
	case peer.Block != nil && peer.Block.CIDR.Bits() > 0:
		peers = []End{{Block: peer.Block.CIDR}}
	case peer.PodSelector != nil && !peer.PodSelector.IsEmpty():
		for _, w := range x.cluster.PeerWorkloads(peer) {
			peers = append(peers, End{Workload: w})
		}
	}
	policy := rule.Policy
	if len(peers)*len(policy.Selected) > mostRuled {
		return
	}
	e := Evidence{
		Kind: "policy", Origin: peer.Origin(), Confidence: Low,
		Text: "NetworkPolicy " + policy.Name + " allows it",
	}
	for _, w := range policy.Selected {
		for _, other := range peers {
			from, to := other, End{Workload: w}
			if rule.Direction == netpol.Egress {
				from, to = to, from
			}
			for _, port := range ruledPorts(rule, to) {
				x.add(from, to, port.number, port.protocol, e)
			}
		}
	}
}

// port is a port of a protocol; the number is 0 where it is not known.
type port struct {
	number   int
	protocol netpol.Protocol
}

// ruledPorts returns the ports of a rule on the pods that are called. Of a range
// none can be told.
func ruledPorts(rule *netpol.Rule, to End) []port {
	if rule.AllPorts {
		return []port{{0, netpol.TCP}}
	}
	var found []port
	add := func(number int, protocol netpol.Protocol) {
		if p := (port{number, protocol}); !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	for _, p := range rule.Ports {
		switch {
		case p.Name != "":
			if to.Workload == nil {
				continue
			}
			for _, declared := range to.Workload.Ports {
				if declared.Name == p.Name && declared.Protocol == p.Protocol {
					add(declared.Number, p.Protocol)
				}
			}
		case p.First == p.Last && p.First > 0:
			add(p.First, p.Protocol)
		case p.First > 0:
			add(0, p.Protocol)
		}
	}
	return found
}
