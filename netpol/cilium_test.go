package netpol

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	ciliumOwn   = "---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: a}, "
	ciliumWide  = "---\n{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: p}, "
	ciliumWeb   = `endpointSelector: {matchLabels: {app: web}}, `
	allOpen     = "a/db:all b/client:all c/bare:all a/host:all 8.8.8.8:all"
	notAccepted = "a part of it is not accepted"
)

func TestCilium(t *testing.T) {
	own, wide := ciliumOwn+`spec: {`+ciliumWeb, ciliumWide+`spec: {`+ciliumWeb
	checkOthers(t, []othersTest{
		{"endpoints of the own namespace", own + `ingress: [{fromEndpoints: [{}]}]}}`, "a/db:all", ""},
		{"endpoints of another namespace", own + `ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": b, "any:app": client}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}}`, "b/client:TCP 80", ""},
		{"another namespace by an expression", own + `ingress: [{fromEndpoints: [{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: In, values: [b]}]}]}]}}`, "b/client:all", ""},
		{"endpoints by labels of the namespace", wide + `ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": blue}}]}]}}`, "b/client:all", ""},
		{"any protocol", own + `ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80", endPort: 81}, {port: http}, {port: "0", protocol: UDP}]}]}]}}`, "a/db:TCP 80-81,8080; UDP 1-65535; SCTP 80-81", ""},
		{"names of ports in capitals", own + `ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: HTTP, protocol: ANY}]}]}]}}`, "a/db:TCP 8080", ""},
		{"only ports", own + `ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}}`, "a/db:TCP 80 b/client:TCP 80 c/bare:TCP 80 a/host:TCP 80 8.8.8.8:TCP 80", ""},
		{"an empty list of ports is none", own + `ingress: [{fromEndpoints: [{}], toPorts: []}]}}`, "a/db:all", ""},
		{"an empty list of ports makes no peers", own + `ingress: [{toPorts: []}]}}`, "", ""},
		{"a protocol without ports, which may name none", own + `ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{protocol: VRRP}, {protocol: GRE, port: "0"}, {port: "80", protocol: TCP}]}]}]}}`, "a/db:TCP 80", ""},
		{"a protocol without ports", own + `ingress: [{toPorts: [{ports: [{port: "0", protocol: ICMP}]}]}]}}`, "", ""},
		{"only ICMP", own + `ingress: [{fromEndpoints: [{}], icmps: [{fields: [{type: 8}]}]}]}}`, "", ""},
		{"an empty rule allows nothing", own + `ingress: [{}]}}`, "", ""},
		{"no rule does not isolate", own + `ingress: [], egress: [{}]}}`, allOpen, ""},
		{"egress alone leaves ingress open", own + `egress: [{}]}}`, allOpen, ""},
		{"blocks", own + `ingress: [{fromCIDRSet: [{cidr: 8.0.0.0/8, except: [8.8.8.0/24]}]}, {fromCIDR: [8.8.8.8], toPorts: [{ports: [{port: "1", protocol: UDP}]}]}]}}`, "8.8.8.8:UDP 1", ""},
		{"blocks are about no pods", own + `ingress: [{fromCIDR: [0.0.0.0/0]}]}}`, "8.8.8.8:all", ""},
		{"world", own + `ingress: [{fromEntities: [world]}]}}`, "8.8.8.8:all", ""},
		{"cluster", wide + `ingress: [{fromEntities: [cluster]}]}}`, "a/db:all b/client:all c/bare:all a/host:all", ""},
		{"all", wide + `ingress: [{fromEntities: [all]}]}}`, allOpen, ""},
		{"none", wide + `ingress: [{fromEntities: [none]}]}}`, "", ""},
		{"endpoints of all namespaces", wide + `ingress: [{fromEndpoints: [{}]}]}}`, "a/db:all b/client:all c/bare:all", ""},
		{"endpoints of all namespaces but some", wide + `ingress: [{fromEndpoints: [{matchExpressions: [{key: app, operator: NotIn, values: [client]}]}]}]}}`, "a/db:all c/bare:all", ""},
		{"several specs", ciliumOwn + `specs: [{` + ciliumWeb + `ingress: [{fromEntities: [world]}]}, {` + ciliumWeb + `ingress: [{fromEndpoints: [{}]}]}]}`, "a/db:all 8.8.8.8:all", ""},
		{"it adds to a NetworkPolicy", own + `ingress: [{fromEntities: [world]}]}}` + "\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {ingress: [{from: [{podSelector: {}}]}]}}", "a/db:all 8.8.8.8:all", ""},

		{"its own namespace is named", ciliumOwn + `spec: {endpointSelector: {matchLabels: {app: web, "k8s:io.kubernetes.pod.namespace": a}}, ingress: [{}]}}`, "", ""},
		{"labels of its namespace", ciliumOwn + `spec: {endpointSelector: {matchLabels: {io.cilium.k8s.namespace.labels.team: blue}}, ingress: [{}]}}`, allOpen, ""},
		{"the same namespace, clusterwide", ciliumWide + `spec: {endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: a}}, ingress: [{}]}}`, "", ""},
		{"deny by default without rules", own + `enableDefaultDeny: {ingress: true}, egress: [{}]}}`, allOpen, ""},
		{"no deny by default", own + `enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [world]}]}}`, allOpen, ""},
		{"no deny by default, and a policy that isolates", own + `enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [world]}]}}` + "\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {ingress: [{from: [{podSelector: {}}]}]}}", "a/db:all 8.8.8.8:all", ""},
		{"no deny by default for the other direction", own + `enableDefaultDeny: {egress: false}, ingress: [{fromEntities: [world]}]}}`, "8.8.8.8:all", ""},
		{"what is doubted in the other direction", own + `egress: [{toFQDNs: [{matchName: example.com}]}], egressDeny: [{toEntities: [all]}], ingress: [{fromEntities: [world]}]}}`, "8.8.8.8:all", ""},
		{"without a selector it selects nothing", ciliumOwn + `spec: {ingress: [{}]}}`, allOpen, ""},
		{"nodes", ciliumWide + `spec: {nodeSelector: {}, ingress: [{}]}}`, allOpen, ""},
	})
}

