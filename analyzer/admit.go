package analyzer

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// denials returns which sides deny a call, and the policies that do by isolating.
// Where it cannot be told whether one passes, it does.
func (f *facts) denials(e *traffic.Edge) []denialFact {
	var denials []denialFact
	for _, d := range []netpol.Direction{netpol.Egress, netpol.Ingress} {
		near, far := e.To, e.From
		if d == netpol.Egress {
			near, far = far, near
		}
		w := near.Workload
		if w == nil || !f.cluster.Isolated(w, d) || f.uncertain(w) || f.mayPass(w, far, d, e) {
			continue
		}
		denial := denialFact{Direction: d.Name(), By: []policyPlaceFact{}}
		for _, p := range nearestFirst(f.cluster.Isolating(w, d)) {
			denial.By = append(denial.By, policyPlaceFact{
				placeFact: placeFact{Object: f.places.object(p.Source), Path: p.SelectorPath()}, Title: title(p.Ref),
			})
		}
		denials = append(denials, denial)
	}
	return denials
}

// nearestFirst puts policies for single workloads before those for all of a namespace.
func nearestFirst(policies []*netpol.Policy) []*netpol.Policy {
	sorted := slices.Clone(policies)
	slices.SortStableFunc(sorted, func(p, q *netpol.Policy) int {
		return cmp.Compare(min(len(q.Selector.Requirements), 1), min(len(p.Selector.Requirements), 1))
	})
	return sorted
}

// mayPass tells whether the policies of a workload may let a call pass in a direction.
func (f *facts) mayPass(w *netpol.Workload, far traffic.End, d netpol.Direction, e *traffic.Edge) bool {
	var ports []netpol.Port
	if other := far.Workload; other != nil {
		from, to := netpol.PodsOf(other), netpol.PodsOf(w)
		if d == netpol.Egress {
			from, to, ports = to, from, other.Ports
		}
		// What policies do to pods on the host network depends on the network plugin.
		if other.HostNetwork || meets(e, d, f.cluster.Allows(d, from, to)) {
			return true
		}
	}
	if d == netpol.Ingress {
		ports = w.Ports
	}
	return slices.ContainsFunc(f.cluster.Isolating(w, d), func(p *netpol.Policy) bool {
		return slices.ContainsFunc(p.Rules(d), func(r *netpol.Rule) bool {
			return meets(e, d, r.On(ports)) && f.mayMatch(r, far)
		})
	})
}

// meets tells whether connections hold those of a call. On which port the API server
// listens is not known; it is not that of DNS.
func meets(e *traffic.Edge, d netpol.Direction, c netpol.ConnSet) bool {
	switch {
	case e.To.External == traffic.APIServer && d == netpol.Egress:
		dns := netpol.Ports(netpol.TCP, 53, 53).Union(netpol.Ports(netpol.TCP, 5353, 5353))
		return !c.Intersect(everyPort(netpol.TCP)).Subtract(dns).IsEmpty()
	case e.Port == 0:
		return !c.Intersect(everyPort(e.Protocol)).IsEmpty()
	default:
		return c.Contains(e.Protocol, e.Port)
	}
}

func everyPort(protocol netpol.Protocol) netpol.ConnSet {
	return netpol.Ports(protocol, netpol.FirstPort, netpol.LastPort)
}

// mayMatch tells whether a rule may be about an end of a call; of workloads, beyond
// what their labels tell.
func (f *facts) mayMatch(r *netpol.Rule, far traffic.End) bool {
	return r.AllPeers || slices.ContainsFunc(r.Peers, func(p *netpol.RulePeer) bool { return f.mayBe(p, far) })
}

func (f *facts) mayBe(p *netpol.RulePeer, far traffic.End) bool {
	selects := p.PodSelector != nil || p.NamespaceSelector != nil
	switch {
	case far.Workload != nil:
		return p.MayHoldPods() // with most network plugins
	case far.Block.IsValid():
		return selects && far.Block.Addr().IsPrivate() || !selects && (p.Block == nil || p.Block.CIDR.Overlaps(far.Block))
	case !selects:
		return true // some addresses, and who knows whose
	}
	switch far.External {
	case traffic.APIServer: // whose own calls some clusters send through pods in kube-system
		return p.Rule.Direction == netpol.Ingress && p.NamespaceSelector != nil && f.mayBeNamespace(*p.NamespaceSelector, "kube-system")
	case traffic.IngressController, traffic.PrometheusServer:
		return f.mayMatchStranger(p)
	default:
		return far.External != "" && far.External != traffic.Internet
	}
}

// mayMatchStranger tells whether a peer may match pods that the environment does not
// declare, or one of its own that asks the API server for objects, as ingress
// controllers and Prometheus do.
func (f *facts) mayMatchStranger(p *netpol.RulePeer) bool {
	matched := f.cluster.PeerWorkloads(p)
	if slices.ContainsFunc(matched, func(w *netpol.Workload) bool { return w.Operated != nil || f.asksAPI[w] }) {
		return true
	}
	if len(matched) == 0 && p.PodSelector != nil && !p.PodSelector.IsEmpty() {
		return true
	}
	return p.NamespaceSelector != nil && f.mayBeForeign(*p.NamespaceSelector, p.Rule.Policy.Namespace)
}

// mayBeForeign tells whether a namespaceSelector may match another namespace than own
// whose pods are not all in the environment. Only those that it names surely are not
// others.
func (f *facts) mayBeForeign(s netpol.Selector, own string) bool {
	for _, r := range s.Requirements {
		if r.Key == netpol.NameLabel && r.Operator == netpol.In {
			return slices.ContainsFunc(r.Values, func(name string) bool {
				n := f.cluster.Namespace(name)
				return name != own && (n == nil || !n.Declared || len(n.Workloads()) == 0 || isSystem(name) || name == "default")
			})
		}
	}
	return true
}
