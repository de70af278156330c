package argocd

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/rendertest"
)

// repository lays out the files of a txtar archive. Its own URL is "own".
func repository(t *testing.T, archive string, clusters ...Cluster) *Repository {
	t.Helper()
	return NewRepository(rendertest.Archive(t, archive), func(url string) bool { return url == "own" }, clusters)
}

// document reads the only object of a file of the repository.
func document(t *testing.T, r *Repository, name string) Document {
	t.Helper()
	data, err := r.Tree.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	objects, gaps := manifest.Parse(name, data)
	if len(objects) != 1 || len(gaps) > 0 {
		t.Fatal(objects, gaps)
	}
	return DocumentOf(objects[0])
}

func describe(gaps []manifest.Gap) string {
	var lines []string
	for _, g := range gaps {
		text := fmt.Sprintf("%d %s: %s", g.Line, g.Code, g.Reason)
		if g.Note {
			text = "note " + text
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}

// TestParameters checks the values that a chart gets, and their types: the order is
// valueFiles, values or valuesObject, parameters, parameters with forceString,
// fileParameters, whatever their order in the object.
func TestParameters(t *testing.T) {
	const chart = `
-- chart/Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- chart/values.yaml --
{a: chart, b: chart}
-- chart/one.yaml --
{a: one, b: one}
-- chart/two.yaml --
a: two
-- chart/templates/v.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data:
  values: {{ omit .Values "global" | toJson | quote }}
-- shared/a.yaml --
a: shared a
-- shared/b.yaml --
{a: shared b, c: shared}
-- text.txt --
a, b
-- app.yaml --
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  project: team
  destination: {name: in-cluster, namespace: shop}
  sources:
  - {repoURL: own, ref: own}
  - {repoURL: elsewhere, ref: other}
  - repoURL: own
    path: chart
    targetRevision: v1
    helm:
`
	tests := []struct{ name, helm, want, gaps string }{
		{name: "the chart's own", helm: "{}", want: "a=chart b=chart"},
		{name: "one file", helm: "valueFiles: [one.yaml]", want: "a=one b=one"},
		{name: "the later file wins", helm: "valueFiles: [one.yaml, two.yaml]", want: "a=two b=one"},
		{name: "a file twice counts where it comes first", helm: "valueFiles: [two.yaml, one.yaml, two.yaml]", want: "a=one b=one"},
		{name: "a path from the root", helm: "valueFiles: [/shared/a.yaml]", want: "a=shared a b=chart"},
		{name: "a path upward", helm: "valueFiles: [../shared/a.yaml]", want: "a=shared a b=chart"},
		{name: "out of the repository", helm: "valueFiles: [../../x.yaml]", want: "a=chart b=chart", gaps: `14 outside-repository: "../../x.yaml" leaves the repository`},
		{name: "of a source of this repository", helm: "valueFiles: [$own/shared/a.yaml]", want: "a=shared a b=chart"},
		{
			name: "of a source of another repository", helm: "valueFiles: [$other/x.yaml]", want: "a=chart b=chart",
			gaps: `14 remote-source: "$other/x.yaml" lies in another repository, elsewhere; "ringfence fetch" fetches it`,
		},
		{name: "a variable", helm: "valueFiles: ['/shared/${ARGOCD_APP_NAME}.yaml']", want: "a=chart b=chart", gaps: `14 missing-file: "shared/web.yaml" does not exist`},
		{name: "an unknown reference is a variable", helm: "valueFiles: [$none/shared/a.yaml]", want: "a=shared a b=chart"},
		{name: "a URL", helm: "valueFiles: ['https://example.com/v.yaml']", want: "a=chart b=chart", gaps: `14 remote-reference: "https://example.com/v.yaml" would need the network; it is not fetched, so put it into the repository`},
		{name: "a missing file", helm: "valueFiles: [gone.yaml]", want: "a=chart b=chart", gaps: `14 missing-file: "chart/gone.yaml" does not exist`},
		{name: "a missing file that may be missing", helm: "{valueFiles: [gone.yaml, one.yaml], ignoreMissingValueFiles: true}", want: "a=one b=one"},
		{name: "a pattern, in order of names", helm: "valueFiles: ['/shared/*.yaml']", want: "a=shared b b=chart c=shared"},
		{name: "a file that is named counts where it is", helm: "valueFiles: ['/shared/*.yaml', /shared/a.yaml]", want: "a=shared a b=chart c=shared"},
		{name: "a pattern for nothing", helm: "valueFiles: ['x*.yaml']", want: "a=chart b=chart", gaps: `14 missing-file: no values file matches "chart/x*.yaml"`},
		{name: "values win over files", helm: "{valueFiles: [one.yaml], values: 'a: inline'}", want: "a=inline b=one"},
		{name: "valuesObject takes the place of values", helm: "{values: 'a: text', valuesObject: {b: object}}", want: "a=chart b=object"},
		{name: "an empty valuesObject too", helm: "{values: 'a: text', valuesObject: {}}", want: "a=chart b=chart"},
		{name: "null deletes", helm: "valuesObject: {a: null}", want: "b=chart"},
		{name: "broken values", helm: "values: 'a: ['", gaps: "14 invalid-values: did not find expected node content"},
		{name: "parameters win over values", helm: "{valuesObject: {a: object}, parameters: [{name: a, value: parameter}]}", want: "a=parameter b=chart"},
		{name: "a number", helm: "parameters: [{name: a, value: '1'}]", want: "a=1(number) b=chart"},
		{name: "a number as text", helm: "parameters: [{name: a, value: '1', forceString: true}]", want: "a=1 b=chart"},
		{name: "a boolean", helm: "parameters: [{name: a, value: 'true'}]", want: "a=true(bool) b=chart"},
		{name: "a boolean as text", helm: "parameters: [{name: a, value: 'true', forceString: true}]", want: "a=true b=chart"},
		{name: "a leading zero is text", helm: "parameters: [{name: a, value: '0123'}]", want: "a=0123 b=chart"},
		{name: "null removes", helm: "parameters: [{name: a, value: 'null'}]", want: "b=chart"},
		{name: "null as text", helm: "parameters: [{name: a, value: 'null', forceString: true}]", want: "a=null b=chart"},
		{name: "nothing", helm: "parameters: [{name: a}]", want: "a= b=chart"},
		{name: "a comma", helm: "parameters: [{name: a, value: 'x,y=z'}]", want: "a=x,y=z b=chart"},
		{name: "a comma that is escaped", helm: `parameters: [{name: a, value: 'x\,y'}]`, want: "a=x,y b=chart"},
		{name: "a list", helm: "parameters: [{name: a, value: '{x,1}'}]", want: "a=[x 1] b=chart"},
		{name: "a path", helm: "parameters: [{name: c.d, value: x}]", want: "a=chart b=chart c=map[d:x]"},
		{name: "a dot in a key", helm: `parameters: [{name: 'c\.d', value: x}]`, want: "a=chart b=chart c.d=x"},
		{name: "an item of a list", helm: "parameters: [{name: 'c[0].d', value: x}]", want: "a=chart b=chart c=[map[d:x]]"},
		{name: "of two the later", helm: "parameters: [{name: a, value: x}, {name: a, value: z}]", want: "a=z b=chart"},
		{name: "forceString comes after", helm: "parameters: [{name: a, value: x, forceString: true}, {name: a, value: z}]", want: "a=x b=chart"},
		{name: "a variable in a value", helm: "parameters: [{name: a, value: '$ARGOCD_APP_NAME-${ARGOCD_APP_NAMESPACE}'}]", want: "a=web-shop b=chart"},
		{name: "a dollar", helm: "parameters: [{name: a, value: 'x$$y'}]", want: "a=x$y b=chart"},
		{name: "an unknown variable is empty", helm: "parameters: [{name: a, value: 'x$nothing'}]", want: "a=x b=chart"},
		{name: "a file", helm: "{fileParameters: [{name: a, path: ../text.txt}], parameters: [{name: a, value: x, forceString: true}]}", want: "a=a, b\n b=chart"},
		{name: "a missing file", helm: "fileParameters: [{name: a, path: gone.txt}]", gaps: `14 invalid-values: the setting "a=chart/gone.txt": "chart/gone.txt" does not exist`},
		{name: "a parameter that is none", helm: "parameters: [{name: 'a[', value: x}]", gaps: `14 invalid-values: the setting "a[=x": error parsing index: EOF`},
		{name: "a value that is no text", helm: "parameters: [{name: a, value: 1}]", want: "a= b=chart", gaps: `14 invalid-object: Application "web": field "spec.sources.helm.parameters.value" holds a number, want string`},
		{name: "the release", helm: "{releaseName: other, namespace: there}", want: "there/other a=chart b=chart"},
		{name: "a field that is not known", helm: "valuesFrom: x", want: "a=chart b=chart", gaps: `14 unknown-field: Application "web": field "spec.sources[2].helm.valuesFrom" is not understood`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			repo := repository(t, chart+"      "+test.helm+"\n")
			app := Decode(document(t, repo, "app.yaml"))
			release, gaps := app.Release(2, repo, "chart")
			objects, rendered := helm.New(repo.Tree, nil).Render(context.Background(), release)
			var got []string
			if len(objects) == 1 {
				if o := objects[0]; o.Namespace+"/"+o.Name != "shop/web" {
					got = append(got, o.Namespace+"/"+o.Name)
				}
				values := plainValues(t, objects[0].Data["data"].(map[string]any)["values"].(string))
				for _, key := range slices.Sorted(maps.Keys(values)) {
					text := fmt.Sprintf("%s=%v", key, values[key])
					switch values[key].(type) {
					case bool:
						text += "(bool)"
					case float64:
						text += "(number)"
					}
					got = append(got, text)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.gaps, describe(slices.Concat(app.Gaps, gaps, rendered))); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
		})
	}
}

func plainValues(t *testing.T, text string) map[string]any {
	t.Helper()
	var values map[string]any
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// TestImages checks what "kustomize edit set image" makes of a text.
func TestImages(t *testing.T) {
	tests := []struct {
		text string
		want map[string]any
	}{
		{"web:1", map[string]any{"name": "web", "newTag": "1"}},
		{"web@sha256:ab", map[string]any{"name": "web", "digest": "sha256:ab"}},
		{"web=registry/other", map[string]any{"name": "web", "newName": "registry/other"}},
		{"web=registry:5000/other:2", map[string]any{"name": "web", "newName": "registry:5000/other", "newTag": "2"}},
		{"web=registry:5000/other", map[string]any{"name": "web", "newName": "registry:5000/other"}},
		{"web=other@sha256:ab", map[string]any{"name": "web", "newName": "other", "digest": "sha256:ab"}},
		{"web=*:2", map[string]any{"name": "web", "newName": "*", "newTag": "2"}},
		{"web", nil},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, parseImage(test.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.text, diff)
		}
	}
}

// TestDirectory checks which files a folder's options take.
func TestDirectory(t *testing.T) {
	repo := repository(t, `
-- app/a.yaml --
a: 1
-- app/b.yml --
b: 1
-- app/c.json --
{}
-- app/d.jsonnet --
{}
-- app/e.txt --
x
-- app/skipped.yaml --
# +argocd:skip-file-rendering
-- app/sub/f.yaml --
f: 1
-- other/g.yaml --
g: 1
`)
	tests := []struct {
		directory     *Directory
		files, others string
	}{
		{nil, "a.yaml b.yml c.json", "d.jsonnet"},
		{&Directory{Recurse: true}, "a.yaml b.yml c.json sub/f.yaml", "d.jsonnet"},
		{&Directory{Include: "*.yaml"}, "a.yaml", ""},
		{&Directory{Recurse: true, Include: "*.yaml"}, "a.yaml sub/f.yaml", ""}, // "*" stands for slashes as well
		{&Directory{Recurse: true, Include: "{a.yaml,sub/*}"}, "a.yaml sub/f.yaml", ""},
		{&Directory{Recurse: true, Exclude: "sub/*"}, "a.yaml b.yml c.json", "d.jsonnet"},
		{&Directory{Include: "*.yaml", Exclude: "a*"}, "", ""},
		{&Directory{DisableExtensionFilter: true, Exclude: "*.json*"}, "a.yaml b.yml e.txt", ""},
		{&Directory{Include: "[", Exclude: "["}, "", ""},
	}
	for _, test := range tests {
		files, jsonnet := test.directory.Manifests(repo, "app")
		short := func(names []string) string { return strings.ReplaceAll(strings.Join(names, " "), "app/", "") }
		if short(files) != test.files || short(jsonnet) != test.others {
			t.Errorf("%+v: got %q and %q, want %q and %q", test.directory, short(files), short(jsonnet), test.files, test.others)
		}
	}
}
