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
		NS, Name, IP, Node string
		Labels             map[string]string
		HostNetwork        bool
		Ports              []struct {
			Name     string
			Port     int
			Protocol string
		}
	}
	Nodes []struct {
		Name   string
		Labels map[string]string
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
	for _, suite := range []string{"k8s-e2e-netpol", "cyclonus-generator", "fuzz", "anp", "cnp", "fuzz-anp", "fuzz-cnp"} {
		t.Run(suite, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(shared, "conformance", suite, "*.json"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no cases in %s (%v)", shared, err)
			}
			var sum tally
			for _, file := range files {
				one := runConformance(t, file)
				sum.compared += one.compared
				sum.notJudged += one.notJudged
			}
			t.Logf("%d cases: all %d judged cells compared; %d not judged", len(files), sum.compared, sum.notJudged)
			if sum.compared == 0 {
				t.Error("nothing was compared")
			}
		})
	}
}

// tally counts cells.
type tally struct{ compared, notJudged int }

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
	peers := c.peers(t, cluster)
	var sum tally
	for _, table := range c.Expect {
		for i, row := range table.Rows {
			for j, want := range row {
				if want != '.' && want != 'X' {
					sum.notJudged++
					continue
				}
				sum.compared++
				if got := cluster.Allowed(peers[i], peers[j]); got.Contains(table.Protocol, table.Port) != (want == '.') {
					t.Errorf("%s: %s -> %s on %s %d: allowed %s, want %q",
						file, peers[i], peers[j], table.Protocol, table.Port, got, want)
				}
			}
		}
	}
	return sum
}

// peers returns the end points of the case in the order of its tables.
func (c *conformanceCase) peers(t *testing.T, cluster *Cluster) []Peer {
	t.Helper()
	var peers []Peer
	for _, pod := range c.Pods {
		peers = append(peers, pods(t, cluster, pod.NS, pod.Name))
	}
	for _, external := range c.Externals {
		address := netip.MustParseAddr(external.IP)
		peers = append(peers, Addresses(netip.PrefixFrom(address, address.BitLen())))
	}
	return peers
}

// objects writes the case's namespaces and pods as a cluster would: the status
// tells the address, because some policies are about the addresses of pods.
func (c *conformanceCase) objects(t *testing.T) []*manifest.Object {
	t.Helper()
	var objects []*manifest.Object
	for _, n := range c.Namespaces {
		objects = append(objects, object(t, map[string]any{
			"apiVersion": "v1", "kind": "Namespace",
			"metadata": map[string]any{"name": n.Name, "labels": n.Labels},
		}))
	}
	nodes := map[string]map[string]string{}
	for _, n := range c.Nodes {
		nodes[n.Name] = n.Labels
	}
	for _, pod := range c.Pods {
		var ports, addresses []any
		for _, p := range pod.Ports {
			ports = append(ports, map[string]any{"name": p.Name, "containerPort": p.Port, "protocol": p.Protocol})
		}
		if pod.IP != "" {
			addresses = []any{map[string]any{"ip": pod.IP}}
		}
		objects = append(objects, object(t, map[string]any{
			"apiVersion": "v1", "kind": "Pod",
			"metadata": map[string]any{"name": pod.Name, "namespace": pod.NS, "labels": pod.Labels},
			"spec": map[string]any{
				"hostNetwork":  pod.HostNetwork,
				"nodeSelector": nodes[pod.Node],
				"containers":   []any{map[string]any{"name": "c", "ports": ports}},
			},
			"status": map[string]any{"podIPs": addresses},
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
