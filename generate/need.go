package generate

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// need is something that one direction of a subject must allow.
type need struct {
	peer     peer
	port     int // 0 for all of the protocol
	protocol netpol.Protocol
	edge     *traffic.Edge // nil for what the platform needs
	why      string        // for what has no edge
}

// peer is whom a rule names. The zero value is anybody.
type peer struct {
	subject *Subject // pods of the environment
	dns     bool     // the DNS of the cluster
	outside bool     // a host name: any address that is no metadata service
	block   netip.Prefix
	open    string // why nobody can be named
}

// needsOf returns what the calls need of one direction of a subject.
func (g *generator) needsOf(s *Subject, d netpol.Direction) []need {
	var needs []need
	for i := range g.env.Calls.Edges {
		e := &g.env.Calls.Edges[i]
		near, far := e.To, e.From
		if d == netpol.Egress {
			near, far = far, near
		}
		if near.Workload == nil || g.of[near.Workload] != s {
			continue
		}
		for _, n := range g.needsOfEdge(s, d, e, far) {
			n.edge = e
			needs = append(needs, n)
		}
	}
	if d == netpol.Egress && len(needs) > 0 {
		needs = append(needs,
			need{peer: peer{dns: true}, port: 53, protocol: netpol.UDP, why: "names are resolved by the DNS of the cluster"},
			need{peer: peer{dns: true}, port: 53, protocol: netpol.TCP, why: "names are resolved by the DNS of the cluster"})
	}
	return needs
}

// needsOfEdge returns what an edge needs on the side of a subject.
func (g *generator) needsOfEdge(s *Subject, d netpol.Direction, e *traffic.Edge, far traffic.End) []need {
	n := need{port: e.Port, protocol: e.Protocol}
	switch {
	case far.Workload != nil:
		n.peer = g.peerOf(s, far.Workload)
	case far.Host != "" && mayBeService(far.Host):
		n.peer = peer{open: far.Host + " may be a Service of another repository, whose pods are not known"}
	case far.Host != "":
		n.peer = peer{outside: true}
	case far.Block.IsValid():
		n.peer = peer{block: far.Block}
	case far.External == traffic.APIServer && d == netpol.Egress:
		n.peer = peer{open: "the API server has no pods that a selector could name"}
		other := n
		n.port, other.port = 443, 6443
		return []need{n, other}
	case far.External == traffic.Internet && d == netpol.Egress:
		n.peer = peer{outside: true}
	default:
		n.peer = peer{open: openBecause(far.External)}
	}
	return []need{n}
}

// peerOf names the pods of a workload, or says why nothing can.
func (g *generator) peerOf(s *Subject, w *netpol.Workload) peer {
	other := g.of[w]
	switch {
	case w.HostNetwork:
		return peer{open: w.String() + " is on the host network, where no selector matches it"}
	case other == nil:
		return peer{open: w.String() + " has no labels by which a selector could name it"}
	case other.Namespace != s.Namespace && manifest.IsPrivate(other.Namespace):
		return peer{open: "the namespace of " + w.String() + " is not known"}
	default:
		return peer{subject: other}
	}
}

// mayBeService tells whether a name that nothing here has could be that of a Service
// in another namespace, and not one on the internet: SERVICE.NAMESPACE. A block of
// addresses would not allow it, for some network plugins match no pods by it.
func mayBeService(host string) bool {
	suffix, registered := publicsuffix.PublicSuffix(host)
	return !registered && strings.Count(host, ".") == 1 && !strings.Contains(suffix, ".") && suffix != "local" && suffix != "internal"
}

func openBecause(e traffic.External) string {
	switch e {
	case traffic.Internet:
		return "clients outside of the cluster have no addresses that are known"
	case traffic.IngressController:
		return "which pods serve Ingresses and routes is not in the repository"
	case traffic.APIServer:
		return "the API server has no pods that a selector could name"
	case traffic.PrometheusServer:
		return "which Prometheus scrapes it is not in the repository"
	case traffic.Node:
		return "nodes have no labels that a selector could name"
	default:
		return "who connects is not known"
	}
}

// rule is a rule of a proposed policy: peers that share ports, with what needs it.
type rule struct {
	direction netpol.Direction
	peers     []peer
	ports     []port
	needs     []need
	open      string // why the whole direction is left open; nothing else is set then
}

