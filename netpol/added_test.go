package netpol

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Controllers add labels to pods that templates do not have.
func TestAddedLabels(t *testing.T) {
	const (
		spec      = "spec: {template: {metadata: {labels: {app: x}}}}"
		set       = "---\n{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: set, namespace: a}, " + spec + "}\n"
		workloads = "{apiVersion: v1, kind: Pod, metadata: {name: pod, namespace: a, labels: {app: x}}}\n" + set +
			"---\n{apiVersion: batch/v1, kind: Job, metadata: {name: job, namespace: a}, " + spec + "}\n" +
			"---\n{apiVersion: batch/v1, kind: CronJob, metadata: {name: cron, namespace: a}, spec: {jobTemplate: {" + spec + "}}}\n" +
			"---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: deployment, namespace: a}, " + spec + "}\n"
	)
	tests := []struct {
		name, spec string
		isolated   []string // ingress
		doubted    []string // ingress
	}{
		{"labels of the template", `{podSelector: {matchLabels: {app: x}}}`, []string{"cron", "deployment", "job", "pod", "set"}, nil},
		{"a pod of a set", `{podSelector: {matchLabels: {app: x, statefulset.kubernetes.io/pod-name: set-0}}}`, nil, []string{"set"}},
		{"another application", `{podSelector: {matchLabels: {app: z, statefulset.kubernetes.io/pod-name: set-0}}}`, nil, nil},
		{"a job", `{podSelector: {matchLabels: {batch.kubernetes.io/job-name: job}}}`, nil, []string{"cron", "job"}},
		{"no jobs", `{podSelector: {matchExpressions: [{key: job-name, operator: DoesNotExist}]}}`, []string{"cron", "deployment", "job", "pod", "set"}, []string{"cron", "job"}},
		{"a version", `{podSelector: {matchLabels: {pod-template-hash: x}}}`, nil, []string{"deployment"}},
		{"the other direction", `{podSelector: {matchLabels: {pod-template-hash: x}}, policyTypes: [Egress]}`, nil, nil},
		{"a peer", `{ingress: [{from: [{podSelector: {matchLabels: {apps.kubernetes.io/pod-index: "0"}}}]}], podSelector: {matchLabels: {app: x}}}`, []string{"cron", "deployment", "job", "pod", "set"}, []string{"cron", "deployment", "job", "pod", "set"}},
		{"a peer that no controller makes", `{ingress: [{from: [{podSelector: {matchLabels: {pod-template-generation: "0"}}}]}], podSelector: {matchLabels: {app: x}}}`, []string{"cron", "deployment", "job", "pod", "set"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := cluster(t, workloads+"---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: "+test.spec+"}")
			var isolated, doubted []string
			for _, name := range []string{"cron", "deployment", "job", "pod", "set"} {
				w := workload(t, c, "a", name)
				if c.Isolated(w, Ingress) {
					isolated = append(isolated, name)
				}
				for _, doubt := range c.Uncertain(PodsOf(w), Ingress) {
					doubted = append(doubted, name)
					if doubt.Origin().Line == 0 {
						t.Error("the doubt has no line")
					}
				}
			}
			if diff := cmp.Diff(test.isolated, isolated); diff != "" {
				t.Errorf("isolated (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.doubted, doubted); diff != "" {
				t.Errorf("doubted (-want +got):\n%s", diff)
			}
		})
	}
	for selector, want := range map[string]int{
		"{app: x, statefulset.kubernetes.io/pod-name: set-12}": 1, "{statefulset.kubernetes.io/pod-name: other-0}": 0,
		"{statefulset.kubernetes.io/pod-name: setter-0}": 0, "{job-name: job}": 1, "{app: z, job-name: job}": 0, "{apps.kubernetes.io/pod-index: \"0\"}": 1,
	} {
		c := cluster(t, workloads+fmt.Sprintf("---\n{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: {selector: %s, ports: [{port: 80}]}}\n", selector))
		if got := len(c.Entries()); got != want {
			t.Errorf("%s: %d entries, want %d", selector, got, want)
		}
	}
}

// So it is where the only selector that asks for such a label is one of Calico.
func TestAddedLabelsInCalico(t *testing.T) {
	c := cluster(t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: a}, spec: {template: {metadata: {labels: {app: x}}}}}
---
{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {selector: pod-template-hash == 'x', types: [Ingress]}}`)
	if doubts := c.Uncertain(pods(t, c, "a", "d"), Ingress); len(doubts) != 1 {
		t.Errorf("%d doubts, want 1: %v", len(doubts), doubts)
	}
}
