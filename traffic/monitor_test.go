package traffic

import "testing"

// labelled is a Service of the pods with the label app, with labels of its own.
func labelled(name, app, labels, rest string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + ", namespace: shop, labels: " + labels + "}\n" +
		"spec: {selector: {app: " + app + "}, " + rest + "}"
}

// monitored is an object of the operator of Prometheus.
func monitored(kind, name, labels, spec string) string {
	return "apiVersion: monitoring.coreos.com/v1\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: shop, labels: " + labels + "}\nspec: " + spec
}

const byApp = "{selector: {matchLabels: {app: api}}, endpoints: [{port: web}]}"

func TestMonitorOfServices(t *testing.T) {
	api := deployment("api", idle)
	apiService := labelled("api", "api", "{app: api}", "ports: [{name: web, port: 80, targetPort: web}, {name: grpc, port: 90}]")
	all := monitored("Prometheus", "k8s", "{}", "{serviceMonitorSelector: {}, serviceMonitorNamespaceSelector: {}}")
	const byK8s = "shop/Prometheus/k8s -> shop/Deployment/api 8080/TCP high"
	const byOther = "external:prometheus -> shop/Deployment/api 8080/TCP medium"
	const unlikely = "external:prometheus -> shop/Deployment/api 8080/TCP low"
	for _, s := range []scenario{
		{
			name:      "the port is that of the pods, and the caller the Prometheus that selects the monitor",
			manifests: []string{api, apiService, all, monitored("ServiceMonitor", "api", "{}", byApp)},
			want:      []string{byK8s},
		},
		{
			name:      "without a Prometheus, it is one elsewhere",
			manifests: []string{api, apiService, monitored("ServiceMonitor", "api", "{}", byApp)},
			want:      []string{byOther},
		},
		{
			name: "a Prometheus without a selector selects nothing",
			manifests: []string{
				api, apiService, monitored("ServiceMonitor", "api", "{}", byApp), monitored("Prometheus", "k8s", "{}", "{podMonitorSelector: {}}"),
			},
			want: []string{unlikely},
		},
		{
			name: "a selector asks for the labels of the monitor",
			manifests: []string{
				api, apiService, monitored("ServiceMonitor", "api", "{team: a}", byApp),
				monitored("Prometheus", "a", "{}", "{serviceMonitorSelector: {matchLabels: {team: a}}}"),
				monitored("Prometheus", "b", "{}", "{serviceMonitorSelector: {matchLabels: {team: b}}}"),
			},
			want: []string{"shop/Prometheus/a -> shop/Deployment/api 8080/TCP high"},
		},
		{
			name: "without a selector of namespaces, a Prometheus sees those of its own",
			manifests: []string{
				api, apiService, monitored("ServiceMonitor", "api", "{}", byApp),
				"apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: k8s, namespace: other}\nspec: {serviceMonitorSelector: {}}",
			},
			want: []string{unlikely},
		},
		{
			name: "a selector of namespaces asks for their labels",
			manifests: []string{
				api, apiService, monitored("ServiceMonitor", "api", "{}", byApp), "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {watch: yes-please}}",
				"apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: k8s, namespace: other}\n" +
					"spec: {serviceMonitorSelector: {}, serviceMonitorNamespaceSelector: {matchLabels: {watch: yes-please}}}",
			},
			want: []string{"other/Prometheus/k8s -> shop/Deployment/api 8080/TCP high"},
		},
		{
			name:      "a monitor selects by the labels of Services, not by their selectors",
			manifests: []string{api, labelled("api", "api", "{other: api}", "ports: [{name: web, port: 80}]"), monitored("ServiceMonitor", "api", "{}", byApp)},
		},
		{
			name:      "a port that the Service does not have leads nowhere",
			manifests: []string{api, labelled("api", "api", "{app: api}", "ports: [{name: http, port: 80}]"), monitored("ServiceMonitor", "api", "{}", byApp)},
		},
		{
			name: "a monitor is about its own namespace unless it says more",
			manifests: []string{
				api, apiService,
				"apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: api, namespace: other}\nspec: " + byApp,
			},
		},
		{
			name: "or names others",
			manifests: []string{
				api, apiService,
				"apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: api, namespace: other}\n" +
					"spec: {selector: {matchLabels: {app: api}}, namespaceSelector: {matchNames: [shop]}, endpoints: [{port: web}]}",
			},
			want: []string{byOther},
		},
		{
			name: "or any",
			manifests: []string{
				api, apiService,
				"apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: api, namespace: other}\n" +
					"spec: {selector: {matchExpressions: [{key: app, operator: Exists}]}, namespaceSelector: {any: true}, endpoints: [{port: web}]}",
			},
			want: []string{byOther},
		},
		{
			name: "targetPort is a port of the pods, by name or number",
			manifests: []string{
				api, apiService,
				monitored("ServiceMonitor", "a", "{}", "{selector: {matchLabels: {app: api}}, endpoints: [{targetPort: web}]}"),
				monitored("ServiceMonitor", "b", "{}", "{selector: {matchLabels: {app: api}}, endpoints: [{targetPort: 90}]}"),
			},
			want: []string{"external:prometheus -> shop/Deployment/api 90/TCP medium", byOther},
		},
		{
			name: "relabeling drops targets, and moves them to other ports",
			manifests: []string{
				api, apiService,
				monitored("ServiceMonitor", "a", "{}", `
  selector: {}
  endpoints:
  - port: web
    relabelings: [{sourceLabels: [__meta_kubernetes_endpoints_name], action: keep, regex: other}]
  - port: grpc
    relabelings: [{sourceLabels: [__address__], targetLabel: __address__, regex: "([^:]+)(?::\\d+)?", replacement: "${1}:9999"}]`),
			},
			want: []string{"external:prometheus -> shop/Deployment/api 9999/TCP medium"},
		},
	} {
		s.run(t)
	}
}

