package netpol

import (
	"regexp"
	"strconv"
	"strings"
)

// calicoPolicy reads NetworkPolicy, whose namespace is given, or
// GlobalNetworkPolicy of projectcalico.org/v3 and of crd.projectcalico.org/v1,
// in which Calico keeps it. Where all rules of the default tier allow, their order
// does not matter and they add to NetworkPolicies, which Calico places in the same
// tier (https://docs.tigera.io/calico/latest/reference/resources/networkpolicy).
// Everything else is doubted.
func (r *reader) calicoPolicy(n *Namespace) *Policy {
	p := &Policy{Ref: r.object.Ref, Source: r.object, namespace: n}
	defer func() { p.Problems = r.problems }()
	if n == nil {
		p.Namespace = ""
	}
	root := r.root()
	spec := root.child("spec")
	if !spec.mapping() {
		p.Selector.invalid = true
		return p
	}
	spec.doubtOthers(func(reason string, path []any) { p.doubt(reason, path...) },
		"tier", "order", "selector", "namespaceSelector", "types", "ingress", "egress", "performanceHints")
	if tier, _ := spec.child("tier").text(); tier != "" && tier != "default" {
		p.doubt("tier "+tier+" is not evaluated", "spec", "tier")
	}
	pods, ok := spec.child("selector").calicoSelector()
	namespaces, valid := spec.child("namespaceSelector").calicoSelector()
	if !ok || !valid || spec.child("serviceAccountSelector").present() {
		p.doubt("what it selects is not known", "spec", "selector")
		p.setScope()
		return p
	}
	selector := joinNamespaces(n, pods, namespaces, spec.child("namespaceSelector").present())
	p.Selector, p.NamespaceSelector = selector.pods, selector.namespaces
	if n != nil {
		p.NamespaceSelector = nil
	}
	p.IngressRules = spec.child("ingress").calicoRules(p, Ingress)
	p.EgressRules = spec.child("egress").calicoRules(p, Egress)
	p.Types, p.TypesWritten = spec.child("types").policyTypes()
	if !p.TypesWritten {
		if len(p.IngressRules) > 0 || len(p.EgressRules) == 0 {
			p.Types = append(p.Types, Ingress)
		}
		if len(p.EgressRules) > 0 {
			p.Types = append(p.Types, Egress)
		}
	}
	return p
}

// joinNamespaces makes a selector of one for pods and one for namespaces. The
// former may name the namespace by a label that Calico adds to pods.
func joinNamespaces(own *Namespace, pods, namespaces Selector, written bool) podSelector {
	var s podSelector
	if own == nil || written {
		s.namespaces = &namespaces
	}
	for _, r := range pods.Requirements {
		if r.Key != "projectcalico.org/namespace" {
			s.pods.Requirements = append(s.pods.Requirements, r)
			continue
		}
		r.Key = NameLabel
		if s.namespaces == nil { // one of a namespace looks nowhere else
			s.namespaces = &Selector{Requirements: []Requirement{{Key: NameLabel, Operator: In, Values: []string{own.Name}}}}
		}
		s.namespaces.Requirements = append(s.namespaces.Requirements, r)
	}
	return s
}

func (f *field) calicoRules(p *Policy, d Direction) []*Rule {
	n, _ := f.length()
	rules := make([]*Rule, 0, n)
	for i := range n {
		rule := &Rule{Policy: p, Direction: d, Index: i}
		rules = append(rules, rule)
		if item := f.item(i); item.mapping() {
			item.calicoRule(rule)
		}
	}
	return rules
}

// calicoRule reads a rule. One that only logs matches nothing, for the next rule
// decides then.
func (f *field) calicoRule(rule *Rule) {
	near, far := "destination", "source"
	if rule.Direction == Egress {
		near, far = far, near
	}
	f.doubtOthers(rule.doubtAt, "action", "metadata", "protocol", "source", "destination")
	switch action, _ := f.child("action").text(); action {
	case "Allow":
	case "Log":
		return
	default:
		rule.doubt("action "+action+" is not evaluated", f.child("action").path()...)
		return
	}
	destination := f.child("destination")
	source := f.child("source")
	if source.child("ports").present() {
		rule.doubt("ports of the source are not evaluated", source.path()...)
	}
	f.child(near).doubtOthers(rule.doubtAt, "ports")
	f.child(far).calicoPeer(rule, far)
	destination.child("ports").calicoPorts(rule, f.child("protocol"))
}

// calicoPeer reads an EntityRule; an absent or empty one is about every peer.
func (f *field) calicoPeer(rule *Rule, name string) {
	if !f.mapping() {
		return
	}
	f.doubtOthers(rule.doubtAt, "nets", "selector", "namespaceSelector", "ports")
	nets, selector, namespaces := f.child("nets"), f.child("selector"), f.child("namespaceSelector")
	selects := selector.present() || namespaces.present()
	n, _ := nets.length()
	switch {
	case n > 0 && selects:
		rule.doubt("nets beside a selector are not evaluated", f.path()...)
	case len(f.others("ports")) > 0 && n == 0 && !selects:
		// It is about what is not evaluated.
	case n > 0:
		peer := &RulePeer{Rule: rule, at: []any{name, "nets"}}
		for i := range n {
			if prefix, ok := nets.item(i).ciliumCIDR(); ok {
				peer.Networks = append(peer.Networks, prefix)
			}
		}
		nets.knowPods(peer)
		rule.Peers = append(rule.Peers, peer)
	case selects:
		peer := &RulePeer{Rule: rule, at: []any{name}}
		rule.Peers = append(rule.Peers, peer)
		pods, ok := selector.calicoSelector()
		spaces, valid := namespaces.calicoSelector()
		if !ok || !valid {
			rule.doubt("what it selects is not known", f.path()...)
			return
		}
		s := joinNamespaces(rule.Policy.namespace, pods, spaces, namespaces.present())
		peer.NamespaceSelector, peer.PodSelector = s.namespaces, &s.pods
	default:
		rule.AllPeers = true
	}
}

