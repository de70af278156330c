package generate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/netpol"
)

// calling returns a workload that calls what hints say.
func calling(name, labels string, hints ...string) string {
	return fmt.Sprintf(`
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: %s, namespace: shop, annotations: {ringfence.dev/calls: %q}}, spec: {selector: {matchLabels: %s},
	template: {metadata: {labels: %[3]s}, spec: {containers: [{name: c}]}}}}
`, name, strings.Join(hints, ","), labels)
}

func TestNothingIsAllowedTwice(t *testing.T) {
	const (
		kubeDNS = `
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: coredns, namespace: kube-system}, spec: {selector: {matchLabels: {k8s-app: kube-dns}},
	template: {metadata: {labels: {k8s-app: kube-dns}}, spec: {containers: [{name: c}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: kube-dns, namespace: kube-system}, spec: {selector: {k8s-app: kube-dns}, ports: [{port: 53}, {port: 9153}]}}
`
		dnsForAll = `
---
{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: dns}, spec: {priority: 1, subject: {namespaces: {}},
	egress: [{action: Allow, to: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{portNumber: {protocol: UDP, port: 53}}]}]}}
`
		dns = "coredns TCP 53,UDP 53"
	)
	one := func(hints ...string) string { return calling("one", "{app: one}", hints...) }
	tests := []struct {
		name, text, want string // what the policy of one allows
	}{
		{"a port of which all are allowed", one("10.0.0.5", "10.0.0.5:5432"), "10.0.0.5/32 TCP 1-65535; " + dns},
		{"a port of another protocol", one("10.0.0.5", "10.0.0.5:53/udp"), "10.0.0.5/32 TCP 1-65535,UDP 53; " + dns},
		{"an address of a block", one("10.0.0.0/8:5432", "10.1.2.3:5432"), "10.0.0.0/8 TCP 5432; " + dns},
		{"an address of a block on another port", one("10.0.0.0/8:5432", "10.1.2.3:5433"), "10.0.0.0/8 TCP 5432; 10.1.2.3/32 TCP 5433; " + dns},
		{"an address of a block with all ports", one("10.0.0.0/8", "10.1.2.3:5433", "10.1.2.3:80"), "10.0.0.0/8 TCP 1-65535; " + dns},
		{"all ports of an address of a block with one", one("10.0.0.0/8:80", "10.1.2.3", "10.1.2.3:80"), "10.0.0.0/8 TCP 80; 10.1.2.3/32 TCP 1-65535; " + dns},
		{"an address beside a host name", one("10.0.0.5:443", "rates.acme.io:443"), "outside TCP 443; " + dns},
		{"an address of IPv6 beside a host name", one("[2001:db8::5]:443", "rates.acme.io:443"), "outside TCP 443; " + dns},
		{"a metadata service beside a host name", one("169.254.169.254:443", "rates.acme.io:443"), "169.254.169.254/32 TCP 443; outside TCP 443; " + dns},
		{"all of IPv4 beside a host name", one("0.0.0.0/0:443", "rates.acme.io:443"), "0.0.0.0/0 TCP 443; outside (::/0) TCP 443; " + dns},
		{"all of IPv6 beside a host name", one("[::]/0:443", "rates.acme.io:443"), "::/0 TCP 443; outside (0.0.0.0/0) TCP 443; " + dns},
		{"all addresses beside a host name", one("0.0.0.0/0", "[::]/0:443", "rates.acme.io:443"), "0.0.0.0/0 TCP 1-65535; ::/0 TCP 443; " + dns},
		{"anybody", one("external:any:443", "10.0.0.5:443", "rates.acme.io:443", "rates.acme.io:80"), "outside TCP 80; " + dns + "; anybody TCP 443"},
		{"the DNS of the cluster by name", kubeDNS + one("kube-dns.kube-system:53"), dns},
		{"another port of the DNS", kubeDNS + one("kube-dns.kube-system:9153"), "kube-system/coredns TCP 9153; " + dns},
		{"DNS that an administrator allows in part", dnsForAll + one("10.0.0.5:443"), "10.0.0.5/32 TCP 443; coredns TCP 53"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			egress := Options{Directions: []netpol.Direction{netpol.Egress}, DefaultDeny: DenyNever}
			var got string
			for _, line := range summary(propose(t, namespaces+test.text, egress)) {
				if rest, ok := strings.CutPrefix(line, "shop/one-allow egress["); ok {
					got = strings.TrimSuffix(rest, "]")
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A workload whose labels are a part of another's has a policy that selects the other
// too. What both call stands in that one.
func TestSharedPolicy(t *testing.T) {
	text := namespaces + calling("one", "{app: one}", "10.0.0.5:443", "10.0.0.6:443") + calling("two", "{app: one, tier: a}", "10.0.0.5:443", "10.0.0.7:443")
	result := propose(t, text, Options{Directions: []netpol.Direction{netpol.Egress}, DefaultDeny: DenyNever})
	want := []string{
		"shop/one-allow egress[10.0.0.5/32 TCP 443; 10.0.0.6/32 TCP 443; coredns TCP 53,UDP 53]",
		"shop/two-allow egress[10.0.0.7/32 TCP 443]",
		"shop/Deployment/two: the policy of shop/Deployment/one selects it too, and allows a part of what it needs",
	}
	if diff := cmp.Diff(want, summary(result)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, evidence := range []string{"# Deployment/one calls 10.0.0.5/32 on TCP 443", "# Deployment/two calls 10.0.0.5/32 on TCP 443"} {
		if !strings.Contains(result.Proposals[0].Text, evidence) {
			t.Errorf("%q is missing in\n%s", evidence, result.Proposals[0].Text)
		}
	}
}
