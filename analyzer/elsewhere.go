package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// elsewhere returns the workloads that a selector matches in the one namespace where it
// does, if it matches none of its own and these are all known: none where it may be
// about others, or where a policy of that namespace is about them already.
func (f *facts) elsewhere(own *netpol.Namespace, s netpol.Selector, name string) []elsewhereFact {
	found := []elsewhereFact{}
	if own.Private || s.IsEmpty() || f.asksForGivenLabels(s) || known(own, own) == 0 ||
		f.operators.pods([]*netpol.Namespace{own}, s) != noOperator || len(f.matching(own, &s)) > 0 {
		return found
	}
	for _, n := range f.cluster.Namespaces {
		matched := f.matching(n, &s)
		if n == own || len(matched) == 0 {
			continue
		}
		// A private namespace may be any, and a policy of the same name is the one of
		// which this is a copy.
		if n.Private || len(found) > 0 || slices.ContainsFunc(n.Policies(), func(p *netpol.Policy) bool { return p.Name == name }) {
			return []elsewhereFact{}
		}
		found = append(found, elsewhereFact{Namespace: n.Name, Workloads: matched})
	}
	return found
}
