package analyzer

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/rules"
)

// The four policies that every introduction teaches, in a repository without
// and with workloads.
func TestTextbookPolicies(t *testing.T) {
	const text = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: []
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-namespace, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {purpose: production}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-pods-of-namespace, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {team: operations}}
      podSelector: {matchLabels: {type: monitoring}}
    ports: [{port: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: prometheus-or-system, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - podSelector: {matchLabels: {app: prometheus}}
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
  egress:
  - {}
`
	report := analyze(t, rules.Auditor, Environment{Objects: parse(t, "policies.yaml", text, "")})
	if diff := cmp.Diff([]string{"39 low allow-all-rule"}, lines(report.Findings)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// What depends on namespaces.
func TestNamespaces(t *testing.T) {
	shop := "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n---\n"
	tests := map[string]struct {
		text string
		want []string
	}{
		"declared":     {shop + deployment("web"), []string{"2 medium missing-default-deny", "7 medium unprotected-workload"}},
		"not declared": {deployment("web"), []string{"2 low missing-default-deny", "2 medium unprotected-workload"}},
		"deny ingress": {shop + deployment("web") + policy(`
spec: {podSelector: {}}
`), []string{"2 low missing-default-deny", "7 low unrestricted-egress"}},
		"deny that allows all": {shop + deployment("web") + policy(`
spec: {podSelector: {}, ingress: [{}]}
`), []string{"2 medium missing-default-deny", "7 medium unprotected-workload"}},
		"without workloads": {shop, []string{}},
		"cluster-wide baseline": {shop + deployment("web") + `apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec: {subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}
`, []string{}},
		"the label name": {shop + deployment("web") + denyAll + policy(`
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - namespaceSelector:
        matchLabels:
          name: shop
    - namespaceSelector: {matchLabels: {name: kube-system}}
    - namespaceSelector: {matchLabels: {team: kube-system}}
    - namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [shop, front]}]}
`), []string{"29 high namespace-label-missing", "30 low namespace-label-missing", "32 medium namespace-label-missing"}},
		"peers where the repository only contributes": {shop + deployment("web") + denyAll + `apiVersion: v1
kind: Pod
metadata: {name: metrics-server, namespace: kube-system}
spec: {containers: [], hostNetwork: true, priorityClassName: system-cluster-critical}
---
` + policy(`
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]
`), []string{"23 low host-network-pod"}},
		"split peers": {shop + deployment("web") + denyAll + `apiVersion: v1
kind: Namespace
metadata: {name: front, labels: {team: front}}
---
apiVersion: v1
kind: Pod
metadata: {name: ui, namespace: front, labels: {app: ui}}
spec: {containers: []}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: front}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
` + policy(`
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {team: front}}
    - podSelector: {matchLabels: {app: ui}}
  - from:
    - namespaceSelector: {matchLabels: {team: front}}
    - podSelector: {matchLabels: {app: web}}
`), []string{"42 high split-peer"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := analyze(t, rules.Regular, Environment{Name: "prod", Objects: parse(t, "app.yaml", test.text, "shop")})
			if diff := cmp.Diff(test.want, lines(report.Findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
				for _, f := range report.Findings {
					t.Log(f.Pos, f.Message)
				}
			}
		})
	}
}
