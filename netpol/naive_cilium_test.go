package netpol

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// naiveCilium is a CiliumNetworkPolicy, or a CiliumClusterwideNetworkPolicy where it
// has no namespace. Of two values, the first is about ingress.
type naiveCilium struct {
	name, namespace string
	subject         naiveEndpoints
	rules           [2][]naiveCiliumRule
	denies          [2]bool  // it has deny rules
	byDefault       [2]*bool // of enableDefaultDeny
}

// naiveEndpoints is a selector of identities: flat labels of pods, of which those of
// their namespaces are a part.
type naiveEndpoints struct {
	written metav1.LabelSelector  // with sources of labels
	flat    *metav1.LabelSelector // without, and with what Cilium adds
	doubt   bool
}

type naiveCiliumRule struct {
	endpoints []naiveEndpoints
	cidrs     []string
	sets      []networkingv1.IPBlock
	entities  []string
	ports     []map[string]any
	beyond    string // a field that is not evaluated
}

const (
	ciliumName = "io.kubernetes.pod.namespace"
	ciliumMeta = "io.cilium.k8s.namespace.labels."
)

// identity returns the labels by which Cilium knows a node. Addresses and nodes have
// none that selectors of pods could name.
func (c *naiveCluster) identity(n naiveNode) labels.Set {
	if n.namespace == "" || n.host {
		return labels.Set{}
	}
	set := labels.Merge(n.labels, labels.Set{ciliumName: n.namespace})
	for key, value := range c.namespaces[n.namespace] {
		set[ciliumMeta+key] = value
	}
	return set
}

func (p *naiveCilium) selects(c *naiveCluster, n naiveNode) bool {
	return n.namespace != "" && !n.host && c.matches(p.subject.flat, c.identity(n))
}

func (p *naiveCilium) isolates(incoming bool) bool {
	d := sideIndex(incoming)
	return p.hasRules(d) && (p.byDefault[d] == nil || *p.byDefault[d])
}

func (p *naiveCilium) hasRules(side int) bool { return len(p.rules[side]) > 0 || p.denies[side] }

func (p *naiveCilium) doubtful(c *naiveCluster, incoming bool) bool {
	d := sideIndex(incoming)
	if p.subject.doubt || p.denies[d] {
		return true
	}
	for _, r := range p.rules[d] {
		if r.doubtful(c, incoming) {
			return true
		}
	}
	return false
}

func (r *naiveCiliumRule) doubtful(c *naiveCluster, incoming bool) bool {
	for _, e := range r.endpoints {
		if e.doubt {
			return true
		}
	}
	for _, e := range r.entities {
		if e == "kube-apiserver" || e == "host" && c.hasHosts() {
			return true
		}
	}
	for _, p := range r.ports {
		if _, err := strconv.Atoi(p["port"].(string)); err != nil && !incoming {
			return true
		}
	}
	return r.beyond != ""
}

func (p *naiveCilium) allows(c *naiveCluster, incoming bool, far, to naiveNode, protocol corev1.Protocol, port int32) bool {
	for _, r := range p.rules[sideIndex(incoming)] {
		if r.hasPeer(c, far) && r.hasPort(to, protocol, port) {
			return true
		}
	}
	return false
}

func (r *naiveCiliumRule) hasPeer(c *naiveCluster, n naiveNode) bool {
	outside := n.namespace == ""
	for _, e := range r.endpoints {
		if !outside && !n.host && c.matches(e.flat, c.identity(n)) {
			return true
		}
	}
	for _, s := range r.cidrs {
		if prefix, err := netip.ParsePrefix(s); outside && (err == nil && prefix.Contains(n.address) || s == n.address.String()) {
			return true
		}
	}
	for i := range r.sets {
		if outside && inBlock(&r.sets[i], n.address) {
			return true
		}
	}
	for _, e := range r.entities {
		if e == "all" || e == "world" && outside || e == "cluster" && !outside {
			return true
		}
	}
	return r.peers() == 0 && len(r.ports) > 0
}

