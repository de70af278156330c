package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// readSurplus finds the ingress rules that admit everybody on ports that nothing
// publishes and of which nothing tells that anybody calls them.
func (f *facts) readSurplus(m *Model) {
	m.Surplus = []surplusFact{}
	called := map[*netpol.Workload]netpol.ConnSet{}
	for _, e := range f.calls.Edges {
		if w := e.To.Workload; w != nil {
			port := netpol.Ports(e.Protocol, e.Port, e.Port)
			if e.Port == 0 {
				port = netpol.All()
			}
			called[w] = called[w].Union(port)
		}
	}
	for _, p := range f.cluster.Policies {
		for _, r := range p.Rules(netpol.Ingress) {
			if !r.AllPeers || r.AllPorts || len(p.Selected) == 0 {
				continue
			}
			surplus := netpol.All()
			for _, w := range p.Selected {
				used := f.served(w).Union(called[w])
				if len(f.entries[w]) == 0 || f.uncertain(w) {
					used = netpol.All() // what calls it is not in the environment
				}
				surplus = surplus.Intersect(r.On(w.Ports).Subtract(used))
			}
			if !surplus.IsEmpty() {
				m.Surplus = append(m.Surplus, surplusFact{placeFact: f.rulePlace(r), Ports: surplus.String(), Workloads: f.workloadIDs(p.Selected)})
			}
		}
	}
}

// served returns the ports of a workload that something publishes, in the cluster or
// outside, those that kubelet probes, and those of what is injected.
func (f *facts) served(w *netpol.Workload) netpol.ConnSet {
	var ports netpol.ConnSet
	for _, e := range f.entries[w] {
		if e.Service.Headless {
			return netpol.All() // its names lead to the pods, whatever the port
		}
		ports = ports.Union(e.Conn())
	}
	for _, c := range manifest.Items(w.PodSpec, "containers") {
		for _, port := range manifest.Items(c, "ports") {
			if number, _ := manifest.Lookup(port, "containerPort").(int64); manifest.Lookup(port, "hostPort") != nil {
				ports = ports.Union(everywhereOn(int(number)))
			}
		}
		for _, probe := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
			for _, kind := range []string{"httpGet", "tcpSocket", "grpc"} {
				ports = ports.Union(probed(w, manifest.Lookup(c, probe, kind, "port")))
			}
		}
	}
	for _, i := range traffic.Injectors(f.cluster, w) {
		for _, p := range append(slices.Clip(i.Metrics), i.Tunnel, i.Peers) {
			ports = ports.Union(everywhereOn(p.On(w)))
		}
	}
	return ports
}

// everywhereOn returns a port of every protocol.
func everywhereOn(number int) netpol.ConnSet {
	var ports netpol.ConnSet
	if number >= netpol.FirstPort && number <= netpol.LastPort {
		for _, protocol := range []netpol.Protocol{netpol.TCP, netpol.UDP, netpol.SCTP} {
			ports = ports.Union(netpol.Ports(protocol, number, number))
		}
	}
	return ports
}

// probed returns the port of a probe, a number or the name of one.
func probed(w *netpol.Workload, port any) netpol.ConnSet {
	switch port := port.(type) {
	case int64:
		return everywhereOn(int(port))
	case string:
		i := slices.IndexFunc(w.Ports, func(p netpol.Port) bool { return p.Name == port })
		if i >= 0 {
			return everywhereOn(w.Ports[i].Number)
		}
	}
	return netpol.ConnSet{}
}
