package netpol

import (
	"strings"
	"testing"
)

const (
	calicoOwn  = "---\n{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {selector: \"app == 'web'\", "
	calicoWide = "---\n{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: default.p}, spec: {selector: \"app == 'web'\", "
	notKnown   = "what it selects is not known"
)

// selecting returns the start of a policy of namespace a with another selector.
func selecting(selector string) string {
	return strings.Replace(calicoOwn, "app == 'web'", selector, 1)
}

func TestCalico(t *testing.T) {
	own, wide := calicoOwn, calicoWide
	checkOthers(t, []othersTest{
		{"everything", own + `ingress: [{action: Allow}]}}`, allOpen, ""},
		{"nothing", own + `types: [Ingress]}}`, "", ""},
		{"ingress by default", own + `order: 1}}`, "", ""},
		{"rules of egress make no ingress", own + `egress: [{action: Allow}]}}`, allOpen, ""},
		{"rules of a direction that is no type", own + `types: [Egress], ingress: [{action: Log}]}}`, allOpen, ""},
		{"pods of the own namespace", own + `ingress: [{action: Allow, protocol: TCP, source: {selector: all()}, destination: {ports: [80, "90:91", http]}}]}}`, "a/db:TCP 80,90-91,8080", ""},
		{"pods of other namespaces", own + `ingress: [{action: Allow, source: {selector: "has(app) && app != 'db' && !has(x)", namespaceSelector: "team in {'blue', \"red\"}"}}]}}`, "b/client:all", ""},
		{"pods of all namespaces by name", own + `ingress: [{action: Allow, source: {namespaceSelector: all()}}]}}`, "a/db:all b/client:all c/bare:all", ""},
		{"namespaces by name", own + `ingress: [{action: Allow, source: {namespaceSelector: "projectcalico.org/name not in {'a', 'b'}"}}]}}`, "c/bare:all", ""},
		{"pods of all namespaces", wide + `types: [Ingress], ingress: [{action: Allow, protocol: 17, source: {selector: all()}}]}}`, "a/db:UDP 1-65535 b/client:UDP 1-65535 c/bare:UDP 1-65535", ""},
		{"a label for the namespace", wide + `ingress: [{action: Allow, source: {selector: "projectcalico.org/namespace == 'b'"}}]}}`, "b/client:all", ""},
		{"an empty selector is absent", own + `ingress: [{action: Allow, source: {selector: "", namespaceSelector: "", nets: []}}]}}`, allOpen, ""},
		{"an empty selector of namespaces is absent", own + `ingress: [{action: Allow, source: {selector: all(), namespaceSelector: ""}}]}}`, "a/db:all", ""},
		{"blocks", own + `order: 5, ingress: [{action: Log}, {action: Allow, source: {nets: [8.0.0.0/8]}}]}}`, "8.8.8.8:all", ""},
		{"all addresses", own + `ingress: [{action: Allow, source: {nets: [0.0.0.0/0]}}]}}`, allOpen, ""},
		{"protocols by number and without ports", own + `ingress: [{action: Allow, protocol: "132"}, {action: Allow, protocol: ICMP}, {action: Allow, protocol: 4}]}}`, strings.ReplaceAll(allOpen, "all", "SCTP 1-65535"), ""},
		{"the same tier as NetworkPolicies", own + `order: 2000, ingress: [{action: Allow, source: {selector: all()}}]}}` + "\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {ingress: [{ports: [{port: 1}]}]}}", "a/db:all b/client:TCP 1 c/bare:TCP 1 a/host:TCP 1 8.8.8.8:TCP 1", ""},
		{"staged", strings.Replace(own, "kind: Net", "kind: StagedNet", 1) + `types: [Ingress]}}`, allOpen, ""},
		{"its namespace by a label", selecting("projectcalico.org/namespace == 'a'") + `types: [Ingress]}}`, "", ""},
		{"another namespace by a label", selecting("projectcalico.org/namespace == 'b'") + `types: [Ingress]}}`, allOpen, ""},
		{"namespaces of a global policy", wide + `namespaceSelector: "has(team)", types: [Ingress]}}`, allOpen, ""},
		{"no labels", selecting("!has(empty) && app not in {'db'}") + `types: [Ingress]}}`, allOpen, ""},
	})
}

