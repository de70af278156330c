package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// readUnrelated finds peers of which manifests tell that some of the workloads that they
// match need the rule, and nothing tells that the others do.
func (f *facts) readUnrelated(m *Model) {
	m.UnrelatedPeers = []unrelatedFact{}
	calls := map[[2]*netpol.Workload]bool{}
	for _, e := range f.calls.Edges {
		if e.From.Workload != nil && e.To.Workload != nil {
			calls[[2]*netpol.Workload{e.From.Workload, e.To.Workload}] = true
		}
	}
	for _, p := range f.cluster.Policies {
		for _, r := range slices.Concat(p.Rules(netpol.Ingress), p.Rules(netpol.Egress)) {
			for _, peer := range r.Peers {
				if peer.NamespaceSelector != nil && peer.NamespaceSelector.MatchesUnknownNamespace() {
					continue // which overbroad-namespace-selector reports
				}
				related, unrelated := divide(r, f.cluster.PeerWorkloads(peer), calls)
				if related > 0 && len(unrelated) > 0 {
					m.UnrelatedPeers = append(m.UnrelatedPeers, unrelatedFact{
						placeFact: placeFact{Object: f.places.object(p.Source), Path: peer.Path()},
						Title:     peerTitle(peer), Unrelated: f.workloadIDs(unrelated),
					})
				}
			}
		}
	}
}

// divide counts the peers of a rule with calls between them and what its policy selects,
// and returns those without.
func divide(r *netpol.Rule, peers []*netpol.Workload, calls map[[2]*netpol.Workload]bool) (related int, unrelated []*netpol.Workload) {
	for _, w := range peers {
		needed := slices.Contains(r.Policy.Selected, w) || slices.ContainsFunc(r.Policy.Selected, func(own *netpol.Workload) bool {
			if r.Direction == netpol.Ingress {
				return calls[[2]*netpol.Workload{w, own}]
			}
			return calls[[2]*netpol.Workload{own, w}]
		})
		if needed {
			related++
		} else {
			unrelated = append(unrelated, w)
		}
	}
	return related, unrelated
}
