package netpol

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The naive model evaluates Kubernetes' own types with Kubernetes' own
// selectors, one pair, port and rule at a time.

type naiveNode struct {
	namespace string // "" for an address
	labels    labels.Set
	ports     []corev1.ContainerPort
	host      bool
	node      labels.Set // of a host, as far as they are known
	address   netip.Addr // of a pod only where it is told
	peer      func(*Cluster) Peer
}

type naiveCluster struct {
	namespaces map[string]labels.Set
	nodes      []naiveNode
	policies   []networkingv1.NetworkPolicy
	admin      []naiveAdmin
	others     []naiveOther
	selectors  map[*metav1.LabelSelector]labels.Selector
}

// side evaluates the NetworkPolicies of near.
func (c *naiveCluster) side(incoming bool, near, far, to naiveNode, protocol corev1.Protocol, port int32) (isolated, allowed bool) {
	for i := range c.policies {
		p := &c.policies[i]
		if near.namespace != p.Namespace || !c.matches(&p.Spec.PodSelector, near.labels) {
			continue
		}
		ingress, egress := len(p.Spec.PolicyTypes) == 0, len(p.Spec.PolicyTypes) == 0 && len(p.Spec.Egress) > 0
		for _, t := range p.Spec.PolicyTypes {
			ingress = ingress || t == networkingv1.PolicyTypeIngress
			egress = egress || t == networkingv1.PolicyTypeEgress
		}
		if incoming && ingress {
			isolated = true
			for _, r := range p.Spec.Ingress {
				if c.anyPeer(p.Namespace, r.From, far) && anyPort(r.Ports, to, protocol, port) {
					return true, true
				}
			}
		}
		if !incoming && egress {
			isolated = true
			for _, r := range p.Spec.Egress {
				if c.anyPeer(p.Namespace, r.To, far) && anyPort(r.Ports, to, protocol, port) {
					return true, true
				}
			}
		}
	}
	return isolated, false
}

func (c *naiveCluster) anyPeer(namespace string, peers []networkingv1.NetworkPolicyPeer, n naiveNode) bool {
	for _, p := range peers {
		switch {
		case p.IPBlock != nil:
			if n.address.IsValid() && inBlock(p.IPBlock, n.address) {
				return true
			}
		case n.namespace == "" || n.host:
		case p.NamespaceSelector == nil && n.namespace != namespace:
		case p.NamespaceSelector != nil && !c.matches(p.NamespaceSelector, c.namespaces[n.namespace]):
		case p.PodSelector == nil || c.matches(p.PodSelector, n.labels):
			return true
		}
	}
	return len(peers) == 0
}

func inBlock(b *networkingv1.IPBlock, a netip.Addr) bool {
	for _, e := range b.Except {
		if netip.MustParsePrefix(e).Contains(a) {
			return false
		}
	}
	return netip.MustParsePrefix(b.CIDR).Contains(a)
}

func anyPort(ports []networkingv1.NetworkPolicyPort, to naiveNode, protocol corev1.Protocol, port int32) bool {
	for _, p := range ports {
		want := corev1.ProtocolTCP
		if p.Protocol != nil {
			want = *p.Protocol
		}
		switch {
		case want != protocol:
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			for _, declared := range to.ports {
				if declared.Name == p.Port.StrVal && declared.Protocol == protocol && declared.ContainerPort == port {
					return true
				}
			}
		case p.EndPort != nil:
			if p.Port.IntVal <= port && port <= *p.EndPort {
				return true
			}
		case p.Port.IntVal == port:
			return true
		}
	}
	return len(ports) == 0
}

// matches tells whether a selector, which is kept at its address, matches.
func (c *naiveCluster) matches(s *metav1.LabelSelector, set labels.Set) bool {
	selector, known := c.selectors[s]
	if !known {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(s); err != nil {
			panic(err)
		}
		c.selectors[s] = selector
	}
	return selector.Matches(set)
}

// dice makes random clusters. It draws from few values, so that they meet.
type dice struct{ *rand.Rand }

func pick[T any](d dice, values ...T) T { return values[d.IntN(len(values))] }

func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

func (d dice) labels() labels.Set {
	set := labels.Set{}
	for range d.IntN(3) {
		set[pick(d, "a", "b", "c")] = pick(d, "", "x", "y")
	}
	return set
}

func (d dice) selector() *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	if d.chance(40) {
		s.MatchLabels = d.labels()
	}
	for d.chance(35) {
		r := metav1.LabelSelectorRequirement{
			Key:      pick(d, "a", "b", "c", NameLabel),
			Operator: pick(d, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist),
		}
		if r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpNotIn {
			for range 1 + d.IntN(2) {
				r.Values = append(r.Values, pick(d, "", "x", "y", "n0", "n1", "gone"))
			}
		}
		s.MatchExpressions = append(s.MatchExpressions, r)
	}
	return s
}

func (d dice) peers() []networkingv1.NetworkPolicyPeer {
	peers := pick(d, nil, []networkingv1.NetworkPolicyPeer{})
	for range d.IntN(4) {
		switch d.IntN(4) {
		case 0:
			peers = append(peers, networkingv1.NetworkPolicyPeer{PodSelector: d.selector()})
		case 1:
			peers = append(peers, networkingv1.NetworkPolicyPeer{NamespaceSelector: d.selector()})
		case 2:
			peers = append(peers, networkingv1.NetworkPolicyPeer{PodSelector: d.selector(), NamespaceSelector: d.selector()})
		default:
			block := pick(d,
				networkingv1.IPBlock{CIDR: "0.0.0.0/0", Except: []string{"10.0.0.0/8"}},
				networkingv1.IPBlock{CIDR: "10.0.0.0/8", Except: []string{"10.1.0.0/16", "10.2.3.0/24"}},
				networkingv1.IPBlock{CIDR: "10.1.2.3/32"},
				networkingv1.IPBlock{CIDR: "::/0", Except: []string{"2001:db8::/32"}},
				networkingv1.IPBlock{CIDR: "2001:db8::/33"})
			peers = append(peers, networkingv1.NetworkPolicyPeer{IPBlock: &block})
		}
	}
	return peers
}

