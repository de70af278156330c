package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

func (f *facts) policy(p *netpol.Policy) policyFact {
	own := f.cluster.Namespace(p.Namespace)
	spec, _ := p.Source.Data["spec"].(map[string]any)
	_, ingress := spec["ingress"]
	_, egress := spec["egress"]
	fact := policyFact{
		ID:                 f.places.object(p.Source),
		Title:              title(p.Ref),
		Private:            own.Private,
		Selector:           p.Selector.String(),
		SelectsAll:         p.Selector.IsEmpty(),
		Unlabelled:         p.Selector.Matches(nil),
		Selected:           f.workloadIDs(p.Selected),
		OnHostNetwork:      []int{},
		NamespaceWorkloads: known(own, own),
		ControllerLabels:   f.asksForGivenLabels(p.Selector),
		OperatorPods:       f.operators.pods([]*netpol.Namespace{own}, p.Selector),
		TypesWritten:       p.TypesWritten,
		Types:              sides[bool]{Ingress: p.Isolates(netpol.Ingress), Egress: p.Isolates(netpol.Egress)},
		Sections:           sides[bool]{Ingress: ingress, Egress: egress},
		Explained:          p.Explained(),
		NameSays:           nameSays(p.Name),
		Contradictory:      contradiction(p.Selector) >= 0,
		Elsewhere:          []elsewhereFact{},
		Rules:              []ruleFact{},
	}
	if len(p.Selected) == 0 {
		fact.Elsewhere = f.elsewhere(own, p.Selector, p.Name)
		if f.mayBeForOthers(p, p.Selector) {
			fact.NamespaceWorkloads = 0
		}
	}
	for _, w := range own.Workloads() {
		if w.HostNetwork && p.Selector.Matches(w.Labels) {
			fact.OnHostNetwork = append(fact.OnHostNetwork, f.places.object(w.Source))
		}
	}
	for _, r := range slices.Concat(p.IngressRules, p.EgressRules) {
		rule := f.rule(r)
		fact.Rules = append(fact.Rules, rule)
		fact.Notable = fact.Notable || f.notable(r, rule)
	}
	return fact
}

// notable tells whether a rule has something that Rego may report. Most have nothing,
// and Rego takes long to find that out.
func (f *facts) notable(r *netpol.Rule, fact ruleFact) bool {
	return fact.AllowsAll || fact.DNSAnywhere || len(fact.WideBlocks)+len(fact.MissingNames)+len(fact.ServicePorts)+len(fact.Splits) > 0 ||
		slices.ContainsFunc(fact.Peers, func(p peerFact) bool { return p.UnknownNamespaces || len(p.MissingLabels) > 0 }) ||
		slices.ContainsFunc(r.Peers, func(p *netpol.RulePeer) bool {
			return p.Block == nil && len(f.cluster.PeerWorkloads(p)) == 0 && !namesSystem(p)
		})
}

// namesSystem tells whether a peer is about namespaces of the system only.
func namesSystem(p *netpol.RulePeer) bool {
	return p.NamespaceSelector != nil && slices.ContainsFunc(p.NamespaceSelector.Requirements, func(r netpol.Requirement) bool {
		return r.Key == netpol.NameLabel && r.Operator == netpol.In && !slices.ContainsFunc(r.Values, func(name string) bool { return !isSystem(name) })
	})
}

func (f *facts) rule(r *netpol.Rule) ruleFact {
	traits := f.rules[r]
	fact := ruleFact{
		Direction:    r.Direction.Name(),
		Path:         r.Path(),
		Effective:    r.Policy.Isolates(r.Direction),
		AllowsAll:    traits.allowsAll,
		Ports:        r.PortsPhrase(),
		OnlyDNS:      traits.onlyDNS,
		OnlyHTTPS:    onlyHTTPS(r),
		DNSAnywhere:  f.opensDNS(r),
		Published:    f.published(r),
		WideBlocks:   wideBlocks(r),
		MissingNames: f.missingNames(r),
		ServicePorts: f.servicePorts(r),
		Splits:       f.splits(r),
		Peers:        []peerFact{},
	}
	for _, p := range r.Peers {
		if p.PodSelector != nil || p.NamespaceSelector != nil {
			fact.Peers = append(fact.Peers, f.peer(p))
		}
	}
	return fact
}

// published tells whether all that an ingress rule allows is published to the
// outside anyway, on each workload that it is about.
func (f *facts) published(r *netpol.Rule) bool {
	if r.Direction != netpol.Ingress || r.AllPorts {
		return false
	}
	for _, w := range r.Policy.Selected {
		var public netpol.ConnSet
		for _, e := range f.exposures[w] {
			public = public.Union(e.Conn())
		}
		if allowed := r.On(w.Ports); allowed.IsEmpty() || !public.ContainsAll(allowed) {
			return false
		}
	}
	return len(r.Policy.Selected) > 0
}

