package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// readRedundant finds policies and rules without which the same connections are allowed,
// whatever pods there will be: each of their rules is within one of another policy that
// surely selects the same pods. Policies without rules are denials, and are there to be
// seen. Of two that are alike, the later one is redundant: whoever removes all that is
// found loses nothing.
func (f *facts) readRedundant(m *Model) {
	m.RedundantPolicies, m.ShadowedRules = []redundantFact{}, []redundantFact{}
	for _, n := range f.cluster.Namespaces {
		kept := slices.DeleteFunc(slices.Clone(n.Policies()), isRejected)
		for _, p := range slices.Backward(slices.Clone(kept)) {
			if by := f.replaces(wideAs(kept, p), p); len(by) > 0 {
				kept = slices.DeleteFunc(kept, func(q *netpol.Policy) bool { return q == p })
				place := placeFact{Object: f.places.object(p.Source), Path: []any{"metadata", "name"}}
				m.RedundantPolicies = append(m.RedundantPolicies, redundantFact{placeFact: place, By: by})
			}
		}
		var shadowed []*netpol.Rule
		for _, p := range slices.Backward(kept) {
			shadowed = append(shadowed, f.readShadowed(m, p, append(wideAs(kept, p), p), shadowed)...)
		}
	}
}

// isRejected tells whether the API server rejects a policy, which then allows nothing.
func isRejected(p *netpol.Policy) bool {
	return slices.ContainsFunc(p.Problems, func(problem netpol.Problem) bool { return problem.Rejected })
}

// wideAs returns the other policies that surely select all that a policy selects.
func wideAs(policies []*netpol.Policy, p *netpol.Policy) []*netpol.Policy {
	return slices.DeleteFunc(slices.Clone(policies), func(q *netpol.Policy) bool { return q == p || !selectsAll(q, p) })
}

// replaces returns the rules of other policies that allow what a policy allows, if they
// isolate the same directions; none where they do not, or where it has no rules.
func (f *facts) replaces(others []*netpol.Policy, p *netpol.Policy) []placeFact {
	if len(p.Selected) == 0 {
		return nil // dangling-policy says it
	}
	var by []*netpol.Rule
	for _, d := range p.Types {
		if !slices.ContainsFunc(others, func(q *netpol.Policy) bool { return q.Isolates(d) }) {
			return nil
		}
		for _, r := range p.Rules(d) {
			o := f.wider(others, nil, r)
			if o == nil {
				return nil
			}
			if !slices.Contains(by, o) {
				by = append(by, o)
			}
		}
	}
	var places []placeFact
	for _, o := range by {
		places = append(places, f.rulePlace(o))
	}
	return places
}

// readShadowed finds and returns the rules of a policy that others of it, or of other
// policies, hold, but for those that are found to be held themselves.
func (f *facts) readShadowed(m *Model, p *netpol.Policy, policies []*netpol.Policy, found []*netpol.Rule) (shadowed []*netpol.Rule) {
	if len(p.Selected) == 0 {
		return nil
	}
	for _, d := range p.Types {
		for _, r := range slices.Backward(p.Rules(d)) {
			if o := f.wider(policies, slices.Concat(found, shadowed, []*netpol.Rule{r}), r); o != nil {
				shadowed = append(shadowed, r)
				m.ShadowedRules = append(m.ShadowedRules, redundantFact{placeFact: f.rulePlace(r), By: []placeFact{f.rulePlace(o)}})
			}
		}
	}
	return shadowed
}

// wider returns a rule of the policies that holds another one, nil where there is none.
// Those that allow everything are left out: what they cancel is said of them. So are
// those by which a policy leaves its namespace open and says why: they are to go.
func (f *facts) wider(policies []*netpol.Policy, without []*netpol.Rule, r *netpol.Rule) *netpol.Rule {
	for _, p := range policies {
		for _, o := range p.Rules(r.Direction) {
			if !slices.Contains(without, o) && !f.rules[o].allowsAll && !leavesNamespaceOpen(o) && holdsPeers(o, r) && holdsPorts(o, r) {
				return o
			}
		}
	}
	return nil
}

// leavesNamespaceOpen tells whether a rule is for all pods of the namespace, in a policy
// that says why it is as open as it is.
func leavesNamespaceOpen(r *netpol.Rule) bool {
	return r.Policy.Explained() && len(r.Peers) == 1 && r.Peers[0].NamespaceSelector == nil &&
		r.Peers[0].PodSelector != nil && r.Peers[0].PodSelector.IsEmpty()
}

// selectsAll tells whether a policy surely selects every pod that another one of its
// namespace selects: it asks for a part of what the other asks for.
func selectsAll(q, p *netpol.Policy) bool {
	return subset(q.Selector.Requirements, p.Selector.Requirements, func(a, b netpol.Requirement) bool {
		return a.Key == b.Key && a.Operator == b.Operator && slices.Equal(a.Values, b.Values)
	})
}

func subset[T any](part, whole []T, same func(a, b T) bool) bool {
	return !slices.ContainsFunc(part, func(a T) bool {
		return !slices.ContainsFunc(whole, func(b T) bool { return same(a, b) })
	})
}

func holdsPeers(o, r *netpol.Rule) bool {
	return o.AllPeers || !r.AllPeers && subset(r.Peers, o.Peers, func(a, b *netpol.RulePeer) bool { return holdsPeer(b, a) })
}

// holdsPeer tells whether a peer surely matches all that another one does.
func holdsPeer(b, a *netpol.RulePeer) bool {
	if a.Block != nil || b.Block != nil {
		return a.Block != nil && b.Block != nil && subset(spansOf(a.Block), union(spansOf(b.Block)), func(x, y span) bool { return y.contains(x) })
	}
	if (a.NamespaceSelector == nil) != (b.NamespaceSelector == nil) {
		return false
	}
	return holdsSelector(b.NamespaceSelector, a.NamespaceSelector) && holdsSelector(b.PodSelector, a.PodSelector)
}

// holdsSelector tells whether a selector, nil for everything, surely matches all that
// another one does.
func holdsSelector(b, a *netpol.Selector) bool {
	return b == nil || b.IsEmpty() || a != nil && b.String() == a.String()
}

func holdsPorts(o, r *netpol.Rule) bool {
	return o.AllPorts || !r.AllPorts && subset(r.Ports, o.Ports, func(a, b *netpol.RulePort) bool {
		return a.Protocol == b.Protocol && a.Name == b.Name && b.First <= a.First && a.Last <= b.Last
	})
}
