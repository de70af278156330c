package render_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/rendertest"
)

// repository lays out the files of a txtar archive. A file .ringfence.yaml is
// its configuration.
func repository(t *testing.T, archive string) *render.Repository {
	t.Helper()
	tree := rendertest.Archive(t, archive)
	var opts render.Options
	if data, err := tree.ReadFile(config.FileName); err == nil {
		if opts.Config, err = config.Load(data, config.FileName); err != nil {
			t.Fatal(err)
		}
	}
	return render.New(tree, opts)
}

// pod is a file with a Pod of that name.
func pod(name string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: []}\n", name)
}

func TestFind(t *testing.T) {
	tests := []struct {
		name, archive string
		want          []string // kind, name and environments of each target
		gaps          []string
	}{
		{
			name: "bases and components are no targets",
			archive: `
-- base/kustomization.yaml --
resources: [pod.yaml]
-- base/pod.yaml --
` + pod("a") + `
-- component/kustomization.yaml --
kind: Component
-- overlays/prod/kustomization.yaml --
resources: [../../base]
components: [../../component]
-- overlays/dev/kustomization.yml --
bases: [../../base]
-- alone/Kustomization --
resources: [pod.yaml]
-- alone/pod.yaml --
` + pod("b") + `
-- alone/leftover.yaml --
` + pod("c"),
			want: []string{"kustomize alone", "kustomize overlays/dev [dev]", "kustomize overlays/prod [prod]"},
		},
		{
			name: "kustomizations that include each other are not lost",
			archive: `
-- a/kustomization.yaml --
resources: [../b]
-- b/kustomization.yaml --
resources: [../a]
`,
			want: []string{"kustomize a"},
		},
		{
			name: "a folder whose files a kustomization uses is its business",
			archive: `
-- kustomization.yaml --
resources: [manifests/a.yaml]
patches: [{path: patches/p.yaml}]
-- manifests/a.yaml --
` + pod("a") + `
-- patches/p.yaml --
` + pod("a") + `
-- patches/unused.yaml --
` + pod("a") + `
-- other/b.yaml --
` + pod("b"),
			want: []string{"kustomize .", "plain other"},
		},
		{
			name: "charts: nested and library charts are no targets",
			archive: `
-- app/Chart.yaml --
apiVersion: v2
name: app
version: 1.0.0
-- app/templates/pod.yaml --
` + pod("{{ .Release.Name }}") + `
-- app/crds/crd.yaml --
` + pod("x") + `
-- app/charts/sub/Chart.yaml --
apiVersion: v2
name: sub
version: 1.0.0
-- lib/Chart.yaml --
apiVersion: v2
name: lib
version: 1.0.0
type: library
-- starter/Chart.yaml --
apiVersion: v2
name: <CHARTNAME>
version: 1.0.0
`,
			want: []string{"helm app"},
		},
		{
			name: "charts: values files with a name",
			archive: `
-- variants/Chart.yaml --
apiVersion: v2
name: variants
version: 1.0.0
-- variants/values-ha.yaml --
a: b
-- variants/values.schema.yaml --
type: object
-- environments/Chart.yaml --
apiVersion: v2
name: environments
version: 1.0.0
-- environments/values-prod.yaml --
a: b
-- environments/values.dev.yaml --
a: b
-- environments/values/eu-staging.yaml --
a: b
`,
			want: []string{
				"helm environments (dev) [dev]", "helm environments (eu-staging) [eu-staging]", "helm environments (prod) [prod]",
				"helm variants", "helm variants (ha) [ha]",
			},
		},
		{
			name: "plain: only what an API server could serve",
			archive: `
-- k8s/a.yaml --
` + pod("a") + `
-- k8s/policies/b.json --
{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "b"}}
-- tools/skaffold.yaml --
apiVersion: skaffold/v4beta1
kind: Config
-- tools/kubeconfig.yaml --
apiVersion: v1
kind: Config
-- ci/values.yaml --
replicas: 1
-- .github/workflows/a.yaml --
` + pod("hidden") + `
-- node_modules/x/a.yaml --
` + pod("x") + `
-- vendor/x/a.yaml --
` + pod("x"),
			want: []string{"plain k8s", "plain k8s/policies"},
		},
		{
			name: "ignored paths, in the syntax of .gitignore",
			archive: `
-- .ringfenceignore --
# examples are not applied
/examples/
*.tmpl.yaml
-- examples/a.yaml --
` + pod("a") + `
-- deploy/examples/a.yaml --
` + pod("a") + `
-- deploy/a.tmpl.yaml --
` + pod("a") + `
-- more/.ringfenceignore --
*
!keep.yaml
-- more/keep.yaml --
` + pod("a") + `
-- more/drop.yaml --
` + pod("a"),
			want: []string{"plain deploy/examples", "plain more"},
		},
		{
			name: "a file that looks like Kubernetes and cannot be read is a target with a gap",
			archive: `
-- k8s/a.yaml --
apiVersion: v1
kind: Pod
metadata: {name: {{ .name }}}
`,
			want: []string{"plain k8s"},
		},
		{
			name: "configuration",
			archive: `
-- .ringfence.yaml --
targets:
- dir: chart
  environments: [prod]
  namespace: shop
- dir: chart
  environments: [dev]
- dir: gone
environments:
  staging:
    targets: ["apps/*"]
-- chart/Chart.yaml --
apiVersion: v2
name: chart
version: 1.0.0
-- apps/a/kustomization.yaml --
resources: [a.yaml]
-- apps/a/a.yaml --
` + pod("a"),
			want: []string{"helm chart (dev) [dev]", "helm chart (prod) [prod]", "kustomize apps/a [staging]"},
			gaps: []string{`.ringfence.yaml:7:3: the configured target "gone" holds no kustomization, chart or manifests`},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			targets, gaps := repository(t, test.archive).Find(context.Background(), []string{"."})
			var got, reasons []string
			for _, target := range targets {
				line := fmt.Sprintf("%s %s", target.Kind, target.Name)
				if len(target.Envs) > 0 {
					line += fmt.Sprintf(" %v", target.Envs)
				}
				got = append(got, line)
			}
			for _, gap := range gaps {
				reasons = append(reasons, fmt.Sprintf("%s: %s", gap.Pos, gap.Reason))
			}
			if diff := cmp.Diff(test.want, sorted(got)); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.gaps, reasons); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFindBelowPaths(t *testing.T) {
	repo := repository(t, `
-- a/a.yaml --
`+pod("a")+`
-- b/b.yaml --
`+pod("b")+`
-- b/c/c.yaml --
`+pod("c"))
	targets, _ := repo.Find(context.Background(), []string{"b", "b/c"})
	var names []string
	for _, target := range targets {
		names = append(names, target.Name)
	}
	if got := strings.Join(names, " "); got != "b b/c" {
		t.Errorf("got %q, want the targets below b, each once", got)
	}
}
