package traffic

import "testing"

func TestPeers(t *testing.T) {
	const self = "shop/StatefulSet/db -> shop/StatefulSet/db "
	headless := service("db", "db", "clusterIP: None, ports: [{name: peer, port: 7000}, {name: http, port: 8080}]")
	db := func(container string) string {
		return workload("StatefulSet", "db", "  serviceName: db\n  replicas: 3", "{containers: [{name: main, "+container+"}]}")
	}
	peers := []string{self + "7000/TCP high", self + "8080/TCP low"}
	for _, c := range []struct {
		name, container string
		want            []string
	}{
		{"pods in a shell's command", `command: [sh, -c, "exec db start --join db-0.db,db-1.db --cache 25%"]`, peers},
		{"pods with a port", `args: ["--join=db-0.db:7000,db-1.db:7000"]`, peers[:1]},
		{"pods with two ports", `env: [{name: SERVERS, value: "server.1=db-0.db.shop.svc.cluster.local:2888:3888"}]`, []string{self + "2888/TCP high", self + "3888/TCP high", self + "7000/TCP low"}},
		{"ports of which the Service has none", `env: [{name: SEEDS, value: "db-0.db"}], ports: [{name: storage, containerPort: 7001}, {name: metrics, containerPort: 9100}]`, []string{self + "7000/TCP high", self + "7001/TCP low", self + "8080/TCP low"}},
		{"the Service as members", `env: [{name: DISCOVERY_SEED_HOSTS, value: db}]`, []string{self + "7000/TCP high", self + "8080/TCP low"}}, // every port of a host
		{"the Service that names the pods", `env: [{name: HEADLESS_SERVICE_NAME, value: db}]`, []string{self + "7000/TCP medium", self + "8080/TCP low"}},
		{"the name of a cluster", `env: [{name: CLUSTER_NAME, value: db}]`, nil},
		{"a word that is the name of a cluster", `env: [{name: CLUSTER, value: db}]`, nil},
		{"a cluster by its address", `env: [{name: CLUSTER, value: "db.shop.svc"}]`, peers},
		{"a name of its own", `env: [{name: TRACED_SERVICE_NAME, value: db}]`, nil},
		{"the own address", `args: ["--advertise-addr=db-0.db"]`, nil},
		{"a pod that there is not", `args: ["--join=other-0.other"]`, nil},
	} {
		scenario{name: c.name, manifests: []string{headless, db(c.container)}, want: c.want}.run(t)
	}
	for _, s := range []scenario{
		{
			name:      "names in a certificate",
			manifests: []string{headless, db("image: a"), deployment("certificates", `{containers: [{name: main, args: ["--host=db-0.db,db-1.db"]}]}`)},
		},
		{
			name:      "peers of another one",
			manifests: []string{headless, db("image: a"), deployment("watcher", `{containers: [{name: main, args: ["--peers=db-0.db,db-1.db"]}]}`)},
			want:      []string{"shop/Deployment/watcher -> shop/StatefulSet/db 7000/TCP high", "shop/Deployment/watcher -> shop/StatefulSet/db 8080/TCP low"},
		},
		{
			name:      "a Service that names pods before they are ready",
			manifests: []string{service("db", "db", "clusterIP: None, publishNotReadyAddresses: true, ports: [{name: peer, port: 7000}]"), db("image: a")},
			want:      []string{self + "7000/TCP low"},
		},
		{
			name: "members in a file that all of them mount, by both protocols",
			manifests: []string{
				object("v1", "Service", "ring", "spec: {selector: {part: ring}, clusterIP: None, ports: [{name: a, port: 7946}, {name: b, port: 7946, protocol: UDP}]}"),
				object("v1", "ConfigMap", "settings", "data: {config.yaml: \"memberlist: {join_members: [ring]}\"}"),
				ringMember("reader"), ringMember("writer"), ringMember("querier"),
			},
			want: ring("querier", "reader", "writer"),
		},
	} {
		s.run(t)
	}
}

func ring(names ...string) []string {
	var all []string
	for _, from := range names {
		for _, to := range names {
			for _, protocol := range []string{"TCP", "UDP"} {
				all = append(all, "shop/Deployment/"+from+" -> shop/Deployment/"+to+" 7946/"+protocol+" high")
			}
		}
	}
	return all
}

// ringMember is a workload of the ring that mounts the settings.
func ringMember(name string) string {
	return object("apps/v1", "Deployment", name, `spec:
  template:
    metadata: {labels: {part: ring}}
    spec:
      volumes: [{name: settings, configMap: {name: settings}}]
      containers: [{name: main, volumeMounts: [{name: settings, mountPath: /etc/app}]}]`)
}
