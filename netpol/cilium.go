package netpol

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// Labels by which Cilium's selectors name namespaces and their labels
// (https://docs.cilium.io/en/stable/security/policy/kubernetes/#namespaces).
const (
	ciliumNamespace       = "io.kubernetes.pod.namespace"
	ciliumNamespaceLabels = "io.cilium.k8s.namespace.labels."
)

// ciliumPolicies reads CiliumNetworkPolicy, whose namespace is given, or
// CiliumClusterwideNetworkPolicy: one policy for each of its specs. They add to
// NetworkPolicies and isolate like them, in the directions that have rules
// (https://docs.cilium.io/en/stable/security/policy/intro/). What goes beyond
// selectors, blocks, entities and ports is doubted.
func (r *reader) ciliumPolicies(n *Namespace) []*Policy {
	var policies []*Policy
	read := func(spec *field, path ...any) {
		p := &Policy{Ref: r.object.Ref, Source: r.object, namespace: n, spec: path}
		if n == nil {
			p.Namespace = ""
		}
		if spec.mapping() {
			spec.ciliumSpec(p)
			policies = append(policies, p)
		}
	}
	root := r.root()
	if spec := root.child("spec"); spec.present() {
		read(spec, "spec")
	}
	specs := root.child("specs")
	count, _ := specs.length()
	for i := range count {
		read(specs.item(i), "specs", i)
	}
	for _, p := range policies {
		p.Problems = r.problems
	}
	return policies
}

func (f *field) ciliumSpec(p *Policy) {
	f.doubtOthers(func(reason string, path []any) { p.doubt(reason, path...) },
		"endpointSelector", "ingress", "egress", "labels", "description", "nodeSelector")
	if f.child("nodeSelector").present() {
		p.Selector.invalid, p.onNodes = true, true
		p.doubt("policies for nodes are not evaluated", f.child("nodeSelector").path()...)
		return
	}
	selector, ok := f.child("endpointSelector").ciliumSelector(p)
	if !ok {
		p.doubt("what it selects is not known", f.child("endpointSelector").path()...)
		p.setScope()
		return
	}
	p.NamespaceSelector, p.Selector = selector.namespaces, selector.pods
	if p.namespace != nil { // that of another namespace is not accepted
		p.NamespaceSelector = nil
	}
	p.IngressRules = f.child("ingress").ciliumRules(p, Ingress)
	p.EgressRules = f.child("egress").ciliumRules(p, Egress)
	for _, d := range bothDirections() {
		if len(p.Written(d)) > 0 {
			p.Types = append(p.Types, d)
		}
	}
}

// setScope makes a policy select everything that it might.
func (p *Policy) setScope() {
	p.Selector, p.NamespaceSelector = Selector{}, nil
	if p.namespace == nil {
		p.NamespaceSelector = &Selector{}
	}
}

// doubtOthers doubts the fields that are none of those known.
func (f *field) doubtOthers(doubt func(reason string, path []any), known ...string) {
	for _, key := range f.others(known...) {
		if other := f.child(key); other.present() {
			doubt(key+" is not evaluated", other.path())
		}
	}
}

func (r *Rule) doubtAt(reason string, path []any) { r.doubt(reason, path...) }

// podSelector is a selector of pods by their labels and by those of their
// namespaces.
type podSelector struct {
	namespaces *Selector // nil for the policy's own namespace
	pods       Selector
}

// ciliumSelector reads an EndpointSelector; ok is false for one that uses labels
// which manifests do not hold.
func (f *field) ciliumSelector(p *Policy) (s podSelector, ok bool) {
	all := f.ciliumLabels()
	if p.namespace == nil {
		s.namespaces = &Selector{}
	}
	s.pods.invalid = all.invalid
	for _, r := range all.Requirements {
		source, key, found := strings.Cut(r.Key, ":")
		if !found {
			source, key = "any", r.Key
		}
		switch {
		case source != "any" && source != "k8s", strings.HasPrefix(key, "io.cilium.k8s.policy."):
			return s, false
		case key == ciliumNamespace:
			r.Key = NameLabel
		case strings.HasPrefix(key, ciliumNamespaceLabels):
			r.Key = strings.TrimPrefix(key, ciliumNamespaceLabels)
		default:
			r.Key = key
			s.pods.Requirements = append(s.pods.Requirements, r)
			continue
		}
		if s.namespaces == nil {
			s.namespaces = &Selector{}
		}
		s.namespaces.Requirements = append(s.namespaces.Requirements, r)
	}
	return s, true
}

// ciliumLabels reads a label selector whose keys may have a source before a colon.
func (f *field) ciliumLabels() Selector {
	s := Selector{invalid: !f.mapping()}
	labels, _ := f.child("matchLabels").value.(map[string]any)
	for key := range labels {
		value, ok := f.at("matchLabels", key).labelValue()
		s.Requirements = append(s.Requirements, Requirement{Key: key, Operator: In, Values: []string{value}})
		s.invalid = s.invalid || !ok
	}
	slices.SortFunc(s.Requirements, byKey)
	expressions := f.child("matchExpressions")
	n, ok := expressions.length()
	s.invalid = s.invalid || !ok
	for i := range n {
		r, ok := expressions.item(i).requirement()
		s.Requirements = append(s.Requirements, r)
		s.invalid = s.invalid || !ok
	}
	return s
}

func (f *field) ciliumRules(p *Policy, d Direction) []*Rule {
	n, _ := f.length()
	rules := make([]*Rule, 0, n)
	for i := range n {
		rule := &Rule{Policy: p, Direction: d, Index: i}
		rules = append(rules, rule)
		if item := f.item(i); item.mapping() {
			item.ciliumRule(rule, d.side())
		}
	}
	return rules
}

