package traffic

import (
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// What files of Grafana are: data sources, which it calls itself, and dashboards,
// which hold links for people and nothing that is called
// (https://grafana.com/docs/grafana/latest/administration/provisioning/).
type grafanaFile int

const (
	noGrafanaFile grafanaFile = iota
	dashboardFile
	datasourceFile
)

// grafanaFileOf tells what a text is, and reads it.
func grafanaFileOf(text string) (grafanaFile, *node) {
	hasSource := strings.Contains(text, "datasource") || strings.Contains(text, "access")
	if !hasSource && !strings.Contains(text, "panels") && !strings.Contains(text, "schemaVersion") {
		return noGrafanaFile, nil
	}
	root := parseTree(text)
	if root == nil {
		return noGrafanaFile, nil
	}
	dashboard := root
	if inner := root.at("dashboard"); inner != nil { // as the HTTP API imports it
		dashboard = inner
	}
	switch {
	case dashboard.at("title") != nil && (dashboard.at("panels") != nil || dashboard.at("rows") != nil || dashboard.at("schemaVersion") != nil):
		return dashboardFile, root
	case len(sources(root)) > 0:
		return datasourceFile, root
	default:
		return noGrafanaFile, nil
	}
}

// sources returns the data sources of a text: those of provisioning, or the one that
// the HTTP API takes.
func sources(root *node) []*node {
	list := root.list("datasources")
	if root.at("access") != nil && root.at("type") != nil {
		list = []*node{root}
	}
	return slices.DeleteFunc(slices.Clone(list), func(n *node) bool {
		return n.at("type") == nil || n.at("name") == nil && n.at("uid") == nil
	})
}

// readGrafana finds the data sources of every Grafana: in files that it mounts, in
// those that somebody else of its namespace mounts, to import them, in those that a
// sidecar finds by their labels, and in resources of its operator.
func (x *inference) readGrafana() {
	var servers []*netpol.Workload
	for _, w := range x.cluster.Workloads {
		if isGrafana(w) {
			servers = append(servers, w)
		}
	}
	for _, w := range x.cluster.Workloads {
		for _, m := range x.mounted[w] {
			kind, root := m.grafana()
			if kind != datasourceFile {
				continue
			}
			if isGrafana(w) {
				x.callSources(w, m.datum, root)
				continue
			}
			for _, server := range servers {
				if server.Namespace == w.Namespace {
					x.callSources(server, m.datum, root)
				}
			}
		}
	}
	x.readLabelled(servers)
	x.readDatasources(servers)
}

// grafana tells what a file is to Grafana.
func (f *file) grafana() (grafanaFile, *node) {
	if !f.classified {
		f.classified = true
		f.kind, f.tree = grafanaFileOf(f.value)
	}
	return f.kind, f.tree
}

// isGrafana tells whether a workload is a Grafana: by the name of an image, or
// because its operator makes it.
func isGrafana(w *netpol.Workload) bool {
	if w.Operated != nil {
		return w.Kind == "Grafana"
	}
	return slices.ContainsFunc(manifest.Items(w.PodSpec, "containers"), func(c any) bool {
		switch imageName(manifest.Text(c, "image")) {
		case "grafana", "grafana-oss", "grafana-enterprise":
			return true
		default:
			return false
		}
	})
}

// imageName is an image without its registry, tag and digest.
func imageName(image string) string {
	image, _, _ = strings.Cut(image, "@")
	image, _, _ = strings.Cut(path.Base(image), ":")
	return image
}

// callSources adds the calls of the data sources of a text. What has access direct is
// called by browsers.
func (x *inference) callSources(w *netpol.Workload, d datum, root *node) {
	for _, n := range sources(root) {
		url := n.at("url")
		if access := n.value("access"); url == nil || url.text == "" || access != "" && access != "proxy" {
			continue
		}
		s := &setting{workload: w, kind: "datasource", key: "url", value: url.text, from: d.from, line: url.line, secret: d.secret, confidence: High}
		for _, a := range addresses(url.text) {
			x.call(s, a)
		}
	}
}

// readLabelled reads the ConfigMaps and Secrets that sidecars find by a label and
// write to the files of Grafana (https://github.com/kiwigrid/k8s-sidecar).
func (x *inference) readLabelled(servers []*netpol.Workload) {
	for _, w := range servers {
		for _, list := range []string{"initContainers", "containers"} {
			for i, c := range manifest.Items(w.PodSpec, list) {
				env := map[string]string{}
				for _, v := range x.environment(w, manifest.Mapping(c), []any{"spec", list, i}) {
					env[v.key] = v.value
				}
				if env["LABEL"] != "" {
					x.readFound(w, env)
				}
			}
		}
	}
}

// readFound reads what a sidecar with an environment finds.
func (x *inference) readFound(w *netpol.Workload, env map[string]string) {
	namespaces := strings.Split(env["NAMESPACE"], ",")
	for _, o := range x.objects.all {
		if o.Group != "" || o.Kind != "ConfigMap" && o.Kind != "Secret" {
			continue
		}
		value, has := textMap(o.Data, "metadata", "labels")[env["LABEL"]]
		if !has || env["LABEL_VALUE"] != "" && env["LABEL_VALUE"] != value {
			continue
		}
		switch {
		case env["NAMESPACE"] == "" && o.Namespace != w.Namespace:
			continue
		case env["NAMESPACE"] != "" && env["NAMESPACE"] != "ALL" && !slices.Contains(namespaces, o.Namespace):
			continue
		}
		for _, d := range data(o) {
			if kind, root := grafanaFileOf(d.value); kind == datasourceFile {
				x.callSources(w, d, root)
			}
		}
	}
}

// readDatasources reads the resources by which an operator gives data sources to the
// instances that have some labels, or before its version 5, to those of the namespace
// (https://grafana.github.io/grafana-operator/docs/datasources/).
func (x *inference) readDatasources(servers []*netpol.Workload) {
	for _, o := range x.objects.all {
		switch {
		case o.Group == "grafana.integreatly.org" && o.Kind == "GrafanaDatasource":
			selector, ok := manifest.Lookup(o.Data, "spec", "instanceSelector").(map[string]any)
			elsewhere := manifest.Lookup(o.Data, "spec", "allowCrossNamespaceImport") == true
			for _, w := range servers {
				if ok && w.Group == o.Group && (w.Namespace == o.Namespace || elsewhere) &&
					selectorOf(selector).Matches(textMap(w.Source.Data, "metadata", "labels")) {
					x.callDatasource(w, o, "spec", "datasource")
				}
			}
		case o.Group == "integreatly.org" && o.Kind == "GrafanaDataSource":
			for _, w := range servers {
				for i := range manifest.Items(o.Data, "spec", "datasources") {
					if w.Group == o.Group && w.Namespace == o.Namespace {
						x.callDatasource(w, o, "spec", "datasources", i)
					}
				}
			}
		}
	}
}

// callDatasource adds the call of a data source in a resource.
func (x *inference) callDatasource(w *netpol.Workload, o *manifest.Object, at ...any) {
	access := manifest.Text(o.Data, append(at, "access")...)
	if access != "" && access != "proxy" {
		return
	}
	at = append(slices.Clone(at), "url")
	s := &setting{workload: w, kind: "datasource", key: "url", value: manifest.Text(o.Data, at...), from: source{o, at}, confidence: High}
	for _, a := range addresses(s.value) {
		x.call(s, a)
	}
}
