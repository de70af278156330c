package netpol

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// backend is a Service to which an Ingress or a route leads.
type backend struct {
	namespace, service string
	path               []any
	protocol           Protocol
	mesh               bool // only for calls within the cluster
	// The port of the service, by its name or number, or the port that its target
	// has as name or number. Where none is given, the backend is all of its ports.
	port   string
	number int
	target string
}

func (b backend) leadsTo(t Target) bool {
	switch {
	case t.Port.Protocol != b.protocol:
		return false
	case b.port != "":
		return b.port == t.Port.Name
	case b.number != 0:
		return b.number == t.Port.Number
	case b.target != "":
		return b.target == t.Port.Name || b.target == strconv.Itoa(t.Number)
	default:
		return true
	}
}

// setPort takes a name or a number; ok is false for something else.
func (b *backend) setPort(value any) (ok bool) {
	switch v := value.(type) {
	case string:
		b.port = v
	case int64:
		b.number = int(v)
	}
	return b.port != "" || b.number != 0
}

// backends returns the Services that an Ingress or a route publishes.
func backends(o *manifest.Object) []backend {
	switch {
	case o.Kind == "Ingress":
		return ingressBackends(o)
	case o.Group == gatewayGroup:
		return gatewayBackends(o)
	default:
		return openShiftBackends(o)
	}
}

func ingressBackends(o *manifest.Object) []backend {
	var found []backend
	add := func(path ...any) {
		b := backend{namespace: o.Namespace, path: path, protocol: TCP}
		value := manifest.Lookup(o.Data, path...)
		var ok bool
		if b.service = manifest.Text(value, "service", "name"); b.service != "" {
			ok = b.setPort(manifest.Lookup(value, "service", "port", "number")) || b.setPort(manifest.Lookup(value, "service", "port", "name"))
		} else { // v1beta1
			b.service = manifest.Text(value, "serviceName")
			ok = b.setPort(manifest.Lookup(value, "servicePort"))
		}
		if ok && b.service != "" {
			found = append(found, b)
		}
	}
	add("spec", "defaultBackend")
	add("spec", "backend")
	for i, rule := range manifest.Items(o.Data, "spec", "rules") {
		for j := range manifest.Items(rule, "http", "paths") {
			add("spec", "rules", i, "http", "paths", j, "backend")
		}
	}
	return found
}

const gatewayGroup = "gateway.networking.k8s.io"

// gatewayBackends reads HTTPRoute, GRPCRoute, TLSRoute, TCPRoute and UDPRoute. A
// route without parents is attached to nothing, and one whose parents are all
// Services is about calls within a mesh (https://gateway-api.sigs.k8s.io/mesh/).
func gatewayBackends(o *manifest.Object) []backend {
	parents := manifest.Items(o.Data, "spec", "parentRefs")
	if len(parents) == 0 {
		return nil
	}
	r := gatewayRoute{Object: o, protocol: TCP}
	r.mesh = !slices.ContainsFunc(parents, func(p any) bool { return manifest.Text(p, "kind") != "Service" })
	if o.Kind == "UDPRoute" {
		r.protocol = UDP
	}
	for i := range manifest.Items(o.Data, "spec", "rules") {
		rule := []any{"spec", "rules", i}
		r.addMirrors(rule)
		for j := range manifest.Items(o.Data, append(rule, "backendRefs")...) {
			ref := slices.Concat(rule, []any{"backendRefs", j})
			r.add(ref)
			r.addMirrors(ref)
		}
	}
	return r.found
}

type gatewayRoute struct {
	*manifest.Object
	protocol Protocol
	mesh     bool
	found    []backend
}

// addMirrors adds the backends to which the filters at a path mirror requests.
func (r *gatewayRoute) addMirrors(path []any) {
	for i := range manifest.Items(r.Data, append(path, "filters")...) {
		r.add(slices.Concat(path, []any{"filters", i, "requestMirror", "backendRef"}))
	}
}

// add adds the BackendObjectReference at a path, if it is one of a Service that gets
// something: a weight of 0 keeps everything from it.
func (r *gatewayRoute) add(path []any) {
	ref := manifest.Lookup(r.Data, path...)
	kind := manifest.Text(ref, "kind")
	if manifest.Text(ref, "group") != "" || kind != "" && kind != "Service" || manifest.Lookup(ref, "weight") == int64(0) {
		return
	}
	b := backend{namespace: r.Namespace, service: manifest.Text(ref, "name"), path: path, protocol: r.protocol, mesh: r.mesh}
	if namespace := manifest.Text(ref, "namespace"); namespace != "" {
		b.namespace = namespace
	}
	if b.setPort(manifest.Lookup(ref, "port")) { // which a Service needs
		r.found = append(r.found, b)
	}
}

// granted tells whether an object may refer to a backend. One in another namespace
// needs a ReferenceGrant there (https://gateway-api.sigs.k8s.io/api-types/referencegrant/).
func (c *Cluster) granted(o *manifest.Object, b backend) bool {
	if b.namespace == o.Namespace {
		return true
	}
	return slices.ContainsFunc(c.grants, func(grant *manifest.Object) bool {
		return grant.Namespace == b.namespace &&
			slices.ContainsFunc(manifest.Items(grant.Data, "spec", "from"), func(from any) bool {
				return manifest.Text(from, "group") == o.Group && manifest.Text(from, "kind") == o.Kind && manifest.Text(from, "namespace") == o.Namespace
			}) &&
			slices.ContainsFunc(manifest.Items(grant.Data, "spec", "to"), func(to any) bool {
				name := manifest.Text(to, "name")
				return manifest.Text(to, "group") == "" && manifest.Text(to, "kind") == "Service" && (name == "" || name == b.service)
			})
	})
}

// openShiftBackends reads a Route. Its port is that of an endpoint, by name or
// number, and never one of UDP
// (https://docs.openshift.com/container-platform/latest/rest_api/network_apis/route-route-openshift-io-v1.html).
func openShiftBackends(o *manifest.Object) []backend {
	b := backend{namespace: o.Namespace, protocol: TCP}
	switch port := manifest.Lookup(o.Data, "spec", "port", "targetPort").(type) {
	case string:
		b.target = port
	case int64:
		b.target = strconv.FormatInt(port, 10)
	}
	var found []backend
	add := func(path ...any) {
		ref := manifest.Lookup(o.Data, path...)
		if manifest.Lookup(ref, "weight") != int64(0) {
			b.service, b.path = manifest.Text(ref, "name"), path
			found = append(found, b)
		}
	}
	add("spec", "to")
	for i := range manifest.Items(o.Data, "spec", "alternateBackends") {
		add("spec", "alternateBackends", i)
	}
	return found
}

// isRoute tells whether objects of the kind lead to Services.
func (k kind) isRoute() bool {
	switch k.group {
	case "networking.k8s.io", "extensions":
		return k.name == "Ingress"
	case gatewayGroup:
		return strings.HasSuffix(k.name, "Route")
	case "route.openshift.io":
		return k.name == "Route"
	default:
		return false
	}
}

func (k kind) isReferenceGrant() bool { return k.group == gatewayGroup && k.name == "ReferenceGrant" }
