package traffic

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// route is a field by which a custom resource leads connections from outside of the
// cluster to a Service.
type route struct {
	groups    []string
	kind      string
	path      []any // of the objects that name a Service
	service   string
	namespace string // field of it; empty where it is the object's own
	port      string
	protocol  netpol.Protocol
}

var (
	traefik = []string{"traefik.io", "traefik.containo.us"}
	contour = []string{"projectcontour.io"}
	kong    = []string{"configuration.konghq.com"}
	apisix  = []string{"apisix.apache.org"}
	nginx   = []string{"k8s.nginx.org"}
	skipper = []string{"zalando.org"}
	aws     = []string{"elbv2.k8s.aws"}
)

// customRoutes are the kinds of ingress controllers that name Services by fields:
//   - https://doc.traefik.io/traefik/reference/dynamic-configuration/kubernetes-crd/
//   - https://projectcontour.io/docs/main/config/api/
//   - https://docs.konghq.com/kubernetes-ingress-controller/latest/reference/custom-resources/
//   - https://apisix.apache.org/docs/ingress-controller/references/apisix_route_v2/
//   - https://docs.nginx.com/nginx-ingress-controller/configuration/virtualserver-and-virtualserverroute-resources/
//   - https://opensource.zalando.com/skipper/kubernetes/routegroups/
//   - https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/targetgroupbinding/spec/
var customRoutes = []route{
	{traefik, "IngressRoute", []any{"spec", "routes", "*", "services", "*"}, "name", "namespace", "port", netpol.TCP},
	{traefik, "IngressRouteTCP", []any{"spec", "routes", "*", "services", "*"}, "name", "namespace", "port", netpol.TCP},
	{traefik, "IngressRouteUDP", []any{"spec", "routes", "*", "services", "*"}, "name", "namespace", "port", netpol.UDP},
	{traefik, "TraefikService", []any{"spec", "weighted", "services", "*"}, "name", "namespace", "port", netpol.TCP},
	{traefik, "TraefikService", []any{"spec", "mirroring"}, "name", "namespace", "port", netpol.TCP},
	{traefik, "TraefikService", []any{"spec", "mirroring", "mirrors", "*"}, "name", "namespace", "port", netpol.TCP},
	{traefik, "Middleware", []any{"spec", "errors", "service"}, "name", "namespace", "port", netpol.TCP},
	{contour, "HTTPProxy", []any{"spec", "routes", "*", "services", "*"}, "name", "", "port", netpol.TCP},
	{contour, "HTTPProxy", []any{"spec", "tcpproxy", "services", "*"}, "name", "", "port", netpol.TCP},
	{contour, "ExtensionService", []any{"spec", "services", "*"}, "name", "", "port", netpol.TCP},
	{kong, "TCPIngress", []any{"spec", "rules", "*", "backend"}, "serviceName", "", "servicePort", netpol.TCP},
	{kong, "UDPIngress", []any{"spec", "rules", "*", "backend"}, "serviceName", "", "servicePort", netpol.UDP},
	{apisix, "ApisixRoute", []any{"spec", "http", "*", "backends", "*"}, "serviceName", "", "servicePort", netpol.TCP},
	{apisix, "ApisixRoute", []any{"spec", "stream", "*", "backend"}, "serviceName", "", "servicePort", ""},
	{nginx, "VirtualServer", []any{"spec", "upstreams", "*"}, "service", "", "port", netpol.TCP},
	{nginx, "VirtualServerRoute", []any{"spec", "upstreams", "*"}, "service", "", "port", netpol.TCP},
	{nginx, "TransportServer", []any{"spec", "upstreams", "*"}, "service", "", "port", ""},
	{skipper, "RouteGroup", []any{"spec", "backends", "*"}, "serviceName", "", "servicePort", netpol.TCP},
	{aws, "TargetGroupBinding", []any{"spec", "serviceRef"}, "name", "", "port", netpol.TCP},
}

// routeURLs are the fields of ingress controllers' kinds that hold an address, and the
// annotations by which Ingresses have them.
var routeURLs = []route{
	{groups: traefik, kind: "Middleware", path: []any{"spec", "forwardAuth", "address"}},
	{groups: []string{"getambassador.io"}, kind: "Mapping", path: []any{"spec", "service"}},
	{groups: []string{"getambassador.io"}, kind: "TCPMapping", path: []any{"spec", "service"}, port: "port"},
	{groups: []string{"getambassador.io"}, kind: "AuthService", path: []any{"spec", "auth_service"}},
	{groups: []string{"getambassador.io"}, kind: "RateLimitService", path: []any{"spec", "service"}},
	{groups: []string{"getambassador.io"}, kind: "LogService", path: []any{"spec", "service"}},
	{groups: []string{"getambassador.io"}, kind: "TracingService", path: []any{"spec", "service"}},
}

