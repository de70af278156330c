package traffic

import "testing"

func TestPolicies(t *testing.T) {
	both := []string{deployment("web", idle), deployment("db", "{containers: [{name: main, ports: [{name: sql, containerPort: 5432}]}]}")}
	policy := func(spec string) string { return object("networking.k8s.io/v1", "NetworkPolicy", "a", "spec: "+spec) }
	const (
		onDB   = "podSelector: {matchLabels: {app: db}}"
		onWeb  = "podSelector: {matchLabels: {app: web}}"
		needed = "shop/Deployment/web -> shop/Deployment/db 5432/TCP low"
	)
	for _, c := range []struct {
		name, spec string
		want       []string
	}{
		{"who may come", "{" + onDB + ", ingress: [{from: [{" + onWeb + "}], ports: [{port: 5432}]}]}", []string{needed}},
		{"by the name of the port", "{" + onDB + ", ingress: [{from: [{" + onWeb + "}], ports: [{port: sql}]}]}", []string{needed}},
		{"to whom it may go", "{" + onWeb + ", policyTypes: [Egress], egress: [{to: [{" + onDB + "}], ports: [{port: 5432}]}]}", []string{needed}},
		{"no ports", "{" + onDB + ", ingress: [{from: [{" + onWeb + "}]}]}", []string{"shop/Deployment/web -> shop/Deployment/db 0/TCP low"}},
		{"a range of ports", "{" + onDB + ", ingress: [{from: [{" + onWeb + "}], ports: [{port: 5000, endPort: 6000}]}]}", []string{"shop/Deployment/web -> shop/Deployment/db 0/TCP low"}},
		{"a range of addresses", "{" + onWeb + ", policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 443}]}]}", []string{"shop/Deployment/web -> 10.1.0.0/16 443/TCP low"}},
		{"everybody", "{" + onDB + ", ingress: [{from: [{podSelector: {}}], ports: [{port: 5432}]}, {}]}", nil},
		{"whole namespaces", "{" + onDB + ", ingress: [{from: [{namespaceSelector: {matchLabels: {a: b}}}]}]}", nil},
		{"all addresses", "{" + onWeb + ", policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}", nil},
		{"about everybody", "{podSelector: {}, ingress: [{from: [{" + onWeb + "}]}]}", nil},
		{"a direction that does not count", "{" + onWeb + ", policyTypes: [Ingress], egress: [{to: [{" + onDB + "}]}]}", nil},
	} {
		scenario{name: c.name, manifests: append(both, policy(c.spec)), want: c.want}.run(t)
	}
	scenario{
		name: "evidence beside another one",
		manifests: append(both[1:], deployment("web", `{containers: [{name: main, env: [{name: DB_ADDR, value: "db:5432"}]}]}`), service("db", "db", "ports: [{port: 5432}]"),
			policy("{"+onDB+", ingress: [{from: [{"+onWeb+"}], ports: [{port: 5432}]}]}")),
		want: []string{"shop/Deployment/web -> shop/Deployment/db 5432/TCP high"},
	}.run(t)
}
