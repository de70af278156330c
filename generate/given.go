package generate

import (
	"iter"
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// This file leaves out what is allowed anyway, by a part of another rule, by the policy
// of another workload, or by a policy of the admin tier.

// apart returns needs of which each for several blocks of addresses is made one for each
// block.
func apart(needs []need) []need {
	var all []need
	for _, n := range needs {
		if o := n.peer.others; o.isAddresses() {
			for i := range o.blocks {
				n.peer.part = i + 1
				all = append(all, n)
			}
		} else {
			all = append(all, n)
		}
	}
	return all
}

// join makes one rule of those for several blocks of the same others on the same ports.
func (p *Proposal) join() {
	for i, r := range p.Rules {
		if r.isEmpty() || r.open != "" || r.peers[0].part == 0 {
			continue
		}
		for _, o := range p.Rules[i+1:] {
			if o.open == "" && o.direction == r.direction && o.peers[0].part > 0 && o.peers[0].others == r.peers[0].others && slices.Equal(o.ports, r.ports) {
				r.peers = append(r.peers, o.peers...)
				r.needs = append(r.needs, o.needs...)
				o.ports = nil
			}
		}
		if whole := r.peers[0].others; len(r.peers) == len(whole.blocks) {
			r.peers = []peer{{others: whole}}
		}
	}
	p.Rules = slices.DeleteFunc(p.Rules, (*rule).isEmpty)
}

// share lets policies leave out what those of other subjects that select their
// workloads too allow them anyway. It goes on until nothing is left to leave out: a
// policy that needs no name of a host any more need not learn any.
func (g *generator) share() {
	shared := map[[2]*Proposal]bool{}
	for again := true; again; {
		again = false
		for _, wider := range g.result.Proposals {
			for _, p := range g.result.Proposals {
				if (p == wider || slices.Contains(wider.Subject.Others, p.Subject.Workloads[0])) && p.yield(wider) {
					again = true
					shared[[2]*Proposal{p, wider}] = p != wider
				}
			}
		}
	}
	for pair, others := range shared {
		if others {
			g.remark(pair[0].Subject.Workloads[0], "the policy of %s selects it too, and allows a part of what it needs", pair[1].Subject.Workloads[0])
		}
	}
	for _, p := range g.result.Proposals {
		p.join()
	}
}

// yield tells whether there was anything to leave out.
func (p *Proposal) yield(wider *Proposal) bool {
	before := p.ports()
	yieldAll(p.Rules, wider.Rules)
	p.Rules = slices.DeleteFunc(p.Rules, (*rule).isEmpty)
	return p.ports() < before
}

// ports returns how many ports all rules have.
func (p *Proposal) ports() int {
	n := 0
	for _, r := range p.Rules {
		n += len(r.ports)
	}
	return n
}

// withoutGiven leaves out the needs that policies of the admin tier allow, whatever
// NetworkPolicies there are.
func (g *generator) withoutGiven(s *Subject, d netpol.Direction, needs []need) []need {
	if len(g.env.Cluster.Others) == 0 {
		return needs
	}
	return slices.DeleteFunc(slices.Clone(needs), func(n need) bool {
		return !slices.ContainsFunc(s.Workloads, func(w *netpol.Workload) bool { return !g.given(w, d, n) })
	})
}

func (g *generator) given(subject *netpol.Workload, d netpol.Direction, n need) bool {
	for from, to := range n.connections(g.before(), d, subject) {
		var given netpol.ConnSet
		_, reasons := g.before().Explain(from, to)
		for _, r := range reasons {
			if r.Direction == d && r.Policy.Tier == netpol.AdminTier && !r.Denies && !r.Passes {
				given = given.Union(r.Conn)
			}
		}
		if !given.ContainsAll(n.conn()) {
			return false
		}
	}
	return true
}

// connections yields the ends of the connections that a need of a direction of a
// workload is about.
func (n need) connections(c *netpol.Cluster, d netpol.Direction, subject *netpol.Workload) iter.Seq2[netpol.Peer, netpol.Peer] {
	return func(yield func(from, to netpol.Peer) bool) {
		near := rebuilt(c, subject)
		for _, far := range n.peer.ends(c) {
			from, to := far, near
			if d == netpol.Egress {
				from, to = near, far
			}
			if !yield(from, to) {
				return
			}
		}
	}
}
