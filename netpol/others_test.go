package netpol

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCilium(t *testing.T) {
	const (
		own  = "---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: a}, "
		wide = "---\n{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: p}, "
		web  = `endpointSelector: {matchLabels: {app: web}}, `
	)
	checkOthers(t, []othersTest{
		{"endpoints of the own namespace", own + `spec: {` + web + `ingress: [{fromEndpoints: [{}]}]}}`, "a/db:all", ""},
		{"endpoints of another namespace", own + `spec: {` + web + `ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": b, "any:app": client}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}}`, "b/client:TCP 80", ""},
		{"endpoints by labels of the namespace", own + `spec: {` + web + `ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": blue}}]}]}}`, "b/client:all", ""},
		{"any protocol", own + `spec: {` + web + `ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80", endPort: 81}, {port: http}, {port: "0", protocol: UDP}]}]}]}}`, "a/db:TCP 80-81,8080; UDP 1-65535; SCTP 80-81", ""},
		{"only ports", own + `spec: {` + web + `ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}}`, "a/db:TCP 80 b/client:TCP 80 c/bare:TCP 80 a/host:TCP 80 8.8.8.8:TCP 80", ""},
		{"an empty rule allows nothing", own + `spec: {` + web + `ingress: [{}]}}`, "", ""},
		{"no rule does not isolate", own + `spec: {` + web + `ingress: []}}`, "a/db:all b/client:all c/bare:all a/host:all 8.8.8.8:all", ""},
		{"blocks", own + `spec: {` + web + `ingress: [{fromCIDRSet: [{cidr: 8.0.0.0/8, except: [8.8.8.0/24]}]}, {fromCIDR: [8.8.8.8], toPorts: [{ports: [{port: "1", protocol: UDP}]}]}]}}`, "8.8.8.8:UDP 1", ""},
		{"world", own + `spec: {` + web + `ingress: [{fromEntities: [world]}]}}`, "8.8.8.8:all", ""},
		{"cluster", wide + `spec: {` + web + `ingress: [{fromEntities: [cluster]}]}}`, "a/db:all b/client:all c/bare:all a/host:all", ""},
		{"all", wide + `spec: {` + web + `ingress: [{fromEntities: [all]}]}}`, "a/db:all b/client:all c/bare:all a/host:all 8.8.8.8:all", ""},
		{"endpoints of all namespaces", wide + `spec: {` + web + `ingress: [{fromEndpoints: [{}]}]}}`, "a/db:all b/client:all c/bare:all", ""},
		{"several specs", own + `specs: [{` + web + `ingress: [{fromEntities: [world]}]}, {` + web + `ingress: [{fromEndpoints: [{}]}]}]}`, "a/db:all 8.8.8.8:all", ""},
		{"it adds to a NetworkPolicy", own + `spec: {` + web + `ingress: [{fromEntities: [world]}]}}` + "\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {ingress: [{from: [{podSelector: {}}]}]}}", "a/db:all 8.8.8.8:all", ""},
		{"deny", own + `spec: {` + web + `ingress: [{fromEntities: [world]}], ingressDeny: [{fromEntities: [all]}]}}`, "8.8.8.8:all", "ingressDeny is not evaluated"},
		{"names", own + `spec: {` + web + `egress: [{toFQDNs: [{matchName: example.com}]}], ingress: [{fromEntities: [world]}]}}`, "8.8.8.8:all", ""},
		{"requirements of HTTP", own + `spec: {` + web + `ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{}]}}]}]}}`, "a/db:TCP 80", "rules is not evaluated"},
		{"the host", own + `spec: {` + web + `ingress: [{fromEntities: [host]}]}}`, "", "entity host is not known"},
		{"reserved labels", own + `spec: {` + web + `ingress: [{fromEndpoints: [{matchLabels: {"reserved:host": ""}}]}]}}`, "", "what it selects is not known"},
		{"a selector of what manifests do not hold", own + `spec: {endpointSelector: {matchLabels: {io.cilium.k8s.policy.serviceaccount: x}}, ingress: [{}]}}`, "a/db:all b/client:all c/bare:all a/host:all 8.8.8.8:all", "what it selects is not known"},
		{"nodes", wide + `spec: {nodeSelector: {}, ingress: [{}]}}`, "a/db:all b/client:all c/bare:all a/host:all 8.8.8.8:all", ""},
	})
}

