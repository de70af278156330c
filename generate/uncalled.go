package generate

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// This file is about ports that are served and that nobody is known to call. Somebody
// calls them all the same, as programs find others by names that stand in their images,
// or through a registry: such a port stays open to everybody, and who lives in the
// namespace, where such names are resolved, may call it.

// uncalledPort is a port of a subject that nobody is known to call but those who only look
// whether all is well: a Prometheus that collects metrics there, a test.
type uncalledPort struct {
	port
	but string // who is known to call it, in words; empty for nobody
}

// unknown says what is not known of a port that is called so.
func (p uncalledPort) unknown(called string) string {
	if p.but != "" {
		called += " but " + p.but
	}
	return "nothing tells who calls " + called
}

// notTold returns needs for what nobody is known to call: that others call a subject, or
// that it calls others, on the host network.
func (g *generator) notTold(s *Subject, d netpol.Direction) []need {
	if d == netpol.Ingress {
		return g.uncalled(s)
	}
	return g.callsOnHosts(s)
}

// uncalled returns needs for the ports of a subject that nobody is known to call.
func (g *generator) uncalled(s *Subject) []need {
	var open []need
	ports := g.uncalledPorts(s)
	for _, but := range []string{"", scrapes, tests, scrapes + " and " + tests} {
		g.remarkOpen(s, slices.DeleteFunc(slices.Clone(ports), func(p uncalledPort) bool { return p.but != but }))
	}
	for _, p := range ports {
		why := p.unknown(fmt.Sprintf("%s %d", p.protocol, p.number))
		open = append(open, need{peer: peer{open: why}, port: p.number, protocol: p.protocol, why: why})
		for _, tunnel := range g.tunnels(s) { // if they are in the mesh
			open = append(open, need{peer: peer{open: why}, port: tunnel, protocol: netpol.TCP, why: why})
		}
	}
	return open
}

// remarkOpen says that the ingress of a subject is left open on ports of which the same
// is known.
func (g *generator) remarkOpen(s *Subject, ports []uncalledPort) {
	if len(ports) == 0 {
		return
	}
	var all []string
	for _, p := range ports {
		all = append(all, fmt.Sprintf("%s %d", p.protocol, p.number))
	}
	called := "that"
	if len(all) > 1 {
		called = "these"
	}
	g.remark(s.Workloads[0], "its ingress is left open on %s: %s", few(all), ports[0].unknown(called))
}

// callsWithin returns the rule by which a subject may call what nobody of its namespace
// is known to call and a Service gives a name, nil where that is nothing but its own.
func (g *generator) callsWithin(s *Subject) *rule {
	var ports []port
	var whose []string
	foreign := false
	for o, p := range g.callable(s, slices.Concat(g.subjects, g.unselectable)) {
		foreign = foreign || o != s
		whose = append(whose, o.on(p))
		ports = append(ports, p)
		for _, tunnel := range g.tunnels(o) {
			ports = append(ports, port{netpol.TCP, tunnel})
		}
	}
	if !foreign {
		return nil
	}
	slices.SortFunc(ports, comparePorts)
	return &rule{direction: netpol.Egress, ports: slices.Compact(ports), open: "nothing tells who calls " + few(whose)}
}

// callsOnHosts returns what a subject needs to call the same on the host network, whose
// pods no rule for a namespace is about.
func (g *generator) callsOnHosts(s *Subject) []need {
	var needs []need
	var whose []string
	for o, p := range g.callable(s, g.onHosts) {
		whose = append(whose, o.on(p))
		needs = append(needs, need{peer: g.peerOf(s, o.Workloads[0]), port: p.number, protocol: p.protocol, why: "nothing tells who calls " + o.on(p)})
	}
	if len(whose) > 0 {
		g.remark(s.Workloads[0], "its egress is left open to the host network on some ports: nothing tells who calls %s", few(whose))
	}
	return needs
}

// callable yields the ports of some subjects, of those that live in the namespace of
// another, that this one may call by a name and that nobody is known to call.
func (g *generator) callable(s *Subject, others []*Subject) iter.Seq2[*Subject, port] {
	return func(yield func(*Subject, port) bool) {
		for _, o := range others {
			if o.Namespace != s.Namespace || !g.hasName(o) {
				continue
			}
			for _, p := range g.uncalledPorts(o) {
				if !namesMetrics(g.portNames(o, p.port)) && g.admits(o, s, p.port) && !yield(o, p.port) {
					return
				}
			}
		}
	}
}

