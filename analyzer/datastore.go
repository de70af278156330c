package analyzer

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// dataStores names well-known data stores and what tells them: the last part of
// the image's name, and the port that they listen on (0 where it tells nothing).
func dataStores() []struct {
	name   string
	images []string
	port   int
} {
	return []struct {
		name   string
		images []string
		port   int
	}{
		{"cassandra", []string{"cassandra", "scylla"}, 9042},
		{"clickhouse", []string{"clickhouse", "clickhouse-server"}, 0},
		{"cockroachdb", []string{"cockroach", "cockroachdb"}, 26257},
		{"couchdb", []string{"couchdb"}, 5984},
		{"elasticsearch", []string{"elasticsearch", "opensearch"}, 9200},
		{"etcd", []string{"etcd"}, 2379},
		{"influxdb", []string{"influxdb"}, 8086},
		{"kafka", []string{"kafka", "cp-kafka", "redpanda"}, 9092},
		{"memcached", []string{"memcached"}, 11211},
		{"minio", []string{"minio"}, 0},
		{"mongodb", []string{"mongo", "mongodb"}, 27017},
		{"mssql", []string{"mssql", "mssql-server"}, 1433},
		{"mysql", []string{"mysql", "mariadb", "percona", "percona-server"}, 3306},
		{"neo4j", []string{"neo4j"}, 7687},
		{"postgresql", []string{"postgres", "postgresql", "postgis", "pgvector", "timescaledb"}, 5432},
		{"rabbitmq", []string{"rabbitmq"}, 5672},
		{"redis", []string{"redis", "redis-stack", "redis-stack-server", "valkey", "keydb", "dragonfly"}, 6379},
		{"vault", []string{"vault", "openbao"}, 8200},
		{"zookeeper", []string{"zookeeper"}, 2181},
	}
}

// dataStore returns the name of the data store that a workload runs, "" for none.
func dataStore(w *netpol.Workload) string {
	images := images(w)
	for _, store := range dataStores() {
		byImage := slices.ContainsFunc(images, func(i string) bool { return slices.Contains(store.images, i) })
		byPort := slices.ContainsFunc(w.Ports, func(p netpol.Port) bool { return p.Number == store.port })
		if byImage || byPort {
			return store.name
		}
	}
	return ""
}

// addStore tells whether any pod can call the data store of a workload. Only an image
// tells surely that there is one; a Job with it is a client.
func (f *facts) addStore(fact *workloadFact, w *netpol.Workload) {
	port, ok := f.storePort(w)
	if !ok || w.Kind == "Job" || w.Kind == "CronJob" || w.Operated != nil {
		return
	}
	fact.StorePort = portTitle(port, netpol.TCP)
	fact.StoreOpen = !f.cluster.Isolated(w, netpol.Ingress)
	for _, p := range f.cluster.Isolating(w, netpol.Ingress) {
		for _, r := range p.Rules(netpol.Ingress) {
			if matchesEveryPod(r) && r.On(w.Ports).Contains(netpol.TCP, port) {
				fact.StoreOpen = true
				fact.StoreOpenBy = append(fact.StoreOpenBy, f.rulePlace(r))
			}
		}
	}
}

// storePort returns the port of the data store that an image of a workload is, if it
// declares the port or a Service leads there.
func (f *facts) storePort(w *netpol.Workload) (port int, ok bool) {
	images := images(w)
	for _, store := range dataStores() {
		if !slices.ContainsFunc(images, func(i string) bool { return slices.Contains(store.images, i) }) {
			continue
		}
		port = store.port
		if port == 0 && len(w.Ports) > 0 {
			port = w.Ports[0].Number
		}
		return port, port != 0 && (declares(w, port, netpol.TCP) || slices.ContainsFunc(f.entries[w], func(e netpol.Entry) bool { return e.Number == port }))
	}
	return 0, false
}

// images returns the last parts of the names of a workload's images:
// "redis" for "registry.example/cache/redis:7@sha256:…".
func images(w *netpol.Workload) []string {
	var names []string
	for _, container := range manifest.Items(w.PodSpec, "containers") {
		name, _, _ := strings.Cut(manifest.Text(container, "image"), "@")
		name = name[strings.LastIndex(name, "/")+1:]
		name, _, _ = strings.Cut(name, ":")
		names = append(names, name)
	}
	return names
}