func TestMonitorOfTheCluster(t *testing.T) {
	all := monitored("Prometheus", "k8s", "{}", "{serviceMonitorSelector: {}}")
	control := func(namespace, labels, port string) string {
		return monitored("ServiceMonitor", "control", "{}",
			"{selector: {matchLabels: "+labels+"}, namespaceSelector: {matchNames: ["+namespace+"]}, endpoints: [{port: "+port+"}]}")
	}
	for _, s := range []scenario{
		{
			name:      "the kubelet is found through the Service that the operator makes",
			manifests: []string{all, control("kube-system", "{k8s-app: kubelet}", "https-metrics")},
			want:      []string{"shop/Prometheus/k8s -> external:node 10250/TCP high"},
		},
		{
			name:      "the API server behind its own Service",
			manifests: []string{all, control("default", "{component: apiserver, provider: kubernetes}", "https")},
			want:      []string{"shop/Prometheus/k8s -> external:kube-apiserver 6443/TCP high"},
		},
		{
			name:      "DNS behind its own",
			manifests: []string{all, control("kube-system", "{k8s-app: kube-dns}", "metrics")},
			want:      []string{"shop/Prometheus/k8s -> external:coredns 9153/TCP high"},
		},
		{
			name:      "the scheduler has none",
			manifests: []string{all, control("kube-system", "{app.kubernetes.io/name: kube-scheduler}", "https-metrics")},
		},
		{
			name: "unless the repository has one, which leads to static pods",
			manifests: []string{
				all, control("kube-system", "{app: scheduler}", "https-metrics"),
				"apiVersion: v1\nkind: Service\nmetadata: {name: scheduler, namespace: kube-system, labels: {app: scheduler}}\n" +
					"spec: {clusterIP: None, selector: {component: kube-scheduler}, ports: [{name: https-metrics, port: 10259}]}",
			},
			want: []string{"shop/Prometheus/k8s -> external:node 10259/TCP high"},
		},
	} {
		s.run(t)
	}
}

