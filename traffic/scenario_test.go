package traffic

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// A scenario is an environment with the calls that are expected of it: one line each,
// "from -> to port/protocol confidence", or "? from -> name" for what is dangling.
type scenario struct {
	name      string
	manifests []string
	hints     []Hint
	want      []string
}

func (s scenario) run(t *testing.T) {
	t.Helper()
	t.Run(s.name, func(t *testing.T) {
		t.Helper()
		if diff := cmp.Diff(s.want, lines(infer(t, s.manifests, s.hints...))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func infer(t *testing.T, manifests []string, hints ...Hint) *Graph {
	t.Helper()
	objects, err := manifest.Parse("test.yaml", []byte(strings.Join(manifests, "\n---\n")))
	if err != nil {
		t.Fatal(err)
	}
	c, gaps := netpol.New(objects, netpol.Options{})
	if len(gaps) > 0 {
		t.Fatalf("the manifests have gaps: %v", gaps)
	}
	return Infer(c, objects, hints...)
}

func lines(g *Graph) []string {
	var all []string
	for _, e := range g.Edges {
		all = append(all, fmt.Sprintf("%s -> %s %d/%s %s", e.From, e.To, e.Port, e.Protocol, e.Confidence))
	}
	for _, d := range g.Dangling {
		all = append(all, fmt.Sprintf("? %s -> %s", d.From, d.Name))
	}
	return all
}

// object is an object of the namespace shop, with the rest of its fields.
func object(apiVersion, kind, name string, rest ...string) string {
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: %s, namespace: shop}\n%s", apiVersion, kind, name, strings.Join(rest, "\n"))
}

// deployment is a workload whose pods carry the label app with its name.
func deployment(name, podSpec string) string { return workload("Deployment", name, "", podSpec) }

func workload(kind, name, spec, podSpec string) string {
	return object("apps/v1", kind, name, fmt.Sprintf("spec:\n  template:\n    metadata: {labels: {app: %s}}\n    spec: %s\n%s", name, podSpec, spec))
}

// service selects the pods with the label app.
func service(name, app, rest string) string {
	return object("v1", "Service", name, fmt.Sprintf("spec: {selector: {app: %s}, %s}", app, rest))
}

// idle is a pod that says nothing of calls.
const idle = "{containers: [{name: main, ports: [{name: web, containerPort: 8080}]}]}"
