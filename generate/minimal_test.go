package generate

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/source"
)

// isMinimal fails if a part of what is proposed can be left out. It returns the number of
// parts.
func isMinimal(t *testing.T, env Environment, opts Options) (parts int) {
	t.Helper()
	g := newGenerator(env, opts)
	policies, err := g.propose()
	if err != nil {
		t.Fatal(err)
	}
	redundant, parts := compareRedundant(t, g, policies)
	if len(redundant) > 0 {
		t.Errorf("redundant: %q", redundant)
	}
	return parts
}

// compareRedundant compares the redundant parts of policies with those that are found by
// leaving each part out, building the cluster again, and looking whether a need is lost.
func compareRedundant(t *testing.T, g *generator, policies []*manifest.Object) (redundant []string, parts int) {
	t.Helper()
	c, err := g.rebuild(policies)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, p := range g.redundant(c, policies) {
		told = append(told, fmt.Sprint(p.policy.Name, p.path))
	}
	redundant, parts = g.redundantByTrying(policies)
	slices.Sort(told)
	slices.Sort(redundant)
	if diff := cmp.Diff(redundant, told); diff != "" {
		t.Errorf("redundant (-by trying +told):\n%s", diff)
	}
	if err := g.proveMinimal(c, policies); (err != nil) != (len(redundant) > 0) {
		t.Errorf("the proof says %v of %d redundant parts", err, len(redundant))
	}
	return redundant, parts
}

// redundantByTrying is redundant as its comment says what it is.
func (g *generator) redundantByTrying(policies []*manifest.Object) (redundant []string, parts int) {
	all, _ := g.rebuild(withoutPart(policies, 0, nil))
	try := func(i int, path ...any) bool {
		parts++
		c, err := g.rebuild(withoutPart(policies, i, path))
		if err != nil {
			panic(err)
		}
		if g.losesNeed(all, c) {
			return false
		}
		redundant = append(redundant, fmt.Sprint(policies[i].Name, path))
		return true
	}
	for i, p := range policies {
		for _, d := range []string{"ingress", "egress"} {
			for j, r := range manifest.Items(p.Data, "spec", d) {
				if isSetApart(manifest.Mapping(r)) || try(i, "spec", d, j) {
					continue
				}
				for _, list := range listsOf(r) {
					items := manifest.Items(r, list...)
					for k := range items {
						if len(items) > 1 {
							try(i, slices.Concat([]any{"spec", d, j}, list, []any{k})...)
						}
					}
				}
			}
		}
	}
	return redundant, parts
}

// listsOf returns the paths of the lists of peers and ports of a rule of any format.
func listsOf(r any) [][]any {
	var lists [][]any
	for _, list := range []string{"from", "to", "ports", "fromEndpoints", "toEndpoints", "fromCIDRSet", "toCIDRSet"} {
		lists = append(lists, []any{list})
	}
	for i := range manifest.Items(r, "toPorts") {
		lists = append(lists, []any{"toPorts", i, "ports"})
	}
	return lists
}

// withoutPart returns policies without a part of one, and without the rules that are set
// apart.
func withoutPart(policies []*manifest.Object, of int, path []any) []*manifest.Object {
	var left []*manifest.Object
	for i, o := range policies {
		data := copied(o.Data)
		spec := manifest.Mapping(data, "spec")
		for _, d := range []string{"ingress", "egress"} {
			var kept []any
			for j, rule := range manifest.Items(spec, d) {
				in := i == of && len(path) > 2 && path[1] == d && path[2] == j
				if isSetApart(manifest.Mapping(rule)) || in && len(path) == 3 {
					continue
				}
				if in {
					holder, list, k := manifest.Mapping(rule, path[3:len(path)-2]...), path[len(path)-2].(string), path[len(path)-1].(int)
					holder[list] = slices.Delete(manifest.Items(holder, list), k, k+1)
				}
				kept = append(kept, rule)
			}
			if len(manifest.Items(spec, d)) > 0 {
				spec[d] = kept
			}
			if o.Group == "cilium.io" && spec[d] != nil && len(kept) == 0 {
				spec[d] = []any{map[string]any{}} // which isolates, too
			}
		}
		left = append(left, parsed(data).WithNamespace(o.Namespace))
	}
	return left
}

