package manifest

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// written is a file of so many documents, workloads with a Service and a policy
// each. Names and labels repeat as they do in repositories.
func written(documents int) []byte {
	var b strings.Builder
	for i := range documents / 3 {
		fmt.Fprintf(&b, `---
# %[1]d
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%[1]d
  namespace: team-%[2]d
  labels:
    app: app-%[1]d
    tier: web
spec:
  replicas: 2
  selector:
    matchLabels:
      app: app-%[1]d
      tier: web
  template:
    metadata:
      labels:
        app: app-%[1]d
        tier: web
    spec:
      containers:
      - name: main
        image: "registry.example.com/app:%[1]d.0.1"
        args: [--port, "8080"]
        command:
        - sh
        - -c
        - |
          exec main
        ports:
        - name: http
          containerPort: 8080
        resources:
          requests: {cpu: 100m, memory: 1Gi}
---
apiVersion: v1
kind: Service
metadata:
  name: app-%[1]d
  namespace: team-%[2]d
spec:
  selector:
    app: app-%[1]d
    tier: web
  ports:
  - port: 80
    targetPort: http
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: app-%[1]d
  namespace: team-%[2]d
spec:
  podSelector:
    matchLabels:
      app: app-%[1]d
      tier: web
  policyTypes:
  - Ingress
  ingress:
  - from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: ingress
    - ipBlock:
        cidr: 10.%[3]d.0.0/16
    ports:
    - port: 8080 # http
`, i, i/10, i%200)
	}
	return []byte(b.String())
}

// throughNodes parses as Parse does with documents that the reader does not
// understand.
func throughNodes(file string, data []byte) []*Object {
	var objects []*Object
	for _, doc := range Split(data) {
		node, err := doc.Parse()
		if err != nil {
			panic(err)
		}
		made, err := newObjects(node, Plain(file, doc.Skip))
		if err != nil {
			panic(err)
		}
		objects = append(objects, made...)
	}
	return objects
}

func BenchmarkParse(b *testing.B) {
	const documents = 3000
	data := written(documents)
	benchmark := func(name string, parse func() []*Object) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var objects []*Object
			for b.Loop() {
				if objects = parse(); len(objects) != documents {
					b.Fatalf("%d objects, want %d", len(objects), documents)
				}
			}
			b.ReportMetric(float64(documents*b.N)/b.Elapsed().Seconds(), "documents/s")
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/documents, "B-kept/document")
			runtime.KeepAlive(objects)
		})
	}
	benchmark("reader", func() []*Object {
		objects, _ := Parse("f.yaml", data)
		return objects
	})
	benchmark("nodes", func() []*Object { return throughNodes("f.yaml", data) })
}

// BenchmarkAt asks one place of every object, the first of which makes its document
// be scanned again.
func BenchmarkAt(b *testing.B) {
	data := written(3000)
	for b.Loop() {
		b.StopTimer()
		objects, _ := Parse("f.yaml", data)
		b.StartTimer()
		for _, o := range objects {
			o.At("metadata", "name")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*3000), "ns/object")
}
