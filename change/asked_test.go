package change_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/change"
	"github.com/ringfence/ringfence/netpol"
)

// TestAsked checks what is said to open and close for pods that the repository does not
// declare and that rules ask for by labels.
func TestAsked(t *testing.T) {
	const (
		deny    = "podSelector: {}, policyTypes: [Ingress, Egress]"
		web     = "app: web"
		ingress = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}, podSelector: {matchLabels: {app: proxy}}}"
		edge    = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}"
		ops     = "{namespaceSelector: {matchLabels: {team: ops}}}"
		proxies = "pods with app=proxy in namespace edge"
	)
	from := func(peer string) string {
		return "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{from: [" + peer + "], ports: [{port: 80}]}]"
	}
	to := func(peer string) string {
		return "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [" + peer + "], ports: [{port: 53}]}]"
	}
	base := pod("a", web) + policy("deny", deny)
	for name, test := range map[string]struct {
		before, after string
		want          []string
	}{
		"pods of a namespace that is not declared": {
			base, base + policy("p", from(ingress)),
			[]string{"opened TCP 80 from " + proxies + " to Pod/a"},
		},
		"namespaces with labels": {
			base, base + policy("p", from(ops)),
			[]string{"opened TCP 80 from all pods in namespaces with team=ops to Pod/a"},
		},
		"pods of its own namespace, that may call": {
			pod("a", web) + policy("in", "podSelector: {}"), pod("a", web) + policy("in", "podSelector: {}") + policy("p", from("{podSelector: {matchExpressions: [{key: app, operator: In, values: [cli, job]}]}}")),
			[]string{"opened TCP 80 from pods with app in (cli,job) in its own namespace to Pod/a"},
		},
		"pods of its own namespace, that may not call": {base, base + policy("p", from("{podSelector: {matchLabels: {app: cli}}}")), nil},
		"a call": {
			base, base + policy("p", to("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}")),
			[]string{"opened TCP 53 from Pod/a to pods with k8s-app=kube-dns in namespace kube-system"},
		},
		"what was open before": {
			pod("a", web), pod("a", web) + policy("p", from(ingress)),
			[]string{"closed all from anything to Pod/a (but " + proxies + ")", "closed all but TCP 80 from " + proxies + " to Pod/a"},
		},
		"another policy that says the same": {
			base + policy("p", from(ingress)), base + policy("q", from(strings.Replace(ingress, "matchLabels: {app: proxy}", "matchExpressions: [{key: app, operator: In, values: [proxy]}]", 1))), nil,
		},
		"the whole namespace": {
			base + policy("p", from(ingress)), base + policy("p", from(edge)),
			[]string{"opened TCP 80 from any pod in namespace edge to Pod/a"},
		},
		"no longer the whole namespace": {
			base + policy("p", from(edge)), base + policy("p", from(ingress)),
			[]string{"closed TCP 80 from any pod in namespace edge to Pod/a (but " + proxies + ")"},
		},
		"a workload that a policy selects no more": {
			base + policy("p", from(ingress)), pod("a", "app: api") + policy("deny", deny) + policy("p", from(ingress)),
			[]string{"closed TCP 80 from " + proxies + " to Pod/a"},
		},
		"labels that no pod can have": {
			base, base + policy("p", from("{podSelector: {matchLabels: {app: proxy}, matchExpressions: [{key: app, operator: NotIn, values: [proxy]}]}}")), nil,
		},
		"a policy about such pods": {
			base + policy("p", to("{podSelector: {matchLabels: {app: api}}}")),
			base + policy("p", to("{podSelector: {matchLabels: {app: api}}}")) + policy("q", strings.Replace(from("{podSelector: {matchLabels: {app: web}}}"), "app: web", "app: api", 1)),
			nil, // it says nothing about a
		},
		"a workload that has the labels": {
			base + pod("b", "app: proxy"), base + pod("b", "app: proxy") + policy("p", from("{podSelector: {matchLabels: {app: proxy}}}")),
			nil, // b may not call
		},
		"a workload that is gone": {
			base + pod("b", web) + policy("p", from(ingress)), base + policy("p", from(ingress)), nil,
		},
		"a namespace that is declared": {
			base, base + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: edge, labels: {team: ops}}\n" + policy("p", from(ops)),
			[]string{"opened TCP 80 from any pod in namespace edge to Pod/a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			state := func(text string) change.State {
				return change.State{Environments: []analyzer.Environment{environment(t, "e", "e", text)}, Report: &analyzer.Report{}}
			}
			c := change.Compare(state(test.before), state(test.after))
			var got []string
			for _, e := range c.Environments {
				for _, k := range e.Opened {
					got = append(got, "opened "+asked(k))
				}
				for _, k := range e.Closed {
					if !k.WithWorkload() {
						got = append(got, "closed "+asked(k))
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// asked says what connections are between the first terms of their ends.
func asked(c change.Connections) string {
	conn := c.Conn.String()
	if rest := netpol.All().Subtract(c.Conn); rest.String() == "TCP 80" {
		conn = "all but TCP 80"
	}
	text := fmt.Sprintf("%s from %s to %s", conn, c.From.Terms()[0], c.To.Terms()[0])
	if len(c.Kept) > 0 {
		text += " (but " + strings.Join(c.Kept, ", ") + ")"
	}
	return text
}