// What the evaluation leaves out must be doubted.
func TestCalicoDoubts(t *testing.T) {
	own, wide := calicoOwn, calicoWide
	checkOthers(t, []othersTest{
		{"blocks where pods may be", own + `ingress: [{action: Allow, source: {nets: [10.0.0.0/8]}}]}}`, "", "pods may have addresses in 10.0.0.0/8"},
		{"blocks of shared addresses where pods may be", own + `ingress: [{action: Allow, source: {nets: [100.96.0.0/11]}}]}}`, "", "pods may have addresses in 100.96.0.0/11"},
		{"blocks where no pods are", own + `ingress: [{action: Allow, source: {nets: [100.128.0.0/9]}}]}}`, "", ""},
		{"blocks of both families", own + `ingress: [{action: Allow, source: {nets: [8.0.0.0/8, "2001:db8::/32"]}}]}}`, "8.8.8.8:all", "nets of IPv4 beside ones of IPv6 are not evaluated"},
		{"blocks beside a selector", own + `ingress: [{action: Allow, source: {nets: [8.0.0.0/8], selector: all()}}]}}`, "", "nets beside a selector are not evaluated"},
		{"deny", own + `ingress: [{action: Deny}, {action: Allow}]}}`, allOpen, "action Deny is not evaluated"},
		{"pass", own + `ingress: [{action: Pass}]}}`, "", "action Pass is not evaluated"},
		{"another policy denies", own + `ingress: [{action: Allow}]}}` + "\n" + strings.Replace(own, "name: p", "name: q", 1) + `order: 1, ingress: [{action: Deny}]}}`, allOpen, "action Deny is not evaluated"},
		{"tier", own + `tier: security, ingress: [{action: Allow}]}}`, allOpen, "tier security is not evaluated"},
		{"not", own + `ingress: [{action: Allow, source: {notNets: [8.0.0.0/8]}}]}}`, "", "notNets is not evaluated"},
		{"not selected", own + `ingress: [{action: Allow, source: {selector: all(), notSelector: "app == 'db'"}}]}}`, "a/db:all", "notSelector is not evaluated"},
		{"not the ports", own + `ingress: [{action: Allow, protocol: TCP, destination: {notPorts: [80]}}]}}`, strings.ReplaceAll(allOpen, "all", "TCP 1-65535"), "notPorts is not evaluated"},
		{"not the protocol", own + `ingress: [{action: Allow, notProtocol: UDP}]}}`, allOpen, "notProtocol is not evaluated"},
		{"types of ICMP", own + `ingress: [{action: Allow, protocol: ICMP, icmp: {type: 8}}]}}`, "", "icmp is not evaluated"},
		{"a version of IP", own + `ingress: [{action: Allow, ipVersion: 4}]}}`, allOpen, "ipVersion is not evaluated"},
		{"HTTP", own + `ingress: [{action: Allow, http: {methods: [GET]}}]}}`, allOpen, "http is not evaluated"},
		{"service accounts", own + `ingress: [{action: Allow, source: {serviceAccounts: {names: [x]}}}]}}`, "", "serviceAccounts is not evaluated"},
		{"services", own + `ingress: [{action: Allow, source: {services: {name: x}}}]}}`, "", "services is not evaluated"},
		{"ports of the source", own + `ingress: [{action: Allow, protocol: TCP, source: {ports: [80]}}]}}`, strings.ReplaceAll(allOpen, "all", "TCP 1-65535"), "ports of the source are not evaluated"},
		{"who is selected, again", own + `ingress: [{action: Allow, destination: {selector: "x == 'y'"}}]}}`, allOpen, "selector is not evaluated"},
		{"ports without a protocol", own + `ingress: [{action: Allow, destination: {ports: [80]}}]}}`, "", "ports without TCP, UDP or SCTP are not evaluated"},
		{"pods by service account", strings.Replace(own, "selector: ", "serviceAccountSelector: \"x == 'y'\", selector: ", 1) + `types: [Ingress]}}`, allOpen, "serviceAccountSelector is not evaluated; " + notKnown},
		{"a field of global policies", own + `namespaceSelector: "x == 'y'", types: [Ingress]}}`, "", "namespaceSelector is not evaluated"},
		{"forwarded traffic", wide + `applyOnForward: true, types: [Ingress]}}`, "", "applyOnForward is not evaluated"},
		{"untracked traffic", wide + `doNotTrack: true, preDNAT: true, types: [Ingress]}}`, "", "doNotTrack is not evaluated; preDNAT is not evaluated"},
		{"without types where Calico keeps it", wide + `egress: [{action: Allow}]}}`, allOpen, "without types it may be about Ingress"},
		{"or", selecting("app == 'web' || app == 'db'") + `types: [Ingress]}}`, allOpen, notKnown},
		{"parentheses", selecting("(app == 'web')") + `types: [Ingress]}}`, allOpen, notKnown},
		{"negation", selecting("!(app == 'web')") + `types: [Ingress]}}`, allOpen, notKnown},
		{"parts of values", selecting("app starts with 'we' && app contains 'e'") + `types: [Ingress]}}`, allOpen, notKnown},
		{"or without spaces", selecting("x||app == 'web'") + `types: [Ingress]}}`, allOpen, notKnown},
		{"and in quotes", selecting("app != 'x && y'") + `types: [Ingress]}}`, allOpen, notKnown},
		{"a comma in quotes", selecting("app not in {'x,y'}") + `types: [Ingress]}}`, allOpen, notKnown},
		{"labels that Calico adds", selecting("projectcalico.org/orchestrator == 'k8s'") + `types: [Ingress]}}`, allOpen, notKnown},
		{"or in a rule", own + `ingress: [{action: Allow, source: {selector: "a == 'b' || c == 'd'"}}]}}`, "", notKnown},
		{"no namespace", own + `ingress: [{action: Allow, source: {namespaceSelector: global()}}]}}`, "", notKnown},
		{"network sets", own + `ingress: [{action: Allow, source: {selector: "a == 'b'"}}]}}` + "\n---\n{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: {name: s}}", "", "a network set may match it"},
		{"host endpoints", wide + `types: [Ingress], ingress: [{action: Allow, source: {selector: all()}}]}}` + calicoHost, "a/db:all b/client:all c/bare:all", "a host endpoint may match it"},
		{"host endpoints have no labels of namespaces", wide + `types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: has(team)}}]}}` + calicoHost, "b/client:all", ""},
		{"host endpoints without labels of namespaces", own + `ingress: [{action: Allow, source: {namespaceSelector: "!has(team)"}}]}}` + calicoHost, "a/db:all c/bare:all", "a host endpoint may match it"},
		{"host endpoints have no namespace", own + `ingress: [{action: Allow, source: {selector: all()}}]}}` + calicoHost, "a/db:all", ""},
		{"what is rejected", own + `types: [Ingress, egress]}}`, "", notAccepted},
		{"another project", "---\n{apiVersion: crd.antrea.io/v1beta1, kind: NetworkPolicy, metadata: {name: p, namespace: a}}", allOpen, "NetworkPolicy of crd.antrea.io is not evaluated"},
	})
}

