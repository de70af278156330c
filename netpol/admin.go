package netpol

import (
	"net/netip"
	"regexp"
)

// adminKind is what the kinds of the network-policy-api differ in.
type adminKind struct {
	tiers   map[string]Tier // by spec.tier; nil where the kind is of one tier only
	tier    Tier
	actions map[string]Action
	// Names of fields, and the most items that a list may have.
	ports string
	most  int
}

func adminKindOf(kind string) adminKind {
	switch kind {
	case "ClusterNetworkPolicy":
		return adminKind{
			tiers:   map[string]Tier{"Admin": AdminTier, "Baseline": BaselineTier},
			actions: map[string]Action{"Accept": Allow, "Deny": Deny, "Pass": Pass},
			ports:   "protocols", most: 25,
		}
	case "BaselineAdminNetworkPolicy":
		return adminKind{tier: BaselineTier, actions: map[string]Action{"Allow": Allow, "Deny": Deny}, ports: "ports", most: 100}
	default:
		return adminKind{tier: AdminTier, actions: map[string]Action{"Allow": Allow, "Deny": Deny, "Pass": Pass}, ports: "ports", most: 100}
	}
}

// adminPolicy reads a policy of policy.networking.k8s.io.
func (r *reader) adminPolicy() *Policy {
	kind := adminKindOf(r.object.Kind)
	p := &Policy{Ref: r.object.Ref, Source: r.object, Tier: kind.tier, NamespaceSelector: &Selector{}}
	defer func() {
		p.Problems = r.problems
		r.doubtRejected(p)
	}()
	p.Namespace = "" // whatever the object says: the kinds are cluster-scoped
	root := r.root()
	if kind.tier == BaselineTier && p.Name != "default" {
		root.at("metadata", "name").reject("is %q, want default", p.Name)
	}
	spec := root.child("spec")
	if !spec.mapping() {
		p.Selector.invalid = true
		return p
	}
	spec.only("tier", "priority", "subject", "ingress", "egress")
	spec.adminOrder(p, kind)
	spec.child("subject").subject(p)
	p.IngressRules = spec.child("ingress").adminRules(p, Ingress, kind)
	p.EgressRules = spec.child("egress").adminRules(p, Egress, kind)
	for _, d := range bothDirections() {
		if len(p.Written(d)) > 0 {
			p.Types = append(p.Types, d)
		}
	}
	return p
}

// adminOrder reads what places a policy among the others.
func (f *field) adminOrder(p *Policy, kind adminKind) {
	if kind.tiers != nil {
		tier := f.child("tier")
		name, _ := tier.text()
		known := false
		if p.Tier, known = kind.tiers[name]; !known {
			tier.reject("is %q, want Admin or Baseline", name)
		}
	}
	if kind.tiers == nil && kind.tier == BaselineTier {
		return // BaselineAdminNetworkPolicy has no priority: there is only one
	}
	priority := f.child("priority")
	if !priority.present() {
		priority.reject("is missing")
	}
	p.Priority, _ = priority.number("priority", 0, 1000)
}

// subject reads AdminNetworkPolicySubject. A policy without a valid one selects
// nothing.
func (f *field) subject(p *Policy) {
	namespaces, pods, ok := f.podsOf("a subject", f.others("namespaces", "pods"))
	if !ok {
		p.Selector.invalid = true
		return
	}
	p.NamespaceSelector, p.Selector = namespaces, Selector{}
	if pods != nil {
		p.Selector = *pods
	}
}

// podsOf reads the fields namespaces and pods, of which a mapping must have
// exactly one, and none of the unknown ones.
func (f *field) podsOf(what string, unknown []string) (namespaces, pods *Selector, ok bool) {
	if !f.mapping() {
		return nil, nil, false
	}
	for _, key := range unknown {
		f.child(key).note("unknown field, ignored")
	}
	all, some := f.child("namespaces"), f.child("pods")
	if all.present() == some.present() {
		f.reject("want exactly one of namespaces and pods for %s", what)
		return nil, nil, false
	}
	if all.present() {
		return all.tierSelector(), nil, true
	}
	if !some.mapping() {
		return nil, nil, false
	}
	some.only("namespaceSelector", "podSelector")
	required := []string{"podSelector"}
	if f.reader.object.Kind != "ClusterNetworkPolicy" { // which has made the other optional
		required = append(required, "namespaceSelector")
	}
	for _, key := range required {
		if selector := some.child(key); !selector.present() {
			selector.reject("is missing")
			return nil, nil, false
		}
	}
	return some.child("namespaceSelector").tierSelector(), some.child("podSelector").tierSelector(), true
}

