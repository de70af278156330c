package generate

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

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
	about    *traffic.Edge // that why speaks of
}

// needsOf returns what one direction of a subject needs: what calls need, and what
// the platform does.
func (g *generator) needsOf(s *Subject, d netpol.Direction) []need {
	key := side{s, d}
	needs, known := g.needs[key]
	if !known {
		needs = g.callsOf(s, d)
		needs = append(needs, g.meshNeeds(s, d, needs)...)
		needs = append(needs, g.dnsNeeds(s, d, needs)...)
		g.needs[key] = needs
	}
	return slices.Clone(needs)
}

// side is one direction of a subject.
type side struct {
	subject   *Subject
	direction netpol.Direction
}

// callsOf returns what the calls need of one direction of a subject.
func (g *generator) callsOf(s *Subject, d netpol.Direction) []need {
	var needs []need
	for _, e := range g.edgesOf(s, d) {
		if e.Confidence < g.opts.Confidence {
			continue
		}
		_, far := ends(e, d)
		for _, n := range g.needsOfEdge(s, d, e, far) {
			n.edge = e
			needs = append(needs, n)
		}
	}
	return needs
}

// edgesOf returns the calls that one direction of a subject is about.
func (g *generator) edgesOf(s *Subject, d netpol.Direction) []*traffic.Edge {
	var edges []*traffic.Edge
	for i := range g.env.Calls.Edges {
		e := &g.env.Calls.Edges[i]
		if near, _ := ends(e, d); near.Workload != nil && slices.Contains(s.Workloads, near.Workload) {
			edges = append(edges, e)
		}
	}
	return edges
}

// ends returns first the end of a call whose policies decide in a direction.
func ends(e *traffic.Edge, d netpol.Direction) (near, far traffic.End) {
	if d == netpol.Egress {
		return e.From, e.To
	}
	return e.To, e.From
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
		n.peer = g.host(far.Host)
	case far.Block.IsValid():
		n.peer = peer{block: far.Block}
	case far.External == traffic.APIServer && d == netpol.Egress:
		n.peer = g.external(far.External, d)
		other := n
		n.port, other.port = 443, 6443
		return []need{n, other}
	default:
		n.peer = g.external(far.External, d)
	}
	return []need{n}
}

// dnsNeeds returns what the DNS of the cluster needs: everybody with calls asks it.
func (g *generator) dnsNeeds(s *Subject, d netpol.Direction, needs []need) []need {
	const why = "names are resolved by the DNS of the cluster"
	switch {
	case d == netpol.Ingress && g.isDNS(s):
		return overBoth(need{port: g.dnsPort, peer: peer{open: "every pod asks the DNS of the cluster"}, why: why})
	case d == netpol.Ingress || len(needs) == 0:
		return nil
	}
	asked := overBoth(need{port: g.dnsPort, peer: peer{others: g.dns}, why: why})
	if g.cache != nil {
		asked = append(asked, overBoth(need{port: 53, peer: peer{others: g.cache}, why: "names are resolved by the cache of the node"})...)
	}
	return asked
}

// overBoth returns a need of both protocols of DNS.
func overBoth(n need) []need {
	n.protocol = netpol.UDP
	other := n
	other.protocol = netpol.TCP
	return []need{n, other}
}

// mayBeService tells whether a name that nothing here has could be that of a Service
// in another namespace, and not one on the internet: SERVICE.NAMESPACE. A block of
// addresses would not allow it, for some network plugins match no pods by it.
func mayBeService(host string) bool {
	suffix, registered := publicsuffix.PublicSuffix(host)
	return !registered && strings.Count(host, ".") == 1 && !strings.Contains(suffix, ".") && suffix != "local" && suffix != "internal"
}

// isDNS tells whether a subject is the DNS of the cluster.
func (g *generator) isDNS(s *Subject) bool { return slices.ContainsFunc(s.Workloads, g.dns.has) }

// comment names the evidence of a need.
func (n need) comment() string { return n.commentIn("", asRendered{}) }

// commentIn names the evidence for a policy of a namespace, the workloads of which go
// without it.
func (n need) commentIn(namespace string, names Names) string {
	switch {
	case n.about != nil:
		return n.why + ": " + endIn(namespace, n.about.From) + " calls " + endIn(namespace, n.about.To)
	case n.edge == nil:
		return n.why
	}
	e := n.edge
	text := fmt.Sprintf("%s calls %s", endIn(namespace, e.From), endIn(namespace, e.To))
	if e.Port != 0 {
		text += fmt.Sprintf(" on %s %d", e.Protocol, e.Port)
	}
	if len(e.Evidence) > 0 {
		text += fmt.Sprintf(": %s %s, %s", e.Evidence[0].Kind, e.Evidence[0].Text, names.Place(e.Evidence[0].Pos))
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
