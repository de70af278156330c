package traffic

import (
	"slices"
	"strconv"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// monitor is an object that says what to scrape
// (https://prometheus-operator.dev/docs/api-reference/api/,
// https://docs.victoriametrics.com/operator/resources/).
type monitor struct {
	*manifest.Object
	monitorKind
}

// monitorKind is what kinds of monitors differ in.
type monitorKind struct {
	selector string // the first part of the names of the fields by which servers select them
	list     string // of the endpoints
	ofPods   bool
}

const victoriaGroup = "operator.victoriametrics.com"

// monitorKinds are those that select Services or pods, by group and kind.
var monitorKinds = map[[2]string]monitorKind{
	{monitoringGroup, "ServiceMonitor"}: {"serviceMonitor", "endpoints", false},
	{monitoringGroup, "PodMonitor"}:     {"podMonitor", "podMetricsEndpoints", true},
	{victoriaGroup, "VMServiceScrape"}:  {"serviceScrape", "endpoints", false},
	{victoriaGroup, "VMPodScrape"}:      {"podScrape", "podMetricsEndpoints", true},
}

// readMonitors finds the calls that monitors ask for.
func (x *inference) readMonitors() {
	servers := slices.DeleteFunc(slices.Clone(x.cluster.Workloads), func(w *netpol.Workload) bool { return !isServer(w) })
	for _, o := range x.objects.all {
		if kind, ok := monitorKinds[[2]string{o.Group, o.Kind}]; ok {
			m := monitor{o, kind}
			for _, c := range x.callersOf(o, kind.selector, servers) {
				x.readMonitor(m, c)
			}
			continue
		}
		switch {
		case o.Group == monitoringGroup && o.Kind == "Probe":
			for _, c := range x.callersOf(o, "probe", servers) {
				x.readProbe(o, c)
			}
		case o.Group == monitoringGroup && o.Kind == "ScrapeConfig":
			for _, c := range x.callersOf(o, "scrapeConfig", servers) {
				x.callJob(&job{
					node: treeOf(o.Data["spec"]), name: o.Kind + " " + o.Name, caller: c, namespace: c.namespace(o), kind: "monitor", source: source{o, []any{"spec"}}, isObject: true,
				})
			}
		}
	}
}

// isServer tells whether a workload is one that scrapes what monitors say.
func isServer(w *netpol.Workload) bool {
	switch w.Group {
	case monitoringGroup:
		return w.Kind == "Prometheus" || w.Kind == "PrometheusAgent"
	case victoriaGroup:
		return w.Kind == "VMAgent" || w.Kind == "VMSingle"
	default:
		return false
	}
}

// caller is who scrapes because of a monitor.
type caller struct {
	end  End
	sure Confidence
}

// namespace is that in which the caller looks names up; of one elsewhere it is not
// known, and names mostly tell theirs.
func (c caller) namespace(o *manifest.Object) string {
	if c.end.Workload != nil {
		return c.end.Workload.Namespace
	}
	return o.Namespace
}

// callersOf returns the servers that select a monitor. Where none is here, one may be
// elsewhere; where those that are here do not select it, that is not likely.
func (x *inference) callersOf(o *manifest.Object, field string, servers []*netpol.Workload) []caller {
	var callers []caller
	able := false
	for _, w := range servers {
		if o.Group == victoriaGroup && w.Group != victoriaGroup {
			continue // of which only the other direction is converted
		}
		able = true
		if x.selects(w, field, o) {
			callers = append(callers, caller{End{Workload: w}, High})
		}
	}
	switch {
	case callers != nil:
		return callers
	case able:
		return []caller{{End{External: PrometheusServer}, Low}}
	default:
		return []caller{{End{External: PrometheusServer}, Medium}}
	}
}

// selects tells whether a server selects a monitor by the fields whose names begin
// with field. Of Prometheus, an absent selector selects nothing, and an absent one of
// namespaces its own. Of VictoriaMetrics, an absent selector selects all where there
// is one of namespaces or selectAllByDefault; it converts the monitors of Prometheus.
func (x *inference) selects(w *netpol.Workload, field string, o *manifest.Object) bool {
	if w.Group == victoriaGroup {
		switch field {
		case "serviceMonitor":
			field = "serviceScrape"
		case "podMonitor":
			field = "podScrape"
		}
	}
	spec := w.Source.Data["spec"]
	objects, hasObjects := manifest.Lookup(spec, field+"Selector").(map[string]any)
	namespaces, hasNamespaces := manifest.Lookup(spec, field+"NamespaceSelector").(map[string]any)
	if !hasObjects {
		if w.Group != victoriaGroup || !hasNamespaces && manifest.Lookup(spec, "selectAllByDefault") != true {
			return false
		}
		if !hasNamespaces {
			return true
		}
	}
	if !hasNamespaces && w.Namespace != o.Namespace || hasNamespaces && !selectorOf(namespaces).Matches(x.namespaceLabels(o.Namespace)) {
		return false
	}
	return selectorOf(objects).Matches(textMap(o.Data, "metadata", "labels"))
}

func (x *inference) namespaceLabels(namespace string) map[string]string {
	if n := x.cluster.Namespace(namespace); n != nil {
		return n.Labels
	}
	return map[string]string{netpol.NameLabel: namespace}
}

// selectorOf reads a label selector that is no part of a policy.
func selectorOf(m map[string]any) netpol.Selector {
	var s netpol.Selector
	for key, value := range textMap(m, "matchLabels") {
		s.Requirements = append(s.Requirements, netpol.Requirement{Key: key, Operator: netpol.In, Values: []string{value}})
	}
	for _, item := range manifest.Items(m, "matchExpressions") {
		r := netpol.Requirement{Key: manifest.Text(item, "key"), Operator: netpol.Operator(manifest.Text(item, "operator"))}
		for _, value := range manifest.Items(item, "values") {
			text, _ := value.(string)
			r.Values = append(r.Values, text)
		}
		s.Requirements = append(s.Requirements, r)
	}
	return s
}

// readMonitor adds the calls of one caller that a monitor asks for.
func (x *inference) readMonitor(m monitor, c caller) {
	selector, ok := manifest.Lookup(m.Data, "spec", "selector").(map[string]any)
	if !ok {
		return
	}
	selected := selectorOf(selector)
	for i, fields := range manifest.Items(m.Data, "spec", m.list) {
		rules := treeOf(fields).first("relabelings", "relabelConfigs").list()
		e := &endpoint{monitor: m, caller: c, fields: fields, index: i, rules: relabelings(rules)}
		if m.ofPods {
			for _, w := range x.cluster.Workloads {
				if m.covers(w.Namespace) && selected.Matches(w.Labels) {
					x.scrapePods(e, w)
				}
			}
			continue
		}
		for _, s := range x.allServices() {
			if m.covers(s.Namespace) && selected.Matches(x.serviceLabels(s)) {
				x.scrapeService(e, s)
			}
		}
		for j := range clusterServices {
			s := &clusterServices[j]
			port := manifest.Text(fields, "port")
			if m.covers(s.namespace) && selected.Matches(s.labels) && x.services[name{s.namespace, s.name}] == nil && s.ports[port] != 0 {
				x.scrape(e, clusterTarget(j, port), "port", "Service "+s.name)
			}
		}
	}
}

// endpoint is what a monitor says of one port.
type endpoint struct {
	monitor
	caller caller
	fields any
	index  int
	rules  []relabeling
}

// scrape adds the call of a target, because of a field of the endpoint.
func (x *inference) scrape(e *endpoint, t target, field, what string) {
	m := e.monitor
	j := &job{
		node: &node{}, name: m.Kind + " " + m.Name + " selects " + what, caller: e.caller, namespace: e.caller.namespace(m.Object),
		kind: "monitor", source: source{m.Object, []any{"spec", m.list, e.index, field}}, isObject: true,
	}
	for _, label := range []string{"namespace", "service", "pod", "container", "endpoint"} { // as the operator sets them
		t.labels[label] = t.labels[meta+map[string]string{
			"namespace": "namespace", "service": "service_name", "pod": "pod_name", "container": "pod_container_name", "endpoint": "endpoint_port_name",
		}[label]]
	}
	x.relabeled(j, j.node, e.rules, t)
}

// covers tells whether a monitor is about a namespace: its own, unless it says more.
func (m monitor) covers(namespace string) bool {
	of := manifest.Mapping(m.Data, "spec", "namespaceSelector")
	if of["any"] == true {
		return true
	}
	if names := manifest.Items(of, "matchNames"); len(names) > 0 {
		return slices.Contains(names, any(namespace))
	}
	return namespace == m.Namespace
}

// scrapeService adds the calls of what is behind a Service. An endpoint names a port
// of the Service, or else one of the pods by name or number, or else all are meant.
func (x *inference) scrapeService(e *endpoint, s *netpol.Service) {
	port, target := portOf(manifest.Lookup(e.fields, "port")), portOf(manifest.Lookup(e.fields, "targetPort"))
	field := "port"
	if port == "" && target != "" {
		field = "targetPort"
	}
	if manifest.Text(e.Data, "spec", "discoveryRole") == "service" { // of VictoriaMetrics
		for _, p := range s.Ports {
			if port == "" || port == p.Name {
				x.scrape(e, x.serviceTarget(s, p), field, "Service "+s.Name)
			}
		}
		return
	}
	for _, t := range x.cluster.Targets(s) {
		if t.Number == 0 && t.Workload.Operated == nil {
			continue // the pods do not declare the port, so that there is no endpoint
		}
		if t.Port.Protocol == netpol.TCP && (port == t.Port.Name || port == "" && (target == "" || isTarget(target, t))) {
			x.scrape(e, x.endpointTarget(s, t), field, "Service "+s.Name)
		}
	}
	backends := x.cluster.Backends(s)
	if port == "" && target != "" {
		for _, w := range backends {
			x.scrapePort(e, w, target, field, "Service "+s.Name)
		}
	}
	cluster, ok := clusterBackend(s)
	for _, p := range s.Ports {
		if ok && len(backends) == 0 && p.Name == port && p.TargetNumber != 0 {
			x.add(e.caller.end, cluster, p.TargetNumber, netpol.TCP, Evidence{
				Kind: "monitor", Origin: e.At("spec", e.list, e.index, field), Text: e.Kind + " " + e.Name + " selects Service " + s.Name, Confidence: e.caller.sure,
			})
		}
	}
}

// isTarget tells whether a text is the number or the name of a target's port.
func isTarget(text string, t netpol.Target) bool {
	return text == strconv.Itoa(t.Number) || t.Port.TargetName != "" && text == t.Port.TargetName
}

// scrapePods adds the calls of the pods that a monitor selects by their labels.
func (x *inference) scrapePods(e *endpoint, w *netpol.Workload) {
	for _, field := range []string{"port", "portNumber", "targetPort"} {
		if port := portOf(manifest.Lookup(e.fields, field)); port != "" {
			x.scrapePort(e, w, port, field, w.Kind+" "+w.Name)
			return
		}
	}
}

// scrapePort adds the call of a port that the pods declare, by name or number.
func (x *inference) scrapePort(e *endpoint, w *netpol.Workload, port, field, what string) {
	ports, containers := containerPorts(w)
	for i, p := range ports {
		if p.Number != 0 && (p.Name == port || strconv.Itoa(p.Number) == port) {
			x.scrape(e, podTarget(w, x.podMeta(w), p, containers[i]), field, what)
		}
	}
}

// readProbe adds the call of the exporter that a Probe names, and its calls of what it
// probes.
func (x *inference) readProbe(o *manifest.Object, c caller) {
	at := []any{"spec", "prober", "url"}
	url := manifest.Text(o.Data, at...)
	j := &job{node: &node{}, name: "Probe " + o.Name, caller: c, namespace: c.namespace(o), kind: "probe", source: source{o, at}, isObject: true}
	x.callAddress(j, j.node, url, "url")
	at = []any{"spec", "targets", "staticConfig", "static"}
	for i, item := range manifest.Items(o.Data, at...) {
		if text, ok := item.(string); ok {
			j.source = source{o, append(slices.Clone(at), i)}
			x.probe(j, j.node, url, text)
		}
	}
}
