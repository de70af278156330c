package apiserver

import (
	"slices"
	"strings"
	"testing"
)

// TestTable holds both sides to expectations that were written by hand.
func TestTable(t *testing.T) {
	long := strings.Repeat("a", 64)
	tests := []struct {
		name, policy string   // without apiVersion and kind
		want         []string // the fields that are rejected, sorted; "?" for a policy that cannot be decoded
	}{
		{"nothing but a name", `{metadata: {name: p}}`, nil},
		{"deny everything", `{metadata: {name: p}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}`, nil},
		{"allow everything", `{metadata: {name: p}, spec: {podSelector: {}, ingress: [{}], egress: [{}]}}`, nil},
		{"a rule that is null", spec(`ingress: [~]`), nil},
		{"spec is a list", `{metadata: {name: p}, spec: []}`, []string{"?"}},
		{"ingress is a mapping", spec(`ingress: {from: []}`), []string{"?"}},

		{"no name", `{spec: {podSelector: {}}}`, []string{"metadata.name"}},
		{"a name to be completed", `{metadata: {generateName: p-}}`, nil},
		{"a name to be completed after two hyphens", `{metadata: {generateName: p--}}`, nil},
		{"a name to be completed that cannot be", `{metadata: {generateName: P_}}`, []string{"metadata.generateName"}},
		{"a name with a slash", `{metadata: {name: a/b}}`, []string{"metadata.name"}},
		{"a name in capitals", `{metadata: {name: Deny}}`, []string{"metadata.name"}},
		{"a name with points", `{metadata: {name: deny.all}}`, nil},
		{"a long name", `{metadata: {name: ` + long + long + `}}`, nil},
		{"a name that is too long", `{metadata: {name: ` + long + long + long + long + `}}`, []string{"metadata.name"}},
		{"a name that is a number", `{metadata: {name: 5}}`, []string{"?"}},
		{"a namespace with points", `{metadata: {name: p, namespace: a.b}}`, []string{"metadata.namespace"}},
		{"labels", `{metadata: {name: p, labels: {app.kubernetes.io/name: x, empty: ""}}}`, nil},
		{"a label that is a number", `{metadata: {name: p, labels: {a: 5}}}`, []string{"?"}},
		{"a label with a blank", `{metadata: {name: p, labels: {a: "x y"}}}`, []string{"metadata.labels"}},
		{"annotations of any case", `{metadata: {name: p, annotations: {Acme.io/Why: "anything at all"}}}`, nil},
		{"an annotation that is a boolean", `{metadata: {name: p, annotations: {a: true}}}`, []string{"?"}},
		{"an annotation without a key", `{metadata: {name: p, annotations: {"": x}}}`, []string{"metadata.annotations"}},
		{"annotations that are too long", `{metadata: {name: p, annotations: {a: "` + strings.Repeat("x", 256<<10) + `"}}}`, []string{"metadata.annotations"}},

		{"a selector", spec(`podSelector: {matchLabels: {app: x}, matchExpressions: [{key: a, operator: NotIn, values: [b]}]}`), nil},
		{"In without values", spec(`podSelector: {matchExpressions: [{key: a, operator: In}]}`), []string{"spec.podSelector.matchExpressions[0].values"}},
		{"NotIn with empty values", spec(`podSelector: {matchExpressions: [{key: a, operator: NotIn, values: []}]}`), []string{"spec.podSelector.matchExpressions[0].values"}},
		{"Exists with values", spec(`podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}`), []string{"spec.podSelector.matchExpressions[0].values"}},
		{"an unknown operator", spec(`podSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}`), []string{"spec.podSelector.matchExpressions[0].operator"}},
		{"a null expression", spec(`podSelector: {matchExpressions: [~]}`), []string{"spec.podSelector.matchExpressions[0].key", "spec.podSelector.matchExpressions[0].operator"}},
		{"a value with a slash", spec(`podSelector: {matchExpressions: [{key: a, operator: In, values: [b, c/d]}]}`), []string{"spec.podSelector.matchExpressions[0].values[1]"}},
		{"a label key with a blank", spec(`podSelector: {matchLabels: {"a b": x}}`), []string{"spec.podSelector.matchLabels"}},
		{"a label key with two slashes", spec(`podSelector: {matchLabels: {a/b/c: x}}`), []string{"spec.podSelector.matchLabels"}},
		{"a label key that is too long", spec(`podSelector: {matchLabels: {` + long + `: x}}`), []string{"spec.podSelector.matchLabels"}},
		{"a label value that is too long", spec(`podSelector: {matchLabels: {a: ` + long + `}}`), []string{"spec.podSelector.matchLabels"}},
		{"a label value that ends in a point", spec(`podSelector: {matchLabels: {a: b.}}`), []string{"spec.podSelector.matchLabels"}},
		{"a selector of numbers", spec(`podSelector: {matchLabels: {a: 1}}`), []string{"?"}},

		{"ports", port(`{port: 80}, {port: http, protocol: UDP}, {port: 1, endPort: 65535, protocol: SCTP}, {}, {protocol: UDP}, ~`), nil},
		{"a port that is written as a float", port(`{port: 80.0}`), nil},
		{"endPort at port", port(`{port: 80, endPort: 80}`), nil},
		{"endPort below port", port(`{port: 80, endPort: 79}`), []string{"spec.ingress[0].ports[0].endPort"}},
		{"endPort with a named port", port(`{port: http, endPort: 79}`), []string{"spec.ingress[0].ports[0].endPort"}},
		{"endPort with a bad name", port(`{port: "", endPort: 79}`), []string{"spec.ingress[0].ports[0].endPort", "spec.ingress[0].ports[0].port"}},
		{"endPort without a port", port(`{endPort: 79}`), []string{"spec.ingress[0].ports[0].endPort"}},
		{"endPort out of range", port(`{port: 80, endPort: 65536}`), []string{"spec.ingress[0].ports[0].endPort"}},
		{"endPort below a port out of range", port(`{port: 70000, endPort: 80}`), []string{"spec.ingress[0].ports[0].endPort", "spec.ingress[0].ports[0].port"}},
		{"endPort that is a name", port(`{port: 80, endPort: http}`), []string{"?"}},
		{"port 0", port(`{port: 0}`), []string{"spec.ingress[0].ports[0].port"}},
		{"port 65536", port(`{port: 80}, {port: 65536}`), []string{"spec.ingress[0].ports[1].port"}},
		{"a port beyond 32 bits", port(`{port: 4294967376}`), []string{"?"}},
		{"a port in quotes", port(`{port: "80"}`), []string{"spec.ingress[0].ports[0].port"}},
		{"a port with a fraction", port(`{port: 80.5}`), []string{"?"}},
		{"a port name that is too long", port(`{port: a-very-long-name}`), []string{"spec.ingress[0].ports[0].port"}},
		{"a port name in capitals", port(`{port: HTTP}`), []string{"spec.ingress[0].ports[0].port"}},
		{"a port name with two hyphens", port(`{port: a--b}`), []string{"spec.ingress[0].ports[0].port"}},
		{"a protocol in lower case", port(`{port: 80, protocol: tcp}`), []string{"spec.ingress[0].ports[0].protocol"}},
		{"an empty protocol", port(`{port: 80, protocol: ""}`), []string{"spec.ingress[0].ports[0].protocol"}},
		{"a protocol and a port that are wrong", port(`{port: 0, protocol: ICMP}`), []string{"spec.ingress[0].ports[0].port", "spec.ingress[0].ports[0].protocol"}},

		{"peers", from(`{podSelector: {}}, {namespaceSelector: {}}, {podSelector: {}, namespaceSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}`), nil},
		{"an empty peer", from(`{podSelector: {}}, {}`), []string{"spec.ingress[0].from[1]"}},
		{"a null peer", from(`~`), []string{"spec.ingress[0].from[0]"}},
		{"a peer of a null selector", from(`{podSelector: ~}`), []string{"spec.ingress[0].from[0]"}},
		{"a block beside a selector", from(`{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}`), []string{"spec.ingress[0].from[0]"}},
		{
			"a block beside a selector, both wrong", from(`{ipBlock: {cidr: x}, podSelector: {matchLabels: {a: "?"}}}`),
			[]string{"spec.ingress[0].from[0]", "spec.ingress[0].from[0].ipBlock.cidr", "spec.ingress[0].from[0].podSelector.matchLabels"},
		},
		{"a block without cidr", from(`{ipBlock: {except: [x]}}`), []string{"spec.ingress[0].from[0].ipBlock.cidr"}},
		{"an address without a length", from(`{ipBlock: {cidr: 10.0.0.1}}`), []string{"spec.ingress[0].from[0].ipBlock.cidr"}},
		{"a host name", from(`{ipBlock: {cidr: acme.io/32}}`), []string{"spec.ingress[0].from[0].ipBlock.cidr"}},
		{"host bits", from(`{ipBlock: {cidr: 10.0.0.1/8}}`), []string{"spec.ingress[0].from[0].ipBlock.cidr"}},
		{"leading zeros", from(`{ipBlock: {cidr: 010.0.0.0/8}}`), []string{"spec.ingress[0].from[0].ipBlock.cidr"}},
		{"a length with a leading zero", from(`{ipBlock: {cidr: 10.0.0.0/08}}`), []string{"spec.ingress[0].from[0].ipBlock.cidr"}},
		{"a length of 33", from(`{ipBlock: {cidr: 10.0.0.0/33}}`), []string{"spec.ingress[0].from[0].ipBlock.cidr"}},
		{"IPv4 as IPv6", from(`{ipBlock: {cidr: "::ffff:10.0.0.0/104"}}`), []string{"spec.ingress[0].from[0].ipBlock.cidr"}},
		{"IPv6 in capitals", from(`{ipBlock: {cidr: "2001:DB8::/32"}}`), nil},
		{"IPv6 in full", from(`{ipBlock: {cidr: "2001:0db8:0:0::/64", except: ["2001:db8::/65"]}}`), nil},
		{"IPv6 with host bits", from(`{ipBlock: {cidr: "2001:db8::1/64"}}`), []string{"spec.ingress[0].from[0].ipBlock.cidr"}},
		{"a zone", from(`{ipBlock: {cidr: "fe80::%eth0/64"}}`), []string{"spec.ingress[0].from[0].ipBlock.cidr"}},
		{"an exception outside", except(`11.0.0.0/16`), []string{"spec.ingress[0].from[0].ipBlock.except[0]"}},
		{"an exception that is all", except(`10.0.0.0/8`), []string{"spec.ingress[0].from[0].ipBlock.except[0]"}},
		{"an exception that is more", except(`0.0.0.0/0`), []string{"spec.ingress[0].from[0].ipBlock.except[0]"}},
		{"an exception of the other family", except(`"2001:db8::/32"`), []string{"spec.ingress[0].from[0].ipBlock.except[0]"}},
		{"an exception of IPv4 as IPv6", except(`"::ffff:10.1.0.0/112"`), []string{"spec.ingress[0].from[0].ipBlock.except[0]"}},
		{"two exceptions that are wrong", except(`10.1.0.0/16, 10.2.0.1/16, x`), []string{"spec.ingress[0].from[0].ipBlock.except[1]", "spec.ingress[0].from[0].ipBlock.except[2]"}},
		{"exceptions that are equal", except(`10.1.0.0/16, 10.1.0.0/16`), nil},
		{"exceptions that are no list", from(`{ipBlock: {cidr: 10.0.0.0/8, except: 10.1.0.0/16}}`), []string{"?"}},

		{"policyTypes twice the same", spec(`policyTypes: [Egress, Egress]`), nil},
		{"policyTypes in lower case", spec(`policyTypes: [Ingress, egress]`), []string{"spec.policyTypes[1]"}},
		{"a null policyType", spec(`policyTypes: [~]`), []string{"spec.policyTypes[0]"}},
		{"three policyTypes", spec(`policyTypes: [Ingress, Egress, egress]`), []string{"spec.policyTypes"}},
		{"rules of a direction that is no type", spec(`policyTypes: [Ingress], egress: [{ports: [{port: 0}]}]`), []string{"spec.egress[0].ports[0].port"}},
		{"peers of egress", spec(`egress: [{to: [{}, {namespaceSelector: {matchLabels: {a: "?"}}}]}]`), []string{"spec.egress[0].to[0]", "spec.egress[0].to[1].namespaceSelector.matchLabels"}},
		{"a field that nobody knows", spec(`ingress: [{form: []}]`), nil},
		{"from in an egress rule", spec(`egress: [{from: [{}]}]`), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := []byte("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, " + strings.TrimPrefix(test.policy, "{"))
			got := theirs(t, text)
			if got.undecodable != "" {
				got.rejected = []string{"?"}
			}
			if !slices.Equal(got.rejected, test.want) {
				t.Errorf("the API server rejects %v (%s), want %v", got.rejected, got.undecodable, test.want)
			}
			if difference := disagreement(theirs(t, text), ours(t, text)); difference != "" {
				t.Error(difference)
			}
		})
	}
}

func spec(fields string) string { return "{metadata: {name: p}, spec: {" + fields + "}}" }
func port(items string) string  { return spec("ingress: [{ports: [" + items + "]}]") }
func from(items string) string  { return spec("ingress: [{from: [" + items + "]}]") }
func except(blocks string) string {
	return from("{ipBlock: {cidr: 10.0.0.0/8, except: [" + blocks + "]}}")
}
