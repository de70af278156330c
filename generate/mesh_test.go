package generate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// meshed is a workload of the namespace mesh with labels and annotations of its pods.
func meshed(name, labels, annotations, container string) string {
	return fmt.Sprintf(`
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: %[1]s, namespace: mesh}, spec: {selector: {matchLabels: {app: %[1]s}}, template: {
	metadata: {labels: {app: %[1]s%[2]s}, annotations: {%[3]s}}, spec: {containers: [{name: c, %[4]s}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: %[1]s, namespace: mesh}, spec: {selector: {app: %[1]s}, ports: [{port: 80, targetPort: 8080}]}}
`, name, labels, annotations, container)
}

func meshNamespace(labels, annotations string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: mesh, labels: {%s}, annotations: {%s}}}\n", labels, annotations)
}

func TestInjected(t *testing.T) {
	const (
		sidecar = "Istio's sidecar"
		ambient = "Istio's ambient mesh"
		linkerd = "Linkerd's proxy"
	)
	for _, test := range []struct {
		name                           string
		labels, annotations            string // of the pods
		namespaceLabels, namespaceSays string
		want                           []string
	}{
		{"nothing", "", "", "", "", nil},
		{"a namespace with Istio", "", "", "istio-injection: enabled", "", []string{sidecar}},
		{"a revision", "", "", "istio.io/rev: canary", "", []string{sidecar}},
		{"a pod opts out by label", `, sidecar.istio.io/inject: "false"`, "", "istio-injection: enabled", "", nil},
		{"a pod opts out by annotation", "", `sidecar.istio.io/inject: "false"`, "istio.io/rev: canary", "", nil},
		{"the label of a pod counts before its annotation", `, sidecar.istio.io/inject: "true"`, `sidecar.istio.io/inject: "false"`, "", "", []string{sidecar}},
		{"a pod opts in by label", `, sidecar.istio.io/inject: "true"`, "", "", "", []string{sidecar}},
		{"a pod names a revision", `, istio.io/rev: canary`, "", "", "", []string{sidecar}},
		{"a namespace that refuses counts before pods", `, sidecar.istio.io/inject: "true"`, "", "istio-injection: disabled", "", nil},
		{"and before its own revision", "", "", "istio-injection: disabled, istio.io/rev: canary", "", nil},
		{"a namespace in ambient mode", "", "", "istio.io/dataplane-mode: ambient", "", []string{ambient}},
		{"a pod leaves ambient mode", `, istio.io/dataplane-mode: none`, "", "istio.io/dataplane-mode: ambient", "", nil},
		{"a pod in ambient mode", `, istio.io/dataplane-mode: ambient`, "", "istio.io/dataplane-mode: none", "", []string{ambient}},
		{"one proxy of a mesh", "", "", "istio-injection: enabled, istio.io/dataplane-mode: ambient", "", []string{sidecar}},
		{"a namespace with Linkerd", "", "", "", "linkerd.io/inject: enabled", []string{linkerd}},
		{"a label is none of Linkerd's signs", ", linkerd.io/inject: enabled", "", "linkerd.io/inject: enabled", "", nil},
		{"a pod opts out of Linkerd", "", "linkerd.io/inject: disabled", "", "linkerd.io/inject: enabled", nil},
		{"a pod opts in where its namespace does not", "", "linkerd.io/inject: ingress", "", "linkerd.io/inject: disabled", []string{linkerd}},
		{"Dapr and Vault at once", "", `dapr.io/enabled: "on", vault.hashicorp.com/agent-inject: "TRUE"`, "", "", []string{"Dapr's sidecar", "Vault's agent"}},
		{"switched off", "", `dapr.io/enabled: "false", vault.hashicorp.com/agent-inject: "no"`, "", "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := generatorOf(t, meshNamespace(test.namespaceLabels, test.namespaceSays)+meshed("app", test.labels, test.annotations, ""))
			var got []string
			for _, i := range g.injected(g.env.Cluster.Workloads[0]) {
				got = append(got, i.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func generatorOf(t *testing.T, text string) *generator {
	t.Helper()
	return newGenerator(environmentOf(t, text), Options{})
}

func TestUnknownInjector(t *testing.T) {
	for _, test := range []struct {
		name, labels, annotations, namespaceLabels, want string
	}{
		{"an annotation", "", `sidecar.opentelemetry.io/inject: "true"`, "", "sidecar.opentelemetry.io/inject"},
		{"a name for a value", "", `sidecar.opentelemetry.io/inject: my-collector`, "", "sidecar.opentelemetry.io/inject"},
		{"a label of the namespace", "", "", "kuma.io/sidecar-injection: enabled", "kuma.io/sidecar-injection"},
		{"that a pod refuses", ", kuma.io/sidecar-injection: disabled", "", "kuma.io/sidecar-injection: enabled", ""},
		{"switched off", "", `consul.hashicorp.com/connect-inject: "false"`, "", ""},
		{"one of the table", "", `vault.hashicorp.com/agent-inject-secret-db: secret/db`, "", ""},
		{"below a domain of the table", "", `inject.istio.io/templates: gateway`, "", ""},
		{"no domain", "", `inject: "true"`, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := generatorOf(t, meshNamespace(test.namespaceLabels, "")+meshed("app", test.labels, test.annotations, ""))
			if got := g.unknownInjector(g.subjects[0]); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMeshes(t *testing.T) {
	const (
		dns     = "coredns TCP 53,UDP 53"
		calling = `env: [{name: API_URL, value: "http://api:80"}]`
		ambient = ", istio.io/dataplane-mode: ambient"
		sidecar = `, sidecar.istio.io/inject: "true"`
		linkerd = "linkerd.io/inject: enabled"
	)
	tests := []struct {
		name, text string
		want       []string
	}{
		{
			"a sidecar keeps the application's port", meshed("web", sidecar, "", calling) + meshed("api", sidecar, "", ""),
			[]string{
				"mesh/api-allow ingress[mesh/web TCP 8080; anybody TCP 15020,TCP 15090] egress[" + dns + "; anybody TCP 15010,TCP 15012; everything]",
				"mesh/web-allow ingress[anybody TCP 8080,TCP 15020,TCP 15090] egress[mesh/api TCP 8080; " + dns + "; anybody TCP 15010,TCP 15012]",
			},
		},
		{
			"ambient mode has one port for all", meshed("web", ambient, "", calling) + meshed("api", ambient, "", "livenessProbe: {httpGet: {port: http}}, readinessProbe: {grpc: {port: 9000}}, ports: [{name: http, containerPort: 8080}]"),
			[]string{
				"mesh/api-allow ingress[mesh/web TCP 8080,TCP 15008; probes TCP 8080,TCP 9000] egress[everything]",
				"mesh/web-allow ingress[anybody TCP 8080,TCP 15008] egress[mesh/api TCP 8080,TCP 15008; " + dns + "]",
			},
		},
		{
			"which sidecars take too", meshed("web", ambient, "", calling) + meshed("api", sidecar, "", ""),
			[]string{
				"mesh/api-allow ingress[mesh/web TCP 8080,TCP 15008; anybody TCP 15020,TCP 15090] egress[" + dns + "; anybody TCP 15010,TCP 15012; everything]",
				"mesh/web-allow ingress[anybody TCP 8080,TCP 15008] egress[mesh/api TCP 8080,TCP 15008; " + dns + "]",
			},
		},
		{
			"a peer that is not in the mesh calls the port", meshed("web", "", "", calling) + meshed("api", ambient, "", ""),
			[]string{
				"mesh/api-allow ingress[mesh/web TCP 8080] egress[everything]",
				"mesh/web-allow ingress[anybody TCP 8080] egress[mesh/api TCP 8080; " + dns + "]",
			},
		},
		{
			"a waypoint is called in the place of the pods", meshed("web", ambient, "", calling) + meshed("api", ambient+", istio.io/use-waypoint: wp", "", ""),
			[]string{
				"mesh/api-allow ingress[mesh/web TCP 8080,TCP 15008; wp TCP 15008] egress[everything]",
				"mesh/web-allow ingress[anybody TCP 8080,TCP 15008] egress[mesh/api TCP 8080,TCP 15008; " + dns + "; wp TCP 15008]",
			},
		},
		{
			"Linkerd's port may be another one", meshed("web", "", linkerd, calling) + meshed("api", "", linkerd+`, config.linkerd.io/inbound-port: "5143"`, ""),
			[]string{
				"mesh/api-allow ingress[mesh/web TCP 5143,TCP 8080; anybody TCP 4191] egress[" + dns + "; anybody TCP 8080,TCP 8086,TCP 8090; everything]",
				"mesh/web-allow ingress[anybody TCP 4143,TCP 4191,TCP 8080] egress[mesh/api TCP 5143; " + dns + "; anybody TCP 8080,TCP 8086,TCP 8090]",
			},
		},
		{
			"Dapr's sidecars call each other", meshed("web", "", `dapr.io/enabled: "true", dapr.io/internal-grpc-port: "60002"`, calling) + meshed("api", "", `dapr.io/enabled: "true", dapr.io/metrics-port: "9999"`, ""),
			[]string{
				"mesh/api-allow ingress[mesh/web TCP 8080; anybody TCP 9999,TCP 50002] egress[" + dns + "; anybody TCP 6500,TCP 50001,TCP 50002,TCP 50005,TCP 50006,TCP 60002; everything]",
				"mesh/web-allow ingress[anybody TCP 8080,TCP 9090,TCP 60002] egress[mesh/api TCP 8080; " + dns + "; anybody TCP 6500,TCP 50001,TCP 50002,TCP 50005,TCP 50006,TCP 60002]",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := summary(propose(t, meshNamespace("", "")+test.text, Options{DefaultDeny: DenyNever}))
			got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, "is left open") })
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
