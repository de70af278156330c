package netpol

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
)

func TestWorkloadKinds(t *testing.T) {
	const template = `{metadata: {labels: {app: x}}, spec: {hostNetwork: true, containers: [{ports: [{containerPort: 80}]}]}}`
	spec := "spec: {template: " + template + "}"
	tests := []struct{ apiVersion, kind, rest string }{
		{"apps/v1", "Deployment", spec},
		{"apps/v1beta1", "Deployment", spec},
		{"extensions/v1beta1", "Deployment", spec},
		{"apps/v1", "StatefulSet", spec},
		{"apps/v1", "DaemonSet", spec},
		{"apps/v1", "ReplicaSet", spec},
		{"v1", "ReplicationController", spec},
		{"batch/v1", "Job", spec},
		{"batch/v1", "CronJob", "spec: {jobTemplate: {spec: {template: " + template + "}}}"},
		{"apps.openshift.io/v1", "DeploymentConfig", spec},
		{"argoproj.io/v1alpha1", "Rollout", spec},
		{"v1", "Pod", "spec: {hostNetwork: true, containers: [{ports: [{containerPort: 80}]}]}"},
	}
	for _, test := range tests {
		labels := ""
		if test.kind == "Pod" {
			labels = ", labels: {app: x}"
		}
		c := cluster(t, fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: w, namespace: ns%s}\n%s\n", test.apiVersion, test.kind, labels, test.rest))
		if len(c.Workloads) != 1 {
			t.Errorf("%s: %d workloads", test.kind, len(c.Workloads))
			continue
		}
		w := c.Workloads[0]
		if w.Labels["app"] != "x" || !w.HostNetwork || len(w.Ports) != 1 || w.Ports[0] != (Port{Number: 80, Protocol: TCP}) {
			t.Errorf("%s: read as %+v", test.kind, w)
		}
		if !w.Source.At(w.Path("spec", "hostNetwork")...).Exact {
			t.Errorf("%s: the path of hostNetwork leads nowhere", test.kind)
		}
	}
}

func TestOtherKinds(t *testing.T) {
	c := cluster(t, `
{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {name: p, namespace: ns}, spec: {selector: all()}}
---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: ns}, spec: {endpointSelector: {}, ingress: [{}]}}
---
{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: p}, spec: {priority: 1, subject: {namespaces: {}}}}
---
{apiVersion: extensions/v1beta1, kind: NetworkPolicy, metadata: {name: p, namespace: ns}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: r}, spec: {workloadRef: {kind: Deployment, name: d}}}
---
{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: s}}
`)
	if len(c.Policies) != 1 || len(c.Foreign) != 3 || len(c.Workloads) != 0 || len(c.Services) != 0 {
		t.Errorf("got %d policies, %d foreign, %d workloads, %d services", len(c.Policies), len(c.Foreign), len(c.Workloads), len(c.Services))
	}
}

