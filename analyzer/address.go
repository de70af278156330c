package analyzer

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// readBlocks looks at the address blocks of policies.
func (f *facts) readBlocks(m *Model) {
	m.MetadataBlocks, m.CancelledExcepts = []metadataFact{}, []cancelledFact{}
	m.HiddenSources, m.PodBlocks = []hiddenFact{}, []podBlockFact{}
	for _, p := range f.cluster.Policies {
		for _, d := range p.Types {
			for _, r := range p.Rules(d) {
				for _, peer := range r.Peers {
					if peer.Block != nil {
						f.readBlock(m, r, peer)
					}
				}
			}
		}
	}
}

func (f *facts) readBlock(m *Model, r *netpol.Rule, p *netpol.RulePeer) {
	at := placeFact{Object: f.places.object(r.Policy.Source), Path: append(p.Path(), "ipBlock", "cidr")}
	cidr := p.Block.CIDR.String()
	if address := metadataAddress(r, p.Block); address != "" {
		m.MetadataBlocks = append(m.MetadataBlocks, metadataFact{placeFact: at, CIDR: cidr, Address: address, Ports: r.PortsPhrase()})
	}
	for i, except := range p.Block.Except {
		if by := f.cancels(r, p, except); len(by) > 0 {
			place := placeFact{Object: at.Object, Path: append(p.Path(), "ipBlock", "except", i)}
			m.CancelledExcepts = append(m.CancelledExcepts, cancelledFact{placeFact: place, Except: except.String(), By: by})
		}
	}
	if e := f.hidesSource(r, p.Block); e != nil {
		m.HiddenSources = append(m.HiddenSources, hiddenFact{
			placeFact: at, CIDR: cidr, Service: f.places.object(e.Service.Source), ServicePath: e.Path, ServiceTitle: title(e.Service.Ref),
		})
	}
	if fact, ok := f.podBlock(p.Block); ok {
		fact.placeFact, fact.CIDR = at, cidr
		m.PodBlocks = append(m.PodBlocks, fact)
	}
}

// metadataAddress returns the address of the metadata service of clouds that a block of
// an egress rule holds, on its port, "" for none. One that is wide holds more than that.
//
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html,
// https://cloud.google.com/compute/docs/metadata/querying-metadata and
// https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service name
// 169.254.169.254 and HTTP, AWS fd00:ec2::254 as well.
func metadataAddress(r *netpol.Rule, b *netpol.Block) string {
	if r.Direction == netpol.Ingress || !r.On(nil).Contains(netpol.TCP, 80) || len(wideBlocks(r)) > 0 {
		return ""
	}
	for _, address := range []string{"169.254.169.254", "fd00:ec2::254"} {
		a := netip.MustParseAddr(address)
		if b.Contains(netip.PrefixFrom(a, a.BitLen())) {
			return address
		}
	}
	return ""
}

// cancels returns the rules that together allow what a block excepts, on all ports of
// its rule, to a workload that both are about. A rule that allows everything is left
// out: it cancels more than that.
func (f *facts) cancels(r *netpol.Rule, of *netpol.RulePeer, except netip.Prefix) []placeFact {
	for _, w := range r.Policy.Selected {
		var ports []netpol.Port
		if r.Direction == netpol.Ingress {
			ports = w.Ports
		}
		needed := r.On(ports)
		if needed.IsEmpty() {
			continue
		}
		var spans []span
		by := []placeFact{}
		for _, p := range f.cluster.Isolating(w, r.Direction) {
			for _, o := range p.Rules(r.Direction) {
				if f.rules[o].allowsAll || !o.On(ports).ContainsAll(needed) {
					continue
				}
				held := heldBy(o, of, except)
				if len(held) > 0 {
					by = append(by, f.rulePlace(o))
				}
				spans = append(spans, held...)
			}
		}
		if slices.ContainsFunc(union(spans), func(s span) bool { return s.contains(spanOf(except)) }) {
			return by
		}
	}
	return nil
}

