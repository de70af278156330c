package netpol

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEntries(t *testing.T) {
	const web = "---\n{apiVersion: v1, kind: Service, metadata: {name: web, namespace: a}, spec: {selector: {app: web}, ports: [{name: main, port: 80, targetPort: http}, {name: dns, port: 53, protocol: UDP}]}}\n"
	service := func(spec string) string {
		return "---\n{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: {" + spec + "}}\n"
	}
	route := func(kind, spec string) string {
		return web + "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: " + kind + ", metadata: {name: r, namespace: b}, spec: {" + spec + "}}\n"
	}
	inside := []string{"Service web spec.ports[0]: web TCP 8080, inside", "Service web spec.ports[1]: web UDP 53, inside"}
	tests := []struct {
		name, objects string
		want          []string
	}{
		{"ClusterIP", web, inside},
		{"headless", service("clusterIP: None, selector: {app: db}, ports: [{port: 9090}]"), []string{"Service s spec.ports[0]: db TCP 9090, inside"}},
		{"NodePort", service("type: NodePort, selector: {app: db}, ports: [{port: 80, targetPort: http}]"), []string{"Service s spec.type: db TCP 9090, outside"}},
		{"LoadBalancer", service("type: LoadBalancer, selector: {app: db}, ports: [{port: 80, targetPort: missing}]"), []string{"Service s spec.type: db nothing, outside"}},
		{"external addresses", service("externalIPs: [1.2.3.4], selector: {app: db}, ports: [{port: 80}]"), []string{"Service s spec.externalIPs: db TCP 80, outside"}},
		{"ExternalName", service("type: ExternalName, externalName: example.com, selector: {app: db}, ports: [{port: 80}]"), nil},
		{"no selector", service("type: LoadBalancer, ports: [{port: 80}]"), nil},
		{"Ingress", web + `---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {
  defaultBackend: {service: {name: gone, port: {number: 80}}},
  rules: [{http: {paths: [{backend: {service: {name: web, port: {name: main}}}}, {backend: {resource: {kind: Bucket}}}]}}]}}
`, append(inside[:2:2], "Ingress i spec.rules[0].http.paths[0].backend: web TCP 8080, outside")},
		{"Ingress v1beta1", web + "---\n{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {backend: {serviceName: web, servicePort: 80}}}\n", append(inside[:2:2], "Ingress i spec.backend: web TCP 8080, outside")},
		{"HTTPRoute", route("HTTPRoute", "parentRefs: [{name: gw}], rules: [{backendRefs: [{name: web, namespace: a, port: 80}, {name: web, port: 80}]}]"), append(inside[:2:2], "HTTPRoute r spec.rules[0].backendRefs[0]: web TCP 8080, outside")},
		{"UDPRoute", route("UDPRoute", "rules: [{backendRefs: [{name: web, namespace: a, port: 53}, {name: x, kind: Other}]}]"), append(inside[:2:2], "UDPRoute r spec.rules[0].backendRefs[0]: web UDP 53, outside")},
		{"a route of a mesh", route("GRPCRoute", "parentRefs: [{kind: Service, name: web}], rules: [{backendRefs: [{name: web, namespace: a, port: 80}]}]"), append(inside[:2:2], "GRPCRoute r spec.rules[0].backendRefs[0]: web TCP 8080, inside")},
		{"OpenShift", web + "---\n{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r, namespace: a}, spec: {port: {targetPort: main}, to: {name: gone}, alternateBackends: [{name: web}]}}\n", append(inside[:2:2], "Route r spec.alternateBackends[0]: web TCP 8080, outside")},
		{"OpenShift by the target's number", web + "---\n{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r, namespace: a}, spec: {port: {targetPort: 53}, to: {name: web}}}\n", append(inside[:2:2], "Route r spec.to: web UDP 53, outside")},
		{"another Ingress", web + "---\n{apiVersion: operator.example.com/v1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {backend: {serviceName: web, servicePort: 80}}}\n", inside},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := cluster(t, traps+test.objects)
			var got []string
			for _, e := range c.Entries() {
				if e.Workload.HostNetwork {
					continue
				}
				reach := "inside"
				if e.Outside {
					reach = "outside"
				}
				got = append(got, fmt.Sprintf("%s %s %s: %s %s, %s", e.By.Kind, e.By.Name, pathText(e.Path), e.Workload.Name, e.Conn(), reach))
				if !e.By.At(e.Path...).Exact {
					t.Errorf("%s leads nowhere", pathText(e.Path))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}
