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

const (
	namespaces = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: bank}}
`
	web = `
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web, version: v1}},
	spec: {containers: [{name: c, env: [{name: API_URL, value: "http://api:80"}], ports: [{containerPort: 8080}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
`
	api = `
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: shop}, spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}},
	spec: {containers: [{name: c, env: [{name: LEDGER_ADDR, value: "ledger.bank:7000"}], ports: [{containerPort: 9000}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: api, namespace: shop}, spec: {selector: {app: api}, ports: [{port: 80, targetPort: 9000}]}}
`
	// reader lets every workload of shop read from the API.
	reader = `
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: reader, namespace: shop}, roleRef: {kind: ClusterRole, name: view}, subjects: [{kind: ServiceAccount, name: default, namespace: shop}]}
`
	ledger = `
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: ledger, namespace: bank}, spec: {selector: {matchLabels: {app: ledger}}, template: {metadata: {labels: {app: ledger}},
	spec: {containers: [{name: c, ports: [{containerPort: 7000}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: ledger, namespace: bank}, spec: {selector: {app: ledger}, ports: [{port: 7000}]}}
`
)

func propose(t *testing.T, text string, opts Options) *Result {
	t.Helper()
	env := environmentOf(t, text)
	result, err := Propose(env, opts)
	if err != nil {
		t.Fatal(err)
	}
	isMinimal(t, env, opts)
	return result
}

// environmentOf returns the environment of some manifests, which must be valid.
func environmentOf(t *testing.T, text string) Environment {
	t.Helper()
	objects, gaps := manifest.Parse("cluster.yaml", []byte(text))
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	c, gaps := netpol.New(objects, netpol.Options{})
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	return environment(c, objects)
}

func environment(c *netpol.Cluster, objects []*manifest.Object) Environment {
	return Environment{Name: "test", Objects: objects, Cluster: c, Calls: traffic.Infer(c, objects)}
}

// summary writes what policies do in a line each, and then the remarks.
func summary(r *Result) []string {
	var lines []string
	for _, p := range r.Proposals {
		line := p.Namespace + "/" + p.Name
		for _, d := range p.Isolates {
			line += " " + d.Name() + "["
			var rules []string
			for _, o := range p.Rules {
				if o.direction == d {
					rules = append(rules, strings.TrimSpace(strings.Join([]string{o.who(), o.onPorts()}, " ")))
				}
			}
			line += strings.Join(rules, "; ") + "]"
		}
		lines = append(lines, line)
	}
	for _, remark := range r.Remarks {
		lines = append(lines, remark.String())
	}
	return lines
}

func (r *rule) who() string {
	switch {
	case r.open != "" && len(r.ports) > 0:
		return "within"
	case r.open != "":
		return "everything"
	}
	p := r.peers[0]
	switch {
	case p.subject != nil:
		return p.subject.Namespace + "/" + p.subject.name()
	case p.part > 0:
		return fmt.Sprintf("%s (%s)", p.others.name, p.blocks()[0].CIDR)
	case p.others != nil:
		return p.others.name
	case p.block.IsValid():
		return p.block.String()
	case p.host != "", p.external != "":
		return p.host + string(p.external)
	default:
		return "anybody"
	}
}

func (r *rule) onPorts() string {
	var ports []string
	for _, p := range r.ports {
		ports = append(ports, need{port: p.number, protocol: p.protocol}.conn().String())
	}
	return strings.Join(ports, ",")
}

func TestPropose(t *testing.T) {
	const dns = "coredns TCP 53,UDP 53"
	tests := []struct {
		name, text string
		opts       Options
		want       []string
	}{
		{"a chain through two namespaces", namespaces + web + api + ledger, Options{}, []string{
			"bank/ledger-allow ingress[shop/api TCP 7000] egress[everything]",
			"shop/api-allow ingress[shop/web TCP 9000] egress[bank/ledger TCP 7000; " + dns + "]",
			"shop/web-allow ingress[anybody TCP 8080] egress[shop/api TCP 9000; " + dns + "]",
			"bank/default-deny ingress[] egress[]",
			"shop/default-deny ingress[] egress[]",
			"bank/StatefulSet/ledger: its egress is left open: nothing tells whom it calls",
		}},
		{"what is not known may be denied", namespaces + ledger, Options{PartialDeny: true}, []string{
			"bank/ledger-allow ingress[] egress[]",
			"bank/default-deny ingress[] egress[]",
		}},
		{"the API server and an agent of the node tell nothing of the rest", namespaces + strings.ReplaceAll(web, `{name: API_URL, value: "http://api:80"}`, "{name: DD_AGENT_HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}") + reader, Options{Directions: []netpol.Direction{netpol.Egress}, DefaultDeny: DenyNever}, []string{
			"shop/web-allow egress[" + dns + "; anybody TCP 443,TCP 6443,TCP 8126,UDP 8125; everything]",
			"shop/Deployment/web: its egress is left open: nothing tells whom it calls but the API server and its node",
		}},
		{"callers without labels are pods of their namespaces", namespaces + ledger + `
---
{apiVersion: v1, kind: Pod, metadata: {name: audit, namespace: shop}, spec: {containers: [{name: c, env: [{name: LEDGER_ADDR, value: "ledger.bank:7000"}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: teller, namespace: bank}, spec: {containers: [{name: c, env: [{name: LEDGER_ADDR, value: "ledger:7000"}]}]}}`, Options{Directions: []netpol.Direction{netpol.Ingress}, DefaultDeny: DenyNever}, []string{
			"bank/ledger-allow ingress[bank TCP 7000; shop TCP 7000]",
			"bank/Pod/teller: has no labels by which a policy could select it",
			"shop/Pod/audit: has no labels by which a policy could select it",
		}},
		{"nor does what collects telemetry", namespaces + strings.ReplaceAll(web, "name: API_URL", "name: OTEL_EXPORTER_OTLP_ENDPOINT") + api, Options{Directions: []netpol.Direction{netpol.Egress}, DefaultDeny: DenyNever}, []string{
			"shop/api-allow egress[everything]",
			"shop/web-allow egress[shop/api TCP 9000; " + dns + "; everything]",
			"shop/Deployment/api: its egress is left open: nothing tells whom it calls",
			"shop/Deployment/web: its egress is left open: nothing tells whom it calls but what collects its telemetry",
		}},
		{"they are rules beside what is known", namespaces + web + api + reader, Options{Directions: []netpol.Direction{netpol.Egress}, DefaultDeny: DenyNever, Format: Cilium}, []string{
			"shop/api-allow egress[kube-apiserver TCP 443,TCP 6443; " + dns + "; everything]",
			"shop/web-allow egress[shop/api TCP 9000; kube-apiserver TCP 443,TCP 6443; " + dns + "]",
			"shop/Deployment/api: its egress is left open: nothing tells whom it calls but the API server",
		}},
		{"one direction", namespaces + web + api, Options{Directions: []netpol.Direction{netpol.Ingress}, DefaultDeny: DenyNever}, []string{
			"shop/api-allow ingress[shop/web TCP 9000]",
			"shop/web-allow ingress[anybody TCP 8080]",
		}},
		{"a namespace that is not declared gets no default deny", web + api, Options{Directions: []netpol.Direction{netpol.Ingress}}, []string{
			"shop/api-allow ingress[shop/web TCP 9000]",
			"shop/web-allow ingress[anybody TCP 8080]",
			"namespace shop: gets no default deny: the environment does not declare it",
		}},
		{
			"what is isolated already is left alone", namespaces + web + api + `
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: api-allow, namespace: shop}, spec: {podSelector: {matchLabels: {app: api}}, ingress: [{}]}}`,
			Options{DefaultDeny: DenyNever},
			[]string{
				"shop/api-allow-generated egress[everything]",
				"shop/web-allow ingress[anybody TCP 8080] egress[shop/api TCP 9000; " + dns + "]",
				"shop/Deployment/api: its egress is left open: nothing tells whom it calls",
			},
		},
		{"a default deny cuts off nobody for whom nothing is proposed", namespaces + web + api, Options{
			Directions: []netpol.Direction{netpol.Ingress}, DefaultDeny: DenyAlways,
			Wanted: func(w *netpol.Workload) bool { return w.Name == "api" },
		}, []string{
			"shop/api-allow ingress[shop/web TCP 9000]",
			"namespace shop: gets no default deny: it would cut off shop/Deployment/web, for which nothing is proposed",
		}},
		{
			"nor a workload that a policy decides about which is not evaluated", namespaces + ledger + `
---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: bank}, spec: {endpointSelector: {matchLabels: {app: ledger}}, enableDefaultDeny: {ingress: false}, ingressDeny: [{fromEntities: [world]}]}}`,
			Options{Directions: []netpol.Direction{netpol.Ingress}},
			[]string{
				`bank/StatefulSet/ledger: nothing is proposed for its ingress: CiliumNetworkPolicy "p" is not evaluated completely: ingressDeny is not evaluated`,
				"namespace bank: gets no default deny: it would cut off bank/StatefulSet/ledger, for which nothing is proposed",
			},
		},
		{
			"what the API server does not accept gets no policy",
			strings.ReplaceAll(ledger, "name: ledger, namespace: bank", "name: LEDGER, namespace: BANK") + strings.ReplaceAll(ledger, "name: ledger, namespace: bank", "name: "+strings.Repeat("l", 250)+", namespace: bank"),
			Options{DefaultDeny: DenyAlways},
			[]string{
				"BANK/StatefulSet/LEDGER: has a name or a namespace that the API server accepts for no policy",
				"bank/StatefulSet/" + strings.Repeat("l", 250) + ": has a name or a namespace that the API server accepts for no policy",
				"namespace BANK: gets no default deny: it would cut off BANK/StatefulSet/LEDGER, which no policy can select",
				"namespace bank: gets no default deny: it would cut off bank/StatefulSet/" + strings.Repeat("l", 250) + ", which no policy can select",
			},
		},
		{"a mesh calls its control plane", namespaces + strings.ReplaceAll(web, "version: v1", `sidecar.istio.io/inject: "true"`) + api, Options{DefaultDeny: DenyNever, Directions: []netpol.Direction{netpol.Egress}}, []string{
			"shop/api-allow egress[everything]",
			"shop/web-allow egress[shop/api TCP 9000; " + dns + "; anybody TCP 15010,TCP 15012]",
			"shop/Deployment/api: its egress is left open: nothing tells whom it calls",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, summary(propose(t, test.text, test.opts))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A proposal whose rules are cut down no longer passes the proof.
func TestProofFails(t *testing.T) {
	objects, _ := manifest.Parse("cluster.yaml", []byte(namespaces+web+api+ledger))
	c, _ := netpol.New(objects, netpol.Options{})
	for _, broken := range []string{"port: 9000", "app: web", "kubernetes.io/metadata.name: bank"} {
		g := newGenerator(Environment{Name: "test", Objects: objects, Cluster: c, Calls: traffic.Infer(c, objects)}, Options{})
		p := g.allow(g.of[c.Workloads[1]]) // shop/api
		if err := p.write(); err != nil {
			t.Fatal(err)
		}
		if err := g.prove([]*manifest.Object{p.Object}); err != nil {
			t.Fatal(err)
		}
		changed := strings.ReplaceAll(p.Text, broken, strings.Replace(broken, ": ", ": 1", 1))
		objects, gaps := manifest.Parse("generated", []byte(changed))
		if changed == p.Text || len(gaps) > 0 {
			t.Fatalf("%q: nothing changed, or %v", broken, gaps)
		}
		if g.prove(objects) == nil {
			t.Errorf("the proof does not notice that %q is wrong", broken)
		}
	}
}

// A default deny alone cuts off what needs to be called, whoever proposed it.
func TestProofOfOthers(t *testing.T) {
	objects, _ := manifest.Parse("cluster.yaml", []byte(namespaces+web+api))
	c, _ := netpol.New(objects, netpol.Options{})
	g := newGenerator(Environment{Name: "test", Objects: objects, Cluster: c, Calls: traffic.Infer(c, objects)}, Options{})
	p := &Proposal{Namespace: "shop", Name: "default-deny", Isolates: []netpol.Direction{netpol.Ingress}}
	if err := p.write(); err != nil {
		t.Fatal(err)
	}
	if g.prove([]*manifest.Object{p.Object}) == nil {
		t.Error("the proof does not notice that everything is denied")
	}
}

func TestMayBeService(t *testing.T) {
	for host, want := range map[string]bool{
		"redis.cache": true, "api.billing": true, "example.com": false, "db.internal": false, "s3.amazonaws.com": false,
		"a.b.corp": false, "github.io": false, "sentry.io": false, "printer.local": false, "vault": false,
	} {
		if got := mayBeService(host); got != want {
			t.Errorf("%s: %v, want %v", host, got, want)
		}
	}
}
