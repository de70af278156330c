package traffic

import (
	"strings"
	"testing"
)

// configured is a ConfigMap with a file, and the volume by which pods mount it.
func configured(name, image, key, text string) []string {
	indented := "  " + key + ": |\n    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
	return []string{
		object("v1", "ConfigMap", name, "data:\n"+indented),
		deployment(name, "{containers: [{name: main, image: '"+image+"', ports: [{containerPort: 9090}], volumeMounts: [{name: c, mountPath: /etc/c}]}], "+
			"volumes: [{name: c, configMap: {name: "+name+"}}]}"),
	}
}

// annotated is an object with annotations.
func annotated(kind, name, annotations, rest string) string {
	return "apiVersion: v1\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: shop, annotations: {" + annotations + "}}\n" + rest
}

const conventional = `
scrape_configs:
- job_name: services
  kubernetes_sd_configs: [{role: endpoints}]
  relabel_configs:
  - {source_labels: [__meta_kubernetes_service_annotation_prometheus_io_scrape], action: keep, regex: true}
  - source_labels: [__address__, __meta_kubernetes_service_annotation_prometheus_io_port]
    regex: ([^:]+)(?::\d+)?;(\d+)
    replacement: $1:$2
    target_label: __address__
- job_name: pods
  kubernetes_sd_configs: [{role: pod}]
  relabel_configs:
  - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], action: keep, regex: true}
  - source_labels: [__address__, __meta_kubernetes_pod_annotation_prometheus_io_port]
    regex: ([^:]+)(?::\d+)?;(\d+)
    replacement: $1:$2
    target_label: __address__
`

func TestScrapeAnnotations(t *testing.T) {
	api := deployment("api", idle)
	of := func(annotations string) string {
		return annotated("Service", "api", annotations, "spec: {selector: {app: api}, ports: [{name: web, port: 80, targetPort: web}, {name: dns, port: 53, protocol: UDP}]}")
	}
	pod := func(annotations string) string {
		return annotated("Pod", "api", annotations, "spec: {containers: [{name: main, ports: [{containerPort: 8080}, {containerPort: 9000}, {containerPort: 53, protocol: UDP}]}]}")
	}
	for _, s := range []scenario{
		{
			name:      "a Service asks for all of its ports",
			manifests: []string{api, of("prometheus.io/scrape: 'true'")},
			want:      []string{"external:prometheus -> shop/Deployment/api 8080/TCP medium"},
		},
		{
			name:      "or for one of the pods",
			manifests: []string{api, of("prometheus.io/scrape: 'true', prometheus.io/port: '9102'")},
			want:      []string{"external:prometheus -> shop/Deployment/api 9102/TCP medium"},
		},
		{
			name:      "a port that is no number is none",
			manifests: []string{api, of("prometheus.io/scrape: 'true', prometheus.io/port: web")},
			want:      []string{"external:prometheus -> shop/Deployment/api 8080/TCP medium"},
		},
		{name: "false asks for nothing", manifests: []string{api, of("prometheus.io/scrape: 'false', prometheus.io/port: '9102'")}},
		{name: "nor does a port alone", manifests: []string{api, of("prometheus.io/port: '9102'")}},
		{name: "nor what is misspelt", manifests: []string{api, of("prometheus.io.scrape: 'true'")}},
		{
			name:      "a pod asks for the ports that it declares",
			manifests: []string{pod("prometheus.io/scrape: 'true'")},
			want:      []string{"external:prometheus -> shop/Pod/api 8080/TCP medium", "external:prometheus -> shop/Pod/api 9000/TCP medium"},
		},
		{
			name: "what a Prometheus that is here scrapes already needs no other",
			manifests: []string{
				api, of("prometheus.io/scrape: 'true'"), monitored("Prometheus", "k8s", "{}", "{serviceMonitorSelector: {}}"),
				monitored("ServiceMonitor", "api", "{}", "{selector: {}, namespaceSelector: {matchNames: [shop]}, endpoints: [{targetPort: 8080}]}"),
			},
			want: []string{
				"external:prometheus -> shop/Deployment/api 8080/TCP low",
				"shop/Prometheus/k8s -> shop/Deployment/api 8080/TCP high",
				"shop/Prometheus/k8s -> shop/Prometheus/k8s 8080/TCP high",
			},
		},
		{
			name:      "a Prometheus that reads the annotations is the caller",
			manifests: append(configured("prometheus", "prom/prometheus", "prometheus.yml", conventional), api, of("prometheus.io/scrape: 'true'")),
			want:      []string{"shop/Deployment/prometheus -> shop/Deployment/api 8080/TCP high"},
		},
		{
			name: "on the port that they name, of pods too",
			manifests: append(configured("prometheus", "prom/prometheus", "prometheus.yml", conventional),
				of("prometheus.io/scrape: 'true', prometheus.io/port: '9102'"), api, pod("prometheus.io/scrape: 'true', prometheus.io/port: '9000'")),
			want: []string{
				"shop/Deployment/prometheus -> shop/Deployment/api 9102/TCP high", "shop/Deployment/prometheus -> shop/Pod/api 9000/TCP high",
			},
		},
		{
			name: "false is nothing to it either; the misspelt is the same, for in its labels every other character is an underscore",
			manifests: append(configured("prometheus", "prom/prometheus", "prometheus.yml", conventional),
				of("prometheus.io/scrape: 'false'"), api, pod("prometheus.io.scrape: 'true', prometheus.io.port: '9000'")),
			want: []string{"shop/Deployment/prometheus -> shop/Pod/api 9000/TCP high"},
		},
		{
			name: "one that reads those of Services leaves those of pods to others",
			manifests: append(configured("prometheus", "prom/prometheus", "prometheus.yml", conventional[:strings.Index(conventional, "- job_name: pods")]),
				pod("prometheus.io/scrape: 'true', prometheus.io/port: '9000'")),
			want: []string{"external:prometheus -> shop/Pod/api 9000/TCP medium"},
		},
	} {
		s.run(t)
	}
}

