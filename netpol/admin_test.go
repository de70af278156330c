package netpol

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// admin writes a policy of the admin tier about the pods of namespace a.
func admin(name string, priority int, rules string) string {
	return fmt.Sprintf("---\n{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: %s}, "+
		"spec: {tier: Admin, priority: %d, subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: a}}}, %s}}\n", name, priority, rules)
}

func TestTiers(t *testing.T) {
	const (
		everyone = `from: [{namespaces: {}}]`
		web      = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: a}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80}, {port: 81}]}]}}`
		baseline = `{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: base}, spec: {tier: Baseline, priority: 0, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}}`
	)
	tests := []struct {
		name, policies         string
		clientToWeb, clientToB string // from b/client to a/web and to itself
	}{
		{"nothing matches", admin("p", 1, `ingress: [{action: Deny, from: [{namespaces: {matchLabels: {x: z}}}]}]`), "all", "all"},
		{"deny is final", admin("p", 1, `ingress: [{action: Deny, `+everyone+`, protocols: [{tcp: {destinationPort: {number: 80}}}]}]`) + "---\n" + web, "TCP 81", "all"},
		{"accept is final", admin("p", 1, `ingress: [{action: Accept, `+everyone+`, protocols: [{udp: {destinationPort: {range: {start: 5, end: 6}}}}]}]`) + "---\n" + web, "TCP 80-81; UDP 5-6", "all"},
		{"pass skips the tier", admin("p", 1, `ingress: [{action: Pass, `+everyone+`, protocols: [{tcp: {destinationPort: {number: 80}}}]}, {action: Deny, `+everyone+`}]`) + "---\n" + web, "TCP 80", "all"},
		{"lower priorities come first", admin("q", 1, `ingress: [{action: Deny, `+everyone+`}]`) + admin("p", 2, `ingress: [{action: Accept, `+everyone+`}]`), "nothing", "all"},
		{"names decide ties", admin("q", 1, `ingress: [{action: Deny, `+everyone+`}]`) + admin("p", 1, `ingress: [{action: Accept, `+everyone+`}]`), "all", "all"},
		{"the baseline is for what nothing isolates", "---\n" + baseline, "nothing", "nothing"},
		{"the baseline is overridden", "---\n" + baseline + "\n---\n" + web, "TCP 80-81", "nothing"},
		{"pass in the admin tier leads to the baseline", admin("p", 1, `ingress: [{action: Pass, `+everyone+`}]`) + "---\n" + baseline, "nothing", "nothing"},
		{"a name stands for the port of any protocol", admin("p", 1, `ingress: [{action: Deny, `+everyone+`}]`) + admin("o", 0, `ingress: [{action: Accept, `+everyone+`, protocols: [{destinationNamedPort: dns}, {destinationNamedPort: http}]}]`), "TCP 8080; UDP 53", "all"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := cluster(t, traps+test.policies)
			client := pods(t, c, "b", "client")
			got := []string{c.Allowed(client, pods(t, c, "a", "web")).String(), c.Allowed(client, client).String()}
			if diff := cmp.Diff([]string{test.clientToWeb, test.clientToB}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A rule that the API server rejects fails closed.
func TestAdminGaps(t *testing.T) {
	tests := []struct {
		name, rules string
		want        []string
		conn        string // from a/web to 8.8.8.8
	}{
		{"allow without a peer", `egress: [{action: Accept, to: []}, {action: Deny, to: [{networks: [8.0.0.0/8]}]}]`, []string{`spec.egress[0].to: needs at least one peer`}, "nothing"},
		{"deny without a peer", `egress: [{action: Deny, to: [{}]}]`, []string{`spec.egress[0].to[0]: want exactly one of namespaces and pods for a peer`}, "nothing"},
		{"pass with an unknown peer", `egress: [{action: Pass, to: [{serviceAccounts: {}}]}]`, []string{`spec.egress[0].to[0].serviceAccounts: unknown field, ignored`, `spec.egress[0].to[0]: want exactly one of namespaces and pods for a peer`}, "nothing"},
		{"same labels", `egress: [{action: Accept, to: [{namespaces: {sameLabels: [team]}}]}]`, []string{`spec.egress[0].to[0].namespaces.sameLabels: unknown field`}, "all"},
		{"action", `egress: [{action: Allow, to: [{namespaces: {}}]}]`, []string{`spec.egress[0].action: is "Allow", which is no action of a ClusterNetworkPolicy`}, "nothing"},
		{"range", `egress: [{action: Accept, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 5, end: 5}}}}]}]`, []string{`spec.egress[0].protocols[0].tcp.destinationPort.range.end: 5 is not above start 5`}, "all"},
		{"port", `egress: [{action: Deny, to: [{networks: [8.0.0.0/8]}], protocols: [{tcp: {}, udp: {}}]}]`, []string{`spec.egress[0].protocols[0]: has 2 fields, want exactly one`}, "nothing"},
		{"cidr", `egress: [{action: Accept, to: [{networks: [8.0.0.0]}]}]`, []string{`spec.egress[0].to[0].networks[0]: "8.0.0.0" is no CIDR`}, "all"},
		{"a network twice", `egress: [{action: Accept, to: [{networks: [8.0.0.0/8, 8.0.0.0/8]}]}]`, []string{`spec.egress[0].to[0].networks[1]: is listed twice`}, "all"},
		{"domain names", `egress: [{action: Accept, to: [{domainNames: [example.com, "*.example.com.", example.com, example, "*.*.com"]}]}]`, []string{
			`spec.egress[0].to[0].domainNames[2]: is listed twice`,
			`spec.egress[0].to[0].domainNames[3]: "example" is no domain name`, `spec.egress[0].to[0].domainNames[4]: "*.*.com" is no domain name`,
		}, "all"},
		{"no domain name", `egress: [{action: Deny, to: [{domainNames: []}]}]`, []string{`spec.egress[0].to[0].domainNames: needs at least one item`}, "nothing"},
		{"named ports beside domain names", `egress: [{action: Accept, to: [{domainNames: [example.com]}], protocols: [{destinationNamedPort: http}]}]`, []string{`spec.egress[0].protocols[0]: names a port, which only pods have`}, "all"},
		{"named ports beside networks", `egress: [{action: Accept, to: [{namespaces: {}}, {networks: [8.0.0.0/8]}], protocols: [{destinationNamedPort: http}]}]`, []string{`spec.egress[0].protocols[0]: names a port, which only pods have`}, "all"},
		{"named ports beside nodes", `egress: [{action: Deny, to: [{nodes: {}}], protocols: [{tcp: {destinationPort: {number: 1}}}, {destinationNamedPort: http}]}]`, []string{`spec.egress[0].protocols[1]: names a port, which only pods have`}, "nothing"},
		{"namespaces alone of pods", `egress: [{action: Deny, to: [{pods: {namespaceSelector: {}}}]}]`, []string{`spec.egress[0].to[0].pods.podSelector: is missing`}, "nothing"},
		{"pods of any namespace", `egress: [{action: Deny, to: [{pods: {podSelector: {}}}]}]`, nil, "all"},
		{"networks of ingress", `ingress: [{action: Accept, from: [{networks: [8.0.0.0/8]}]}]`, []string{`spec.ingress[0].from[0]: want exactly one peer`}, "all"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, _ := New(parse(t, traps+admin("p", 1, test.rules)), Options{})
			var got []string
			for _, p := range c.Others[0].Problems {
				got = append(got, pathText(p.Path)+": "+p.Reason)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if got := c.Allowed(pods(t, c, "a", "web"), peerOf(t, c, "8.8.8.8")).String(); got != test.conn {
				t.Errorf("a/web -> 8.8.8.8: got %s, want %s", got, test.conn)
			}
		})
	}
}

// A part that is missing in an AdminNetworkPolicy must not widen it.
func TestAdminSelectors(t *testing.T) {
	const policy = "---\n{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: p}, spec: {priority: 1, "
	const deny = `egress: [{action: Deny, to: [{namespaces: {}}]}]`
	tests := []struct {
		name, spec, want string
		conn             string // from a/web to a/db
	}{
		{"subject", `subject: {pods: {podSelector: {}, namespaceSelector: {}}}, ` + deny, "", "nothing"},
		{"a range of one port", `subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}], ports: [{portRange: {start: 80, end: 80}}, {portRange: {protocol: UDP, start: 1, end: 65535}}, {portRange: {protocol: SCTP, start: 1, end: 65535}}]}]`, "", "TCP 1-79,81-65535"},
		{"subject without namespaces", `subject: {pods: {podSelector: {}}}, ` + deny, `spec.subject.pods.namespaceSelector: is missing`, "all"},
		{"subject without pods", `subject: {pods: {namespaceSelector: {}}}, ` + deny, `spec.subject.pods.podSelector: is missing`, "all"},
		{"no subject", deny, `spec.subject: want exactly one of namespaces and pods for a subject`, "all"},
		{"peer without namespaces", `subject: {namespaces: {}}, egress: [{action: Allow, to: [{pods: {podSelector: {}}}]}, ` + deny[len("egress: ["):], `spec.egress[0].to[0].pods.namespaceSelector: is missing`, "nothing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, _ := New(parse(t, traps+policy+test.spec+"}}"), Options{})
			var got string
			for _, p := range c.Others[0].Problems {
				got += pathText(p.Path) + ": " + p.Reason
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if got := c.Allowed(pods(t, c, "a", "web"), pods(t, c, "a", "db")).String(); got != test.conn {
				t.Errorf("a/web -> a/db: got %s, want %s", got, test.conn)
			}
		})
	}
}

func TestUncertainTiers(t *testing.T) {
	tests := []struct {
		name, policies string
		want           []string // about egress of a/web
	}{
		{"certain", admin("p", 1, `egress: [{action: Deny, to: [{networks: [8.0.0.0/8]}, {networks: [0.0.0.0/0]}]}], ingress: [{action: Deny, from: [{namespaces: {}}]}]`), nil},
		{"networks where pods may be", admin("p", 1, `egress: [{action: Deny, to: [{networks: [8.0.0.0/8, 10.0.0.0/16]}]}]`), []string{"p: pods may have addresses in 10.0.0.0/16"}},
		{"domain names", admin("p", 1, `egress: [{action: Accept, to: [{domainNames: [example.com]}]}]`), []string{"p: domain names are not resolved"}},
		{"all nodes", admin("p", 1, `egress: [{action: Deny, to: [{nodes: {}}]}]`), nil},
		{"some nodes", admin("p", 1, `egress: [{action: Deny, to: [{nodes: {matchLabels: {disk: fast}}}]}]`), []string{"p: the labels of nodes are not known"}},
		{"a tie", admin("p", 1, `egress: [{action: Deny, to: [{namespaces: {}}]}]`) + admin("q", 1, `egress: [{action: Accept, to: [{namespaces: {}}]}]`), []string{
			"p: another policy has the same priority and may be applied first", "q: another policy has the same priority and may be applied first",
		}},
		{"a tie that does not matter", admin("p", 1, `egress: [{action: Deny, to: [{namespaces: {}}]}]`) + admin("q", 1, `egress: [{action: Deny, to: [{namespaces: {}}]}]`), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := cluster(t, traps+test.policies)
			var got []string
			for _, d := range c.Uncertain(pods(t, c, "a", "web"), Egress) {
				got = append(got, d.Policy.Name+": "+d.Reason)
				if d.Origin().Line == 0 {
					t.Error("the doubt has no line")
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("doubts (-want +got):\n%s", diff)
			}
			if doubts := c.Uncertain(pods(t, c, "b", "client"), Egress); doubts != nil {
				t.Errorf("b/client: %v", doubts)
			}
		})
	}
}
