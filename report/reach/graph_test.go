package reach

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report/diagram"
)

// shop is two namespaces: in shop, policies govern web, cart and db; in legacy,
// a cart that none governs and a job whose egress one does.
const shop = `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{ports: [{name: http, containerPort: 8080}]}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: cart, namespace: shop}, spec: {template: {metadata: {labels: {app: cart}}}}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: shop}, spec: {template: {metadata: {labels: {app: db}}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: cart, namespace: legacy}, spec: {template: {metadata: {labels: {app: cart}}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: job, namespace: legacy}, spec: {template: {metadata: {labels: {app: job}}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: legacy}, spec: {hostNetwork: true}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: shop}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}, {namespaceSelector: {}}], ports: [{port: http}]}], egress: [{to: [{podSelector: {matchLabels: {app: cart}}}, {namespaceSelector: {}, podSelector: {matchLabels: {app: cart}}}], ports: [{port: 7070}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: cart, namespace: shop}, spec: {podSelector: {matchLabels: {app: cart}}, ingress: [{from: [{podSelector: {}}]}], egress: [{}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: job, namespace: legacy}, spec: {podSelector: {matchLabels: {app: job}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.168.0.0/16}}]}, {to: [{podSelector: {}}], ports: [{port: 1}]}]}}
`

func mapOf(t *testing.T, text string) *Map {
	t.Helper()
	objects, gaps := manifest.Parse("cluster.yaml", []byte(text))
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	c, gaps := netpol.New(objects, netpol.Options{})
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	return New("prod", c, 0)
}

func TestGraph(t *testing.T) {
	g := mapOf(t, shop).graph()
	var got []string
	for _, group := range g.Groups {
		for _, n := range group.Nodes {
			got = append(got, group.Name+": "+strings.Join(n.Lines, " ")+[]string{"", " [open]", " [uncertain]", " [outside]"}[n.Shape])
		}
	}
	for _, e := range g.Edges {
		got = append(got, strings.ReplaceAll(e.From+" -> "+e.To+": "+e.Label, "\x00", ""))
	}
	want := []string{
		"legacy: Pod/agent [open]",
		"legacy: Deployment/cart [open]",
		"legacy: Job/job (egress restricted) [open]",
		"legacy: undeclared pods in namespace legacy [outside]",
		"shop: Deployment/cart",
		"shop: Deployment/web (egress restricted)",
		"shop: StatefulSet/db (egress restricted)",
		": undeclared pods in any namespace except namespace shop [outside]",
		": any IPv4 address except 10.0.0.0/8 [outside]",
		": 192.168.0.0/16 [outside]",
		"legacy/batch/Job/job -> legacy/apps/Deployment/cart: TCP 1",
		"shop/apps/Deployment/web -> legacy/apps/Deployment/cart: TCP 7070",
		"legacy/batch/Job/job -> undeclared pods in namespace legacy: TCP 1",
		"shop/apps/Deployment/web -> shop/apps/Deployment/cart: TCP 7070",
		"undeclared pods in any namespace (except namespace shop) -> shop/apps/Deployment/web: TCP 8080",
		"legacy/apps/Deployment/cart -> shop/apps/Deployment/web: TCP 8080",
		"shop/apps/Deployment/cart -> shop/apps/Deployment/web: TCP 8080",
		"any IPv4 address (except 10.0.0.0/8) -> shop/apps/Deployment/web: TCP 8080",
		"legacy/batch/Job/job -> 192.168.0.0/16: all",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	checkGraph(t, mapOf(t, shop))
}

func TestPartialGraphs(t *testing.T) {
	m := mapOf(t, shop)
	for _, part := range []*Map{m.Exposed(), m.On(m.Cluster.Workloads[0]), m.On(m.Cluster.Workloads[4])} {
		checkGraph(t, part)
	}
}

// checkGraph compares the arrows of a graph with the relation, pair by pair.
func checkGraph(t *testing.T, m *Map) {
	t.Helper()
	g := grapher{Map: m}
	graph := m.graph()
	nodes := nodesOf(t, m, graph)
	for _, from := range m.Relation.Peers() {
		for _, to := range m.Relation.Peers() {
			if from == to || from.Kind() == netpol.BlockPeer && to.Kind() == netpol.BlockPeer {
				continue
			}
			want := m.Relation.Allowed(from, to).String()
			if !g.partial() && implied(m, from, to) {
				continue
			}
			got := []string{}
			for _, e := range graph.Edges {
				if nodes[e.From](from) && nodes[e.To](to) {
					got = append(got, e.Label)
				}
			}
			switch {
			case want == "nothing" && len(got) == 0:
			case len(got) == 1 && got[0] == want:
			case len(got) == 0 && sameNode(graph, nodes, from, to):
			default:
				t.Errorf("%s -> %s: arrows %v, want %s", from, to, got, want)
			}
		}
	}
}

// implied tells whether a drawing leaves a connection out: into what is open, from
// what no policy restricts.
func implied(m *Map, from, to netpol.Peer) bool {
	restricted := from.Workload() != nil && m.Relation.Restricted(from.Workload(), netpol.Egress)
	open := to.Workload() == nil || m.open(to.Workload())
	return open && !restricted
}

func sameNode(g *diagram.Graph, nodes map[string]func(netpol.Peer) bool, a, b netpol.Peer) bool {
	for _, holds := range nodes {
		if holds(a) && holds(b) && a.Workload() != nil && b.Workload() != nil {
			return true
		}
	}
	return false
}

// nodesOf returns what each node stands for.
func nodesOf(t *testing.T, m *Map, g *diagram.Graph) map[string]func(netpol.Peer) bool {
	t.Helper()
	terms := map[string]netpol.Term{}
	for row := range m.Relation.Rows() {
		_, outside := row.To.Divide()
		for _, term := range slices.Concat(row.From.Terms(), outside.Terms()) {
			terms["\x00"+term.String()] = term
		}
	}
	nodes := map[string]func(netpol.Peer) bool{}
	for _, group := range g.Groups {
		for _, n := range group.Nodes {
			if term, ok := terms[n.ID]; ok {
				nodes[n.ID] = func(p netpol.Peer) bool { return holds(term, p) }
				continue
			}
			nodes[n.ID] = func(p netpol.Peer) bool {
				return p.Workload() != nil && GroupOf(p.Namespace()) == group.Name && slices.Contains(n.Lines, p.Workload().Kind+"/"+p.Workload().Name)
			}
		}
	}
	return nodes
}

func holds(t netpol.Term, p netpol.Peer) bool {
	if slices.ContainsFunc(t.Except, func(e netpol.Term) bool { return holds(e, p) }) {
		return false
	}
	switch t.Kind {
	case netpol.AnythingTerm:
		return true
	case netpol.AnyPodTerm:
		return p.Kind() != netpol.BlockPeer
	case netpol.NamespaceTerm:
		return p.Namespace() == t.Namespace
	case netpol.WorkloadTerm:
		return p.Workload() == t.Workload
	case netpol.UndeclaredTerm:
		return p.Kind() == netpol.OtherPodsPeer && p.Namespace() == t.Namespace
	case netpol.AnyUndeclaredTerm:
		return p.Kind() == netpol.OtherPodsPeer || p.Kind() == netpol.ElsewherePeer
	case netpol.AnyAddressTerm:
		return p.Kind() == netpol.BlockPeer
	default:
		return p.Kind() == netpol.BlockPeer && t.Block.Bits() <= p.Block().Bits() && t.Block.Contains(p.Block().Addr())
	}
}
