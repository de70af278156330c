package netpol

import "github.com/ringfence/ringfence/manifest"

// Reason is a part of why connections are allowed or denied.
type Reason struct {
	Policy    *Policy
	Direction Direction
	// Rule is the index of the rule that decides, -1 where the policy denies by
	// isolating: no rule of any policy that isolates the same side allows it.
	Rule         int
	Denies       bool    // the connections are denied, not allowed
	Passes       bool    // the connections are left to the next tier
	Conn         ConnSet // the connections that this reason is about
	manifest.Pos         // of the rule, or of the policy
}

// Explain returns the allowed connections with the reasons for them and for what
// is denied: those of egress before those of ingress; in each direction in the
// order of evaluation, which within the network tier is the rules that allow, by
// policy and index, and then the policies that deny the rest. What no reason of a
// direction allows or denies is allowed, because no policy is about it. A block of
// addresses that crosses a boundary should be split first (see Cluster.Split),
// for then several rules may allow it together and none of them alone.
func (c *Cluster) Explain(from, to Peer) (ConnSet, []Reason) {
	var reasons []Reason
	for _, d := range []Direction{Egress, Ingress} {
		near, far := sides(d, from, to)
		_, decisions := c.decide(d, c.end(near), c.end(far), []decision{})
		for _, decided := range decisions {
			reasons = append(reasons, decided.reason(d))
		}
	}
	return c.Allowed(from, to), reasons
}

func (d decision) reason(direction Direction) Reason {
	r := Reason{
		Policy: d.policy, Direction: direction, Rule: -1, Conn: d.conn,
		Denies: d.action == Deny, Passes: d.action == Pass, Pos: d.policy.Source.Pos,
	}
	if d.rule != nil {
		r.Rule, r.Pos = d.rule.Index, d.rule.Origin().Pos
	}
	return r
}
