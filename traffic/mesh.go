package traffic

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

const istioNetworking = "networking.istio.io"

// meshGateway is the name that stands for all proxies within a mesh: a VirtualService
// without gateways, or with this one alone, changes how workloads call each other and
// lets nobody in
// (https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService).
const meshGateway = "mesh"

// readVirtualServices finds the calls that gateways of Istio make.
func (x *inference) readVirtualServices() {
	delegates := map[name]bool{}
	var routes []*manifest.Object
	for _, o := range x.objects.all {
		if o.Group != istioNetworking || o.Kind != "VirtualService" {
			continue
		}
		routes = append(routes, o)
		if !throughGateway(texts(o.Data, "spec", "gateways")) {
			continue
		}
		visit(o.Data, []any{"spec", "http", "*", "delegate"}, func(value any, _ []any) {
			namespace := manifest.Text(value, "namespace")
			if namespace == "" {
				namespace = o.Namespace
			}
			delegates[name{namespace, manifest.Text(value, "name")}] = true
		})
	}
	for _, o := range routes {
		if throughGateway(texts(o.Data, "spec", "gateways")) || delegates[name{o.Namespace, o.Name}] {
			x.virtualService(o)
		}
	}
}

// throughGateway tells whether gateways are not only the mesh.
func throughGateway(gateways []string) bool {
	return slices.ContainsFunc(gateways, func(g string) bool { return g != meshGateway })
}

func (x *inference) virtualService(o *manifest.Object) {
	for _, protocol := range []string{"http", "tls", "tcp"} {
		visit(o.Data, []any{"spec", protocol, "*"}, func(rule any, at []any) {
			if inMesh(rule) {
				return
			}
			for _, path := range [][]any{{"route", "*"}, {"mirrors", "*"}} {
				visit(rule, path, func(route any, below []any) {
					if manifest.Lookup(route, "weight") != int64(0) || len(manifest.Items(rule, path[0])) == 1 {
						x.destination(o, manifest.Mapping(route, "destination"), slices.Concat(at, below, []any{"destination"}))
					}
				})
			}
			x.destination(o, manifest.Mapping(rule, "mirror"), append(slices.Clip(at), "mirror"))
		})
	}
}

// inMesh tells whether every match of a rule is for calls within the mesh.
func inMesh(rule any) bool {
	matches := manifest.Items(rule, "match")
	return len(matches) > 0 && !slices.ContainsFunc(matches, func(match any) bool {
		gateways := texts(match, "gateways")
		return len(gateways) == 0 || throughGateway(gateways)
	})
}

// destination adds the calls of a Destination. Its short names are of the
// VirtualService's namespace; where it gives no port, the Service has only one.
func (x *inference) destination(o *manifest.Object, to map[string]any, at []any) {
	host := manifest.Text(to, "host")
	if host == "" {
		return
	}
	at = append(slices.Clip(at), "host")
	p, ok := x.resolve(host, o.Namespace)
	switch {
	case ok && p.service == nil && !p.missing, x.isEntry(host):
		return // outside of the cluster
	case p.service == nil:
		x.dangling = append(x.dangling, Dangling{End{External: IngressController}, host, routeEvidence(o, host, at)})
		return
	}
	r := reference{port: portOf(manifest.Lookup(to, "port", "number")), protocol: netpol.TCP}
	labels := x.subset(p.service, manifest.Text(to, "subset"))
	for _, t := range x.cluster.Targets(p.service) {
		if r.names(t.Port) && hasLabels(t.Workload, labels) {
			x.add(End{External: IngressController}, End{Workload: t.Workload}, t.Number, t.Port.Protocol, routeEvidence(o, p.service.Name, at))
		}
	}
}

// isEntry tells whether a ServiceEntry adds a host to the mesh.
func (x *inference) isEntry(host string) bool {
	return slices.ContainsFunc(x.objects.all, func(o *manifest.Object) bool {
		return o.Group == istioNetworking && o.Kind == "ServiceEntry" && slices.Contains(texts(o.Data, "spec", "hosts"), host)
	})
}

// subset returns the labels by which a DestinationRule narrows the pods of a Service
// (https://istio.io/latest/docs/reference/config/networking/destination-rule/#Subset).
func (x *inference) subset(s *netpol.Service, subset string) map[string]any {
	if subset == "" {
		return nil
	}
	for _, o := range x.objects.all {
		if o.Group != istioNetworking || o.Kind != "DestinationRule" {
			continue
		}
		if p, ok := x.resolve(strings.TrimPrefix(manifest.Text(o.Data, "spec", "host"), "*."), o.Namespace); !ok || p.service != s {
			continue
		}
		for _, item := range manifest.Items(o.Data, "spec", "subsets") {
			if manifest.Text(item, "name") == subset {
				return manifest.Mapping(item, "labels")
			}
		}
	}
	return nil
}

func hasLabels(w *netpol.Workload, labels map[string]any) bool {
	for key, value := range labels {
		if w.Labels[key] != value {
			return false
		}
	}
	return true
}
