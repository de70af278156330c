package main

const (
	sockShop   = "microservices-demo__microservices-demo"
	onlineShop = "GoogleCloudPlatform__microservices-demo"
	prometheus = "prometheus-operator__kube-prometheus"
	podinfo    = "stefanprodan__podinfo"
	robotShop  = "instana__robot-shop"
	konflux    = "konflux-ci__konflux-ci"
	charts     = "bitnami__charts"
	fluxApps   = "fluxcd__flux2-kustomize-helm-example"
	argoCD     = "argoproj__argo-cd"
	homeOps    = "onedr0p__home-ops"

	sockPolicies = "deploy/kubernetes/manifests-policy/"
	components   = "kustomize/components/network-policies/"
)

// changes are changes of real repositories with what they do, judged by hand from the
// manifests. What is closed with a removed workload is left out.
var changes = []struct {
	what, repository string
	edits            []fileEdit
	want             []string
}{
	{
		"open a port", sockShop,
		[]fileEdit{{name: sockPolicies + "netpol-rabbitmq-access.yaml", old: "port: 5672", text: "port: 5672\n        - protocol: TCP\n          port: 15672"}},
		[]string{
			"deploy/kubernetes (deploy/kubernetes/manifests): opened to-data-store: TCP 15672 from sock-shop/Deployment/queue-master, sock-shop/Deployment/shipping to sock-shop/Deployment/rabbitmq (data store: rabbitmq)",
			"deploy/kubernetes: opened to-data-store: TCP 15672 from sock-shop/Deployment/queue-master, sock-shop/Deployment/shipping to sock-shop/Deployment/rabbitmq (data store: rabbitmq)",
		},
	},
	{
		"correct the selector of a peer", sockShop,
		[]fileEdit{{name: sockPolicies + "netpol-cart-db-access.yaml", old: "              name: cart\n", text: "              name: carts\n"}},
		[]string{
			"deploy/kubernetes (deploy/kubernetes/manifests): closed to-data-store: TCP 27017 from pods with name=cart in namespace sock-shop to sock-shop/Deployment/carts-db (data store: mongodb)",
			"deploy/kubernetes (deploy/kubernetes/manifests): opened to-data-store: TCP 27017 from sock-shop/Deployment/carts to sock-shop/Deployment/carts-db (data store: mongodb)",
			"deploy/kubernetes: closed to-data-store: TCP 27017 from pods with name=cart in namespace sock-shop to sock-shop/Deployment/carts-db (data store: mongodb)",
			"deploy/kubernetes: opened to-data-store: TCP 27017 from sock-shop/Deployment/carts to sock-shop/Deployment/carts-db (data store: mongodb)",
			"fixed dangling-peer on NetworkPolicy/carts-db-access in deploy/kubernetes, deploy/kubernetes (deploy/kubernetes/manifests), deploy/kubernetes (deploy/kubernetes/manifests-jaeger)",
		},
	},
	{
		"delete a policy that allows, where another isolates", sockShop,
		[]fileEdit{{name: sockPolicies + "netpol-catalogue-db-access.yaml"}},
		[]string{
			"deploy/kubernetes (deploy/kubernetes/manifests): closed to-data-store: TCP 3306 from sock-shop/Deployment/catalogue to sock-shop/Deployment/catalogue-db (data store: mysql)",
			"deploy/kubernetes: closed to-data-store: TCP 3306 from sock-shop/Deployment/catalogue to sock-shop/Deployment/catalogue-db (data store: mysql)",
		},
	},
	{
		"delete the policy that isolates the namespace", sockShop,
		[]fileEdit{{name: sockPolicies + "netpol-cortex-access.yaml"}},
		[]string{
			"deploy/kubernetes (deploy/kubernetes/manifests): closed other: all but TCP 8079 from pods with name=cortex in namespace sock-shop to sock-shop/Deployment/front-end",
			"deploy/kubernetes (deploy/kubernetes/manifests): closed to-data-store: all from pods with name=cortex in namespace sock-shop to sock-shop/Deployment/carts-db, sock-shop/Deployment/catalogue, sock-shop/Deployment/catalogue-db, sock-shop/Deployment/orders, sock-shop/Deployment/orders-db, sock-shop/Deployment/payment, sock-shop/Deployment/rabbitmq, sock-shop/Deployment/shipping, sock-shop/Deployment/user, sock-shop/Deployment/user-db (data store: mongodb, mysql, rabbitmq)",
			"deploy/kubernetes (deploy/kubernetes/manifests): opened from-internet: all from anything to undeclared pods in namespace sock-shop, sock-shop/Deployment/carts, sock-shop/Deployment/queue-master, sock-shop/Deployment/session-db (data store: redis)",
			"deploy/kubernetes (deploy/kubernetes/manifests-jaeger): closed other: all from pods with name=cortex in namespace sock-shop to sock-shop/Deployment/catalogue, sock-shop/Deployment/payment, sock-shop/Deployment/user",
			"deploy/kubernetes (deploy/kubernetes/manifests-jaeger): opened across-namespaces: all from anything to undeclared pods in namespace sock-shop",
			"deploy/kubernetes: closed other: all but TCP 8079 from pods with name=cortex in namespace sock-shop to sock-shop/Deployment/front-end",
			"deploy/kubernetes: closed to-data-store: all from pods with name=cortex in namespace sock-shop to sock-shop/Deployment/carts-db, sock-shop/Deployment/catalogue, sock-shop/Deployment/catalogue-db, sock-shop/Deployment/orders, sock-shop/Deployment/orders-db, sock-shop/Deployment/payment, sock-shop/Deployment/rabbitmq, sock-shop/Deployment/shipping, sock-shop/Deployment/user, sock-shop/Deployment/user-db (data store: mongodb, mysql, rabbitmq)",
			"deploy/kubernetes: opened from-internet: all from anything to undeclared pods in namespace sock-shop, sock-shop/Deployment/carts, sock-shop/Deployment/queue-master, sock-shop/Deployment/session-db (data store: redis)",
			"fixed blocked-scrape on Deployment/carts in deploy/kubernetes",
			"fixed blocked-scrape on Deployment/carts in deploy/kubernetes (deploy/kubernetes/manifests)",
			"fixed blocked-scrape on Deployment/queue-master in deploy/kubernetes",
			"fixed blocked-scrape on Deployment/queue-master in deploy/kubernetes (deploy/kubernetes/manifests)",
			"fixed dangling-peer on NetworkPolicy/cortex-access in deploy/kubernetes, deploy/kubernetes (deploy/kubernetes/manifests), deploy/kubernetes (deploy/kubernetes/manifests-jaeger)",
			"fixed unrestricted-egress on Deployment/carts in deploy/kubernetes",
			"fixed unrestricted-egress on Deployment/carts in deploy/kubernetes (deploy/kubernetes/manifests)",
			"fixed unrestricted-egress on Deployment/queue-master in deploy/kubernetes",
			"fixed unrestricted-egress on Deployment/queue-master in deploy/kubernetes (deploy/kubernetes/manifests)",
			"fixed unrestricted-egress on Deployment/session-db in deploy/kubernetes",
			"fixed unrestricted-egress on Deployment/session-db in deploy/kubernetes (deploy/kubernetes/manifests)",
			"new missing-default-deny on Namespace/sock-shop in deploy/kubernetes",
			"new missing-default-deny on Namespace/sock-shop in deploy/kubernetes (deploy/kubernetes/manifests)",
			"new missing-default-deny on Namespace/sock-shop in deploy/kubernetes (deploy/kubernetes/manifests-jaeger)",
			"new sensitive-workload-open on Deployment/session-db in deploy/kubernetes",
			"new sensitive-workload-open on Deployment/session-db in deploy/kubernetes (deploy/kubernetes/manifests)",
			"new unprotected-workload on Deployment/carts in deploy/kubernetes",
			"new unprotected-workload on Deployment/carts in deploy/kubernetes (deploy/kubernetes/manifests)",
			"new unprotected-workload on Deployment/queue-master in deploy/kubernetes",
			"new unprotected-workload on Deployment/queue-master in deploy/kubernetes (deploy/kubernetes/manifests)",
		},
	},
	{
		"move a file to a folder of the same environment", sockShop,
		[]fileEdit{{name: sockPolicies + "netpol-user-access.yaml", to: "deploy/kubernetes/manifests-monitoring/user.yaml"}},
		[]string{},
	},
	{
		"move the folder of the policies", sockShop,
		[]fileEdit{{name: "deploy/kubernetes/manifests-policy", to: "deploy/kubernetes/policies"}},
		[]string{},
	},
	{
		"restrict who may call the front end", sockShop,
		[]fileEdit{{name: sockPolicies + "netpol-frontend-access.yaml", old: "    - ports:", text: "    - from: [{podSelector: {}}]\n      ports:"}},
		[]string{
			"deploy/kubernetes (deploy/kubernetes/manifests): closed from-internet: TCP 8079 from anything (except any pod in namespace sock-shop) to sock-shop/Deployment/front-end (published outside of the cluster)",
			"deploy/kubernetes: closed from-internet: TCP 8079 from anything (except any pod in namespace sock-shop) to sock-shop/Deployment/front-end (published outside of the cluster)",
			"new blocked-relationship on Deployment/load-test in deploy/kubernetes, deploy/kubernetes (deploy/kubernetes/manifests)",
			"new blocked-scrape on Deployment/front-end in deploy/kubernetes",
			"new blocked-scrape on Deployment/front-end in deploy/kubernetes (deploy/kubernetes/manifests)",
		},
	},
	{
		"let all pods of the namespace call", prometheus,
		[]fileEdit{{name: "manifests/grafana-networkPolicy.yaml", old: "    - podSelector:\n        matchLabels:\n          app.kubernetes.io/name: prometheus", text: "    - podSelector: {}"}},
		[]string{
			".: opened other: TCP 3000 from any pod in namespace monitoring (except monitoring/DaemonSet/node-exporter, monitoring/Prometheus/k8s) to monitoring/Deployment/grafana",
		},
	},
	{
		"delete the policy of a workload", prometheus,
		[]fileEdit{{name: "manifests/grafana-networkPolicy.yaml"}, {name: "kustomization.yaml", old: "- ./manifests/grafana-networkPolicy.yaml\n"}},
		[]string{
			".: opened from-internet: all from anything (except monitoring/Prometheus/k8s) to monitoring/Deployment/grafana",
			".: opened other: all but TCP 3000 from monitoring/Prometheus/k8s to monitoring/Deployment/grafana",
			"fixed allow-all-rule on NetworkPolicy/grafana in .",
			"new unprotected-workload on Deployment/grafana in .",
		},
	},
	{
		// Nothing is applied any more, so all stays as it was.
		"delete a file that is still referred to", prometheus,
		[]fileEdit{{name: "manifests/grafana-networkPolicy.yaml"}},
		[]string{
			"new gap missing-file at kustomization.yaml",
			"new incomplete-render on / in .",
		},
	},
	{
		"rename a label of a workload", prometheus,
		[]fileEdit{{name: "manifests/grafana-deployment.yaml", old: "app.kubernetes.io/component: grafana", text: "app.kubernetes.io/component: dashboards"}},
		[]string{
			".: opened from-internet: all from anything (except monitoring/Prometheus/k8s) to monitoring/Deployment/grafana",
			".: opened other: all but TCP 3000 from monitoring/Prometheus/k8s to monitoring/Deployment/grafana",
			"new dangling-policy on NetworkPolicy/grafana in .",
			"new service-without-workload on Service/grafana in .",
			"new unprotected-workload on Deployment/grafana in .",
		},
	},
	{
		"add an empty rule", prometheus,
		[]fileEdit{{name: "manifests/alertmanager-networkPolicy.yaml", old: "  ingress:\n", text: "  ingress:\n  - {}\n"}},
		[]string{
			".: opened from-internet: all from anything (except monitoring/Alertmanager/main, monitoring/Prometheus/k8s) to monitoring/Alertmanager/main",
			".: opened other: all but TCP 8080,9093 from monitoring/Prometheus/k8s to monitoring/Alertmanager/main",
			".: opened other: all but TCP 9094; UDP 9094 from monitoring/Alertmanager/main to monitoring/Alertmanager/main",
			"new allow-all-rule on NetworkPolicy/alertmanager-main in .",
		},
	},
	{"reorder the rules of a policy", prometheus, []fileEdit{
		{name: "manifests/alertmanager-networkPolicy.yaml", old: "  ingress:\n", text: "  ingress:\n  - from:\n    - podSelector:\n        matchLabels:\n          app.kubernetes.io/name: alertmanager\n    ports:\n    - port: 9094\n      protocol: UDP\n    - port: 9094\n      protocol: TCP\n"},
		{name: "manifests/alertmanager-networkPolicy.yaml", old: "  - from:\n    - podSelector:\n        matchLabels:\n          app.kubernetes.io/name: alertmanager\n    ports:\n    - port: 9094\n      protocol: TCP\n    - port: 9094\n      protocol: UDP\n  podSelector", text: "  podSelector"},
	}, []string{}},
	{
		"indent and comment", prometheus,
		[]fileEdit{{name: "manifests/grafana-networkPolicy.yaml", old: "  - from:", text: "  # Prometheus scrapes it.\n\n  -   from:"}, {name: "manifests/grafana-networkPolicy.yaml", old: "    - podSelector:", text: "      - podSelector:"}, {name: "manifests/grafana-networkPolicy.yaml", old: "        matchLabels:\n          app.kubernetes.io/name: prometheus\n    ports:\n    - port: 3000\n      protocol: TCP", text: "          matchLabels: {app.kubernetes.io/name: prometheus}\n      ports: [{port: 3000, protocol: TCP}]"}},
		[]string{},
	},
	{
		"include a component of policies in an overlay", onlineShop,
		[]fileEdit{{name: "kustomize/kustomization.yaml", old: "# - components/non-public-frontend", text: "- components/non-public-frontend"}},
		[]string{
			"kustomize: no longer published Deployment/frontend on TCP 8080",
		},
	},
	{
		"change a component that several overlays include", onlineShop,
		[]fileEdit{{name: components + "network-policy-frontend.yaml", old: "  ingress:\n  - {}", text: "  ingress: []"}},
		[]string{
			"fixed unprotected-workload on Deployment/frontend in kustomize/tests/memorystore-with-all-components, kustomize/tests/service-mesh-istio-with-all-components, kustomize/tests/spanner-with-all-components",
			"kustomize/tests/memorystore-with-all-components: closed from-internet: all from anything (except undeclared pods in the namespace that is not given, Deployment/opentelemetrycollector) to Deployment/frontend (published outside of the cluster)",
			"kustomize/tests/service-mesh-istio-with-all-components: closed from-internet: all from anything (except undeclared pods in the namespace that is not given, Deployment/opentelemetrycollector) to Deployment/frontend (published outside of the cluster)",
			"kustomize/tests/spanner-with-all-components: closed from-internet: all from anything (except undeclared pods in the namespace that is not given, Deployment/opentelemetrycollector) to Deployment/frontend (published outside of the cluster)",
			"new blocked-ingress-backend on Deployment/frontend in kustomize/tests/service-mesh-istio-with-all-components",
			"new blocked-relationship on Deployment/loadgenerator in kustomize/tests/memorystore-with-all-components, kustomize/tests/service-mesh-istio-with-all-components, kustomize/tests/spanner-with-all-components",
		},
	},
	{
		"change a peer in a shared component", onlineShop,
		[]fileEdit{{name: components + "network-policy-redis.yaml", old: "app: cartservice", text: "app: checkoutservice"}},
		[]string{
			"kustomize/tests/service-mesh-istio-with-all-components: closed to-data-store: TCP 6379 from Deployment/cartservice to Deployment/redis-cart (data store: redis)",
			"kustomize/tests/service-mesh-istio-with-all-components: opened to-data-store: TCP 6379 from Deployment/checkoutservice to Deployment/redis-cart (data store: redis)",
			"new blocked-relationship on Deployment/cartservice in kustomize/tests/service-mesh-istio-with-all-components",
		},
	},
	{
		"change a base that all overlays include", onlineShop,
		[]fileEdit{{name: "kustomize/base/adservice.yaml", old: "app: adservice", text: "app: ads"}},
		[]string{
			"kustomize/tests/memorystore-with-all-components: closed other: TCP 9555 from Deployment/frontend to Deployment/adservice",
			"kustomize/tests/memorystore-with-all-components: closed other: all from Deployment/adservice to undeclared pods in any namespace (except the namespace that is not given), Deployment/frontend, any address",
			"kustomize/tests/service-mesh-istio-with-all-components: closed other: TCP 9555 from Deployment/frontend to Deployment/adservice",
			"kustomize/tests/service-mesh-istio-with-all-components: closed other: all from Deployment/adservice to undeclared pods in any namespace (except the namespace that is not given), Deployment/frontend, any address",
			"kustomize/tests/spanner-with-all-components: closed other: TCP 9555 from Deployment/frontend to Deployment/adservice",
			"kustomize/tests/spanner-with-all-components: closed other: all from Deployment/adservice to undeclared pods in any namespace (except the namespace that is not given), Deployment/frontend, any address",
			"new blocked-relationship on Deployment/frontend in kustomize/tests/memorystore-with-all-components, kustomize/tests/service-mesh-istio-with-all-components, kustomize/tests/spanner-with-all-components",
			"new dangling-policy on NetworkPolicy/adservice in kustomize/tests/memorystore-with-all-components, kustomize/tests/service-mesh-istio-with-all-components, kustomize/tests/spanner-with-all-components",
		},
	},
	{
		"publish a workload in the values of a chart", podinfo,
		[]fileEdit{{name: "charts/podinfo/values-prod.yaml", old: "type: ClusterIP", text: "type: LoadBalancer"}},
		[]string{
			"new unprotected-workload on Deployment/podinfo in prod",
			"prod: published Deployment/podinfo on TCP 9898",
			"prod: published Deployment/podinfo on TCP 9999",
		},
	},
	{
		"add a workload without a policy", podinfo,
		[]fileEdit{{name: "deploy/overlays/staging/debug.yaml", text: "apiVersion: v1\nkind: Pod\nmetadata: {name: debug, labels: {app: debug}}\nspec: {containers: [{name: debug, image: debug}]}\n"}, {name: "deploy/overlays/staging/kustomization.yaml", old: "  - namespace.yaml", text: "  - namespace.yaml\n  - debug.yaml"}},
		[]string{
			"new unprotected-workload on Pod/debug in staging",
			"staging: new workload staging/Pod/debug",
			"staging: opened from-internet: all from anything to staging/Pod/debug",
			"staging: opened to-data-store: all from staging/Pod/debug to anything (except staging/Pod/debug) (data store: redis, mysql)",
		},
	},
	{
		"publish a workload", podinfo,
		[]fileEdit{{name: "deploy/bases/frontend/service.yaml", old: "ClusterIP", text: "LoadBalancer"}},
		[]string{
			"dev: published dev/Deployment/frontend on TCP 9898",
			"new unprotected-workload on Deployment/frontend in dev, production, staging",
			"production: published production/Deployment/frontend on TCP 9898",
			"staging: published staging/Deployment/frontend on TCP 9898",
		},
	},
	{
		"deny by default in one overlay", podinfo,
		[]fileEdit{{name: "deploy/overlays/production/deny.yaml", text: "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny}\nspec: {podSelector: {matchLabels: {app.kubernetes.io/name: cache}}, policyTypes: [Ingress]}\n"}, {name: "deploy/overlays/production/kustomization.yaml", old: "  - namespace.yaml", text: "  - namespace.yaml\n  - deny.yaml"}},
		[]string{
			"fixed sensitive-workload-open on Deployment/cache in production",
			"new blocked-relationship on Deployment/backend in production",
			"new blocked-relationship on Deployment/frontend in production",
			"new unrestricted-egress on Deployment/cache in production",
			"production: closed from-internet: all from anything to production/Deployment/cache (data store: redis)",
		},
	},
	{
		"move an overlay", podinfo,
		[]fileEdit{{name: "kustomize", to: "clusters-of-mine"}},
		[]string{},
	},
	{
		"change an image", podinfo,
		[]fileEdit{{name: "deploy/bases/cache/deployment.yaml", old: "redis:8.8.0", text: "redis:8.8.1"}},
		[]string{},
	},
	{
		"remove an overlay", podinfo,
		[]fileEdit{{name: "deploy/overlays/dev", to: ".removed/dev"}},
		[]string{
			"dev: removed",
			"dev: removed workload dev/CronJob/backup-daily",
			"dev: removed workload dev/CronJob/rollup-daily",
			"dev: removed workload dev/CronJob/rollup-weekly",
			"dev: removed workload dev/CronJob/warm-cache",
			"dev: removed workload dev/Deployment/backend",
			"dev: removed workload dev/Deployment/cache",
			"dev: removed workload dev/Deployment/database-replica",
			"dev: removed workload dev/Deployment/frontend",
			"dev: removed workload dev/StatefulSet/database-primary",
			"fixed missing-default-deny on Namespace/dev in dev",
			"fixed sensitive-workload-open on Deployment/cache in dev",
			"fixed unprotected-workload on CronJob/backup-daily in dev",
			"fixed unprotected-workload on CronJob/rollup-daily in dev",
			"fixed unprotected-workload on CronJob/rollup-weekly in dev",
			"fixed unprotected-workload on CronJob/warm-cache in dev",
			"fixed unprotected-workload on Deployment/backend in dev",
			"fixed unprotected-workload on Deployment/database-replica in dev",
			"fixed unprotected-workload on Deployment/frontend in dev",
			"fixed unprotected-workload on StatefulSet/database-primary in dev",
		},
	},
	{
		"run on the host network", robotShop,
		[]fileEdit{{name: "K8s/helm/templates/mysql-deployment.yaml", old: "      containers:", text: "      hostNetwork: true\n      containers:"}},
		[]string{
			"fixed unprotected-workload on Deployment/mysql in K8s/helm",
			"new host-network-pod on Deployment/mysql in K8s/helm",
		},
	},
	{
		"break a policy", sockShop,
		[]fileEdit{{name: sockPolicies + "netpol-user-access.yaml", old: "kind: NetworkPolicy", text: "kind: [NetworkPolicy"}},
		[]string{
			"deploy/kubernetes (deploy/kubernetes/manifests): closed other: TCP 80 from sock-shop/Deployment/front-end, sock-shop/Deployment/orders to sock-shop/Deployment/user",
			"deploy/kubernetes (deploy/kubernetes/manifests-jaeger): closed other: TCP 80 from pods with name=front-end in namespace sock-shop, pods with name=orders in namespace sock-shop to sock-shop/Deployment/user",
			"deploy/kubernetes: closed other: TCP 80 from sock-shop/Deployment/front-end, sock-shop/Deployment/orders to sock-shop/Deployment/user",
			"new gap invalid-yaml at deploy/kubernetes/manifests-policy/netpol-user-access.yaml",
			"new incomplete-render on / in deploy/kubernetes, deploy/kubernetes (deploy/kubernetes/manifests), deploy/kubernetes (deploy/kubernetes/manifests-jaeger)",
		},
	},
	{
		"admit the ingress controller, which is not declared", prometheus,
		[]fileEdit{{name: "manifests/grafana-networkPolicy.yaml", old: "  ingress:\n", text: "  ingress:\n  - from:\n    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}\n      podSelector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}\n    ports: [{port: 3000}]\n"}},
		[]string{
			".: opened across-namespaces: TCP 3000 from pods with app.kubernetes.io/name=ingress-nginx in namespace ingress-nginx to monitoring/Deployment/grafana",
		},
	},
	{
		"join the halves of a peer", konflux,
		[]fileEdit{{name: "operator/upstream-kustomizations/namespace-lister/network_policy_allow_from_konfluxui.yaml", old: "    - podSelector:\n        matchLabels:\n          app: proxy", text: "      podSelector:\n        matchLabels:\n          app: proxy"}},
		[]string{
			"fixed dangling-peer on NetworkPolicy/namespace-lister-allow-from-konfluxui in operator/upstream-kustomizations/namespace-lister",
			"operator/upstream-kustomizations/namespace-lister: closed across-namespaces: TCP 8080 from any pod in namespace konflux-ui to namespace-lister/Deployment/namespace-lister (some of it still allowed for pods with app=proxy in namespace konflux-ui)",
			"operator/upstream-kustomizations/namespace-lister: closed other: TCP 8080 from pods with app=proxy in namespace namespace-lister to namespace-lister/Deployment/namespace-lister",
		},
	},
	{
		"rename a port", prometheus,
		[]fileEdit{{name: "manifests/grafana-deployment.yaml", old: "          name: http", text: "          name: web"}},
		[]string{"new service-without-workload on Service/grafana in ."},
	},
	{
		"restrict the calls of a workload", sockShop,
		[]fileEdit{{name: sockPolicies + "front-end-egress.yaml", text: "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: front-end-egress, namespace: sock-shop}\nspec:\n  podSelector: {matchLabels: {name: front-end}}\n  policyTypes: [Egress]\n  egress: [{to: [{podSelector: {matchLabels: {name: catalogue}}}], ports: [{port: 80}]}]\n"}},
		[]string{
			"deploy/kubernetes (deploy/kubernetes/manifests): closed across-namespaces: all from sock-shop/Deployment/front-end to anything (except any pod in namespace sock-shop) (data store: elasticsearch)",
			"deploy/kubernetes (deploy/kubernetes/manifests): closed other: TCP 80 from sock-shop/Deployment/front-end to pods with name=cart in namespace sock-shop",
			"deploy/kubernetes (deploy/kubernetes/manifests): closed other: TCP 80 from sock-shop/Deployment/front-end to sock-shop/Deployment/orders, sock-shop/Deployment/user",
			"deploy/kubernetes (deploy/kubernetes/manifests): closed other: TCP 8079 from sock-shop/Deployment/front-end to sock-shop/Deployment/front-end",
			"deploy/kubernetes: closed across-namespaces: all from sock-shop/Deployment/front-end to anything (except any pod in namespace sock-shop) (data store: elasticsearch)",
			"deploy/kubernetes: closed other: TCP 80 from sock-shop/Deployment/front-end to pods with name=cart in namespace sock-shop",
			"deploy/kubernetes: closed other: TCP 80 from sock-shop/Deployment/front-end to sock-shop/Deployment/orders, sock-shop/Deployment/user",
			"deploy/kubernetes: closed other: TCP 8079 from sock-shop/Deployment/front-end to sock-shop/Deployment/front-end",
			"fixed unrestricted-egress on Deployment/front-end in deploy/kubernetes",
			"fixed unrestricted-egress on Deployment/front-end in deploy/kubernetes (deploy/kubernetes/manifests)",
			"new no-dns-egress on NetworkPolicy/front-end-egress in deploy/kubernetes, deploy/kubernetes (deploy/kubernetes/manifests)",
		},
	},
	{
		"leave a policy to what makes policies", prometheus,
		[]fileEdit{{name: "manifests/grafana-networkPolicy.yaml", text: "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: default-deny}\nspec: {rules: [{name: deny, generate: {kind: NetworkPolicy, name: deny, data: {spec: {podSelector: {}, policyTypes: [Ingress]}}}}]}\n"}},
		[]string{
			".: not evaluated: it makes NetworkPolicies while the cluster runs",
			".: opened from-internet: all from anything (except monitoring/Prometheus/k8s) to monitoring/Deployment/grafana",
			".: opened other: all but TCP 3000 from monitoring/Prometheus/k8s to monitoring/Deployment/grafana",
			"new gap not-evaluated at manifests/grafana-networkPolicy.yaml",
		},
	},
	{
		"close a data store in the values of a chart", charts,
		[]fileEdit{{name: "bitnami/redis/values.yaml", old: "  allowExternal: true\n", text: "  allowExternal: false\n"}},
		[]string{
			"bitnami/redis: closed from-internet: TCP 6379 from undeclared pods in any namespace, any address to StatefulSet/redis-master, StatefulSet/redis-replicas (data store: redis; some of it still allowed for pods with redis-client=true in its own namespace)",
			"fixed sensitive-workload-open on StatefulSet/redis-master in bitnami/redis",
			"fixed sensitive-workload-open on StatefulSet/redis-replicas in bitnami/redis",
			"new dangling-peer on NetworkPolicy/redis in bitnami/redis",
		},
	},
	{
		"add a release of a chart that lies elsewhere", fluxApps,
		[]fileEdit{{name: "apps/base/podinfo/kustomization.yaml", old: "  - release.yaml\n", text: "  - release.yaml\n  - cache.yaml\n"}, {name: "apps/base/podinfo/cache.yaml", text: "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cache, namespace: podinfo}\nspec:\n  interval: 50m\n  chart: {spec: {chart: redis, sourceRef: {kind: HelmRepository, name: podinfo}}}\n"}},
		[]string{
			"new gap remote-chart at apps/base/podinfo/cache.yaml",
			"new gap remote-chart at apps/base/podinfo/cache.yaml",
			"new incomplete-render on / in production",
			"new incomplete-render on / in staging",
		},
	},
	{
		"add an element to a list of an ApplicationSet", argoCD,
		[]fileEdit{{name: "applicationset/examples/list-generator/list-example.yaml", old: "      - cluster: engineering-prod\n        url: https://kubernetes.default.svc\n", text: "      - cluster: engineering-prod\n        url: https://kubernetes.default.svc\n      - cluster: engineering-qa\n        url: https://qa.example.com\n"}, {name: "applicationset/examples/list-generator/guestbook/engineering-qa/pod.yaml", text: "apiVersion: v1\nkind: Pod\nmetadata: {name: guestbook}\nspec: {containers: [{name: guestbook, image: guestbook}]}\n"}},
		[]string{
			"new missing-default-deny on Namespace/guestbook in qa.example.com",
			"new unprotected-workload on Pod/guestbook in qa.example.com",
			"qa.example.com: added",
			"qa.example.com: new workload guestbook/Pod/guestbook",
			"qa.example.com: opened from-internet: all from anything to guestbook/Pod/guestbook",
			"qa.example.com: opened other: all from guestbook/Pod/guestbook to undeclared pods in any namespace, any address",
		},
	},
	{
		"change what is not evaluated", homeOps,
		[]fileEdit{{name: "kubernetes/apps/actions-runner-system/actions-runner-controller/runners/home-ops/networkpolicy.yaml", old: "          except:\n            - 192.168.42.0/24", text: ""}},
		[]string{
			"kubernetes/flux/cluster: not evaluated: egressDeny is not evaluated",
		},
	},
}
