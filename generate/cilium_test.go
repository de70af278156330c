package generate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// Both formats allow the same between pods.
func TestFormatsAgree(t *testing.T) {
	text := namespaces + strings.Replace(web, "type: LoadBalancer, ", "", 1) + api + ledger + strings.ReplaceAll(meshed("web", "", "linkerd.io/inject: enabled", `env: [{name: API_URL, value: "http://api:80"}]`)+
		meshed("api", "", "linkerd.io/inject: enabled", `env: [{name: DB_URL, value: "postgres://db.acme.io:5432/a"}]`), "namespace: mesh", "namespace: bank")
	var clusters []*netpol.Cluster
	for _, format := range []Format{NetworkPolicy, Cilium} {
		g := generatorOf(t, text)
		opts := Options{Format: format, PartialDeny: true}
		result, err := Propose(g.env, opts)
		if err != nil {
			t.Fatal(err)
		}
		isMinimal(t, g.env, opts)
		objects := g.env.Objects
		for _, p := range result.Proposals {
			objects = append(objects, p.Object)
		}
		c, gaps := netpol.New(objects, netpol.Options{})
		if len(gaps) > 0 {
			t.Fatal(gaps)
		}
		clusters = append(clusters, c)
	}
	allowed := 0
	for i, from := range clusters[0].Workloads {
		for j, to := range clusters[0].Workloads {
			want := clusters[0].Allowed(netpol.PodsOf(from), netpol.PodsOf(to))
			got := clusters[1].Allowed(netpol.PodsOf(clusters[1].Workloads[i]), netpol.PodsOf(clusters[1].Workloads[j]))
			if want.String() != got.String() {
				t.Errorf("%s -> %s: Cilium allows %s, NetworkPolicies %s", from, to, got, want)
			}
			if !want.IsEmpty() {
				allowed++
			}
		}
	}
	if allowed != 3 { // web -> api, api -> ledger, and web -> api of the mesh
		t.Errorf("%d pairs are allowed", allowed)
	}
}

// The proof notices what is wrong in each part of a CiliumNetworkPolicy.
func TestCiliumProofFails(t *testing.T) {
	objects, _ := manifest.Parse("cluster.yaml", []byte(namespaces+web+ledger+strings.Replace(api, `"ledger.bank:7000"`, `"ledger.bank:7000"}, {name: RATES_URL, value: "https://rates.acme.io"`, 1)))
	c, _ := netpol.New(objects, netpol.Options{})
	for _, broken := range [][2]string{
		{`port: "9000"`, `port: "9001"`},
		{`port: "53"`, `port: "54"`},
		{"app: web", "app: wed"},
		{"namespace\": bank", "namespace\": tank"},
		{"toFQDNs:\n        - matchName: rates.acme.io", "toCIDR:\n        - 192.0.2.1/32"},
		{"- toFQDNs:", "- toEntities: [world]\n      toFQDNs:"}, // which must not be together
		{"- toFQDNs:", "- toServices:"},
		{"toPorts:\n        - ports:", "toPorts:\n        - port:"},
	} {
		g := newGenerator(Environment{Name: "test", Objects: objects, Cluster: c, Calls: traffic.Infer(c, objects)}, Options{Format: Cilium})
		p := g.allow(g.of[c.Workloads[1]]) // shop/api
		if err := p.write(); err != nil {
			t.Fatal(err)
		}
		if err := g.prove([]*manifest.Object{p.Object}); err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(p.Text, broken[0], broken[1], 1)
		objects, gaps := manifest.Parse("generated", []byte(changed))
		if changed == p.Text || len(gaps) > 0 {
			t.Fatalf("%q: nothing changed, or %v", broken, gaps)
		}
		if g.prove(objects) == nil {
			t.Errorf("the proof does not notice that %q stands for %q", broken[1], broken[0])
		}
	}
}

func TestManyPorts(t *testing.T) {
	r := &rule{direction: netpol.Ingress, peers: []peer{{}}}
	for i := range mostPorts + 1 {
		r.ports = append(r.ports, port{netpol.TCP, i + 1})
	}
	lines := strings.Join(r.cilium("shop", asRendered{}, false), "\n")
	if got := strings.Count(lines, "- ports:"); got != 2 {
		t.Errorf("%d items of ports, want 2", got)
	}
	if got := strings.Count(lines, "- port: "); got != mostPorts+1 {
		t.Errorf("%d ports, want %d", got, mostPorts+1)
	}
}

// What stands for a policy in a proof is something that is evaluated.
func TestEvaluable(t *testing.T) {
	policy := func(rule string) *manifest.Object {
		objects, gaps := manifest.Parse("p.yaml", []byte(fmt.Sprintf(`
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: shop}, spec: {endpointSelector: {}, egress: [%s]}}`, rule)))
		if len(gaps) > 0 {
			t.Fatal(gaps)
		}
		return objects[0]
	}
	for from, to := range map[string]string{
		`{toFQDNs: [{matchName: acme.io}], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}`:                       `{toCIDRSet: [{cidr: 0.0.0.0/0}, {cidr: "::/0"}], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}`,
		`{toEntities: [kube-apiserver, host, all]}`:                                                                   `{toEntities: [world, world, all]}`,
		`{toEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*"}]}}]}`: `{toEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: ANY}]}]}`,
		`{toCIDRSet: [{cidr: 10.0.0.0/8}]}`:                                                                           `{toCIDRSet: [{cidr: 10.0.0.0/8}]}`,
	} {
		o := policy(from)
		got, err := evaluable(o)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(policy(to).Data, got.Data); diff != "" {
			t.Errorf("%s (-want +got):\n%s", from, diff)
		}
		if diff := cmp.Diff(policy(from).Data, o.Data); diff != "" {
			t.Errorf("%s was changed (-want +got):\n%s", from, diff)
		}
	}
}
