package generate

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// meshNeeds returns what injectors add to the calls of one direction of a subject.
func (g *generator) meshNeeds(s *Subject, d netpol.Direction, calls []need) []need {
	var needs []need
	for _, n := range calls {
		needs = append(needs, g.tunneled(d, n)...)
		needs = append(needs, g.throughWaypoint(n)...)
	}
	for _, w := range s.Workloads {
		if d == netpol.Ingress {
			needs = append(needs, controlled(w, g.controls())...)
		} else if slices.Contains(g.scrapers(), w) {
			needs = append(needs, g.scrapeNeeds(s)...)
		}
		for _, i := range g.injected(w) {
			needs = append(needs, g.injectorNeeds(s, w, d, i)...)
		}
	}
	return needs
}

// injectorNeeds returns what an injector needs for a workload, whomever that calls.
func (g *generator) injectorNeeds(s *Subject, w *netpol.Workload, d netpol.Direction, i *traffic.Injector) []need {
	var needs []need
	if d == netpol.Egress {
		needs = slices.Concat(g.controlNeeds(s, i), g.addressNeeds(s, w, i))
	} else {
		needs = append(g.metricsNeeds(s, w, i), g.probeNeeds(w, i)...)
	}
	for _, port := range g.peerPorts(w, d, i) {
		needs = append(needs, need{
			peer: peer{open: "any pod with " + i.Name + " may call another one"}, port: port, protocol: netpol.TCP,
			why: i.Name + " and those of other pods call each other",
		})
	}
	return needs
}

// controlNeeds returns the calls of a control plane.
func (g *generator) controlNeeds(s *Subject, i *traffic.Injector) []need {
	var needs []need
	for _, c := range i.Control {
		n := need{protocol: netpol.TCP, why: i.Name + " calls " + c.Service}
		known := false
		for _, t := range g.controls() {
			if t.injector == i && t.service == c.Service {
				n.peer, n.port = g.peerOf(s, t.workload), t.port
				needs, known = append(needs, n), true
			}
		}
		for _, p := range c.Ports {
			if !known {
				n.peer, n.port = peer{open: c.Service + " is not in the repository"}, p.Pods
				needs = append(needs, n)
			}
		}
	}
	return needs
}

// controlTarget is a port of the pods of a control plane that is in the environment.
type controlTarget struct {
	injector *traffic.Injector
	service  string // of the control
	workload *netpol.Workload
	port     int
}

// controls finds the control planes that are in the environment. They are found
// once.
func (g *generator) controls() []controlTarget {
	if g.control == nil {
		g.control = []controlTarget{}
		for _, i := range traffic.KnownInjectors() {
			g.findControl(i)
		}
	}
	return g.control
}

func (g *generator) findControl(i *traffic.Injector) {
	for _, c := range i.Control {
		for _, s := range g.env.Cluster.Services {
			if s.Name != c.Service && (!c.Revisions || !strings.HasPrefix(s.Name, c.Service+"-")) {
				continue
			}
			for _, w := range g.env.Cluster.Backends(s) {
				for _, p := range c.Ports {
					g.control = append(g.control, controlTarget{i, c.Service, w, controlPort(p, s, w)})
				}
			}
		}
	}
	for _, e := range g.addressed(i) {
		if e.To.Workload != nil {
			g.control = append(g.control, controlTarget{i, i.Mesh, e.To.Workload, e.Port})
		}
	}
}

// controlPort returns the port on the pods behind a Service.
func controlPort(p traffic.ControlPort, s *netpol.Service, w *netpol.Workload) int {
	for _, port := range s.Ports {
		if port.Number == p.Service && port.Protocol == netpol.TCP && port.On(w) > 0 {
			return port.On(w)
		}
	}
	return p.Pods
}

// controlled returns what a workload must let in where it is of a control plane: the
// pods that call it may be anywhere.
func controlled(w *netpol.Workload, controls []controlTarget) []need {
	var needs []need
	for _, t := range controls {
		if t.workload == w {
			needs = append(needs, need{
				peer: peer{open: "pods with " + t.injector.Name + " call it, wherever they are"}, port: t.port, protocol: netpol.TCP,
				why: "pods with " + t.injector.Name + " call it",
			})
		}
	}
	return needs
}

// addressNeeds returns the calls of the address that a pod or its injector is given.
// That of a pod is among the calls of the workload already, if anything has the name.
func (g *generator) addressNeeds(s *Subject, w *netpol.Workload, i *traffic.Injector) []need {
	given := w.Annotations()[i.Address]
	n := need{peer: peer{open: "the address of " + i.Mesh + " is not in the repository"}, port: i.Port, protocol: netpol.TCP, why: i.Name + " calls " + i.Mesh}
	switch {
	case i.Address == "":
		return nil
	case given != "" && !g.dangles(w, i.Address):
		return nil
	case given != "":
		n.peer.open, n.port = given+" is not in the repository", portOf(given, i.Port)
		return []need{n}
	}
	var needs []need
	for _, e := range g.addressed(i) {
		for _, n := range g.needsOfEdge(s, netpol.Egress, e, e.To) {
			n.why, n.about = i.Name+" calls whom its injector names", e
			needs = append(needs, n)
		}
	}
	if len(needs) == 0 {
		needs = append(needs, n)
	}
	return needs
}

// dangles tells whether nothing has the name that an annotation of a workload gives.
func (g *generator) dangles(w *netpol.Workload, annotation string) bool {
	return slices.ContainsFunc(g.env.Calls.Dangling, func(d traffic.Dangling) bool { return d.From.Workload == w && isGivenBy(d.Evidence, annotation) })
}

