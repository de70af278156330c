package generate

import (
	"encoding/json"
	"net/netip"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// peer is whom a rule names. The zero value is anybody.
type peer struct {
	subject  *Subject // pods of the environment
	others   *others
	part     int // of the blocks of others the only one, from 1; 0 for all
	block    netip.Prefix
	host     string           // only where the format has names of hosts
	external traffic.External // only where the format has a name for it
	open     string           // why nobody can be named
}

// isAddresses tells whether others are no pods.
func (o *others) isAddresses() bool { return o != nil && o.namespace == "" }

// has tells whether a workload of the environment is among the pods.
func (o *others) has(w *netpol.Workload) bool {
	return o.namespace != "" && w.Namespace == o.namespace && !w.HostNetwork && has(w.Labels, o.labels)
}

// standIn returns a workload that stands for the pods in a proof, where the
// environment does not hold them; nil for addresses.
func (o *others) standIn() []*manifest.Object {
	if o.namespace == "" || o.here {
		return nil
	}
	text, _ := json.Marshal(map[string]any{ // of strings only
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": o.name, "namespace": o.namespace},
		"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"labels": o.labels}}},
	})
	objects, _ := manifest.Parse("stand-in", text)
	return objects
}

// peerOf names the pods of a workload, or says why nothing can.
func (g *generator) peerOf(s *Subject, w *netpol.Workload) peer {
	other := g.of[w]
	foreign := w.Namespace != s.Namespace && manifest.IsPrivate(w.Namespace)
	switch {
	case w.HostNetwork && g.opts.Format == Cilium:
		return peer{external: traffic.Node}
	case w.HostNetwork && g.externals[traffic.Node] != nil:
		return peer{others: g.externals[traffic.Node]}
	case w.HostNetwork:
		return peer{open: w.String() + " is on the host network, where no selector matches it"}
	case foreign:
		return peer{open: "the namespace of " + w.String() + " is not known"}
	case other == nil:
		return peer{others: g.podsOf(w.Namespace), open: w.String() + " has no labels by which a selector could name it, but as a pod of its namespace"}
	default:
		return peer{subject: other}
	}
}

// podsOf names all pods of a namespace.
func (g *generator) podsOf(namespace string) *others {
	if g.podsIn[namespace] == nil {
		g.podsIn[namespace] = &others{name: namespace, namespace: namespace, here: true}
	}
	return g.podsIn[namespace]
}

// host names a host outside of the cluster.
func (g *generator) host(name string) peer {
	if g.opts.Format == Cilium {
		return peer{host: name}
	}
	return peer{others: g.outside}
}

// external names an external, or says why nothing can.
func (g *generator) external(e traffic.External, d netpol.Direction) peer {
	known := g.externals[e]
	switch {
	case g.opts.Format == Cilium && isEntity(e, d, known != nil):
		return peer{external: e}
	case e == traffic.Internet && d == netpol.Egress:
		return peer{others: g.outside}
	case known != nil && (d == netpol.Ingress || known.namespace == ""): // whom they call has a port that only they know
		return peer{others: known}
	}
	switch e {
	case traffic.Internet:
		return peer{open: "clients outside of the cluster have no addresses that are known"}
	case traffic.IngressController:
		return peer{open: "which pods serve Ingresses and routes is not in the repository"}
	case traffic.APIServer:
		return peer{open: "the API server has no pods that a selector could name"}
	case traffic.PrometheusServer:
		return peer{open: "which Prometheus scrapes it is not in the repository"}
	case traffic.Node:
		return peer{open: "nodes have no labels that a selector could name"}
	default:
		return peer{open: "who connects is not known"}
	}
}

// covers tells whether whoever o names is named by p too.
func (p peer) covers(o peer) bool {
	switch {
	case p == peer{} || p == o:
		return true
	case o.block.IsValid() || o.others.isAddresses():
		return !slices.ContainsFunc(o.blocks(), func(b netpol.Block) bool { return !p.coversBlock(b) })
	}
	switch {
	case p.subject != nil:
		return o.arePods(p.subject.Namespace, p.subject.Labels)
	case p.others != nil && !p.others.isAddresses():
		return o.arePods(p.others.namespace, p.others.labels)
	default:
		return false
	}
}

// arePods tells whether all who are named are pods of a namespace with some labels.
func (p peer) arePods(namespace string, labels map[string]string) bool {
	switch {
	case p.subject != nil:
		return p.subject.Namespace == namespace && !slices.ContainsFunc(p.subject.Workloads, func(w *netpol.Workload) bool { return !has(w.Labels, labels) })
	case p.others != nil:
		return p.others.namespace == namespace && has(p.others.labels, labels)
	default:
		return false
	}
}

// blocks returns the blocks of addresses that are named, nil for pods.
func (p peer) blocks() []netpol.Block {
	switch {
	case p.block.IsValid():
		return []netpol.Block{{CIDR: p.block}}
	case p.part > 0:
		return p.others.blocks[p.part-1 : p.part]
	case p.others != nil:
		return p.others.blocks
	default:
		return nil
	}
}

func (p peer) coversBlock(b netpol.Block) bool {
	return slices.ContainsFunc(p.blocks(), func(own netpol.Block) bool {
		return within(b.CIDR, own.CIDR) && !slices.ContainsFunc(own.Except, func(e netip.Prefix) bool {
			return e.Overlaps(b.CIDR) && !slices.ContainsFunc(b.Except, func(theirs netip.Prefix) bool { return within(e, theirs) })
		})
	})
}

// within tells whether all addresses of a block are in another.
func within(p, other netip.Prefix) bool {
	return other.Bits() <= p.Bits() && other.Contains(p.Addr())
}

// ends returns the peers of a cluster that are meant; for anybody, an address and a
// pod from elsewhere stand for all.
func (p peer) ends(c *netpol.Cluster) []netpol.Peer {
	var ends []netpol.Peer
	switch {
	case p.subject != nil:
		for _, w := range p.subject.Workloads {
			ends = append(ends, rebuilt(c, w))
		}
	case p.others != nil:
		for _, w := range c.Workloads {
			if p.others.has(w) {
				ends = append(ends, netpol.PodsOf(w))
			}
		}
		for _, b := range p.others.blocks {
			ends = append(ends, partsOf(c, b)...)
		}
	case p.block.IsValid():
		ends = c.Split(netpol.Addresses(p.block))
	case p.host != "", p.external != "":
		ends = c.Internet() // which stands for them in a proof, see evaluable
	default:
		ends = append(c.Internet(), netpol.Elsewhere())
	}
	return ends
}

// has tells whether a peer of a cluster is among those that are meant.
func (p peer) has(o netpol.Peer) bool {
	switch w := o.Workload(); {
	case p.subject != nil:
		return p.subject.has(o)
	case p.others != nil && w != nil:
		return p.others.has(w)
	case p.others != nil:
		return slices.ContainsFunc(p.others.blocks, func(b netpol.Block) bool { return o.Block().IsValid() && b.Contains(o.Block()) })
	case p.block.IsValid():
		return o.Block().IsValid() && within(o.Block(), p.block)
	case p.host != "", p.external != "":
		return o.Block().IsValid()
	default:
		return true
	}
}

func (p peer) isOnNode() bool { return p.others != nil && p.others.onNode }

// partsOf cuts a block as the policies of a cluster do, without its exceptions as far
// as the policies tell them apart.
func partsOf(c *netpol.Cluster, b netpol.Block) []netpol.Peer {
	return slices.DeleteFunc(c.Split(netpol.Addresses(b.CIDR)), func(part netpol.Peer) bool {
		return slices.ContainsFunc(b.Except, func(e netip.Prefix) bool {
			return within(part.Block(), e)
		})
	})
}