func (r *naiveCiliumRule) peers() int {
	return len(r.endpoints) + len(r.cidrs) + len(r.sets) + len(r.entities)
}

func (r *naiveCiliumRule) hasPort(to naiveNode, protocol corev1.Protocol, port int32) bool {
	for _, p := range r.ports {
		if want, ok := p["protocol"]; ok && want != "ANY" && want != string(protocol) {
			continue
		}
		first, err := strconv.Atoi(p["port"].(string))
		last := first
		if end, ok := p["endPort"]; ok {
			last = end.(int)
		}
		if err == nil && (first == 0 || int32(first) <= port && port <= int32(last)) {
			return true
		}
		for _, declared := range to.ports {
			if strings.EqualFold(declared.Name, p["port"].(string)) && declared.Protocol == protocol && declared.ContainerPort == port {
				return true
			}
		}
	}
	return len(r.ports) == 0
}

func sideIndex(incoming bool) int {
	if incoming {
		return 0
	}
	return 1
}

func (d dice) cilium(i int) *naiveCilium {
	p := &naiveCilium{name: fmt.Sprintf("cilium%d", i), namespace: pick(d, "n0", "n1", "n2", "")}
	p.subject = d.endpoints(p.namespace, true)
	for side := range p.rules {
		if d.chance(60) {
			p.rules[side] = []naiveCiliumRule{}
		}
		for range d.IntN(3) {
			p.rules[side] = append(p.rules[side], d.ciliumRule(p.namespace))
		}
		p.denies[side] = d.chance(5)
		if d.chance(10) {
			deny := d.chance(50) && p.hasRules(side)
			p.byDefault[side] = &deny
		}
	}
	if !p.hasRules(0) && !p.hasRules(1) { // which is not accepted
		p.rules[0] = []naiveCiliumRule{d.ciliumRule(p.namespace)}
	}
	return p
}

func (d dice) ciliumRule(namespace string) naiveCiliumRule {
	var r naiveCiliumRule
	switch d.IntN(6) {
	case 0:
	case 1:
		r.cidrs = pick(d, []string{"10.0.0.0/8"}, []string{"0.0.0.0/0"}, []string{"10.1.2.3", "2001:db8::/32"}, []string{"::/0"})
	case 2:
		r.sets = []networkingv1.IPBlock{pick(d, networkingv1.IPBlock{CIDR: "0.0.0.0/0", Except: []string{"10.0.0.0/8"}}, networkingv1.IPBlock{CIDR: "10.0.0.0/8"})}
	case 3:
		r.entities = pick(d, []string{"world"}, []string{"cluster"}, []string{"all"}, []string{"world", "cluster"}, []string{"none"}, []string{"host"}, []string{"host", "world"})
		if d.chance(5) {
			r.entities = append(r.entities, "kube-apiserver")
		}
	default:
		for range 1 + d.IntN(2) {
			r.endpoints = append(r.endpoints, d.endpoints(namespace, false))
		}
	}
	for range d.IntN(3) {
		port := map[string]any{"port": pick(d, "0", "53", "80", "8080")}
		if d.chance(30) && port["port"] != "0" {
			first, _ := strconv.Atoi(port["port"].(string))
			port["endPort"] = first + pick(d, 0, 1, 8000)
		}
		if d.chance(15) {
			port = map[string]any{"port": pick(d, "http", "dns", "HTTP")}
		}
		if d.chance(70) {
			port["protocol"] = pick(d, "TCP", "TCP", "UDP", "SCTP", "ANY", "ICMP")
		}
		r.ports = append(r.ports, port)
	}
	if d.chance(5) {
		r.beyond = pick(d, "authentication", "Requires", "rules")
		if r.peers() == 0 && d.chance(25) {
			r.beyond = "Nodes"
		}
	}
	return r
}

