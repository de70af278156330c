package analyzer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// parse returns the objects of a file; those without a namespace are put into
// namespace, as rendering would.
func parse(t testing.TB, file, text, namespace string) []*manifest.Object {
	t.Helper()
	objects, gaps := manifest.Parse(file, []byte(text))
	for _, g := range gaps {
		t.Fatal(g.Pos, g.Reason)
	}
	for i, o := range objects {
		if o.Namespace == "" && o.Kind != "Namespace" {
			objects[i] = o.WithNamespace(namespace)
		}
	}
	return objects
}

func load(t testing.TB) *rules.Set {
	t.Helper()
	set, err := rules.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func analyze(t *testing.T, persona rules.Persona, environments ...Environment) *Report {
	t.Helper()
	report, err := Analyze(t.Context(), environments, Options{Rules: load(t), Persona: persona})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// lines shows findings as "line severity rule".
func lines(findings []Finding) []string {
	got := []string{}
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%d %s %s", f.Line, f.Severity, f.Rule.ID))
	}
	return got
}

// deployment is a workload of 9 lines whose pods carry app: NAME.
func deployment(name string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ` + name + `
spec:
  template:
    metadata: {labels: {app: ` + name + `}}
    spec: {containers: [{name: main, image: example/` + name + `, ports: [{containerPort: 8080}]}]}
---
`
}

// policy is a NetworkPolicy whose spec starts at its line 4.
func policy(spec string) string {
	return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
` + strings.TrimPrefix(spec, "\n") + "---\n"
}

// Deny everything, for tests that are about something else.
const denyAll = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
`

const prometheus = `apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: k8s}
spec: {}
---
`

const unknown = "\x00overlays/prod"

// Everything here goes into a private namespace unless it says its own. Lines
// count from the start of the text.
func TestFindings(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"no policy": {deployment("web"), []string{"2 medium unprotected-workload"}},
		"exposed by a Service": {deployment("web") + `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`, []string{"2 high unprotected-workload"}},
		"a ClusterIP Service exposes nothing": {deployment("web") + `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`, []string{"2 medium unprotected-workload"}},
		"exposed by an Ingress": {deployment("web") + `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
`, []string{"2 high unprotected-workload"}},
		"exposed by a route": {deployment("web") + `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [{name: gateway}], rules: [{backendRefs: [{name: web, port: 80}]}]}
`, []string{"2 high unprotected-workload"}},
		"a route of a mesh exposes nothing": {deployment("web") + `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [{kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}
`, []string{"2 medium unprotected-workload"}},
		"default deny": {deployment("web") + denyAll, []string{}},
		"what an operator makes is selected": {deployment("web") + denyAll + prometheus + policy(`
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}
  ingress:
  - from: [{podSelector: {matchLabels: {prometheus: k8s}}}]
`), []string{}},
		"an operator may protect what it makes": {prometheus, []string{}},
		"ingress alone": {deployment("web") + policy(`
spec: {podSelector: {matchLabels: {app: web}}}
`), []string{"2 low unrestricted-egress"}},
		"allow-all rules": {deployment("web") + policy(`
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress:
  - {}
  egress:
  - {}
`), []string{"2 medium unprotected-workload", "19 low allow-all-rule"}},
		"a union that allows every port": {deployment("web") + denyAll + policy(`
spec:
  podSelector: {}
  ingress:
  - ports: [{port: 1, endPort: 8000}, {protocol: UDP}, {protocol: SCTP}]
  - from: [{namespaceSelector: {}}]
    ports: [{port: 8001, endPort: 65535}]
`), []string{"2 medium unprotected-workload"}},
		"peers that come to everything": {deployment("web") + policy(`
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  egress:
  - to:
    - ipBlock: {cidr: 0.0.0.0/0}
    - ipBlock: {cidr: '::/0'}
    - namespaceSelector: {}