type port struct {
	protocol netpol.Protocol
	number   int // 0 for all of the protocol
}

// rulesOf makes rules of needs: one for each peer with its ports, but none for what
// a rule for more peers allows already.
func rulesOf(d netpol.Direction, needs []need) []*rule {
	var rules []*rule
	for _, n := range needs {
		p := n.peer
		p.open = "" // the reason makes no other rule
		i := slices.IndexFunc(rules, func(r *rule) bool { return r.peers[0] == p })
		if i < 0 {
			i = len(rules)
			rules = append(rules, &rule{direction: d, peers: []peer{p}})
		}
		rules[i].add(n)
	}
	for i, r := range rules {
		for j, other := range rules {
			if i != j && other.peers[0].covers(r.peers[0]) && !(r.peers[0].covers(other.peers[0]) && i < j) {
				r.yield(other)
			}
		}
	}
	rules = slices.DeleteFunc(rules, func(r *rule) bool { return len(r.ports) == 0 })
	for _, r := range rules {
		slices.SortFunc(r.ports, comparePorts)
	}
	slices.SortStableFunc(rules, func(a, b *rule) int { return strings.Compare(a.key(), b.key()) })
	return rules
}

func (r *rule) add(n need) {
	r.needs = append(r.needs, n)
	if p := (port{n.protocol, n.port}); !slices.Contains(r.ports, p) {
		r.ports = append(r.ports, p)
	}
}

// covers tells whether whoever o names is named by p too.
func (p peer) covers(o peer) bool {
	if (p == peer{}) {
		return true
	}
	return p.subject != nil && o.subject != nil && p.subject.Namespace == o.subject.Namespace &&
		!slices.ContainsFunc(o.subject.Workloads, func(w *netpol.Workload) bool { return !has(w.Labels, p.subject.Labels) })
}

// yield gives the ports that a rule for more peers has to that rule.
func (r *rule) yield(wider *rule) {
	r.ports = slices.DeleteFunc(r.ports, func(p port) bool {
		covered := slices.Contains(wider.ports, p) || slices.Contains(wider.ports, port{p.protocol, 0})
		if covered {
			for _, n := range r.needs {
				if (port{n.protocol, n.port}) == p {
					wider.needs = append(wider.needs, n)
				}
			}
			r.needs = slices.DeleteFunc(r.needs, func(n need) bool { return port{n.protocol, n.port} == p })
		}
		return covered
	})
}

func comparePorts(a, b port) int {
	return cmp.Or(cmp.Compare(slices.Index(protocolOrder, a.protocol), slices.Index(protocolOrder, b.protocol)), cmp.Compare(a.number, b.number))
}

var protocolOrder = []netpol.Protocol{netpol.TCP, netpol.UDP, netpol.SCTP}

// key orders rules: pods by name, blocks, the outside, DNS, anybody.
func (r *rule) key() string {
	p := r.peers[0]
	switch {
	case p.subject != nil:
		return "1" + p.subject.Namespace + "/" + p.subject.name()
	case p.block.IsValid():
		return "2" + p.block.String()
	case p.outside:
		return "3"
	case p.dns:
		return "4"
	default:
		return "5"
	}
}

// comment names the evidence of a need. Workloads of the namespace go without it.
func (n need) comment(namespace string) string {
	if n.edge == nil {
		return n.why
	}
	e := n.edge
	text := fmt.Sprintf("%s calls %s", endIn(namespace, e.From), endIn(namespace, e.To))
	if e.Port != 0 {
		text += fmt.Sprintf(" on %s %d", e.Protocol, e.Port)
	}
	if len(e.Evidence) > 0 {
		text += fmt.Sprintf(": %s %s, %s", e.Evidence[0].Kind, e.Evidence[0].Text, e.Evidence[0].Pos)
	}
	if e.Confidence == traffic.Low {
		text += " (low confidence)"
	}
	return text
}

// endIn names an end of an edge as seen from a namespace.
func endIn(namespace string, end traffic.End) string {
	if w := end.Workload; w != nil && w.Namespace == namespace {
		return w.Kind + "/" + w.Name
	}
	return end.String()
}