// losesNeed tells whether less of a need is allowed in a cluster than in one with all
// parts.
func (g *generator) losesNeed(all, c *netpol.Cluster) bool {
	for side, needs := range g.proposed {
		for _, n := range needs {
			for _, w := range side.subject.Workloads {
				for from, to := range n.connections(all, side.direction, w) {
					allowed := all.Allows(side.direction, from, to).Intersect(n.conn())
					if !c.Allows(side.direction, in(c, from), in(c, to)).ContainsAll(allowed) {
						return true
					}
				}
			}
		}
	}
	return false
}

// TestRandomPoliciesAreMinimal proposes policies for random workloads that call much
// that overlaps, and then adds superfluous parts, which must be told.
func TestRandomPoliciesAreMinimal(t *testing.T) {
	const seed = 1
	environments := 100
	if testing.Short() {
		environments = 30
	}
	r := rand.New(rand.NewPCG(seed, seed))
	parts, added := 0, 0
	for range environments {
		env := environmentOf(t, randomManifests(r))
		env.Known = randomConfiguration(t, r)
		opts := Options{
			Format: []Format{NetworkPolicy, Cilium}[r.IntN(2)], PartialDeny: r.IntN(4) > 0,
			DefaultDeny: []DefaultDeny{DenyAlways, DenyNever}[r.IntN(2)], OpenBlocked: r.IntN(2) == 0,
		}
		if _, err := Propose(env, opts); err != nil {
			t.Fatal(err)
		}
		parts += isMinimal(t, env, opts)
		g := newGenerator(env, opts)
		policies, err := g.propose()
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range policies {
			policies[i] = withMore(r, p, policies[r.IntN(len(policies))])
		}
		redundant, _ := compareRedundant(t, g, policies)
		added += len(redundant)
		if t.Failed() {
			for _, p := range policies {
				text, _ := json.Marshal(p.Data)
				t.Logf("%s", text)
			}
			t.FailNow()
		}
	}
	t.Logf("%d parts are needed; of those that were added, %d are not", parts, added)
	if parts < environments || added < environments {
		t.Error("these are too few to tell anything")
	}
}

