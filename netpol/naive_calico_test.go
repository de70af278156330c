package netpol

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// naiveCalico is Calico's NetworkPolicy, or GlobalNetworkPolicy where it has no
// namespace. Of two values, the first is about ingress.
type naiveCalico struct {
	name, namespace string
	stored          bool // as Calico keeps it
	selector        naiveExpression
	namespaces      naiveExpression // of a global one
	types           []string
	rules           [2][]naiveCalicoRule
	beyond          string
}

// naiveExpression is a selector: conditions that must all be met, or its text if it
// is not one of those that are evaluated.
type naiveExpression struct {
	conditions []naiveCondition
	beyond     string
}

type naiveCondition struct {
	key, operator string
	values        []string
}

type naiveCalicoRule struct {
	action               string
	protocol             any
	selector, namespaces *naiveExpression
	nets                 []string
	ports                []any
	beyond               string
}

func (e *naiveExpression) meets(set labels.Set) bool {
	for _, c := range e.conditions {
		value, has := set[c.key]
		met := has && slices.Contains(c.values, value)
		switch c.operator {
		case "!=", "not in":
			met = !met
		case "has":
			met = has
		case "!has":
			met = !has
		}
		if !met {
			return false
		}
	}
	return true
}

func (e *naiveExpression) String() string {
	if e.beyond != "" {
		return e.beyond
	}
	var texts []string
	for _, c := range e.conditions {
		switch c.operator {
		case "has", "!has":
			texts = append(texts, c.operator+"("+c.key+")")
		case "in", "not in":
			quoted := []string{"'" + c.values[0] + "'"}
			for _, value := range c.values[1:] {
				quoted = append(quoted, `"`+value+`"`)
			}
			texts = append(texts, c.key+" "+c.operator+" {"+strings.Join(quoted, ",")+"}")
		default:
			texts = append(texts, c.key+c.operator+"'"+c.values[0]+"'")
		}
	}
	if texts == nil {
		return "all()"
	}
	return strings.Join(texts, " && ")
}

// inCalico tells whether selectors match a pod. A policy of a namespace looks only
// there, unless it selects namespaces.
func (c *naiveCluster) inCalico(namespace string, selector, namespaces *naiveExpression, n naiveNode) bool {
	switch {
	case n.namespace == "" || n.host:
		return false
	case namespaces != nil && !namespaces.meets(withLabel(c.namespaces[n.namespace], "projectcalico.org/name", n.namespace)):
		return false
	case namespaces == nil && namespace != "" && n.namespace != namespace:
		return false
	}
	return selector == nil || selector.meets(withLabel(n.labels, "projectcalico.org/namespace", n.namespace))
}

func (p *naiveCalico) unknown() bool { return p.selector.beyond != "" || p.namespaces.beyond != "" }

func (p *naiveCalico) selects(c *naiveCluster, n naiveNode) bool {
	if p.unknown() {
		return c.inCalico(p.namespace, nil, nil, n)
	}
	namespaces := &p.namespaces
	if p.namespace != "" {
		namespaces = nil
	}
	return c.inCalico(p.namespace, &p.selector, namespaces, n)
}

func (p *naiveCalico) isolates(incoming bool) bool {
	switch {
	case len(p.types) > 0:
		return slices.Contains(p.types, []string{"Ingress", "Egress"}[sideIndex(incoming)])
	case incoming:
		return len(p.rules[0]) > 0 || len(p.rules[1]) == 0
	default:
		return len(p.rules[1]) > 0
	}
}

func (p *naiveCalico) doubtful(_ *naiveCluster, incoming bool) bool {
	if p.unknown() || p.beyond != "" {
		return true
	}
	if !p.isolates(incoming) {
		return p.stored && len(p.types) == 0
	}
	for _, r := range p.rules[sideIndex(incoming)] {
		if r.doubtful() {
			return true
		}
	}
	return false
}

func (r *naiveCalicoRule) doubtful() bool {
	switch r.action {
	case "Log":
		return false
	case "Deny", "Pass":
		return true
	}
	selects := r.selector != nil || r.namespaces != nil
	return r.beyond != "" || selects && r.nets != nil || slices.Contains(r.nets, "10.0.0.0/8") && !slices.Contains(r.nets, "0.0.0.0/0") ||
		r.selector != nil && r.selector.beyond != "" || r.namespaces != nil && r.namespaces.beyond != "" ||
		r.ports != nil && r.protocol == nil
}

func (p *naiveCalico) allows(c *naiveCluster, incoming bool, far, to naiveNode, protocol corev1.Protocol, port int32) bool {
	if !p.isolates(incoming) {
		return false
	}
	for _, r := range p.rules[sideIndex(incoming)] {
		if r.action == "Allow" && r.hasPeer(c, p.namespace, far) && r.hasPort(to, protocol, port) {
			return true
		}
	}
	return false
}

func (r *naiveCalicoRule) hasPeer(c *naiveCluster, namespace string, n naiveNode) bool {
	if r.selector != nil || r.namespaces != nil {
		return c.inCalico(namespace, r.selector, r.namespaces, n)
	}
	for _, s := range r.nets {
		if n.inside(s) {
			return true
		}
	}
	return r.nets == nil
}

func (r *naiveCalicoRule) hasPort(to naiveNode, protocol corev1.Protocol, port int32) bool {
	names := map[any]corev1.Protocol{"TCP": "TCP", "udp": "UDP", 17: "UDP", 132: "SCTP", "SCTP": "SCTP", "ICMP": "ICMP"}
	if r.protocol != nil && names[r.protocol] != protocol {
		return false
	}
	for _, p := range r.ports {
		text := fmt.Sprint(p)
		for _, declared := range to.ports {
			if declared.Name == text && declared.Protocol == protocol && declared.ContainerPort == port {
				return true
			}
		}
		var first, last int32
		switch n, _ := fmt.Sscanf(text, "%d:%d", &first, &last); {
		case n == 2 && first <= port && port <= last, n == 1 && first == port:
			return true
		}
	}
	return r.ports == nil
}

