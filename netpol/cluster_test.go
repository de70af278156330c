package netpol

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
)

func TestGaps(t *testing.T) {
	everyone := []string{"a/host", "a/db", "b/client", "c/bare"}
	tests := []struct {
		name string
		spec string   // of a NetworkPolicy, from line 4 on
		want []string // "LINE: reason", with "note: " before the line for a note
		from []string // of those of traps, who reaches a/web
	}{
		{"valid", "spec:\n  podSelector: {}\n  ingress: [{from: [{podSelector: {}}]}]", nil, []string{"a/db"}},
		{"endPort below port", "spec:\n  ingress:\n  - ports:\n    - port: 80\n      endPort: 79\n  - from: [{podSelector: {}}]", []string{`8: spec.ingress[0].ports[0].endPort: 79 is below port 80`}, []string{"a/db"}},
		{"endPort without port", "spec:\n  ingress:\n  - ports:\n    - endPort: 79", []string{`7: spec.ingress[0].ports[0].endPort: needs a port number beside it`}, nil},
		{"endPort with a name", "spec:\n  ingress:\n  - ports: [{port: http, endPort: 79}]", []string{`6: spec.ingress[0].ports[0].endPort: needs a port number beside it`}, nil},
		{"port out of range", "spec:\n  ingress:\n  - ports: [{port: 0}, {port: 65536}]", []string{
			`6: spec.ingress[0].ports[0].port: is 0, want a port from 1 to 65535`,
			`6: spec.ingress[0].ports[1].port: is 65536, want a port from 1 to 65535`,
		}, nil},
		{"port in quotes", "spec:\n  ingress:\n  - ports: [{port: \"80\"}]", []string{`6: spec.ingress[0].ports[0].port: "80" is no port name: must contain at least one letter (a-z)`}, nil},
		{"port name too long", "spec:\n  ingress:\n  - ports: [{port: a-very-long-name}]\n  - from: [{podSelector: {}}]", []string{`6: spec.ingress[0].ports[0].port: "a-very-long-name" is no port name: must be no more than 15 characters`}, []string{"a/db"}},
		{"protocol", "spec:\n  ingress:\n  - ports: [{port: 80, protocol: tcp}, {protocol: UDP}]", []string{`6: spec.ingress[0].ports[0].protocol: is "tcp", want TCP, UDP or SCTP`}, everyone},
		{"the rest still counts", "spec:\n  ingress:\n  - from: [{}, {podSelector: {}}]", []string{`6: spec.ingress[0].from[0]: holds no podSelector, namespaceSelector or ipBlock`}, []string{"a/db"}},
		{"null peer", "spec:\n  ingress:\n  - from: [~]", []string{`6: spec.ingress[0].from[0]: holds no podSelector, namespaceSelector or ipBlock`}, nil},
		{"from is no list", "spec:\n  ingress:\n  - from: {podSelector: {}}", []string{`6: spec.ingress[0].from: is a mapping, want a list`}, nil},
		{"ports is no list", "spec:\n  ingress:\n  - ports: 80", []string{`6: spec.ingress[0].ports: is the number 80, want a list`}, nil},
		{"ingress is no list", "spec:\n  ingress: {}", []string{`5: spec.ingress: is a mapping, want a list`}, nil},
		{"spec is no mapping", "spec: []", []string{`4: spec: is a list, want a mapping`}, everyone},
		{"block beside a selector", "spec:\n  ingress:\n  - from:\n    - ipBlock: {cidr: 10.0.0.0/8}\n      podSelector: {}", []string{`7: spec.ingress[0].from[0]: holds ipBlock beside a selector, want one or the other`}, nil},
		{"cidr", "spec:\n  ingress:\n  - from:\n    - ipBlock: {cidr: 10.0.0.0/33}\n    - ipBlock: {except: []}", []string{
			`7: spec.ingress[0].from[0].ipBlock.cidr: "10.0.0.0/33" is no CIDR`,
			`8: spec.ingress[0].from[1].ipBlock.cidr: "" is no CIDR`,
		}, nil},
		{"host bits", "spec:\n  ingress:\n  - from:\n    - podSelector: {}\n    - ipBlock: {cidr: 10.1.2.3/8, except: [10.1.2.3/16]}", []string{
			`8: spec.ingress[0].from[1].ipBlock.cidr: 10.1.2.3/8 has host bits, read as 10.0.0.0/8`,
			`8: spec.ingress[0].from[1].ipBlock.except[0]: 10.1.2.3/16 has host bits, read as 10.1.0.0/16`,
		}, []string{"a/db"}},
		{"leading zeros", "spec:\n  ingress:\n  - from:\n    - ipBlock: {cidr: 010.0.0.0/08}", []string{`7: spec.ingress[0].from[0].ipBlock.cidr: 010.0.0.0/08 has leading zeros, read as 10.0.0.0/8`}, nil},
		{"IPv4 in IPv6", "spec:\n  ingress:\n  - from:\n    - ipBlock: {cidr: \"::ffff:a00:0/104\"}", []string{`7: spec.ingress[0].from[0].ipBlock.cidr: ::ffff:a00:0/104 is of IPv4 but written as IPv6, read as 10.0.0.0/8`}, nil},
		{"IPv6 in another form", "spec:\n  ingress:\n  - from:\n    - ipBlock: {cidr: \"2001:DB8:0::/48\"}", nil, nil},
		{"except outside cidr", "spec:\n  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.0.0.0/8\n        except:\n        - 11.0.0.0/16\n        - 10.0.0.0/8\n  - from: [{podSelector: {}}]", []string{
			`10: spec.ingress[0].from[0].ipBlock.except[0]: 11.0.0.0/16 is no part of 10.0.0.0/8`,
			`11: spec.ingress[0].from[0].ipBlock.except[1]: 10.0.0.0/8 is no part of 10.0.0.0/8`,
		}, []string{"a/db"}},
		{"operator", "spec:\n  podSelector:\n    matchExpressions:\n    - {key: app, operator: Equals, values: [web]}", []string{`7: spec.podSelector.matchExpressions[0].operator: is "Equals", want In, NotIn, Exists or DoesNotExist`}, everyone},
		{"operator of a peer", "spec:\n  ingress:\n  - from:\n    - podSelector:\n        matchExpressions: [{key: app, operator: NotEquals, values: [web]}]\n    - podSelector: {}", []string{`8: spec.ingress[0].from[0].podSelector.matchExpressions[0].operator: is "NotEquals", want In, NotIn, Exists or DoesNotExist`}, []string{"a/db"}},
		{"values", "spec:\n  ingress:\n  - from:\n    - podSelector:\n        matchExpressions:\n        - {key: app, operator: NotIn}\n        - {key: app, operator: Exists, values: [x]}", []string{
			`9: spec.ingress[0].from[0].podSelector.matchExpressions[0].values: NotIn needs at least one value`,
			`10: spec.ingress[0].from[0].podSelector.matchExpressions[1].values: Exists takes no values`,
		}, nil},
		{"label that is no string", "spec:\n  podSelector:\n    matchLabels:\n      app: yes", []string{`7: spec.podSelector.matchLabels.app: is the boolean true, want a string`}, everyone},
		{"label key", "spec:\n  podSelector:\n    matchLabels:\n      a b: x", []string{`7: spec.podSelector.matchLabels.a b: "a b" is no label key`}, everyone},
		{"policy type", "spec:\n  policyTypes: [ingress, Egress]", []string{`5: spec.policyTypes[0]: is "ingress", want Ingress or Egress`}, []string{"a/host", "b/client", "c/bare"}},
		{"policy types thrice", "spec:\n  policyTypes: [Ingress, Ingress, Ingress]", []string{`5: spec.policyTypes: has 3 items, want at most 2`}, nil},
		{"unknown field", "spec:\n  ingress:\n  - form: [{podSelector: {}}]", []string{`note: 6: spec.ingress[0].form: unknown field, ignored`}, everyone},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			policy, gaps := manifest.Parse("p.yaml", []byte("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\n"+test.spec+"\n"))
			if len(gaps) > 0 {
				t.Fatal(gaps)
			}
			c, gaps := New(append(parse(t, traps), policy...), Options{})
			if diff := cmp.Diff(test.want, gapLines(t, "NetworkPolicy", gaps)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
			var from []string
			for _, w := range c.Workloads {
				if w.Name != "web" && !c.Allowed(PodsOf(w), pods(t, c, "a", "web")).IsEmpty() {
					from = append(from, w.Namespace+"/"+w.Name)
				}
			}
			if diff := cmp.Diff(test.from, from); diff != "" {
				t.Errorf("who reaches a/web (-want +got):\n%s", diff)
			}
		})
	}
}