// on names a subject and a port of it.
func (s *Subject) on(p port) string {
	return fmt.Sprintf("%s/%s on %s %d", s.Workloads[0].Kind, s.name(), p.protocol, p.number)
}

// hasName tells whether a subject can be called by a name that stands in an image: that
// of a Service. Operators make up the names of theirs.
func (g *generator) hasName(s *Subject) bool {
	return slices.ContainsFunc(s.Workloads, func(w *netpol.Workload) bool { return w.Operated == nil && len(g.servicesOf(w)) > 0 })
}

// few lists the first of some things.
func few(things []string) string {
	const shown = 3
	if len(things) <= shown+1 {
		return strings.Join(things, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(things[:shown], ", "), len(things)-shown)
}

// uncalledPorts returns the ports of a subject that nobody is known to call. They are
// found once.
func (g *generator) uncalledPorts(s *Subject) []uncalledPort {
	if ports, known := g.notCalled[s]; known {
		return ports
	}
	needs := g.needsOf(s, netpol.Ingress)
	served := g.served(s)
	var ports []uncalledPort
	for _, p := range served {
		called, known := callers(needs, p)
		if !called && (!slices.Contains(known, scrapes) || len(served) == 1 && !g.isForMetrics(s, p)) {
			ports = append(ports, uncalledPort{p, strings.Join(known, " and ")})
		}
	}
	g.notCalled[s] = ports
	return ports
}

// Those whose calls do not say that nobody else calls a port.
const (
	scrapes = "Prometheus"
	tests   = "a Helm test"
)

// callers tells whether somebody is known to call a port, and who else is.
func callers(needs []need, p port) (called bool, others []string) {
	for _, n := range needs {
		if n.protocol != p.protocol || n.port != p.number && n.port != 0 {
			continue
		}
		switch {
		case n.edge != nil && n.edge.IsScrape():
			others = union(others, []string{scrapes})
		case n.edge != nil && n.edge.From.Workload != nil && n.edge.From.Workload.Source.IsHelmTest():
			others = union(others, []string{tests})
		default:
			called = true
		}
	}
	slices.Sort(others) // as they are named
	return called, others
}

// isForMetrics tells whether a port that is scraped serves nothing else, by its number
// or by the names of it, of its workload or of a Service. The numbers are those that
// exporters have agreed upon
// (https://github.com/prometheus/prometheus/wiki/Default-port-allocations).
func (g *generator) isForMetrics(s *Subject, p port) bool {
	names := g.portNames(s, p)
	for _, w := range s.Workloads {
		names = append(names, w.Name)
		for _, service := range g.servicesOf(w) {
			names = append(names, service.Name)
		}
	}
	return p.number >= 9100 && p.number <= 9999 || namesMetrics(names)
}

// portNames returns the names that containers and Services give to a port.
func (g *generator) portNames(s *Subject, p port) []string {
	var names []string
	for _, w := range s.Workloads {
		for _, own := range w.Ports {
			if own.Number == p.number {
				names = append(names, own.Name)
			}
		}
		for _, service := range g.servicesOf(w) {
			for _, of := range service.Ports {
				if of.On(w) == p.number {
					names = append(names, of.Name)
				}
			}
		}
	}
	return names
}

// namesMetrics tells whether one of some names says that metrics are collected there.
func namesMetrics(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(strings.Split(name, "-"), func(word string) bool { return word == "metrics" || word == "exporter" })
	})
}

// admits tells whether the policies that there are admit a subject to a port of
// another one.
func (g *generator) admits(o, s *Subject, p port) bool {
	if !g.isolated(o.Workloads, netpol.Ingress) {
		return true
	}
	from, to := rebuilt(g.before(), s.Workloads[0]), rebuilt(g.before(), o.Workloads[0])
	return allows(g.before(), netpol.Ingress, to, from).ContainsAll(need{port: p.number, protocol: p.protocol}.conn())
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

// servicesOf returns the Services that are there for a workload.
func (g *generator) servicesOf(w *netpol.Workload) []*netpol.Service {
	if g.services == nil {
		g.services = make(map[*netpol.Workload][]*netpol.Service)
		for _, service := range g.env.Cluster.Services {
			for _, b := range traffic.Servers(g.env.Cluster, service) {
				g.services[b] = append(g.services[b], service)
			}
		}
	}
	return g.services[w]
}
