package netpol

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPhrases(t *testing.T) {
	tests := []struct{ name, rule, peers, ports string }{
		{"everything", `{}`, "anything", "any port"},
		{"pods of the own namespace", `{from: [{podSelector: {matchLabels: {app: web, tier: a}}}]}`, "pods with app=web and tier=a in namespace a", "any port"},
		{"all pods", `{from: [{podSelector: {}}]}`, "all pods in namespace a", "any port"},
		{"or", `{from: [{podSelector: {matchLabels: {app: web}}}, {namespaceSelector: {matchLabels: {team: blue}}}]}`, "pods with app=web in namespace a, or all pods in namespaces with team=blue", "any port"},
		{"and", `{from: [{podSelector: {matchLabels: {app: web}}, namespaceSelector: {matchLabels: {team: blue}}}]}`, "pods with app=web in namespaces with team=blue", "any port"},
		{"any namespace", `{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}]}`, "pods with app=web in any namespace", "any port"},
		{"a namespace by its name", `{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}`, "all pods in namespace b", "any port"},
		{"operators", `{from: [{podSelector: {matchExpressions: [{key: a, operator: In, values: [u, v]}, {key: b, operator: NotIn, values: [z]}, {key: c, operator: Exists}, {key: d, operator: DoesNotExist}]}}]}`, "pods with a in (u,v) and b notin (z) and c and !d in namespace a", "any port"},
		{"a block", `{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}}]}`, "addresses in 10.0.0.0/8 except 10.1.0.0/16, 10.2.0.0/16", "any port"},
		{"all addresses", `{from: [{ipBlock: {cidr: "::/0"}}]}`, "any IPv6 address", "any port"},
		{"nothing", `{from: [{}]}`, "nothing", "any port"},
		{"ports", `{ports: [{port: 80}, {port: dns, protocol: UDP}, {port: 8000, endPort: 8080}, {protocol: SCTP}]}`, "anything", "TCP 80, UDP dns, TCP 8000-8080, SCTP any port"},
		{"a port that is rejected", `{ports: [{port: 0}]}`, "anything", "no port"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, _ := New(parse(t, traps+"---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {ingress: ["+test.rule+"]}}"), Options{})
			rule := c.Policies[0].IngressRules[0]
			if diff := cmp.Diff([]string{test.peers, test.ports}, []string{rule.PeersPhrase(), rule.PortsPhrase()}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPhrasesOfOtherKinds(t *testing.T) {
	tests := []struct{ name, policy, want string }{
		{"networks", admin("p", 1, `egress: [{action: Accept, to: [{networks: [8.0.0.0/8, 9.0.0.0/8]}]}]`), "addresses in 8.0.0.0/8 or 9.0.0.0/8"},
		{"nodes", admin("p", 1, `egress: [{action: Accept, to: [{nodes: {matchLabels: {disk: fast}}}, {nodes: {}}]}]`), "nodes with disk=fast, or all nodes"},
		{"pods", admin("p", 1, `egress: [{action: Accept, to: [{pods: {namespaceSelector: {}, podSelector: {}}}]}]`), "all pods in any namespace"},
		{"entities", `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: a}, spec: {endpointSelector: {}, egress: [{toEntities: [world, cluster, all]}]}}`, "all addresses outside of the cluster, or all pods of the cluster, or everything"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := cluster(t, traps+"---\n"+test.policy)
			if diff := cmp.Diff(test.want, c.Others[0].EgressRules[0].PeersPhrase()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestInternet(t *testing.T) {
	c := trapCluster(t, `{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 8.8.0.0/16}}, {ipBlock: {cidr: "fd00::/8"}}]}]}`)
	var public, private bool
	for _, p := range c.Internet() {
		public = public || p.Block().String() == "8.8.0.0/16"
		private = private || p.Block().String() == "10.0.0.0/8" || p.Block().String() == "fd00::/8"
	}
	if !public || private {
		t.Errorf("8.8.0.0/16 is public: %t; private blocks are: %t", public, private)
	}
}
