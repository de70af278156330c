package analyzer

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// store is a well-known data store and what tells it.
type store struct {
	name   string
	images []string // the last parts of the names of its images
	port   int      // that it listens on, 0 where it tells nothing
}

func dataStores() []store {
	return []store{
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

// isImage tells whether an image is one of the store, perhaps with its version in the
// name, as in redis-7-c9s.
func (s store) isImage(image string) bool {
	return slices.ContainsFunc(s.images, func(name string) bool {
		rest, found := strings.CutPrefix(image, name)
		return found && (rest == "" || len(rest) > 1 && rest[0] == '-' && rest[1] >= '0' && rest[1] <= '9')
	})
}

// DataStore returns the name of the data store that a workload runs, "" for none.
func DataStore(w *netpol.Workload) string {
	s, _ := dataStore(w)
	return s.name
}

// dataStore returns the data store that a workload runs; the name is "" for none. Only
// an image tells surely; a port may be that of another program.
func dataStore(w *netpol.Workload) (s store, byImage bool) {
	images, stores := images(w), dataStores()
	for _, s := range stores {
		if slices.ContainsFunc(images, s.isImage) {
			return s, true
		}
	}
	for _, s := range stores {
		if slices.ContainsFunc(w.Ports, func(p netpol.Port) bool { return p.Number == s.port }) {
			return s, false
		}
	}
	return store{}, false
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
	s, byImage := dataStore(w)
	if !byImage {
		return 0, false
	}
	port = s.port
	if port == 0 && len(w.Ports) > 0 {
		port = w.Ports[0].Number
	}
	leads := func(e netpol.Entry) bool { return e.Number == port }
	return port, port != 0 && (declares(w, port, netpol.TCP) || slices.ContainsFunc(f.entries[w], leads))
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
