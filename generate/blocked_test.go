package generate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

func TestBlocked(t *testing.T) {
	policy := func(name, spec string) string {
		return "\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: " + name + ", namespace: shop}, spec: {" + spec + "}}"
	}
	const (
		denied = "shop/Deployment/api: its ingress is isolated by NetworkPolicy api, which does not allow what it needs: " +
			`shop/Deployment/web calls shop/Deployment/api on TCP 9000: env API_URL=http://api:80, cluster.yaml:8:54`
		unnamed = "shop/Deployment/web: its ingress is isolated by NetworkPolicy web, which does not allow what it needs: " +
			`external:internet calls shop/Deployment/web on TCP 8080: loadbalancer Service web is of type LoadBalancer, cluster.yaml:10:80`
	)
	ingress := []netpol.Direction{netpol.Ingress}
	tests := []struct {
		name, text string
		opts       Options
		want       []string
	}{
		{"what is blocked is reported", policy("api", "podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: batch}}}]}]"), Options{}, []string{
			"shop/web-allow ingress[anybody TCP 8080]", denied,
		}},
		{"and opened on request", policy("api", "podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: batch}}}]}]"), Options{OpenBlocked: true}, []string{
			"shop/api-allow ingress[shop/web TCP 9000]", "shop/web-allow ingress[anybody TCP 8080]",
		}},
		{"a rule for the port allows it", policy("api", "podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 9000}]}]"), Options{OpenBlocked: true}, []string{
			"shop/web-allow ingress[anybody TCP 8080]",
		}},
		{"whoever cannot be named may be in any rule for the port", policy("web", "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: 8080}]}]"), Options{}, []string{
			"shop/api-allow ingress[shop/web TCP 9000]",
		}},
		{"but in none for another one", policy("web", "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8081}]}]"), Options{}, []string{
			"shop/api-allow ingress[shop/web TCP 9000]", unnamed,
		}},
		{"what a policy of another tier denies stays so", policy("api", "podSelector: {matchLabels: {app: api}}, ingress: []") + `
---
{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: p}, spec: {priority: 1, subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: api}}}},
	ingress: [{action: Deny, from: [{namespaces: {}}]}]}}`, Options{OpenBlocked: true}, []string{
			"shop/web-allow ingress[anybody TCP 8080]",
			"shop/Deployment/api: an existing policy denies what it needs, and none can allow it: " + strings.SplitN(denied, "needs: ", 2)[1],
		}},
		{"so it does where nothing isolates", `
---
{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: p}, spec: {priority: 1, subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: api}}}},
	ingress: [{action: Deny, from: [{namespaces: {}}]}]}}`, Options{PartialDeny: true}, []string{
			"shop/api-allow ingress[]", "shop/web-allow ingress[anybody TCP 8080]",
			"shop/Deployment/api: an existing policy denies what it needs, and none can allow it: " + strings.SplitN(denied, "needs: ", 2)[1],
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.opts.Directions, test.opts.DefaultDeny = ingress, DenyNever
			if diff := cmp.Diff(test.want, summary(propose(t, namespaces+web+api+test.text, test.opts))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is opened beyond the needs does not pass the proof.
func TestProofOfOpenings(t *testing.T) {
	objects, _ := manifest.Parse("cluster.yaml", []byte(namespaces+web+api+`
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: api, namespace: shop}, spec: {podSelector: {matchLabels: {app: api}}}}`))
	c, _ := netpol.New(objects, netpol.Options{})
	g := newGenerator(Environment{Name: "test", Objects: objects, Cluster: c, Calls: traffic.Infer(c, objects)}, Options{OpenBlocked: true})
	p := g.allow(g.of[c.Workloads[0]])
	if err := p.write(); err != nil {
		t.Fatal(err)
	}
	if err := g.prove([]*manifest.Object{p.Object}); err != nil {
		t.Fatal(err)
	}
	for _, broken := range [][2]string{{"port: 9000", "port: 9001"}, {"port: 9000", "port: 9000\n          endPort: 9001"}, {"app: web", "{}"}, {"matchLabels:\n              app: web", "{}"}} {
		changed := strings.Replace(p.Text, broken[0], broken[1], 1)
		objects, gaps := manifest.Parse("generated", []byte(changed))
		if changed == p.Text || len(gaps) > 0 {
			t.Fatalf("%q: nothing changed, or %v in %s", broken, gaps, changed)
		}
		if g.prove(objects) == nil {
			t.Errorf("the proof does not notice that %q stands for %q", broken[1], broken[0])
		}
	}
}

func TestConfidence(t *testing.T) {
	text := namespaces + web + api + ledger + `
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: bank}, spec: {podSelector: {matchLabels: {app: ledger}}, policyTypes: [Egress],
	egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: api}}}], ports: [{port: 9000}]}]}}`
	for least, want := range map[traffic.Confidence][]string{
		traffic.Low: {"shop/api-allow ingress[bank/ledger TCP 9000; shop/web TCP 9000]"},
		traffic.Medium: {
			"shop/api-allow ingress[shop/web TCP 9000]",
			"shop/Deployment/api: its ingress gets no rule for a call of low confidence: bank/StatefulSet/ledger calls shop/Deployment/api on TCP 9000: " +
				"policy NetworkPolicy p allows it, cluster.yaml:26:17 (low confidence)",
		},
	} {
		result := propose(t, text, Options{
			Confidence: least, Directions: []netpol.Direction{netpol.Ingress}, DefaultDeny: DenyNever,
			Wanted: func(w *netpol.Workload) bool { return w.Name == "api" },
		})
		if diff := cmp.Diff(want, summary(result)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", least, diff)
		}
		if marked := strings.Contains(result.Proposals[0].Text, "(low confidence)"); marked != (least == traffic.Low) {
			t.Errorf("%s: marked as low confidence: %t", least, marked)
		}
	}
}
