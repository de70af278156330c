package netpol

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// The policies of policy.networking.k8s.io as the naive model has them: both
// versions in one, each rule with one list of ports.

type naiveAdmin struct {
	kind, name string
	tier       string // Admin or Baseline
	priority   int
	subject    adminPods
	ingress    []adminRule
	egress     []adminRule
}

type adminPods struct {
	namespaces metav1.LabelSelector
	pods       *metav1.LabelSelector
}

type adminRule struct {
	action string // Allow, Deny, Pass
	peers  []adminPeer
	ports  []adminPort
}

type adminPeer struct {
	pods     *adminPods
	networks []string
	nodes    *metav1.LabelSelector
}

type adminPort struct {
	named    string
	protocol corev1.Protocol
	lo, hi   int32
}

// verdict runs the tiers over one connection.
func (c *naiveCluster) verdict(ingress bool, near, far, to naiveNode, protocol corev1.Protocol, port int32) bool {
	if near.namespace == "" || near.host {
		return true
	}
	for _, tier := range []string{"Admin", "NetworkPolicy", "Baseline"} {
		if tier == "NetworkPolicy" {
			isolated, allowed := c.side(ingress, near, far, to, protocol, port)
			byOthers, others := c.otherSide(ingress, near, far, to, protocol, port)
			if isolated || byOthers {
				return allowed || others
			}
			continue
		}
		switch c.firstAction(tier, ingress, near, far, to, protocol, port) {
		case "Allow":
			return true
		case "Deny":
			return false
		}
	}
	return true
}

func (c *naiveCluster) firstAction(tier string, ingress bool, near, far, to naiveNode, protocol corev1.Protocol, port int32) string {
	for i := range c.admin { // sorted by priority
		p := &c.admin[i]
		if p.tier != tier || !c.inPods(&p.subject, near) {
			continue
		}
		rules := p.egress
		if ingress {
			rules = p.ingress
		}
		for _, r := range rules {
			if c.adminPeers(r.peers, far) && adminPorts(r.ports, to, protocol, port) {
				return r.action
			}
		}
	}
	return ""
}

func (c *naiveCluster) inPods(s *adminPods, n naiveNode) bool {
	return n.namespace != "" && !n.host && c.matches(&s.namespaces, c.namespaces[n.namespace]) &&
		(s.pods == nil || c.matches(s.pods, n.labels))
}

func (c *naiveCluster) adminPeers(peers []adminPeer, n naiveNode) bool {
	for _, p := range peers {
		if p.pods != nil && c.inPods(p.pods, n) || p.nodes != nil && n.host && c.matches(p.nodes, n.node) {
			return true
		}
		for _, network := range p.networks {
			if n.inside(network) {
				return true
			}
		}
	}
	return false
}

// inside tells whether a network holds a node. Of a pod whose address is not told it
// is known only that it has one of IPv4.
func (n naiveNode) inside(network string) bool {
	if n.address.IsValid() {
		return netip.MustParsePrefix(network).Contains(n.address)
	}
	return network == "0.0.0.0/0"
}

func adminPorts(ports []adminPort, to naiveNode, protocol corev1.Protocol, port int32) bool {
	for _, p := range ports {
		if p.named == "" && p.protocol == protocol && p.lo <= port && port <= p.hi {
			return true
		}
		for _, declared := range to.ports {
			if p.named != "" && declared.Name == p.named && declared.Protocol == protocol && declared.ContainerPort == port {
				return true
			}
		}
	}
	return len(ports) == 0
}

func (d dice) adminPods() adminPods {
	s := adminPods{namespaces: *d.selector()}
	if d.chance(30) {
		s.namespaces = metav1.LabelSelector{}
	}
	if d.chance(60) {
		s.pods = d.selector()
	}
	return s
}

func (d dice) adminRules(ingress bool, actions ...string) []adminRule {
	var rules []adminRule
	for range d.IntN(4) {
		r := adminRule{action: pick(d, actions...)}
		for range 1 + d.IntN(2) {
			var p adminPeer
			switch n := d.IntN(4); {
			case n == 0 && !ingress:
				p.networks = pick(d, []string{"0.0.0.0/0"}, []string{"10.0.0.0/8", "8.0.0.0/7"}, []string{"2001:db8::/32"}, []string{"10.1.2.0/24", "0.0.0.0/0"})
			case n == 1 && !ingress:
				p.nodes = pick(d, &metav1.LabelSelector{}, &metav1.LabelSelector{MatchLabels: labels.Set{"disk": "fast"}})
			default:
				pods := d.adminPods()
				p.pods = &pods
			}
			r.peers = append(r.peers, p)
		}
		for range d.IntN(3) {
			p := adminPort{named: pick(d, "http", "dns")}
			if d.chance(70) || slices.ContainsFunc(r.peers, func(p adminPeer) bool { return p.pods == nil }) { // which alone have names
				lo := pick[int32](d, 53, 80, 8080)
				p = adminPort{protocol: d.protocol(), lo: lo, hi: lo + pick[int32](d, 0, 0, 1, 8000)}
			}
			r.ports = append(r.ports, p)
		}
		rules = append(rules, r)
	}
	return rules
}