// readRoutes finds the calls that ingress controllers make because of objects that
// are no Ingresses and no routes of the Gateway API.
func (x *inference) readRoutes() {
	for _, o := range x.objects.all {
		for _, r := range customRoutes {
			if o.Kind == r.kind && slices.Contains(r.groups, o.Group) {
				visit(o.Data, r.path, func(value any, at []any) { x.customRoute(o, r, value, at) })
			}
		}
		for _, r := range routeURLs {
			if o.Kind == r.kind && slices.Contains(r.groups, o.Group) {
				visit(o.Data, r.path, func(value any, at []any) { x.routeURL(o, value, at) })
			}
		}
		if o.Kind == "Ingress" {
			x.ingressAnnotations(o)
		}
	}
	x.readVirtualServices()
}

// isCustomRoute tells whether an object is of a kind in these lists.
func isCustomRoute(o *manifest.Object) bool {
	is := func(r route) bool { return o.Kind == r.kind && slices.Contains(r.groups, o.Group) }
	return slices.ContainsFunc(customRoutes, is) || slices.ContainsFunc(routeURLs, is)
}

// customRoute adds the calls to a Service that a field names. One with the weight 0
// beside others gets nothing; a kind tells of something else than a Service.
func (x *inference) customRoute(o *manifest.Object, r route, value any, at []any) {
	kind, weight := manifest.Text(value, "kind"), manifest.Lookup(value, "weight")
	if kind != "" && kind != "Service" || weight == int64(0) {
		return
	}
	ref := reference{o.Namespace, manifest.Text(value, r.service), portOf(manifest.Lookup(value, r.port)), r.protocol}
	if r.namespace != "" && manifest.Text(value, r.namespace) != "" {
		ref.namespace = manifest.Text(value, r.namespace)
	}
	if ref.service == "" || strings.Contains(ref.service, "@") { // of another provider of Traefik
		return
	}
	x.lead(End{External: IngressController}, ref, routeEvidence(o, ref.service, append(slices.Clip(at), r.service)))
}

func routeEvidence(o *manifest.Object, service string, at []any) Evidence {
	return Evidence{
		Kind: strings.ToLower(o.Kind), Origin: o.At(at...), Confidence: High,
		Text: o.Kind + " " + o.Name + " leads to Service " + service,
	}
}

// routeURL adds the calls to the Service that an address names: one with a namespace,
// or of the object's own.
func (x *inference) routeURL(o *manifest.Object, value any, at []any) {
	text, _ := value.(string)
	found := addresses(text)
	if o.Kind == "TCPMapping" && len(found) == 1 && found[0].bare {
		found[0] = address{host: found[0].host, protocol: netpol.TCP} // whose port is the Service's
	}
	for _, a := range found {
		p, ok := x.resolve(a.host, o.Namespace)
		switch {
		case ok && p.missing:
			x.dangling = append(x.dangling, Dangling{End{External: IngressController}, a.host, routeEvidence(o, a.host, at)})
		case ok && p.service != nil:
			if a.bare && hasPort(p.service, 80) { // the default of Ambassador
				a.port = 80
			}
			x.callService(End{External: IngressController}, p, a, routeEvidence(o, p.service.Name, at))
		}
	}
}

func hasPort(s *netpol.Service, number int) bool {
	return slices.ContainsFunc(s.Ports, func(p netpol.ServicePort) bool { return p.Number == number })
}

// ingressAnnotations finds the Services that the annotations of an Ingress name,
// which the controller asks whether to let somebody in, or shows where nothing else
// answers. Where a browser is sent to sign in, the controller does not go
// (https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/).
func (x *inference) ingressAnnotations(o *manifest.Object) {
	for key, value := range manifest.Mapping(o.Data, "metadata", "annotations") {
		text, isText := value.(string)
		_, field, isQualified := strings.Cut(key, "/")
		of := words(field)
		if !isText || !isQualified || hasWord(of, "signin", "redirect", "cors", "origin") || strings.HasPrefix(key, "kubectl.") {
			continue
		}
		at := []any{"metadata", "annotations", key}
		if field == "default-backend" && isDomain(text) {
			x.lead(End{External: IngressController}, reference{o.Namespace, text, x.firstPort(o.Namespace, text), netpol.TCP}, routeEvidence(o, text, at))
			continue
		}
		for _, a := range addresses(text) {
			if p, ok := x.resolve(a.host, o.Namespace); ok && p.service != nil && !a.bare {
				x.callService(End{External: IngressController}, p, a, routeEvidence(o, p.service.Name, at))
			}
		}
	}
}

// firstPort returns the first port of a Service, which is the one that a default
// backend is called on.
func (x *inference) firstPort(namespace, service string) string {
	if s := x.services[name{namespace, service}]; s != nil && len(s.Ports) > 0 {
		return portOf(int64(s.Ports[0].Number))
	}
	return ""
}
