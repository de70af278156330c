package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// destinations returns the workloads on whose ports a rule is; ok is false where it may
// be about others that are not known. Jobs, which serve nobody, do not count.
func (f *facts) destinations(r *netpol.Rule) (found []*netpol.Workload, ok bool) {
	if r.Direction == netpol.Ingress {
		found = slices.Clone(r.Policy.Selected)
	} else {
		for _, p := range r.Peers {
			matched := f.cluster.PeerWorkloads(p)
			if p.Block != nil || len(matched) == 0 || p.NamespaceSelector != nil && f.mayBeForeign(*p.NamespaceSelector, r.Policy.Namespace) {
				return nil, false
			}
			found = append(found, matched...)
		}
	}
	if slices.ContainsFunc(found, func(w *netpol.Workload) bool { return w.Operated != nil }) {
		return nil, false
	}
	found = slices.DeleteFunc(found, func(w *netpol.Workload) bool { return w.Kind == "Job" || w.Kind == "CronJob" })
	return found, len(found) > 0
}

// missingNames finds the named ports of a rule that none of the pods declares.
func (f *facts) missingNames(r *netpol.Rule) []missingNameFact {
	missing := []missingNameFact{}
	found, ok := f.destinations(r)
	for i, p := range r.Ports {
		if ok && p.Name != "" && !slices.ContainsFunc(found, func(w *netpol.Workload) bool { return !p.On(w.Ports).IsEmpty() }) {
			missing = append(missing, missingNameFact{
				Path: portPath(r, i), Name: p.Name, Protocol: string(p.Protocol), Workloads: f.workloadIDs(found),
			})
		}
	}
	return missing
}

// servicePorts finds the ports of a rule that are those of Services and not of the pods
// behind them, while nothing allows the ports of the pods.
func (f *facts) servicePorts(r *netpol.Rule) []servicePortFact {
	wrong := []servicePortFact{}
	found, ok := f.destinations(r)
	if !ok || slices.ContainsFunc(found, func(w *netpol.Workload) bool { return len(w.Ports) == 0 }) {
		return wrong // what declares no ports may listen on any
	}
	for i, p := range r.Ports {
		listens := func(w *netpol.Workload) bool { return declares(w, p.First, p.Protocol) }
		if p.Name != "" || p.First != p.Last || p.First == 0 || slices.ContainsFunc(found, listens) {
			continue
		}
		for _, w := range found {
			if fact, ok := f.servicePort(r, i, w); ok {
				wrong = append(wrong, fact)
				break
			}
		}
	}
	return wrong
}

// portPath leads to the number or name of a port of a NetworkPolicy's rule.
func portPath(r *netpol.Rule, i int) []any { return append(r.Path(), "ports", i, "port") }

// servicePort finds the Service of a workload whose port a rule has.
func (f *facts) servicePort(r *netpol.Rule, i int, w *netpol.Workload) (fact servicePortFact, ok bool) {
	p := r.Ports[i]
	for _, e := range f.entries[w] {
		if e.Port.Protocol != p.Protocol {
			continue
		}
		if e.Number == p.First {
			return fact, false // another port of a Service leads there
		}
		if e.Port.Number == p.First && declares(w, e.Number, p.Protocol) && !f.passes(r, w, e.Number, p.Protocol) {
			fact, ok = servicePortFact{
				Path: portPath(r, i), Port: p.First, Target: e.Number, Protocol: string(p.Protocol),
				Workload: f.places.object(w.Source), Service: f.places.object(e.Service.Source), ServicePath: e.Port.Path(),
				ServiceTitle: title(e.Service.Ref),
			}, true
		}
	}
	return fact, ok
}

// passes tells whether policies beside a rule allow a port of a workload: for ingress
// from anybody, for egress from all that the rule is for.
func (f *facts) passes(r *netpol.Rule, w *netpol.Workload, number int, protocol netpol.Protocol) bool {
	if r.Direction == netpol.Ingress {
		return slices.ContainsFunc(f.cluster.Isolating(w, netpol.Ingress), func(p *netpol.Policy) bool {
			return slices.ContainsFunc(p.Rules(netpol.Ingress), func(o *netpol.Rule) bool { return o.On(w.Ports).Contains(protocol, number) })
		})
	}
	return !slices.ContainsFunc(r.Policy.Selected, func(from *netpol.Workload) bool {
		return !f.cluster.Allows(netpol.Egress, netpol.PodsOf(from), netpol.PodsOf(w)).Contains(protocol, number)
	})
}
