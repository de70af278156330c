package netpol

import (
	"net/netip"
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation"
)

// policy reads a NetworkPolicy. What the API server would reject allows nothing.
func (r *reader) policy(n *Namespace) *Policy {
	p := &r.policies.take(1)[0]
	p.Ref, p.Source, p.namespace = r.object.Ref, r.object, n
	defer func() {
		p.Problems = r.problems
		r.doubtRejected(p)
	}()
	r.metadata()
	spec := r.root().child("spec")
	if !spec.mapping() {
		p.Selector.invalid = true
		return p
	}
	fields := spec.fields("podSelector", "policyTypes", "ingress", "egress")
	pods, types, ingress, egress := &fields[0], &fields[1], &fields[2], &fields[3]
	p.Selector = *pods.selector()
	p.IngressRules = ingress.rules(p, Ingress)
	p.EgressRules = egress.rules(p, Egress)
	p.Types, p.TypesWritten = types.policyTypes()
	switch {
	case p.TypesWritten:
	case len(p.EgressRules) > 0:
		p.Types = bothDirections()
	default:
		p.Types = directions(true, false)
	}
	return p
}

func (f *field) policyTypes() (types []Direction, written bool) {
	n, _ := f.length()
	var has [2]bool
	tooMany := n > len(bothDirections())
	if tooMany {
		f.reject("has %d items, want at most %d", n, len(bothDirections()))
	}
	for i := range n {
		item := f.item(i)
		switch name, ok := item.text(); {
		case name == Ingress.String():
			has[Ingress] = true
		case name == Egress.String():
			has[Egress] = true
		case ok && !tooMany:
			item.reject("is %q, want Ingress or Egress", name)
		}
	}
	return directions(has[Ingress], has[Egress]), n > 0
}

func (f *field) rules(p *Policy, d Direction) []*Rule {
	n, _ := f.length()
	rules := f.reader.ruleLists.take(n)
	for i := range n {
		rules[i] = f.item(i).rule(p, d, i)
	}
	return rules
}

func (f *field) rule(p *Policy, d Direction, index int) *Rule {
	rule := f.reader.rules.put(Rule{Policy: p, Direction: d, Index: index})
	if !f.mapping() {
		return rule
	}
	fields := f.fields(d.side(), "ports")
	from, ports := &fields[0], &fields[1]
	n, ok := from.length()
	rule.AllPeers = ok && n == 0
	rule.Peers = f.reader.peerLists.take(n)
	for i := range n {
		rule.Peers[i] = from.item(i).rulePeer(rule, i)
	}
	n, ok = ports.length()
	rule.AllPorts = ok && n == 0
	if n > 0 {
		rule.Ports = recall(ports, &f.reader.recentRulePorts, (*field).rulePorts)
	}
	return rule
}

func (f *field) rulePeer(rule *Rule, index int) *RulePeer {
	p := f.reader.peers.put(RulePeer{Rule: rule, index: index})
	if !f.mapping() {
		return p
	}
	fields := f.fields("podSelector", "namespaceSelector", "ipBlock")
	pods, namespaces, block := &fields[0], &fields[1], &fields[2]
	if pods.present() {
		p.PodSelector = pods.selector()
	}
	if namespaces.present() {
		p.NamespaceSelector = namespaces.selector()
	}
	if block.present() {
		p.Block = block.ipBlock()
	}
	switch selects := pods.present() || namespaces.present(); {
	case block.present() && selects:
		f.reject("holds ipBlock beside a selector, want one or the other")
		*p = RulePeer{Rule: rule, index: index}
	case !block.present() && !selects:
		f.reject("holds no podSelector, namespaceSelector or ipBlock")
	}
	return p
}

