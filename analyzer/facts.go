package analyzer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// facts makes the model of one environment. Every slice that it puts there is
// non-nil.
type facts struct {
	env       Environment
	gaps      []Gap
	cluster   *netpol.Cluster
	places    *places
	entries   map[*netpol.Workload][]netpol.Entry
	exposures map[*netpol.Workload][]netpol.Entry // the entries from outside
	operators operators
	labels    map[string]bool // the keys that workloads have
	rules     map[*netpol.Rule]ruleTraits
	calls     *traffic.Graph
	asksAPI   map[*netpol.Workload]bool // which call the API server
	callers   map[*netpol.Workload]int  // how many calls to a workload something tells of
	callees   map[*netpol.Workload]int  // how many of its calls

	repository *repository
	underLoose map[*manifest.Object]bool                // what makes workloads that loose policies may be about
	unseen     map[*netpol.Namespace][]*manifest.Object // what could not be rendered, as far as it was asked for
}

func newFacts(env Environment, cluster *netpol.Cluster, gaps []Gap, all *repository) *facts {
	f := &facts{
		env:        env,
		gaps:       gaps,
		cluster:    cluster,
		places:     newPlaces(),
		labels:     map[string]bool{},
		rules:      map[*netpol.Rule]ruleTraits{},
		calls:      traffic.Infer(cluster, env.Objects, env.Hints...),
		asksAPI:    map[*netpol.Workload]bool{},
		callers:    map[*netpol.Workload]int{},
		callees:    map[*netpol.Workload]int{},
		repository: all,
		unseen:     map[*netpol.Namespace][]*manifest.Object{},
	}
	f.operators = findOperators(env.Objects, env.Cluster.OperatorPods, f.calls.PodMakers)
	f.entries, f.exposures = entriesOf(cluster)
	f.countCalls()
	for _, w := range cluster.Workloads {
		for key := range w.Labels {
			f.labels[key] = true
		}
	}
	for _, p := range cluster.Policies {
		for _, r := range slices.Concat(p.IngressRules, p.EgressRules) {
			f.rules[r] = f.traits(r)
		}
	}
	return f
}

// model joins the facts. Ids ascend in the order of the lists, so that the first
// of several is the first in a message too.
func (f *facts) model() *Model {
	m := &Model{
		Environment: environmentFact{Name: f.env.Name, Complete: true, CNI: f.env.Cluster.CNI, Enforces: enforces(f.env.Cluster.CNI)},
		Gaps:        []gapFact{},
		Namespaces:  []namespaceFact{},
		Workloads:   []workloadFact{},
		Policies:    []policyFact{},
		Services:    []serviceFact{},

		OtherPolicies: []titleFact{},
		NotEvaluated:  []gapFact{},
	}
	for _, n := range f.cluster.Namespaces {
		if n.Declared || len(n.Workloads()) > 0 {
			m.Namespaces = append(m.Namespaces, f.namespace(n))
		}
	}
	for _, w := range f.cluster.Workloads {
		f.places.object(w.Source)
	}
	for _, p := range f.cluster.Policies {
		f.places.object(p.Source)
	}
	for _, w := range f.cluster.Workloads {
		m.Workloads = append(m.Workloads, f.workload(w))
	}
	for _, p := range f.cluster.Policies {
		m.Policies = append(m.Policies, f.policy(p))
	}
	for _, p := range f.cluster.Others {
		m.OtherPolicies = append(m.OtherPolicies, titleFact{ID: f.places.object(p.Source), Title: title(p.Ref)})
	}
	for _, s := range f.cluster.Services {
		if fact, ok := f.service(s); ok {
			m.Services = append(m.Services, fact)
		}
	}
	m.Blocked = f.blocked()
	m.Dangling = f.dangling()
	f.readSelectors(m)
	f.readBlocks(m)
	f.readSurplus(m)
	f.readRedundant(m)
	f.readUnrelated(m)
	f.readGaps(m)
	return m
}

