package netpol

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
)

func operated(t *testing.T, manifests ...string) *Cluster {
	t.Helper()
	objects, gaps := manifest.Parse("test.yaml", []byte(strings.Join(manifests, "\n---\n")))
	c, more := New(objects, Options{})
	if len(gaps)+len(more) > 0 {
		t.Fatalf("the manifests have gaps: %v %v", gaps, more)
	}
	return c
}

func resource(apiVersion, kind, rest string) string {
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: a, namespace: x, labels: {team: t, app.kubernetes.io/name: own}}\n%s", apiVersion, kind, rest)
}

func TestOperatedWorkload(t *testing.T) {
	c := operated(t, resource("monitoring.coreos.com/v1", "Prometheus", `
spec:
  portName: http
  hostNetwork: true
  serviceAccountName: account
  podMetadata: {labels: {tier: metrics, app.kubernetes.io/name: mine}}`))
	w := c.Workloads[0]
	want := map[string]string{
		"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/instance": "a", "app.kubernetes.io/managed-by": "prometheus-operator",
		"prometheus": "a", "operator.prometheus.io/name": "a", "tier": "metrics",
	}
	if diff := cmp.Diff(want, w.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	ports := []Port{{Name: "http", Number: 9090, Protocol: TCP}, {Name: "reloader-web", Number: 8080, Protocol: TCP}}
	if diff := cmp.Diff(ports, w.Ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	if w.String() != "x/Prometheus/a" || !w.HostNetwork || w.Operated == nil || w.PodSpec["serviceAccountName"] != "account" {
		t.Errorf("got %v on the host network %v, operated %v, account %v", w, w.HostNetwork, w.Operated, w.PodSpec["serviceAccountName"])
	}
	if at := w.Source.At(w.Path("spec", "hostNetwork")...); !at.Exact || at.Line != 7 {
		t.Errorf("hostNetwork is at %v", at)
	}
}

// TestOperators makes one resource of each kind: it has labels, and the Services that
// are made of it lead to it.
func TestOperators(t *testing.T) {
	for _, c := range []struct{ apiVersion, kind, services string }{
		{"monitoring.coreos.com/v1", "Prometheus", "prometheus-operated"},
		{"monitoring.coreos.com/v1alpha1", "PrometheusAgent", "prometheus-agent-operated"},
		{"monitoring.coreos.com/v1", "Alertmanager", "alertmanager-operated"},
		{"monitoring.coreos.com/v1", "ThanosRuler", "thanos-ruler-operated"},
		{"operator.victoriametrics.com/v1beta1", "VMAgent", "vmagent-a"},
		{"operator.victoriametrics.com/v1beta1", "VMCluster", "vminsert-a vmselect-a vmstorage-a"},
		{"postgresql.cnpg.io/v1", "Cluster", "a-rw a-ro a-r"},
		{"acid.zalan.do/v1", "postgresql", "a a-repl"},
		{"kafka.strimzi.io/v1beta2", "Kafka", "a-kafka-bootstrap a-kafka-brokers"},
		{"kafka.strimzi.io/v1beta2", "KafkaConnect", "a-connect-api"},
		{"kafka.strimzi.io/v1beta2", "KafkaBridge", "a-bridge-service"},
		{"rabbitmq.com/v1beta1", "RabbitmqCluster", "a a-nodes"},
		{"elasticsearch.k8s.elastic.co/v1", "Elasticsearch", "a-es-http a-es-internal-http a-es-transport"},
		{"kibana.k8s.elastic.co/v1", "Kibana", "a-kb-http"},
		{"mongodbcommunity.mongodb.com/v1", "MongoDBCommunity", "a-svc"},
		{"databases.spotahome.com/v1", "RedisFailover", "rfs-a rfr-a rfrm-a rfrs-a"},
		{"opentelemetry.io/v1beta1", "OpenTelemetryCollector", "a-collector a-collector-headless a-collector-monitoring"},
		{"jaegertracing.io/v1", "Jaeger", "a-collector a-collector-headless a-query a-agent"},
		{"minio.min.io/v2", "Tenant", "minio a-hl a-console"},
		{"grafana.integreatly.org/v1beta1", "Grafana", "a-service"},
		{"integreatly.org/v1alpha1", "Grafana", "grafana-service"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			cluster := operated(t, resource(c.apiVersion, c.kind, "spec: {}"))
			if len(cluster.Workloads) != 1 || len(cluster.Services) != 0 {
				t.Fatalf("%v workloads, %v declared Services", cluster.Workloads, cluster.Services)
			}
			var names []string
			for _, s := range cluster.OperatedServices {
				names = append(names, s.Name)
				if !slices.Equal(cluster.Backends(s), cluster.Workloads) {
					t.Errorf("Service %s leads to %v", s.Name, cluster.Backends(s))
				}
			}
			if got := strings.Join(names, " "); got != c.services {
				t.Errorf("Services %q, want %q", got, c.services)
			}
		})
	}
}

func TestOperatedNot(t *testing.T) {
	for name, text := range map[string]string{
		"a Grafana elsewhere":       resource("grafana.integreatly.org/v1beta1", "Grafana", "spec: {external: {url: 'https://g.example.com'}}"),
		"a collector in other pods": resource("opentelemetry.io/v1beta1", "OpenTelemetryCollector", "spec: {mode: sidecar}"),
		"a kind of another group":   resource("kind.x-k8s.io/v1alpha4", "Cluster", "nodes: []"),
	} {
		if c := operated(t, text); len(c.Workloads)+len(c.OperatedServices) > 0 {
			t.Errorf("%s: %v, %v", name, c.Workloads, c.OperatedServices)
		}
	}
}

func TestOperatedLabels(t *testing.T) {
	c := operated(t,
		resource("kafka.strimzi.io/v1beta2", "Kafka", "spec: {kafka: {template: {pod: {metadata: {labels: {tier: bus}}}}}}"),
		resource("postgresql.cnpg.io/v1", "Cluster", "spec: {inheritedMetadata: {labels: {tier: db}}}"),
	)
	for _, w := range c.Workloads {
		switch {
		case w.Kind == "Kafka" && (w.Labels["team"] != "t" || w.Labels["tier"] != "bus" || w.Labels["app.kubernetes.io/name"] != "kafka"):
			t.Errorf("Kafka inherits labels, got %v", w.Labels)
		case w.Kind == "Cluster" && (w.Labels["team"] != "" || w.Labels["tier"] != "db"):
			t.Errorf("Cluster is given labels, got %v", w.Labels)
		}
	}
}

// TestOperatedLabelOfPrivateNamespace has a label that holds the namespace's name.
func TestOperatedLabelOfPrivateNamespace(t *testing.T) {
	text := resource("opentelemetry.io/v1beta1", "OpenTelemetryCollector", "spec: {}")
	objects := parse(t, text)
	for namespace, want := range map[string]string{"a": "a.a", manifest.PrivateNamespace("charts/a"): ""} {
		c, _ := New([]*manifest.Object{objects[0].WithNamespace(namespace)}, Options{})
		if got := c.Workloads[0].Labels["app.kubernetes.io/instance"]; got != want {
			t.Errorf("in %q: got %q, want %q", namespace, got, want)
		}
		if got := len(c.Backends(c.OperatedServices[0])); got != 1 {
			t.Errorf("in %q: its Service leads to %d workloads", namespace, got)
		}
	}
}

func TestOperatedListeners(t *testing.T) {
	w := operated(t, resource("kafka.strimzi.io/v1beta2", "Kafka", "spec: {kafka: {listeners: [{name: tls, port: 9093}]}}")).Workloads[0]
	if got := w.Ports[len(w.Ports)-1]; got != (Port{Name: "tcp-tls", Number: 9093, Protocol: TCP}) {
		t.Errorf("got %v", got)
	}
}

func TestOperatedRing(t *testing.T) {
	for replicas, want := range map[string]int{"spec: {}": 0, "spec: {replicas: 1}": 0, "spec: {replicas: 3}": 2} {
		if got := len(operated(t, resource("monitoring.coreos.com/v1", "Alertmanager", replicas)).Workloads[0].Operated.Ring); got != want {
			t.Errorf("%s: %d ports, want %d", replicas, got, want)
		}
	}
}

// TestOperatedUncertain: what policies say of labels that the operator may add is not
// certain, and what they say of those that it does not is.
func TestOperatedUncertain(t *testing.T) {
	prometheus := resource("monitoring.coreos.com/v1", "Prometheus", "spec: {}")
	policy := func(selector, rule string) string {
		return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: x}\nspec: {podSelector: " + selector + ", ingress: [" + rule + "]}"
	}
	for _, c := range []struct {
		name, selector     string
		isolated, doubtful bool
	}{
		{"a known label", "{matchLabels: {prometheus: a}}", true, false},
		{"another value of it", "{matchLabels: {prometheus: b}}", false, false},
		{"one that is not added", "{matchLabels: {color: red}}", false, false},
		{"one that may be added", "{matchLabels: {app.kubernetes.io/version: 3.0.0}}", false, true},
		{"beside another value of a known one", "{matchLabels: {prometheus: b, app.kubernetes.io/version: 3.0.0}}", false, false},
		{"one that controllers add", "{matchLabels: {statefulset.kubernetes.io/pod-name: prometheus-a-0}}", false, true},
	} {
		cluster := operated(t, prometheus, policy(c.selector, ""))
		w := cluster.Workloads[0]
		if got := len(cluster.Isolating(w, Ingress)) > 0; got != c.isolated {
			t.Errorf("%s: isolated %v, want %v", c.name, got, c.isolated)
		}
		if got := len(cluster.Uncertain(PodsOf(w), Ingress)) > 0; got != c.doubtful {
			t.Errorf("%s: uncertain %v, want %v", c.name, got, c.doubtful)
		}
	}
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: pod, namespace: x, labels: {app: pod}}\nspec: {containers: []}"
	for from, want := range map[string]bool{"{prometheus: a}": false, "{operator.prometheus.io/shard: '0'}": true, "{color: red}": false} {
		cluster := operated(t, prometheus, pod, policy("{matchLabels: {app: pod}}", "{from: [{podSelector: {matchLabels: "+from+"}}]}"))
		for _, w := range cluster.Workloads {
			if got := len(cluster.Uncertain(PodsOf(w), Ingress)) > 0; w.Kind == "Pod" && got != want {
				t.Errorf("from %s: uncertain %v, want %v", from, got, want)
			}
		}
	}
}
