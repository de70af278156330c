package traffic

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// readPeers finds the calls between the pods of a cluster of equals, such as the
// nodes of a database: its settings name pods, or a Service that selects the
// workload itself.
func (x *inference) readPeers(w *netpol.Workload, settings []*setting) {
	own := x.namesOf(w)
	for _, s := range settings {
		key := words(s.key)
		if isOwn(key) || !slices.ContainsFunc(own, func(name string) bool { return strings.Contains(s.value, name) }) && !joins(key) {
			continue
		}
		for _, m := range membersIn(s.value) {
			x.callPeer(s, m, joins(key) && (m.isAddress() || !joinsWeakly(key)))
		}
	}
	x.readGoverning(w)
}

// namesOf returns the names of the Services that select a workload.
func (x *inference) namesOf(w *netpol.Workload) []string {
	if x.names == nil {
		x.names = map[*netpol.Workload][]string{}
		for _, s := range slices.Concat(x.cluster.OperatedServices, x.cluster.Services) {
			for _, backend := range x.cluster.Backends(s) {
				x.names[backend] = append(x.names[backend], s.Name)
			}
		}
	}
	return x.names[w]
}

// member is a host of a list of peers, with the ports that follow it: some have two,
// as in "a-0.a:2888:3888".
type member struct {
	host  string
	ports []int
}

// isAddress tells whether a member is more than a word.
func (m member) isAddress() bool { return len(m.ports) > 0 || strings.Contains(m.host, ".") }

var memberText = regexp.MustCompile(`[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\.?(?::[0-9]{1,5})*`)

// membersIn returns everything in a text that may be a host.
func membersIn(text string) []member {
	var found []member
	for _, match := range memberText.FindAllString(text, -1) {
		parts := strings.Split(match, ":")
		m := member{host: strings.TrimSuffix(parts[0], ".")}
		for _, part := range parts[1:] {
			if n, err := strconv.Atoi(part); err == nil && n >= netpol.FirstPort && n <= netpol.LastPort {
				m.ports = append(m.ports, n)
			}
		}
		if isDomain(m.host) {
			found = append(found, m)
		}
	}
	return found
}

// callPeer adds the calls of a member that a setting names, where it is a pod by its
// name, or a Service of the caller itself; isMember tells whether the key says that it
// is one.
func (x *inference) callPeer(s *setting, m member, isMember bool) {
	p, ok := x.resolve(m.host, s.workload.Namespace)
	if !ok || p.service == nil {
		return
	}
	sure := High
	switch {
	case p.pod == s.workload: // no coincidence
	case p.pod != nil && !isMember:
		return // a list of names in a certificate is one of pods too
	case p.pod == nil && !slices.Contains(x.cluster.Backends(p.service), s.workload):
		return
	case isMember:
	case p.service.Headless && namesPods(words(s.key)):
		sure = Medium
	default:
		return
	}
	e := Evidence{Kind: "peers", Origin: s.origin(), Text: s.text(address{}), Confidence: sure}
	if !s.secret {
		e.Text = strings.TrimSpace(s.key + " names " + m.host)
	}
	for _, w := range x.cluster.Backends(p.service) {
		if p.pod == nil || p.pod == w {
			x.callMember(End{Workload: s.workload}, w, p.service, m.ports, e)
		}
	}
}

// callMember adds the calls of a pod on the given ports, by every protocol that its
// Service has on them; without ports, on those of the Service.
func (x *inference) callMember(from End, w *netpol.Workload, s *netpol.Service, ports []int, e Evidence) {
	left := slices.Clone(ports)
	for _, p := range peerPorts(s, ports) {
		on := e
		if len(ports) == 0 && isUnlikely(p, s.Ports) {
			on.Confidence = Low
		}
		x.add(from, End{Workload: w}, p.On(w), p.Protocol, on)
		left = slices.DeleteFunc(left, func(n int) bool { return n == p.Number })
	}
	for _, n := range left {
		if s.Headless {
			x.add(from, End{Workload: w}, n, netpol.TCP, e)
		}
	}
	if from.Workload == w {
		x.callEqual(w, s, e)
	}
}