// ciliumRule reads IngressRule or EgressRule. Without a peer it is about every
// peer if it names ports, else about nothing.
func (f *field) ciliumRule(rule *Rule, side string) {
	endpoints, cidr, cidrSet, entities, ports := side+"Endpoints", side+"CIDR", side+"CIDRSet", side+"Entities", "toPorts"
	f.doubtOthers(rule.doubtAt, endpoints, cidr, cidrSet, entities, ports)
	lists := 0
	each := func(name string, read func(item *field, peer *RulePeer)) {
		list := f.child(name)
		n, _ := list.length()
		if !list.present() {
			return
		}
		lists++
		if n == 0 {
			rule.doubt("an empty list is not evaluated", list.path()...)
		}
		for i := range n {
			peer := &RulePeer{Rule: rule, at: []any{name, i}}
			rule.Peers = append(rule.Peers, peer)
			read(list.item(i), peer)
		}
	}
	each(endpoints, (*field).ciliumEndpoints)
	each(cidr, func(item *field, peer *RulePeer) {
		if block, ok := item.ciliumCIDR(); ok {
			peer.Block, peer.outside = &Block{CIDR: block}, true
		}
	})
	each(cidrSet, (*field).ciliumCIDRSet)
	each(entities, (*field).ciliumEntity)
	rule.AllPorts = !f.child(ports).present()
	f.child(ports).ciliumPorts(rule)
	others := f.others(endpoints, cidr, cidrSet, entities, ports) // which may name peers
	rule.AllPeers = lists == 0 && !rule.AllPorts && len(others) == 0
}

func (f *field) ciliumEndpoints(peer *RulePeer) {
	s, ok := f.ciliumSelector(peer.Rule.Policy)
	if !ok {
		peer.Rule.doubt("what it selects is not known", f.path()...)
		return
	}
	peer.NamespaceSelector, peer.PodSelector = s.namespaces, &s.pods
}

// ciliumCIDR reads a CIDR or a single address.
func (f *field) ciliumCIDR() (netip.Prefix, bool) {
	s, _ := f.text()
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return f.cidr()
}

func (f *field) ciliumCIDRSet(peer *RulePeer) {
	if !f.mapping() {
		return
	}
	f.doubtOthers(peer.Rule.doubtAt, "cidr", "except")
	block, ok := f.child("cidr").ciliumCIDR()
	if !ok {
		return
	}
	peer.Block, peer.outside = &Block{CIDR: block}, true
	except := f.child("except")
	n, _ := except.length()
	for i := range n {
		if e, ok := except.item(i).ciliumCIDR(); ok {
			peer.Block.Except = append(peer.Block.Except, e)
		}
	}
}

// ciliumEntity reads an entity. Which of the pods on the host network share a
// node with the policy's pods is not known.
func (f *field) ciliumEntity(peer *RulePeer) {
	switch name, _ := f.text(); name {
	case "all":
		peer.entities.world, peer.entities.cluster = true, true
	case "world":
		peer.entities.world = true
	case "cluster":
		peer.entities.cluster = true
	case "none":
	default: // host, remote-node, kube-apiserver and others are nodes or addresses that manifests do not tell
		peer.Rule.doubt("entity "+name+" is not known", f.path()...)
	}
}

func (f *field) ciliumPorts(rule *Rule) {
	n, _ := f.length()
	for i := range n {
		item := f.item(i)
		if !item.mapping() {
			continue
		}
		item.doubtOthers(rule.doubtAt, "ports")
		ports := item.child("ports")
		count, _ := ports.length()
		if count == 0 {
			rule.doubt("ports are missing", item.path()...)
		}
		for j := range count {
			for _, p := range ports.item(j).ciliumPort() {
				p.at = []any{"toPorts", i, "ports", j}
				rule.addPort(p)
			}
		}
	}
}

// ciliumPort reads PortProtocol: one port for each protocol that it stands for.
func (f *field) ciliumPort() []*RulePort {
	if !f.mapping() {
		return nil
	}
	f.only("port", "protocol", "endPort")
	port, name := f.child("port"), ""
	switch v := port.value.(type) {
	case string:
		name = v
	case int64:
		name = strconv.FormatInt(v, 10)
	}
	last, ok := f.child("endPort").port()
	protocol, _ := f.child("protocol").text()
	all := []Protocol{Protocol(protocol)}
	switch {
	case !ok:
		return nil
	case protocol == "" || protocol == "ANY":
		all = []Protocol{TCP, UDP, SCTP}
	case all[0].slot() < 0:
		return nil // ICMP and the like have no ports and are no connections here
	}
	first, err := strconv.Atoi(name)
	if err != nil {
		return namedPorts(name, all)
	}
	last = max(first, last)
	if first == 0 {
		first, last = FirstPort, LastPort
	}
	var ports []*RulePort
	for _, protocol := range all {
		ports = append(ports, &RulePort{Protocol: protocol, First: first, Last: last})
	}
	return ports
}

func namedPorts(name string, protocols []Protocol) []*RulePort {
	var ports []*RulePort
	for _, protocol := range protocols {
		ports = append(ports, &RulePort{Protocol: protocol, Name: name})
	}
	return ports
}

// notEvaluated stands for a policy of a kind of which only its scope is known.
func notEvaluated(o *manifest.Object, n *Namespace) *Policy {
	p := &Policy{Ref: o.Ref, Source: o, namespace: n}
	if n == nil {
		p.Namespace = ""
	}
	p.setScope()
	p.doubt(o.Kind + " of " + o.Group + " is not evaluated")
	return p
}