// gapLines writes gaps of a policy p as TestGaps expects them.
func gapLines(t *testing.T, kind string, gaps []manifest.Gap) []string {
	t.Helper()
	var got []string
	for _, gap := range gaps {
		reason, ok := strings.CutPrefix(gap.Reason, kind+` "p": `)
		if !ok || gap.Code != manifest.InvalidPolicy || gap.File != "p.yaml" {
			t.Errorf("unexpected gap %+v", gap)
		}
		line := fmt.Sprintf("%d: %s", gap.Line, reason)
		if gap.Note {
			line = "note: " + line
		}
		got = append(got, line)
	}
	return got
}

// Objects that are wrong in every way must not stop the others.
func TestWrongTypesNeverPanic(t *testing.T) {
	values := []string{"[]", "{}", "text", "7", "1.5", "true", "[[]]", "[text]", "[7]", "[{}]", "[~]", "{a: {}}", "{a: []}"}
	templates := []string{
		"kind: Deployment\napiVersion: apps/v1\nspec: %s", "kind: Deployment\napiVersion: apps/v1\nspec: {template: %s}",
		"kind: Pod\napiVersion: v1\nmetadata: {labels: %s}", "kind: Pod\napiVersion: v1\nspec: {containers: %s, initContainers: %[1]s, hostNetwork: %[1]s}",
		"kind: Pod\napiVersion: v1\nspec: {containers: [{ports: %s}]}", "kind: Pod\napiVersion: v1\nmetadata: {generateName: %s}",
		"kind: Pod\napiVersion: v1\nspec: {containers: [{ports: [{name: %s, containerPort: %[1]s, protocol: %[1]s}]}]}",
		"kind: Namespace\napiVersion: v1\nmetadata: {name: n, labels: %s}",
		"kind: Service\napiVersion: v1\nspec: %s", "kind: Service\napiVersion: v1\nspec: {ports: %s, selector: %[1]s, type: %[1]s, clusterIP: %[1]s}",
		"kind: Service\napiVersion: v1\nspec: {ports: [{port: 80, targetPort: %s, protocol: %[1]s}]}",
		"kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nspec: %s",
		"kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nspec: {podSelector: %s, ingress: %[1]s, egress: %[1]s, policyTypes: %[1]s}",
		"kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nspec: {ingress: [{from: %s, ports: %[1]s}]}",
		"kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nspec: {ingress: [{ports: [{port: %s, endPort: %[1]s, protocol: %[1]s}]}]}",
		"kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nspec: {egress: [{to: [{podSelector: %s}, {namespaceSelector: %[1]s}, {ipBlock: %[1]s}, {ipBlock: {cidr: %[1]s, except: %[1]s}}]}]}",
		"kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nspec: {podSelector: {matchLabels: %s, matchExpressions: %[1]s}}",
		"kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nspec: {podSelector: {matchExpressions: [{key: %s, operator: %[1]s, values: %[1]s}]}}",
	}
	cilium := "{kind: CiliumNetworkPolicy, apiVersion: cilium.io/v2, metadata: {name: p, namespace: a}, spec: {endpointSelector: {}, "
	calico := "{kind: GlobalNetworkPolicy, apiVersion: projectcalico.org/v3, metadata: {name: p}, spec: {selector: all(), "
	tiers := "{kind: ClusterNetworkPolicy, apiVersion: policy.networking.k8s.io/v1alpha2, metadata: {name: p}, spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, "
	templates = append(
		templates,
		"kind: CiliumNetworkPolicy\napiVersion: cilium.io/v2\nspec: %s\nspecs: %[1]s", "{kind: CiliumNetworkPolicy, apiVersion: cilium.io/v2, specs: [{endpointSelector: %s, nodeSelector: %[1]s}]}",
		cilium+"ingress: %s, egress: %[1]s, ingressDeny: %[1]s, enableDefaultDeny: %[1]s}}", cilium+"ingress: [{fromEndpoints: %s, toPorts: %[1]s, icmps: %[1]s}]}}",
		cilium+"ingress: [{fromCIDR: %s}, {fromCIDRSet: %[1]s}, {fromEntities: %[1]s}, {fromCIDRSet: [{cidr: %[1]s, except: %[1]s}]}]}}",
		cilium+"egress: [{toEndpoints: [{matchLabels: %s, matchExpressions: %[1]s}], toPorts: [{ports: %[1]s}, {ports: [{port: %[1]s, protocol: %[1]s, endPort: %[1]s}]}]}]}}",
		"kind: NetworkPolicy\napiVersion: projectcalico.org/v3\nspec: %s", calico+"types: %s, tier: %[1]s, ingress: %[1]s, egress: %[1]s, serviceAccountSelector: %[1]s, namespaceSelector: %[1]s}}",
		calico+"ingress: [{action: %s, source: %[1]s}, {action: Allow, source: %[1]s, destination: %[1]s, protocol: %[1]s}]}}",
		calico+"egress: [{action: Allow, protocol: TCP, destination: {nets: %s, selector: %[1]s, namespaceSelector: %[1]s, ports: %[1]s}}]}}",
		"kind: AdminNetworkPolicy\napiVersion: policy.networking.k8s.io/v1alpha1\nspec: {priority: %s, subject: %[1]s}", tiers+"ingress: %s, egress: %[1]s}}",
		tiers+"egress: [{action: %s, to: %[1]s, protocols: %[1]s}, {action: Deny, to: [{networks: %[1]s}, {nodes: %[1]s}, {pods: %[1]s}, {namespaces: %[1]s}], protocols: [{tcp: %[1]s}, {destinationNamedPort: %[1]s}]}]}}",
		"kind: Ingress\napiVersion: networking.k8s.io/v1\nspec: {defaultBackend: %s, rules: %[1]s}", "kind: Ingress\napiVersion: networking.k8s.io/v1\nspec: {rules: [{http: {paths: [{backend: {service: %s, serviceName: %[1]s}}]}}]}",
		"kind: HTTPRoute\napiVersion: gateway.networking.k8s.io/v1\nspec: {parentRefs: [%s], rules: [{filters: %[1]s, backendRefs: %[1]s}, {backendRefs: [{name: %[1]s, port: %[1]s, namespace: %[1]s}]}]}",
		"kind: ReferenceGrant\napiVersion: gateway.networking.k8s.io/v1\nspec: {from: %s, to: %[1]s}", "kind: Route\napiVersion: route.openshift.io/v1\nspec: {to: %s, port: {targetPort: %[1]s}, alternateBackends: %[1]s}",
	)
	for _, template := range templates {
		for _, value := range values {
			text := fmt.Sprintf(template, value)
			c, gaps := New(append(parse(t, traps), parse(t, text)...), Options{})
			for _, from := range c.Peers() {
				for _, to := range c.Peers() {
					c.Explain(from, to)
				}
			}
			c.Entries()
			for _, gap := range gaps {
				if gap.Line == 0 || gap.Reason == "" {
					t.Errorf("%s: gap without line or reason: %+v", text, gap)
				}
			}
		}
	}
}

