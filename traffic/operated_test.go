package traffic

import "testing"

func TestOperated(t *testing.T) {
	api := deployment("api", idle)
	apiService := service("api", "api", "ports: [{port: 80, targetPort: web}]")
	client := func(address string) string {
		return deployment("client", "{containers: [{name: main, env: [{name: DB_URL, value: '"+address+"'}]}]}")
	}
	for _, s := range []scenario{
		{
			name:      "the Services that operators make have names",
			manifests: []string{object("postgresql.cnpg.io/v1", "Cluster", "db", "spec: {instances: 1}"), client("postgres://u:p@db-rw/app")},
			want:      []string{"shop/Deployment/client -> shop/Cluster/db 5432/TCP high"},
		},
		{
			name:      "the pods of some call each other",
			manifests: []string{object("postgresql.cnpg.io/v1", "Cluster", "db", "spec: {instances: 3}")},
			want:      []string{"shop/Cluster/db -> shop/Cluster/db 5432/TCP medium", "shop/Cluster/db -> shop/Cluster/db 8000/TCP medium"},
		},
		{
			name:      "a listener is the pods' own port",
			manifests: []string{object("kafka.strimzi.io/v1beta2", "Kafka", "bus", "spec: {kafka: {replicas: 1}}"), client("bus-kafka-bootstrap:9094")},
			want:      []string{"shop/Deployment/client -> shop/Kafka/bus 9094/TCP high"},
		},
		{
			name: "a declared Service counts before one of the same name",
			manifests: []string{
				object("grafana.integreatly.org/v1beta1", "Grafana", "g", "spec: {}"), client("http://g-service:3000"), api,
				service("g-service", "api", "ports: [{port: 3000, targetPort: web}]"),
			},
			want: []string{"shop/Deployment/client -> shop/Deployment/api 8080/TCP high"},
		},
		{
			name: "an address in a resource, its environment, and a configuration within",
			manifests: []string{
				api, apiService, object("opentelemetry.io/v1beta1", "OpenTelemetryCollector", "a", `
spec:
  env: [{name: API_URL, value: "http://api"}]
  config:
    receivers: {otlp: {protocols: {grpc: {endpoint: "api:80"}}}}`),
				object("opentelemetry.io/v1alpha1", "OpenTelemetryCollector", "b", `
spec:
  config: |
    exporters: {otlphttp: {endpoint: "http://api"}}`),
				object("opentelemetry.io/v1beta1", "OpenTelemetryCollector", "c", `
spec:
  config: {receivers: {prometheus: {config: {scrape_configs: [{static_configs: [{targets: ["api:80"]}]}]}}}}`),
			},
			want: []string{
				"shop/OpenTelemetryCollector/a -> shop/Deployment/api 8080/TCP high",
				"shop/OpenTelemetryCollector/b -> shop/Deployment/api 8080/TCP high",
				"shop/OpenTelemetryCollector/c -> shop/Deployment/api 8080/TCP high",
			},
		},
		{
			name: "what a resource says of others' calls is no call",
			manifests: []string{
				api, apiService, monitored("Prometheus", "k8s", "{}", "{externalUrl: 'http://api', image: 'api:80', remoteWrite: []}"),
			},
		},
		{
			name:      "a Prometheus writes to others",
			manifests: []string{api, apiService, monitored("Prometheus", "k8s", "{}", "{remoteWrite: [{url: 'http://api/write'}]}")},
			want:      []string{"shop/Prometheus/k8s -> shop/Deployment/api 8080/TCP high"},
		},
	} {
		s.run(t)
	}
}
