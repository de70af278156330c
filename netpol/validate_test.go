package netpol

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// That the verdicts are those of the API server is tested in testdata/apiserver.
func TestValidate(t *testing.T) {
	const policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, "
	tests := []struct {
		name, text string
		want       []string // "PATH: reason", with "note: " before it for what is not rejected
	}{
		{"valid", policy + `metadata: {name: p}, spec: {ingress: [{from: [{podSelector: {}}]}]}}`, nil},
		{"no name", policy + `spec: {}}`, []string{"metadata.name: is missing"}},
		{"metadata", policy + `metadata: {name: A, namespace: a.b, labels: {a: "?"}, annotations: {a: yes, b c: x}}}`, []string{
			`metadata.name: "A" is no name of an object`,
			`metadata.namespace: "a.b" is no name of a namespace`,
			`metadata.labels.a: "?" is no label value`,
			`metadata.annotations.a: is the boolean true, want a string`,
			`metadata.annotations.b c: "b c" is no annotation key`,
		}},
		{"names that are made", policy + `metadata: {generateName: A-}}`, []string{`metadata.generateName: "A-" is no start of a name of an object`}},
		{"long annotations", policy + `metadata: {name: p, annotations: {a: ` + strings.Repeat("x", 1<<18) + `}}}`, []string{`metadata.annotations: hold 262145 bytes, want at most 262144`}},
		{"all that is wrong is told", policy + `metadata: {name: p}, spec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/8, except: [x, z]}, podSelector: {matchLabels: {a: "?"}}}], ports: [{port: 0, endPort: 0, protocol: x}]}]}}`, []string{
			`spec.ingress[0].from[0].podSelector.matchLabels.a: "?" is no label value`,
			`spec.ingress[0].from[0].ipBlock.cidr: 10.0.0.1/8 has host bits, read as 10.0.0.0/8`,
			`spec.ingress[0].from[0].ipBlock.except[0]: "x" is no CIDR`,
			`spec.ingress[0].from[0].ipBlock.except[1]: "z" is no CIDR`,
			`spec.ingress[0].from[0]: holds ipBlock beside a selector, want one or the other`,
			`spec.ingress[0].ports[0].protocol: is "x", want TCP, UDP or SCTP`,
			`spec.ingress[0].ports[0].port: is 0, want a port from 1 to 65535`,
			`spec.ingress[0].ports[0].endPort: is 0, want a port from 1 to 65535`,
		}},
		{"unknown fields", policy + `metadata: {name: p}, spec: {ingress: [{form: []}]}}`, []string{`note: spec.ingress[0].form: unknown field, ignored`}},
		{
			"another kind", `{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: p}, spec: {priority: 1001, subject: {namespaces: {}}}}`,
			[]string{`spec.priority: is 1001, want a priority from 0 to 1000`},
		},
		{"no policy", `{apiVersion: v1, kind: ConfigMap, metadata: {name: A}}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, p := range Validate(parse(t, test.text)[0]) {
				line := pathText(p.Path) + ": " + p.Reason
				if !p.Rejected {
					line = "note: " + line
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