// ipBlock returns nil for a block that the API server rejects. An exception that
// lies outside the block is rejected too, but changes nothing.
func (f *field) ipBlock() *Block {
	if !f.mapping() {
		return nil
	}
	fields := f.fields("cidr", "except")
	cidr, bits, ok := fields[0].legacyCIDR()
	excepted := &fields[1]
	n, isList := excepted.length()
	if !ok || !isList {
		return nil
	}
	b := f.reader.blocks.put(Block{CIDR: cidr, Except: f.reader.prefixes.take(n)[:0]})
	for i := range n {
		e := excepted.item(i)
		except, exceptBits, valid := e.legacyCIDR()
		if valid && (!cidr.Contains(except.Addr()) || exceptBits <= bits) {
			e.reject("%s is no part of %s", except, cidr)
		}
		ok = ok && valid
		b.Except = append(b.Except, except)
	}
	if !ok {
		return nil
	}
	return b
}

// legacyCIDR returns a masked prefix of a field that is older than strict checks of
// addresses (KEP-4858). Kubernetes rejects host bits, leading zeros and addresses of
// IPv4 that are written as ones of IPv6 from 1.36 on. They are read as it did before.
// The length in bits is the one that is written.
func (f *field) legacyCIDR() (prefix netip.Prefix, bits int, ok bool) {
	s, ok := f.text()
	if !ok {
		return netip.Prefix{}, 0, false
	}
	prefix, err := netip.ParsePrefix(s)
	zeros := err != nil
	if zeros {
		prefix, err = netip.ParsePrefix(leadingZeros.ReplaceAllString(s, "$1$2"))
	}
	if err != nil {
		f.reject("%q is no CIDR", s)
		return netip.Prefix{}, 0, false
	}
	bits = prefix.Bits()
	mapped := prefix.Addr().Is4In6()
	if mapped && bits >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), bits-96)
	}
	switch {
	case zeros:
		f.reject("%s has leading zeros, read as %s", s, prefix.Masked())
	case mapped:
		f.reject("%s is of IPv4 but written as IPv6, read as %s", s, prefix.Masked())
	case prefix != prefix.Masked():
		f.reject("%s has host bits, read as %s", s, prefix.Masked())
	}
	return prefix.Masked(), bits, true
}

// leadingZeros matches numbers of an address or of a length that start with zeros,
// which Kubernetes ignores.
var leadingZeros = regexp.MustCompile(`(^|[./:])0+([0-9a-fA-F])`)

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
	if prefix != prefix.Masked() {
		f.note("%s has host bits, read as %s", s, prefix.Masked())
	}
	return prefix.Masked(), true
}

// rulePorts reads what length found to be a list.
func (f *field) rulePorts() []*RulePort {
	n, _ := f.length()
	ports := f.reader.portLists.take(n)
	for i := range n {
		ports[i] = f.item(i).rulePort()
	}
	return ports
}

// rulePort returns a port of no number and no name for one that the API server rejects.
func (f *field) rulePort() *RulePort {
	p := f.reader.ports.put(RulePort{})
	if !f.mapping() {
		return p
	}
	fields := f.fields("port", "protocol", "endPort")
	port, endPort := &fields[0], &fields[2]
	protocol, ok := fields[1].protocol()
	item, valid := RulePort{Protocol: protocol}, true
	name, isName := port.value.(string)
	switch {
	case isName:
		item.Name, valid = name, port.portName(name)
	case port.present():
		item.First, item.Last, valid = port.portRange(endPort)
	default:
		item.First, item.Last = FirstPort, LastPort
	}
	if endPort.present() && (isName || !port.present()) {
		endPort.reject("needs a port number beside it")
		valid = false
	}
	if ok && valid {
		*p = item
	}
	return p
}

// portName tells whether name, which f holds, is that of a port.
func (f *field) portName(name string) bool {
	if plainPortName(name) {
		return true
	}
	if problems := validation.IsValidPortName(name); len(problems) > 0 {
		f.reject("%q is no port name: %s", name, problems[0])
		return false
	}
	return true
}

// plainPortName tells at a glance that s is the name of a port; false means that it
// needs a closer look.
func plainPortName(s string) bool {
	letters := 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z':
			letters++
		case c == '-' && i > 0 && i < len(s)-1 && s[i-1] != '-':
		case c < '0' || c > '9':
			return false
		}
	}
	return letters > 0 && len(s) <= 15
}

