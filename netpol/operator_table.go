package netpol

import "github.com/ringfence/ringfence/manifest"

// Keys of labels that many operators set.
const (
	labelName      = "app.kubernetes.io/name"
	labelInstance  = "app.kubernetes.io/instance"
	labelComponent = "app.kubernetes.io/component"
	labelPartOf    = "app.kubernetes.io/part-of"
	labelManagedBy = "app.kubernetes.io/managed-by"
	labelVersion   = "app.kubernetes.io/version"
)

// operators holds what is known of each kind. The sources are named with the entries;
// what a version or the configuration of an operator may change is among more.
var operators = map[kind]*operator{
	// https://github.com/prometheus-operator/prometheus-operator, pkg/prometheus,
	// pkg/alertmanager, pkg/thanos, pkg/operator/config_reloader.go and
	// Documentation/api-reference/api.md: "The following items are reserved and cannot
	// be overridden".
	{"monitoring.coreos.com", "Prometheus"}: {
		labels: map[string]string{
			labelName: "prometheus", labelInstance: "{name}", labelManagedBy: "prometheus-operator",
			"prometheus": "{name}", "operator.prometheus.io/name": "{name}",
		},
		more:     []string{labelVersion, "operator.prometheus.io/", "app"},
		given:    [][]any{{"spec", "podMetadata", "labels"}},
		ports:    []Port{tcp("web", 9090), tcp("reloader-web", 8080)},
		portName: []any{"spec", "portName"},
		services: []operatorService{{name: "prometheus-operated", by: []string{labelName}, labels: map[string]string{"operated-prometheus": "true"}}},
	},
	{"monitoring.coreos.com", "PrometheusAgent"}: {
		labels: map[string]string{
			labelName: "prometheus-agent", labelInstance: "{name}", labelManagedBy: "prometheus-operator",
			"operator.prometheus.io/name": "{name}",
		},
		more:     []string{labelVersion, "operator.prometheus.io/"},
		given:    [][]any{{"spec", "podMetadata", "labels"}},
		ports:    []Port{tcp("web", 9090), tcp("reloader-web", 8080)},
		portName: []any{"spec", "portName"},
		services: []operatorService{{name: "prometheus-agent-operated", by: []string{labelName}, labels: map[string]string{"operated-prometheus": "true"}}},
	},
	{"monitoring.coreos.com", "Alertmanager"}: {
		labels: map[string]string{
			labelName: "alertmanager", labelInstance: "{name}", labelManagedBy: "prometheus-operator", "alertmanager": "{name}",
		},
		more:     []string{labelVersion, "app"},
		given:    [][]any{{"spec", "podMetadata", "labels"}},
		ports:    []Port{tcp("web", 9093), tcp("reloader-web", 8080), tcp("mesh-tcp", 9094), {"mesh-udp", 9094, UDP}},
		portName: []any{"spec", "portName"},
		services: []operatorService{{name: "alertmanager-operated", by: []string{labelName}, labels: map[string]string{"operated-alertmanager": "true"}}},
		members:  []any{"spec", "replicas"},
		ring:     []Port{tcp("", 9094), {"", 9094, UDP}},
	},
	{"monitoring.coreos.com", "ThanosRuler"}: {
		labels: map[string]string{
			labelName: "thanos-ruler", labelInstance: "{name}", labelManagedBy: "prometheus-operator", "thanos-ruler": "{name}",
		},
		more:     []string{labelVersion},
		given:    [][]any{{"spec", "podMetadata", "labels"}},
		ports:    []Port{tcp("web", 10902), tcp("grpc", 10901), tcp("reloader-web", 8080)},
		portName: []any{"spec", "portName"},
		services: []operatorService{{name: "thanos-ruler-operated", by: []string{labelName}, labels: map[string]string{"operated-thanos-ruler": "true"}}},
	},

	// https://github.com/VictoriaMetrics/operator, api/operator/v1beta1, internal/config.
	{"operator.victoriametrics.com", "VMAgent"}:  victoria("vmagent", 8429),
	{"operator.victoriametrics.com", "VMSingle"}: victoria("vmsingle", 8429),
	{"operator.victoriametrics.com", "VMAlert"}:  victoria("vmalert", 8080),
	{"operator.victoriametrics.com", "VMAlertmanager"}: {
		labels:   victoria("vmalertmanager", 9093).labels,
		given:    [][]any{{"spec", "podMetadata", "labels"}},
		ports:    []Port{tcp("web", 9093), tcp("mesh-tcp", 9094), {"mesh-udp", 9094, UDP}},
		portName: []any{"spec", "portName"},
		account:  "vmalertmanager-{name}",
		services: []operatorService{{name: "vmalertmanager-{name}"}},
		members:  []any{"spec", "replicaCount"},
		ring:     []Port{tcp("", 9094), {"", 9094, UDP}},
	},
	// The pods of its components are told apart by the name only.
	{"operator.victoriametrics.com", "VMCluster"}: {
		labels:   map[string]string{labelInstance: "{name}", labelComponent: "monitoring", "managed-by": "vm-operator"},
		more:     []string{labelName},
		ports:    []Port{tcp("http", 8480), tcp("http", 8481), tcp("http", 8482), tcp("vminsert", 8400), tcp("vmselect", 8401)},
		account:  "vmcluster-{name}",
		services: []operatorService{{name: "vminsert-{name}"}, {name: "vmselect-{name}"}, {name: "vmstorage-{name}"}},
		replicas: 3,
		ring:     []Port{tcp("", 8400), tcp("", 8401), tcp("", 8481)},
	},

	// https://cloudnative-pg.io/documentation/current/labels_annotations/,
	// https://cloudnative-pg.io/documentation/current/networking/ and
	// https://cloudnative-pg.io/documentation/current/service_management/
	{"postgresql.cnpg.io", "Cluster"}: {
		labels:   map[string]string{"cnpg.io/cluster": "{name}", "cnpg.io/podRole": "instance"},
		more:     []string{"cnpg.io/", "role", "postgresql", "app.kubernetes.io/"},
		given:    [][]any{{"spec", "inheritedMetadata", "labels"}},
		ports:    []Port{tcp("postgresql", 5432), tcp("metrics", 9187), tcp("status", 8000)},
		account:  "{name}",
		services: []operatorService{{name: "{name}-rw"}, {name: "{name}-ro"}, {name: "{name}-r"}},
		members:  []any{"spec", "instances"},
		ring:     []Port{tcp("", 5432), tcp("", 8000)},
	},
	// https://postgres-operator.readthedocs.io/en/latest/reference/operator_parameters/
	// and pkg/cluster/k8sres.go of https://github.com/zalando/postgres-operator
	{"acid.zalan.do", "postgresql"}: {
		labels:   map[string]string{"application": "spilo", "cluster-name": "{name}"},
		more:     []string{"spilo-role", "team"},
		ports:    []Port{tcp("postgresql", 5432), tcp("patroni", 8008), tcp("", 8080)},
		account:  "postgres-pod",
		services: []operatorService{{name: "{name}"}, {name: "{name}-repl"}},
		members:  []any{"spec", "numberOfInstances"},
		ring:     []Port{tcp("", 5432), tcp("", 8008)},
	},
	// https://strimzi.io/docs/operators/latest/deploying, "Accessing Kafka"; the labels
	// and ports in operator-common and cluster-operator of
	// https://github.com/strimzi/strimzi-kafka-operator. The listeners are the pods' own.
	{"kafka.strimzi.io", "Kafka"}: {
		labels: map[string]string{
			"strimzi.io/cluster": "{name}", "strimzi.io/kind": "Kafka", "strimzi.io/name": "{name}-kafka",
			labelName: "kafka", labelInstance: "{name}", labelPartOf: "strimzi-{name}", labelManagedBy: "strimzi-cluster-operator",
		},
		more:     []string{"strimzi.io/", "app.kubernetes.io/"},
		given:    [][]any{{"spec", "kafka", "template", "pod", "metadata", "labels"}},
		inherits: true,
		template: []any{"spec", "kafka", "template", "pod"},
		account:  "{name}-kafka",
		ports: []Port{
			tcp("tcp-ctrlplane", 9090), tcp("tcp-replication", 9091), tcp("tcp-kafkaagent", 8443), tcp("tcp-prometheus", 9404),
		},
		listeners: []any{"spec", "kafka", "listeners"},
		listener:  "tcp-",
		services:  []operatorService{{name: "{name}-kafka-bootstrap"}, {name: "{name}-kafka-brokers"}},
		members:   []any{"spec", "kafka", "replicas"},
		replicas:  3, // with node pools, which the resource does not hold
		ring:      []Port{tcp("", 9090), tcp("", 9091)},
	},
	{"kafka.strimzi.io", "KafkaConnect"}: strimzi("KafkaConnect", "connect", "kafka-connect", 8083, "{name}-connect-api"),
	{"kafka.strimzi.io", "KafkaBridge"}:  strimzi("KafkaBridge", "bridge", "kafka-bridge", 8080, "{name}-bridge-service"),

	// https://www.rabbitmq.com/kubernetes/operator/using-operator, "Find Your RabbitmqCluster
	// Service Name"; internal/metadata and internal/resource of
	// https://github.com/rabbitmq/cluster-operator
	{"rabbitmq.com", "RabbitmqCluster"}: {
		labels:   map[string]string{labelName: "{name}", labelComponent: "rabbitmq", labelPartOf: "rabbitmq"},
		given:    [][]any{{"spec", "override", "statefulSet", "spec", "template", "metadata", "labels"}},
		inherits: true,
		template: []any{"spec", "override", "statefulSet", "spec", "template"},
		account:  "{name}-server",
		ports: []Port{
			tcp("amqp", 5672), tcp("amqps", 5671), tcp("management", 15672), tcp("management-tls", 15671), tcp("prometheus", 15692),
			tcp("prometheus-tls", 15691), tcp("epmd", 4369), tcp("cluster-rpc", 25672),
		},
		services: []operatorService{{name: "{name}"}, {name: "{name}-nodes"}},
		members:  []any{"spec", "replicas"},
		ring:     []Port{tcp("", 4369), tcp("", 25672)},
	},
	// https://www.elastic.co/guide/en/cloud-on-k8s/current/k8s-services.html,
	// https://www.elastic.co/guide/en/cloud-on-k8s/current/k8s-network-policies.html
	{"elasticsearch.k8s.elastic.co", "Elasticsearch"}: {
		labels:   map[string]string{"elasticsearch.k8s.elastic.co/cluster-name": "{name}", "common.k8s.elastic.co/type": "elasticsearch"},
		more:     []string{"elasticsearch.k8s.elastic.co/"},
		given:    [][]any{{"spec", "nodeSets", 0, "podTemplate", "metadata", "labels"}},
		template: []any{"spec", "nodeSets", 0, "podTemplate"},
		ports:    []Port{tcp("https", 9200), tcp("transport", 9300)},
		services: []operatorService{{name: "{name}-es-http"}, {name: "{name}-es-internal-http"}, {name: "{name}-es-transport"}},
		members:  []any{"spec", "nodeSets", 0, "count"},
		ring:     []Port{tcp("", 9300)},
	},
	{"kibana.k8s.elastic.co", "Kibana"}: {
		labels:   map[string]string{"kibana.k8s.elastic.co/name": "{name}", "common.k8s.elastic.co/type": "kibana"},
		more:     []string{"kibana.k8s.elastic.co/"},
		given:    [][]any{{"spec", "podTemplate", "metadata", "labels"}},
		template: []any{"spec", "podTemplate"},
		ports:    []Port{tcp("https", 5601)},
		services: []operatorService{{name: "{name}-kb-http"}},
	},
	// controllers/construct/mongodbstatefulset.go and docs/ of
	// https://github.com/mongodb/mongodb-kubernetes-operator
	{"mongodbcommunity.mongodb.com", "MongoDBCommunity"}: {
		labels:   map[string]string{"app": "{name}-svc"},
		given:    [][]any{{"spec", "statefulSet", "spec", "template", "metadata", "labels"}},
		template: []any{"spec", "statefulSet", "spec", "template"},
		account:  "mongodb-database",
		ports:    []Port{tcp("mongodb", 27017)},
		services: []operatorService{{name: "{name}-svc"}},
		members:  []any{"spec", "members"},
		ring:     []Port{tcp("", 27017)},
	},
	// operator/redisfailover/service of https://github.com/spotahome/redis-operator.
	// Redis and the sentinels are told apart by a label only.
	{"databases.spotahome.com", "RedisFailover"}: {
		labels: map[string]string{labelName: "{name}", labelPartOf: "redis-failover"},
		more:   []string{labelComponent, labelManagedBy, "redisfailovers-role", "redisfailovers.databases.spotahome.com/"},
		ports:  []Port{tcp("redis", 6379), tcp("sentinel", 26379), tcp("http-metrics", 9121)},
		services: []operatorService{
			{name: "rfs-{name}"}, {name: "rfr-{name}"}, {name: "rfrm-{name}"}, {name: "rfrs-{name}"},
		},
		replicas: 3,
		ring:     []Port{tcp("", 6379), tcp("", 26379)},
	},
	// https://opentelemetry.io/docs/platforms/kubernetes/operator/ and internal/naming,
	// internal/manifests/manifestutils/labels.go of
	// https://github.com/open-telemetry/opentelemetry-operator. It listens on what its
	// configuration says. A sidecar is part of other pods.
	{"opentelemetry.io", "OpenTelemetryCollector"}: {
		labels: map[string]string{
			labelManagedBy: "opentelemetry-operator", labelPartOf: "opentelemetry", labelComponent: "opentelemetry-collector",
			labelInstance: "{namespace}.{name}",
		},
		more:     []string{"app.kubernetes.io/"},
		inherits: true,
		account:  "{name}-collector",
		services: []operatorService{{name: "{name}-collector"}, {name: "{name}-collector-headless"}, {name: "{name}-collector-monitoring"}},
		absent:   func(o *manifest.Object) bool { return manifest.Text(o.Data, "spec", "mode") == "sidecar" },
	},
	// https://www.jaegertracing.io/docs/1.65/operator/ and pkg/util, pkg/service,
	// pkg/deployment of https://github.com/jaegertracing/jaeger-operator. Depending on the
	// strategy, there are pods of several components.
	{"jaegertracing.io", "Jaeger"}: {
		labels: map[string]string{"app": "jaeger", labelInstance: "{name}", labelPartOf: "jaeger", labelManagedBy: "jaeger-operator"},
		more:   []string{labelName, labelComponent},
		given:  [][]any{{"spec", "labels"}},
		ports: []Port{
			tcp("query", 16686), tcp("grpc-query", 16685), tcp("admin-http", 14269), tcp("grpc", 14250), tcp("c-binary-trft", 14268),
			tcp("zipkin", 9411), tcp("grpc-otlp", 4317), tcp("http-otlp", 4318),
			{"jg-compact-trft", 6831, UDP},
			{"jg-binary-trft", 6832, UDP},
		},
		account:  "{name}",
		services: []operatorService{{name: "{name}-collector"}, {name: "{name}-collector-headless"}, {name: "{name}-query"}, {name: "{name}-agent"}},
	},
	// pkg/apis/minio.min.io/v2 and pkg/resources of https://github.com/minio/operator. A
	// namespace has one tenant.
	{"minio.min.io", "Tenant"}: {
		labels:  map[string]string{"v1.min.io/tenant": "{name}", "v1.min.io/console": "{name}-console"},
		more:    []string{"v1.min.io/"},
		given:   [][]any{{"spec", "poolsMetadata", "labels"}, {"spec", "pools", 0, "labels"}},
		account: "{name}-sa",
		ports:   []Port{tcp("https-minio", 9000), tcp("https-console", 9443), tcp("http-console", 9090)},
		services: []operatorService{
			{name: "minio", ports: []ServicePort{
				{Name: "https-minio", Protocol: TCP, Number: 443, TargetNumber: 9000},
				{Name: "http-minio", Protocol: TCP, Number: 80, TargetNumber: 9000},
			}},
			{name: "{name}-hl"},
			{name: "{name}-console"},
		},
		replicas: 4,
		ring:     []Port{tcp("", 9000)},
	},
	// pkg/controller/model/constants.go of https://github.com/grafana/grafana-operator
	// before version 5
	{"integreatly.org", "Grafana"}: {
		labels:   map[string]string{"app": "grafana"},
		given:    [][]any{{"spec", "deployment", "labels"}},
		account:  "grafana-serviceaccount",
		ports:    []Port{tcp("grafana", 3000)},
		services: []operatorService{{name: "grafana-service"}},
	},
	// https://grafana.github.io/grafana-operator/docs/ and controllers/reconcilers/grafana
	// of https://github.com/grafana/grafana-operator. One outside of the cluster is none.
	{"grafana.integreatly.org", "Grafana"}: {
		labels:   map[string]string{"app": "{name}"},
		given:    [][]any{{"spec", "deployment", "spec", "template", "metadata", "labels"}},
		template: []any{"spec", "deployment", "spec", "template"},
		account:  "{name}-sa",
		ports:    []Port{tcp("grafana", 3000)},
		services: []operatorService{{name: "{name}-service"}},
		absent:   func(o *manifest.Object) bool { return manifest.Lookup(o.Data, "spec", "external") != nil },
	},
}

func victoria(name string, port int) *operator {
	return &operator{
		labels:   map[string]string{labelName: name, labelInstance: "{name}", labelComponent: "monitoring", "managed-by": "vm-operator"},
		given:    [][]any{{"spec", "podMetadata", "labels"}},
		ports:    []Port{tcp("http", port)},
		account:  name + "-{name}",
		services: []operatorService{{name: name + "-{name}"}},
	}
}

func strimzi(kind, name, component string, port int, service string) *operator {
	return &operator{
		labels: map[string]string{
			"strimzi.io/cluster": "{name}", "strimzi.io/kind": kind, "strimzi.io/name": "{name}-" + name,
			labelName: component, labelInstance: "{name}", labelPartOf: "strimzi-{name}", labelManagedBy: "strimzi-cluster-operator",
		},
		more:     []string{"strimzi.io/", "app.kubernetes.io/"},
		given:    [][]any{{"spec", "template", "pod", "metadata", "labels"}},
		inherits: true,
		template: []any{"spec", "template", "pod"},
		account:  "{name}-" + name,
		ports:    []Port{tcp("rest-api", port), tcp("tcp-prometheus", 9404)},
		services: []operatorService{{name: service}},
	}
}