// What the evaluation leaves out must be doubted.
func TestCiliumDoubts(t *testing.T) {
	own, wide := ciliumOwn+`spec: {`+ciliumWeb, ciliumWide+`spec: {`+ciliumWeb
	checkOthers(t, []othersTest{
		{"deny", own + `ingress: [{fromEntities: [world]}], ingressDeny: [{fromEntities: [all]}]}}`, "8.8.8.8:all", "ingressDeny is not evaluated"},
		{"deny alone isolates", own + `ingressDeny: [{fromEntities: [world]}]}}`, "", "ingressDeny is not evaluated"},
		{"deny without denying by default", own + `enableDefaultDeny: {ingress: false}, ingressDeny: [{fromEntities: [world]}]}}`, allOpen, "ingressDeny is not evaluated"},
		{"requirements of HTTP", own + `ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{}]}}]}]}}`, "a/db:TCP 80", "rules is not evaluated"},
		{"requirements of labels", own + `ingress: [{fromEndpoints: [{}], fromRequires: [{matchLabels: {x: y}}]}]}}`, "a/db:all", "fromRequires is not evaluated"},
		{"nodes by labels", own + `ingress: [{fromNodes: [{}]}]}}`, "", "fromNodes is not evaluated"},
		{"authentication", own + `ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]}}`, "a/db:all", "authentication is not evaluated"},
		{"groups of blocks", own + `ingress: [{fromCIDRSet: [{cidrGroupRef: office}]}]}}`, "", "cidrGroupRef is not evaluated"},
		{"the host", own + `ingress: [{fromEntities: [host]}]}}`, "", "the nodes of pods on the host network are not known"},
		{"other nodes", own + `ingress: [{fromEntities: [remote-node, world]}]}}`, "8.8.8.8:all", "the nodes of pods on the host network are not known"},
		{"the API server", own + `ingress: [{fromEntities: [kube-apiserver]}]}}`, "", "entity kube-apiserver is not known"},
		{"the ingress", own + `ingress: [{fromEntities: [ingress, world-ipv4]}]}}`, "", "entity ingress is not known; entity world-ipv4 is not known"},
		{"an empty list", own + `ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: "80"}]}]}]}}`, "", "an empty list is not evaluated"},
		{"ports are missing", own + `ingress: [{fromEndpoints: [{}], toPorts: [{}]}]}}`, "", "ports are missing"},
		{"a range that ends before it starts", own + `ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80", endPort: 79, protocol: TCP}]}]}]}}`, "a/db:TCP 80", "endPort below the port is not evaluated"},
		{"reserved labels", own + `ingress: [{fromEndpoints: [{matchLabels: {"reserved:host": ""}}]}]}}`, "", "what it selects is not known"},
		{"labels that are no part of identities", own + `ingress: [{fromEndpoints: [{matchLabels: {pod-template-hash: x}}]}, {fromEndpoints: [{matchExpressions: [{key: topology.beta.kubernetes.io/zone, operator: DoesNotExist}]}]}]}}`, "", "what it selects is not known"},
		{"all but a namespace", own + `ingress: [{fromEndpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [a]}]}]}]}}`, "b/client:all c/bare:all", "nodes and addresses may match it"},
		{"all but a namespace, of one application", own + `ingress: [{fromEndpoints: [{matchLabels: {app: client}, matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [a]}]}]}]}}`, "b/client:all", ""},
		{"all but a namespace, clusterwide", wide + `ingress: [{fromEndpoints: [{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: NotIn, values: [b]}]}]}]}}`, "a/db:all c/bare:all", "nodes and addresses may match it"},
		{"labels that are no part of identities in recent versions", own + `ingress: [{fromEndpoints: [{matchLabels: {topology.kubernetes.io/zone: x}}]}, {fromEndpoints: [{matchLabels: {batch.kubernetes.io/controller-uid: x}}]}]}}`, "", "what it selects is not known"},
		{"labels of other namespaces", own + `ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": blue}}]}]}}`, "b/client:all", "not all versions select by labels of other namespaces"},
		{"another namespace", ciliumOwn + `spec: {endpointSelector: {matchLabels: {app: web, io.kubernetes.pod.namespace: b}}, ingress: [{}]}}`, "", "it selects in another namespace"},
		{"a selector of what manifests do not hold", ciliumOwn + `spec: {endpointSelector: {matchLabels: {io.cilium.k8s.policy.serviceaccount: x}}, ingress: [{}]}}`, allOpen, "what it selects is not known"},
		{"no rules at all", own + `ingress: []}}`, allOpen, notAccepted},
		{"deny by default alone", own + `enableDefaultDeny: {ingress: true}}}`, allOpen, notAccepted},
		{"a range from port 0", own + `ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "0", endPort: 90, protocol: TCP}]}]}]}}`, "a/db:TCP 1-65535", "endPort below the port is not evaluated"},
		{"two kinds of peers", own + `ingress: [{fromEndpoints: [{}], fromEntities: [world]}]}}`, "a/db:all 8.8.8.8:all", notAccepted},
		{"an empty list beside peers", own + `ingress: [{fromEndpoints: [], fromEntities: [world]}]}}`, "8.8.8.8:all", "an empty list is not evaluated"},
		{"a part of another spec", ciliumOwn + `specs: [{` + ciliumWeb + `ingress: [{fromEntities: [world]}]}, {endpointSelector: {}, egress: [{toCIDR: [x]}]}]}`, "8.8.8.8:all", notAccepted},
	})
}

