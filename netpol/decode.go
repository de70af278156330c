package netpol

import (
	"maps"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
)

// policy reads a NetworkPolicy. What the API server would reject allows nothing.
func (r *reader) policy(n *Namespace) *Policy {
	p := &Policy{Ref: r.object.Ref, Source: r.object, namespace: n}
	spec := r.root().child("spec")
	if !spec.mapping() {
		p.Selector.invalid = true
		return p
	}
	spec.only("podSelector", "policyTypes", "ingress", "egress")
	p.Selector = spec.child("podSelector").selector()
	p.IngressRules = spec.child("ingress").rules(p, Ingress)
	p.EgressRules = spec.child("egress").rules(p, Egress)
	p.Types, p.TypesWritten = spec.child("policyTypes").policyTypes()
	if !p.TypesWritten {
		p.Types = []Direction{Ingress}
		if len(p.EgressRules) > 0 {
			p.Types = append(p.Types, Egress)
		}
	}
	return p
}

func (f *field) policyTypes() (types []Direction, written bool) {
	items, _ := f.items()
	for _, item := range items {
		switch name, ok := item.text(); {
		case name == Ingress.String():
			types = append(types, Ingress)
		case name == Egress.String():
			types = append(types, Egress)
		case ok:
			item.reject("is %q, want Ingress or Egress", name)
		}
	}
	slices.Sort(types)
	return slices.Compact(types), len(items) > 0
}

func (f *field) rules(p *Policy, d Direction) []*Rule {
	side := "from"
	if d == Egress {
		side = "to"
	}
	items, _ := f.items()
	rules := make([]*Rule, 0, len(items))
	for i, item := range items {
		rule := &Rule{Policy: p, Direction: d, Index: i, Path: item.path()}
		rules = append(rules, rule)
		if !item.mapping() {
			continue
		}
		item.only(side, "ports")
		peers, ok := item.child(side).items()
		rule.AllPeers = ok && len(peers) == 0
		for _, peer := range peers {
			rule.Peers = append(rule.Peers, peer.rulePeer(rule))
		}
		ports, ok := item.child("ports").items()
		rule.AllPorts = ok && len(ports) == 0
		for _, port := range ports {
			rule.addPort(port.rulePort())
		}
	}
	return rules
}

func (r *Rule) addPort(p *RulePort) {
	r.Ports = append(r.Ports, p)
	if p.Name != "" {
		r.named = append(r.named, p)
	} else {
		r.numbered = r.numbered.Union(Ports(p.Protocol, p.First, p.Last))
	}
}

func (f *field) rulePeer(rule *Rule) *RulePeer {
	p := &RulePeer{Rule: rule, Path: f.path()}
	if !f.mapping() {
		return p
	}
	f.only("podSelector", "namespaceSelector", "ipBlock")
	pods, namespaces, block := f.child("podSelector"), f.child("namespaceSelector"), f.child("ipBlock")
	switch selects := pods.present() || namespaces.present(); {
	case block.present() && selects:
		f.reject("holds ipBlock beside a selector, want one or the other")
		return p
	case block.present():
		p.Block = block.ipBlock()
	case !selects:
		f.reject("holds no podSelector, namespaceSelector or ipBlock")
	}
	if pods.present() {
		s := pods.selector()
		p.PodSelector = &s
	}
	if namespaces.present() {
		s := namespaces.selector()
		p.NamespaceSelector = &s
	}
	return p
}

// ipBlock returns nil for a block that the API server rejects. An exception that
// lies outside the block is rejected too, but changes nothing.
func (f *field) ipBlock() *Block {
	if !f.mapping() {
		return nil
	}
	f.only("cidr", "except")
	cidr, ok := f.child("cidr").cidr()
	excepted, isList := f.child("except").items()
	if !ok || !isList {
		return nil
	}
	b := &Block{CIDR: cidr}
	for _, e := range excepted {
		except, ok := e.cidr()
		if !ok {
			return nil
		}
		if !covers(cidr, except) || except == cidr {
			e.reject("%s is no part of %s", except, cidr)
		}
		b.Except = append(b.Except, except)
	}
	return b
}

