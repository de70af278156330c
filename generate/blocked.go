package generate

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// withoutBlocked leaves out the needs that existing policies of another tier deny, of a
// direction that nothing isolates: no policy that is proposed could allow them.
func (g *generator) withoutBlocked(s *Subject, d netpol.Direction, needs []need) []need {
	return slices.DeleteFunc(needs, func(n need) bool {
		if !g.blocks(s, d, n) {
			return false
		}
		g.remark(s.Workloads[0], "an existing policy denies what it needs, and none can allow it: %s", n.comment())
		return true
	})
}

// openings returns the needs that policies which isolate a direction do not allow, if
// they are to be allowed and a policy can allow them to nobody else.
func (g *generator) openings(s *Subject, d netpol.Direction) []need {
	key := side{s, d}
	needs, known := g.opened[key]
	if !known && g.opts.OpenBlocked && len(s.Others) == 0 && g.wants(s) && slices.Contains(g.directions(), d) && g.doubtful(s, d) == "" && g.isolated(s.Workloads, d) {
		needs = slices.DeleteFunc(g.blocked(s, d), func(n need) bool { return g.denies(s, d, n) })
	}
	g.opened[key] = needs
	return needs
}

// reportBlocked says which needs the policies that isolate a direction do not allow,
// but for those that are to be allowed.
func (g *generator) reportBlocked(s *Subject, d netpol.Direction) {
	said := map[string]bool{}
	for _, n := range g.blocked(s, d) {
		w, known := s.Workloads[0], said[n.comment()]
		said[n.comment()] = true
		switch {
		case known: // of another protocol
		case g.denies(s, d, n):
			g.remark(w, "an existing policy denies what it needs, and none can allow it: %s", n.comment())
		case !g.opts.OpenBlocked || len(s.Others) > 0:
			g.remark(w, "its %s is isolated by %s, which does not allow what it needs: %s", d.Name(), g.isolating(s, d), n.comment())
		}
	}
}

// isolating names a policy that isolates a subject.
func (g *generator) isolating(s *Subject, d netpol.Direction) string {
	for _, w := range s.Workloads {
		for _, p := range g.env.Cluster.Isolating(w, d) {
			return p.Kind + " " + p.Name
		}
	}
	return "no policy"
}

// blocked returns the needs of an isolated direction that nothing allows. What is of low
// confidence may be no need, and does not count; nor does DNS for somebody who calls
// no names: the address of the API server is in the environment of every pod.
func (g *generator) blocked(s *Subject, d netpol.Direction) []need {
	needs := g.needsOf(s, d)
	named := slices.ContainsFunc(needs, func(n need) bool {
		return n.edge != nil && n.edge.Confidence > traffic.Low && (n.edge.To.Workload != nil || n.edge.To.Host != "")
	})
	return slices.DeleteFunc(needs, func(n need) bool {
		return n.edge != nil && n.edge.Confidence == traffic.Low || n.peer.others == g.dns && !named || !g.blocks(s, d, n)
	})
}

// blocks tells whether existing policies let nothing of a need through. Who is needed is
// only known of pods and blocks of addresses; for others it is enough that a rule lets
// somebody through on the port, because that may be they.
func (g *generator) blocks(s *Subject, d netpol.Direction, n need) bool {
	if n.peer.subject == nil && !n.peer.block.IsValid() && slices.ContainsFunc(s.Workloads, func(w *netpol.Workload) bool { return g.letsSomebody(w, d, n) }) {
		return false
	}
	c := g.before()
	for _, w := range s.Workloads {
		for _, far := range n.peer.ends(c) {
			if passes := allows(c, d, rebuilt(c, w), far).Intersect(n.conn()); n.port == 0 && !passes.IsEmpty() || passes.ContainsAll(n.conn()) {
				return false
			}
		}
	}
	return true
}

// letsSomebody tells whether a rule of the policies that isolate a workload is about
// the port of a need.
func (g *generator) letsSomebody(w *netpol.Workload, d netpol.Direction, n need) bool {
	var ports []netpol.Port
	if d == netpol.Ingress {
		ports = w.Ports
	}
	return slices.ContainsFunc(g.env.Cluster.Isolating(w, d), func(p *netpol.Policy) bool {
		return slices.ContainsFunc(p.Rules(d), func(r *netpol.Rule) bool { return !r.On(ports).Intersect(n.conn()).IsEmpty() })
	})
}

// denies tells whether a policy of another tier denies a need.
func (g *generator) denies(s *Subject, d netpol.Direction, n need) bool {
	c := g.before()
	for _, w := range s.Workloads {
		for _, far := range n.peer.ends(c) {
			from, to := far, rebuilt(c, w)
			if d == netpol.Egress {
				from, to = to, from
			}
			_, reasons := c.Explain(from, to)
			if slices.ContainsFunc(reasons, func(r netpol.Reason) bool {
				return r.Direction == d && r.Denies && r.Policy.Tier != netpol.NetworkTier && !r.Conn.Intersect(n.conn()).IsEmpty()
			}) {
				return true
			}
		}
	}
	return false
}

// allows returns what the policies of the near side allow.
func allows(c *netpol.Cluster, d netpol.Direction, near, far netpol.Peer) netpol.ConnSet {
	if d == netpol.Egress {
		return c.Allows(d, near, far)
	}
	return c.Allows(d, far, near)
}

// opens tells whether openings are about all connections of a change.
func (g *generator) opens(change netpol.Change) bool {
	for from := range change.From.All() {
		for to := range change.To.All() {
			if !g.opensAll(from, to, change.Added) {
				return false
			}
		}
	}
	return true
}

func (g *generator) opensAll(from, to netpol.Peer, added netpol.ConnSet) bool {
	for _, s := range g.subjects {
		for _, d := range []netpol.Direction{netpol.Ingress, netpol.Egress} {
			near, far := to, from
			if d == netpol.Egress {
				near, far = from, to
			}
			if !s.has(near) {
				continue
			}
			for _, n := range g.openings(s, d) {
				if n.peer.has(far) || g.opts.Format == Cilium && n.peer.isOnNode() && far.Block().IsValid() { // which stands for the node, see evaluable
					added = added.Subtract(n.conn())
				}
			}
		}
	}
	return added.IsEmpty()
}
