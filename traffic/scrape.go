package traffic

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// job is a part of a configuration of Prometheus that says whom to call: a
// scrape_config, or where the Alertmanagers are
// (https://prometheus.io/docs/prometheus/latest/configuration/configuration/).
type job struct {
	*node
	name      string // for the evidence
	caller    caller
	namespace string // of the caller
	kind      string // of the evidence
	source    source
	secret    bool
	isObject  bool // it is a part of the object itself and not a line of a text in it
}

// first returns the child with the first of some names that there is: those of
// Prometheus and those of custom resources differ.
func (n *node) first(names ...string) *node {
	for _, name := range names {
		if child := n.at(name); child != nil {
			return child
		}
	}
	return nil
}

// setting is what a part of a job says.
func (j *job) setting(n *node, key, value string) *setting {
	s := &setting{
		workload: j.caller.end.Workload, kind: j.kind, key: key, value: value, from: j.source, line: n.line, secret: j.secret, confidence: j.caller.sure,
	}
	if j.isObject {
		s.line = 0
	}
	return s
}

// callJob adds the calls of a job.
func (x *inference) callJob(j *job) {
	rules := relabelings(append(j.list("relabel_configs"), j.list("relabelings")...))
	for _, c := range j.first("static_configs", "staticConfigs").list() {
		for _, t := range c.list("targets") {
			labels := map[string]string{"__address__": t.text}
			x.relabeled(j, t, rules, target{labels: labels})
		}
	}
	for _, sd := range j.first("kubernetes_sd_configs", "kubernetesSDConfigs").list() {
		if sd.first("api_server", "apiServer").value() != "" {
			continue // of another cluster
		}
		for _, t := range x.discover(strings.ToLower(sd.value("role"))) {
			if j.discovers(sd, t) {
				t.labels = labelsOf(t.labels)
				x.relabeled(j, sd, rules, t)
			}
		}
	}
	for _, sd := range j.first("dns_sd_configs", "dnsSDConfigs").list() {
		for _, n := range sd.list("names") {
			host := n.text
			if port := sd.value("port"); port != "" {
				host += ":" + port
			}
			x.relabeled(j, n, rules, target{labels: map[string]string{"__address__": host}})
		}
	}
	for _, sd := range j.first("http_sd_configs", "httpSDConfigs").list() {
		if url := sd.at("url"); url != nil {
			x.callAddress(j, url, url.text, "url")
		}
	}
}

// discovers tells whether a kubernetes_sd_config finds a target: in its namespaces,
// and by the labels that it asks for.
func (j *job) discovers(sd *node, t target) bool {
	if namespaces := sd.at("namespaces"); namespaces != nil && t.namespace != "" {
		names := namespaces.texts("names")
		if namespaces.first("own_namespace", "ownNamespace").value() == "true" {
			names = append(names, j.namespace)
		}
		if len(names) > 0 && !slices.Contains(names, t.namespace) {
			return false
		}
	}
	for _, selector := range sd.list("selectors") {
		for term := range strings.SplitSeq(selector.value("label"), ",") {
			key, value, isEqual := strings.Cut(strings.Replace(term, "==", "=", 1), "=")
			label := meta + strings.ToLower(selector.value("role")) + "_label_" + metaName(strings.TrimSpace(key))
			if isEqual && !strings.HasSuffix(key, "!") && t.labels[label] != strings.TrimSpace(value) {
				return false
			}
		}
	}
	return true
}

// relabeled adds the call of a target, if the rules keep it.
func (x *inference) relabeled(j *job, n *node, rules []relabeling, t target) {
	by, kept := relabel(rules, t.labels)
	address := t.labels["__address__"]
	if !kept || address == "" {
		return
	}
	host, port, cut := strings.Cut(address, ":")
	number, _ := strconv.Atoi(port)
	if to, ok := x.standsFor(host); ok {
		if to.External == APIServer && number != apiPort {
			to.External = Node // what else runs where the API server does
		}
		if cut { // else the port is that of the scheme, on which pods hardly listen
			x.add(j.caller.end, to, number, netpol.TCP, Evidence{
				Kind: j.kind, Origin: j.setting(n, "", "").origin(), Text: j.name, Confidence: j.caller.sure,
			})
			for _, e := range annotationEvidence(t, by) {
				x.add(j.caller.end, to, number, netpol.TCP, e)
			}
		}
		return
	}
	if probed := t.labels["__param_target"]; probed != "" {
		x.probe(j, n, address, probed)
	}
	x.callAddress(j, n, address, "targets")
}

