package traffic

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// readScrapers finds the calls of every Prometheus: a plain one, with a configuration
// that it mounts, and those that its operator makes.
func (x *inference) readScrapers() {
	for _, w := range x.cluster.Workloads {
		for _, m := range x.mounted[w] {
			if holdsJobs(m.datum.value) {
				x.readConfiguration(w, parseTree(m.datum.value), job{source: m.from, secret: m.secret})
			}
		}
		if w.Kind == "OpenTelemetryCollector" && w.Operated != nil {
			j := job{source: source{w.Source, []any{"spec", "config"}}}
			if text, ok := manifest.Lookup(w.Source.Data, j.source.path...).(string); ok { // before v1beta1
				x.readConfiguration(w, parseTree(text), j)
			} else {
				j.isObject = true
				x.readConfiguration(w, treeOf(w.Source.Data["spec"]).at("config"), j)
			}
		}
		if w.Group == monitoringGroup {
			x.readPrometheus(w)
		}
	}
	x.readMonitors()
	x.readAnnotations()
}

// holdsJobs tells at a glance whether a text may be a configuration of Prometheus, or
// of another program that scrapes as it does.
func holdsJobs(text string) bool {
	return strings.Contains(text, "scrape_configs") || strings.Contains(text, "alertmanagers")
}

// readConfiguration reads the jobs of a configuration, at whatever depth: collectors
// of OpenTelemetry and agents hold them too. Those of Promtail have the same form, but
// it reads the log files of the pods and does not call them
// (https://grafana.com/docs/loki/latest/send-data/promtail/configuration/).
func (x *inference) readConfiguration(w *netpol.Workload, root *node, like job) {
	if root == nil || root.at("positions") != nil || root.at("clients") != nil {
		return
	}
	root.each("scrape_configs", func(list []*node, path []string) {
		if slices.Contains(path, "logs") { // of Grafana Agent, which holds Promtail's
			return
		}
		x.callJobs(w, list, "scrape", like)
	})
	root.each("alertmanagers", func(list []*node, path []string) {
		if slices.Contains(path, "alerting") {
			x.callJobs(w, list, "alertmanager", like)
		}
	})
}

// annotationOf finds the objects whose annotations the examples of Prometheus read.
var annotationOf = regexp.MustCompile(`^` + meta + `(pod|service)_annotation_prometheus_io_scrape$`)

func (x *inference) callJobs(w *netpol.Workload, list []*node, kind string, like job) {
	for _, n := range list {
		j := like
		j.node, j.name, j.kind, j.caller, j.namespace = n, kind+" "+n.value("job_name"), kind, caller{End{Workload: w}, High}, w.Namespace
		for _, r := range relabelings(n.list("relabel_configs")) {
			for _, label := range r.source {
				if m := annotationOf.FindStringSubmatch(label); m != nil {
					x.reads[m[1]] = true
				}
			}
		}
		x.callJob(&j)
	}
}

// monitoringGroup is that of the operator of Prometheus.
const monitoringGroup = "monitoring.coreos.com"

// readPrometheus reads what a resource of that operator says of calls of its pods,
// beside the monitors that it selects
// (https://prometheus-operator.dev/docs/api-reference/api/).
func (x *inference) readPrometheus(w *netpol.Workload) {
	at := []any{"spec", "alerting", "alertmanagers"}
	for i, item := range manifest.Items(w.Source.Data, at...) {
		namespace := manifest.Text(item, "namespace")
		if namespace == "" {
			namespace = w.Namespace
		}
		service := manifest.Text(item, "name")
		x.lead(End{Workload: w}, reference{namespace, service, portOf(manifest.Lookup(item, "port")), netpol.TCP}, Evidence{
			Kind: "alertmanager", Origin: w.Source.At(append(at, i, "name")...), Text: w.Kind + " " + w.Name + " sends alerts to Service " + service, Confidence: High,
		})
	}
	for field, kind := range map[string]string{"additionalScrapeConfigs": "scrape", "additionalAlertManagerConfigs": "alertmanager"} {
		ref := manifest.Mapping(w.Source.Data, "spec", field)
		for _, d := range data(x.objects.core("Secret", w.Namespace, manifest.Text(ref, "name"))) {
			if root := parseTree(d.value); d.key == manifest.Text(ref, "key") && root != nil {
				x.callJobs(w, root.items, kind, job{source: d.from, secret: true})
			}
		}
	}
}
