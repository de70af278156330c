package generate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/netpol"
)

// backend is a workload with a Service on a port, which nothing is told to call. The
// metadata of its pods may have more.
func backend(name, port, more string) string {
	return fmt.Sprintf(`
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: %[1]s, namespace: shop}, spec: {selector: {matchLabels: {app: %[1]s}}, template: {metadata: {labels: {app: %[1]s}, %[3]s},
	spec: {containers: [{name: c, env: [{name: DB_ADDR, value: "ledger.bank:7000"}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: %[1]s, namespace: shop}, spec: {selector: {app: %[1]s}, ports: [%[2]s]}}
`, name, port, more)
}

// chartTest calls cart.
const chartTest = `
---
{apiVersion: v1, kind: Pod, metadata: {name: try, namespace: shop, labels: {app: try}, annotations: {helm.sh/hook: test}}, spec: {containers: [{name: c, command: [wget, "cart:80"]}]}}
`

// What nobody is known to call may be called from its namespace, where the names of
// Services are resolved that stand in images.
func TestUncalledPorts(t *testing.T) {
	const (
		dns     = "coredns TCP 53,UDP 53"
		scraped = `annotations: {prometheus.io/scrape: "true", prometheus.io/port: "8080"}`
	)
	shop := namespaces + ledger + web + api
	tests := []struct {
		name, text string
		opts       Options
		web        string // the rules of its egress
	}{
		{"all are known to be called", shop, Options{}, "shop/api TCP 9000; " + dns},
		{"one is not", shop + backend("cart", "{port: 80}", ""), Options{}, "shop/api TCP 9000; " + dns + "; within TCP 80"},
		{"two are not", shop + backend("cart", "{port: 80}", "") + backend("user", "{port: 81, protocol: UDP}, {port: 80}", ""), Options{}, "shop/api TCP 9000; " + dns + "; within TCP 80,UDP 81"},
		{"what is not known is to be denied", shop + backend("cart", "{port: 80}", ""), Options{PartialDeny: true}, "shop/api TCP 9000; " + dns},
		{"one of another namespace", shop + strings.ReplaceAll(backend("cart", "{port: 80}", ""), "namespace: shop", "namespace: bank"), Options{}, "shop/api TCP 9000; " + dns},
		{"only Prometheus is known to", shop + backend("cart", "{port: 80, targetPort: 8080}", scraped), Options{}, "shop/api TCP 9000; " + dns + "; within TCP 8080"},
		{"it is for metrics by its name", shop + backend("cart", "{port: 80, targetPort: 8080, name: http-metrics}", scraped), Options{}, "shop/api TCP 9000; " + dns},
		{"it is an exporter by its number", shop + backend("cart", "{port: 80, targetPort: 9113}", strings.ReplaceAll(scraped, "8080", "9113")), Options{}, "shop/api TCP 9000; " + dns},
		{"another port is for calls", shop + backend("cart", "{port: 80, name: a}, {port: 8080, name: b}", scraped), Options{}, "shop/api TCP 9000; " + dns + "; within TCP 80"},
		{"only a test is known to", shop + backend("cart", "{port: 80, targetPort: 8080}", "") + chartTest, Options{}, "shop/api TCP 9000; " + dns + "; within TCP 8080"},
		{"nothing gives it a name", shop + strings.Split(backend("cart", "", "")+"---", "\n---\n{apiVersion: v1")[0], Options{}, "shop/api TCP 9000; " + dns},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, format := range []Format{NetworkPolicy, Cilium} {
				test.opts.Format = format
				r := propose(t, test.text, test.opts)
				for _, p := range r.Proposals {
					if p.Name != "web-allow" {
						continue
					}
					got := strings.Join(p.egress(), "; ")
					if diff := cmp.Diff(test.web, got); diff != "" {
						t.Errorf("%s (-want +got):\n%s", format, diff)
					}
				}
			}
		})
	}
}

// egress writes the rules of egress.
func (p *Proposal) egress() []string {
	var rules []string
	for _, r := range p.Rules {
		if r.direction == netpol.Egress {
			rules = append(rules, r.who()+" "+r.onPorts())
		}
	}
	return rules
}