// endpoints returns a selector of a policy of a namespace, or of the whole cluster.
func (d dice) endpoints(namespace string, subject bool) naiveEndpoints {
	e := naiveEndpoints{flat: &metav1.LabelSelector{}}
	keys := []string{"a", "b", "c"}
	if !subject || namespace == "" {
		keys = append(keys, ciliumName)
	}
	if namespace == "" || d.chance(20) {
		keys = append(keys, ciliumMeta+"a", ciliumMeta+NameLabel)
	}
	named, byLabels := false, false
	for d.chance(55) {
		r := d.requirement(keys, "", "x", "y", "n0", "n1", "gone")
		named = named || r.Key == ciliumName
		byLabels = byLabels || strings.HasPrefix(r.Key, ciliumMeta)
		e.flat.MatchExpressions = append(e.flat.MatchExpressions, r)
	}
	for _, r := range e.flat.MatchExpressions {
		r.Key = pick(d, "", "any:", "k8s:") + r.Key
		if r.Operator == metav1.LabelSelectorOpIn && len(r.Values) == 1 && e.written.MatchLabels[r.Key] == "" {
			e.written.MatchLabels = labels.Merge(e.written.MatchLabels, labels.Set{r.Key: r.Values[0]})
		} else {
			e.written.MatchExpressions = append(e.written.MatchExpressions, r)
		}
	}
	add := func(operator metav1.LabelSelectorOperator, values ...string) {
		e.flat.MatchExpressions = append(e.flat.MatchExpressions, metav1.LabelSelectorRequirement{Key: ciliumName, Operator: operator, Values: values})
	}
	switch {
	case subject && namespace != "":
		add(metav1.LabelSelectorOpIn, namespace)
	case named:
	case namespace == "":
		add(metav1.LabelSelectorOpExists)
	case !byLabels:
		add(metav1.LabelSelectorOpIn, namespace)
	default: // what versions do differently
		e.doubt = true
	}
	all, err := metav1.LabelSelectorAsSelector(e.flat)
	if err != nil {
		panic(err)
	}
	e.doubt = e.doubt || !subject && all.Matches(labels.Set{}) // then Cilium lets it match the world
	return e
}

func (p *naiveCilium) object() map[string]any {
	o := map[string]any{"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy"}
	metadata := map[string]any{"name": p.name}
	if p.namespace != "" {
		o["kind"], metadata["namespace"] = "CiliumNetworkPolicy", p.namespace
	}
	spec, byDefault := map[string]any{"endpointSelector": p.subject.written}, map[string]any{}
	for side, name := range []string{"ingress", "egress"} {
		if p.rules[side] != nil {
			rules := []any{}
			for _, r := range p.rules[side] {
				rules = append(rules, r.object([]string{"from", "to"}[side]))
			}
			spec[name] = rules
		}
		if p.denies[side] {
			spec[name+"Deny"] = []any{map[string]any{[]string{"from", "to"}[side] + "Entities": []string{"world"}}}
		}
		if p.byDefault[side] != nil {
			byDefault[name] = *p.byDefault[side]
			spec["enableDefaultDeny"] = byDefault
		}
	}
	o["metadata"], o["spec"] = metadata, spec
	return o
}

func (r *naiveCiliumRule) object(side string) map[string]any {
	o := map[string]any{}
	var endpoints, sets []any
	for _, e := range r.endpoints {
		endpoints = append(endpoints, e.written)
	}
	for _, s := range r.sets {
		sets = append(sets, s)
	}
	for name, list := range map[string]any{"Endpoints": endpoints, "CIDR": r.cidrs, "CIDRSet": sets, "Entities": r.entities} {
		if fmt.Sprint(list) != "[]" {
			o[side+name] = list
		}
	}
	if r.ports != nil {
		ports := map[string]any{"ports": r.ports}
		if r.beyond == "rules" {
			ports["rules"] = map[string]any{"http": []any{}}
		}
		o["toPorts"] = []any{ports}
	}
	switch r.beyond {
	case "authentication":
		o["authentication"] = map[string]any{"mode": "required"}
	case "Nodes", "Requires":
		o[side+r.beyond] = []any{map[string]any{}}
	case "rules":
		if r.ports == nil {
			o["authentication"] = map[string]any{"mode": "required"}
		}
	}
	return o
}
