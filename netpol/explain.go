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
	Conn         ConnSet // the connections that this reason is about
	manifest.Pos         // of the rule, or of the policy
}

// Explain returns the allowed connections with the reasons for them and for what
// is denied: those of egress before those of ingress; in each direction the
// rules that allow, by policy and index, and then the policies that deny the
// rest. A direction without a reason is one that no policy isolates. A block of
// addresses that crosses a boundary should be split first (see Cluster.Split),
// for then several rules may allow it together and none of them alone.
func (c *Cluster) Explain(from, to Peer) (ConnSet, []Reason) {
	var reasons []Reason
	for _, d := range []Direction{Egress, Ingress} {
		near, _ := sides(d, from, to)
		policies := c.end(near).isolating[d]
		for _, p := range policies {
			for _, r := range p.Rules(d) {
				if conn := c.RuleAllows(r, from, to); !conn.IsEmpty() {
					reasons = append(reasons, Reason{Policy: p, Direction: d, Rule: r.Index, Conn: conn, Pos: r.Origin().Pos})
				}
			}
		}
		denied := All().Subtract(c.Allows(d, from, to))
		if denied.IsEmpty() {
			continue
		}
		for _, p := range policies {
			reasons = append(reasons, Reason{Policy: p, Direction: d, Rule: -1, Denies: true, Conn: denied, Pos: p.Source.Pos})
		}
	}
	return c.Allowed(from, to), reasons
}
