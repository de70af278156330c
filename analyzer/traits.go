package analyzer

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/netpol"
)

// ruleTraits are what a rule is, whoever is selected.
type ruleTraits struct {
	allowsAll      bool // any peer on any port
	onlyDNS        bool
	dnsUDP, dnsTCP bool // it lets DNS pass to what may be the DNS of the cluster
	callsPods      bool // it allows calls of pods other than for DNS
	callsNames     bool // it allows calls of addresses that are found by name
}

func (f *facts) traits(r *netpol.Rule) ruleTraits {
	t := ruleTraits{
		allowsAll: r.AllPorts && (r.AllPeers || matchesEveryPod(r) && holdsEveryAddress(r)),
		onlyDNS:   f.onlyDNS(r),
	}
	if r.Direction == netpol.Ingress {
		return t
	}
	if f.reachesDNS(r) {
		t.dnsUDP, t.dnsTCP = f.allowsDNS(r, netpol.UDP), f.allowsDNS(r, netpol.TCP)
	}
	if t.onlyDNS || t.allowsAll {
		return t
	}
	t.callsNames = (r.AllPeers || len(wideBlocks(r)) > 0) && !maybeOnlyAPIServer(r)
	t.callsPods = slices.ContainsFunc(r.Peers, func(p *netpol.RulePeer) bool {
		return p.PodSelector != nil || p.NamespaceSelector != nil
	})
	return t
}

// isDNS tells whether a port is one on which DNS is asked.
func (f *facts) isDNS(p *netpol.RulePort) bool {
	if p.Name != "" {
		return strings.Contains(p.Name, "dns") || p.Name == "domain"
	}
	return p.First == p.Last && slices.Contains(f.dnsPorts(), p.First)
}

// dnsPorts are 53, and 5353 where the DNS pods listen there (OpenShift), since policies
// see the pod's port; and what the user knows of the cluster.
func (f *facts) dnsPorts() []int { return []int{53, 5353, f.env.Cluster.DNS.Port} }

func (f *facts) onlyDNS(r *netpol.Rule) bool {
	if r.AllPorts {
		return !r.AllPeers && !slices.ContainsFunc(r.Peers, func(p *netpol.RulePeer) bool { return !namesDNSPods(p) })
	}
	return !slices.ContainsFunc(r.Ports, func(p *netpol.RulePort) bool { return !f.isDNS(p) })
}

// opensDNS tells whether a rule lets DNS pass to any address, on purpose.
func (f *facts) opensDNS(r *netpol.Rule) bool {
	if r.Direction == netpol.Ingress || r.AllPorts {
		return false
	}
	return r.AllPeers && slices.ContainsFunc(r.Ports, f.isDNS) || f.onlyDNS(r) && len(wideBlocks(r)) > 0
}

func (f *facts) allowsDNS(r *netpol.Rule, protocol netpol.Protocol) bool {
	return r.AllPorts || slices.ContainsFunc(r.Ports, func(p *netpol.RulePort) bool {
		within := func(port int) bool { return p.Name == "" && p.First <= port && port <= p.Last }
		return p.Protocol == protocol && (f.isDNS(p) || slices.ContainsFunc(f.dnsPorts(), within))
	})
}

// reachesDNS tells whether some peer of a rule may be the DNS of the cluster. It
// is generous where the manifests do not say enough.
func (f *facts) reachesDNS(r *netpol.Rule) bool {
	return r.AllPeers || slices.ContainsFunc(r.Peers, f.mayBeDNS)
}

func (f *facts) mayBeDNS(p *netpol.RulePeer) bool {
	switch {
	case p.Block != nil:
		return true // a resolver outside, or NodeLocal DNSCache
	case p.PodSelector == nil && p.NamespaceSelector == nil:
		return false
	case f.servesDNS(p), f.isKnownDNS(p):
		return true
	case p.NamespaceSelector == nil:
		own := f.cluster.Namespace(p.Rule.Policy.Namespace)
		return own.Private && namesDNSPods(p) || isDNSNamespace(own.Name) && f.mayBeDNSPods(p)
	default:
		return f.mayBeNamespace(*p.NamespaceSelector, "kube-system", "openshift-dns") && f.mayBeDNSPods(p)
	}
}