// tierSelector reads a label selector. A field that it does not have is rejected,
// for without it the selector would be wider than its author thought.
func (f *field) tierSelector() *Selector {
	for _, key := range f.others("matchLabels", "matchExpressions") {
		f.child(key).reject("unknown field")
	}
	if !f.mapping() {
		return &Selector{invalid: true}
	}
	return selectorOf(f.child("matchLabels"), f.child("matchExpressions"))
}

func (f *field) adminRules(p *Policy, d Direction, kind adminKind) []*Rule {
	n := f.limited(kind.most)
	rules := make([]*Rule, 0, n)
	for i := range n {
		rules = append(rules, f.item(i).adminRule(p, d, i, kind))
	}
	return rules
}

// limited is length for a list with a greatest length.
func (f *field) limited(most int) int {
	n, _ := f.length()
	if n > most {
		f.reject("has %d items, want at most %d", n, most)
	}
	return n
}

// adminRule reads a rule. One with a part that the API server rejects fails closed.
func (f *field) adminRule(p *Policy, d Direction, index int, kind adminKind) *Rule {
	rule := &Rule{Policy: p, Direction: d, Index: index}
	before := f.reader.rejected
	f.adminRuleFields(rule, kind)
	if f.reader.rejected == before {
		return rule
	}
	if rule.Action == Allow {
		return &Rule{Policy: p, Direction: d, Index: index}
	}
	return &Rule{Policy: p, Direction: d, Index: index, Action: Deny, AllPeers: true, AllPorts: true}
}

func (f *field) adminRuleFields(rule *Rule, kind adminKind) {
	rule.Action = Deny
	if !f.mapping() {
		return
	}
	side := rule.Direction.side()
	f.only("name", "action", side, kind.ports)
	if name, _ := f.child("name").text(); len(name) > 100 {
		f.child("name").reject("is longer than 100 characters")
	}
	action := f.child("action")
	name, _ := action.text()
	known := false
	if rule.Action, known = kind.actions[name]; !known {
		rule.Action = Deny
		action.reject("is %q, which is no action of a %s", name, rule.Policy.Kind)
	}
	peers, ports := f.child(side), f.child(kind.ports)
	n := peers.limited(kind.most)
	if n == 0 {
		peers.reject("needs at least one peer")
	}
	beyond := false // some peer is no pod
	for i := range n {
		item := peers.item(i)
		p := item.adminPeer(rule, i)
		rule.Peers = append(rule.Peers, p)
		beyond = beyond || p.Nodes != nil || p.Networks != nil || item.child("domainNames").present()
	}
	rule.AllPorts = !ports.present()
	if n := ports.limited(kind.most); n == 0 && ports.present() {
		ports.reject("needs at least one item")
	}
	for i := range ports.limited(kind.most) {
		for _, p := range ports.item(i).adminPort(kind) {
			if beyond && p.Name != "" {
				ports.item(i).reject("names a port, which only pods have")
			}
			rule.Ports = append(rule.Ports, p)
		}
	}
}

// adminPeer reads AdminNetworkPolicyIngressPeer and AdminNetworkPolicyEgressPeer.
func (f *field) adminPeer(rule *Rule, index int) *RulePeer {
	p := &RulePeer{Rule: rule, index: index}
	if !f.mapping() {
		return p
	}
	nodes, networks, domains := f.child("nodes"), f.child("networks"), f.child("domainNames")
	present := 0
	for _, other := range []*field{nodes, networks, domains} {
		if other.present() {
			present++
		}
	}
	unknown := f.others("namespaces", "pods", "nodes", "networks", "domainNames")
	switch {
	case present == 0:
		var ok bool
		if p.NamespaceSelector, p.PodSelector, ok = f.podsOf("a peer", unknown); !ok {
			p.NamespaceSelector, p.PodSelector = nil, nil
		}
	case present > 1 || f.child("namespaces").present() || f.child("pods").present() || rule.Direction == Ingress:
		f.reject("want exactly one peer")
	case nodes.present():
		p.Nodes = nodes.tierSelector()
	case networks.present():
		networks.networks(p)
	default:
		for i := range domains.set() {
			if name, ok := domains.item(i).text(); ok && !domainName.MatchString(name) {
				domains.item(i).reject("%q is no domain name", name)
			}
		}
		rule.doubt("domain names are not resolved", domains.path()...)
	}
	return p
}