func TestPeers(t *testing.T) {
	c := trapCluster(t,
		`{ingress: [{from: [{ipBlock: {cidr: 128.0.0.0/1, except: [192.0.0.0/2]}}, {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}]}`,
		`{ingress: [{from: [{ipBlock: {cidr: "8000::/1"}}]}], egress: [{to: [{ipBlock: {cidr: 1.2.3.4/32}}]}], policyTypes: [Ingress]}`)
	var got []string
	for _, p := range c.Peers() {
		got = append(got, p.String())
	}
	want := []string{
		"a/Pod/host", "a/Deployment/db", "a/Deployment/web", "b/Deployment/client", "c/Pod/bare",
		"other-pods:a", "other-pods:b", "other-pods:c", "other-pods:monitoring", "other-pods:*",
		"0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/2", "::/1", "8000::/1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("peers (-want +got):\n%s", diff)
	}
	split := c.Split(Addresses(netip.MustParsePrefix("128.0.0.0/1")))
	if want := c.Peers()[11:13]; !slices.Equal(split, want) {
		t.Errorf("split: got %v, want %v", split, want)
	}
}

func TestExplain(t *testing.T) {
	c := trapCluster(t,
		`{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}, {from: [{namespaceSelector: {matchLabels: {team: blue}}}], ports: [{port: 80}]}]}`,
		`{podSelector: {}}`)
	var got []string
	_, reasons := c.Explain(pods(t, c, "b", "client"), pods(t, c, "a", "web"))
	for _, r := range reasons {
		got = append(got, fmt.Sprintf("%s rule %d of %s at line %d: denies %t: %s", r.Direction, r.Rule, r.Policy.Name, r.Line, r.Denies, r.Conn))
	}
	line := strings.Count(traps, "\n")
	want := []string{
		fmt.Sprintf("Ingress rule 1 of p0 at line %d: denies false: TCP 80", line+5),
		fmt.Sprintf("Ingress rule -1 of p0 at line %d: denies true: TCP 1-79,81-65535; UDP 1-65535; SCTP 1-65535", line+2),
		fmt.Sprintf("Ingress rule -1 of p1 at line %d: denies true: TCP 1-79,81-65535; UDP 1-65535; SCTP 1-65535", line+7),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func TestRuleQuestions(t *testing.T) {
	c := trapCluster(t, `{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}, {namespaceSelector: {matchLabels: {team: blue}}}, {ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: http}]}]}`)
	p := c.Policies[0]
	rule := p.Rules(Ingress)[0]
	names := func(workloads []*Workload) (s []string) {
		for _, w := range workloads {
			s = append(s, w.Namespace+"/"+w.Name)
		}
		return s
	}
	if diff := cmp.Diff([]string{"a/db"}, names(p.Selected)); diff != "" {
		t.Errorf("selected: %s", diff)
	}
	want := [][]string{{"a/db", "a/web"}, {"a/db", "a/web", "b/client", "c/bare"}, {"b/client"}, nil}
	elsewhere := []bool{false, true, false, false}
	for i, item := range rule.Peers {
		if diff := cmp.Diff(want[i], names(c.PeerWorkloads(item))); diff != "" {
			t.Errorf("workloads of from[%d]: %s", i, diff)
		}
		if got := c.PeerMatches(item, Elsewhere()); got != elsewhere[i] {
			t.Errorf("from[%d] matches a pod elsewhere: %t", i, got)
		}
		if item.NamespaceSelector != nil && item.NamespaceSelector.MatchesUnknownNamespace() != elsewhere[i] {
			t.Errorf("from[%d] matches an unknown namespace: %t", i, !elsewhere[i])
		}
	}
	if got := c.RuleAllows(rule, pods(t, c, "a", "web"), pods(t, c, "a", "db")).String(); got != "TCP 9090" {
		t.Errorf("the rule allows %s", got)
	}
	if !c.Isolated(p.Selected[0], Ingress) || c.Isolated(p.Selected[0], Egress) {
		t.Error("isolation of a/db is wrong")
	}
}
