package traffic

import (
	"net/netip"
	"testing"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

func TestAnnotations(t *testing.T) {
	annotated := func(at, calls string) string {
		object, template := "{name: app, namespace: shop}", "{labels: {app: app}}"
		if at == "object" {
			object = "{name: app, namespace: shop, annotations: {ringfence.dev/calls: \"" + calls + "\"}}"
		} else {
			template = "{labels: {app: app}, annotations: {ringfence.dev/calls: \"" + calls + "\"}}"
		}
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: " + object + "\nspec: {template: {metadata: " + template + ", spec: " + idle + "}}"
	}
	others := []string{
		deployment("db", idle), service("db", "db", "ports: [{name: sql, port: 5432, targetPort: web}, {name: admin, port: 9000}]"),
		deployment("ring", idle), service("ring", "ring", "clusterIP: None"),
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: other}",
	}
	const to = "shop/Deployment/app -> "
	for _, c := range []struct {
		name, calls string
		want        []string
	}{
		{"a Service has all its ports", "db", []string{to + "shop/Deployment/db 8080/TCP high", to + "shop/Deployment/db 9000/TCP high"}},
		{"a port of the Service is one of the pods", "db:5432", []string{to + "shop/Deployment/db 8080/TCP high"}},
		{"a port by its name", "db.shop:admin/TCP", []string{to + "shop/Deployment/db 9000/TCP high"}},
		{"a port that the Service does not have", "db:1234", []string{"? " + to + "db:1234"}},
		{"a protocol that the Service does not have", "db:5432/UDP", []string{"? " + to + "db:5432/UDP"}},
		{"pods without ports", "ring.shop.svc.cluster.local:7946/udp", []string{to + "shop/Deployment/ring 7946/UDP high"}},
		{"several", "db:5432, ring:1\\nexternal:internet", []string{to + "external:internet 0/TCP high", to + "shop/Deployment/db 8080/TCP high", to + "shop/Deployment/ring 1/TCP high"}},
		{"the API server", "external:kube-apiserver", []string{to + "external:kube-apiserver 6443/TCP high"}},
		{"an external with a port", "external:node:10250", []string{to + "external:node 10250/TCP high"}},
		{"an external that there is not", "external:moon", []string{"? " + to + "external:moon"}},
		{
			"addresses", "10.0.0.0/8, 10.1.2.3:5432, 192.0.2.0/24:53/UDP, [2001:db8::1]:443",
			[]string{to + "10.0.0.0/8 0/TCP high", to + "10.1.2.3/32 5432/TCP high", to + "192.0.2.0/24 53/UDP high", to + "2001:db8::1/128 443/TCP high"},
		},
		{"a host", "api.example.com:443", []string{to + "api.example.com 443/TCP high"}},
		{"a Service of a namespace that does not have it", "db.other:5432", []string{"? " + to + "db.other:5432"}},
		{"no Service", "nothing", []string{"? " + to + "nothing"}},
		{"no name", "a_b:c:d", []string{"? " + to + "a_b:c:d"}},
		{"a port that cannot be", "db:70000", []string{"? " + to + "db:70000"}},
		{"nothing", " , ", nil},
	} {
		for _, at := range []string{"object", "template"} {
			scenario{name: c.name + ", on the " + at, manifests: append(others, annotated(at, c.calls)), want: c.want}.run(t)
		}
	}
}

// What is injected into pods gets addresses by annotations.
func TestAddressAnnotations(t *testing.T) {
	annotated := func(key, address string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app, namespace: shop}\nspec: {template: {metadata: {annotations: {" + key + ": '" + address + "'}}, spec: " + idle + "}}"
	}
	vault := []string{deployment("vault", idle), service("vault", "vault", "ports: [{port: 8200, targetPort: web}]")}
	const key = "vault.hashicorp.com/service"
	for _, c := range []struct {
		key, address string
		want         []string
	}{
		{key, "http://vault.shop.svc:8200", []string{"shop/Deployment/app -> shop/Deployment/vault 8080/TCP high"}},
		{key, "https://vault.acme.io", []string{"shop/Deployment/app -> vault.acme.io 443/TCP high"}},
		{key, "https://vault.vault.svc:8200", []string{"? shop/Deployment/app -> vault.vault.svc"}},
		{key, "vault", nil}, // which is no address
		{"vault.hashicorp.com/role", "http://vault.shop.svc:8200", nil},
		{"dapr.io/placement-host-address", "vault:8200", []string{"shop/Deployment/app -> shop/Deployment/vault 8080/TCP high"}},
	} {
		scenario{name: c.key + " " + c.address, manifests: append(vault, annotated(c.key, c.address)), want: c.want}.run(t)
	}
}

func TestHints(t *testing.T) {
	both := []string{deployment("app", idle), deployment("db", idle), service("db", "db", "ports: [{port: 5432, targetPort: web}]")}
	at := manifest.Pos{File: "hints.yaml", Line: 3}
	const yes = "shop/Deployment/app -> shop/Deployment/db 8080/TCP high"
	for _, s := range []scenario{
		{"by kind and name", both, []Hint{{at, "shop/Deployment/app", "db:5432", ""}}, []string{yes}},
		{"by name", both, []Hint{{at, "shop/app", "db", ""}}, []string{yes}},
		{"another kind", both, []Hint{{at, "shop/StatefulSet/app", "db", ""}}, []string{"?  -> shop/StatefulSet/app"}},
		{"somebody who is not there", both, []Hint{{at, "other/app", "db", ""}}, []string{"?  -> other/app"}},
		{"a target that is not there", both, []Hint{{at, "shop/app", "db:1", ""}}, []string{"? shop/Deployment/app -> db:1"}},
	} {
		s.run(t)
	}
	g := infer(t, both, Hint{at, "shop/app", "db", "seen in production"})
	want := Evidence{Kind: "hint", Origin: manifest.Origin{Pos: at, Exact: true}, Text: "shop/app calls db: seen in production", Confidence: High}
	if e := g.Edges[0].Evidence[0]; e.Kind != want.Kind || e.Pos != want.Pos || e.Text != want.Text || e.Confidence != want.Confidence {
		t.Errorf("got the evidence %+v, want %+v", e, want)
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]callee{
		"db":                {host: "db"},
		"db.shop:sql/sctp":  {host: "db.shop", port: "sql", protocol: netpol.SCTP},
		"external:any":      {external: Any},
		"[2001:db8::1]:443": {block: netip.MustParsePrefix("2001:db8::1/128"), port: "443"},
		"2001:db8::/32":     {block: netip.MustParsePrefix("2001:db8::/32")},
		"10.1.2.3/8":        {block: netip.MustParsePrefix("10.0.0.0/8")},
	} {
		if got, ok := parseTarget(text); !ok || got != want {
			t.Errorf("%s: got %+v, %t, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "/tcp", ":80", "db:", "db/http", "http://db", "10.0.0.0/33", "10.0.0.1:http", "external:", "external:node:http", "fe80::1%eth0"} {
		if got, ok := parseTarget(text); ok {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}
