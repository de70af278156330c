package generate

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// tunneled returns what a call needs besides because proxies carry it on a port of
// their own: policies apply to the port that is on the wire.
func (g *generator) tunneled(d netpol.Direction, n need) []need {
	near, far := ends(n.edge, d)
	if n.protocol != netpol.TCP {
		return nil
	}
	for _, i := range g.injected(near.Workload) {
		if n.port = g.tunnel(d, i, near.Workload, far); n.port > 0 {
			n.why, n.about, n.edge = i.Mesh+" carries on this port", n.edge, nil
			return []need{n}
		}
	}
	return nil
}

// tunnel returns the port on which the proxies of a mesh carry a call: that of the
// called side, 0 where they do not.
func (g *generator) tunnel(d netpol.Direction, i *traffic.Injector, near *netpol.Workload, far traffic.End) int {
	switch {
	case far.Workload == nil && !mayBeMeshed(far.External):
		return 0
	case far.Workload == nil && d == netpol.Egress:
		return i.Tunnel.Number
	case far.Workload == nil:
		return i.Tunnel.On(near)
	}
	at := slices.IndexFunc(g.injected(far.Workload), func(j *traffic.Injector) bool { return j.Mesh == i.Mesh })
	if at < 0 {
		return 0
	}
	called, caller, callee := i, g.injected(far.Workload)[at], near
	if d == netpol.Egress {
		called, caller, callee = caller, called, far.Workload
	}
	if called.Tunnel.Number == 0 { // which takes what others of the mesh send
		return caller.Tunnel.Number
	}
	return called.Tunnel.On(callee)
}

// tunnels returns the ports on which proxies carry calls to a subject, whoever calls.
func (g *generator) tunnels(s *Subject) []int {
	var ports []int
	for _, w := range s.Workloads {
		for _, i := range g.injected(w) {
			if port := i.Tunnel.On(w); port > 0 && !slices.Contains(ports, port) {
				ports = append(ports, port)
			}
		}
	}
	return ports
}

// mayBeMeshed tells whether an external may be pods of a mesh.
func mayBeMeshed(e traffic.External) bool {
	return e == traffic.IngressController || e == traffic.PrometheusServer || e == traffic.Any
}

// Labels by which Istio's ambient mesh sends calls through a waypoint, and the one of
// the waypoint's pods
// (https://istio.io/latest/docs/ambient/usage/waypoint/).
const (
	useWaypoint       = "istio.io/use-waypoint"
	waypointNamespace = "istio.io/use-waypoint-namespace"
	gatewayName       = "gateway.networking.k8s.io/gateway-name"
)

// throughWaypoint returns what a call needs besides because it goes through a waypoint
// of the called side: there in the caller's place.
func (g *generator) throughWaypoint(n need) []need {
	from, to := n.edge.From.Workload, n.edge.To.Workload
	if from == nil || to == nil || n.protocol != netpol.TCP || !g.isInIstio(from) || !g.isInIstio(to) {
		return nil
	}
	waypoint := g.waypointOf(to)
	if waypoint == nil {
		return nil
	}
	return []need{{peer: peer{others: waypoint}, port: 15008, protocol: netpol.TCP, why: "the waypoint " + waypoint.name + " passes on", about: n.edge}}
}

func (g *generator) isInIstio(w *netpol.Workload) bool {
	return slices.ContainsFunc(g.injected(w), func(i *traffic.Injector) bool { return i.Mesh == "Istio" })
}

// waypointOf returns the waypoint of a workload, nil for none: that of its pods or
// of a Service that selects them, else that of its namespace.
func (g *generator) waypointOf(w *netpol.Workload) *others {
	labels := []map[string]string{w.Labels}
	for _, s := range g.servicesOf(w) {
		labels = append(labels, s.MetadataLabels())
	}
	labels = append(labels, g.env.Cluster.Namespace(w.Namespace).Labels)
	for _, l := range labels {
		name, namespace := l[useWaypoint], l[waypointNamespace]
		if name == "" {
			continue
		}
		if name == "none" {
			return nil
		}
		if namespace == "" {
			namespace = w.Namespace
		}
		return g.waypoint(namespace, name)
	}
	return nil
}

// waypoint returns the pods of a waypoint, of which there is one by each name.
func (g *generator) waypoint(namespace, name string) *others {
	for _, o := range g.waypoints {
		if o.namespace == namespace && o.name == name {
			return o
		}
	}
	o := &others{name: name, namespace: namespace, labels: map[string]string{gatewayName: name}}
	g.waypoints = append(g.waypoints, o)
	return o
}
