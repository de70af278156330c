package argocd

import (
	"testing"

	"github.com/ringfence/ringfence/manifest"
)

// FuzzApplications evaluates what claims to be an object of Argo CD: nothing panics, and
// every position lies in the file.
func FuzzApplications(f *testing.F) {
	for _, seed := range []string{
		"spec: {source: {path: x, helm: {valuesObject: {a: 1}, parameters: [{name: a, value: b}]}}}",
		"spec: {sources: [{path: x, kustomize: {images: [a=b:c], commonLabels: {a: b}, patches: [{patch: x}]}}]}",
		"spec: {generators: [{list: {elements: [{a: x}]}}], template: {metadata: {name: '{{a}}'}, spec: {source: {path: '{{b}}'}}}}",
		"spec: {goTemplate: true, generators: [{matrix: {generators: [{list: {elements: [{a: {b: 1}}]}}, {list: {elements: [{a: {c: 2}}]}}]}}], template: {}, templatePatch: '{spec: {a: {{.a.b}}}}'}",
		"spec: {generators: [{merge: {mergeKeys: [a], generators: [{list: {elements: [{a: x}]}}, {clusters: {values: {b: c}}}]}}]}",
		"spec: {generators: [{git: {repoURL: own, files: [{path: '*'}], values: {a: '{{path}}'}}}], template: {spec: null}}",
		"spec: {goTemplate: true, goTemplateOptions: [x], generators: [null, {clusters: {flatList: true}}], template: {spec: {source: '{{.}}'}}}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		repo := repository(t, "\n-- a/b.yaml --\n{x: [1, {y: z}]}\n", Cluster{Name: "c", Labels: map[string]string{"l": "v"}})
		objects, _ := manifest.Parse("f.yaml", []byte("apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"+text))
		for _, o := range objects {
			apps, gaps := repo.Applications(DocumentOf(o))
			for _, app := range append(apps, Decode(DocumentOf(o))) {
				gaps = append(gaps, app.Gaps...)
				for i := range app.Sources {
					_, more := app.Overlay(i, repo, "a")
					gaps = append(gaps, more...)
					_, more = app.Release(i, repo, "a")
					gaps = append(gaps, more...)
				}
			}
			for _, gap := range gaps {
				if gap.File != "f.yaml" || gap.Line < 1 {
					t.Errorf("%v: %s", gap.Pos, gap.Reason)
				}
			}
		}
	})
}
