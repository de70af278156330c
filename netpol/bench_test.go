package netpol

import (
	"fmt"
	"strings"
	"testing"
)

// benchText writes a cluster of tiers: every namespace has ten workloads, a
// default deny, and one policy for each workload, which admits its neighbour, an
// ingress controller and a block of addresses.
func benchText(workloads int) string {
	var b strings.Builder
	for i := range workloads {
		namespace := fmt.Sprintf("team-%d", i/10)
		if i%10 == 0 {
			fmt.Fprintf(&b, `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: %s}
spec: {podSelector: {}, policyTypes: [Ingress]}
`, namespace)
		}
		fmt.Fprintf(&b, `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app-%d, namespace: %s}
spec:
  template:
    metadata: {labels: {app: app-%d, tier: t%d}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: app-%d, namespace: %s}
spec:
  podSelector: {matchLabels: {app: app-%d}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: app-%d}}
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}
      podSelector: {matchExpressions: [{key: tier, operator: In, values: [t0, t1]}]}
    - ipBlock: {cidr: 10.%d.0.0/16}
    ports: [{port: http}]
`, i, namespace, i, i%3, i, namespace, i, i/10*10+(i+1)%10, i%7)
	}
	return b.String()
}

func BenchmarkNew(b *testing.B) {
	objects := parse(b, benchText(1000))
	for b.Loop() {
		New(objects, Options{})
	}
}

func BenchmarkAllPairs(b *testing.B) {
	c := cluster(b, benchText(1000))
	for b.Loop() {
		open := 0
		for _, from := range c.Workloads {
			for _, to := range c.Workloads {
				if !c.Allowed(PodsOf(from), PodsOf(to)).IsEmpty() {
					open++
				}
			}
		}
		if open != 1000 {
			b.Fatalf("%d pairs are open, want 1000", open)
		}
	}
}

func BenchmarkAllowed(b *testing.B) {
	c := cluster(b, benchText(1000))
	from, to := PodsOf(c.Workloads[1]), PodsOf(c.Workloads[0])
	for b.Loop() {
		c.Allowed(from, to)
	}
}

// One namespace, where every policy selects every workload, is the worst case of
// selection: a million matches.
func BenchmarkNewBroad(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, `---
apiVersion: v1
kind: Pod
metadata: {name: pod-%d, namespace: one, labels: {app: app-%d}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p-%d, namespace: one}
spec: {ingress: [{from: [{podSelector: {matchLabels: {app: app-%d}}}]}]}
`, i, i, i, i)
	}
	objects := parse(b, text.String())
	for b.Loop() {
		New(objects, Options{})
	}
}
