package config

import (
	"net/netip"
	"strconv"

	"github.com/ringfence/ringfence/manifest"
)

// Cluster is what is known of the cluster besides the manifests. What is empty or nil
// is not known, but for DNS, of which most clusters have the same.
type Cluster struct {
	// CNI is the network plugin, empty where it is not told.
	CNI string
	DNS DNS
	// APIServer and Nodes are blocks that hold all of their addresses.
	APIServer, Nodes []netip.Prefix
	// IngressController and Prometheus are those that are not in the repository.
	IngressController, Prometheus *Pods
	// PrivateRanges are blocks in which no host outside of the cluster has its address.
	PrivateRanges []netip.Prefix
	// OperatorPods are pods that no manifest tells of, because an operator makes them.
	OperatorPods []*Pods
}

// Pods are those of a namespace that carry labels.
type Pods struct {
	manifest.Pos
	Namespace string            // always given
	Labels    map[string]string // empty for all pods of the namespace
}

// DNS is that of the cluster.
type DNS struct {
	Pods *Pods // nil: those of kube-system with the label k8s-app: kube-dns
	Port int   // on the pods; 0 stands for 53
	// NodeLocal are the addresses of a cache on every node, which answers on port 53.
	NodeLocal []netip.Addr
}

func (d *decoder) cluster(v value) Cluster {
	var c Cluster
	d.object(v,
		field{key: "cni", decode: func(v value) {
			c.CNI = d.oneOf(v, "antrea", "calico", "canal", "cilium", "flannel", "kube-router", "kubenet", "ovn-kubernetes")
		}},
		field{key: "dns", decode: func(v value) { c.DNS = d.dns(v) }},
		field{key: "api-server", decode: func(v value) { c.APIServer = list(d, v, d.block) }},
		field{key: "nodes", decode: func(v value) { c.Nodes = list(d, v, d.block) }},
		field{key: "ingress-controller", decode: func(v value) { c.IngressController = d.pods(v) }},
		field{key: "prometheus", decode: func(v value) { c.Prometheus = d.pods(v) }},
		field{key: "private-ranges", decode: func(v value) { c.PrivateRanges = list(d, v, d.block) }},
		field{key: "operator-pods", decode: func(v value) { c.OperatorPods = list(d, v, d.pods) }},
	)
	return c
}

func (d *decoder) dns(v value) DNS {
	var dns DNS
	d.object(v,
		field{key: "pods", decode: func(v value) { dns.Pods = d.pods(v) }},
		field{key: "port", decode: func(v value) { dns.Port = d.port(v) }},
		field{key: "node-local", decode: func(v value) { dns.NodeLocal = list(d, v, d.address) }},
	)
	return dns
}

func (d *decoder) pods(v value) *Pods {
	p := &Pods{Pos: d.pos(v)}
	d.object(v,
		field{key: "namespace", required: true, decode: func(v value) { p.Namespace = d.text(v) }},
		field{key: "labels", decode: func(v value) { p.Labels = d.texts(v) }},
	)
	return p
}

// block decodes a CIDR; one that holds every address tells nothing.
func (d *decoder) block(v value) netip.Prefix {
	text, ok := d.scalar(v)
	if !ok {
		return netip.Prefix{}
	}
	block, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		d.fault(v, "must be a block of addresses such as 10.0.0.0/8, not %s", quote(text))
	case block.Bits() == 0:
		d.fault(v, "must not be every address")
	}
	return block.Masked()
}

func (d *decoder) address(v value) netip.Addr {
	text, ok := d.scalar(v)
	if !ok {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		d.fault(v, "must be an address such as 169.254.20.10, not %s", quote(text))
	}
	return a
}

func (d *decoder) port(v value) int {
	node := follow(v.node)
	if node.ShortTag() != "!!int" {
		d.wrongType(v, "a number")
		return 0
	}
	port, err := strconv.ParseUint(node.Value, 10, 16)
	if err != nil || port == 0 {
		d.fault(v, "must be a port, not %s", node.Value)
	}
	return int(port)
}
