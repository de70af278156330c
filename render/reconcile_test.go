package render_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
)

// fleet is the root of a cluster whose Kustomization applies its folder.
const fleet = `
-- clusters/prod/flux-system/gotk-sync.yaml --
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: "ssh://git@git.example.org/fleet", ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, prune: true, path: ./clusters/prod, sourceRef: {kind: GitRepository, name: flux-system}}
`

// kustomization declares a Kustomization in a file of the cluster.
func kustomization(name, spec string) string {
	return fmt.Sprintf(`
-- clusters/prod/%s.yaml --
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: %s, namespace: flux-system}
spec:
  interval: 1m
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  %s
`, name, name, strings.ReplaceAll(strings.TrimSpace(spec), "\n", "\n  "))
}

func configMap(file, name string) string {
	return fmt.Sprintf("\n-- %s --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n", file, name)
}

// TestReconcile checks what targets Flux's objects make. Each target is its
// environment, name, kind, the names of its objects, and its gaps.
func TestReconcile(t *testing.T) {
	root := "prod: clusters/prod: kustomize: GitRepository/flux-system Kustomization/"
	tests := []struct {
		name, archive string
		want          []string
	}{
		{
			"a folder without a kustomization: what Flux generates",
			fleet + kustomization("apps", "path: ./apps") + configMap("apps/a.yaml", "a") + configMap("apps/sub/b.yml", "b") +
				configMap("apps/kustomized/c.yaml", "c") + configMap("apps/kustomized/unused.yaml", "unused") +
				"-- apps/kustomized/kustomization.yaml --\nresources: [c.yaml]\n" +
				configMap("apps/d.json", "json") + configMap("apps/ignored/e.yaml", "e") + "-- apps/.sourceignore --\nignored/\n-- apps/notes.yaml --\n# nothing\n",
			[]string{
				"apps: apps/ignored: plain: ConfigMap/e",
				"apps: apps: plain: ConfigMap/json",
				"prod: apps (apps): kustomize: ConfigMap/a ConfigMap/b ConfigMap/c",
				root + "apps Kustomization/flux-system",
			},
		},
		{
			"a file that is no manifest",
			fleet + kustomization("apps", "path: ./apps") + configMap("apps/a.yaml", "a") + "-- apps/values.yaml --\na: 1\n",
			[]string{
				`prod: apps: kustomize: ConfigMap/a: apps/values.yaml:1: kustomize-failed: Flux refuses the folder "apps", in which this file is no manifest`,
				root + "apps Kustomization/flux-system",
			},
		},
		{
			"nothing but ignored files", fleet + kustomization("apps", "path: ./apps") + "-- apps/readme.md --\n",
			[]string{"prod: apps: plain:", root + "apps Kustomization/flux-system"},
		},
		{
			"files above the folder", fleet + kustomization("apps", "path: ./apps/prod") + configMap("apps/shared.yaml", "shared") +
				"-- apps/prod/kustomization.yaml --\nresources: [../shared.yaml]\n",
			[]string{"prod: apps/prod: kustomize: ConfigMap/shared", root + "apps Kustomization/flux-system"},
		},
		{
			"remote entries are refused", fleet + kustomization("apps", "path: ./apps") + configMap("apps/a.yaml", "a") +
				"-- apps/kustomization.yaml --\nresources: [a.yaml, 'https://git.example.org/x.yaml', 'https://git.example.org/repo//base?ref=v1']\n",
			[]string{
				"prod: apps: kustomize: ConfigMap/a: apps/kustomization.yaml:1: remote-reference, apps/kustomization.yaml:1: remote-reference",
				root + "apps Kustomization/flux-system",
			},
		},
		{
			"files outside the repository are refused", fleet + kustomization("apps", "path: ./apps") +
				"-- apps/kustomization.yaml --\nresources: [../../../etc/passwd]\n",
			[]string{
				"prod: apps: kustomize:: apps/kustomization.yaml:1: outside-repository",
				root + "apps Kustomization/flux-system",
			},
		},
		{
			"a folder that another kustomization includes, and a name twice", fleet + kustomization("one", "path: ./base\nnamePrefix: one-") + kustomization("two", "path: ./base\nnamePrefix: two-") +
				configMap("base/a.yaml", "a") + "-- base/kustomization.yaml --\nresources: [a.yaml]\n-- overlay/kustomization.yaml --\nresources: [../base]\n",
			[]string{
				"overlay: overlay: kustomize: ConfigMap/a",
				"prod: base (one): kustomize: ConfigMap/one-a",
				"prod: base (two): kustomize: ConfigMap/two-a",
				root + "flux-system Kustomization/one Kustomization/two",
			},
		},
		{
			"variables of a ConfigMap that another Kustomization applies",
			fleet + kustomization("apps", "path: ./apps\npostBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}") +
				kustomization("settings", "path: ./settings\ntargetNamespace: flux-system") +
				configMap("apps/a.yaml", "'a-${suffix}'") + configMap("settings/a.yaml", "settings") + "data: {suffix: x}\n",
			[]string{
				"prod: apps: kustomize: ConfigMap/a-x",
				root + "apps Kustomization/flux-system Kustomization/settings",
				"prod: settings: kustomize: ConfigMap/settings",
			},
		},
		{
			"a patch that fails", fleet + kustomization("apps", "path: ./apps\npatches:\n  - target: {kind: ConfigMap}\n    patch: '[{op: remove}]'") + configMap("apps/a.yaml", "a"),
			[]string{"prod: apps: kustomize:: clusters/prod/apps.yaml:4: kustomize-failed", root + "apps Kustomization/flux-system"},
		},
		{
			"a Kustomization by way of three others, the last of which is patched",
			fleet + kustomization("one", `path: ./one
patches: [{target: {kind: Kustomization}, patch: '[{"op": "replace", "path": "/spec/path", "value": "./three"}]'}]`) +
				strings.ReplaceAll(kustomization("two", "path: ./none"), "clusters/prod/", "one/") + configMap("three/a.yaml", "a"),
			[]string{
				root + "flux-system Kustomization/one",
				"prod: one: kustomize: Kustomization/two",
				"prod: three: kustomize: ConfigMap/a",
			},
		},
		{
			"another cluster", fleet + kustomization("apps", "path: ./apps\nkubeConfig: {secretRef: {name: edge}}") + configMap("apps/a.yaml", "a"),
			[]string{"edge: apps: kustomize: ConfigMap/a", root + "apps Kustomization/flux-system"},
		},
		{
			"suspended", fleet + kustomization("apps", "path: ./apps\nsuspend: true") + configMap("apps/a.yaml", "a"),
			[]string{
				"prod: apps: kustomize: ConfigMap/a",
				root + "apps Kustomization/flux-system: clusters/prod/apps.yaml:9: note approximated",
			},
		},
		{
			"a chart", fleet + kustomization("apps", "path: ./apps") + installed,
			[]string{
				"prod: apps: kustomize: ConfigMap/values HelmRelease/web",
				"prod: charts/web: helm: ConfigMap/patched CustomResourceDefinition/a",
				root + "apps Kustomization/flux-system",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			repo := repository(t, test.archive)
			targets, gaps := repo.Find(context.Background(), []string{"."})
			if len(gaps) > 0 {
				t.Error(gaps)
			}
			var got []string
			for _, e := range render.Group(repo.RenderAll(context.Background(), targets, nil)) {
				for _, r := range e.Results {
					got = append(got, summary(e.Name, r))
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
		})
	}
}

func summary(env string, r render.Result) string {
	var objects []string
	for _, o := range r.Objects {
		objects = append(objects, o.Kind+"/"+o.Name)
	}
	slices.Sort(objects)
	text := fmt.Sprintf("%s: %s: %s: %s", env, r.Name, r.Kind, strings.Join(objects, " "))
	text = strings.TrimSuffix(text, " ")
	var gaps []string
	for _, g := range r.Gaps {
		gap := fmt.Sprintf("%s:%d: ", g.File, g.Line)
		if g.Note {
			gap += "note "
		}
		gap += string(g.Code)
		if strings.HasPrefix(g.Reason, "Flux") {
			gap += ": " + g.Reason
		}
		gaps = append(gaps, gap)
	}
	if len(gaps) > 0 {
		text += ": " + strings.Join(gaps, ", ")
	}
	return text
}

// TestReconcileEnds checks that objects which take each other's place come to an end,
// which is said.
func TestReconcileEnds(t *testing.T) {
	repo := repository(t, strings.ReplaceAll(kustomization("one", "path: ./b"), "clusters/prod/", "a/")+
		strings.ReplaceAll(kustomization("two", "path: ./a"), "clusters/prod/", "b/"))
	targets, gaps := repo.Find(context.Background(), []string{"."})
	if len(targets) != 2 || len(gaps) != 1 || gaps[0].Code != manifest.LimitExceeded {
		t.Errorf("%d targets, gaps %v", len(targets), gaps)
	}
}

// installed is a chart, and a HelmRelease with values from everywhere.
const installed = `
-- apps/release.yaml --
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  interval: 1h
  targetNamespace: front
  chart:
    spec:
      chart: charts/web
      valuesFiles: [charts/web/values-flux.yaml]
      sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}
  valuesFrom: [{kind: ConfigMap, name: values}, {kind: ConfigMap, name: values, valuesKey: at, targetPath: at}]
  values: {own: own}
  commonMetadata: {labels: {team: web}}
  postRenderers: [{kustomize: {patches: [{target: {kind: ConfigMap}, patch: '[{"op": "replace", "path": "/metadata/name", "value": "patched"}]'}]}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: shop}
data: {values.yaml: "from: from\nown: from", at: at}
-- charts/web/Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- charts/web/values.yaml --
default: default
-- charts/web/values-flux.yaml --
file: file
own: file
-- charts/web/crds/crd.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: a}
-- charts/web/templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {release: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}, values: "{{ .Values.default }}/{{ .Values.file }}/{{ .Values.from }}/{{ .Values.own }}/{{ .Values.at }}"}
`

// TestReconcileChart checks what a chart is given, and what is changed in what it
// renders to.
func TestReconcileChart(t *testing.T) {
	repo := repository(t, fleet+kustomization("apps", "path: ./apps")+installed)
	targets, _ := repo.Find(context.Background(), []string{"."})
	i := slices.IndexFunc(targets, func(target render.Target) bool { return target.Kind == render.Helm })
	result := repo.RenderAll(context.Background(), targets, nil)[i]
	i = slices.IndexFunc(result.Objects, func(o *manifest.Object) bool { return o.Kind == "ConfigMap" })
	o := result.Objects[i]
	want := map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "patched", "labels": map[string]any{"team": "web"}},
		// The chart's own values.yaml is left out, a setting wins over all values.
		"data": map[string]any{"release": "front-web", "namespace": "front", "values": "/file/from/own/at"},
	}
	if diff := cmp.Diff(want, o.Data); diff != "" {
		t.Errorf("object (-want +got):\n%s", diff)
	}
	if o.Namespace != "front" {
		t.Errorf("it goes to namespace %q", o.Namespace)
	}
	for path, want := range map[string]string{"name": "apps/release.yaml:15", "labels": "apps/release.yaml:14"} {
		origin := o.At("metadata", path)
		if path == "labels" {
			origin = o.At("metadata", "labels", "team")
		}
		if got := fmt.Sprintf("%s:%d", origin.File, origin.Line); got != want {
			t.Errorf("metadata.%s is at %s, want %s", path, got, want)
		}
	}
}

