package netpol

import (
	"fmt"
	"net/netip"
	"testing"
)

// traps is a small cluster: in a, web and db; in b (team: blue), client; in c,
// which is not declared, bare without labels; host is on the host network.
const traps = `
apiVersion: v1
kind: Namespace
metadata: {name: a}
---
apiVersion: v1
kind: Namespace
metadata: {name: b, labels: {team: blue}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: a}
spec:
  template:
    metadata: {labels: {app: web, empty: ""}}
    spec:
      containers:
      - name: c
        ports:
        - {name: http, containerPort: 8080}
        - {name: dns, containerPort: 53, protocol: UDP}
        - {name: dns-tcp, containerPort: 53}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: a}
spec:
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - ports: [{name: http, containerPort: 9090}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: client, namespace: b}
spec:
  template:
    metadata: {labels: {app: client}}
---
apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: c}
---
apiVersion: v1
kind: Pod
metadata: {name: host, namespace: a, labels: {app: web}}
spec: {hostNetwork: true}
`

// trapCluster adds policies of namespace a to the small cluster, each given by
// its spec.
func trapCluster(t *testing.T, specs ...string) *Cluster {
	t.Helper()
	text := traps
	for i, spec := range specs {
		text += fmt.Sprintf("---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"+
			"metadata: {name: p%d, namespace: a}\nspec: %s\n", i, spec)
	}
	return cluster(t, text)
}

