package netpol

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// holds tells by its definition whether a term stands for a peer.
func (t Term) holds(p Peer) bool {
	for _, e := range t.Except {
		if e.holds(p) {
			return false
		}
	}
	switch t.Kind {
	case AnythingTerm:
		return true
	case AnyPodTerm:
		return p.kind != BlockPeer
	case NamespaceTerm:
		return p.kind != BlockPeer && p.kind != ElsewherePeer && p.Namespace() == t.Namespace
	case WorkloadTerm:
		return p.workload == t.Workload
	case UndeclaredTerm:
		return p.kind == OtherPodsPeer && p.namespace == t.Namespace
	case AnyUndeclaredTerm:
		return p.kind == OtherPodsPeer || p.kind == ElsewherePeer
	case AnyAddressTerm:
		return p.kind == BlockPeer
	default:
		return p.kind == BlockPeer && covers(t.Block, p.block)
	}
}

// checkTerms checks that the terms stand for each peer of the set once, and for
// no others.
func checkTerms(t *testing.T, all []Peer, s Peers) {
	t.Helper()
	inside := map[Peer]bool{}
	for p := range s.All() {
		inside[p] = true
	}
	terms := s.Terms()
	for _, p := range all {
		n := 0
		for _, term := range terms {
			if term.holds(p) {
				n++
			}
		}
		if n > 1 || n == 1 != inside[p] {
			t.Fatalf("%s: %d terms of %v, want it in the set: %t", p, n, terms, inside[p])
		}
	}
}

func TestTermsAgainstSets(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 50
	}
	for seed := range seeds {
		c, _ := New(randomObjects(t, seed), Options{})
		rel := c.Relation()
		for row := range rel.Rows() {
			checkTerms(t, rel.Peers(), row.From)
			checkTerms(t, rel.Peers(), row.To)
			_, outside := row.To.Divide()
			checkTerms(t, rel.Peers(), outside)
		}
	}
}