// callEqual adds what the members of a cluster may call of each other besides: what is
// named is often but the port by which they find each other, and not the one on which they
// replicate. The addresses of a headless Service are those of the pods, with all of their
// ports.
func (x *inference) callEqual(w *netpol.Workload, s *netpol.Service, e Evidence) {
	e.Confidence = Low
	for _, p := range s.Ports {
		if !isForClients(p.Name) && p.On(w) != 0 {
			x.add(End{Workload: w}, End{Workload: w}, p.On(w), p.Protocol, e)
		}
	}
	for _, p := range w.Ports {
		if s.Headless && !isForClients(p.Name) {
			x.add(End{Workload: w}, End{Workload: w}, p.Number, p.Protocol, e)
		}
	}
}

// peerPorts returns the ports of a Service that have one of the numbers, all where
// there are none.
func peerPorts(s *netpol.Service, numbers []int) []netpol.ServicePort {
	if len(numbers) == 0 {
		return s.Ports
	}
	return slices.DeleteFunc(slices.Clone(s.Ports), func(p netpol.ServicePort) bool { return !slices.Contains(numbers, p.Number) })
}

// isUnlikely tells whether others of a Service's ports are more likely to be meant
// where none is named.
func isUnlikely(p netpol.ServicePort, all []netpol.ServicePort) bool {
	return isForClients(p.Name) && slices.ContainsFunc(all, func(o netpol.ServicePort) bool { return !isForClients(o.Name) })
}

// isForClients tells whether a port is, by its name, one of what peers do not call: a
// page for people, metrics.
func isForClients(port string) bool {
	return slices.ContainsFunc(words(port), func(word string) bool {
		switch word {
		case "http", "https", "web", "ui", "console", "dashboard", "admin", "metrics", "monitoring", "prometheus", "exporter", "health":
			return true
		default:
			return strings.HasSuffix(word, "metrics")
		}
	})
}

// joins tells whether a key holds the members of a cluster, and not its name.
func joins(key []string) bool {
	return len(key) > 0 && !isNoHost(key[len(key)-1]) && (joinsWeakly(key) || joinsSurely(key))
}

// joinsWeakly tells whether a key may hold one word that is the name of a cluster, or
// of a group of something else.
func joinsWeakly(key []string) bool {
	return !joinsSurely(key) && hasWord(key, "cluster", "clusters", "replicas", "nodes", "masters")
}

func joinsSurely(key []string) bool {
	return slices.ContainsFunc(key, func(word string) bool {
		switch word {
		case "join", "peer", "peers", "seed", "seeds", "member", "members", "memberlist", "gossip",
			"quorum", "voters", "ensemble", "raft", "discovery":
			return true
		default:
			return strings.HasSuffix(word, "peers") || strings.HasSuffix(word, "seeds")
		}
	})
}

// namesPods tells whether a key holds the name of the Service that names the pods.
func namesPods(key []string) bool {
	return hasWord(key, "headless", "governing", "dns", "domain", "hostname", "k8s", "kubernetes") && !hasWord(key, "public", "external", "ingress")
}

// readGoverning finds the Service of a StatefulSet that names its pods before they
// are ready, which is there "for the purpose of peer discovery"
// (https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/#ServiceSpec,
// publishNotReadyAddresses). Charts set it on others too.
func (x *inference) readGoverning(w *netpol.Workload) {
	s := x.services[name{w.Namespace, manifest.Text(w.Source.Data, "spec", "serviceName")}]
	replicas, said := manifest.Lookup(w.Source.Data, "spec", "replicas").(int64)
	if w.Kind != "StatefulSet" || s == nil || !s.Headless || !said || replicas < 2 || manifest.Lookup(s.Source.Data, "spec", "publishNotReadyAddresses") != true {
		return
	}
	if !slices.Contains(x.cluster.Backends(s), w) {
		return
	}
	x.callMember(End{Workload: w}, w, s, nil, Evidence{
		Kind: "peers", Origin: s.Source.At("spec", "publishNotReadyAddresses"), Confidence: Low,
		Text: "Service " + s.Name + " names pods of StatefulSet " + w.Name + " before they are ready",
	})
}
