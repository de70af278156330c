package netpol

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/manifest"
)

// generator writes clusters of any size for benchmarks: namespaces of ten
// workloads in tiers, each namespace with a default deny, each workload with a
// Service and a policy of its own.
type generator struct {
	strings.Builder
	*rand.Rand
	namespaces int
}

func newGenerator(namespaces int) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(2026, 11)), namespaces: namespaces}
}

const tierSize = 10

func tierOf(i int) string {
	return [...]string{"web", "web", "web", "api", "api", "api", "api", "worker", "db", "cache"}[i]
}

func teamName(namespace int) string { return fmt.Sprintf("team-%d", namespace) }

func (g *generator) cluster(workloads int) {
	for i := range workloads {
		namespace, place := i/tierSize, i%tierSize
		if place == 0 {
			g.namespace(namespace)
		}
		g.workload(namespace, place)
		g.policy(namespace, place)
		if g.IntN(8) == 0 {
			g.egressPolicy(namespace, place)
		}
	}
}

func (g *generator) namespace(i int) {
	fmt.Fprintf(g, `---
apiVersion: v1
kind: Namespace
metadata:
  name: %[1]s
  labels:
    team: t%[2]d
    env: prod
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: %[1]s
spec:
  podSelector: {}
  policyTypes:
    - Ingress
`, teamName(i), i%17)
}

func (g *generator) workload(namespace, place int) {
	fmt.Fprintf(g, `---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%[1]d
  namespace: %[2]s
  labels:
    app: app-%[1]d
spec:
  replicas: 2
  selector:
    matchLabels:
      app: app-%[1]d
  template:
    metadata:
      labels:
        app: app-%[1]d
        tier: %[3]s
        team: t%[4]d
    spec:
      containers:
        - name: main
          image: registry.example.com/%[2]s/app-%[1]d:1.0
          ports:
            - name: http
              containerPort: %[5]d
---
apiVersion: v1
kind: Service
metadata:
  name: app-%[1]d
  namespace: %[2]s
spec:
  selector:
    app: app-%[1]d
  ports:
    - name: http
      port: 80
      targetPort: http
`, place, teamName(namespace), tierOf(place), namespace%17, 8000+place)
}

// policy admits the tier above, a workload of another namespace, and some of what
// everybody admits: monitoring, the ingress controller, an office.
func (g *generator) policy(namespace, place int) {
	fmt.Fprintf(g, `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: app-%[1]d
  namespace: %[2]s
spec:
  podSelector:
    matchLabels:
      app: app-%[1]d
  policyTypes:
    - Ingress
  ingress:
    - from:
        - podSelector:
            matchLabels:
              tier: %[3]s
      ports:
        - protocol: TCP
          port: http
    - from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: %[4]s
          podSelector:
            matchLabels:
              app: app-%[5]d
      ports:
        - port: %[6]d
`, place, teamName(namespace), tierOf((place+9)%tierSize), teamName(g.IntN(g.namespaces)), g.IntN(tierSize), 8000+place)
	if g.IntN(2) == 0 {
		fmt.Fprintf(g, `    - from:
        - namespaceSelector:
            matchExpressions:
              - key: team
                operator: In
                values: [t1, t2]
          podSelector:
            matchLabels:
              tier: worker
      ports:
        - port: 9090
`)
	}
	if tierOf(place) == "web" {
		fmt.Fprintf(g, `    - from:
        - ipBlock:
            cidr: 10.%d.0.0/16
            except:
              - 10.%[1]d.7.0/24
      ports:
        - port: 443
`, g.IntN(200))
	}
}

func (g *generator) egressPolicy(namespace, place int) {
	fmt.Fprintf(g, `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: app-%[1]d-egress
  namespace: %[2]s
spec:
  podSelector:
    matchLabels:
      app: app-%[1]d
  policyTypes:
    - Egress
  egress:
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
      ports:
        - protocol: UDP
          port: 53
    - to:
        - podSelector: {}
        - ipBlock:
            cidr: 52.%[3]d.0.0/16
`, place, teamName(namespace), g.IntN(50))
}