// TestReconciledPositions checks that what a Kustomization changes is where it says so.
func TestReconciledPositions(t *testing.T) {
	repo := repository(t, fleet+`
-- clusters/prod/apps.yaml --
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1m
  prune: true
  path: ./apps
  sourceRef: {kind: GitRepository, name: flux-system}
  targetNamespace: shop
  namePrefix: my-
  images:
    - name: web
      newTag: ${tag}
  patches:
    - patch: |
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          hostNetwork: true
    - target: {kind: Pod}
      patch: |
        - op: add
          path: /spec/nodeName
          value: one
  postBuild:
    substitute:
      tag: v2
-- apps/pod.yaml --
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: web
`)
	targets, _ := repo.Find(context.Background(), []string{"."})
	var pod *manifest.Object
	for _, r := range repo.RenderAll(context.Background(), targets, nil) {
		for _, o := range r.Objects {
			if o.Kind == "Pod" {
				pod = o
			}
		}
	}
	for _, test := range []struct {
		path   []any
		value  any
		origin string
		via    []string
	}{
		{[]any{"metadata", "name"}, "my-web", "clusters/prod/apps.yaml:10", []string{"apps/pod.yaml:4"}},
		{[]any{"metadata", "namespace"}, "shop", "clusters/prod/apps.yaml:9", nil},
		{[]any{"spec", "hostNetwork"}, true, "clusters/prod/apps.yaml:21", nil},
		{[]any{"spec", "nodeName"}, "one", "clusters/prod/apps.yaml:26", nil},
		{[]any{"spec", "containers", 0, "name"}, "web", "apps/pod.yaml:7", nil},
		{[]any{"spec", "containers", 0, "image"}, "web:v2", "clusters/prod/apps.yaml:13", []string{"apps/pod.yaml:8", "clusters/prod/apps.yaml:29"}},
	} {
		origin := pod.At(test.path...)
		var via []string
		for _, p := range origin.Via {
			via = append(via, fmt.Sprintf("%s:%d", p.File, p.Line))
		}
		got := fmt.Sprintf("%s:%d", origin.File, origin.Line)
		if value := manifest.Lookup(pod.Data, test.path...); value != test.value || got != test.origin || !slices.Equal(via, test.via) {
			t.Errorf("%v is %v at %s via %v; want %v at %s via %v", test.path, value, got, via, test.value, test.origin, test.via)
		}
	}
}