func TestOtherMonitors(t *testing.T) {
	api := deployment("api", idle)
	prometheus := monitored("Prometheus", "k8s", "{}", "{podMonitorSelector: {}, probeSelector: {}, scrapeConfigSelector: {}}")
	exporter := deployment("exporter", "{containers: [{name: main, ports: [{containerPort: 9115}]}]}")
	exporterService := service("exporter", "exporter", "ports: [{port: 9115}]")
	apiService := service("api", "api", "ports: [{port: 80, targetPort: web}]")
	for _, s := range []scenario{
		{
			name: "a PodMonitor names ports of pods",
			manifests: []string{
				api, prometheus,
				monitored("PodMonitor", "a", "{}", "{selector: {matchLabels: {app: api}}, podMetricsEndpoints: [{port: web}, {port: other}, {portNumber: 8080}]}"),
			},
			want: []string{"shop/Prometheus/k8s -> shop/Deployment/api 8080/TCP high"},
		},
		{
			name: "of those that operators make too",
			manifests: []string{
				object("kafka.strimzi.io/v1beta2", "Kafka", "bus", "spec: {kafka: {replicas: 1}}"), prometheus,
				monitored("PodMonitor", "a", "{}", "{selector: {matchLabels: {strimzi.io/kind: Kafka}}, podMetricsEndpoints: [{port: tcp-prometheus}]}"),
			},
			want: []string{"shop/Prometheus/k8s -> shop/Kafka/bus 9404/TCP high"},
		},
		{
			name: "a Probe calls its exporter, and that what is probed",
			manifests: []string{
				api, apiService, exporter, exporterService, prometheus,
				monitored("Probe", "a", "{}", "{prober: {url: 'exporter:9115'}, targets: {staticConfig: {static: ['http://api.shop/', api]}}}"),
			},
			want: []string{
				"shop/Deployment/exporter -> shop/Deployment/api 8080/TCP high",
				"shop/Prometheus/k8s -> shop/Deployment/exporter 9115/TCP high",
			},
		},
		{
			name: "a ScrapeConfig has targets and discovers them",
			manifests: []string{
				api, apiService, exporter, exporterService, prometheus,
				"apiVersion: monitoring.coreos.com/v1alpha1\nkind: ScrapeConfig\nmetadata: {name: a, namespace: shop}\n" +
					"spec: {staticConfigs: [{targets: ['exporter.shop.svc:9115']}], kubernetesSDConfigs: [{role: Pod}], " +
					"relabelings: [{sourceLabels: [__address__, __meta_kubernetes_pod_label_app], regex: 'exporter.*;|.*;api', action: keep}]}",
			},
			want: []string{
				"shop/Prometheus/k8s -> shop/Deployment/api 8080/TCP high",
				"shop/Prometheus/k8s -> shop/Deployment/exporter 9115/TCP high",
			},
		},
		{
			name: "VMAgent selects all if it is told so, monitors of Prometheus too",
			manifests: []string{
				api, labelled("api", "api", "{app: api}", "ports: [{name: web, port: 80, targetPort: web}]"),
				object("operator.victoriametrics.com/v1beta1", "VMAgent", "a", "spec: {selectAllByDefault: true}"),
				object("operator.victoriametrics.com/v1beta1", "VMAgent", "b", "spec: {}"),
				object("operator.victoriametrics.com/v1beta1", "VMServiceScrape", "api", "spec: "+byApp),
				monitored("ServiceMonitor", "api", "{}", byApp),
			},
			want: []string{"shop/VMAgent/a -> shop/Deployment/api 8080/TCP high"},
		},
		{
			name: "a VMServiceScrape may discover Services themselves",
			manifests: []string{
				api, labelled("api", "api", "{app: api}", "ports: [{name: web, port: 80, targetPort: web}]"),
				object("operator.victoriametrics.com/v1beta1", "VMAgent", "a", "spec: {serviceScrapeNamespaceSelector: {}}"),
				object("operator.victoriametrics.com/v1beta1", "VMServiceScrape", "api", "spec: {discoveryRole: service, selector: {}, "+
					"endpoints: [{relabelConfigs: [{sourceLabels: [__meta_kubernetes_service_port_name], regex: web, action: keep}]}]}"),
			},
			want: []string{"shop/VMAgent/a -> shop/Deployment/api 8080/TCP high"},
		},
	} {
		s.run(t)
	}
}
