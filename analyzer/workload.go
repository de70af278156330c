package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

func (f *facts) workload(w *netpol.Workload) workloadFact {
	store, _ := dataStore(w)
	fact := workloadFact{
		ID:              f.places.object(w.Source),
		Title:           title(w.Ref),
		Daemon:          isDaemon(w),
		HelmTest:        w.Source.IsHelmTest(),
		HostNetwork:     w.HostNetwork,
		HostNetworkPath: w.Path("spec", "hostNetwork"),
		MatchedBy:       []int{},
		DataStore:       store.name,
		ClusterDNS:      asksClusterDNS(w),
		Uncertain:       f.uncertain(w),
		Operated:        w.Operated != nil,
		Callers:         f.callers[w],
		Callees:         f.callees[w],
		StoreOpenBy:     []placeFact{},
		ExposedBy:       []placeFact{},
		Ingress:         f.ingress(w),
		Egress:          f.egress(w),
	}
	f.addStore(&fact, w)
	for _, p := range f.cluster.Namespace(w.Namespace).Policies() {
		if p.Selector.Matches(w.Labels) {
			fact.MatchedBy = append(fact.MatchedBy, f.places.object(p.Source))
		}
	}
	for _, e := range f.exposures[w] {
		place := placeFact{Object: f.places.object(e.By), Path: e.Path}
		if !slices.ContainsFunc(fact.ExposedBy, func(p placeFact) bool { return p.Object == place.Object }) {
			fact.ExposedBy = append(fact.ExposedBy, place)
		}
	}
	return fact
}

// isDaemon tells whether a workload belongs to the node or the cluster itself.
func isDaemon(w *netpol.Workload) bool {
	class, _ := w.PodSpec["priorityClassName"].(string)
	return w.Kind == "DaemonSet" || w.Namespace == "kube-system" ||
		class == "system-node-critical" || class == "system-cluster-critical"
}

// asksClusterDNS reads dnsPolicy, whose default is ClusterFirst:
// https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy
func asksClusterDNS(w *netpol.Workload) bool {
	policy, _ := w.PodSpec["dnsPolicy"].(string)
	return policy != "Default" && policy != "None"
}

func (f *facts) ingress(w *netpol.Workload) ingressFact {
	policies := f.cluster.Isolating(w, netpol.Ingress)
	fact := ingressFact{
		Policies: f.policyIDs(policies),
		Isolated: len(policies) > 0,
		Open:     len(policies) == 0,
		OpenBy:   []placeFact{},
	}
	opening := openingRules(w, policies)
	for _, r := range opening {
		fact.Open = true
		fact.OpenBy = append(fact.OpenBy, f.rulePlace(r))
	}
	return fact
}

// openingRules returns the rules that let any pod connect on any port: those
// that do so alone, else those that do so together, else none.
func openingRules(w *netpol.Workload, policies []*netpol.Policy) []*netpol.Rule {
	var alone, together []*netpol.Rule
	var union netpol.ConnSet
	for _, p := range policies {
		for _, r := range p.Rules(netpol.Ingress) {
			if !matchesEveryPod(r) {
				continue
			}
			ports := r.On(w.Ports)
			if ports.IsAll() {
				alone = append(alone, r)
			}
			union = union.Union(ports)
			together = append(together, r)
		}
	}
	switch {
	case len(alone) > 0:
		return alone
	case union.IsAll():
		return together
	default:
		return nil
	}
}

func (f *facts) egress(w *netpol.Workload) egressFact {
	policies := f.cluster.Isolating(w, netpol.Egress)
	fact := egressFact{
		Policies: f.policyIDs(policies),
		Isolated: len(policies) > 0,
		Open:     len(policies) == 0,
		Calls:    []callFact{},
		DNS:      dnsFact{UDP: len(policies) == 0, TCP: len(policies) == 0, UDPBy: []placeFact{}},
	}
	for _, p := range policies {
		for _, r := range p.Rules(netpol.Egress) {
			f.addEgressRule(&fact, r)
		}
	}
	return fact
}

func (f *facts) addEgressRule(fact *egressFact, r *netpol.Rule) {
	traits, at := f.rules[r], f.rulePlace(r)
	fact.Open = fact.Open || traits.allowsAll
	fact.DNS.TCP = fact.DNS.TCP || traits.dnsTCP
	if traits.dnsUDP {
		fact.DNS.UDP = true
		fact.DNS.UDPBy = append(fact.DNS.UDPBy, at)
	}
	if traits.callsPods || traits.callsNames {
		fact.Calls = append(fact.Calls, callFact{placeFact: at, ByName: !traits.callsPods})
	}
}

func (f *facts) rulePlace(r *netpol.Rule) placeFact {
	return placeFact{Object: f.places.object(r.Policy.Source), Path: r.Path()}
}