func TestCiliumEgress(t *testing.T) {
	own := ciliumOwn + `spec: {` + ciliumWeb
	checkEgress(t, []othersTest{
		{"endpoints", own + `egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: "9090", protocol: TCP}]}]}]}}`, "a/db:TCP 9090", ""},
		{"named ports", own + `egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: http, protocol: TCP}]}]}]}}`, "a/db:TCP 9090", "named ports of egress are not evaluated"},
		{"services", own + `egress: [{toServices: [{k8sService: {serviceName: db}}]}]}}`, "", "toServices is not evaluated"},
		{"names", own + `egress: [{toFQDNs: [{matchName: example.com}], toPorts: [{ports: [{port: "443"}]}]}]}}`, "", "toFQDNs is not evaluated"},
		{"names of DNS", own + `egress: [{toEntities: [world], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}]}}`, "8.8.8.8:UDP 53", "rules is not evaluated"},
		{"deny", own + `egressDeny: [{toEntities: [world]}]}}`, "", "egressDeny is not evaluated"},
		{"ingress alone leaves egress open", own + `ingress: [{}]}}`, allOpen, ""},
		{"what is doubted in the other direction", own + `ingressDeny: [{}], enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [host]}]}}`, allOpen, ""},
	})
}

// Without pods on the host network, nodes are no peers.
func TestCiliumNodes(t *testing.T) {
	const pods = "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: a}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: a}}\n"
	c := cluster(t, pods+ciliumOwn+`spec: {endpointSelector: {}, ingress: [{fromEntities: [host, remote-node]}]}}`)
	web := workload(t, c, "a", "web")
	if conn := c.Allowed(peerOf(t, c, "a/other"), PodsOf(web)); !conn.IsEmpty() {
		t.Errorf("a node is a pod: %s", conn)
	}
	if doubts := c.Uncertain(PodsOf(web), Ingress); doubts != nil {
		t.Errorf("doubts: %v", doubts)
	}
	c = cluster(t, traps+ciliumWide+`spec: {nodeSelector: {}, ingress: [{}]}}`)
	for _, d := range bothDirections() {
		if doubts := c.Uncertain(peerOf(t, c, "a/host"), d); len(doubts) != 1 || doubts[0].Reason != "policies for nodes are not evaluated" {
			t.Errorf("%s: doubts of a pod on the host network: %v", d, doubts)
		}
	}
}

