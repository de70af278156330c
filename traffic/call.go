package traffic

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/netpol"
)

// callAll finds the calls that settings of one workload tell. Those of one group,
// a container or a file, are read together: a host and its port may stand apart.
func (x *inference) callAll(settings []*setting) {
	ports, off := portsByStem(settings), turnedOff(settings)
	for _, s := range settings {
		key := words(s.key)
		if isOwn(key) {
			continue
		}
		if isOff(off, s.group, key) {
			s.confidence = Low
		}
		for _, a := range addresses(s.value) {
			if a.bare && !namesHost(key) {
				a.port = x.storePort(s, key, a)
				if a.port == 0 {
					continue
				}
			}
			if mayBeOwn(key) && !x.isOfAnother(s, a) {
				continue
			}
			if a.port == 0 || a.scheme != "" && a.port == schemePort(a.scheme) && !strings.Contains(s.value, ":"+strconv.Itoa(a.port)) {
				if port := ports[stemKey{s.group, stem(key)}]; port != 0 {
					a.port = port
				}
			}
			if a.host == hostIP {
				x.callNode(s, a, settings)
				continue
			}
			x.call(s, a)
		}
	}
}

// storePort returns the port of a store that a key ends with, as SESSION_REDIS does, where
// the value is a Service of another workload that has the port, else 0: both together are
// no coincidence.
func (x *inference) storePort(s *setting, key []string, a address) int {
	if len(key) < 2 || !x.isOfAnother(s, a) {
		return 0
	}
	port := schemePort(key[len(key)-1])
	p, _ := x.resolve(a.host, s.workload.Namespace)
	if !slices.ContainsFunc(p.service.Ports, func(of netpol.ServicePort) bool { return of.Number == port }) {
		return 0
	}
	return port
}

// isOfAnother tells whether an address is that of a Service, and not the workload's own.
func (x *inference) isOfAnother(s *setting, a address) bool {
	p, ok := x.resolve(a.host, s.workload.Namespace)
	return ok && p.service != nil && !slices.Contains(x.cluster.Backends(p.service), s.workload)
}

// stemKey is what a host and its port have in common.
type stemKey struct{ group, stem string }

// stem is a key without the words that tell a host from a port.
func stem(key []string) string {
	var rest []string
	for _, word := range key {
		switch word {
		case "host", "hostname", "addr", "address", "url", "uri", "endpoint", "server", "port", "svc", "service", "value", "number":
			continue
		}
		for _, suffix := range []string{"hostname", "host", "addr", "address", "port"} {
			if len(word) > len(suffix) && strings.HasSuffix(word, suffix) {
				word = strings.TrimSuffix(word, suffix)
				break
			}
		}
		rest = append(rest, word)
	}
	return strings.Join(rest, " ")
}

// portsByStem returns the ports that stand apart from their hosts: FLAGD_PORT beside
// FLAGD_HOST, or DB_PORT_GRPC beside DB_HOST where there is no other.
func portsByStem(settings []*setting) map[stemKey]int {
	ports := map[stemKey]int{}
	for _, s := range settings {
		key := words(s.key)
		if len(key) == 0 || !slices.ContainsFunc(key, func(w string) bool { return w == "port" || strings.HasSuffix(w, "port") }) {
			continue
		}
		port, err := strconv.Atoi(strings.TrimSpace(s.value))
		if err != nil || port < netpol.FirstPort || port > netpol.LastPort {
			continue
		}
		k := stemKey{s.group, stem(key)}
		if _, known := ports[k]; !known {
			ports[k] = port
		}
	}
	return ports
}

// call adds the edges of an address that a setting names.
func (x *inference) call(s *setting, a address) {
	from := End{Workload: s.workload}
	if isAPIServer(a.host, s.workload.Namespace) {
		x.add(from, End{External: APIServer}, apiPort, netpol.TCP, s.evidence(a))
		return
	}
	p, ok := x.resolve(a.host, s.workload.Namespace)
	switch {
	case !ok && p.missing && s.surelyNames(a):
		x.dangling = append(x.dangling, Dangling{from, a.host, s.evidence(a)})
	case !ok:
	case p.missing, p.host != "" && x.isMissing(a):
		x.dangling = append(x.dangling, Dangling{from, a.host, s.evidence(a)})
	case p.service != nil:
		x.callService(from, p, a, s.evidence(a))
	case p.host != "":
		if x.isOutside(s, p.host, a) {
			x.callOutside(from, End{Host: p.host}, a, s.evidence(a))
		}
	case p.block.IsValid():
		x.callOutside(from, End{Block: p.block}, a, s.evidence(a))
	}
}

