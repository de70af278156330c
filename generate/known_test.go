package generate

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/netpol"
)

// Each key of the configuration of the cluster narrows a rule.
func TestKnown(t *testing.T) {
	app := strings.Replace(api, `template: {metadata: {labels: {app: api}}`,
		`template: {metadata: {labels: {app: api}, annotations: {ringfence.dev/calls: "external:kube-apiserver, external:node:10250, db.acme.io:5432", prometheus.io/scrape: "true"}}`, 1) + `
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: api, namespace: shop}, spec: {defaultBackend: {service: {name: api, port: {number: 80}}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: bank}, spec: {template: {spec: {hostNetwork: true, containers: [{name: c, env: [{name: API_ADDR, value: "api.shop:80"}]}]}}}}`
	const (
		anybody = "ingress[anybody TCP 9000]"
		dns     = "coredns TCP 53,UDP 53"
		db      = "outside TCP 5432"
		called  = "anybody TCP 443,TCP 6443,TCP 10250"
	)
	egress := func(rules ...string) string {
		return "egress[bank/ledger TCP 7000; " + strings.Join(rules, "; ") + "]"
	}
	tests := []struct {
		name, config string
		format       Format
		want         string
	}{
		{"nothing is known", "", "", anybody + " " + egress(db, dns, called)},
		{
			"DNS", "dns: {pods: {namespace: openshift-dns, labels: {dns: x}}, port: 5353, node-local: [169.254.20.10]}", "",
			anybody + " " + egress("node-local-dns TCP 53,UDP 53", db, "coredns TCP 5353,UDP 5353", called),
		},
		{"the API server", "api-server: [10.0.0.1/32, 10.0.0.2/32]", "", anybody + " " + egress("kube-apiserver TCP 443,TCP 6443", db, dns, "anybody TCP 10250")},
		{"nodes", "nodes: [10.1.0.0/16]", "", anybody + " " + egress("node TCP 10250", db, dns, "anybody TCP 443,TCP 6443")},
		{
			"all who call", "nodes: [10.1.0.0/16], ingress-controller: {namespace: ingress}, prometheus: {namespace: monitoring, labels: {app: p}}", "",
			"ingress[node TCP 9000; ingress-controller TCP 9000; prometheus TCP 9000] " + egress("node TCP 10250", db, dns, "anybody TCP 443,TCP 6443"),
		},
		{"private ranges", "private-ranges: [10.0.0.0/8, 'fc00::/7']", "", anybody + " " + egress(db, dns, called)},
		{
			"Cilium has names of its own", "api-server: [10.0.0.1/32], nodes: [10.1.0.0/16]", Cilium,
			anybody + " " + egress("db.acme.io TCP 5432", "kube-apiserver TCP 443,TCP 6443", "node TCP 10250", dns),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := config.Load([]byte("cluster: {"+test.config+"}"), "c.yaml")
			if err != nil {
				t.Fatal(err)
			}
			g := generatorOf(t, namespaces+app+ledger)
			g.env.Known = c.Cluster
			opts := Options{Format: test.format, DefaultDeny: DenyNever, Wanted: func(w *netpol.Workload) bool { return w.Name == "api" }}
			result, err := Propose(g.env, opts)
			if err != nil {
				t.Fatal(err)
			}
			isMinimal(t, g.env, opts)
			got := slices.DeleteFunc(summary(result), func(line string) bool { return strings.Contains(line, "host network") })
			if diff := cmp.Diff([]string{"shop/api-allow " + test.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			except := strings.Contains(result.Proposals[0].Text, `- "10.0.0.0/8"`) && strings.Contains(result.Proposals[0].Text, `- "fc00::/7"`)
			if except != strings.Contains(test.config, "private") {
				t.Errorf("private ranges are left out: %t", except)
			}
		})
	}
}

// The API server is an entity for its calls only where its addresses are known.
func TestKnownAPIServer(t *testing.T) {
	webhook := api + `
---
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: w}, webhooks: [{name: w, clientConfig: {service: {name: api, namespace: shop, port: 80}}}]}`
	for text, want := range map[string]string{
		"":                          "shop/api-allow ingress[anybody TCP 9000]",
		"api-server: [10.0.0.1/32]": "shop/api-allow ingress[kube-apiserver TCP 9000]",
	} {
		c, err := config.Load([]byte("cluster: {"+text+"}"), "c.yaml")
		if err != nil {
			t.Fatal(err)
		}
		g := generatorOf(t, webhook)
		g.env.Known = c.Cluster
		result, err := Propose(g.env, Options{Format: Cilium, DefaultDeny: DenyNever, Directions: []netpol.Direction{netpol.Ingress}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{want}, summary(result)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if entity := strings.Contains(result.Proposals[0].Text, "fromEntities:\n        - kube-apiserver"); entity != (text != "") {
			t.Errorf("%q: is an entity: %t", text, entity)
		}
	}
}