func (d dice) calico(i int) *naiveCalico {
	p := &naiveCalico{
		name: fmt.Sprintf("calico%d", i), namespace: pick(d, "n0", "n1", "n2", ""), stored: d.chance(30),
		selector: d.expression("projectcalico.org/namespace"), namespaces: d.expression("projectcalico.org/name", NameLabel),
		types: pick(d, nil, nil, []string{"Ingress"}, []string{"Egress"}, []string{"Ingress", "Egress"}),
	}
	if p.namespace != "" {
		p.namespaces = naiveExpression{}
	}
	for side := range p.rules {
		for range d.IntN(3) {
			p.rules[side] = append(p.rules[side], d.calicoRule())
		}
	}
	if d.chance(5) {
		p.beyond = pick(d, "tier", "applyOnForward")
	}
	return p
}

func (d dice) expression(keys ...string) naiveExpression {
	var e naiveExpression
	for d.chance(45) {
		r := d.requirement(append(keys, "a", "b", "c"), "", "x", "y", "n0", "n1", "gone")
		c := naiveCondition{key: r.Key, values: r.Values}
		switch {
		case r.Operator == "Exists":
			c.operator = "has"
		case r.Operator == "DoesNotExist":
			c.operator = "!has"
		case len(r.Values) == 1 && d.chance(50):
			c.operator = map[string]string{"In": "==", "NotIn": "!="}[string(r.Operator)]
		default:
			c.operator = map[string]string{"In": "in", "NotIn": "not in"}[string(r.Operator)]
		}
		e.conditions = append(e.conditions, c)
	}
	if d.chance(4) {
		e.beyond = pick(d, "has(a) || has(b)", "!(has(a))", "a starts with 'x'", "a == '&& b'", "projectcalico.org/serviceaccount == 'x'")
	}
	return e
}

func (d dice) calicoRule() naiveCalicoRule {
	r := naiveCalicoRule{action: "Allow"}
	if d.chance(10) {
		r.action = pick(d, "Log", "Log", "Deny", "Pass")
	}
	switch d.IntN(5) {
	case 0:
	case 1:
		r.nets = pick(d, []string{"0.0.0.0/0"}, []string{"8.0.0.0/7"}, []string{"2001:db8::/32"}, []string{"10.0.0.0/8", "0.0.0.0/0"}, []string{"10.0.0.0/8"})
	default:
		if d.chance(70) {
			e := d.expression("projectcalico.org/namespace")
			r.selector = &e
		}
		if d.chance(50) {
			e := d.expression("projectcalico.org/name", NameLabel)
			r.namespaces = &e
		}
		if d.chance(4) {
			r.nets = []string{"8.0.0.0/8"}
		}
	}
	r.protocol = pick[any](d, nil, "TCP", "TCP", "udp", 17, 132, "ICMP")
	if r.protocol != "ICMP" && (r.protocol != nil || d.chance(10)) {
		for range d.IntN(3) {
			r.ports = append(r.ports, pick[any](d, 53, 80, "80", "79:81", "8080:16080", "http", "dns"))
		}
	}
	if d.chance(5) {
		r.beyond = pick(d, "notNets", "notSelector", "notPorts", "notProtocol")
	}
	return r
}

func (p *naiveCalico) object() map[string]any {
	o := map[string]any{"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkPolicy"}
	metadata := map[string]any{"name": p.name}
	spec := map[string]any{"selector": p.selector.String(), "order": 10}
	if p.stored {
		o["apiVersion"], metadata["name"] = "crd.projectcalico.org/v1", "default."+p.name
	}
	if p.namespace != "" {
		o["kind"], metadata["namespace"] = "NetworkPolicy", p.namespace
	} else if p.namespaces.conditions != nil || p.namespaces.beyond != "" {
		spec["namespaceSelector"] = p.namespaces.String()
	}
	if p.types != nil {
		spec["types"] = p.types
	}
	switch p.beyond {
	case "tier":
		spec["tier"] = "security"
	case "applyOnForward":
		spec["applyOnForward"] = true
	}
	for side, name := range []string{"ingress", "egress"} {
		var rules []any
		for _, r := range p.rules[side] {
			rules = append(rules, r.object(side == 0))
		}
		if rules != nil {
			spec[name] = rules
		}
	}
	o["metadata"], o["spec"] = metadata, spec
	return o
}

func (r *naiveCalicoRule) object(incoming bool) map[string]any {
	far, destination := map[string]any{}, map[string]any{}
	if !incoming {
		far = destination
	}
	o := map[string]any{"action": r.action, "destination": destination}
	if incoming {
		o["source"] = far
	}
	if r.selector != nil {
		far["selector"] = r.selector.String()
	}
	if r.namespaces != nil {
		far["namespaceSelector"] = r.namespaces.String()
	}
	if r.nets != nil {
		far["nets"] = r.nets
	}
	if r.protocol != nil {
		o["protocol"] = r.protocol
	}
	if r.ports != nil {
		destination["ports"] = r.ports
	}
	switch r.beyond {
	case "notNets":
		far["notNets"] = []string{"8.0.0.0/8"}
	case "notSelector":
		far["notSelector"] = "has(a)"
	case "notPorts":
		destination["notPorts"] = []any{81}
	case "notProtocol":
		o["notProtocol"] = "UDP"
	}
	return o
}