// evidence is what a setting says of an address. To find its line takes time, so that
// it is only made for a call.
func (s *setting) evidence(a address) Evidence {
	return Evidence{
		Kind: s.kind, Origin: s.origin(), Text: s.text(a), Confidence: s.sure(a),
		Telemetry: s.kind != "file" && isTelemetry(words(s.key)), // what collects has a file that says where to send it
	}
}

// surelyNames tells whether a name of one word, which nothing has, is no coincidence:
// the workload itself is given it as a host, with a scheme or a port.
func (s *setting) surelyNames(a address) bool {
	return (s.kind == "env" || s.kind == "argument" || s.kind == "injector") && (a.scheme != "" || a.port != 0 && namesHost(words(s.key)))
}

// isOutside tells whether a host name outside of the cluster is one that the
// workload calls: not one that the environment itself serves, and in files, which
// are full of links, only where the key says that it is a host.
func (x *inference) isOutside(s *setting, host string, a address) bool {
	if a.scheme == "" && a.port == 0 || x.isServed(host) || reserved(host) || !isHostName(host) {
		return false
	}
	return s.kind != "file" || namesHost(words(s.key)) && !isLink(s)
}

// reserved tells whether a host is of a domain for documentation and tests
// (RFC 2606).
func reserved(host string) bool {
	labels := strings.Split(host, ".")
	switch labels[len(labels)-1] {
	case "example", "test", "invalid", "local", "localdomain":
		return true
	}
	return len(labels) >= 2 && labels[len(labels)-2] == "example" && slices.Contains([]string{"com", "net", "org"}, labels[len(labels)-1])
}

// callOutside adds a call to an address or a name outside of the cluster.
func (x *inference) callOutside(from, to End, a address, e Evidence) {
	x.add(from, to, a.port, a.protocol, e)
}

// callService adds a call of a Service, on the port of the pods that it leads to. A
// headless Service has the pods' own ports.
func (x *inference) callService(from End, p place, a address, e Evidence) {
	backends := Servers(x.cluster, p.service)
	for _, w := range backends {
		if p.pod != nil && p.pod != w {
			continue
		}
		ports := servicePorts(p.service, a)
		if len(ports) == 0 && a.port != 0 && (p.service.Headless || p.pod != nil) {
			x.add(from, End{Workload: w}, a.port, a.protocol, e)
			continue
		}
		for _, port := range ports {
			if !slices.Contains(port.Among(backends), w) {
				continue
			}
			on := e
			if guessed := a.port == 0 && a.portName == "" && a.scheme == ""; guessed && isUnlikely(port, ports) {
				on.Confidence = Low
			}
			x.add(from, End{Workload: w}, port.On(w), port.Protocol, on)
		}
	}
}

// servicePorts returns the ports of a Service that an address may mean: the one that
// it names; the only one; that of its scheme; else all.
func servicePorts(s *netpol.Service, a address) []netpol.ServicePort {
	match := func(is func(netpol.ServicePort) bool) []netpol.ServicePort {
		var found []netpol.ServicePort
		for _, p := range s.Ports {
			if is(p) {
				found = append(found, p)
			}
		}
		return found
	}
	switch {
	case a.portName != "":
		return match(func(p netpol.ServicePort) bool { return p.Name == a.portName && p.Protocol == a.protocol })
	case a.port != 0:
		if ports := match(func(p netpol.ServicePort) bool { return p.Number == a.port && p.Protocol == a.protocol }); len(ports) > 0 {
			return ports
		}
		if a.scheme != "" && a.port == schemePort(a.scheme) && len(s.Ports) == 1 {
			return s.Ports // the scheme's port was a guess
		}
		return match(func(p netpol.ServicePort) bool { return p.Number == a.port })
	case len(s.Ports) == 1:
		return s.Ports
	}
	if ports := match(func(p netpol.ServicePort) bool { return a.scheme != "" && strings.HasPrefix(p.Name, a.scheme) }); len(ports) > 0 {
		return ports
	}
	return s.Ports
}

// text says what a place says of an address, without the values of Secrets.
func (s *setting) text(a address) string {
	switch {
	case s.secret:
		return "key " + s.key + " of a Secret"
	case s.key != "":
		return s.key + "=" + shown(s.value)
	default:
		return shown(s.value)
	}
}

// shown shortens a value, and leaves out what may be a password.
func shown(value string) string {
	const most = 100
	value = strings.ReplaceAll(value, hostIP, "status.hostIP")
	value = namedCredentials.ReplaceAllString(credentials.ReplaceAllString(value, "$1…@"), "$1…")
	value = strings.Join(strings.Fields(value), " ")
	if len(value) > most {
		value = strings.ToValidUTF8(value[:most], "") + "…"
	}
	return value
}

// sure is how sure a call is: at most medium for a host alone, which the key must
// have called one.
func (s *setting) sure(a address) Confidence {
	if a.bare {
		return min(s.confidence, Medium)
	}
	return s.confidence
}
