package traffic

import "testing"

func TestCustomRoutes(t *testing.T) {
	web := []string{deployment("web", idle), service("web", "web", "ports: [{name: http, port: 80, targetPort: web}, {name: admin, port: 81, targetPort: 9000}, {name: dns, port: 53, protocol: UDP}]")}
	const (
		yes   = "external:ingress-controller -> shop/Deployment/web 8080/TCP high"
		admin = "external:ingress-controller -> shop/Deployment/web 9000/TCP high"
		udp   = "external:ingress-controller -> shop/Deployment/web 53/UDP high"
	)
	for _, c := range []struct {
		name, apiVersion, kind, spec string
		want                         []string
	}{
		{"Traefik", "traefik.io/v1alpha1", "IngressRoute", "{routes: [{match: 'Host(`a.example.org`)', services: [{name: web, port: 80}]}]}", []string{yes}},
		{"Traefik, the old group and a name", "traefik.containo.us/v1alpha1", "IngressRoute", "{routes: [{services: [{name: web, port: admin}]}]}", []string{admin}},
		{"Traefik, a TraefikService", "traefik.io/v1alpha1", "IngressRoute", "{routes: [{services: [{name: web, kind: TraefikService}, {name: 'api@internal', kind: TraefikService}]}]}", nil},
		{"Traefik, UDP", "traefik.io/v1alpha1", "IngressRouteUDP", "{routes: [{services: [{name: web, port: 53}]}]}", []string{udp}},
		{"Traefik, weights", "traefik.io/v1alpha1", "TraefikService", "{weighted: {services: [{name: web, port: 80, weight: 1}, {name: web, port: 81, weight: 0}]}}", []string{yes}},
		{"Traefik, another namespace", "traefik.io/v1alpha1", "IngressRoute", "{routes: [{services: [{name: web, namespace: other, port: 80}]}]}", []string{"? external:ingress-controller -> web.other"}},
		{"Traefik, who lets in", "traefik.io/v1alpha1", "Middleware", "{forwardAuth: {address: 'http://web.shop.svc:81/verify'}}", []string{admin}},
		{"Contour", "projectcontour.io/v1", "HTTPProxy", "{virtualhost: {fqdn: a.example.org}, routes: [{services: [{name: web, port: 80}]}]}", []string{yes}},
		{"Contour, TCP", "projectcontour.io/v1", "HTTPProxy", "{tcpproxy: {services: [{name: web, port: 81}]}}", []string{admin}},
		{"Emissary, no port", "getambassador.io/v3alpha1", "Mapping", "{prefix: /, service: web}", []string{yes}},
		{"Emissary, a port", "getambassador.io/v3alpha1", "Mapping", "{prefix: /, service: 'web.shop:81'}", []string{admin}},
		{"Emissary, a URL", "getambassador.io/v3alpha1", "Mapping", "{prefix: /, service: 'http://web.shop.svc.cluster.local'}", []string{yes}},
		{"Kong", "configuration.konghq.com/v1beta1", "TCPIngress", "{rules: [{port: 9000, backend: {serviceName: web, servicePort: 81}}]}", []string{admin}},
		{"APISIX", "apisix.apache.org/v2", "ApisixRoute", "{http: [{backends: [{serviceName: web, servicePort: 80}]}]}", []string{yes}},
		{"NGINX", "k8s.nginx.org/v1", "VirtualServer", "{host: a.example.org, upstreams: [{name: a, service: web, port: 80}]}", []string{yes}},
		{"Skipper", "zalando.org/v1", "RouteGroup", "{backends: [{name: a, type: service, serviceName: web, servicePort: 80}, {name: b, type: shunt}]}", []string{yes}},
		{"a load balancer of AWS", "elbv2.k8s.aws/v1beta1", "TargetGroupBinding", "{serviceRef: {name: web, port: 80}}", []string{yes}},
		{"the same kind of another group", "example.com/v1", "HTTPProxy", "{routes: [{services: [{name: web, port: 80}]}]}", nil},
	} {
		scenario{name: c.name, manifests: append(web, object(c.apiVersion, c.kind, "a", "spec: "+c.spec)), want: c.want}.run(t)
	}
}

func TestIngressAnnotations(t *testing.T) {
	auth := []string{deployment("auth", idle), service("auth", "auth", "ports: [{port: 80, targetPort: web}]")}
	const yes = "external:ingress-controller -> shop/Deployment/auth 8080/TCP high"
	for _, c := range []struct {
		name, annotation string
		want             []string
	}{
		{"who lets in", `nginx.ingress.kubernetes.io/auth-url: "http://auth.shop.svc.cluster.local/verify"`, []string{yes}},
		{"where the browser signs in", `nginx.ingress.kubernetes.io/auth-signin: "http://auth.shop.svc.cluster.local/start"`, nil},
		{"the host itself", `nginx.ingress.kubernetes.io/auth-url: "https://$host/verify"`, nil},
		{"what answers else", `nginx.ingress.kubernetes.io/default-backend: auth`, []string{yes}},
		{"a snippet", `nginx.ingress.kubernetes.io/configuration-snippet: "proxy_pass http://auth.shop.svc.cluster.local;"`, []string{yes}},
		{"a word", `nginx.ingress.kubernetes.io/auth-type: auth`, nil},
	} {
		scenario{name: c.name, manifests: append(auth, `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a, namespace: shop, annotations: {`+c.annotation+`}}
spec: {rules: [{host: a.example.org}]}`), want: c.want}.run(t)
	}
}