// isOfInjector tells whether evidence is the address that an injector calls, which says
// nothing of what the workload itself does.
func isOfInjector(e traffic.Evidence) bool {
	return slices.ContainsFunc(traffic.KnownInjectors(), func(i *traffic.Injector) bool { return i.Address != "" && isGivenBy(e, i.Address) })
}

func isGivenBy(e traffic.Evidence, annotation string) bool {
	return e.Kind == "injector" && strings.HasPrefix(e.Text, annotation+"=")
}

// portOf returns the port of an address: its own, that of its scheme, or the usual one.
func portOf(address string, usual int) int {
	u, err := url.Parse(address)
	if err != nil {
		return usual
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); err == nil && port > 0 {
		return int(port)
	}
	switch u.Scheme {
	case "https":
		return 443
	case "http":
		return 80
	default:
		return usual
	}
}

// addressed returns the calls of an injector in the environment of what its variable
// names.
func (g *generator) addressed(i *traffic.Injector) []*traffic.Edge {
	if i.Variable == "" {
		return nil
	}
	var edges []*traffic.Edge
	for n := range g.env.Calls.Edges {
		e := &g.env.Calls.Edges[n]
		if slices.ContainsFunc(e.Evidence, func(v traffic.Evidence) bool { return v.Kind == "env" && strings.HasPrefix(v.Text, i.Variable+"=") }) {
			edges = append(edges, e)
		}
	}
	return edges
}

// metricsNeeds lets Prometheus scrape what is injected into a workload: the one of the
// environment, if there is one.
func (g *generator) metricsNeeds(s *Subject, w *netpol.Workload, i *traffic.Injector) []need {
	var needs []need
	for _, p := range i.Metrics {
		n := need{port: p.On(w), protocol: netpol.TCP, why: "Prometheus scrapes " + i.Name}
		for _, scraper := range g.scrapers() {
			n.peer = g.peerOf(s, scraper)
			needs = append(needs, n)
		}
		if len(g.scrapers()) == 0 {
			n.peer = g.external(traffic.PrometheusServer, netpol.Ingress)
			needs = append(needs, n)
		}
	}
	return needs
}

// scrapeNeeds is the other side of metricsNeeds, for a subject that scrapes.
func (g *generator) scrapeNeeds(s *Subject) []need {
	var needs []need
	for _, w := range g.env.Cluster.Workloads {
		for _, i := range g.injected(w) {
			for _, p := range i.Metrics {
				needs = append(needs, need{peer: g.peerOf(s, w), port: p.On(w), protocol: netpol.TCP, why: "Prometheus scrapes " + i.Name})
			}
		}
	}
	return needs
}

// scrapers returns the workloads that scrape others. They are found once.
func (g *generator) scrapers() []*netpol.Workload {
	if g.scraping == nil {
		g.scraping = []*netpol.Workload{}
		for _, e := range g.env.Calls.Edges {
			w := e.From.Workload
			scrapes := slices.ContainsFunc(e.Evidence, func(v traffic.Evidence) bool { return v.Kind == "scrape" || v.Kind == "monitor" })
			if w != nil && scrapes && !slices.Contains(g.scraping, w) {
				g.scraping = append(g.scraping, w)
			}
		}
	}
	return g.scraping
}

// probeNeeds lets probes of kubelet through, where they come from other addresses than
// those of nodes.
func (g *generator) probeNeeds(w *netpol.Workload, i *traffic.Injector) []need {
	if len(i.Probes) == 0 {
		return nil
	}
	if g.probes == nil {
		g.probes = &others{name: "probes", blocks: i.Probes}
	}
	var needs []need
	for _, port := range probedPorts(w) {
		needs = append(needs, need{
			peer: peer{others: g.probes}, port: port, protocol: netpol.TCP, why: "in " + i.Name + ", probes of kubelet come from these addresses",
		})
	}
	return needs
}

// probedPorts returns the ports on which kubelet asks a workload, sorted
// (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes).
func probedPorts(w *netpol.Workload) []int {
	ports := map[int]bool{}
	for _, list := range []string{"initContainers", "containers"} {
		for _, c := range manifest.Items(w.PodSpec, list) {
			for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
				for _, by := range []string{"httpGet", "tcpSocket", "grpc"} {
					if port := portNamed(w, manifest.Lookup(c, probe, by, "port")); port > 0 {
						ports[port] = true
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(ports))
}

// portNamed returns a port that is given as a number or by its name.
func portNamed(w *netpol.Workload, port any) int {
	switch p := port.(type) {
	case int64:
		return int(p)
	case string:
		for _, declared := range w.Ports {
			if declared.Name == p {
				return declared.Number
			}
		}
		number, _ := strconv.Atoi(p)
		return number
	default:
		return 0
	}
}

// peerPorts returns the ports on which proxies call each other: a workload's own for
// ingress, and for egress those of everybody.
func (g *generator) peerPorts(w *netpol.Workload, d netpol.Direction, i *traffic.Injector) []int {
	if i.Peers.Number == 0 {
		return nil
	}
	ports := []int{i.Peers.On(w)}
	if d == netpol.Egress {
		ports = []int{i.Peers.Number}
		for _, o := range g.env.Cluster.Workloads {
			if port := i.Peers.On(o); slices.Contains(g.injected(o), i) && !slices.Contains(ports, port) {
				ports = append(ports, port)
			}
		}
	}
	return ports
}
