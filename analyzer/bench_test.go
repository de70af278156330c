package analyzer

import (
	"fmt"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ringfence/ringfence/rules"
)

// large is an environment with a policy with DNS for every workload, and a default
// deny in each of its namespaces, of 20 workloads.
func large(t testing.TB, workloads int) Environment {
	var text strings.Builder
	namespaces := workloads / 20
	for i := range workloads {
		namespace := fmt.Sprintf("team-%d", i%namespaces)
		if i < namespaces {
			fmt.Fprintf(&text, "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n---\n", namespace)
			text.WriteString(strings.Replace(denyAll, "default-deny", "default-deny, namespace: "+namespace, 1))
		}
		text.WriteString(strings.Replace(deployment(fmt.Sprintf("app-%d", i)), "  name: ", "  namespace: "+namespace+"\n  name: ", 1))
		fmt.Fprintf(&text, `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: app-%d, namespace: %s}
spec:
  podSelector: {matchLabels: {app: app-%d}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: app-%d}}}]
    ports: [{port: 8080}]
  egress:
  - to: [{podSelector: {matchLabels: {app: app-%d}}}]
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
    ports: [{port: 53, protocol: UDP}, {port: 53}]
---
`, i, namespace, i, (i+namespaces)%workloads, (i+2*namespaces)%workloads)
	}
	return Environment{Name: "prod", Objects: parse(t, "all.yaml", text.String(), "")}
}

// BenchmarkAnalyze analyzes one environment of 1,000 workloads and 10,000.
func BenchmarkAnalyze(b *testing.B) {
	opts := Options{Rules: load(b)}
	for _, size := range []int{1000, 10000} {
		env := large(b, size)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			perOperation(b, func() {
				report, err := Analyze(b.Context(), []Environment{env}, opts)
				if err != nil {
					b.Fatal(err)
				}
				if len(report.Findings) > 0 {
					b.Fatal(report.Findings[0].Message)
				}
			})
		})
	}
}

// BenchmarkRules evaluates the built-in rules alone, and with 100 of a user's own.
func BenchmarkRules(b *testing.B) {
	own := fstest.MapFS{}
	for i := range 100 {
		own[fmt.Sprintf("own_%d.rego", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `# METADATA
# title: Reachable from everywhere
# description: A rule as teams write them.
# schemas: [{input: schema.model}]
# custom: {id: own-%d, severity: low, confidence: high, since: 0.1.0, remedy: None.}
package ringfence.rules.own_%d

findings contains {"object": w.id, "path": ["kind"], "message": sprintf("%%s is open", [w.title]), "related": []} if {
	some w in input.workloads
	w.ingress.open
	not w.helm_test
}
`, i, i)}
	}
	all, err := rules.Load(b.Context(), rules.Folder{Name: "own", FS: own})
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{1000, 10000} {
		model := modelOf(large(b, size))
		for name, set := range map[string]*rules.Set{"built-in": load(b), "100 more": all} {
			b.Run(fmt.Sprintf("%d/%s", size, name), func(b *testing.B) {
				perOperation(b, func() {
					if _, err := set.Evaluate(b.Context(), model); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
}

// perOperation reports the processor time of an operation, which tells more than the
// time that passes on a machine with other work to do.
// The garbage collector is set as the program sets it.
func perOperation(b *testing.B, operation func()) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	start := processorTime(b)
	for b.Loop() {
		operation()
	}
	b.ReportMetric(float64((processorTime(b)-start).Milliseconds())/float64(b.N), "cpu-ms/op")
}

func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkSmall analyzes an environment of one workload, the common case.
func BenchmarkSmall(b *testing.B) {
	env := Environment{Name: "prod", Objects: parse(b, "all.yaml", deployment("web"), "")}
	opts := Options{Rules: load(b)}
	for b.Loop() {
		if _, err := Analyze(b.Context(), []Environment{env}, opts); err != nil {
			b.Fatal(err)
		}
	}
}
