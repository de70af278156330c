package generate

import (
	"net/netip"
	"slices"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// others are pods or addresses that are known by something else than the manifests of
// the environment, such as the DNS of the cluster. There is one for each, so that
// pointers tell whether they are the same.
type others struct {
	name      string            // by which rules are sorted
	namespace string            // of pods; empty for addresses
	labels    map[string]string // empty for all pods of the namespace
	blocks    []netpol.Block
	here      bool // they are pods of the environment
	dns       bool // they answer for names
	onNode    bool // the addresses are of the node itself, which Cilium knows as the host
}

// known are others that the platform or the configuration names; nil for what is not
// known.
type known struct {
	dns     *others
	dnsPort int     // on the pods
	cache   *others // of DNS, on every node
	outside *others // what stands for a host outside of the cluster

	externals map[traffic.External]*others
}

// knownOf reads the configuration. Without one, DNS is that of most clusters
// (https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/), and
// a host outside may have any address but those of the metadata services of clouds.
func knownOf(c config.Cluster) known {
	k := known{
		dns:       &others{name: "coredns", namespace: "kube-system", labels: map[string]string{"k8s-app": "kube-dns"}},
		dnsPort:   53,
		outside:   outsideBut(c.PrivateRanges),
		externals: map[traffic.External]*others{},
	}
	if c.DNS.Pods != nil {
		k.dns.namespace, k.dns.labels = c.DNS.Pods.Namespace, c.DNS.Pods.Labels
	}
	k.dns.dns = true
	if c.DNS.Port != 0 {
		k.dnsPort = c.DNS.Port
	}
	if len(c.DNS.NodeLocal) > 0 {
		k.cache = &others{name: "node-local-dns", dns: true, onNode: true}
		for _, a := range c.DNS.NodeLocal {
			k.cache.blocks = append(k.cache.blocks, netpol.Block{CIDR: netip.PrefixFrom(a, a.BitLen())})
		}
	}
	for e, blocks := range map[traffic.External][]netip.Prefix{traffic.APIServer: c.APIServer, traffic.Node: c.Nodes} {
		if len(blocks) > 0 {
			k.externals[e] = &others{name: string(e)}
			for _, b := range blocks {
				k.externals[e].blocks = append(k.externals[e].blocks, netpol.Block{CIDR: b})
			}
		}
	}
	for e, pods := range map[traffic.External]*config.Pods{traffic.IngressController: c.IngressController, traffic.PrometheusServer: c.Prometheus} {
		if pods != nil {
			k.externals[e] = &others{name: string(e), namespace: pods.Namespace, labels: pods.Labels}
		}
	}
	return k
}

func outsideBut(private []netip.Prefix) *others {
	blocks := []netpol.Block{
		{CIDR: netip.MustParsePrefix("0.0.0.0/0"), Except: []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16")}},
		{CIDR: netip.MustParsePrefix("::/0"), Except: []netip.Prefix{netip.MustParsePrefix("fd00:ec2::254/128")}},
	}
	for _, p := range private {
		i := 0
		if p.Addr().Is6() {
			i = 1
		}
		within := func(e netip.Prefix) bool { return p.Bits() <= e.Bits() && p.Contains(e.Addr()) }
		blocks[i].Except = append(slices.DeleteFunc(blocks[i].Except, within), p)
	}
	return &others{name: "outside", blocks: blocks}
}