// The rule does what it says in either format: it allows the calls to the uncalled port
// in the namespace, and none to the one that has a caller.
func TestUncalledPortsAreOpen(t *testing.T) {
	text := namespaces + ledger + web + api + backend("cart", "{port: 80}", "") + backend("user", "{port: 9000}", "")
	for _, format := range []Format{NetworkPolicy, Cilium} {
		env := environmentOf(t, text)
		r, err := Propose(env, Options{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		objects := env.Objects
		for _, p := range r.Proposals {
			objects = append(objects, p.Object)
		}
		c, _ := netpol.New(objects, netpol.Options{})
		named := map[string]netpol.Peer{}
		for _, w := range c.Workloads {
			named[w.Name] = netpol.PodsOf(w)
		}
		for _, test := range []struct{ from, to, want string }{
			{"web", "cart", "TCP 80"},
			{"cart", "user", "TCP 9000"},
			{"user", "cart", "TCP 80"},
			{"web", "api", "TCP 9000"},
			{"cart", "api", "nothing"},
			{"ledger", "cart", "TCP 80"},
			{"cart", "ledger", "TCP 7000"},
		} {
			if got := c.Allowed(named[test.from], named[test.to]).String(); got != test.want {
				t.Errorf("%s: %s -> %s: %s, want %s", format, test.from, test.to, got, test.want)
			}
		}
	}
}

// A port that existing policies close to a workload is none that it may call, and a
// call of what is injected is no scrape.
func TestUncalledPortsOfOthers(t *testing.T) {
	closed := `
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: cart, namespace: shop}, spec: {podSelector: {matchLabels: {app: cart}}, policyTypes: [Ingress]}}
`
	vault := backend("vault", "{port: 8200}", "")
	agent := strings.ReplaceAll(web, "labels: {app: web, version: v1}", `labels: {app: web}, annotations: {vault.hashicorp.com/agent-inject: "true", vault.hashicorp.com/service: "http://vault:8200"}`)
	for _, test := range []struct{ name, text string }{
		{"closed", namespaces + ledger + web + api + backend("cart", "{port: 80}", "") + closed},
		{"injected", namespaces + ledger + agent + api + vault},
	} {
		for _, p := range propose(t, test.text, Options{}).Proposals {
			if rules := strings.Join(p.egress(), "; "); strings.Contains(rules, "within") {
				t.Errorf("%s: %s: %s", test.name, p.Name, rules)
			}
		}
	}
}

// No rule for pods reaches those on the host network; one for a namespace reaches pods that
// no policy of their own can select.
func TestUncalledPortsOutOfReach(t *testing.T) {
	onHost := strings.ReplaceAll(backend("agent", "{port: 80, targetPort: 8081}", ""), "spec: {containers", "spec: {hostNetwork: true, containers")
	shop := namespaces + ledger + web + api
	monitored := strings.ReplaceAll(onHost, "{port: 80, targetPort: 8081}", "{port: 80, targetPort: 8081, name: metrics}")
	called := strings.ReplaceAll(onHost, "name: agent, namespace: shop}, spec: {selector: {app: agent}", "name: agent, namespace: shop}, spec: {type: LoadBalancer, selector: {app: agent}")
	unselectable := strings.ReplaceAll(backend("agent", "{port: 80, targetPort: 8081}", ""), "app: agent", "version: v1")
	nodes := config.Cluster{Nodes: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/24")}}
	const known = "shop/api TCP 9000"
	for _, test := range []struct {
		name, text string
		known      config.Cluster
		opts       Options
		want       string
		said       bool
	}{
		{"nothing names nodes", shop + onHost, config.Cluster{}, Options{}, known + "; anybody TCP 8081", true},
		{"nodes are known", shop + onHost, nodes, Options{}, known + "; node TCP 8081", true},
		{"the format has a name for nodes", shop + onHost, config.Cluster{}, Options{Format: Cilium}, known + "; node TCP 8081", true},
		{"what is not known is to be denied", shop + onHost, config.Cluster{}, Options{PartialDeny: true}, known, false},
		{"it is for metrics", shop + monitored, config.Cluster{}, Options{}, known, false},
		{"it is called from outside", shop + called, config.Cluster{}, Options{}, known, false},
		{"no policy can select it", shop + unselectable, config.Cluster{}, Options{}, known + "; within TCP 8081", false},
	} {
		env := environmentOf(t, test.text)
		env.Known = test.known
		r, err := Propose(env, test.opts)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		for _, p := range r.Proposals {
			if p.Name == "web-allow" {
				got := strings.Join(slices.DeleteFunc(p.egress(), func(rule string) bool { return strings.HasPrefix(rule, "coredns") }), "; ")
				if got != test.want {
					t.Errorf("%s: %s, want %s", test.name, got, test.want)
				}
			}
		}
		said := slices.ContainsFunc(r.Remarks, func(r Remark) bool {
			return r.String() == "shop/Deployment/web: its egress is left open to the host network on some ports: nothing tells who calls Deployment/agent on TCP 8081"
		})
		if said != test.said {
			t.Errorf("%s: said %v, want %v: %v", test.name, said, test.said, r.Remarks)
		}
	}
}