// callAddress adds the call of an address that a job names.
func (x *inference) callAddress(j *job, n *node, address, key string) {
	s := j.setting(n, key, address)
	for _, a := range addresses(address) {
		if a.port == 0 && a.scheme == "" { // as Prometheus has it
			a.port, a.bare = schemePort("http"), false
			if j.value("scheme") == "https" {
				a.port = schemePort("https")
			}
		}
		if s.workload != nil {
			x.call(s, a)
		} else if p, ok := x.resolve(a.host, j.namespace); ok && p.service != nil && a.port != 0 {
			x.callService(j.caller.end, p, a, Evidence{Kind: s.kind, Origin: s.origin(), Text: s.text(a), Confidence: s.sure(a)})
		}
	}
}

// probe adds the call that an exporter makes of what it is asked to probe
// (https://prometheus.io/docs/guides/multi-target-exporter/). What is only a host may
// be pinged, or asked for DNS.
func (x *inference) probe(j *job, n *node, prober, probed string) {
	if slices.ContainsFunc(addresses(probed), func(a address) bool { return a.bare }) {
		return
	}
	for _, a := range addresses(prober) {
		p, ok := x.resolve(a.host, j.namespace)
		if !ok || p.service == nil {
			continue
		}
		for _, w := range x.cluster.Backends(p.service) {
			by := *j
			by.kind, by.namespace, by.caller.end = "probe", w.Namespace, End{Workload: w}
			x.callAddress(&by, n, probed, "targets")
		}
	}
}

// annotationEvidence tells by which annotations of its own a target is kept.
func annotationEvidence(t target, by []string) []Evidence {
	if t.object == nil {
		return nil
	}
	var all []Evidence
	for key, value := range textMap(t.object.Data, t.path...) {
		for _, prefix := range []string{"pod", "service", "ingress"} {
			if slices.Contains(by, meta+prefix+"_annotation_"+metaName(key)) {
				all = append(all, Evidence{
					Kind: "annotation", Origin: t.object.At(append(slices.Clone(t.path), key)...), Text: key + ": " + shown(value), Confidence: High,
				})
			}
		}
	}
	return all
}

const (
	scrapeAnnotation = "prometheus.io/scrape"
	portAnnotation   = "prometheus.io/port"
)

// readAnnotations takes the annotations by which pods and Services ask to be scraped
// for calls of a Prometheus elsewhere, unless one that is here reads them. They are a
// convention of the examples that come with Prometheus
// (https://github.com/prometheus/prometheus/blob/main/documentation/examples/prometheus-kubernetes.yml).
func (x *inference) readAnnotations() {
	if !x.reads["pod"] {
		for _, w := range x.cluster.Workloads {
			var ports []int
			for _, p := range w.Ports {
				if p.Protocol == netpol.TCP {
					ports = append(ports, p.Number)
				}
			}
			x.annotated(w.Source, annotationsPath(w), w, ports)
		}
	}
	if x.reads["service"] {
		return
	}
	for _, s := range x.cluster.Services {
		ports := map[*netpol.Workload][]int{}
		for _, t := range x.cluster.Targets(s) {
			if t.Port.Protocol == netpol.TCP {
				ports[t.Workload] = append(ports[t.Workload], t.Number)
			}
		}
		for _, w := range x.cluster.Backends(s) {
			x.annotated(s.Source, serviceAnnotations, w, ports[w])
		}
	}
}

// annotated adds the call of a workload that an annotation asks for, on the port that
// another one names, or else on all that are declared.
func (x *inference) annotated(o *manifest.Object, path []any, w *netpol.Workload, ports []int) {
	annotations := textMap(o.Data, path...)
	if annotations[scrapeAnnotation] != "true" {
		return
	}
	at := scrapeAnnotation
	if port, err := strconv.Atoi(annotations[portAnnotation]); err == nil {
		at, ports = portAnnotation, []int{port}
	}
	for _, port := range ports {
		sure := Medium
		if x.isScraped(w, port) {
			sure = Low
		}
		x.add(End{External: PrometheusServer}, End{Workload: w}, port, netpol.TCP, Evidence{
			Kind: "annotation", Origin: o.At(append(slices.Clone(path), at)...), Text: at + ": " + annotations[at], Confidence: sure,
		})
	}
}

// isScraped tells whether a server that is here scrapes a port already, so that an
// annotation, which many charts set as well, need not mean another one.
func (x *inference) isScraped(w *netpol.Workload, port int) bool {
	return slices.ContainsFunc(x.cluster.Workloads, func(server *netpol.Workload) bool {
		return isServer(server) && x.edges[edgeKey{End{Workload: server}, End{Workload: w}, port, netpol.TCP}] != nil
	})
}