func TestPrometheusConfiguration(t *testing.T) {
	api := deployment("api", idle)
	apiService := service("api", "api", "ports: [{name: web, port: 80, targetPort: web}]")
	const calls = "shop/Deployment/prometheus -> shop/Deployment/api 8080/TCP high"
	for _, c := range []struct {
		name, config string
		want         []string
	}{
		{"static targets", "scrape_configs: [{job_name: a, static_configs: [{targets: ['api:80', 'other:80']}]}]", []string{calls}},
		{"a target without a port has that of http", "scrape_configs: [{job_name: a, static_configs: [{targets: [api]}]}]", []string{calls}},
		{"the endpoints of a name", `
scrape_configs:
- kubernetes_sd_configs: [{role: endpoints}]
  relabel_configs: [{source_labels: [__meta_kubernetes_endpoints_name], regex: api, action: keep}]`, []string{calls}},
		{"a regular expression matches all of a value", `
scrape_configs:
- kubernetes_sd_configs: [{role: endpoints}]
  relabel_configs: [{source_labels: [__meta_kubernetes_endpoints_name], regex: ap, action: keep}]`, nil},
		{"the label of a pod, and its port by name", `
scrape_configs:
- kubernetes_sd_configs: [{role: pod, namespaces: {names: [shop]}}]
  relabel_configs:
  - {source_labels: [__meta_kubernetes_pod_label_app, __meta_kubernetes_pod_container_port_name], regex: api;web, action: keep}`, []string{calls}},
		{"other namespaces are not looked at", `
scrape_configs:
- kubernetes_sd_configs: [{role: pod, namespaces: {names: [other]}}]`, nil},
		{"nor those of another cluster", "scrape_configs: [{kubernetes_sd_configs: [{role: pod, api_server: 'https://a.example.com'}]}]", nil},
		{"what is dropped is not called", `
scrape_configs:
- kubernetes_sd_configs: [{role: pod}]
  relabel_configs: [{source_labels: [__meta_kubernetes_pod_label_app], regex: (prometheus|api), action: drop}]`, nil},
		{
			"nodes are called through the API server", `
scrape_configs:
- kubernetes_sd_configs: [{role: node}]
  relabel_configs: [{target_label: __address__, replacement: 'kubernetes.default.svc:443'}]`,
			[]string{"shop/Deployment/prometheus -> external:kube-apiserver 6443/TCP high"},
		},
		{"or themselves", "scrape_configs: [{kubernetes_sd_configs: [{role: node}]}]", []string{"shop/Deployment/prometheus -> external:node 10250/TCP high"}},
		{"the API server is behind a Service that nobody declares", `
scrape_configs:
- kubernetes_sd_configs: [{role: endpoints}]
  relabel_configs:
  - source_labels: [__meta_kubernetes_namespace, __meta_kubernetes_service_name, __meta_kubernetes_endpoint_port_name]
    regex: default;kubernetes;https
    action: keep`, []string{"shop/Deployment/prometheus -> external:kube-apiserver 6443/TCP high"}},
		{"nothing asks to be probed by an exporter", `
scrape_configs:
- kubernetes_sd_configs: [{role: service}]
  relabel_configs:
  - {source_labels: [__meta_kubernetes_service_annotation_prometheus_io_probe], regex: true, action: keep}
  - {target_label: __address__, replacement: 'api:80'}`, nil},
		{"alerts", "alerting: {alertmanagers: [{static_configs: [{targets: ['api:80']}]}]}", []string{calls}},
		{"what is written to", "scrape_configs: []\nremote_write: [{url: 'http://api/write'}]", []string{calls}},
		{"Promtail reads files", "clients: [{url: 'http://api/push'}]\nscrape_configs: [{kubernetes_sd_configs: [{role: pod}]}]", []string{calls}},
		{"so do logs of an agent", "logs: {configs: [{scrape_configs: [{kubernetes_sd_configs: [{role: pod}]}]}]}", nil},
		{"a collector scrapes", "receivers: {prometheus: {config: {scrape_configs: [{static_configs: [{targets: ['api:80']}]}]}}}", []string{calls}},
	} {
		scenario{name: c.name, manifests: append(configured("prometheus", "a/b", "config.yml", c.config), api, apiService), want: c.want}.run(t)
	}
}