// oneNamespace writes the first bad case: workloads in one namespace with a policy
// each, of which one in ten has a broad selector.
func (g *generator) oneNamespace(workloads int) {
	for i := range workloads {
		fmt.Fprintf(g, `---
apiVersion: v1
kind: Pod
metadata:
  name: pod-%[1]d
  namespace: one
  labels: {app: app-%[1]d, tier: t%[2]d, team: team-%[3]d, zone: z%[4]d, version: v%[5]d}
spec:
  containers: [{name: c, ports: [{name: http, containerPort: %[6]d}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p-%[1]d, namespace: one}
spec:
  podSelector: %[7]s
  ingress:
  - from: [{podSelector: %[8]s}, {podSelector: {matchLabels: {app: app-%[9]d}}}]
    ports: [{port: %[10]d}]
`, i, g.IntN(5), g.IntN(7), g.IntN(3), g.IntN(4), 8000+g.IntN(5), g.selectorOf(i), g.broad(), g.IntN(workloads), 8000+g.IntN(10))
	}
}

func (g *generator) selectorOf(i int) string {
	if i%10 == 0 {
		return g.broad()
	}
	return fmt.Sprintf("{matchLabels: {app: app-%d}}", i)
}

// broad is a selector of a tenth of the workloads or more.
func (g *generator) broad() string {
	switch g.IntN(6) {
	case 0:
		return "{}"
	case 1:
		return fmt.Sprintf("{matchLabels: {tier: t%d}}", g.IntN(5))
	case 2:
		return fmt.Sprintf("{matchLabels: {team: team-%d}}", g.IntN(7))
	case 3:
		return fmt.Sprintf("{matchExpressions: [{key: tier, operator: In, values: [t%d, t%d]}]}", g.IntN(5), g.IntN(5))
	case 4:
		return fmt.Sprintf("{matchLabels: {zone: z%d}, matchExpressions: [{key: version, operator: NotIn, values: [v%d]}]}", g.IntN(3), g.IntN(4))
	default:
		return fmt.Sprintf("{matchExpressions: [{key: team, operator: NotIn, values: [team-%d, team-%d]}]}", g.IntN(7), g.IntN(7))
	}
}

// clusterWide writes the second bad case: every policy has peers of the whole
// cluster beside its own.
func (g *generator) clusterWide(workloads int) {
	for i := range workloads {
		namespace, place := i/tierSize, i%tierSize
		if place == 0 {
			g.namespace(namespace)
		}
		g.workload(namespace, place)
		fmt.Fprintf(g, `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: app-%[1]d, namespace: %[2]s}
spec:
  podSelector: {matchLabels: {app: app-%[1]d}}
  ingress:
  - from: [{namespaceSelector: {}%[3]s}]
    ports: [{port: %[4]d}]
  - from: [{podSelector: {matchLabels: {app: app-%[5]d}}}]
`, place, teamName(namespace), [...]string{"", ", podSelector: {matchLabels: {tier: api}}", ", podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [web]}]}"}[i%3],
			8000+g.IntN(20), g.IntN(tierSize))
	}
}

// wholeCluster writes the third bad case: every workload admits the whole cluster, from
// which every other workload is kept away.
func (g *generator) wholeCluster(workloads int) {
	for i := range workloads {
		namespace, place := i/tierSize, i%tierSize
		if place == 0 {
			g.namespace(namespace)
		}
		g.workload(namespace, place)
		fmt.Fprintf(g, `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: app-%[1]d, namespace: %[2]s}
spec:
  endpointSelector: {matchLabels: {app: app-%[1]d}}
  ingress:
  - fromEntities: [cluster]
`, place, teamName(namespace))
		if i%2 == 0 {
			g.egressPolicy(namespace, place)
		}
	}
}

// files cuts what was written into files of about a megabyte.
func (g *generator) files() []string {
	var files []string
	text := g.String()
	for len(text) > 1<<20 {
		end := 1<<20 + strings.Index(text[1<<20:], "\n---\n") + 1
		if end == 1<<20 {
			break
		}
		files = append(files, text[:end])
		text = text[end:]
	}
	return append(files, text)
}

// generated returns the objects of a cluster of the generator.
func generated(t testing.TB, write func(*generator, int), workloads int) []*manifest.Object {
	t.Helper()
	g := newGenerator(max(workloads/tierSize, 1))
	write(g, workloads)
	var objects []*manifest.Object
	for _, file := range g.files() {
		objects = append(objects, parse(t, file)...)
	}
	return objects
}
