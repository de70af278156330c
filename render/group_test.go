package render_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/render"
)

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func policy(name, namespace string) string {
	return fmt.Sprintf("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: %q}\n", name, namespace)
}

func TestGroup(t *testing.T) {
	tests := []struct {
		name, archive string
		want          []string // environment and its targets
	}{
		{
			name: "targets named for one environment go together, others stay alone",
			archive: `
-- apps/a/overlays/prod/kustomization.yaml --
resources: [a.yaml]
-- apps/a/overlays/prod/a.yaml --
` + pod("a") + `
-- apps/b/overlays/prod/kustomization.yaml --
resources: [b.yaml]
-- apps/b/overlays/prod/b.yaml --
` + pod("b") + `
-- tools/c.yaml --
` + pod("c"),
			want: []string{"prod: apps/a/overlays/prod, apps/b/overlays/prod", "tools: tools"},
		},
		{
			name: "alternatives never meet, and what is common meets both",
			archive: `
-- envs/prod/common/c.yaml --
` + pod("c, namespace: x") + `
-- envs/prod/one/a.yaml --
` + pod("a, namespace: x") + `
-- envs/prod/two/a.yaml --
` + pod("a, namespace: x"),
			want: []string{"prod (envs/prod/one): envs/prod/common, envs/prod/one", "prod (envs/prod/two): envs/prod/common, envs/prod/two"},
		},
		{
			name: "what components and bases repeat makes no alternatives",
			archive: `
-- envs/prod/one/a.yaml --
` + pod("a, namespace: x") + "---\n" + policy("deny", "x") + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: env, namespace: x}
data: {a: one}
-- envs/prod/two/b.yaml --
` + pod("b, namespace: x") + "---\n" + policy("deny", "x") + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: env, namespace: x}
data: {a: two}
`,
			want: []string{"prod: envs/prod/one, envs/prod/two"},
		},
		{
			name: "levels of overlays and stages of clusters stay apart",
			archive: `
-- web/overlays/prod/eu/a.yaml --
` + pod("a, namespace: x") + `
-- api/overlays/prod/us/b.yaml --
` + pod("b, namespace: x") + `
-- clusters/eu/prod/web/c.yaml --
` + pod("c, namespace: x") + `
-- clusters/eu/dev/web/d.yaml --
` + pod("d, namespace: x") + `
-- clusters/eu/prod/api/e.yaml --
` + pod("e, namespace: x"),
			want: []string{
				"eu/dev: clusters/eu/dev/web", "eu/prod: clusters/eu/prod/api, clusters/eu/prod/web",
				"prod/eu: web/overlays/prod/eu", "prod/us: api/overlays/prod/us",
			},
		},
		{
			name: "a folder named for an environment is one",
			archive: `
-- apps/overlays/prod/a.yaml --
` + pod("a, namespace: x") + `
-- apps/overlays/dev/a.yaml --
` + pod("a, namespace: x") + `
-- policies/prod/p.yaml --
` + policy("deny", "x") + `
-- policies/dev/p.yaml --
` + policy("deny", "x") + `---
# not the same as in prod
` + policy("more", "x"),
			want: []string{"dev: apps/overlays/dev, policies/dev", "prod: apps/overlays/prod, policies/prod"},
		},
		{
			name: "alternative policies never meet",
			archive: `
-- apps/overlays/prod/a.yaml --
` + pod("a, namespace: x") + `
-- strict/p.yaml --
` + policy("deny", "x") + `
-- lax/p.yaml --
` + strings.Replace(policy("deny", "x"), "kind", "spec: {podSelector: {}}\nkind", 1),
			want: []string{"prod (lax): apps/overlays/prod, lax", "prod (strict): apps/overlays/prod, strict"},
		},
		{
			name: "a repeated namespace makes no alternatives",
			archive: `
-- envs/prod/one/a.yaml --
` + pod("a, namespace: x") + `---
apiVersion: v1
kind: Namespace
metadata: {name: x}
-- envs/prod/two/b.yaml --
` + pod("b, namespace: x") + `---
apiVersion: v1
kind: Namespace
metadata: {name: x}
`,
			want: []string{"prod: envs/prod/one, envs/prod/two"},
		},
		{
			name: "objects whose namespace is not known never clash",
			archive: `
-- envs/prod/one/a.yaml --
` + pod("a") + `
-- envs/prod/two/a.yaml --
` + pod("a"),
			want: []string{"prod: envs/prod/one, envs/prod/two"},
		},
		{
			name: "a folder below a folder of manifests shares its cluster",
			archive: `
-- k8s/a.yaml --
` + pod("a") + `
-- k8s/policies/p.yaml --
` + policy("p", "") + `
-- k8s/b/b.yaml --
` + pod("b"),
			want: []string{"k8s: k8s, k8s/b, k8s/policies"},
		},
		{
			name: "policies alone join the environments with workloads in their namespaces",
			archive: `
-- envs/prod/shop/a.yaml --
` + pod("a, namespace: shop") + `
-- envs/dev/shop/a.yaml --
` + pod("a, namespace: shop") + `
-- envs/dev/other/a.yaml --
` + pod("a, namespace: other") + `
-- apps/c.yaml --
` + pod("c, namespace: mail") + `
-- policies/p.yaml --
` + policy("p", "shop") + `
-- lost/p.yaml --
` + policy("p", "nowhere"),
			want: []string{
				"apps: apps", "dev: envs/dev/other, envs/dev/shop, policies", "lost: lost", "prod: envs/prod/shop, policies",
			},
		},
		{
			name: "policies above the workloads that they are for are not for others in namespaces of that name",
			archive: `
-- one/p.yaml --
` + policy("p", "shop") + `
-- one/web/a.yaml --
` + pod("a, namespace: shop") + `
-- one/overlays/prod/kustomization.yaml --
resources: [b.yaml]
-- one/overlays/prod/b.yaml --
` + pod("b, namespace: shop") + `
-- two/p.yaml --
` + policy("q", "shop") + `
-- two/web/a.yaml --
` + pod("a, namespace: shop") + `
-- three/a.yaml --
` + pod("a, namespace: shop"),
			want: []string{"one: one, one/web", "prod: one, one/overlays/prod", "three: three", "two: two, two/web"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			repo := repository(t, test.archive)
			targets, gaps := repo.Find(context.Background(), []string{"."})
			if len(gaps) > 0 {
				t.Fatal(gaps)
			}
			var got []string
			for _, e := range render.Group(repo.RenderAll(context.Background(), targets, nil)) {
				line := e.Name + ":"
				for i, r := range e.Results {
					if i > 0 {
						line += ","
					}
					line += " " + r.Name
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
