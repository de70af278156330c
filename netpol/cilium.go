package netpol

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// ciliumPolicies reads CiliumNetworkPolicy, whose namespace is given, or
// CiliumClusterwideNetworkPolicy: one policy for each of its specs. They add to
// NetworkPolicies and isolate like them, in the directions that have rules and where
// enableDefaultDeny does not say otherwise
// (https://docs.cilium.io/en/stable/security/policy/intro/). What goes beyond
// selectors, blocks, entities and ports is doubted. So is an object of which a part
// is not accepted, because Cilium then applies none of it.
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
	if !root.child("spec").present() && count == 0 {
		root.child("spec").reject("is missing")
	}
	for _, p := range policies {
		p.Problems = r.problems
		r.doubtRejected(p)
	}
	return policies
}

func (f *field) ciliumSpec(p *Policy) {
	f.doubtOthers(func(reason string, path []any) { p.doubt(reason, path...) },
		"endpointSelector", "nodeSelector", "ingress", "egress", "ingressDeny", "egressDeny", "enableDefaultDeny", "labels", "description", "log")
	endpoints, nodes := f.child("endpointSelector"), f.child("nodeSelector")
	p.Selector.invalid = true // until there is a valid one
	switch {
	case endpoints.present() == nodes.present():
		f.reject("want exactly one of endpointSelector and nodeSelector")
		return
	case nodes.present() && p.namespace != nil:
		nodes.reject("is for CiliumClusterwideNetworkPolicy only")
		return
	case nodes.present():
		p.doubtNodes("policies for nodes are not evaluated", nodes.path()...)
		return
	}
	known := endpoints.ciliumSubject(p)
	p.IngressRules = f.child("ingress").rulesOf(p, Ingress, (*field).ciliumRule)
	p.EgressRules = f.child("egress").rulesOf(p, Egress, (*field).ciliumRule)
	types := directions(f.ciliumIsAbout(p, Ingress), f.ciliumIsAbout(p, Egress))
	if types == nil { // what Cilium accepted until 1.16, and which did nothing
		f.reject("has no rule of ingress or egress, and so does nothing")
	}
	if known {
		p.Types = types
	}
}

// ciliumSubject reads endpointSelector; known is false where it is not known what
// that selects. In a policy of a namespace it selects there only.
func (f *field) ciliumSubject(p *Policy) (known bool) {
	s, ok := f.ciliumSelector(p)
	if !ok {
		p.doubt("what it selects is not known", f.path()...)
		p.setScope()
		return false
	}
	namespaces, pods := f.reader.internPods(s)
	p.NamespaceSelector, p.Selector = namespaces, *pods
	if named := (Selector{Requirements: s.names}); p.namespace != nil && !named.Matches(map[string]string{NameLabel: p.Namespace}) {
		p.doubt("it selects in another namespace", f.path()...)
		p.setScope()
		p.Selector = *pods
	}
	return true
}

