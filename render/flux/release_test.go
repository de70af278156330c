package flux

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/helm"
)

// release declares a HelmRelease "web" of a namespace "shop".
func release(version, spec string) string {
	return fmt.Sprintf(`
-- apps/web.yaml --
apiVersion: helm.toolkit.fluxcd.io/%s
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  interval: 1h
  %s
`, version, strings.ReplaceAll(strings.TrimSpace(spec), "\n", "\n  "))
}

const fromGit = "chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}\n"

func TestChart(t *testing.T) {
	const repository = bootstrap + `
-- charts/web/Chart.yaml --
-- charts/web/values-prod.yaml --
`
	sources := func(text string) string {
		return "\n-- apps/sources.yaml --\napiVersion: source.toolkit.fluxcd.io/v1\n" + text + "\n"
	}
	tests := []struct{ name, archive, want string }{
		{"in the repository", release("v2", fromGit), `charts/web`},
		{"v2beta1", release("v2beta1", fromGit), `charts/web`},
		{
			"values files", release("v2", "chart: {spec: {chart: charts/web, valuesFiles: [charts/web/values-prod.yaml], sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}"),
			`charts/web with charts/web/values-prod.yaml`,
		},
		{
			"the values file of v2beta1", release("v2beta1", "chart: {spec: {chart: charts/web, valuesFile: charts/web/values-prod.yaml, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}"),
			`charts/web with charts/web/values-prod.yaml`,
		},
		{
			"a values file that is missing", release("v2", "chart: {spec: {chart: charts/web, valuesFiles: [charts/web/none.yaml], sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}"),
			`apps/web.yaml:6: gap missing-file: HelmRelease "web" gives its chart the values file "charts/web/none.yaml", which does not exist`,
		},
		{
			"a values file that may be missing", release("v2", "chart: {spec: {chart: charts/web, valuesFiles: [charts/web/none.yaml], ignoreMissingValuesFiles: true, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}"),
			`charts/web`,
		},
		{
			"no folder", release("v2", "chart: {spec: {chart: charts/none, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}"),
			`apps/web.yaml:6: gap missing-file: HelmRelease "web" installs a chart that is not rendered: "charts/none" of GitRepository "flux-system" at "ssh://git@git.example.org/fleet" (main) is not in the repository`,
		},
		{
			"a Helm repository", release("v2", "chart:\n  spec: {chart: web, version: 1.x, sourceRef: {kind: HelmRepository, name: charts}}") +
				sources("kind: HelmRepository\nmetadata: {name: charts, namespace: shop}\nspec: {url: https://charts.example.org}"),
			`apps/web.yaml:7: gap remote-chart: HelmRelease "web" installs chart "web" version "1.x" of HelmRepository "charts" at "https://charts.example.org", which is not in the repository; "ringfence fetch" fetches it`,
		},
		{
			"a Helm repository that is not declared", release("v2", "chart:\n  spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}"),
			`apps/web.yaml:7: gap remote-chart: HelmRelease "web" installs chart "web" of HelmRepository "charts", which is not declared`,
		},
		{
			"an OCI repository", release("v2", "chartRef: {kind: OCIRepository, name: web}") +
				sources("kind: OCIRepository\nmetadata: {name: web, namespace: shop}\nspec: {interval: 1h, url: 'oci://registry.example.org/web', ref: {semver: 2.x}}"),
			`apps/web.yaml:6: gap remote-chart: HelmRelease "web" installs the chart of OCIRepository "web" at "oci://registry.example.org/web" (2.x), which is not in the repository; "ringfence fetch" fetches it`,
		},
		{
			"a HelmChart", release("v2", "chartRef: {kind: HelmChart, name: web}") +
				sources("kind: HelmChart\nmetadata: {name: web, namespace: shop}\nspec: {interval: 1h, chart: charts/web, sourceRef: {kind: GitRepository, name: own}}") +
				"---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: own, namespace: shop}\nspec: {interval: 1h, url: 'ssh://git@git.example.org/fleet', ref: {branch: main}}\n",
			`charts/web`,
		},
		{
			"a HelmChart that is not declared", release("v2", "chartRef: {kind: HelmChart, name: web}"),
			`apps/web.yaml:6: gap remote-chart: HelmRelease "web" installs a chart by HelmChart "web", which is not declared`,
		},
		{"no chart", release("v2", "releaseName: web"), `apps/web.yaml:4: gap invalid-object: HelmRelease "web" names no chart`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := read(t, repository+test.archive, "")
			if len(c.Gaps) > 0 {
				t.Fatal(c.Gaps)
			}
			chart, gap := c.Chart(c.Releases[0])
			got := chart.Dir
			for i, v := range chart.Values {
				got += []string{" with ", ", "}[min(i, 1)] + v.Name
			}
			if gap != nil {
				got = gapText(*gap)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReleaseName(t *testing.T) {
	long := strings.Repeat("x", 54)
	for spec, want := range map[string]string{
		"suspend: false":                           "web in shop",
		"targetNamespace: prod":                    "prod-web in prod",
		"releaseName: shop":                        "shop in shop",
		"{releaseName: shop, targetNamespace: p}":  "shop in p",
		"{releaseName: shop, storageNamespace: s}": "shop in shop",
		// "printf xxx… | sha256sum" says how the hash begins.
		"releaseName: " + long: long[:40] + "-" + "45f316e10b2c" + " in shop",
	} {
		text := release("v2", "x: y")
		if strings.HasPrefix(spec, "{") {
			text = strings.ReplaceAll(text, "spec:\n  interval: 1h\n  x: y", "spec: "+spec)
		} else {
			text = strings.ReplaceAll(text, "x: y", spec)
		}
		r := read(t, text, "").Releases[0]
		if got := r.ReleaseName() + " in " + r.TargetNamespace(); got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
	}
}

func TestSkipCRDs(t *testing.T) {
	for spec, want := range map[string]bool{
		"suspend: false":                                   false,
		"install: {crds: Skip}":                            true,
		"install: {crds: Create}":                          false,
		"install: {crds: CreateReplace}":                   false,
		"install: {skipCRDs: true}":                        true,
		"install: {skipCRDs: true, crds: Create}":          false,
		"upgrade: {crds: Skip}":                            false,
		"install: {disableSchemaValidation: true}":         false,
		"{install: {crds: Skip}, upgrade: {crds: Create}}": true,
	} {
		text := release("v2", spec)
		if strings.HasPrefix(spec, "{") {
			text = strings.ReplaceAll(release("v2", "x: y"), "spec:\n  interval: 1h\n  x: y", "spec: "+spec)
		}
		if got := read(t, text, "").Releases[0].SkipCRDs(); got != want {
			t.Errorf("%s: %v, want %v", spec, got, want)
		}
	}
}

// TestValues checks the order of values, what is not known, and where values are.
func TestValues(t *testing.T) {
	const data = `
-- apps/data.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: shop}
data:
  values.yaml: |
    a: map
  other.yaml: "b: map"
  number: "5"
  quoted: "'5'"
  json: '{"x": [1, 2]}'
---
apiVersion: v1
kind: Secret
metadata: {name: plain, namespace: shop}
data: {values.yaml: YTogc2VjcmV0}
---
apiVersion: v1
kind: Secret
metadata: {name: sops, namespace: shop}
stringData: {values.yaml: "ENC[AES256_GCM,data:x,type:str]"}
sops: {version: 3.9.4}
`
	tests := []struct {
		name, spec string
		want       []string
	}{
		{"none", "suspend: false", nil},
		{"its own", "values: {a: 1, b: {c: x}}", []string{`apps/web.yaml:6 {"a":1,"b":{"c":"x"}}`}},
		{"of a ConfigMap", "valuesFrom: [{kind: ConfigMap, name: values}]", []string{"apps/data.yaml:5 a: map\n"}},
		{"of a key", "valuesFrom: [{kind: ConfigMap, name: values, valuesKey: other.yaml}]", []string{"apps/data.yaml:7 b: map"}},
		{
			"in order, its own last", "values: {a: own}\nvaluesFrom: [{kind: Secret, name: plain}, {kind: ConfigMap, name: values}]",
			[]string{"apps/data.yaml:15 a: secret", "apps/data.yaml:5 a: map\n", `apps/web.yaml:6 {"a":"own"}`},
		},
		{"at a path", "valuesFrom: [{kind: ConfigMap, name: values, valuesKey: number, targetPath: web.port}]", []string{"set web.port=5"}},
		{"at a path, in quotes", "valuesFrom: [{kind: ConfigMap, name: values, valuesKey: quoted, targetPath: web.port}]", []string{"set text web.port=5"}},
		{
			"at a path, literally", "valuesFrom: [{kind: ConfigMap, name: values, valuesKey: json, targetPath: web.config, literal: true}]",
			[]string{`set text web.config=\{"x": \[1\, 2\]\}`},
		},
		{"optional and missing", "valuesFrom: [{kind: ConfigMap, name: none, optional: true}]", nil},
		{"optional, without the key", "valuesFrom: [{kind: ConfigMap, name: values, valuesKey: none, optional: true}]", nil},
		{
			"missing", "valuesFrom:\n  - {kind: ConfigMap, name: none}",
			[]string{`apps/web.yaml:7: gap unknown-value: values of HelmRelease "web" are not known: ConfigMap "none" of namespace "shop" is not in the repository`},
		},
		{
			"without the key", "valuesFrom:\n  - {kind: ConfigMap, name: values, valuesKey: none}",
			[]string{`apps/web.yaml:7: gap unknown-value: values of HelmRelease "web" are not known: ConfigMap "values" has no key "none"`},
		},
		{
			"encrypted", "valuesFrom:\n  - {kind: Secret, name: sops}",
			[]string{`apps/web.yaml:7: gap unknown-value: values of HelmRelease "web" are not known: "values.yaml" of Secret "sops" is encrypted or comes from elsewhere`},
		},
		{
			"one value encrypted", "valuesFrom:\n  - {kind: Secret, name: sops, targetPath: password}",
			[]string{`apps/web.yaml:7: note unknown-value: values of HelmRelease "web" are not known: "values.yaml" of Secret "sops" is encrypted or comes from elsewhere`},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := read(t, data+release("v2", test.spec), "")
			layers, settings, gaps := c.Values(c.Releases[0])
			var got []string
			for _, l := range layers {
				got = append(got, fmt.Sprintf("%s:%d %s", l.Name, l.Pos.Line, l.Data))
			}
			for _, s := range settings {
				form := map[helm.Form]string{helm.Typed: "", helm.Text: "text "}[s.Form]
				got = append(got, "set "+form+s.Expression)
			}
			for _, g := range gaps {
				got = append(got, gapText(g))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	c := read(t, release("v2", "values:\n  a: 1\n  b:\n    c: x"), "")
	layers, _, _ := c.Values(c.Releases[0])
	if got := layers[0].At([]string{"b", "c"}).String(); got != "apps/web.yaml:9:7" {
		t.Errorf("b.c is at %s", got)
	}
}

// TestPostRenderers checks that each changes what the one before made, and that old
// versions' patches are read.
func TestPostRenderers(t *testing.T) {
	c := read(t, release("v2beta1", `postRenderers:
  - kustomize:
      images: [{name: web, newTag: v2}]
      patchesStrategicMerge:
        - {kind: Service, metadata: {name: web}}
      patchesJson6902:
        - target: {kind: Deployment, name: web}
          patch: [{op: remove, path: /spec/replicas}]
  - kustomize:
      patches:
        - target: {kind: Service}
          patch: |
            - {op: remove, path: /spec/type}
`), "")
	if len(c.Gaps) > 0 {
		t.Fatal(c.Gaps)
	}
	overlays := c.Releases[0].PostRenderers()
	var got []map[string]any
	for _, o := range overlays {
		got = append(got, o.Fields)
	}
	want := []map[string]any{
		{
			"images": []any{map[string]any{"name": "web", "newName": "*", "newTag": "v2", "digest": ""}},
			"patches": []any{
				map[string]any{"patch": `{"kind":"Service","metadata":{"name":"web"}}`},
				map[string]any{"patch": `[{"op":"remove","path":"/spec/replicas"}]`, "target": map[string]any{"kind": "Deployment", "name": "web"}},
			},
		},
		{"patches": []any{map[string]any{"patch": "- {op: remove, path: /spec/type}\n", "target": map[string]any{"kind": "Service"}}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("overlays (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		overlay int
		path    []any
		line    int
	}{
		{0, []any{"images", 0, "newTag"}, 8},
		{0, []any{"patches", 0}, 10},
		{0, []any{"patches", 1, "target"}, 12},
		{1, []any{"patches", 0, "patch"}, 17},
	} {
		if got := overlays[test.overlay].At(test.path...).Line; got != test.line {
			t.Errorf("%v of overlay %d is at line %d, want %d", test.path, test.overlay, got, test.line)
		}
	}
	if got := read(t, release("v2", "postRenderers: [{kustomize: {patchesStrategicMerge: [{kind: Service}]}}]"), "").Gaps; len(got) != 1 {
		t.Errorf("v2 has no patchesStrategicMerge, gaps are %v", got)
	}
}

// TestOverlay checks what a Kustomization changes in the folder that it applies.
func TestOverlay(t *testing.T) {
	c := read(t, bootstrap+"-- components/one/kustomization.yaml --\n"+ks("x", `sourceRef: {kind: GitRepository, name: flux-system}
path: ./apps/prod
targetNamespace: shop
namePrefix: a-
nameSuffix: -z
components: [../../components/one, ../../components/none]
ignoreMissingComponents: true
images: [{name: web, newName: registry.example.org/web}, {name: db, digest: "sha256:1"}]
patches: [{patch: "{}"}]
patchesStrategicMerge: [{kind: Service}]
patchesJson6902: [{target: {kind: Job}, patch: []}]`), "")
	k := c.Kustomizations[1]
	overlay, gaps := c.Overlay(k, "apps/prod")
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	want := map[string]any{
		"namespace": "shop", "namePrefix": "a-", "nameSuffix": "-z",
		"components": []any{"../../components/one"},
		"images": []any{
			map[string]any{"name": "web", "newName": "registry.example.org/web", "newTag": "*", "digest": "*"},
			map[string]any{"name": "db", "newName": "*", "newTag": "", "digest": "sha256:1"},
		},
		"patches": []any{
			map[string]any{"patch": "{}"},
			map[string]any{"patch": `{"kind":"Service"}`},
			map[string]any{"patch": "[]", "target": map[string]any{"kind": "Job"}},
		},
	}
	if diff := cmp.Diff(want, overlay.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		path []any
		line int
	}{
		{[]any{"namespace"}, 9},
		{[]any{"components", 0}, 12},
		{[]any{"images", 1, "digest"}, 14},
		{[]any{"patches", 1}, 16},
		{[]any{"patches", 2, "target"}, 17},
	} {
		if got := overlay.At(test.path...).Line; got != test.line {
			t.Errorf("%v is at line %d, want %d", test.path, got, test.line)
		}
	}
	c = read(t, bootstrap+ks("x", "sourceRef: {kind: GitRepository, name: flux-system}\ncomponents: ['https://git.example.org/c', /c]"), "")
	overlay, gaps = c.Overlay(c.Kustomizations[1], ".")
	if overlay != nil || len(gaps) != 2 || gaps[0].Code != manifest.RemoteReference {
		t.Errorf("remote components: overlay %v, gaps %v", overlay, gaps)
	}
}

// TestMetadata checks that common metadata win, and are where they are set.
func TestMetadata(t *testing.T) {
	c := read(t, ks("x", "sourceRef: {kind: GitRepository, name: flux-system}\ncommonMetadata:\n  labels:\n    team: web\n    tier: front\n  annotations: {a: b}"), "")
	o := object(t, "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  labels:\n    tier: back\n    app: web\nspec: {type: NodePort}").WithNamespace("shop")
	got := c.Kustomizations[0].Metadata().Apply(o)
	want := map[string]any{
		"name": "web", "labels": map[string]any{"team": "web", "tier": "front", "app": "web"}, "annotations": map[string]any{"a": "b"},
	}
	if diff := cmp.Diff(want, got.Data["metadata"]); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if got.Namespace != "shop" || got.Ref != o.Ref {
		t.Errorf("the object is %v, was %v", got.Ref, o.Ref)
	}
	for path, want := range map[string]string{"team": "clusters/prod/x.yaml:10:7", "tier": "clusters/prod/x.yaml:11:7", "app": "app.yaml:7:5"} {
		if origin := got.At("metadata", "labels", path); origin.Pos.String() != want || !origin.Exact {
			t.Errorf("label %s is at %s, exact %v; want %s", path, origin.Pos, origin.Exact, want)
		}
	}
	if origin := got.At("spec", "type"); origin.Pos.String() != "app.yaml:8:8" {
		t.Errorf("spec.type is at %s", origin.Pos)
	}
	if tier := manifest.Text(o.Data, "metadata", "labels", "tier"); tier != "back" {
		t.Errorf("the object itself was changed: tier %q", tier)
	}
}