func (f *facts) readGaps(m *Model) {
	for i := range f.gaps {
		gap := &f.gaps[i]
		fact := func() gapFact {
			return gapFact{ID: f.places.gap(gap), Code: string(gap.Code), Reason: gap.Reason, Target: gap.Target}
		}
		switch {
		case gap.Note && gap.Code == manifest.NotEvaluated:
			m.NotEvaluated = append(m.NotEvaluated, fact())
		case !gap.Note:
			m.Environment.Complete = false
			if gap.Accepted == "" {
				m.Gaps = append(m.Gaps, fact())
			}
		}
	}
}

// enforces tells whether a network plugin enforces NetworkPolicies; one that is not known
// is taken to do so. Flannel leaves them to others, and kubenet has none:
// https://github.com/flannel-io/flannel#getting-started-on-kubernetes and
// https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites
func enforces(plugin string) bool { return plugin != "flannel" && plugin != "kubenet" }

func (f *facts) namespace(n *netpol.Namespace) namespaceFact {
	fact := namespaceFact{
		Title:     fmt.Sprintf("namespace %q", n.Name),
		Declared:  n.Declared,
		Private:   n.Private,
		Shared:    n.Name == "default" || isSystem(n.Name),
		Uncertain: f.othersCover(n),
		Workloads: []int{},
		DefaultDeny: sides[bool]{
			Ingress: deniesByDefault(n, netpol.Ingress),
			Egress:  deniesByDefault(n, netpol.Egress),
		},
	}
	if n.Private {
		fact.Title = "the namespace"
	}
	if n.Declared {
		fact.ID = f.places.object(n.Source)
	} else {
		fact.ID = f.places.standIn(manifest.Ref{Kind: "Namespace", Name: public(manifest.Ref{Namespace: n.Name}).Namespace}, n.Workloads()[0].Source)
	}
	for _, w := range n.Workloads() {
		if !w.HostNetwork && !w.Source.IsHelmTest() && w.Operated == nil {
			fact.Workloads = append(fact.Workloads, f.places.object(w.Source))
		}
	}
	return fact
}

// isSystem tells whether a namespace holds parts of the cluster that no
// repository brings. Both prefixes are reserved:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
func isSystem(name string) bool {
	return strings.HasPrefix(name, "kube-") || strings.HasPrefix(name, "openshift-")
}

// deniesByDefault tells whether the policies that select all pods of a namespace
// isolate a direction and do not allow everything in it.
func deniesByDefault(n *netpol.Namespace, d netpol.Direction) bool {
	denies := false
	for _, p := range n.Policies() {
		if !p.Selector.IsEmpty() || !p.Isolates(d) {
			continue
		}
		if slices.ContainsFunc(p.Rules(d), func(r *netpol.Rule) bool { return r.AllPorts && matchesEveryPod(r) }) {
			return false
		}
		denies = true
	}
	return denies
}

// matchesEveryPod tells whether the peers of a rule include every pod of the cluster.
func matchesEveryPod(r *netpol.Rule) bool {
	return r.AllPeers || slices.ContainsFunc(r.Peers, func(p *netpol.RulePeer) bool {
		return p.NamespaceSelector != nil && p.NamespaceSelector.IsEmpty() && allPods(p)
	})
}

// allPods tells whether a peer matches every pod of the namespaces that it is about.
func allPods(p *netpol.RulePeer) bool {
	return p.Block == nil && (p.PodSelector == nil || p.PodSelector.IsEmpty())
}

// title is how messages call an object; its place tells the namespace.
func title(ref manifest.Ref) string { return fmt.Sprintf("%s %q", ref.Kind, ref.Name) }

func (f *facts) policyIDs(policies []*netpol.Policy) []int {
	ids := make([]int, 0, len(policies))
	for _, p := range policies {
		ids = append(ids, f.places.object(p.Source))
	}
	return ids
}

func (f *facts) workloadIDs(workloads []*netpol.Workload) []int {
	ids := make([]int, 0, len(workloads))
	for _, w := range workloads {
		ids = append(ids, f.places.object(w.Source))
	}
	return ids
}