// ciliumIsAbout tells whether a policy is about a direction: whether it has rules. Then it
// denies by default, unless enableDefaultDeny says otherwise, which has no effect without rules
// (computePolicyEnforcementAndRules, cilium/pkg/policy; cilium/cilium#35558).
func (f *field) ciliumIsAbout(p *Policy, d Direction) bool {
	denying, byDefault := f.child(d.Name()+"Deny"), f.child("enableDefaultDeny").child(d.Name())
	n, _ := denying.length()
	if n > 0 {
		p.doubtDirection(d, denying.key+" is not evaluated", denying.path()...)
	}
	hasRules := n > 0 || len(p.Written(d)) > 0
	switch denies := byDefault.flag(); {
	case !byDefault.present():
	case hasRules && !denies:
		p.adds[d] = true
	case denies && !hasRules:
		byDefault.note("denies nothing without a rule of %s", d.Name())
	}
	return hasRules
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

// rulesOf reads a list of rules, each by read.
func (f *field) rulesOf(p *Policy, d Direction, read func(item *field, rule *Rule)) []*Rule {
	n, _ := f.length()
	rules := make([]*Rule, 0, n)
	for i := range n {
		rule := &Rule{Policy: p, Direction: d, Index: i}
		rules = append(rules, rule)
		if item := f.item(i); item.mapping() {
			read(item, rule)
		}
	}
	return rules
}

// ciliumPeers are the fields of a rule that name peers, without from or to before them. A
// rule has one of them.
var ciliumPeers = []string{"Endpoints", "CIDR", "CIDRSet", "Entities", "Nodes", "Groups", "Services", "FQDNs"}

// ciliumRule reads IngressRule or EgressRule. Without a peer it is about every
// peer if it names ports, else about nothing. ICMP is no connection here.
func (f *field) ciliumRule(rule *Rule) {
	side := rule.Direction.side()
	endpoints, cidr, cidrSet, entities := side+"Endpoints", side+"CIDR", side+"CIDRSet", side+"Entities"
	known := []string{endpoints, cidr, cidrSet, entities, "toPorts", "icmps"}
	f.doubtOthers(rule.doubtAt, known...)
	named := false // there are peers, if only an empty list of them
	each := func(name string, read func(item *field, peer *RulePeer)) {
		list := f.child(name)
		n, _ := list.length()
		if !list.present() {
			return
		}
		named = true
		if n == 0 { // nothing in recent versions, and absent in others
			rule.doubt("an empty list is not evaluated", list.path()...)
		}
		for i := range n {
			peer := &RulePeer{Rule: rule, at: []any{name, i}}
			rule.Peers = append(rule.Peers, peer)
			read(list.item(i), peer)
		}
	}
	each(endpoints, (*field).ciliumEndpoints)
	each(cidr, (*field).ciliumCIDR)
	each(cidrSet, (*field).ciliumCIDRSet)
	each(entities, (*field).ciliumEntity)
	var kinds []string
	for _, kind := range ciliumPeers {
		if list, _ := f.child(side + kind).value.([]any); len(list) > 0 {
			kinds = append(kinds, side+kind)
		}
	}
	if len(kinds) > 1 {
		f.reject("has %s beside %s, want one kind of peers", kinds[0], kinds[1])
	}
	ports := f.child("toPorts")
	n, _ := ports.length()
	icmps, _ := f.child("icmps").length()
	if n > 0 && icmps > 0 {
		f.reject("has icmps beside toPorts, want one or the other")
	}
	ports.ciliumPorts(rule)
	rule.AllPorts = n == 0 && icmps == 0
	rule.AllPeers = !named && n > 0 && len(f.others(known...)) == 0 // others may name peers
}

func (f *field) ciliumEndpoints(peer *RulePeer) {
	p := peer.Rule.Policy
	s, ok := f.ciliumSelector(p)
	if !ok {
		peer.Rule.doubt("what it selects is not known", f.path()...)
		return
	}
	peer.NamespaceSelector, peer.PodSelector = f.reader.internPods(s)
	if p.namespace != nil && s.namespaces != nil && s.names == nil {
		peer.Rule.doubt("not all versions select by labels of other namespaces", f.path()...)
	}
	if s.elsewhere(p) {
		peer.Rule.doubt("nodes and addresses may match it", f.path()...)
	}
}

// ciliumCIDR reads a CIDR or a single address. It is about nothing that has an
// identity of its own: no pods and no nodes
// (https://docs.cilium.io/en/stable/security/policy/layer3/#ip-cidr-based).
func (f *field) ciliumCIDR(peer *RulePeer) {
	s, _ := f.text()
	var block netip.Prefix
	a, err := netip.ParseAddr(s)
	ok := err == nil
	if ok {
		block = netip.PrefixFrom(a, a.BitLen())
	} else {
		block, ok = f.cidr()
	}
	if ok {
		peer.Block, peer.outside = &Block{CIDR: block}, true
	}
}

func (f *field) ciliumCIDRSet(peer *RulePeer) {
	if !f.mapping() {
		return
	}
	f.doubtOthers(peer.Rule.doubtAt, "cidr", "except")
	cidr := f.child("cidr")
	if !cidr.present() {
		if len(f.others("except")) == 0 {
			cidr.reject("is missing")
		}
		return
	}
	block, ok := cidr.cidr()
	if !ok {
		return
	}
	peer.Block, peer.outside = &Block{CIDR: block}, true
	except := f.child("except")
	n, _ := except.length()
	for i := range n {
		item := except.item(i)
		e, ok := item.cidr()
		if ok && !block.Contains(e.Addr()) {
			item.reject("%s is no part of %s", e, block)
		}
		if ok {
			peer.Block.Except = append(peer.Block.Except, e)
		}
	}
}

// ciliumEntity reads an entity. Nodes are no peers, apart from the pods on their
// network.
func (f *field) ciliumEntity(peer *RulePeer) {
	switch name, ok := f.text(); name {
	case "all":
		peer.entities.world, peer.entities.cluster = true, true
	case "world":
		peer.entities.world = true
	case "cluster":
		peer.entities.cluster = true
	case "host", "remote-node":
		peer.entities.nodes = true
	case "none":
	case "world-ipv4", "world-ipv6", "kube-apiserver", "ingress", "init", "health", "unmanaged": // what they are depends on the cluster
		peer.Rule.doubt("entity "+name+" is not known", f.path()...)
	default:
		if ok {
			f.reject("%q is no entity", name)
		}
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
			rule.Ports = append(rule.Ports, ports.item(j).ciliumPort(rule)...)
		}
	}
}

