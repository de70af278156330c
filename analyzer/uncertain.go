package analyzer

import (
	"fmt"
	"path"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// uncertain tells whether rules must say nothing of a workload: a policy that may
// select it is for the namespace that the files beside it name, for a cluster that nobody
// knows, is made by a program, could not be rendered, is not evaluated completely, or is of
// a tier that decides before or after NetworkPolicies, which rules do not look at. Operators
// not only make pods with labels of their own, some make policies for them too.
func (f *facts) uncertain(w *netpol.Workload) bool {
	c := f.cluster
	return w.Operated != nil || f.underLoose[w.Source] || besides(c, w) != nil ||
		len(f.repository.makers)+len(f.unseenIn(c.Namespace(w.Namespace))) > 0 ||
		len(c.Uncertain(netpol.PodsOf(w), netpol.Ingress))+len(c.Uncertain(netpol.PodsOf(w), netpol.Egress)) > 0 ||
		slices.ContainsFunc(c.Others, func(p *netpol.Policy) bool {
			return p.Tier != netpol.NetworkTier && slices.Contains(p.Selected, w)
		})
}

// besides returns a policy that may select a workload of which nobody knows the namespace:
// it is in the same folder, and names the namespace into which "kubectl apply -n" puts all
// that is there. That refuses what names another one.
func besides(c *netpol.Cluster, w *netpol.Workload) *netpol.Policy {
	if !c.Namespace(w.Namespace).Private {
		return nil
	}
	i := slices.IndexFunc(c.Policies, func(p *netpol.Policy) bool {
		return path.Dir(p.Source.Pos.File) == path.Dir(w.Source.Pos.File) && !c.Namespace(p.Namespace).Private && p.Selector.Matches(w.Labels)
	})
	if i < 0 {
		return nil
	}
	return c.Policies[i]
}

// unplaced says for each workload that names no namespace because of which policy rules
// say nothing of it.
func unplaced(c *netpol.Cluster) []manifest.Gap {
	var gaps []manifest.Gap
	for _, w := range c.Workloads {
		if p := besides(c, w); p != nil {
			gaps = append(gaps, manifest.Gap{
				Pos: w.Source.Pos, Code: manifest.NotEvaluated, Note: true,
				Reason: fmt.Sprintf("%s %q names no namespace: if it goes to %q, as %s %q beside it does, that selects it; rules say nothing of it", w.Kind, w.Name, p.Namespace, p.Kind, p.Name),
			})
		}
	}
	return gaps
}

// othersCover tells whether policies of other kinds than NetworkPolicy, of which
// the default of a namespace may be one, or such as are made by programs or could not be
// rendered, are about a namespace.
func (f *facts) othersCover(n *netpol.Namespace) bool {
	return len(f.repository.makers)+len(f.unseenIn(n)) > 0 ||
		slices.ContainsFunc(n.Workloads(), func(w *netpol.Workload) bool { return f.underLoose[w.Source] }) ||
		slices.ContainsFunc(f.cluster.Others, func(p *netpol.Policy) bool { return p.Namespace == "" || p.Namespace == n.Name })
}

// withheld says for each policy because of which rules say nothing of some pods
// why they do.
func withheld(c *netpol.Cluster) []manifest.Gap {
	var gaps []manifest.Gap
	for _, p := range c.Others {
		add := func(pos manifest.Pos, reason string) {
			gaps = append(gaps, manifest.Gap{
				Pos: pos, Code: manifest.NotEvaluated, Note: true,
				Reason: fmt.Sprintf("%s %q: %s; rules say nothing of the pods that it selects", p.Kind, p.Name, reason),
			})
		}
		if p.Tier != netpol.NetworkTier {
			add(p.Source.At("spec").Pos, "it is of another tier than NetworkPolicies")
		}
		for _, d := range p.Doubts() {
			add(d.Origin().Pos, d.Reason)
		}
	}
	return gaps
}