func TestAllowed(t *testing.T) {
	const (
		web, db, client, bare, host = "a/web", "a/db", "b/client", "c/bare", "a/host"
		all, nothing                = "all", "nothing"
	)
	type want struct{ from, to, conn string }
	tests := []struct {
		name  string
		specs []string
		want  []want
	}{
		{"no policy", nil, []want{{web, db, all}, {client, web, all}, {"8.8.8.8", web, all}, {web, web, all}}},
		{"an absent podSelector selects all pods", []string{`{policyTypes: [Ingress]}`}, []want{{client, web, nothing}, {web, db, nothing}, {web, client, all}}},
		{"an empty podSelector selects all pods", []string{`{podSelector: {}, policyTypes: [Ingress]}`}, []want{{client, web, nothing}, {web, db, nothing}}},
		{"a policy is about its own namespace only", []string{`{podSelector: {}}`}, []want{{web, client, all}, {web, bare, all}}},
		{"pods on the host network are not selected", []string{`{podSelector: {}, policyTypes: [Ingress, Egress]}`}, []want{{client, host, all}, {host, client, all}, {host, web, nothing}}},
		{"pods on the host network match no selector", []string{`{ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}]}]}`}, []want{{host, db, nothing}, {web, db, all}}},
		{"pods on the host network match a rule without peers", []string{`{ingress: [{}]}`}, []want{{host, db, all}}},

		{"an absent from is everything", []string{`{ingress: [{ports: [{port: 80}]}]}`}, []want{{client, web, "TCP 80"}, {"8.8.8.8", web, "TCP 80"}, {"2001:db8::1", web, "TCP 80"}}},
		{"an empty from is everything", []string{`{ingress: [{from: [], ports: [{port: 80}]}]}`}, []want{{client, web, "TCP 80"}, {"8.8.8.8", web, "TCP 80"}, {"other-pods:*", web, "TCP 80"}}},
		{"a null from is everything", []string{`{ingress: [{from: , ports: [{port: 80}]}]}`}, []want{{client, web, "TCP 80"}}},
		{"empty ports are all ports", []string{`{ingress: [{from: [{namespaceSelector: {}}], ports: []}]}`}, []want{{client, web, all}}},
		{"an empty rule allows everything", []string{`{ingress: [{}], egress: [{}]}`}, []want{{client, web, all}, {web, "8.8.8.8", all}}},
		{"no rule allows nothing", []string{`{ingress: []}`}, []want{{client, web, nothing}}},

		{"a port item without port is all of its protocol", []string{`{ingress: [{ports: [{protocol: UDP}]}]}`}, []want{{client, web, "UDP 1-65535"}}},
		{"a port item without anything is all of TCP", []string{`{ingress: [{ports: [{}]}]}`}, []want{{client, web, "TCP 1-65535"}}},
		{"the protocol is TCP by default", []string{`{ingress: [{ports: [{port: 80}]}]}`}, []want{{client, web, "TCP 80"}}},
		{"endPort", []string{`{ingress: [{ports: [{port: 80, endPort: 90}, {port: 9, endPort: 9, protocol: SCTP}]}]}`}, []want{{client, web, "TCP 80-90; SCTP 9"}}},
		{"a named port is the destination's, per pod", []string{`{ingress: [{ports: [{port: http}]}]}`}, []want{{client, web, "TCP 8080"}, {client, db, "TCP 9090"}}},
		{"a named port needs its protocol", []string{`{ingress: [{ports: [{port: dns}, {port: http, protocol: UDP}]}]}`}, []want{{client, web, nothing}}},
		{"a named port with its protocol", []string{`{ingress: [{ports: [{port: dns, protocol: UDP}]}]}`}, []want{{client, web, "UDP 53"}}},
		{"a named port of egress is the destination's", []string{`{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}`}, []want{{web, db, "TCP 9090"}, {web, client, nothing}, {web, "8.8.8.8", nothing}, {web, "other-pods:a", nothing}}},

		{"policyTypes default to Ingress", []string{`{podSelector: {}, ingress: [{}]}`}, []want{{web, client, all}}},
		{"policyTypes default to Ingress, egress empty", []string{`{podSelector: {}, egress: []}`}, []want{{web, client, all}, {client, web, nothing}}},
		{"policyTypes default to both with an egress rule", []string{`{egress: [{ports: [{port: 80}]}]}`}, []want{{web, client, "TCP 80"}, {client, web, nothing}}},
		{"empty policyTypes are defaulted", []string{`{policyTypes: [], egress: [{ports: [{port: 80}]}]}`}, []want{{web, client, "TCP 80"}, {client, web, nothing}}},
		{"egress alone leaves ingress open", []string{`{policyTypes: [Egress]}`}, []want{{client, web, all}, {web, client, nothing}}},
		{"rules of a direction that is no type are ignored", []string{`{policyTypes: [Egress], ingress: [{ports: [{port: 80}]}]}`}, []want{{client, web, all}, {web, client, nothing}}},
		{"ignored egress rules", []string{`{policyTypes: [Ingress], egress: [{}]}`}, []want{{client, web, nothing}, {web, client, all}}},

		{"a podSelector is about the own namespace", []string{`{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}]}]}`}, []want{{web, db, all}, {client, db, nothing}, {"other-pods:a", db, all}, {"other-pods:b", db, nothing}, {"8.8.8.8", db, nothing}}},
		{"a namespaceSelector alone", []string{`{ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}}]}]}`}, []want{{client, web, all}, {db, web, nothing}, {bare, web, nothing}, {"other-pods:b", web, all}, {"other-pods:*", web, nothing}}},
		{"an empty namespaceSelector is every namespace", []string{`{ingress: [{from: [{namespaceSelector: {}}]}]}`}, []want{{client, web, all}, {bare, web, all}, {db, web, all}, {"other-pods:*", web, all}, {"8.8.8.8", web, nothing}}},
		{"both selectors in one item are AND", []string{`{ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}, podSelector: {matchLabels: {app: client}}}]}]}`}, []want{{client, web, all}, {"other-pods:b", web, nothing}, {db, web, nothing}}},
		{"two items are OR", []string{`{ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}}, {podSelector: {matchLabels: {app: db}}}]}]}`}, []want{{client, web, all}, {db, web, all}, {bare, web, nothing}}},
		{"a null podSelector beside a namespaceSelector is absent", []string{`{ingress: [{from: [{namespaceSelector: {}, podSelector: }]}]}`}, []want{{client, web, all}}},
		{"an undeclared namespace has its name", []string{`{ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: c}}}]}]}`}, []want{{bare, web, all}, {client, web, nothing}, {"other-pods:c", web, all}, {"other-pods:d", web, nothing}}},
		{"a namespace that only a rule names", []string{`{ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: d}}}]}]}`}, []want{{"other-pods:d", web, all}, {"other-pods:*", web, nothing}}},

		{"NotIn matches without the key", []string{`{ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [blue]}]}}]}]}`}, []want{{client, web, nothing}, {bare, web, all}, {"other-pods:*", web, all}}},
		{"DoesNotExist", []string{`{ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}]}`}, []want{{client, web, nothing}, {bare, web, all}}},
		{"Exists", []string{`{ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}}]}]}`}, []want{{client, web, all}, {bare, web, nothing}}},
		{"In", []string{`{ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [red, blue]}]}}]}]}`}, []want{{client, web, all}, {bare, web, nothing}}},
		{"matchLabels with an empty value needs the key", []string{`{podSelector: {matchLabels: {empty: ""}}}`}, []want{{client, web, nothing}, {client, db, all}}},
		{"matchLabels and matchExpressions are AND", []string{`{podSelector: {matchLabels: {app: web}, matchExpressions: [{key: empty, operator: DoesNotExist}]}}`}, []want{{client, web, all}, {client, db, all}}},
		{"an excluding podSelector selects other pods", []string{`{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}`}, []want{{client, "other-pods:a", nothing}, {client, "other-pods:b", all}, {client, web, all}}},

		{"ipBlock with except", []string{`{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]}`}, []want{{"10.2.0.0/16", web, all}, {"10.1.2.3", web, nothing}, {"11.0.0.0", web, nothing}, {"10.0.0.0/8", web, nothing}, {client, web, nothing}, {"2001:db8::1", web, nothing}}},
		{"ipBlock of IPv6", []string{`{ingress: [{from: [{ipBlock: {cidr: "2001:db8::/32", except: ["2001:db8:1::/48"]}}]}]}`}, []want{{"2001:db8::5", web, all}, {"2001:db8:1::5", web, nothing}, {"10.0.0.1", web, nothing}}},
		{"0.0.0.0/0 is no IPv6", []string{`{ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}`}, []want{{"8.8.8.8", web, all}, {"::1", web, nothing}, {"other-pods:*", web, nothing}}},
		{"two halves allow the whole", []string{`{ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/1}}]}]}`, `{ingress: [{from: [{ipBlock: {cidr: 128.0.0.0/1}}], ports: [{port: 80}]}]}`}, []want{{"0.0.0.0/0", web, "TCP 80"}, {"1.0.0.0/8", web, all}}},

		{"policies add up", []string{`{ingress: [{ports: [{port: 80}]}]}`, `{ingress: [{ports: [{port: 81}]}]}`}, []want{{client, web, "TCP 80-81"}}},
		{"both sides must allow", []string{`{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: 80, endPort: 90}]}]}`, `{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 85, endPort: 99}]}]}`}, []want{{web, db, "TCP 85-90"}, {client, db, "TCP 85-99"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := trapCluster(t, test.specs...)
			for _, w := range test.want {
				from, to := peerOf(t, c, w.from), peerOf(t, c, w.to)
				if got := c.Allowed(from, to).String(); got != w.conn {
					t.Errorf("%s -> %s: got %s, want %s", from, to, got, w.conn)
				}
				if got, _ := c.Explain(from, to); got.String() != w.conn {
					t.Errorf("%s -> %s: Explain says %s, want %s", from, to, got, w.conn)
				}
			}
		})
	}
}

// peerOf reads "namespace/name", an address, a CIDR or "other-pods:…".
func peerOf(t *testing.T, c *Cluster, s string) Peer {
	t.Helper()
	const other = "other-pods:"
	if s == other+"*" {
		return Elsewhere()
	}
	if len(s) > len(other) && s[:len(other)] == other {
		return OtherPods(s[len(other):])
	}
	if block, err := netip.ParsePrefix(s); err == nil {
		return Addresses(block)
	}
	if address, err := netip.ParseAddr(s); err == nil {
		return Addresses(netip.PrefixFrom(address, address.BitLen()))
	}
	for _, w := range c.Workloads {
		if w.Namespace+"/"+w.Name == s {
			return PodsOf(w)
		}
	}
	t.Fatalf("no peer %q", s)
	return Peer{}
}

func TestBlockContains(t *testing.T) {
	b := &Block{CIDR: netip.MustParsePrefix("10.0.0.0/8"), Except: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	for prefix, want := range map[string]bool{
		"10.0.0.0/16": true, "10.2.0.0/15": true, "10.1.2.0/24": false, "10.1.0.0/16": false, "11.0.0.0/16": false,
		"10.0.0.0/15": false, "10.0.0.0/8": false, "0.0.0.0/0": false, // parts are excepted or outside
	} {
		if got := b.Contains(netip.MustParsePrefix(prefix)); got != want {
			t.Errorf("%s: got %t, want %t", prefix, got, want)
		}
	}
}