// cidr returns a masked prefix. Host bits are noted only: clusters accept them
// unless strict validation is on (KEP-4858), and mask them.
func (f *field) cidr() (prefix netip.Prefix, ok bool) {
	s, ok := f.text()
	if !ok {
		return netip.Prefix{}, false
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil || prefix.Addr().Is4In6() {
		f.reject("%q is no CIDR", s)
		return netip.Prefix{}, false
	}
	if prefix != prefix.Masked() {
		f.note("%s has host bits, read as %s", prefix, prefix.Masked())
	}
	return prefix.Masked(), true
}

// rulePort returns a port of no number and no name for one that the API server rejects.
func (f *field) rulePort() *RulePort {
	p := &RulePort{Path: f.path()}
	if !f.mapping() {
		return p
	}
	f.only("protocol", "port", "endPort")
	port, endPort := f.child("port"), f.child("endPort")
	protocol, ok := f.child("protocol").protocol()
	last, validEnd := endPort.port()
	if !ok || !validEnd {
		return p
	}
	p.Protocol = protocol
	name, isName := port.value.(string)
	switch {
	case endPort.present() && (isName || !port.present()):
		endPort.reject("needs a port number beside it")
	case isName:
		if problems := validation.IsValidPortName(name); len(problems) > 0 {
			port.reject("%q is no port name: %s", name, problems[0])
			break
		}
		p.Name = name
	case !port.present():
		p.First, p.Last = FirstPort, LastPort
	default:
		p.First, p.Last = port.portRange(endPort, last)
	}
	return p
}

// portRange returns the ports from f to last, which endPort holds where present.
// It returns zeros where f is no port or last lies below it.
func (f *field) portRange(endPort *field, last int) (lo, hi int) {
	first, ok := f.port()
	switch {
	case !ok:
		return 0, 0
	case !endPort.present():
		return first, first
	case last < first:
		endPort.reject("%d is below port %d", last, first)
		return 0, 0
	}
	return first, last
}

// selector reads a label selector; an absent one is empty. One with a part that
// the API server rejects matches nothing.
func (f *field) selector() Selector {
	if !f.mapping() {
		return Selector{invalid: true}
	}
	f.only("matchLabels", "matchExpressions")
	labels, ok := f.child("matchLabels").labels()
	s := Selector{invalid: !ok}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		s.Requirements = append(s.Requirements, Requirement{Key: key, Operator: In, Values: []string{labels[key]}})
	}
	items, ok := f.child("matchExpressions").items()
	s.invalid = s.invalid || !ok
	for _, item := range items {
		r, ok := item.requirement()
		s.Requirements = append(s.Requirements, r)
		s.invalid = s.invalid || !ok
	}
	return s
}

func (f *field) requirement() (r Requirement, ok bool) {
	if !f.mapping() {
		return r, false
	}
	f.only("key", "operator", "values")
	key, okKey := f.child("key").text()
	operator, okOperator := f.child("operator").text()
	r, ok = Requirement{Key: key, Operator: Operator(operator)}, okKey && okOperator
	ok = ok && f.child("key").validKey(key)
	values := f.child("values")
	items, okValues := values.items()
	ok = ok && okValues
	for _, item := range items {
		value, valid := item.labelValue()
		r.Values = append(r.Values, value)
		ok = ok && valid
	}
	switch r.Operator {
	case In, NotIn:
		if okValues && len(items) == 0 {
			values.reject("%s needs at least one value", operator)
			ok = false
		}
	case Exists, DoesNotExist:
		if len(items) > 0 {
			values.reject("%s takes no values", operator)
			ok = false
		}
	default:
		if okOperator {
			f.child("operator").reject("is %q, want In, NotIn, Exists or DoesNotExist", operator)
		}
		ok = false
	}
	return r, ok
}
