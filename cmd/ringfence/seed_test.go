package main

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/source"
)

// TestSeed evaluates the four shapes of policies that every introduction teaches.
func TestSeed(t *testing.T) {
	tree, err := source.Open("../../testdata/seed")
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	repo := render.New(tree, render.Options{})
	targets, gaps := repo.Find(context.Background(), []string{"."})
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	var objects []*manifest.Object
	for _, r := range repo.RenderAll(context.Background(), targets, nil) {
		objects = append(objects, r.Objects...)
	}
	cluster, gaps := netpol.New(objects, netpol.Options{})
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}

	all := []string{
		"kube-system/Deployment/agent", "orders/Deployment/batch", "orders/Deployment/worker", "other-pods:*",
		"other-pods:kube-system", "other-pods:orders", "other-pods:shop", "shop/Deployment/api", "shop/Deployment/db", "shop/Deployment/exporter",
		"shop/Deployment/prometheus", "shop/Deployment/web",
	}
	tests := []struct {
		workload        string
		ingress, egress bool     // isolated
		callers         []string // pods that may connect on some port, itself left out
		ports           netpol.ConnSet
	}{
		{"web", true, false, nil, netpol.ConnSet{}},
		{"api", true, false, []string{"orders/Deployment/batch", "orders/Deployment/worker", "other-pods:orders"}, netpol.All()},
		{"db", true, false, []string{"orders/Deployment/worker"}, netpol.Ports(netpol.TCP, 5432, 5432)},
		{"exporter", true, true, []string{"kube-system/Deployment/agent", "other-pods:kube-system", "shop/Deployment/prometheus"}, netpol.All()},
		{"prometheus", false, false, slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "shop/Deployment/prometheus" }), netpol.All()},
	}
	for _, test := range tests {
		t.Run(test.workload, func(t *testing.T) {
			i := slices.IndexFunc(cluster.Workloads, func(w *netpol.Workload) bool { return w.Name == test.workload })
			w := cluster.Workloads[i]
			if in, out := cluster.Isolated(w, netpol.Ingress), cluster.Isolated(w, netpol.Egress); in != test.ingress || out != test.egress {
				t.Errorf("isolated: ingress %v, egress %v; want %v, %v", in, out, test.ingress, test.egress)
			}
			var callers []string
			for _, p := range cluster.Peers() {
				if p.Kind() == netpol.BlockPeer || p == netpol.PodsOf(w) {
					continue
				}
				if allowed := cluster.Allowed(p, netpol.PodsOf(w)); !allowed.IsEmpty() {
					callers = append(callers, p.String())
					if !allowed.Equal(test.ports) {
						t.Errorf("%s may connect on %s, want %s", p, allowed, test.ports)
					}
				}
			}
			slices.Sort(callers)
			if diff := cmp.Diff(test.callers, callers); diff != "" {
				t.Errorf("callers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSeedFindings(t *testing.T) {
	t.Chdir("../..")
	report := check(t, "testdata/seed")
	if split := report.places("split-peer"); len(split) > 0 {
		t.Errorf("split-peer at %v: both peers make sense alone", split)
	}
	want := []string{"testdata/seed/policies/metrics-or-system.yaml:19"}
	if diff := cmp.Diff(want, report.places("allow-all-rule")); diff != "" {
		t.Errorf("allow-all-rule (-want +got):\n%s", diff)
	}
	for _, rule := range []string{"dangling-policy", "dangling-peer", "no-dns-egress", "overbroad-namespace-selector"} {
		if places := report.places(rule); len(places) > 0 {
			t.Errorf("%s at %v", rule, places)
		}
	}
}
