package netpol

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// policy reads a NetworkPolicy. What the API server would reject allows nothing.
func (r *reader) policy(n *Namespace) *Policy {
	p := &Policy{Ref: r.object.Ref, Source: r.object, namespace: n}
	defer func() { p.Problems = r.problems }()
	root := r.root()
	spec := root.child("spec")
	if !spec.mapping() {
		p.Selector.invalid = true
		return p
	}
	spec.only("podSelector", "policyTypes", "ingress", "egress")
	p.Selector = spec.child("podSelector").selector()
	p.IngressRules = spec.child("ingress").rules(p, Ingress)
	p.EgressRules = spec.child("egress").rules(p, Egress)
	p.Types, p.TypesWritten = spec.child("policyTypes").policyTypes()
	switch {
	case p.TypesWritten:
	case len(p.EgressRules) > 0:
		p.Types = bothDirections()
	default:
		p.Types = bothDirections()[:1]
	}
	return p
}

func (f *field) policyTypes() (types []Direction, written bool) {
	n, _ := f.length()
	if n > len(bothDirections()) {
		f.reject("has %d items, want at most %d", n, len(bothDirections()))
	}
	for i := range n {
		item := f.item(i)
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
	return slices.Compact(types), n > 0
}

func (f *field) rules(p *Policy, d Direction) []*Rule {
	n, _ := f.length()
	rules := make([]*Rule, 0, n)
	for i := range n {
		rules = append(rules, f.item(i).rule(p, d, i))
	}
	return rules
}

func (f *field) rule(p *Policy, d Direction, index int) *Rule {
	rule := &Rule{Policy: p, Direction: d, Index: index}
	if !f.mapping() {
		return rule
	}
	side := d.side()
	f.only(side, "ports")
	from, ports := f.child(side), f.child("ports")
	n, ok := from.length()
	rule.AllPeers = ok && n == 0
	for i := range n {
		rule.Peers = append(rule.Peers, from.item(i).rulePeer(rule, i))
	}
	n, ok = ports.length()
	rule.AllPorts = ok && n == 0
	for i := range n {
		port := ports.item(i).rulePort()
		port.index = i
		rule.addPort(port)
	}
	return rule
}

func (r *Rule) addPort(p *RulePort) {
	p.rule = r
	r.Ports = append(r.Ports, p)
}

func (f *field) rulePeer(rule *Rule, index int) *RulePeer {
	p := &RulePeer{Rule: rule, index: index}
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
	cidr, ok := f.child("cidr").legacyCIDR()
	excepted := f.child("except")
	n, isList := excepted.length()
	if !ok || !isList {
		return nil
	}
	b := &Block{CIDR: cidr}
	for i := range n {
		e := excepted.item(i)
		except, ok := e.legacyCIDR()
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

// legacyCIDR returns a masked prefix of a field that is older than strict checks of
// addresses (KEP-4858). Unless a cluster turns them on, host bits and leading
// zeros are accepted and addresses of IPv4 may be written as ones of IPv6. All
// that is noted.
func (f *field) legacyCIDR() (prefix netip.Prefix, ok bool) {
	s, ok := f.text()
	if !ok {
		return netip.Prefix{}, false
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		prefix, err = netip.ParsePrefix(leadingZeros.ReplaceAllString(s, "$1$2"))
	}
	if err != nil {
		f.reject("%q is no CIDR", s)
		return netip.Prefix{}, false
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	f.noteReading(s, prefix)
	return prefix.Masked(), true
}

// leadingZeros matches numbers of an IPv4 address or of a length that start with
// zeros, which Kubernetes reads as decimal.
var leadingZeros = regexp.MustCompile(`(^|[./])0+([0-9])`)

// cidr returns a masked prefix as CEL's isCIDR accepts it. Host bits are noted.
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
	f.noteReading(s, prefix)
	return prefix.Masked(), true
}

func (f *field) noteReading(s string, prefix netip.Prefix) {
	switch {
	case prefix != prefix.Masked():
		f.note("%s has host bits, read as %s", s, prefix.Masked())
	case strings.ContainsAny(s, ".") && s != prefix.String():
		f.note("%s is read as %s", s, prefix)
	}
}

// rulePort returns a port of no number and no name for one that the API server rejects.
func (f *field) rulePort() *RulePort {
	p := &RulePort{}
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
		if port.portName(name) {
			p.Name = name
		}
	case !port.present():
		p.First, p.Last = FirstPort, LastPort
	default:
		p.First, p.Last = port.portRange(endPort, last)
	}
	return p
}

// portName tells whether name, which f holds, is that of a port.
func (f *field) portName(name string) bool {
	if problems := validation.IsValidPortName(name); len(problems) > 0 {
		f.reject("%q is no port name: %s", name, problems[0])
		return false
	}
	return true
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
	return f.selectorFields()
}

func (f *field) selectorFields() Selector {
	expressions := f.child("matchExpressions")
	s := f.child("matchLabels").matchLabels()
	n, ok := expressions.length()
	s.invalid = s.invalid || !ok
	for i := range n {
		r, ok := expressions.item(i).requirement()
		s.Requirements = append(s.Requirements, r)
		s.invalid = s.invalid || !ok
	}
	return s
}

func (f *field) matchLabels() Selector {
	m, _ := f.value.(map[string]any)
	s := Selector{}
	for key, v := range m {
		value, isText := v.(string)
		if !isText || !plainLabel(key) || !plainLabel(value) {
			return f.checkedMatchLabels()
		}
		s.Requirements = append(s.Requirements, Requirement{Key: key, Operator: In, Values: []string{value}})
	}
	slices.SortFunc(s.Requirements, byKey)
	s.invalid = !f.mapping()
	return s
}

// checkedMatchLabels is matchLabels for labels that need a closer look.
func (f *field) checkedMatchLabels() Selector {
	labels, ok := f.labels()
	s := Selector{invalid: !ok}
	for key, value := range labels {
		s.Requirements = append(s.Requirements, Requirement{Key: key, Operator: In, Values: []string{value}})
	}
	slices.SortFunc(s.Requirements, byKey)
	return s
}

func (f *field) requirement() (r Requirement, ok bool) {
	if !f.mapping() {
		return r, false
	}
	f.only("key", "operator", "values")
	values := f.child("values")
	key, okKey := f.child("key").text()
	operator, okOperator := f.child("operator").text()
	r, ok = Requirement{Key: key, Operator: Operator(operator)}, okKey && okOperator
	ok = ok && f.child("key").validKey(key)
	n, okValues := values.length()
	ok = ok && okValues
	for i := range n {
		value, valid := values.item(i).labelValue()
		r.Values = append(r.Values, value)
		ok = ok && valid
	}
	switch r.Operator {
	case In, NotIn:
		if okValues && n == 0 {
			values.reject("%s needs at least one value", operator)
			ok = false
		}
	case Exists, DoesNotExist:
		if n > 0 {
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
