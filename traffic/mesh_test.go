package traffic

import "testing"

func TestVirtualServices(t *testing.T) {
	web := []string{deployment("web", idle), service("web", "web", "ports: [{port: 80, targetPort: web}]")}
	virtualService := func(name, spec string) string {
		return object("networking.istio.io/v1", "VirtualService", name, "spec: "+spec)
	}
	const yes = "external:ingress-controller -> shop/Deployment/web 8080/TCP high"
	for _, s := range []scenario{
		{"through a gateway", append(web, virtualService("a", "{hosts: ['*'], gateways: [ingress], http: [{route: [{destination: {host: web, port: {number: 80}}}]}]}")), nil, []string{yes}},
		{"by the full name, without a port", append(web, virtualService("a", "{hosts: ['*'], gateways: [mesh, other/ingress], http: [{route: [{destination: {host: web.shop.svc.cluster.local}}]}]}")), nil, []string{yes}},
		{"only within the mesh", append(web, virtualService("a", "{hosts: [web], http: [{route: [{destination: {host: web}}]}]}")), nil, nil},
		{"only within the mesh, as it says", append(web, virtualService("a", "{hosts: [web], gateways: [mesh], http: [{route: [{destination: {host: web}}]}]}")), nil, nil},
		{"a rule within the mesh", append(web, virtualService("a", "{hosts: [web], gateways: [mesh, ingress], http: [{match: [{gateways: [mesh]}], route: [{destination: {host: web}}]}]}")), nil, nil},
		{"another port", append(web, virtualService("a", "{hosts: ['*'], gateways: [ingress], tcp: [{route: [{destination: {host: web, port: {number: 81}}}]}]}")), nil, nil},
		{"a mirror", append(web, virtualService("a", "{hosts: ['*'], gateways: [ingress], http: [{mirror: {host: web}, redirect: {uri: /}}]}")), nil, []string{yes}},
		{"the weight 0", append(web, virtualService("a", "{hosts: ['*'], gateways: [ingress], http: [{route: [{destination: {host: web}, weight: 0}, {destination: {host: gone.shop.svc.cluster.local}, weight: 100}]}]}")), nil, []string{"? external:ingress-controller -> gone.shop.svc.cluster.local"}},
		{"a host outside", append(web, virtualService("a", "{hosts: ['*'], gateways: [ingress], http: [{route: [{destination: {host: api.vendor.com}}]}]}")), nil, nil},
		{"a Service that is not there", append(web, virtualService("a", "{hosts: ['*'], gateways: [ingress], http: [{route: [{destination: {host: gone}}]}]}")), nil, []string{"? external:ingress-controller -> gone"}},
		{"a ServiceEntry", append(web, virtualService("a", "{hosts: ['*'], gateways: [ingress], http: [{route: [{destination: {host: vendor}}]}]}"),
			object("networking.istio.io/v1", "ServiceEntry", "a", "spec: {hosts: [vendor]}")), nil, nil},
		{"a delegate", append(web,
			virtualService("a", "{hosts: ['*'], gateways: [ingress], http: [{delegate: {name: b}}]}"),
			virtualService("b", "{http: [{route: [{destination: {host: web}}]}]}")), nil, []string{yes}},
	} {
		s.run(t)
	}
}

func TestSubset(t *testing.T) {
	labelled := func(name, version string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: shop, labels: {app: web, version: " + version + "}}\nspec: " + idle
	}
	scenario{
		name: "only the pods of the subset",
		manifests: []string{
			labelled("old", "v1"), labelled("new", "v2"),
			service("web", "web", "ports: [{port: 80, targetPort: 8080}]"),
			object("networking.istio.io/v1", "VirtualService", "a", "spec: {hosts: ['*'], gateways: [ingress], http: [{route: [{destination: {host: web, subset: second}}]}]}"),
			object("networking.istio.io/v1", "DestinationRule", "web", "spec: {host: web.shop.svc.cluster.local, subsets: [{name: second, labels: {version: v2}}]}"),
		},
		want: []string{"external:ingress-controller -> shop/Pod/new 8080/TCP high"},
	}.run(t)
}
