package netpol

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/manifest"
)

// conformanceCase is a cluster with the connections that it must allow.
type conformanceCase struct {
	Namespaces []struct {
		Name   string
		Labels map[string]string
	}
	Pods []struct {
		NS, Name, IP string
		Labels       map[string]string
		HostNetwork  bool
		Ports        []struct {
			Name     string
			Port     int
			Protocol string
		}
	}
	Externals []struct{ IP string }
	Policies  string
	Expect    []struct {
		Port     int
		Protocol Protocol
		Rows     []string
	}
}

func TestConformance(t *testing.T) {
	shared := os.Getenv("RINGFENCE_SHARED")
	if shared == "" {
		t.Skip("RINGFENCE_SHARED is not set, so there are no conformance suites")
	}
	for _, suite := range []string{"k8s-e2e-netpol", "cyclonus-generator", "fuzz"} {
		t.Run(suite, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(shared, "conformance", suite, "*.json"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no cases in %s (%v)", shared, err)
			}
			var sum tally
			for _, file := range files {
				sum.add(runConformance(t, file))
			}
			t.Logf("%d cases: %d cells compared, of which %d with pods seen through their addresses as well; %d skipped, %d not judged",
				len(files), sum.compared, sum.byAddress, sum.skipped, sum.notJudged)
			if sum.compared == 0 {
				t.Error("nothing was compared")
			}
		})
	}
}

// tally counts cells.
type tally struct {
	compared  int
	byAddress int // of compared: a policy's block covers a pod of the pair
	skipped   int // a named port behind such a block
	notJudged int
}

func (s *tally) add(o tally) {
	s.compared += o.compared
	s.byAddress += o.byAddress
	s.skipped += o.skipped
	s.notJudged += o.notJudged
}

func runConformance(t *testing.T, file string) tally {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c conformanceCase
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	cluster, gaps := New(append(c.objects(t), parse(t, c.Policies)...), Options{})
	for _, gap := range gaps {
		if !gap.Note {
			t.Errorf("%s: unexpected gap: %s", file, gap.Reason)
		}
	}
	nodes := c.nodes(t, cluster)
	var sum tally
	for _, table := range c.Expect {
		for i, row := range table.Rows {
			for j, want := range row {
				if want != '.' && want != 'X' {
					sum.notJudged++
					continue
				}
				got, byAddress, known := connect(cluster, nodes[i], nodes[j])
				if !known {
					sum.skipped++
					continue
				}
				sum.compared++
				if byAddress {
					sum.byAddress++
				}
				if got.Contains(table.Protocol, table.Port) != (want == '.') {
					t.Errorf("%s: %s -> %s on %s %d: allowed %s, want %q",
						file, nodes[i].peer, nodes[j].peer, table.Protocol, table.Port, got, want)
				}
			}
		}
	}
	return sum
}

// node is an end point of a case. Pods there have addresses, which policies'
// blocks may cover; manifests never tell them.
type node struct {
	peer    Peer
	address netip.Prefix
	covered bool // the peer is a pod, and a policy's block contains its address
}

// connect returns what may be connected, with pods also matched by address. It
// is not known where a named port meets a destination matched by its address.
func connect(c *Cluster, from, to node) (conn ConnSet, byAddress, known bool) {
	if !from.covered && !to.covered {
		return c.Allowed(from.peer, to.peer), false, true
	}
	out, in := c.Allows(Egress, from.peer, to.peer), c.Allows(Ingress, from.peer, to.peer)
	if to.covered && to.peer.Workload() != nil {
		if namedBehindBlock(c, from.peer, to.address) {
			return ConnSet{}, true, false
		}
		out = out.Union(c.Allows(Egress, from.peer, Addresses(to.address)))
	}
	if from.covered {
		in = in.Union(c.Allows(Ingress, Addresses(from.address), to.peer))
	}
	return out.Intersect(in), true, true
}

func namedBehindBlock(c *Cluster, from Peer, to netip.Prefix) bool {
	if from.Workload() == nil {
		return false
	}
	for _, p := range c.Isolating(from.Workload(), Egress) {
		for _, r := range p.Rules(Egress) {
			for _, item := range r.Peers {
				if len(r.named) > 0 && item.Block != nil && item.Block.Contains(to) {
					return true
				}
			}
		}
	}
	return false
}

func (c *conformanceCase) nodes(t *testing.T, cluster *Cluster) []node {
	t.Helper()
	var nodes []node
	for _, pod := range c.Pods {
		w := workload(t, cluster, pod.NS, pod.Name)
		n := node{peer: PodsOf(w)}
		if pod.IP != "" {
			address := netip.MustParseAddr(pod.IP)
			n.address = netip.PrefixFrom(address, address.BitLen())
			for item := range cluster.items() {
				n.covered = n.covered || item.Block != nil && item.Block.Contains(n.address)
			}
		}
		nodes = append(nodes, n)
	}
	for _, external := range c.Externals {
		address := netip.MustParseAddr(external.IP)
		nodes = append(nodes, node{peer: Addresses(netip.PrefixFrom(address, address.BitLen()))})
	}
	return nodes
}

// objects writes the case's namespaces and pods as a user would.
func (c *conformanceCase) objects(t *testing.T) []*manifest.Object {
	t.Helper()
	var objects []*manifest.Object
	for _, n := range c.Namespaces {
		objects = append(objects, object(t, map[string]any{
			"apiVersion": "v1", "kind": "Namespace",
			"metadata": map[string]any{"name": n.Name, "labels": n.Labels},
		}))
	}
	for _, pod := range c.Pods {
		var ports []any
		for _, p := range pod.Ports {
			ports = append(ports, map[string]any{"name": p.Name, "containerPort": p.Port, "protocol": p.Protocol})
		}
		objects = append(objects, object(t, map[string]any{
			"apiVersion": "v1", "kind": "Pod",
			"metadata": map[string]any{"name": pod.Name, "namespace": pod.NS, "labels": pod.Labels},
			"spec": map[string]any{
				"hostNetwork": pod.HostNetwork,
				"containers":  []any{map[string]any{"name": "c", "ports": ports}},
			},
		}))
	}
	return objects
}

func object(t *testing.T, data map[string]any) *manifest.Object {
	t.Helper()
	text, err := yaml.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))[0]
}