func (d dice) protocol() corev1.Protocol {
	return pick(d, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)
}

func (d dice) ports() []networkingv1.NetworkPolicyPort {
	var ports []networkingv1.NetworkPolicyPort
	for range d.IntN(4) {
		var p networkingv1.NetworkPolicyPort
		if d.chance(60) {
			protocol := d.protocol()
			p.Protocol = &protocol
		}
		switch d.IntN(4) {
		case 0:
			name := intstr.FromString(pick(d, "http", "dns"))
			p.Port = &name
		case 1, 2:
			number := intstr.FromInt32(pick[int32](d, 53, 80, 8080))
			p.Port = &number
			if d.chance(30) {
				end := number.IntVal + pick[int32](d, 0, 1, 8000)
				p.EndPort = &end
			}
		}
		ports = append(ports, p)
	}
	return ports
}

func (d dice) policy(i int) networkingv1.NetworkPolicy {
	p := networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("p%d", i), Namespace: pick(d, "n0", "n1", "n2")},
		Spec:       networkingv1.NetworkPolicySpec{PodSelector: *d.selector()},
	}
	for _, t := range []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress} {
		if d.chance(50) {
			p.Spec.PolicyTypes = append(p.Spec.PolicyTypes, t)
		}
	}
	for range d.IntN(3) {
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: d.peers(), Ports: d.ports()})
	}
	for range d.IntN(3) {
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: d.peers(), Ports: d.ports()})
	}
	return p
}

// cluster returns a random cluster for the model, and as a user would write it.
func (d dice) cluster() (*naiveCluster, []any) {
	c := &naiveCluster{namespaces: map[string]labels.Set{}, selectors: map[*metav1.LabelSelector]labels.Selector{}}
	var objects []any
	for _, name := range []string{"n0", "n1"} {
		set := d.labels()
		objects = append(objects, corev1.Namespace{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: set},
		})
		c.namespaces[name] = labels.Merge(set, labels.Set{NameLabel: name})
	}
	c.namespaces["n2"] = labels.Set{NameLabel: "n2"} // not declared
	c.namespaces["gone"] = labels.Set{NameLabel: "gone"}
	c.namespaces["elsewhere"] = labels.Set{NameLabel: "elsewhere"}
	for i := range 2 + d.IntN(5) {
		pod := d.pod(i)
		objects = append(objects, pod)
		c.nodes = append(c.nodes, naiveNode{
			namespace: pod.Namespace, labels: pod.Labels, ports: pod.Spec.Containers[0].Ports,
			host: pod.Spec.HostNetwork, node: pod.Spec.NodeSelector, address: addressOf(pod),
			peer: func(c *Cluster) Peer { return PodsOf(c.Namespace(pod.Namespace).named(pod.Name)) },
		})
	}
	for range d.IntN(5) {
		p := d.policy(len(c.policies))
		c.policies = append(c.policies, p)
		objects = append(objects, p)
	}
	for _, p := range d.adminPolicies() {
		c.admin = append(c.admin, p)
		objects = append(objects, p.object())
	}
	c.others = d.others()
	for _, p := range c.others {
		objects = append(objects, p.object())
	}
	for _, name := range []string{"n0", "n2", "gone"} {
		c.nodes = append(c.nodes, naiveNode{namespace: name, peer: func(*Cluster) Peer { return OtherPods(name) }})
	}
	c.nodes = append(c.nodes, naiveNode{namespace: "elsewhere", peer: func(*Cluster) Peer { return Elsewhere() }})
	for _, s := range []string{"10.1.2.3", "10.2.3.4", "10.9.9.9", "8.8.8.8", "2001:db8::1", "2001:db8:8000::1", "fe80::1"} {
		address := netip.MustParseAddr(s)
		c.nodes = append(c.nodes, naiveNode{address: address, peer: func(*Cluster) Peer {
			return Addresses(netip.PrefixFrom(address, address.BitLen()))
		}})
	}
	return c, objects
}

func addressOf(pod corev1.Pod) (address netip.Addr) {
	for _, ip := range pod.Status.PodIPs {
		address = netip.MustParseAddr(ip.IP)
	}
	return address
}

func (d dice) pod(i int) corev1.Pod {
	pod := corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pod%d", i), Namespace: pick(d, "n0", "n1", "n2"), Labels: d.labels()},
		Spec:       corev1.PodSpec{HostNetwork: d.chance(10), Containers: []corev1.Container{{Name: "c"}}},
	}
	if d.chance(50) {
		pod.Spec.NodeSelector = map[string]string{"disk": pick(d, "fast", "slow")}
	}
	if d.chance(20) {
		pod.Status.PodIPs = []corev1.PodIP{{IP: pick(d, "10.1.2.4", "10.2.3.5", "8.8.4.4", "2001:db8::2")}}
	}
	for _, name := range []string{"http", "dns"} {
		if d.chance(60) {
			pod.Spec.Containers[0].Ports = append(pod.Spec.Containers[0].Ports,
				corev1.ContainerPort{Name: name, Protocol: d.protocol(), ContainerPort: pick[int32](d, 53, 80, 8080)})
		}
	}
	return pod
}
