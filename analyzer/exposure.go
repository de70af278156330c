package analyzer

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// exposure is something that makes a workload reachable from outside the cluster.
type exposure struct {
	by    *manifest.Object
	path  []any          // the field that does it
	ports netpol.ConnSet // of the pods
}

// exposures finds what Services, Ingresses and routes publish.
func exposures(cluster *netpol.Cluster, objects []*manifest.Object) map[*netpol.Workload][]exposure {
	found := map[*netpol.Workload][]exposure{}
	services := map[manifest.Ref]*netpol.Service{}
	for _, s := range cluster.Services {
		services[manifest.Ref{Namespace: s.Namespace, Name: s.Name}] = s
		if s.Type == "LoadBalancer" || s.Type == "NodePort" {
			for _, t := range cluster.Targets(s) {
				found[t.Workload] = append(found[t.Workload], exposure{s.Source, []any{"spec", "type"}, targetPorts(t)})
			}
		}
	}
	for _, o := range objects {
		for _, b := range backends(o) {
			s := services[manifest.Ref{Namespace: b.namespace, Name: b.service}]
			if s == nil {
				continue
			}
			for _, t := range cluster.Targets(s) {
				if b.port.is(t.Port) {
					found[t.Workload] = append(found[t.Workload], exposure{o, b.path, targetPorts(t)})
				}
			}
		}
	}
	for _, list := range found {
		slices.SortStableFunc(list, func(a, b exposure) int { return a.by.Ref.Compare(b.by.Ref) })
	}
	return found
}

func targetPorts(t netpol.Target) netpol.ConnSet {
	if t.Number == 0 {
		return netpol.ConnSet{}
	}
	return netpol.Ports(t.Port.Protocol, t.Number, t.Number)
}

// backend is a Service to which an Ingress or a route leads.
type backend struct {
	namespace, service string
	port               backendPort
	path               []any
}

// backendPort names a port of a Service; the zero value stands for all of them.
type backendPort struct {
	name   string
	number int
}

func (p backendPort) is(port netpol.ServicePort) bool {
	switch {
	case p.name != "":
		return p.name == port.Name
	case p.number != 0:
		return p.number == port.Number
	default:
		return true
	}
}

func portOf(value any) backendPort {
	switch v := value.(type) {
	case string:
		return backendPort{name: v}
	case int64:
		return backendPort{number: int(v)}
	default:
		return backendPort{}
	}
}

// backends returns the Services that an object publishes, none for other kinds.
func backends(o *manifest.Object) []backend {
	switch {
	case o.Kind == "Ingress" && (o.Group == "networking.k8s.io" || o.Group == "extensions"):
		return ingressBackends(o)
	case o.Group == "gateway.networking.k8s.io" && strings.HasSuffix(o.Kind, "Route"):
		return gatewayBackends(o)
	case o.Group == "route.openshift.io" && o.Kind == "Route":
		return openShiftBackends(o)
	default:
		return nil
	}
}

func ingressBackends(o *manifest.Object) []backend {
	var found []backend
	add := func(path ...any) {
		b := backend{namespace: o.Namespace, path: path}
		value := mapping(field(o, path...))
		if service := mapping(value["service"]); service != nil {
			b.service = text(service["name"])
			port := mapping(service["port"])
			if b.port = portOf(port["number"]); b.port == (backendPort{}) {
				b.port = portOf(port["name"])
			}
		} else { // v1beta1
			b.service, b.port = text(value["serviceName"]), portOf(value["servicePort"])
		}
		if b.service != "" {
			found = append(found, b)
		}
	}
	add("spec", "defaultBackend")
	add("spec", "backend")
	for i, rule := range list(field(o, "spec", "rules")) {
		for j := range list(mapping(mapping(rule)["http"])["paths"]) {
			add("spec", "rules", i, "http", "paths", j, "backend")
		}
	}
	return found
}

// gatewayBackends reads HTTPRoute and the like. A route whose parents are
// Services is about calls within a mesh.
func gatewayBackends(o *manifest.Object) []backend {
	parents := list(field(o, "spec", "parentRefs"))
	mesh := func(parent any) bool { return mapping(parent)["kind"] == "Service" }
	if len(parents) > 0 && !slices.ContainsFunc(parents, func(p any) bool { return !mesh(p) }) {
		return nil
	}
	var found []backend
	for i, rule := range list(field(o, "spec", "rules")) {
		for j, ref := range list(mapping(rule)["backendRefs"]) {
			value := mapping(ref)
			if kind := text(value["kind"]); kind != "" && kind != "Service" {
				continue
			}
			b := backend{namespace: o.Namespace, service: text(value["name"]), port: portOf(value["port"])}
			if ns := text(value["namespace"]); ns != "" {
				b.namespace = ns
			}
			b.path = []any{"spec", "rules", i, "backendRefs", j}
			found = append(found, b)
		}
	}
	return found
}

func openShiftBackends(o *manifest.Object) []backend {
	found := []backend{{namespace: o.Namespace, service: text(field(o, "spec", "to", "name")), path: []any{"spec", "to"}}}
	for i, other := range list(field(o, "spec", "alternateBackends")) {
		found = append(found, backend{
			namespace: o.Namespace,
			service:   text(mapping(other)["name"]),
			path:      []any{"spec", "alternateBackends", i},
		})
	}
	return found
}

func mapping(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