func TestPrometheusResource(t *testing.T) {
	alerts := monitored("Alertmanager", "main", "{}", "{replicas: 1}")
	for _, s := range []scenario{
		{
			name: "alerts go to the Service that is named",
			manifests: []string{
				alerts, monitored("Prometheus", "k8s", "{}", "{alerting: {alertmanagers: [{name: main, namespace: shop, port: web}]}}"),
				object("v1", "Service", "main", "spec: {selector: {alertmanager: main}, ports: [{name: web, port: 80, targetPort: web}]}"),
			},
			want: []string{"shop/Prometheus/k8s -> shop/Alertmanager/main 9093/TCP high"},
		},
		{
			name: "of its own namespace, where the operator makes one too",
			manifests: []string{
				alerts, monitored("Prometheus", "k8s", "{}", "{alerting: {alertmanagers: [{name: alertmanager-operated, port: 9093}]}}"),
			},
			want: []string{"shop/Prometheus/k8s -> shop/Alertmanager/main 9093/TCP high"},
		},
		{
			name: "a Secret holds more jobs",
			manifests: []string{
				deployment("api", idle), service("api", "api", "ports: [{port: 80, targetPort: web}]"),
				monitored("Prometheus", "k8s", "{}", "{additionalScrapeConfigs: {name: more, key: jobs.yaml}}"),
				object("v1", "Secret", "more", "stringData: {jobs.yaml: \"- {job_name: a, static_configs: [{targets: ['api:80']}]}\", other.yaml: \"- {job_name: b, static_configs: [{targets: ['alertmanager-operated:9093']}]}\"}"),
			},
			want: []string{"shop/Prometheus/k8s -> shop/Deployment/api 8080/TCP high"},
		},
	} {
		s.run(t)
	}
}

// TestSecretJobs: evidence of what is in a Secret does not show it.
func TestSecretJobs(t *testing.T) {
	g := infer(t, []string{
		deployment("api", idle), service("api", "api", "ports: [{port: 80, targetPort: web}]"),
		monitored("Prometheus", "k8s", "{}", "{additionalScrapeConfigs: {name: more, key: jobs.yaml}}"),
		object("v1", "Secret", "more", "stringData: {jobs.yaml: \"- {job_name: a, static_configs: [{targets: ['user:hidden@api:80']}]}\"}"),
	})
	for _, e := range g.Edges {
		for _, v := range e.Evidence {
			if strings.Contains(v.Text, "hidden") {
				t.Errorf("evidence shows a Secret: %s", v.Text)
			}
		}
	}
}