func TestContainerPorts(t *testing.T) {
	c := cluster(t, `
apiVersion: v1
kind: Pod
metadata: {generateName: w-, namespace: ns}
spec:
  initContainers:
  - {name: setup, ports: [{containerPort: 1}]}
  - {name: sidecar, restartPolicy: Always, ports: [{name: mesh, containerPort: 2, protocol: SCTP}]}
  containers:
  - {name: a, ports: [{name: web, containerPort: 3, protocol: ""}]}
  - {name: b, ports: [{containerPort: 4, protocol: UDP}]}
`)
	want := []Port{{"web", 3, TCP}, {"", 4, UDP}, {"mesh", 2, SCTP}}
	if diff := cmp.Diff(want, c.Workloads[0].Ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	if c.Workloads[0].String() != "ns/Pod/w-" {
		t.Errorf("the workload is called %s", c.Workloads[0])
	}
}

func TestServices(t *testing.T) {
	tests := []struct {
		name, spec string
		want       []string // "workload port->number"
	}{
		{"numbers", `{selector: {app: web}, ports: [{port: 80}, {port: 81, targetPort: 8081}, {port: 82, targetPort: 0}]}`, []string{"host TCP 80->80", "web TCP 80->80", "host TCP 81->8081", "web TCP 81->8081", "host TCP 82->82", "web TCP 82->82"}},
		{"names, with protocol", `{selector: {app: db}, ports: [{port: 80, targetPort: http}, {port: 53, protocol: UDP, targetPort: http}]}`, []string{"db TCP 80->9090", "db UDP 53->0"}},
		{"no selector", `{ports: [{port: 80}]}`, nil},
		{"an empty selector", `{selector: {}, ports: [{port: 80}]}`, nil},
		{"external name", `{type: ExternalName, externalName: example.com, selector: {app: web}, ports: [{port: 80}]}`, nil},
		{"an empty value needs the key", `{selector: {empty: ""}, ports: [{port: 80}]}`, []string{"web TCP 80->80"}},
		{"other namespace", `{selector: {app: client}, ports: [{port: 80}]}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := cluster(t, traps+"---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: a}\nspec: "+test.spec+"\n")
			var got []string
			for _, target := range c.Targets(c.Services[0]) {
				got = append(got, fmt.Sprintf("%s %s %d->%d", target.Workload.Name, target.Port.Protocol, target.Port.Number, target.Number))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamespaces(t *testing.T) {
	objects := parse(t, `
{apiVersion: v1, kind: Namespace, metadata: {name: declared, labels: {a: repository, kubernetes.io/metadata.name: other}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: declared}}
---
{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: mentioned}}
---
{apiVersion: v1, kind: Pod, metadata: {name: nowhere}}
`)
	private := objects[3].WithNamespace("\x00target")
	policy := parse(t, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {ingress: [{from: [{podSelector: {}}]}]}}`)[0]
	open := parse(t, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: declared}, spec: {ingress: [{from: [{namespaceSelector: {}}]}]}}`)[0]
	c, gaps := New([]*manifest.Object{objects[0], objects[1], objects[2], private, policy.WithNamespace("\x00target"), open}, Options{
		NamespaceLabels: map[string]map[string]string{"declared": {"a": "options", "b": "options"}, "far": {"team": "x"}},
	})
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	type summary struct {
		Labels            map[string]string
		Declared, Private bool
	}
	got := map[string]summary{}
	for _, n := range c.Namespaces {
		got[n.Name] = summary{n.Labels, n.Declared, n.Private}
	}
	want := map[string]summary{
		"declared":   {map[string]string{"a": "repository", "b": "options", NameLabel: "declared"}, true, false},
		"mentioned":  {map[string]string{NameLabel: "mentioned"}, false, false},
		"far":        {map[string]string{"team": "x", NameLabel: "far"}, false, false},
		"\x00target": {nil, false, true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("namespaces (-want +got):\n%s", diff)
	}
	inside, declared, mentioned := pods(t, c, "\x00target", "nowhere"), pods(t, c, "declared", "w"), pods(t, c, "mentioned", "w")
	for _, test := range []struct {
		from, to Peer
		want     string
	}{
		{inside, inside, "all"},
		{declared, inside, "nothing"},
		{inside, declared, "all"}, // namespaceSelector {} matches a private namespace too
		{mentioned, declared, "all"},
	} {
		if got := c.Allowed(test.from, test.to).String(); got != test.want {
			t.Errorf("%s -> %s: got %s, want %s", test.from, test.to, got, test.want)
		}
	}
}

func TestTheLastOfTwoCounts(t *testing.T) {
	c, gaps := New(parse(t, `
{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: ns, labels: {v: first}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: ns, labels: {v: second}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: w, namespace: ns}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: w, namespace: ns}}
---
{apiVersion: v1, kind: Pod, metadata: {generateName: w-, namespace: ns}}
---
{apiVersion: v1, kind: Pod, metadata: {generateName: w-, namespace: ns}}
`), Options{})
	want := []manifest.Gap{{
		Pos:    manifest.Pos{File: "test.yaml", Line: 2, Column: 1},
		Code:   manifest.DuplicateObject,
		Reason: `Pod "w" is declared again at test.yaml:4:1, which counts`,
		Note:   true,
	}}
	if diff := cmp.Diff(want, gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	if len(c.Workloads) != 3 || c.Workloads[0].Labels["v"] != "second" {
		t.Errorf("got %d workloads, the first %+v", len(c.Workloads), c.Workloads[0])
	}
}

// What the API server refuses as a whole runs no pods, and is said.
func TestRefusedWorkloads(t *testing.T) {
	c, gaps := New(parse(t, `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: w, namespace: ns}, spec: {}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: ns}, spec: {containers: []}}
---
{apiVersion: v1, kind: Pod}
`), Options{})
	var got []string
	for _, g := range gaps {
		got = append(got, g.Reason)
	}
	slices.Sort(got)
	want := []string{
		`Deployment "w": spec.template: there is no pod template`,
		`Pod "": metadata.name: is missing`,
		`Pod "": metadata.name: is missing`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	if len(c.Workloads) > 0 {
		t.Errorf("they are workloads: %v", c.Workloads)
	}
}
