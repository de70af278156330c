package netpol

import (
	"slices"
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
	defer func() {
		p.Problems = r.problems
		r.doubtRejected(p)
	}()
	fields := []string{"tier", "order", "selector", "types", "ingress", "egress", "performanceHints"}
	if n == nil {
		p.Namespace = ""
		fields = append(fields, "namespaceSelector")
	}
	spec := r.root().child("spec")
	if !spec.mapping() {
		p.Selector.invalid = true
		return p
	}
	spec.doubtOthers(func(reason string, path []any) { p.doubt(reason, path...) }, fields...)
	if tier, _ := spec.child("tier").text(); tier != "" && tier != "default" {
		p.doubt("tier "+tier+" is not evaluated", "spec", "tier")
	}
	known := spec.calicoSubject(p)
	p.IngressRules = spec.child("ingress").rulesOf(p, Ingress, (*field).calicoRule)
	p.EgressRules = spec.child("egress").rulesOf(p, Egress, (*field).calicoRule)
	p.Types, p.TypesWritten = spec.child("types").policyTypes()
	if !p.TypesWritten {
		p.Types = directions(len(p.IngressRules) > 0 || len(p.EgressRules) == 0, len(p.EgressRules) > 0)
	}
	p.doubts = slices.DeleteFunc(p.doubts, func(d Doubt) bool { return d.only != nil && !slices.Contains(p.Types, *d.only) })
	p.doubtTypes()
	if !known {
		p.doubt("what it selects is not known", "spec", "selector")
		p.setScope()
		p.Types = nil
	}
	return p
}

// doubtTypes doubts the types of a policy that has none written and is written where
// Calico keeps policies. Only its client and its API server set them; without, the
// policy is about both directions.
func (p *Policy) doubtTypes() {
	if p.Group == "crd.projectcalico.org" && !p.TypesWritten && len(p.Types) == 1 {
		other := Ingress + Egress - p.Types[0]
		p.doubtDirection(other, "without types it may be about "+other.String(), "spec")
	}
}

// calicoSubject reads what a policy selects; ok is false where that is not known.
func (f *field) calicoSubject(p *Policy) (ok bool) {
	if f.child("serviceAccountSelector").filled() {
		return false
	}
	namespaceSelector := &field{reader: f.reader} // only global ones have it
	if p.namespace == nil {
		namespaceSelector = f.child("namespaceSelector")
	}
	selector, ok := namespaceSelector.calicoPods(p.namespace, f.child("selector"))
	namespaces, pods := f.reader.internPods(selector)
	p.NamespaceSelector, p.Selector = namespaces, *pods
	return ok
}

// filled tells whether a text is there: for Calico an empty one is absent.
func (f *field) filled() bool { return f.present() && f.value != "" }

// calicoPods reads a selector of pods in the namespaces that f selects, or else in
// the own one. The former may name the namespace by a label that Calico adds to pods.
func (f *field) calicoPods(own *Namespace, selector *field) (s podSelector, ok bool) {
	pods, ok := selector.calicoSelector()
	namespaces, valid := f.calicoSelector()
	if own == nil || f.filled() {
		s.namespaces = &namespaces
	}
	for _, r := range pods.Requirements {
		if r.Key != calicoNamespace {
			s.pods.Requirements = append(s.pods.Requirements, r)
			continue
		}
		r.Key = NameLabel
		if s.namespaces == nil { // one of a namespace looks nowhere else
			s.namespaces = &Selector{Requirements: []Requirement{{Key: NameLabel, Operator: In, Values: []string{own.Name}}}}
		}
		s.namespaces.Requirements = append(s.namespaces.Requirements, r)
	}
	return s, ok && valid
}

// calicoRule reads a rule. One that only logs matches nothing, for the next rule
// decides then.
func (f *field) calicoRule(rule *Rule) {
	near, far := "destination", "source"
	if rule.Direction == Egress {
		near, far = far, near
	}
	action := f.child("action")
	switch name, ok := action.text(); name {
	case "Allow":
	case "Log":
		return
	case "Deny", "Pass":
		rule.doubt("action "+name+" is not evaluated", action.path()...)
		return
	default:
		if ok {
			action.reject("is %q, want Allow, Deny, Log or Pass", name)
		}
		return
	}
	f.doubtOthers(rule.doubtAt, "action", "metadata", "protocol", "source", "destination")
	if source := f.child("source"); source.child("ports").present() {
		rule.doubt("ports of the source are not evaluated", source.path()...)
	}
	f.child(near).doubtOthers(rule.doubtAt, "ports")
	f.child(far).calicoPeer(rule, far)
	f.child("destination").child("ports").calicoPorts(rule, f.child("protocol"))
}