// calicoPorts reads the ports of a destination, and the protocol that they are of.
func (f *field) calicoPorts(rule *Rule, protocol *field) {
	all := []Protocol{TCP, UDP, SCTP}
	if protocol.present() {
		all = nil
		if p, ok := protocol.calicoProtocol(); ok {
			all = []Protocol{p}
		}
	}
	n, _ := f.length()
	if n == 0 {
		rule.AllPorts = len(all) == 3
		for _, p := range all {
			rule.addPort(&RulePort{Protocol: p, First: FirstPort, Last: LastPort, at: []any{"protocol"}})
		}
		return
	}
	for i := range n {
		for _, p := range f.item(i).calicoPort(all) {
			p.at = []any{"destination", "ports", i}
			rule.addPort(p)
		}
	}
}

// calicoProtocol returns a protocol by its name or number; ok is false for those
// without ports.
func (f *field) calicoProtocol() (p Protocol, ok bool) {
	switch v := f.value.(type) {
	case int64:
		p, ok = map[int64]Protocol{6: TCP, 17: UDP, 132: SCTP}[v]
		return p, ok
	case string:
		p = Protocol(strings.ToUpper(v))
		return p, p.slot() >= 0
	default:
		return "", false
	}
}

// calicoPort reads a number, a range as in "80:90", or a name.
func (f *field) calicoPort(protocols []Protocol) []*RulePort {
	var text string
	switch v := f.value.(type) {
	case int64:
		text = strconv.FormatInt(v, 10)
	case string:
		text = v
	}
	lo, hi, isRange := strings.Cut(text, ":")
	if !isRange {
		hi = lo
	}
	first, err := strconv.Atoi(lo)
	last, errLast := strconv.Atoi(hi)
	if err != nil || errLast != nil {
		return namedPorts(text, protocols)
	}
	var ports []*RulePort
	for _, p := range protocols {
		ports = append(ports, &RulePort{Protocol: p, First: first, Last: last})
	}
	return ports
}

// The parts of Calico's selectors that label selectors have too.
var (
	calicoHas   = regexp.MustCompile(`^(!?)\s*has\(\s*([^\s()'"]+)\s*\)$`)
	calicoEqual = regexp.MustCompile(`^([^\s()'"!=]+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)")$`)
	calicoIn    = regexp.MustCompile(`^([^\s()'"!=]+)\s+(in|not\s+in)\s*\{([^{}]*)\}$`)
	calicoValue = regexp.MustCompile(`^\s*(?:'([^']*)'|"([^"]*)")\s*$`)
)

// calicoSelector reads a selector that label selectors can express: conditions
// joined by &&. An absent one selects everything.
func (f *field) calicoSelector() (s Selector, ok bool) {
	text, ok := f.text()
	text = strings.TrimSpace(text)
	if !ok || text == "" || text == "all()" {
		return s, ok
	}
	for term := range strings.SplitSeq(text, "&&") {
		r, ok := calicoTerm(strings.TrimSpace(term))
		if !ok {
			return s, false
		}
		if r.Key != "" {
			s.Requirements = append(s.Requirements, r)
		}
	}
	return s, true
}

// calicoTerm reads one condition; without a key it is always met.
func calicoTerm(term string) (r Requirement, ok bool) {
	if term == "all()" {
		return r, true
	}
	if m := calicoHas.FindStringSubmatch(term); m != nil {
		r = Requirement{Key: m[2], Operator: Exists}
		if m[1] != "" {
			r.Operator = DoesNotExist
		}
	} else if m := calicoEqual.FindStringSubmatch(term); m != nil {
		r = Requirement{Key: m[1], Operator: In, Values: []string{m[3] + m[4]}}
		if m[2] == "!=" {
			r.Operator = NotIn
		}
	} else if m := calicoIn.FindStringSubmatch(term); m != nil {
		r = Requirement{Key: m[1], Operator: In}
		if m[2] != "in" {
			r.Operator = NotIn
		}
		for value := range strings.SplitSeq(m[3], ",") {
			v := calicoValue.FindStringSubmatch(value)
			if v == nil {
				return r, false
			}
			r.Values = append(r.Values, v[1]+v[2])
		}
	}
	return r.withoutCalicoNames()
}

// withoutCalicoNames replaces the label by which Calico names namespaces; ok is
// false for the other labels that Calico adds.
func (r Requirement) withoutCalicoNames() (Requirement, bool) {
	switch {
	case r.Key == "projectcalico.org/name":
		r.Key = NameLabel
	case r.Key == "projectcalico.org/namespace":
	case strings.HasPrefix(r.Key, "projectcalico.org/"), strings.HasPrefix(r.Key, "pcns."), strings.HasPrefix(r.Key, "pcsa."), r.Key == "":
		return r, false
	}
	return r, true
}