const calicoHost = "\n---\n{apiVersion: projectcalico.org/v3, kind: HostEndpoint, metadata: {name: h}, spec: {node: n}}"

func TestCalicoEgress(t *testing.T) {
	own, wide := calicoOwn, calicoWide
	checkEgress(t, []othersTest{
		{"pods", own + `egress: [{action: Allow, protocol: TCP, destination: {selector: "app == 'db'", ports: [http, 1]}}]}}`, "a/db:TCP 1,9090", ""},
		{"ingress alone leaves egress open", own + `ingress: [{action: Allow}]}}`, allOpen, ""},
		{"without rules egress is open", own + `order: 1}}`, allOpen, ""},
		{"without types where Calico keeps it", wide + `order: 1}}`, allOpen, "without types it may be about Egress"},
		{"with both kinds of rules", wide + `ingress: [{action: Log}], egress: [{action: Allow, destination: {nets: [8.8.8.8/32]}}]}}`, "8.8.8.8:all", ""},
		{"names", own + `egress: [{action: Allow, destination: {domains: [example.com]}}]}}`, "", "domains is not evaluated"},
		{"what is doubted in the other direction", own + `types: [Ingress, Egress], ingress: [{action: Deny}]}}`, "", ""},
	})
}

// Host endpoints are nodes that global policies select.
func TestCalicoNodes(t *testing.T) {
	for policy, want := range map[string]string{
		calicoWide + `types: [Ingress]}}`: "host endpoints may be selected",
		calicoOwn + `types: [Ingress]}}`:  "",
	} {
		c := cluster(t, traps+policy+calicoHost)
		if got := doubtsOf(t, c, workload(t, c, "a", "host"), Ingress); got != want {
			t.Errorf("doubts of a pod on the host network: got %q, want %q", got, want)
		}
		if got := doubtsOf(t, c, workload(t, c, "a", "web"), Ingress); got != "" {
			t.Errorf("other doubts: %s", got)
		}
	}
}

func TestCalicoGaps(t *testing.T) {
	const rules = "spec:\n  selector: all()\n  ingress:\n"
	checkOthersGaps(t, "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\n", []gapsTest{
		{"valid", rules + "  - {action: Allow, protocol: tcp, destination: {ports: [0, \"1:2\", a_b]}}", nil},
		{"types", "spec:\n  types: [ingress]", []string{`5: spec.types[0]: is "ingress", want Ingress or Egress`}},
		{"a selector", "spec:\n  selector: {}", []string{`5: spec.selector: is a mapping, want a string`}},
		{"actions", rules + "  - {action: allow}\n  - {}", []string{
			`7: spec.ingress[0].action: is "allow", want Allow, Deny, Log or Pass`,
			`8: spec.ingress[1].action: is "", want Allow, Deny, Log or Pass`,
		}},
		{"a protocol", rules + "  - {action: Allow, protocol: HTTP}\n  - {action: Allow, protocol: 256}\n  - {action: Allow, protocol: 0}\n  - {action: Allow, protocol: 255}", []string{
			`7: spec.ingress[0].protocol: is the string "HTTP", want a protocol`,
			`8: spec.ingress[1].protocol: is the number 256, want a protocol`,
			`9: spec.ingress[2].protocol: is the number 0, want a protocol`,
		}},
		{"ports", rules + "  - action: Allow\n    protocol: TCP\n    destination:\n      ports:\n      - 70000\n      - \"2:1\"\n      - true", []string{
			`11: spec.ingress[0].destination.ports[0]: is the number 70000, want a port, a range of ports or a name`,
			`12: spec.ingress[0].destination.ports[1]: is the string "2:1", want a port, a range of ports or a name`,
			`13: spec.ingress[0].destination.ports[2]: is the boolean true, want a port, a range of ports or a name`,
		}},
		{"nets", rules + "  - {action: Allow, source: {nets: [10.0.0.0/33]}}", []string{`7: spec.ingress[0].source.nets[0]: "10.0.0.0/33" is no CIDR`}},
	})
}