// Rules without deny by default allow; what denies is another policy.
func TestCiliumExplains(t *testing.T) {
	c := cluster(t, traps+ciliumOwn+`spec: {`+ciliumWeb+`enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [world], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: a}, spec: {}}`)
	var got []string
	conn, reasons := c.Explain(peerOf(t, c, "8.8.8.8"), pods(t, c, "a", "web"))
	for _, r := range reasons {
		got = append(got, fmt.Sprintf("%s denies %t", r.Policy.Name, r.Denies))
	}
	if diff := cmp.Diff([]string{"p denies false", "deny denies true"}, got); diff != "" || conn.String() != "TCP 80" {
		t.Errorf("allows %s; reasons (-want +got):\n%s", conn, diff)
	}
}

// Blocks are about no pods, whatever addresses these have.
func TestCiliumBlocks(t *testing.T) {
	c := cluster(t, traps+ciliumOwn+`spec: {endpointSelector: {}, ingress: [{fromCIDR: [10.0.0.0/8]}]}}`)
	if item := c.Others[0].IngressRules[0].Peers[0]; item.MayHoldPods() {
		t.Error("a block of Cilium may hold pods")
	}
}

func TestCiliumGaps(t *testing.T) {
	const rules = "spec:\n  endpointSelector: {}\n  ingress:\n"
	checkOthersGaps(t, "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: a}\n", []gapsTest{
		{"valid", rules + "  - fromCIDRSet: [{cidrGroupRef: office}]\n    toPorts: [{ports: [{port: https, protocol: TCP}, {port: \"0\", endPort: 0}]}]", nil},
		{"a source in an expression", rules + "  - fromEndpoints:\n    - matchExpressions: [{key: \"k8s:app\", operator: Exists}]", nil},
		{"no rules", "spec:\n  endpointSelector: {}\n  ingress: []\n  enableDefaultDeny: {ingress: true}", []string{
			`4: spec: has no rule of ingress or egress, and so does nothing`,
			`note: 7: spec.enableDefaultDeny.ingress: denies nothing without a rule of ingress`,
		}},
		{"no rules of one direction", rules + "  - {}\n  egress: []\n  enableDefaultDeny: {ingress: true, egress: true}", []string{`note: 9: spec.enableDefaultDeny.egress: denies nothing without a rule of egress`}},
		{"no spec", "specs: []", []string{`1: spec: is missing`}},
		{"no selector", "spec:\n  ingress: [{}]", []string{`4: spec: want exactly one of endpointSelector and nodeSelector`}},
		{"two selectors", "spec:\n  endpointSelector: {}\n  nodeSelector: {}\n  ingress: [{}]", []string{`4: spec: want exactly one of endpointSelector and nodeSelector`}},
		{"nodes", "spec:\n  nodeSelector: {}\n  egress: [{}]", []string{`5: spec.nodeSelector: is for CiliumClusterwideNetworkPolicy only`}},
		{"labels", "spec:\n  endpointSelector:\n    matchLabels: [app]\n  ingress: [{}]", []string{`6: spec.endpointSelector.matchLabels: is a list, want a mapping`}},
		{"a key", "spec:\n  endpointSelector:\n    matchLabels: {\"k8s:a b\": x}\n  ingress: [{}]", []string{`6: spec.endpointSelector.matchLabels.k8s:a b: "a b" is no label key`}},
		{"an operator", "spec:\n  endpointSelector:\n    matchExpressions:\n    - {key: \"k8s:app\", operator: Equals}\n  ingress: [{}]", []string{`7: spec.endpointSelector.matchExpressions[0].operator: is "Equals", want In, NotIn, Exists or DoesNotExist`}},
		{"two kinds of peers", rules + "  - fromEndpoints: [{}]\n    fromCIDR: [10.0.0.0/8]", []string{`7: spec.ingress[0]: has fromEndpoints beside fromCIDR, want one kind of peers`}},
		{"two kinds of peers that are not evaluated", rules + "  - fromNodes: [{}]\n    fromGroups: [{}]\n  egress:\n  - toServices: [{}]\n    toFQDNs: [{matchName: example.com}]", []string{
			`7: spec.ingress[0]: has fromNodes beside fromGroups, want one kind of peers`,
			`10: spec.egress[0]: has toServices beside toFQDNs, want one kind of peers`,
		}},
		{"an empty list beside peers", rules + "  - fromEndpoints: []\n    fromEntities: [world]", nil},
		{"an entity", rules + "  - fromEntities:\n    - internet", []string{`8: spec.ingress[0].fromEntities[0]: "internet" is no entity`}},
		{"ICMP beside ports", rules + "  - icmps: [{fields: [{type: 8}]}]\n    toPorts: [{ports: [{port: \"80\"}]}]", []string{`7: spec.ingress[0]: has icmps beside toPorts, want one or the other`}},
		{"a block", rules + "  - fromCIDR: [10.0.0.0/33]", []string{`7: spec.ingress[0].fromCIDR[0]: "10.0.0.0/33" is no CIDR`}},
		{"an address in a set", rules + "  - fromCIDRSet:\n    - cidr: 10.0.0.1\n    - {}", []string{
			`8: spec.ingress[0].fromCIDRSet[0].cidr: "10.0.0.1" is no CIDR`,
			`9: spec.ingress[0].fromCIDRSet[1].cidr: is missing`,
		}},
		{"an exception outside", rules + "  - fromCIDRSet:\n    - cidr: 10.0.0.0/8\n      except:\n      - 11.0.0.0/16", []string{`10: spec.ingress[0].fromCIDRSet[0].except[0]: 11.0.0.0/16 is no part of 10.0.0.0/8`}},
		{"ports", rules + "  - toPorts:\n    - ports:\n      - port: 80\n      - protocol: TCP\n      - port: \"70000\"\n      - port: \"080\"\n      - port: a_b\n      - {port: \"80\", protocol: tcp}\n      - {port: \"80\", endPort: 70000}\n      - port: a-very-long-name", []string{
			`9: spec.ingress[0].toPorts[0].ports[0].port: is the number 80, want a string`,
			`10: spec.ingress[0].toPorts[0].ports[1].port: is missing`,
			`11: spec.ingress[0].toPorts[0].ports[2].port: "70000" is no port`,
			`12: spec.ingress[0].toPorts[0].ports[3].port: "080" is no port`,
			`13: spec.ingress[0].toPorts[0].ports[4].port: "a_b" is no port name: must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`,
			`14: spec.ingress[0].toPorts[0].ports[5].protocol: is "tcp", want TCP, UDP, SCTP, ICMP, ICMPv6 or ANY`,
			`15: spec.ingress[0].toPorts[0].ports[6].endPort: is 70000, want a port from 0 to 65535`,
			`16: spec.ingress[0].toPorts[0].ports[7].port: "a-very-long-name" is no port name: must be no more than 15 characters`,
		}},
	})
}
