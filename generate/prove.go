package generate

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// Prove proves policies that stand in the place of proposals for an environment, such
// as these after they were written to files and rendered: they pass the proof of
// proposals, and allow and deny just what these do. If more is true, they may
// allow more than the proposals, as far as it was allowed before.
func Prove(env Environment, opts Options, proposals []*Proposal, policies []*manifest.Object, more bool) error {
	g := newGenerator(env, opts)
	err := g.prove(policies)
	if err == nil {
		err = g.proveSame(proposals, policies, more)
	}
	if err != nil {
		return fmt.Errorf("environment %s: proof: %w", env.Name, err)
	}
	return nil
}

// proveSame checks that policies do what proposals do.
func (g *generator) proveSame(proposals []*Proposal, policies []*manifest.Object, more bool) error {
	var proposed []*manifest.Object
	for _, p := range proposals {
		proposed = append(proposed, p.Object)
	}
	want, err := g.rebuild(proposed)
	if err != nil {
		return err
	}
	got, err := g.rebuild(policies)
	if err != nil {
		return err
	}
	for change := range netpol.Diff(want, got).Changes() {
		switch {
		case !change.Removed.IsEmpty():
			return fmt.Errorf("%s would close from %v to %v, which the proposals leave open", change.Removed, change.From.Terms(), change.To.Terms())
		case !change.Added.IsEmpty() && !more:
			return fmt.Errorf("%s would stay open from %v to %v, which the proposals close", change.Added, change.From.Terms(), change.To.Terms())
		}
	}
	return nil
}

// prove builds the cluster again with policies and checks that every need that was
// allowed still is, that nothing opens, and that every policy is valid.
func (g *generator) prove(policies []*manifest.Object) error {
	after, err := g.rebuild(policies)
	if err != nil {
		return err
	}
	return g.proveIn(after)
}

// proveIn checks that every need is allowed in a cluster with policies, and that nothing
// opens.
func (g *generator) proveIn(after *netpol.Cluster) error {
	for _, s := range g.subjects {
		for _, d := range []netpol.Direction{netpol.Ingress, netpol.Egress} {
			if err := g.proveNeeds(after, s, d); err != nil {
				return err
			}
		}
	}
	for change := range netpol.Diff(g.before(), after).Changes() {
		if !change.Added.IsEmpty() && !g.opens(change) {
			return fmt.Errorf("%s would open from %v to %v", change.Added, change.From.Terms(), change.To.Terms())
		}
	}
	return nil
}

// objects are those of the environment, after stand-ins for the other pods that are
// needed.
func (g *generator) objects() []*manifest.Object {
	var objects []*manifest.Object
	met := map[*others]bool{}
	for _, s := range g.subjects {
		for _, d := range []netpol.Direction{netpol.Ingress, netpol.Egress} {
			for _, n := range g.needsOf(s, d) {
				if o := n.peer.others; o != nil && !met[o] {
					met[o] = true
					objects = append(objects, o.standIn()...)
				}
			}
		}
	}
	return append(objects, g.env.Objects...)
}

// rebuild builds the cluster with more policies, which must be valid, or with what stands
// for them.
func (g *generator) rebuild(policies []*manifest.Object) (*netpol.Cluster, error) {
	objects := g.objects()
	for _, o := range policies {
		standIn, err := evaluable(o)
		if err != nil {
			return nil, err
		}
		if err := isAccepted(standIn); err != nil {
			return nil, err
		}
		objects = append(objects, standIn)
	}
	c, _ := netpol.New(objects, g.env.Options)
	return c, nil
}

// isAccepted returns what is wrong with a policy, or not evaluated.
func isAccepted(o *manifest.Object) error {
	if problems := netpol.Validate(o); len(problems) > 0 {
		return fmt.Errorf("policy %s is not valid: %s", o.Ref, problems[0].Reason)
	}
	c, _ := netpol.New([]*manifest.Object{o}, netpol.Options{})
	for _, p := range slices.Concat(c.Policies, c.Others) {
		if doubts := p.Doubts(); len(doubts) > 0 {
			return fmt.Errorf("policy %s is not evaluated completely: %s", p.Ref, doubts[0].Reason)
		}
	}
	return nil
}

// before is the cluster without proposals. It is built once.
func (g *generator) before() *netpol.Cluster {
	if g.existing == nil {
		g.existing, _ = netpol.New(g.objects(), g.env.Options)
	}
	return g.existing
}

// proveNeeds checks a direction of a subject, whether or not a policy is proposed for
// it: another proposal may cut it off. What was denied before is not lost, but for what
// is to be opened.
func (g *generator) proveNeeds(after *netpol.Cluster, s *Subject, d netpol.Direction) error {
	for _, n := range g.needsOf(s, d) {
		if err := g.proveNeed(after, s, d, n, func(w *netpol.Workload, far netpol.Peer) netpol.ConnSet {
			return allows(g.before(), d, rebuilt(g.before(), w), in(g.before(), far)).Intersect(n.conn())
		}); err != nil {
			return err
		}
	}
	for _, n := range g.openings(s, d) {
		if err := g.proveNeed(after, s, d, n, func(*netpol.Workload, netpol.Peer) netpol.ConnSet { return n.conn() }); err != nil {
			return err
		}
	}
	return nil
}

// proveNeed checks that the connections of a need with each of its ends that must be
// allowed are.
func (g *generator) proveNeed(after *netpol.Cluster, s *Subject, d netpol.Direction, n need, must func(*netpol.Workload, netpol.Peer) netpol.ConnSet) error {
	for _, w := range s.Workloads {
		for _, far := range n.peer.ends(after) {
			if !allows(after, d, rebuilt(after, w), far).ContainsAll(must(w, far)) {
				return fmt.Errorf("%s of %s: %s is not allowed (%s)", d.Name(), w, far, n.comment())
			}
		}
	}
	return nil
}

// in returns a peer as another cluster has it.
func in(c *netpol.Cluster, p netpol.Peer) netpol.Peer {
	if w := p.Workload(); w != nil {
		return rebuilt(c, w)
	}
	return p
}

// conn returns the ports of a need.
func (n need) conn() netpol.ConnSet {
	if n.port == 0 {
		return netpol.Ports(n.protocol, netpol.FirstPort, netpol.LastPort)
	}
	return netpol.Ports(n.protocol, n.port, n.port)
}

// rebuilt returns a workload as a cluster has it that was built again.
func rebuilt(c *netpol.Cluster, w *netpol.Workload) netpol.Peer {
	i, _ := slices.BinarySearchFunc(c.Workloads, w.Ref, func(o *netpol.Workload, r manifest.Ref) int { return o.Compare(r) })
	return netpol.PodsOf(c.Workloads[i])
}
