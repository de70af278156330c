package analyzer

import (
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/render/kustomize"
)

// rewritten returns the labels that a kustomization added to the podSelector of a peer
// which matches nothing, where the peer as its author wrote it matches workloads.
func (f *facts) rewritten(p *netpol.RulePeer, namespaces []*netpol.Namespace) []rewrittenFact {
	added, written := []rewrittenFact{}, netpol.Selector{}
	selector := append(p.Path(), "podSelector")
	for i, r := range p.PodSelector.Requirements {
		at := requirementPath(p.Rule.Policy.Source, selector, *p.PodSelector, i)
		if kustomize.IsFile(p.Rule.Policy.Source.At(at...).File) {
			added = append(added, rewrittenFact{Path: at, Label: r.String()})
		} else {
			written.Requirements = append(written.Requirements, r)
		}
	}
	matches := []int{}
	for _, n := range namespaces {
		matches = append(matches, f.matching(n, &written)...)
	}
	if len(matches) == 0 || written.IsEmpty() {
		return []rewrittenFact{}
	}
	for i := range added {
		added[i].Written, added[i].Workloads = written.String(), matches
	}
	return added
}