`), []string{"17 low allow-all-rule"}},
		"a port for everyone": {deployment("web") + denyAll + policy(`
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - ports: [{port: 8080}]
`), []string{}},
		"any namespace": {deployment("web") + denyAll + policy(`
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - namespaceSelector: {}
    ports: [{port: 8080}]
  - from:
    - namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [a]}]}
    ports: [{port: 8081}]
`), []string{"22 medium overbroad-namespace-selector", "25 medium overbroad-namespace-selector"}},
		"any namespace on a public port": {deployment("web") + denyAll + `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
` + policy(`
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from: [{namespaceSelector: {}}, {ipBlock: {cidr: 0.0.0.0/0}}]
    ports: [{port: 8080}]
  - from: [{namespaceSelector: {}}]
    ports: [{port: 9090}]
`), []string{"28 medium overbroad-namespace-selector"}},
		"any namespace for DNS": {deployment("web") + denyAll + policy(`
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]
  - to: [{namespaceSelector: {}}]
    ports: [{port: 53, protocol: UDP}]
`), []string{}},
		"address blocks": {deployment("web") + denyAll + policy(`
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 0.0.0.0/0}}]
    ports: [{port: 443}]
  - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]
    ports: [{port: 443}, {port: 80}, {port: 53, protocol: UDP}, {port: 53}]
  - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]
    ports: [{port: 80}]
  - to: [{ipBlock: {cidr: 10.0.0.0/8}}]
`), []string{
			"22 low overbroad-ip-block", "24 medium overbroad-ip-block",
			"26 medium metadata-service-reachable", "26 medium excepted-then-allowed",
		}},
		"labels of nobody": {deployment("web") + denyAll + policy(`
spec:
  podSelector: {matchLabels: {app: wbe}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: front}}
`), []string{"19 medium dangling-policy", "22 medium dangling-peer"}},
		"pods that an operator makes": {deployment("web") + denyAll + `apiVersion: example.com/v1
kind: Database
metadata: {name: orders}
spec: {replicas: 3}
---
` + policy(`
spec:
  podSelector: {matchLabels: {example.com/cluster: orders}}
`), []string{}},
		"labels of a controller": {deployment("web") + denyAll + policy(`
spec:
  podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: web-0}}
`), []string{}},
		"calls without DNS": {deployment("web") + deployment("api") + denyAll + policy(`
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: api}}}]
`), []string{"30 high no-dns-egress"}},
		"calls with DNS of the wrong namespace": {deployment("web") + deployment("api") + denyAll + policy(`
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: api}}}]
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dns}}}]
    ports: [{port: 53, protocol: UDP}]
`), []string{"30 high no-dns-egress"}},
		"calls with DNS over UDP": {deployment("web") + deployment("api") + denyAll + policy(`
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: api}}}]
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
    ports: [{port: 53, protocol: UDP}]
`), []string{"32 note no-dns-egress"}},
		"the API server needs no DNS": {deployment("web") + denyAll + policy(`
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - ports: [{port: 443}, {port: 6443}]
`), []string{}},
		"host network": {`apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: true
      containers: []
`, []string{"8 medium host-network-pod"}},
		"empty egress without types": {deployment("web") + denyAll + policy(`
spec:
  podSelector: {}
  egress: []
`), []string{"18 medium policy-types-omitted"}},
		"egress rules without types": {deployment("web") + policy(`
spec:
  podSelector: {}
  egress:
  - ports: [{port: 53, protocol: UDP}, {port: 53}]
`), []string{"13 medium policy-types-omitted", "16 low dns-to-anywhere"}},
		"a Helm test": {`apiVersion: v1
kind: Pod
metadata: {name: web-test, annotations: {helm.sh/hook: test}}
spec: {containers: []}
`, []string{}},
		"a policy of Calico": {deployment("web") + `apiVersion: crd.projectcalico.org/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {selector: app == "web"}
`, []string{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := analyze(t, rules.Regular, Environment{Name: "prod", Objects: parse(t, "app.yaml", test.text, unknown)})
			if diff := cmp.Diff(test.want, lines(report.Findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
				for _, f := range report.Findings {
					t.Log(f.Pos, f.Message)
				}
			}
		})
	}
}
