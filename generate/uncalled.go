package generate

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// uncalled returns needs for the ports that a subject serves and that nobody is known
// to call: somebody may all the same, so they stay open.
func (g *generator) uncalled(s *Subject, needs []need) []need {
	var open []need
	for _, p := range g.served(s) {
		called := slices.ContainsFunc(needs, func(n need) bool {
			return n.protocol == p.protocol && (n.port == p.number || n.port == 0)
		})
		if called {
			continue
		}
		why := fmt.Sprintf("nothing tells who calls %s %d", p.protocol, p.number)
		g.remark(s.Workloads[0], "its ingress is left open on %s %d: nothing tells who calls that", p.protocol, p.number)
		open = append(open, need{peer: peer{open: why}, port: p.number, protocol: p.protocol, why: why})
		for _, tunnel := range g.tunnels(s) { // if they are in the mesh
			open = append(open, need{peer: peer{open: why}, port: tunnel, protocol: netpol.TCP, why: why})
		}
	}
	return open
}

// served returns the ports on which a subject can be called: those to which Services
// lead; and those that its containers declare where no Service selects it, or one
// whose name stands for the addresses of the pods. A Service's port with a
// name that the pods do not declare leads nowhere.
func (g *generator) served(s *Subject) []port {
	var ports []port
	for _, w := range s.Workloads {
		services := g.servicesOf(w)
		byAddress := len(services) == 0
		for _, service := range services {
			byAddress = byAddress || service.Headless
			for _, p := range service.Ports {
				if number := p.On(w); number != 0 {
					ports = append(ports, port{p.Protocol, number})
				}
			}
		}
		for _, p := range w.Ports {
			if byAddress {
				ports = append(ports, port{p.Protocol, p.Number})
			}
		}
	}
	slices.SortFunc(ports, comparePorts)
	return slices.Compact(ports)
}

// servicesOf returns the Services that select pods of a workload.
func (g *generator) servicesOf(w *netpol.Workload) []*netpol.Service {
	if g.services == nil {
		g.services = make(map[*netpol.Workload][]*netpol.Service)
		for _, service := range g.env.Cluster.Services {
			for _, b := range g.env.Cluster.Backends(service) {
				g.services[b] = append(g.services[b], service)
			}
		}
	}
	return g.services[w]
}
