package analyzer

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/rules"
)

func modelOf(env Environment) *Model {
	cluster, _ := netpol.New(env.Objects, netpol.Options{})
	return newFacts(env, cluster, env.Gaps, newRepository([]Environment{env})).model()
}

// The model keeps the schema: nothing absent, nothing null, nothing more.
func TestModelKeepsSchema(t *testing.T) {
	text := deployment("web") + denyAll + `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: front}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: front, labels: {app: agent}}
spec: {hostNetwork: true, containers: [{name: main, image: redis}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
  - {}
  - from:
    - namespaceSelector: {matchLabels: {name: front}}
    - podSelector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]}
    - ipBlock: {cidr: 0.0.0.0/0}
  egress:
  - to: [{podSelector: {}}]
    ports: [{port: http}, {port: 1, endPort: 5}]
  - to: [{namespaceSelector: {}}]
    ports: [{port: 53, protocol: UDP}]
`
	gap := Gap{Target: "shop", Gap: manifest.Gap{Code: manifest.MissingFile, Reason: "no such file"}}
	for _, env := range []Environment{
		{Name: "empty"},
		{Name: "prod", Objects: parse(t, "app.yaml", text, "shop"), Gaps: []Gap{gap}},
		{Name: "unknown", Objects: parse(t, "app.yaml", text, unknown)},
	} {
		data, err := json.Marshal(modelOf(env))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("null")) || bytes.ContainsRune(data, 0) || strings.Contains(string(data), `\u0000`) {
			t.Errorf("%s: a null or a private namespace in\n%s", env.Name, data)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema(t).Validate(value); err != nil {
			t.Errorf("%s: %v", env.Name, err)
		}
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(rules.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", value); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("schema.json")
}

// A place names its Pod spec, its ports and its Services; hostile input has none.
func TestOddObjects(t *testing.T) {
	const text = `apiVersion: apps/v1
kind: Deployment
metadata: {name: 7}
spec: []
---
apiVersion: v1
kind: Pod
metadata: {generateName: job-}
spec: {containers: [3, {image: 5}], dnsPolicy: [], priorityClassName: {}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: odd}
spec: {defaultBackend: x, rules: [1, {http: {paths: [2, {backend: {service: 4}}]}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: odd}
spec: {parentRefs: {}, rules: [1, {backendRefs: [2]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: odd}
spec: {podSelector: 1, policyTypes: {}, ingress: [1, {from: [2, {ipBlock: 3}], ports: [4]}], egress: {}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: none}
`
	report := analyze(t, rules.Auditor, Environment{Name: "prod", Objects: parse(t, "odd.yaml", text, "shop")})
	if report.Gaps == nil {
		t.Error("no gap says that these objects are rejected")
	}
}

func TestWideBlocks(t *testing.T) {
	tests := map[string]struct {
		blocks string
		want   []string
	}{
		"everything":             {"{cidr: 0.0.0.0/0}", []string{"0.0.0.0/0"}},
		"both families":          {"{cidr: 0.0.0.0/0}|{cidr: '::/0'}", []string{"0.0.0.0/0", "::/0"}},
		"two halves":             {"{cidr: 0.0.0.0/1}|{cidr: 128.0.0.0/1}", []string{"0.0.0.0/1", "128.0.0.0/1"}},
		"one half":               {"{cidr: 0.0.0.0/1}", nil},
		"metadata excepted":      {"{cidr: 0.0.0.0/0, except: [169.254.169.254/32]}", []string{"0.0.0.0/0"}},
		"private excepted":       {"{cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}", nil},
		"pods excepted":          {"{cidr: 0.0.0.0/0, except: [10.244.0.0/16]}", nil},
		"excepted, then allowed": {"{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}|{cidr: 10.0.0.0/8}", []string{"0.0.0.0/0", "10.0.0.0/8"}},
		"just the private":       {"{cidr: 10.0.0.0/8}|{cidr: 172.16.0.0/12}|{cidr: 192.168.0.0/16}", nil},
		"one network":            {"{cidr: 10.0.0.0/8}", nil},
		"public IPv6":            {"{cidr: '2000::/3'}", nil},
		"private IPv6 excepted":  {"{cidr: '::/0', except: ['fc00::/7']}", nil},
		"last address":           {"{cidr: 255.255.255.255/32}|{cidr: 0.0.0.0/0}", []string{"0.0.0.0/0"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			peers := "{ipBlock: " + strings.ReplaceAll(test.blocks, "|", "}, {ipBlock: ") + "}"
			text := policy("spec: {podSelector: {}, ingress: [{from: [" + peers + "]}]}\n")
			cluster, gaps := netpol.New(parse(t, "policy.yaml", text, "shop"), netpol.Options{})
			if len(gaps) > 0 {
				t.Fatal(gaps)
			}
			var got []string
			for _, b := range wideBlocks(cluster.Policies[0].IngressRules[0]) {
				got = append(got, b.CIDR)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("wide blocks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDataStore(t *testing.T) {
	for image, want := range map[string]string{
		"redis":                             "redis",
		"redis:alpine@sha256:0123":          "redis",
		"registry.example:5000/db/mongo:7":  "mongodb",
		"bitnami/postgresql:17":             "postgresql",
		"example/redis-commander":           "",
		"sclorg/redis-7-c9s":                "redis",
		"registry.example:6379/example/web": "",
		"":                                  "",
	} {
		text := "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{image: '" + image + "'}]}\n"
		cluster, _ := netpol.New(parse(t, "pod.yaml", text, "shop"), netpol.Options{})
		if got, _ := dataStore(cluster.Workloads[0]); got.name != want {
			t.Errorf("image %q: data store %q, want %q", image, got.name, want)
		}
	}
}