func randomConfiguration(t *testing.T, r *rand.Rand) config.Cluster {
	t.Helper()
	var parts []string
	for _, part := range []string{
		"dns: {node-local: [169.254.20.10]}", "api-server: [10.0.0.1/32, 10.1.2.3/32]", "nodes: [10.1.0.0/16, 10.1.2.0/24, 192.168.0.0/16]",
		"private-ranges: [10.0.0.0/8]", "ingress-controller: {namespace: ingress}", "prometheus: {namespace: ingress, labels: {app: p}}",
	} {
		if r.IntN(3) == 0 {
			parts = append(parts, part)
		}
	}
	c, err := config.Load([]byte("cluster: {"+strings.Join(parts, ", ")+"}"), "c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return c.Cluster
}

// randomManifests returns workloads of which some share labels, and that call
// addresses, names and each other.
func randomManifests(r *rand.Rand) string {
	targets := []string{
		"10.0.0.0/8", "10.0.0.0/8:80", "10.1.0.0/16:80", "10.1.2.3", "10.1.2.3:80", "10.1.2.3:443/udp", "0.0.0.0/0:443", "0.0.0.0/0", "[::]/0:443", "[2001:db8::5]:443",
		"169.254.169.254:80", "rates.acme.io:443", "rates.acme.io:80", "logs.acme.io:443", "external:any:443", "external:node:80", "external:node:443", "external:kube-apiserver", "external:internet:443",
		"w0", "w0:80", "w1:80", "w2:443", "w3", "kube-dns.kube-system:53",
	}
	labels := []string{"{app: a}", "{app: a, tier: x}", "{app: a, tier: x, zone: z}", "{app: b}", "{app: b, tier: x}", "{app: c}", "{k8s-app: kube-dns}"}
	text := namespaces
	for i := range 1 + r.IntN(4) {
		var hints []string
		for range r.IntN(6) {
			hints = append(hints, targets[r.IntN(len(targets))])
		}
		name, own := fmt.Sprint("w", i), labels[r.IntN(len(labels))]
		text += calling(name, own, hints...) + fmt.Sprintf("---\n{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: shop}, spec: {selector: %s, ports: [{name: a, port: 80}, {name: b, port: 443}]}}\n", name, own)
	}
	switch r.IntN(6) {
	case 0:
		text += strings.ReplaceAll(calling("coredns", "{k8s-app: kube-dns}"), "namespace: shop", "namespace: kube-system") +
			"---\n{apiVersion: v1, kind: Service, metadata: {name: kube-dns, namespace: kube-system}, spec: {selector: {k8s-app: kube-dns}, ports: [{port: 53}]}}\n"
	case 1:
		text += "---\n{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: p}, spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, " +
			"egress: [{action: Accept, to: [{networks: [10.0.0.0/9]}, {namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 80}}}, {udp: {destinationPort: {number: 53}}}]}]}}\n"
	case 2:
		text += "---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: {podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]}}\n"
	case 3:
		text += "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: shop}, spec: {defaultBackend: {service: {name: w0, port: {number: 80}}}}}\n"
	case 4:
		text = strings.ReplaceAll(text, "metadata: {labels: {", "metadata: {annotations: {linkerd.io/inject: enabled}, labels: {")
	}
	return text
}

// withMore returns a policy with a rule of another, and with a port and a peer more in
// one of its rules.
func withMore(r *rand.Rand, o, other *manifest.Object) *manifest.Object {
	data := copied(o.Data)
	spec, from := data["spec"].(map[string]any), copied(other.Data)["spec"].(map[string]any)
	for _, direction := range []netpol.Direction{netpol.Ingress, netpol.Egress} {
		d := direction.Name()
		if types := manifest.Items(spec, "policyTypes"); len(types) > 0 && !slices.Contains(types, any(direction.String())) {
			continue
		}
		rules, others := manifest.Items(spec, d), manifest.Items(from, d)
		if len(rules) > 0 && len(others) > 0 {
			rule, more := rules[r.IntN(len(rules))].(map[string]any), others[r.IntN(len(others))].(map[string]any)
			for _, list := range listsOf(rule) {
				if items, extra := manifest.Items(rule, list...), manifest.Items(more, list...); len(items) > 0 && len(extra) > 0 && r.IntN(2) == 0 {
					manifest.Mapping(rule, list[:len(list)-1]...)[list[len(list)-1].(string)] = append(items, extra[r.IntN(len(extra))])
				}
			}
			spec[d] = rules
		}
		if len(others) > 0 && r.IntN(2) == 0 {
			spec[d] = append(manifest.Items(spec, d), others[r.IntN(len(others))])
		}
	}
	return parsed(data).WithNamespace(o.Namespace)
}

func copied(data map[string]any) (c map[string]any) {
	text, _ := json.Marshal(data)
	_ = json.Unmarshal(text, &c)
	return c
}

func parsed(data map[string]any) *manifest.Object {
	text, _ := json.Marshal(data)
	objects, _ := manifest.Parse("changed", text)
	return objects[0]
}

// TestMinimalForApplications tries every part of what is proposed for 13 real
// applications.
func TestMinimalForApplications(t *testing.T) {
	shared := os.Getenv("RINGFENCE_SHARED")
	if shared == "" {
		t.Skip("RINGFENCE_SHARED is not set: the shared sets are not here")
	}
	if !filepath.IsAbs(shared) {
		shared = filepath.Join("..", shared)
	}
	files, err := filepath.Glob(filepath.Join(shared, "truth", "*", "edges.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no labelled applications: %v", err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			namespace := regexp.MustCompile(`(?m)^default_namespace: *(\S+)`).FindStringSubmatch(string(text))[1]
			for _, e := range environments(t, filepath.Join(dir, "manifests"), namespace) {
				t.Logf("%d parts are needed", isMinimal(t, e, Options{DefaultDeny: DenyAlways}))
			}
		})
	}
}

// environments renders a folder of manifests.
func environments(t *testing.T, dir, namespace string) []Environment {
	t.Helper()
	tree, err := source.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	repo := render.New(tree, render.Options{Namespace: namespace, Config: &config.Config{}})
	targets, _ := repo.Find(context.Background(), []string{"."})
	var environments []Environment
	for _, e := range render.Group(repo.RenderAll(context.Background(), targets, func(int) {})) {
		c, _ := netpol.New(e.Objects(), netpol.Options{})
		environments = append(environments, environment(c, e.Objects()))
	}
	return environments
}
