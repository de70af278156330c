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
