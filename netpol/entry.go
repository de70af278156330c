package netpol

import "github.com/ringfence/ringfence/manifest"

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
				e.Path = t.Port.Path()
			}
			entries = append(entries, e)
		}
	}
	for _, o := range c.routes {
		for _, b := range backends(o) {
			s := services[manifest.Ref{Namespace: b.namespace, Name: b.service}]
			if s == nil || !c.granted(o, b) {
				continue
			}
			for _, t := range c.Targets(s) {
				if b.leadsTo(t) {
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
	return len(manifest.Items(s.Source.Data, "spec", "externalIPs")) > 0, []any{"spec", "externalIPs"}
}