func (f *facts) peer(p *netpol.RulePeer) peerFact {
	namespaces := f.namespacesOf(p)
	fact := peerFact{
		Path:              p.Path(),
		Title:             peerTitle(p),
		SelectsPods:       p.PodSelector != nil,
		SelectsNamespaces: p.NamespaceSelector != nil,
		AllPods:           allPods(p),
		Matches:           []int{},
		UnknownNamespaces: p.NamespaceSelector != nil && p.NamespaceSelector.MatchesUnknownNamespace(),
		OperatorPods:      noOperator,
		MissingLabels:     f.missingLabels(p),
		Rewritten:         []rewrittenFact{},
		Elsewhere:         []elsewhereFact{},
	}
	for _, n := range namespaces {
		fact.Matches = append(fact.Matches, f.matching(n, p.PodSelector)...)
	}
	fact.Candidates = known(f.cluster.Namespace(p.Rule.Policy.Namespace), namespaces...)
	for _, s := range []*netpol.Selector{p.PodSelector, p.NamespaceSelector} {
		fact.Contradictory = fact.Contradictory || s != nil && contradiction(*s) >= 0
	}
	if p.NamespaceSelector == nil && len(fact.Matches) == 0 {
		fact.Elsewhere = f.elsewhere(namespaces[0], *p.PodSelector, "")
		if f.mayBeForOthers(p.Rule.Policy, *p.PodSelector) || f.mayComeFromOthers(p.Rule.Policy, *p.PodSelector) {
			fact.Candidates = 0
		}
	}
	if p.PodSelector != nil {
		fact.Unlabelled = p.PodSelector.Matches(nil)
		fact.ControllerLabels = f.asksForGivenLabels(*p.PodSelector)
		fact.OperatorPods = f.operators.pods(namespaces, *p.PodSelector)
		if len(fact.Matches) == 0 {
			fact.Rewritten = f.rewritten(p, namespaces)
		}
	}
	return fact
}

// known counts the workloads of namespaces, if these are all that the namespaces
// hold: 0 where one belongs to the system, or is another than own and declared
// elsewhere, because the repository then only contributes to it.
func known(own *netpol.Namespace, namespaces ...*netpol.Namespace) int {
	count := 0
	for _, n := range namespaces {
		if isSystem(n.Name) || n != own && (!n.Declared || n.Name == "default") {
			return 0
		}
		for _, w := range n.Workloads() {
			if w.Operated == nil {
				count++
			}
		}
	}
	return count
}

// namespacesOf returns the namespaces of the cluster whose pods a peer is about.
func (f *facts) namespacesOf(p *netpol.RulePeer) []*netpol.Namespace {
	if p.NamespaceSelector == nil {
		return []*netpol.Namespace{f.cluster.Namespace(p.Rule.Policy.Namespace)}
	}
	return f.cluster.MatchingNamespaces(*p.NamespaceSelector)
}

// matching returns the workloads of a namespace with labels that a selector, nil
// for all, matches. Those on the host network count: the labels are right even
// though the rule has no effect on them.
func (f *facts) matching(n *netpol.Namespace, selector *netpol.Selector) []int {
	var ids []int
	for _, w := range n.Workloads() {
		if selector == nil || selector.Matches(w.Labels) {
			ids = append(ids, f.places.object(w.Source))
		}
	}
	return ids
}

// splits finds neighbouring peers of which one has only a namespaceSelector and
// the other only a podSelector.
func (f *facts) splits(r *netpol.Rule) []splitFact {
	found := []splitFact{}
	for i := 1; i < len(r.Peers); i++ {
		namespaces, pods := r.Peers[i-1], r.Peers[i]
		if namespaces.NamespaceSelector == nil {
			namespaces, pods = pods, namespaces
		}
		if namespaces.NamespaceSelector == nil || namespaces.PodSelector != nil ||
			pods.NamespaceSelector != nil || pods.PodSelector == nil || pods.PodSelector.IsEmpty() {
			continue
		}
		own := f.cluster.Namespace(r.Policy.Namespace)
		split := splitFact{
			Path:              r.Peers[i].Path(),
			Other:             r.Peers[i-1].Path(),
			NamespaceSelector: namespaces.NamespaceSelector.String(),
			PodSelector:       pods.PodSelector.String(),
			Together:          []int{},
			Own:               append([]int{}, f.matching(own, pods.PodSelector)...),
			CoversOwn:         namespaces.NamespaceSelector.Matches(own.Labels),
		}
		for _, n := range f.cluster.MatchingNamespaces(*namespaces.NamespaceSelector) {
			split.Together = append(split.Together, f.matching(n, pods.PodSelector)...)
		}
		found = append(found, split)
	}
	return found
}

// missingLabels finds the labels that a peer asks of a namespace by its name,
// which that namespace does not carry, while no other carries it either. Only of
// the key "name" is it clear that the value is the name of a namespace that
// nothing here knows.
func (f *facts) missingLabels(p *netpol.RulePeer) []missingLabelFact {
	missing := []missingLabelFact{}
	if p.NamespaceSelector == nil {
		return missing
	}
	for i, req := range p.NamespaceSelector.Requirements {
		if req.Operator != netpol.In || req.Key == netpol.NameLabel {
			continue
		}
		for _, value := range req.Values {
			meant := f.cluster.Namespace(value)
			if f.carried(req.Key, value) || value == "" || meant == nil && (req.Key != "name" || asksForMore(p.NamespaceSelector)) {
				continue
			}
			fact := missingLabelFact{
				Namespace: value, Key: req.Key, Value: value,
				Path: requirementPath(p.Rule.Policy.Source, append(p.Path(), "namespaceSelector"), *p.NamespaceSelector, i), At: []placeFact{},
			}
			if meant != nil && meant.Declared {
				fact.Declared = true
				fact.At = append(fact.At, placeFact{Object: f.places.object(meant.Source), Path: []any{"metadata", "labels"}})
			}
			missing = append(missing, fact)
		}
	}
	return missing
}

// asksForMore tells whether a selector of namespaces asks for several labels that are not
// given by Kubernetes: then somebody labels namespaces, and their names too as it seems.
func asksForMore(s *netpol.Selector) bool {
	asked := 0
	for _, r := range s.Requirements {
		if r.Key != netpol.NameLabel && r.Operator == netpol.In {
			asked++
		}
	}
	return asked > 1
}

func (f *facts) carried(key, value string) bool {
	return slices.ContainsFunc(f.cluster.Namespaces, func(n *netpol.Namespace) bool {
		v, has := n.Labels[key]
		return has && v == value
	})
}