// A change may add peers, which have no place among the others.
func TestTermsOfDifferences(t *testing.T) {
	c := trapCluster(t, `{podSelector: {matchLabels: {app: web}}}`)
	edited := parse(t, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p0, namespace: a}, spec: {podSelector: {matchLabels: {app: web}},
		ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: new}}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]}}`)
	d, _ := c.Relation().Replacing(edited[0])
	var got []string
	for change := range d.Changes() {
		got = append(got, join(change.From.Terms())+" -> "+join(change.To.Terms())+": "+change.Added.String())
	}
	want := []string{"any pod in namespace new, 10.0.0.0/8 -> a/Deployment/web: all"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func join(terms []Term) string {
	texts := make([]string, len(terms))
	for i, term := range terms {
		texts[i] = term.String()
	}
	return strings.Join(texts, ", ")
}

func TestTerms(t *testing.T) {
	tests := []struct{ name, rule, want string }{ // who reaches a/web
		{"everything", `{}`, "anything"},
		{"all pods", `{from: [{namespaceSelector: {}}]}`, "any pod (except a/Pod/host)"},
		{"all addresses", `{from: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: "::/0"}}]}`, "any address"},
		{"a family", `{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}`, "any IPv4 address"},
		{"addresses but some", `{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 192.168.0.0/16]}}]}`, "any IPv4 address (except 10.0.0.0/8, 192.168.0.0/16)"},
		{"all but some addresses", `{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}, {ipBlock: {cidr: "::/0"}}, {namespaceSelector: {}}]}`, "anything (except a/Pod/host, 10.0.0.0/8)"},
		{"blocks that touch", `{from: [{ipBlock: {cidr: 10.0.0.0/9}}, {ipBlock: {cidr: 10.128.0.0/9}}]}`, "10.0.0.0/8"},
		{"a namespace", `{from: [{namespaceSelector: {matchLabels: {team: blue}}}]}`, "any pod in namespace b"},
		{"most of a namespace", `{from: [{podSelector: {}}]}`, "any pod in namespace a (except a/Pod/host)"},
		{"the smaller part of a namespace", `{from: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [db]}]}}]}`, "undeclared pods in namespace a, a/Deployment/web"},
		{"no workload of a namespace", `{from: [{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}]}`, "undeclared pods in namespace a"},
		{"workloads", `{from: [{podSelector: {matchLabels: {app: db}}}, {ipBlock: {cidr: 8.8.8.8/32}}]}`, "a/Deployment/db, 8.8.8.8/32"},
		{"undeclared pods", `{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}]}`, "undeclared pods in any namespace, c/Pod/bare"},
		{"not those of a namespace", `{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}, podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}]}`, "undeclared pods in any namespace (except namespace b), c/Pod/bare"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := trapCluster(t, `{podSelector: {matchLabels: {app: web}}, ingress: [`+test.rule+`]}`)
			web := pods(t, c, "a", "web")
			var got []string
			for row := range c.Relation().Between(func(Peer) bool { return true }, func(p Peer) bool { return p == web }).Rows() {
				got = append(got, join(row.From.Terms()))
			}
			if diff := cmp.Diff([]string{test.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestExceptions(t *testing.T) {
	a, b := Term{Kind: NamespaceTerm, Namespace: "a"}, Term{Kind: NamespaceTerm, Namespace: "b"}
	part := Term{Kind: NamespaceTerm, Namespace: "c", Except: []Term{{Kind: UndeclaredTerm, Namespace: "c"}}}
	block := Term{Kind: BlockTerm, Block: netip.MustParsePrefix("10.0.0.0/8")}
	for _, test := range []struct {
		term Term
		want string
	}{
		{Term{Kind: AnythingTerm, Except: []Term{a, block, b, part}}, "anything (except 10.0.0.0/8, any pod in namespace c (except undeclared pods in namespace c), any pod in namespaces a, b)"},
		{Term{Kind: AnythingTerm, Except: []Term{a, block}}, "anything (except 10.0.0.0/8, any pod in namespace a)"},
		{Term{Kind: AnyUndeclaredTerm, Except: []Term{a, b}}, "undeclared pods in any namespace (except namespaces a, b)"},
		{Term{Kind: AnyUndeclaredTerm, Except: []Term{a}}, "undeclared pods in any namespace (except namespace a)"},
	} {
		if got := test.term.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestViews(t *testing.T) {
	for seed := range uint64(50) {
		c, _ := New(randomObjects(t, seed), Options{})
		rel := c.Relation()
		some := func(p Peer) bool { return p.kind == WorkloadPeer && p.workload.position%2 == 0 || p.kind == BlockPeer }
		one := rel.Peers()[0]
		checkView(t, rel, rel.Between(some, func(p Peer) bool { return !some(p) }), func(p Pair) bool { return some(p.From) && !some(p.To) })
		checkView(t, rel, rel.Around(one), func(p Pair) bool { return p.From == one || p.To == one })
	}
}

func checkView(t *testing.T, rel, view *Relation, wanted func(Pair) bool) {
	t.Helper()
	want := map[[2]Peer]string{}
	for p := range rel.Pairs() {
		if wanted(p) {
			want[[2]Peer{p.From, p.To}] = p.Conn.String()
		}
	}
	n := 0
	for p := range view.Pairs() {
		if n++; want[[2]Peer{p.From, p.To}] != p.Conn.String() {
			t.Fatalf("%s -> %s: got %s, want %s", p.From, p.To, p.Conn, want[[2]Peer{p.From, p.To}])
		}
	}
	if n != len(want) {
		t.Fatalf("%d pairs, want %d", n, len(want))
	}
}

// Members of a class have the same connections with every peer, and those of
// different classes of a namespace do not.
func TestClasses(t *testing.T) {
	for seed := range uint64(50) {
		c, _ := New(randomObjects(t, seed), Options{})
		rel := c.Relation()
		behaviour := func(w *Workload) string {
			var b strings.Builder
			for _, p := range rel.Peers() {
				b.WriteString(rel.Allowed(p, PodsOf(w)).String() + "/" + rel.Allowed(PodsOf(w), p).String() + "\n")
			}
			return w.Namespace + "\n" + b.String()
		}
		seen, n := map[string]bool{}, 0
		for _, class := range rel.Classes() {
			want := behaviour(class.Workloads[0])
			if seen[want] {
				t.Fatalf("seed %d: two classes behave alike", seed)
			}
			seen[want] = true
			for _, w := range class.Workloads {
				if n++; behaviour(w) != want {
					t.Fatalf("seed %d: %s differs from its class", seed, w)
				}
			}
		}
		if n != len(c.Workloads) {
			t.Fatalf("%d workloads in classes, want %d", n, len(c.Workloads))
		}
	}
}
