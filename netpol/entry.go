package netpol

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// Entry is a way by which connections reach a workload: a port of a Service, or
// an Ingress or route that leads to one.
type Entry struct {
	By   *manifest.Object
	Path []any // the field of By that publishes
	Target
	Service *Service // that leads to the workload; it is By itself or the backend of By
	// Outside is true for what clients outside the cluster can call. Else it is for
	// clients in the cluster.
	Outside bool
}

// Conn returns the ports of the pods to which the entry leads: nothing where they
// declare no port of the target's name.
func (e Entry) Conn() ConnSet {
	return Ports(e.Port.Protocol, e.Number, e.Number)
}

// Entries returns the ways into workloads that Services, Ingresses, routes of the
// Gateway API and OpenShift Routes make, those of Services first, each sorted by
// object. A Service without selector and one of type ExternalName lead to no
// workload. What the controllers of Ingresses and routes are, and whether they
// may connect to the workload, is another matter.
func (c *Cluster) Entries() []Entry {
	var entries []Entry
	services := make(map[manifest.Ref]*Service, len(c.Services))
	for _, s := range c.Services {
		services[manifest.Ref{Namespace: s.Namespace, Name: s.Name}] = s
		outside, path := s.outside()
		for _, t := range c.Targets(s) {
			e := Entry{By: s.Source, Path: path, Target: t, Service: s, Outside: outside}
			if !outside {
				e.Path = t.Port.Path
			}
			entries = append(entries, e)
		}
	}
	for _, o := range c.routes {
		for _, b := range backends(o) {
			s := services[manifest.Ref{Namespace: b.namespace, Name: b.service}]
			if s == nil {
				continue
			}
			for _, t := range c.Targets(s) {
				if b.leadsTo(t.Port) {
					entries = append(entries, Entry{By: o, Path: b.path, Target: t, Service: s, Outside: !b.mesh})
				}
			}
		}
	}
	return entries
}

// outside tells whether the service has an address outside the cluster's network,
// and by which field.
func (s *Service) outside() (outside bool, path []any) {
	if s.Type == "LoadBalancer" || s.Type == "NodePort" {
		return true, []any{"spec", "type"}
	}
	return len(items(s.Source.Data, "spec", "externalIPs")) > 0, []any{"spec", "externalIPs"}
}

// backend is a Service to which an Ingress or a route leads.
type backend struct {
	namespace, service string
	path               []any
	mesh               bool // only for calls within the cluster
	// The port of the service, by its name or number, or by the number of its
	// target. Where none is given, the backend is all of its ports.
	port           string
	number, target int
}

func (b backend) leadsTo(p ServicePort) bool {
	switch {
	case b.port != "":
		return b.port == p.Name
	case b.number != 0:
		return b.number == p.Number
	case b.target != 0:
		return b.target == p.TargetNumber
	default:
		return true
	}
}

// setPort takes a name or a number.
func (b *backend) setPort(value any) {
	switch v := value.(type) {
	case string:
		b.port = v
	case int64:
		b.number = int(v)
	}
}

// backends returns the Services that an Ingress or a route publishes.
func backends(o *manifest.Object) []backend {
	switch {
	case o.Kind == "Ingress":
		return ingressBackends(o)
	case o.Group == "gateway.networking.k8s.io":
		return gatewayBackends(o)
	default:
		return openShiftBackends(o)
	}
}

func ingressBackends(o *manifest.Object) []backend {
	var found []backend
	add := func(path ...any) {
		b := backend{namespace: o.Namespace, path: path}
		value := lookup(o.Data, path...)
		if b.service = text(value, "service", "name"); b.service != "" {
			if b.setPort(lookup(value, "service", "port", "number")); b.number == 0 {
				b.setPort(lookup(value, "service", "port", "name"))
			}
		} else { // v1beta1
			b.service = text(value, "serviceName")
			b.setPort(lookup(value, "servicePort"))
		}
		if b.service != "" {
			found = append(found, b)
		}
	}
	add("spec", "defaultBackend")
	add("spec", "backend")
	for i, rule := range items(o.Data, "spec", "rules") {
		for j := range items(rule, "http", "paths") {
			add("spec", "rules", i, "http", "paths", j, "backend")
		}
	}
	return found
}

// gatewayBackends reads HTTPRoute, GRPCRoute, TLSRoute, TCPRoute and UDPRoute. A
// route whose parents are all Services is about calls within a mesh
// (https://gateway-api.sigs.k8s.io/mesh/).
func gatewayBackends(o *manifest.Object) []backend {
	parents := items(o.Data, "spec", "parentRefs")
	mesh := len(parents) > 0 && !slices.ContainsFunc(parents, func(p any) bool { return text(p, "kind") != "Service" })
	var found []backend
	for i, rule := range items(o.Data, "spec", "rules") {
		for j, ref := range items(rule, "backendRefs") {
			if kind := text(ref, "kind"); kind != "" && kind != "Service" {
				continue
			}
			b := backend{namespace: o.Namespace, service: text(ref, "name"), mesh: mesh}
			if namespace := text(ref, "namespace"); namespace != "" {
				b.namespace = namespace
			}
			b.setPort(lookup(ref, "port"))
			b.path = []any{"spec", "rules", i, "backendRefs", j}
			found = append(found, b)
		}
	}
	return found
}

func openShiftBackends(o *manifest.Object) []backend {
	b := backend{namespace: o.Namespace}
	switch port := lookup(o.Data, "spec", "port", "targetPort").(type) {
	case string:
		b.port = port
	case int64:
		b.target = int(port)
	}
	b.service, b.path = text(o.Data, "spec", "to", "name"), []any{"spec", "to"}
	found := []backend{b}
	for i, other := range items(o.Data, "spec", "alternateBackends") {
		b.service, b.path = text(other, "name"), []any{"spec", "alternateBackends", i}
		found = append(found, b)
	}
	return found
}

// isRoute tells whether objects of the kind lead to Services.
func (k kind) isRoute() bool {
	switch k.group {
	case "networking.k8s.io", "extensions":
		return k.name == "Ingress"
	case "gateway.networking.k8s.io":
		return strings.HasSuffix(k.name, "Route")
	case "route.openshift.io":
		return k.name == "Route"
	default:
		return false
	}
}

// lookup returns the value at a path of decoded data, nil where there is none.
func lookup(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := value.(map[string]any)
			value = m[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

func text(value any, path ...any) string {
	s, _ := lookup(value, path...).(string)
	return s
}

func items(value any, path ...any) []any {
	list, _ := lookup(value, path...).([]any)
	return list
}