// isKnownDNS tells whether a peer matches the pods that the user names as the DNS.
func (f *facts) isKnownDNS(p *netpol.RulePeer) bool {
	pods := f.env.Cluster.DNS.Pods
	if pods == nil || p.PodSelector != nil && !p.PodSelector.Matches(pods.Labels) {
		return false
	}
	labels := map[string]string{netpol.NameLabel: pods.Namespace}
	if n := f.cluster.Namespace(pods.Namespace); n != nil {
		labels = n.Labels
	}
	return p.NamespaceSelector == nil && p.Rule.Policy.Namespace == pods.Namespace || p.NamespaceSelector != nil && p.NamespaceSelector.Matches(labels)
}

// servesDNS tells whether a peer matches a workload that declares the DNS port.
func (f *facts) servesDNS(p *netpol.RulePeer) bool {
	return slices.ContainsFunc(f.cluster.PeerWorkloads(p), func(w *netpol.Workload) bool {
		return slices.ContainsFunc(w.Ports, func(port netpol.Port) bool {
			return port.Protocol == netpol.UDP && (port.Number == 53 || port.Number == 5353)
		})
	})
}

func isDNSNamespace(name string) bool { return name == "kube-system" || name == "openshift-dns" }

// mayBeNamespace tells whether a namespaceSelector may match one of some namespaces.
// Unless one is declared, of its labels only the name is known, and the others are
// believed to be there.
func (f *facts) mayBeNamespace(s netpol.Selector, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		if n := f.cluster.Namespace(name); n != nil && n.Declared {
			return s.Matches(n.Labels)
		}
		labels := map[string]string{netpol.NameLabel: name}
		return !slices.ContainsFunc(s.Requirements, func(r netpol.Requirement) bool {
			return r.Key == netpol.NameLabel && !r.Matches(labels)
		})
	})
}

// mayBeDNSPods tells whether a peer's podSelector may match DNS pods: any labels
// will do where the rule is about the DNS port, else those that are known. Labels
// that no DNS pod carries beside the known one (a label transformer adds such to
// peers) will not.
func (f *facts) mayBeDNSPods(p *netpol.RulePeer) bool {
	switch {
	case p.PodSelector == nil || matchesDNSPods(*p.PodSelector):
		return true
	case asksForKnownDNSPods(*p.PodSelector):
		return false
	default:
		return slices.ContainsFunc(p.Rule.Ports, f.isDNS)
	}
}

// asksForKnownDNSPods tells whether a selector has one of the labels by which DNS
// pods are known.
func asksForKnownDNSPods(s netpol.Selector) bool {
	return slices.ContainsFunc(s.Requirements, func(r netpol.Requirement) bool {
		return r.Operator == netpol.In && slices.ContainsFunc(knownDNSPods(), func(labels map[string]string) bool {
			value, known := labels[r.Key]
			return known && slices.Contains(r.Values, value)
		})
	})
}

// namesDNSPods tells whether a peer asks for the labels of DNS pods.
func namesDNSPods(p *netpol.RulePeer) bool {
	return p.PodSelector != nil && !p.PodSelector.IsEmpty() && matchesDNSPods(*p.PodSelector)
}

func matchesDNSPods(s netpol.Selector) bool { return slices.ContainsFunc(knownDNSPods(), s.Matches) }

// knownDNSPods lists the labels that DNS pods carry with kubeadm and the cloud
// providers, with the chart of CoreDNS, with NodeLocal DNSCache and in OpenShift.
func knownDNSPods() []map[string]string {
	return []map[string]string{
		{"k8s-app": "kube-dns", "app.kubernetes.io/name": "coredns", "kubernetes.io/name": "CoreDNS", "eks.amazonaws.com/component": "coredns"},
		{"k8s-app": "coredns", "app.kubernetes.io/name": "coredns"},
		{"k8s-app": "kube-dns", "app.kubernetes.io/name": "rke2-coredns", "app.kubernetes.io/instance": "rke2-coredns"},
		{"k8s-app": "node-local-dns"},
		{"dns.operator.openshift.io/daemonset-dns": "default"},
	}
}

// maybeOnlyAPIServer tells whether a rule may be there for the Kubernetes API
// alone, whose address pods have from their environment without asking DNS:
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
func maybeOnlyAPIServer(r *netpol.Rule) bool {
	return !r.AllPorts && !slices.ContainsFunc(r.Ports, func(p *netpol.RulePort) bool {
		return p.Name == "" && (p.First != p.Last || p.First != 443 && p.First != 6443)
	})
}

func onlyHTTPS(r *netpol.Rule) bool {
	return !r.AllPorts && !slices.ContainsFunc(r.Ports, func(p *netpol.RulePort) bool {
		return p.Name != "https" && (p.First != 443 || p.Last != 443)
	})
}