// calicoPeer reads an EntityRule; an absent or empty one is about every peer.
func (f *field) calicoPeer(rule *Rule, name string) {
	if !f.mapping() {
		return
	}
	known := []string{"nets", "selector", "namespaceSelector", "ports"}
	f.doubtOthers(rule.doubtAt, known...)
	nets, selector, namespaces := f.child("nets"), f.child("selector"), f.child("namespaceSelector")
	selects := selector.filled() || namespaces.filled()
	n, _ := nets.length()
	peer := &RulePeer{Rule: rule, at: []any{name}}
	switch {
	case n > 0 && selects:
		rule.doubt("nets beside a selector are not evaluated", f.path()...)
	case n > 0:
		peer.at = append(peer.at, "nets")
		nets.calicoNets(peer, n)
		rule.Peers = append(rule.Peers, peer)
	case selects:
		rule.Peers = append(rule.Peers, peer)
		s, ok := namespaces.calicoPods(rule.Policy.namespace, selector)
		if !ok {
			rule.doubt("what it selects is not known", f.path()...)
			return
		}
		peer.NamespaceSelector, peer.PodSelector = f.reader.internPods(s)
	default: // what is not evaluated may name peers
		rule.AllPeers = !slices.ContainsFunc(f.others(known...), func(key string) bool { return f.child(key).present() })
	}
}

// calicoNets reads n networks, which match the pods inside them too.
func (f *field) calicoNets(peer *RulePeer, n int) {
	for i := range n {
		if prefix, ok := f.item(i).cidr(); ok {
			peer.Networks = append(peer.Networks, prefix)
			if prefix.Addr().Is4() != peer.Networks[0].Addr().Is4() {
				peer.Rule.doubt("nets of IPv4 beside ones of IPv6 are not evaluated", f.path()...)
			}
		}
	}
	f.knowPods(peer)
}

// calicoPorts reads the ports of a destination, and the protocol that they are of.
func (f *field) calicoPorts(rule *Rule, protocol *field) {
	all := []Protocol{TCP, UDP, SCTP}
	if protocol.present() {
		all = protocol.calicoProtocol()
	}
	n, _ := f.length()
	if n == 0 {
		rule.AllPorts = len(all) == 3
		for _, p := range all {
			rule.Ports = append(rule.Ports, &RulePort{Protocol: p, First: FirstPort, Last: LastPort})
		}
		return
	}
	if len(all) != 1 {
		rule.doubt("ports without TCP, UDP or SCTP are not evaluated", f.path()...)
		return
	}
	for i := range n {
		if p := f.item(i).calicoPort(all[0]); p != nil {
			rule.Ports = append(rule.Ports, p)
		}
	}
}

// calicoProtocol returns a protocol by its name or number, nothing for those
// without ports.
func (f *field) calicoProtocol() []Protocol {
	name, isName := f.value.(string)
	number, isNumber := f.value.(int64)
	if n, err := strconv.ParseUint(name, 10, 8); err == nil {
		number, isNumber = int64(n), true
	}
	byNumber := map[int64]Protocol{6: TCP, 17: UDP, 132: SCTP}
	switch p := Protocol(strings.ToUpper(name)); {
	case isNumber && byNumber[number] != "":
		return []Protocol{byNumber[number]}
	case isNumber && 0 < number && number < 256, p == "ICMP", p == "ICMPV6", p == "UDPLITE":
	case isName && p.slot() >= 0:
		return []Protocol{p}
	default:
		f.reject("is %s, want a protocol", describe(f.value))
	}
	return nil
}

// calicoPort reads a number, a range as in "80:90", or a name.
func (f *field) calicoPort(protocol Protocol) *RulePort {
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
	if strings.Trim(lo+hi, "0123456789") != "" && !isRange && f.value == text {
		return &RulePort{Protocol: protocol, Name: text}
	}
	first, err := strconv.ParseUint(lo, 10, 16)
	last, errLast := strconv.ParseUint(hi, 10, 16)
	if err != nil || errLast != nil || first > last {
		f.reject("is %s, want a port, a range of ports or a name", describe(f.value))
		return nil
	}
	return &RulePort{Protocol: protocol, First: int(first), Last: int(last)}
}
