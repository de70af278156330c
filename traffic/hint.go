package traffic

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// CallsAnnotation names what a workload calls, on the object or its pod template:
// targets separated by commas or line breaks, each with the syntax of Hint.To.
const CallsAnnotation = "ringfence.dev/calls"

// Hint is a call that people tell because no manifest does.
type Hint struct {
	manifest.Pos        // where it was written
	From         string // "namespace/Kind/name" or "namespace/name"
	// To is who is called: "service", "service.namespace", a host name, an address, a
	// CIDR or "external:NAME", each perhaps with ":port" and "/protocol", several
	// separated by commas. The port is that of the Service, and TCP unless it says
	// otherwise; without one, all ports of the Service are meant.
	To     string
	Reason string // empty where it is not told
}

// readHints adds what annotations and hints tell. Of a hint whose From is not in
// the environment, a call without a caller is dangling: it may be meant for another
// environment.
func (x *inference) readHints(hints []Hint) {
	for _, w := range x.cluster.Workloads {
		seen := map[string]bool{}
		for _, at := range [][]any{{"metadata", "annotations", CallsAnnotation}, w.Path("metadata", "annotations", CallsAnnotation)} {
			text := manifest.Text(w.Source.Data, at...)
			for _, target := range separated(text) {
				if !seen[target] {
					seen[target] = true
					x.hint(w, target, Evidence{Kind: "hint", Origin: w.Source.At(at...), Text: CallsAnnotation + ": " + target, Confidence: High})
				}
			}
		}
	}
	for _, h := range hints {
		callers := x.callers(h.From)
		for _, target := range separated(h.To) {
			e := Evidence{Kind: "hint", Origin: manifest.Origin{Pos: h.Pos, Exact: true}, Text: h.text(target), Confidence: High}
			for _, w := range callers {
				x.hint(w, target, e)
			}
			if len(callers) == 0 {
				x.dangling = append(x.dangling, Dangling{Name: h.From, Evidence: e})
			}
		}
	}
}

func (h Hint) text(target string) string {
	text := h.From + " calls " + target
	if h.Reason != "" {
		text += ": " + h.Reason
	}
	return text
}

// callers returns the workloads that a hint names.
func (x *inference) callers(from string) []*netpol.Workload {
	var found []*netpol.Workload
	for _, w := range x.cluster.Workloads {
		if from == w.Namespace+"/"+w.Kind+"/"+w.Name || from == w.Namespace+"/"+w.Name {
			found = append(found, w)
		}
	}
	return found
}

// callee is who a hint says is called.
type callee struct {
	host, port string
	block      netip.Prefix
	external   External
	protocol   netpol.Protocol // empty where it is not told
}

var (
	protocolSuffix = regexp.MustCompile(`(?i)/(tcp|udp|sctp)$`)
	portSuffix     = regexp.MustCompile(`^(.*[^:]):([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)$`)
	bracketed      = regexp.MustCompile(`^\[([0-9A-Fa-f:.]+)\](/[0-9]+)?(?::([0-9]+))?$`)
)

// parseTarget reads one target; ok is false for what is none.
func parseTarget(text string) (t callee, ok bool) {
	if m := protocolSuffix.FindStringSubmatch(text); m != nil {
		t.protocol = netpol.Protocol(strings.ToUpper(m[1]))
		text = strings.TrimSuffix(text, m[0])
	}
	if text, isExternal := strings.CutPrefix(text, "external:"); isExternal {
		name, port, _ := strings.Cut(text, ":")
		t.external, t.port = External(name), port
		return t, slices.Contains(externals, t.external) && (port == "" || isPort(port))
	}
	if m := bracketed.FindStringSubmatch(text); m != nil { // IPv6
		text, t.port = m[1]+m[2], m[3]
	} else if t.block, ok = parseBlock(text); ok {
		return t, true
	} else if m := portSuffix.FindStringSubmatch(text); m != nil {
		text, t.port = m[1], m[2]
	}
	if t.block, ok = parseBlock(text); ok {
		return t, t.port == "" || isPort(t.port)
	}
	t.host = text
	return t, isDomain(text) && (t.port == "" || !isNumber(t.port) || isPort(t.port))
}

// externals are the names after "external:".
var externals = []External{Internet, IngressController, APIServer, PrometheusServer, Node, Any}

func parseBlock(text string) (netip.Prefix, bool) {
	if block, err := netip.ParsePrefix(text); err == nil {
		return block.Masked(), true
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), true
}

func isPort(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= netpol.FirstPort && n <= netpol.LastPort
}

// hint adds the call that a target stands for, or tells that it stands for nothing.
func (x *inference) hint(w *netpol.Workload, text string, e Evidence) {
	from := End{Workload: w}
	t, ok := parseTarget(text)
	if !ok || !x.hintTo(from, t, e) {
		x.dangling = append(x.dangling, Dangling{from, text, e})
	}
}

func (x *inference) hintTo(from End, t callee, e Evidence) (found bool) {
	protocol := cmp.Or(t.protocol, netpol.TCP)
	number, _ := strconv.Atoi(t.port)
	switch {
	case t.external == APIServer && number == 0:
		number = apiPort
		fallthrough
	case t.external != "":
		x.add(from, End{External: t.external}, number, protocol, e)
		return true
	case t.block.IsValid():
		x.add(from, End{Block: t.block}, number, protocol, e)
		return true
	}
	if isAPIServer(t.host, from.Workload.Namespace) {
		x.add(from, End{External: APIServer}, apiPort, protocol, e)
		return true
	}
	p, ok := x.resolve(t.host, from.Workload.Namespace)
	switch {
	case !ok || p.missing:
		return false
	case p.service != nil:
		return x.hintService(from, p, t, number, e)
	case p.host == "" || x.isNamespace(p.host) || t.port != "" && number == 0:
		return false
	}
	x.add(from, End{Host: p.host}, number, protocol, e)
	return true
}

// isNamespace tells whether a host ends like a Service of a namespace of the
// environment, which then is not there.
func (x *inference) isNamespace(host string) bool {
	labels := strings.Split(host, ".")
	return len(labels) == 2 && x.cluster.Namespace(labels[1]) != nil
}

// hintService adds the calls of the ports of a Service that a target means.
func (x *inference) hintService(from End, p place, t callee, number int, e Evidence) (found bool) {
	r := reference{port: t.port, protocol: t.protocol}
	for _, to := range x.cluster.Targets(p.service) {
		if r.names(to.Port) && (p.pod == nil || p.pod == to.Workload) {
			x.add(from, End{Workload: to.Workload}, to.Number, to.Port.Protocol, e)
			found = true
		}
	}
	if found || number == 0 || !p.service.Headless {
		return found
	}
	for _, w := range x.cluster.Backends(p.service) {
		if p.pod == nil || p.pod == w {
			x.add(from, End{Workload: w}, number, cmp.Or(t.protocol, netpol.TCP), e)
			found = true
		}
	}
	return found
}
