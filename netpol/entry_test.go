package netpol

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEntries(t *testing.T) {
	const web = "---\n{apiVersion: v1, kind: Service, metadata: {name: web, namespace: a}, spec: {selector: {app: web}, ports: [{name: main, port: 80, targetPort: http}, {name: dns, port: 53, protocol: UDP}]}}\n"
	service := func(spec string) string {
		return "---\n{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: {" + spec + "}}\n"
	}
	// Both ports of web have a number, and one number has two protocols.
	const both = "---\n{apiVersion: v1, kind: Service, metadata: {name: both, namespace: a}, spec: {selector: {app: web}, ports: [{name: t, port: 53, targetPort: dns-tcp}, {name: u, port: 53, protocol: UDP, targetPort: dns}]}}\n"
	insideBoth := []string{"Service both spec.ports[0]: web TCP 53, inside", "Service both spec.ports[1]: web UDP 53, inside"}
	routeIn := func(namespace, kind, spec string) string {
		return web + "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: " + kind + ", metadata: {name: r, namespace: " + namespace + "}, spec: {parentRefs: [{name: gw}], " + spec + "}}\n"
	}
	route := func(kind, spec string) string { return routeIn("a", kind, spec) }
	grant := func(from, to string) string {
		return "---\n{apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: g, namespace: a}, spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: b}, {" + from + "}], to: [{group: x, kind: Service}, {" + to + "}]}}\n"
	}
	openShift := func(spec string) string {
		return "---\n{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r, namespace: a}, spec: {" + spec + "}}\n"
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
		{"Ingress by number", both + "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {defaultBackend: {service: {name: both, port: {number: 53}}}}}\n", append(insideBoth[:2:2], "Ingress i spec.defaultBackend: web TCP 53, outside")},
		{"Ingress by the number of a target", web + "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {defaultBackend: {service: {name: web, port: {number: 8080}}}}}\n", inside},
		{"Ingress without a port", web + "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {defaultBackend: {service: {name: web}}}}\n", inside},
		{"Ingress of another namespace", web + "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: b}, spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}}\n", inside},
		{"Ingress to a headless Service", service("clusterIP: None, selector: {app: db}, ports: [{port: 80, targetPort: http}]") + "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}}\n", []string{"Service s spec.ports[0]: db TCP 9090, inside", "Ingress i spec.defaultBackend: db TCP 9090, outside"}},
		{"Ingress to an ExternalName", service("type: ExternalName, externalName: example.com, ports: [{port: 80}]") + "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}}\n", nil},
		{"HTTPRoute", route("HTTPRoute", "rules: [{backendRefs: [{name: web, port: 80}, {name: web, namespace: a, port: 80}, {name: web, namespace: b, port: 80}]}]"), append(inside[:2:2], "HTTPRoute r spec.rules[0].backendRefs[0]: web TCP 8080, outside", "HTTPRoute r spec.rules[0].backendRefs[1]: web TCP 8080, outside")},
		{"a backend without a port", route("HTTPRoute", "rules: [{backendRefs: [{name: web}]}]"), inside},
		{"a backend without weight", route("HTTPRoute", "rules: [{backendRefs: [{name: web, port: 80, weight: 0}]}]"), inside},
		{"backends of other groups", route("HTTPRoute", "rules: [{backendRefs: [{name: web, port: 80, group: example.com, kind: Service}, {name: web, port: 80, kind: ServiceImport}]}]"), inside},
		{"a mirror", route("HTTPRoute", "rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: web, port: 80}}}], backendRefs: [{name: gone, port: 80, filters: [{requestMirror: {backendRef: {name: web, port: 80}}}]}]}]"), append(inside[:2:2],
			"HTTPRoute r spec.rules[0].filters[0].requestMirror.backendRef: web TCP 8080, outside", "HTTPRoute r spec.rules[0].backendRefs[0].filters[0].requestMirror.backendRef: web TCP 8080, outside")},
		{"another namespace", routeIn("b", "HTTPRoute", "rules: [{backendRefs: [{name: web, namespace: a, port: 80}]}]"), inside},
		{"another namespace with a grant", routeIn("b", "HTTPRoute", "rules: [{backendRefs: [{name: web, namespace: a, port: 80}]}]") + grant("group: x", "group: \"\", kind: Service"), append(inside[:2:2], "HTTPRoute r spec.rules[0].backendRefs[0]: web TCP 8080, outside")},
		{"a grant for one Service", routeIn("b", "HTTPRoute", "rules: [{backendRefs: [{name: web, namespace: a, port: 80}]}]") + grant("group: x", "group: \"\", kind: Service, name: web"), append(inside[:2:2], "HTTPRoute r spec.rules[0].backendRefs[0]: web TCP 8080, outside")},
		{"a grant for another Service", routeIn("b", "HTTPRoute", "rules: [{backendRefs: [{name: web, namespace: a, port: 80}]}]") + grant("group: x", "group: \"\", kind: Service, name: db"), inside},
		{"a grant for another kind of route", routeIn("b", "GRPCRoute", "rules: [{backendRefs: [{name: web, namespace: a, port: 80}]}]") + grant("group: x, kind: GRPCRoute, namespace: b", "group: \"\", kind: Service"), inside},
		{"a grant for another namespace", routeIn("c", "HTTPRoute", "rules: [{backendRefs: [{name: web, namespace: a, port: 80}]}]") + grant("group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: d", "group: \"\", kind: Service"), inside},
		{"UDPRoute", both + strings.TrimPrefix(route("UDPRoute", "rules: [{backendRefs: [{name: both, port: 53}, {name: x, kind: Other}]}]"), web), append(insideBoth[:2:2], "UDPRoute r spec.rules[0].backendRefs[0]: web UDP 53, outside")},
		{"TCPRoute", both + strings.TrimPrefix(route("TCPRoute", "rules: [{backendRefs: [{name: both, port: 53}]}]"), web), append(insideBoth[:2:2], "TCPRoute r spec.rules[0].backendRefs[0]: web TCP 53, outside")},
		{"TLSRoute", route("TLSRoute", "rules: [{backendRefs: [{name: web, port: 53}, {name: web, port: 80}]}]"), append(inside[:2:2], "TLSRoute r spec.rules[0].backendRefs[1]: web TCP 8080, outside")},
		{"a route of a mesh", strings.Replace(route("GRPCRoute", "rules: [{backendRefs: [{name: web, port: 80}]}]"), "{name: gw}", "{kind: Service, name: web}", 1), append(inside[:2:2], "GRPCRoute r spec.rules[0].backendRefs[0]: web TCP 8080, inside")},
		{"a route of a mesh and a gateway", strings.Replace(route("GRPCRoute", "rules: [{backendRefs: [{name: web, port: 80}]}]"), "{name: gw}", "{name: gw}, {kind: Service, name: web}", 1), append(inside[:2:2], "GRPCRoute r spec.rules[0].backendRefs[0]: web TCP 8080, outside")},
		{"a route of no gateway", strings.Replace(route("HTTPRoute", "rules: [{backendRefs: [{name: web, port: 80}]}]"), "{name: gw}", "", 1), inside},
		{"OpenShift", web + openShift("port: {targetPort: main}, to: {name: gone}, alternateBackends: [{name: web}]"), append(inside[:2:2], "Route r spec.alternateBackends[0]: web TCP 8080, outside")},
		{"OpenShift by the target's number", web + openShift("port: {targetPort: 8080}, to: {name: web}"), append(inside[:2:2], "Route r spec.to: web TCP 8080, outside")},
		{"OpenShift by the number as a text", web + openShift("port: {targetPort: \"8080\"}, to: {name: web}"), append(inside[:2:2], "Route r spec.to: web TCP 8080, outside")},
		{"OpenShift by the Service's number", web + openShift("port: {targetPort: 80}, to: {name: web}"), inside},
		{"OpenShift has no UDP", web + openShift("port: {targetPort: 53}, to: {name: web}"), inside},
		{"OpenShift without a port", web + openShift("to: {name: web}"), append(inside[:2:2], "Route r spec.to: web TCP 8080, outside")},
		{"OpenShift without weight", web + openShift("to: {name: web, weight: 0}, alternateBackends: [{name: web, weight: 0}, {name: web, weight: 1}]"), append(inside[:2:2], "Route r spec.alternateBackends[1]: web TCP 8080, outside")},
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