// domainName matches DomainName, which may stand for all names below another one.
var domainName = regexp.MustCompile(`^(\*\.)?(\w([-\w]*[[:alnum:]])?\.)+\w([-\w]*[[:alnum:]])?\.?$`)

// set returns the number of items of a list of 1 to 25 texts, all different.
func (f *field) set() int {
	n := f.limited(25)
	if n == 0 {
		f.reject("needs at least one item")
	}
	seen := map[string]bool{}
	for i := range n {
		item := f.item(i)
		if text, ok := item.value.(string); ok {
			if seen[text] {
				item.reject("is listed twice")
			}
			seen[text] = true
		}
	}
	return n
}

// networks reads a list of CIDRs.
func (f *field) networks(p *RulePeer) {
	n := f.set()
	p.Networks = make([]netip.Prefix, 0, n)
	for i := range n {
		if prefix, ok := f.item(i).cidr(); ok {
			p.Networks = append(p.Networks, prefix)
		}
	}
	f.knowPods(p)
}

// knowPods finds whether every pod has an address in the networks that f holds;
// the rule is doubtful where only some may have.
func (f *field) knowPods(p *RulePeer) {
	if p.everyPod = holdEveryPod(p.Networks); p.everyPod {
		return
	}
	for _, n := range p.Networks {
		if mayHoldPods(n) {
			p.Rule.doubt("pods may have addresses in "+n.String(), f.path()...)
			return
		}
	}
}

// adminPort reads AdminNetworkPolicyPort and ClusterNetworkPolicyProtocol.
func (f *field) adminPort(kind adminKind) []*RulePort {
	if !f.mapping() {
		return nil
	}
	m, _ := f.value.(map[string]any)
	if len(m) != 1 {
		f.reject("has %d fields, want exactly one", len(m))
		return nil
	}
	for key := range m {
		value := f.child(key)
		switch {
		case kind.ports == "ports" && key == "portNumber":
			return value.adminNumber("port")
		case kind.ports == "ports" && key == "portRange":
			value.only("protocol", "start", "end")
			if protocol, ok := value.child("protocol").protocol(); ok {
				return value.adminRange(protocol, 0)
			}
			return nil
		case kind.ports == "ports" && key == "namedPort", kind.ports == "protocols" && key == "destinationNamedPort":
			name, _ := value.text()
			return []*RulePort{{Name: name}}
		case kind.ports == "protocols" && (key == "tcp" || key == "udp" || key == "sctp"):
			return value.destinationPort(map[string]Protocol{"tcp": TCP, "udp": UDP, "sctp": SCTP}[key])
		default:
			value.reject("is no known way to name ports")
		}
	}
	return nil
}

// adminNumber reads Port of v1alpha1.
func (f *field) adminNumber(key string) []*RulePort {
	if !f.mapping() {
		return nil
	}
	f.only("protocol", key)
	protocol, ok := f.child("protocol").protocol()
	number := f.child(key)
	n, valid := number.port()
	if !number.present() {
		number.reject("is missing")
	}
	if !ok || !valid {
		return nil
	}
	return []*RulePort{{Protocol: protocol, First: n, Last: n}}
}

// adminRange reads PortRange, in which the last port must be at least more above
// the first.
func (f *field) adminRange(protocol Protocol, more int) []*RulePort {
	if !f.mapping() {
		return nil
	}
	start, end := f.child("start"), f.child("end")
	first, okFirst := start.port()
	last, okLast := end.port()
	if !okFirst || !okLast {
		return nil
	}
	if first == 0 || last == 0 {
		f.reject("needs a start and an end")
		return nil
	}
	if last < first+more {
		end.reject("%d is not above start %d", last, first)
	}
	return []*RulePort{{Protocol: protocol, First: first, Last: last}}
}

// destinationPort reads ClusterNetworkPolicyProtocolTCP and the like.
func (f *field) destinationPort(protocol Protocol) []*RulePort {
	if !f.mapping() {
		return nil
	}
	f.only("destinationPort")
	port := f.child("destinationPort")
	if !port.mapping() {
		return nil
	}
	number, span := port.child("number"), port.child("range")
	if number.present() == span.present() {
		port.reject("want exactly one of number and range")
		return nil
	}
	if number.present() {
		n, ok := number.port()
		if !ok {
			return nil
		}
		return []*RulePort{{Protocol: protocol, First: n, Last: n}}
	}
	span.only("start", "end")
	return span.adminRange(protocol, 1)
}