// adminPolicies returns policies of one version of the API.
func (d dice) adminPolicies() []naiveAdmin {
	if d.chance(40) {
		return nil
	}
	v2 := d.chance(50)
	var policies []naiveAdmin
	for i := range d.IntN(4) {
		p := naiveAdmin{
			kind: "AdminNetworkPolicy", name: fmt.Sprintf("a%d", i), tier: "Admin", priority: d.IntN(3), subject: d.adminPods(),
			ingress: d.adminRules(true, "Allow", "Deny", "Pass"), egress: d.adminRules(false, "Allow", "Deny", "Pass"),
		}
		if v2 {
			p.kind, p.tier = "ClusterNetworkPolicy", pick(d, "Admin", "Baseline")
		}
		policies = append(policies, p)
	}
	if !v2 && d.chance(50) {
		policies = append(policies, naiveAdmin{
			kind: "BaselineAdminNetworkPolicy", name: "default", tier: "Baseline", subject: d.adminPods(),
			ingress: d.adminRules(true, "Allow", "Deny"), egress: d.adminRules(false, "Allow", "Deny"),
		})
	}
	slices.SortStableFunc(policies, func(a, b naiveAdmin) int {
		return cmp.Or(a.priority-b.priority, cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	})
	return policies
}

// object writes the policy as a user would.
func (p naiveAdmin) object() map[string]any {
	spec := map[string]any{"subject": p.subject.object()}
	version := "v1alpha1"
	if p.kind == "ClusterNetworkPolicy" {
		version, spec["tier"] = "v1alpha2", p.tier
	}
	if p.kind != "BaselineAdminNetworkPolicy" {
		spec["priority"] = p.priority
	}
	for _, side := range []struct {
		name, peers string
		rules       []adminRule
	}{{"ingress", "from", p.ingress}, {"egress", "to", p.egress}} {
		var rules []any
		for _, r := range side.rules {
			rules = append(rules, r.object(side.peers, version == "v1alpha2"))
		}
		if rules != nil {
			spec[side.name] = rules
		}
	}
	return map[string]any{
		"apiVersion": "policy.networking.k8s.io/" + version, "kind": p.kind,
		"metadata": map[string]any{"name": p.name}, "spec": spec,
	}
}

func (s adminPods) object() map[string]any {
	if s.pods == nil {
		return map[string]any{"namespaces": s.namespaces}
	}
	return map[string]any{"pods": map[string]any{"namespaceSelector": s.namespaces, "podSelector": s.pods}}
}

func (r adminRule) object(side string, v2 bool) map[string]any {
	rule := map[string]any{"action": r.action}
	if v2 && r.action == "Allow" {
		rule["action"] = "Accept"
	}
	var peers, ports []any
	for _, p := range r.peers {
		switch {
		case p.pods != nil:
			peers = append(peers, p.pods.object())
		case p.nodes != nil:
			peers = append(peers, map[string]any{"nodes": p.nodes})
		default:
			peers = append(peers, map[string]any{"networks": p.networks})
		}
	}
	for _, p := range r.ports {
		ports = append(ports, p.object(v2))
	}
	rule[side] = peers
	switch {
	case ports == nil:
	case v2:
		rule["protocols"] = ports
	default:
		rule["ports"] = ports
	}
	return rule
}

func (p adminPort) object(v2 bool) map[string]any {
	if v2 {
		port := map[string]any{"number": p.lo}
		if p.hi > p.lo {
			port = map[string]any{"range": map[string]any{"start": p.lo, "end": p.hi}}
		}
		if p.named != "" {
			return map[string]any{"destinationNamedPort": p.named}
		}
		name := map[corev1.Protocol]string{corev1.ProtocolTCP: "tcp", corev1.ProtocolUDP: "udp", corev1.ProtocolSCTP: "sctp"}[p.protocol]
		return map[string]any{name: map[string]any{"destinationPort": port}}
	}
	switch {
	case p.named != "":
		return map[string]any{"namedPort": p.named}
	case p.hi > p.lo:
		return map[string]any{"portRange": map[string]any{"protocol": p.protocol, "start": p.lo, "end": p.hi}}
	default:
		return map[string]any{"portNumber": map[string]any{"protocol": p.protocol, "port": p.lo}}
	}
}