// heldBy returns the addresses of the blocks of a rule that are in a range, without
// those of one block.
func heldBy(r *netpol.Rule, without *netpol.RulePeer, within netip.Prefix) []span {
	if r.AllPeers {
		return []span{spanOf(within)}
	}
	var spans []span
	for _, p := range r.Peers {
		if p.Block != nil && p != without && p.Block.CIDR.Overlaps(within) {
			spans = append(spans, spansOf(p.Block)...)
		}
	}
	return spans
}

// hidesSource returns the Service through which the clients of a public block come to
// pods of an ingress rule with the address of a node, nil for none:
// https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/#preserving-the-client-source-ip
// Load balancers of clouds that send to pods directly may keep the address.
func (f *facts) hidesSource(r *netpol.Rule, b *netpol.Block) *netpol.Entry {
	if r.Direction == netpol.Egress || holdsPrivate(b) {
		return nil
	}
	for _, w := range r.Policy.Selected {
		for _, e := range f.exposures[w] {
			if e.By == e.Service.Source && replacesSource(e.Service) && r.On(w.Ports).Contains(e.Port.Protocol, e.Number) && !f.admitsPrivate(w, e) {
				return &e
			}
		}
	}
	return nil
}

func replacesSource(s *netpol.Service) bool {
	spec := manifest.Mapping(s.Source.Data, "spec")
	if s.Type != "LoadBalancer" && s.Type != "NodePort" || spec["externalTrafficPolicy"] == "Local" || spec["loadBalancerClass"] != nil {
		return false
	}
	for key, value := range manifest.Mapping(s.Source.Data, "metadata", "annotations") {
		text, _ := value.(string)
		if strings.HasPrefix(key, "service.beta.kubernetes.io/aws-load-balancer-") && (text == "ip" || text == "external" || text == "nlb-ip") ||
			strings.HasPrefix(key, "cloud.google.com/neg") || strings.HasPrefix(key, "metallb.") || strings.Contains(key, "cilium.io/") {
			return false
		}
	}
	return true
}

// admitsPrivate tells whether policies admit private addresses, of which nodes have
// theirs, on the port of an entry.
func (f *facts) admitsPrivate(w *netpol.Workload, e netpol.Entry) bool {
	return slices.ContainsFunc(f.cluster.Isolating(w, netpol.Ingress), func(p *netpol.Policy) bool {
		return slices.ContainsFunc(p.Rules(netpol.Ingress), func(r *netpol.Rule) bool {
			return r.On(w.Ports).Contains(e.Port.Protocol, e.Number) &&
				(r.AllPeers || slices.ContainsFunc(r.Peers, func(p *netpol.RulePeer) bool { return p.Block != nil && holdsPrivate(p.Block) }))
		})
	})
}

// holdsPrivate tells whether a block holds addresses that are not routed publicly.
func holdsPrivate(b *netpol.Block) bool {
	special := append(private(b.CIDR.Addr().Is4()), spanOf(netip.MustParsePrefix("100.64.0.0/10")), spanOf(netip.MustParsePrefix("127.0.0.0/8")))
	return slices.ContainsFunc(spansOf(b), func(s span) bool {
		return slices.ContainsFunc(special, func(p span) bool {
			return p.first.Is4() == s.first.Is4() && !p.last.Less(s.first) && !s.last.Less(p.first)
		})
	})
}

// podBlock tells whether a block is one in which only the cluster has addresses, as far
// as the user says, or may be one. Nodes and API servers can be named in no other way.
func (f *facts) podBlock(b *netpol.Block) (fact podBlockFact, ok bool) {
	within := func(p netip.Prefix) bool { return spanOf(p).contains(spanOf(b.CIDR)) }
	known := f.env.Cluster
	if slices.ContainsFunc(slices.Concat(known.Nodes, known.APIServer), within) {
		return fact, false
	}
	fact.Configured = slices.ContainsFunc(known.PrivateRanges, within)
	private := slices.ContainsFunc(private(b.CIDR.Addr().Is4()), func(s span) bool { return s.contains(spanOf(b.CIDR)) })
	return fact, fact.Configured || private && len(known.PrivateRanges) == 0
}
