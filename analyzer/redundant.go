package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// readRedundant finds policies and rules without which the same connections are allowed,
// whatever pods there will be: each of their rules is within one of another policy that
// surely selects the same pods. Policies without rules are denials, and are there to be
// seen. Of two that are alike, the later one is redundant.
func (f *facts) readRedundant(m *Model) {
	m.RedundantPolicies, m.ShadowedRules = []redundantFact{}, []redundantFact{}
	for _, n := range f.cluster.Namespaces {
		kept := slices.Clone(n.Policies())
		for _, p := range slices.Backward(n.Policies()) {
			others := slices.DeleteFunc(slices.Clone(kept), func(q *netpol.Policy) bool { return q == p || !selectsAll(q, p) })
			if by := f.replaces(others, p); len(by) > 0 {
				kept = slices.DeleteFunc(kept, func(q *netpol.Policy) bool { return q == p })
				place := placeFact{Object: f.places.object(p.Source), Path: []any{"metadata", "name"}}
				m.RedundantPolicies = append(m.RedundantPolicies, redundantFact{placeFact: place, By: by})
				continue
			}
			f.readShadowed(m, p, others)
		}
	}
}

// replaces returns the rules of other policies that allow what a policy allows, if they
// isolate the same directions; none where they do not, or where it has no rules.
func (f *facts) replaces(others []*netpol.Policy, p *netpol.Policy) []placeFact {
	var by []placeFact
	for _, d := range p.Types {
		if !slices.ContainsFunc(others, func(q *netpol.Policy) bool { return q.Isolates(d) }) {
			return nil
		}
		for _, r := range p.Rules(d) {
			o := f.wider(others, nil, r)
			if o == nil {
				return nil
			}
			by = append(by, f.rulePlace(o))
		}
	}
	if len(p.Selected) == 0 {
		return nil // dangling-policy says it
	}
	return by
}

// readShadowed finds the rules of a policy that others of it, or of other policies, hold.
func (f *facts) readShadowed(m *Model, p *netpol.Policy, others []*netpol.Policy) {
	if len(p.Selected) == 0 {
		return
	}
	for _, d := range p.Types {
		var shadowed []*netpol.Rule
		for _, r := range slices.Backward(p.Rules(d)) {
			if o := f.wider(append(slices.Clone(others), p), append(shadowed, r), r); o != nil {
				shadowed = append(shadowed, r)
				m.ShadowedRules = append(m.ShadowedRules, redundantFact{placeFact: f.rulePlace(r), By: []placeFact{f.rulePlace(o)}})
			}
		}
	}
}

// wider returns a rule of the policies that holds another one, nil where there is none.
// Those that allow everything are left out: what they cancel is said of them.
func (f *facts) wider(policies []*netpol.Policy, without []*netpol.Rule, r *netpol.Rule) *netpol.Rule {
	for _, p := range policies {
		for _, o := range p.Rules(r.Direction) {
			if !slices.Contains(without, o) && !f.rules[o].allowsAll && holdsPeers(o, r) && holdsPorts(o, r) {
				return o
			}
		}
	}
	return nil
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