// portRange returns the ports from f to the one of endPort, where present; ok is
// false where one of them is no port, or endPort lies below f.
func (f *field) portRange(endPort *field) (first, last int, ok bool) {
	first, ok = f.port()
	if !endPort.present() {
		return first, first, ok
	}
	last, valid := endPort.port()
	if written, _ := f.whole(); valid && last < written {
		endPort.reject("%d is below port %d", last, written)
		valid = false
	}
	return first, last, ok && valid
}

// selector reads a label selector; an absent one is empty. One with a part that
// the API server rejects matches nothing.
func (f *field) selector() *Selector {
	return recall(f, &f.reader.recentSelectors, (*field).newSelector)
}

func (f *field) newSelector() *Selector {
	if !f.mapping() {
		return &Selector{invalid: true}
	}
	fields := f.fields("matchLabels", "matchExpressions")
	return selectorOf(&fields[0], &fields[1])
}

// selectorOf reads the two fields of a selector.
func selectorOf(labels, expressions *field) *Selector {
	if !expressions.present() {
		return recall(labels, &labels.reader.recentLabels, (*field).labelSelector)
	}
	s := labels.matchLabels()
	n, ok := expressions.length()
	s.invalid = s.invalid || !ok
	for i := range n {
		r, ok := expressions.item(i).requirement()
		s.Requirements = append(s.Requirements, r)
		s.invalid = s.invalid || !ok
	}
	return labels.reader.intern(s)
}

// matchLabels reads labels as a selector that lives until the next is read, unless it
// is interned.
func (f *field) matchLabels() Selector {
	labels, ok := f.labelList()
	d := f.reader.decoder
	d.required, d.requiredText = d.required[:0], d.requiredText[:0]
	for i, l := range labels {
		d.requiredText = append(d.requiredText, l.value)
		d.required = append(d.required, Requirement{Key: l.key, Operator: In, Values: d.requiredText[i : i+1 : i+1]})
	}
	return Selector{Requirements: d.required, invalid: !ok}
}

// labelSelector reads labels that are a selector.
func (f *field) labelSelector() *Selector { return f.reader.intern(f.matchLabels()) }

// intern returns the one selector that stands for all that are written like s, so that
// what is known of it is found by its address. Invalid ones stay apart.
func (d *decoder) intern(s Selector) *Selector {
	d.key = s.appendKey(d.key[:0])
	if known := d.interned[string(d.key)]; known != nil && !s.invalid {
		return known
	}
	made := d.selectors.put(Selector{Requirements: d.requirements.take(len(s.Requirements)), invalid: s.invalid})
	for i, r := range s.Requirements {
		r.Values = append(d.values.take(len(r.Values))[:0], r.Values...)
		made.Requirements[i] = r
	}
	d.askedForAdded = d.askedForAdded || made.added() != nil
	if !s.invalid {
		d.interned[string(d.key)] = made
		made.number = int32(len(d.interned))
	}
	return made
}

func (f *field) requirement() (r Requirement, ok bool) { return f.requirementOn((*field).validKey) }

// requirementOn is requirement for keys that are valid in a way of their own.
func (f *field) requirementOn(validKey func(f *field, key string) bool) (r Requirement, ok bool) {
	if !f.mapping() {
		return r, false
	}
	fields := f.fields("key", "operator", "values")
	values := &fields[2]
	key, okKey := fields[0].text()
	operator, okOperator := fields[1].text()
	r, ok = Requirement{Key: key, Operator: Operator(operator)}, okKey && okOperator
	ok = ok && validKey(&fields[0], key)
	n, okValues := values.length()
	ok = ok && okValues
	r.Values = f.reader.values.take(n)[:0]
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
			fields[1].reject("is %q, want In, NotIn, Exists or DoesNotExist", operator)
		}
		ok = false
	}
	return r, ok
}