// ciliumPort reads PortProtocol: one port for each protocol that it stands for.
func (f *field) ciliumPort(rule *Rule) []*RulePort {
	if !f.mapping() {
		return nil
	}
	f.only("port", "protocol", "endPort")
	port, endPort := f.child("port"), f.child("endPort")
	name, ok := port.text()
	protocols, valid := f.child("protocol").ciliumProtocols()
	if !port.present() && len(protocols) > 0 {
		port.reject("is missing")
	}
	last, validEnd := endPort.number("port", 0, LastPort)
	if !ok || !valid || !validEnd || !port.present() {
		return nil
	}
	if strings.ContainsFunc(name, isLetter) {
		return port.ciliumNamedPort(rule, name, protocols)
	}
	first, err := strconv.ParseUint(name, 10, 16)
	if err != nil || len(name) > 1 && name[0] == '0' { // which Cilium reads as octal
		port.reject("%q is no port", name)
		return nil
	}
	if last != 0 && last < int(first) || last != 0 && first == 0 {
		rule.doubt("endPort below the port is not evaluated", endPort.path()...)
	}
	lo, hi := int(first), max(int(first), last)
	if first == 0 {
		lo, hi = FirstPort, LastPort
	}
	var ports []*RulePort
	for _, protocol := range protocols {
		ports = append(ports, &RulePort{Protocol: protocol, First: lo, Last: hi})
	}
	return ports
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// ciliumProtocols returns the protocols that a name stands for: none for those
// without ports.
func (f *field) ciliumProtocols() (all []Protocol, ok bool) {
	name, ok := f.text()
	switch {
	case !ok:
		return nil, false
	case name == "" || name == "ANY":
		return []Protocol{TCP, UDP, SCTP}, true
	case Protocol(name).slot() >= 0:
		return []Protocol{Protocol(name)}, true
	case slices.Contains([]string{"ICMP", "ICMPv6", "VRRP", "IGMP", "GRE", "IPIP", "IPV6", "ESP", "AH"}, name):
		return nil, true
	}
	f.reject("is %q, want TCP, UDP, SCTP, ICMP, ICMPv6 or ANY", name)
	return nil, false
}

// ciliumNamedPort reads the name of a port, in which case does not matter. For
// egress it stands, depending on the version, for the number that all possible
// destinations agree on, or for none.
func (f *field) ciliumNamedPort(rule *Rule, name string, protocols []Protocol) []*RulePort {
	name = strings.ToLower(name)
	if !f.portName(name) {
		return nil
	}
	if rule.Direction == Egress {
		rule.doubt("named ports of egress are not evaluated", f.path()...)
	}
	return namedPorts(name, protocols)
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