func TestCalico(t *testing.T) {
	const (
		own  = "---\n{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {selector: \"app == 'web'\", "
		wide = "---\n{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: default.p}, spec: {selector: \"app == 'web'\", "
		all  = "a/db:all b/client:all c/bare:all a/host:all 8.8.8.8:all"
	)
	checkOthers(t, []othersTest{
		{"everything", own + `ingress: [{action: Allow}]}}`, all, ""},
		{"nothing", own + `types: [Ingress]}}`, "", ""},
		{"types", own + `egress: [{action: Allow}]}}`, all, ""},
		{"pods of the own namespace", own + `ingress: [{action: Allow, protocol: TCP, source: {selector: all()}, destination: {ports: [80, "90:91", http]}}]}}`, "a/db:TCP 80,90-91,8080", ""},
		{"pods of other namespaces", own + `ingress: [{action: Allow, source: {selector: "has(app) && app != 'db' && !has(x)", namespaceSelector: "team in {'blue', \"red\"}"}}]}}`, "b/client:all", ""},
		{"namespaces by name", own + `ingress: [{action: Allow, source: {namespaceSelector: "projectcalico.org/name not in {'a', 'b'}"}}]}}`, "c/bare:all", ""},
		{"pods of all namespaces", wide + `ingress: [{action: Allow, protocol: 17, source: {selector: all()}}]}}`, "a/db:UDP 1-65535 b/client:UDP 1-65535 c/bare:UDP 1-65535", ""},
		{"a label for the namespace", wide + `ingress: [{action: Allow, source: {selector: "projectcalico.org/namespace == 'b'"}}]}}`, "b/client:all", ""},
		{"blocks", own + `order: 5, ingress: [{action: Log}, {action: Allow, source: {nets: [8.0.0.0/8]}}]}}`, "8.8.8.8:all", ""},
		{"all addresses", own + `ingress: [{action: Allow, source: {nets: [0.0.0.0/0]}}]}}`, all, ""},
		{"blocks where pods may be", own + `ingress: [{action: Allow, source: {nets: [10.0.0.0/8]}}]}}`, "", "pods may have addresses in 10.0.0.0/8"},
		{"deny", own + `ingress: [{action: Deny}, {action: Allow}]}}`, all, "action Deny is not evaluated"},
		{"tier", own + `tier: security, ingress: [{action: Allow}]}}`, all, "tier security is not evaluated"},
		{"not", own + `ingress: [{action: Allow, source: {notNets: [8.0.0.0/8]}}]}}`, "", "notNets is not evaluated"},
		{"or", strings.Replace(own, "app == 'web'", "app == 'web' || app == 'db'", 1) + `types: [Ingress]}}`, all, "what it selects is not known"},
		{"or in a rule", own + `ingress: [{action: Allow, source: {selector: "a == 'b' || c == 'd'"}}]}}`, "", "what it selects is not known"},
		{"network sets", own + `ingress: [{action: Allow, source: {selector: "a == 'b'"}}]}}` + "\n---\n{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: {name: s}}", "", "a network set may match it"},
		{"another project", "---\n{apiVersion: crd.antrea.io/v1beta1, kind: NetworkPolicy, metadata: {name: p, namespace: a}}", all, "NetworkPolicy of crd.antrea.io is not evaluated"},
	})
}

type othersTest struct {
	name, policies string
	want           string // who reaches a/web, as "FROM:CONN"
	doubts         string // about that, separated by ;
}

func checkOthers(t *testing.T, tests []othersTest) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := cluster(t, traps+test.policies)
			web := workload(t, c, "a", "web")
			var got []string
			for _, from := range []string{"a/db", "b/client", "c/bare", "a/host", "8.8.8.8"} {
				if conn := c.Allowed(peerOf(t, c, from), PodsOf(web)); !conn.IsEmpty() {
					got = append(got, from+":"+conn.String())
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var doubts []string
			for _, d := range c.Uncertain(web, Ingress) {
				if doubts = append(doubts, d.Reason); d.Origin().Line == 0 {
					t.Error("the doubt has no line")
				}
			}
			if diff := cmp.Diff(test.doubts, strings.Join(slices.Compact(doubts), "; ")); diff != "" {
				t.Errorf("doubts (-want +got):\n%s", diff)
			}
		})
	}
}
