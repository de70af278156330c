package argocd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
)

// files are what the git generators below look at.
const files = `
-- apps/one/config.yaml --
team: a
size: 3
-- apps/two/config.yaml --
team: b
size: 1000000
-- apps/list.json --
[{"team": "x"}, {"team": "y", "deep": {"key": "v"}}]
-- apps/empty.yaml --
# nothing
-- apps/broken.txt --
{
`

var twoClusters = []Cluster{
	{Name: "dev", Server: "https://dev", Labels: map[string]string{"stage": "dev"}},
	{Name: "Prod_EU", Server: "https://prod", Labels: map[string]string{"stage": "prod", "region": "eu"}, Annotations: map[string]string{"note": "n"}},
}

// TestApplications checks which applications an ApplicationSet makes. They are named by
// their name and path; the template is of the language of the set.
func TestApplications(t *testing.T) {
	tests := []struct {
		name       string
		generators string // of the set, at line 6
		app        string // template of "name path"
		more       string // further fields of the set
		clusters   []Cluster
		want, gaps string
	}{
		{name: "list", generators: "- list: {elements: [{a: x}, {a: z}]}", app: "{{a}} p", want: "x p, z p"},
		{name: "no generators", generators: "[]", app: "x p"},
		{name: "list: values", generators: "- list: {elements: [{a: x, values: {b: z}}]}", app: "{{a}} {{values.b}}", want: "x z"},
		{
			name: "list: only strings", generators: "- list: {elements: [{a: 1}]}", app: "{{a}} p",
			gaps: `6 invalid-object: ApplicationSet "set": element 0: "a" is no string`,
		},
		{name: "list: anything in Go templates", generators: "- list: {elements: [{a: 1, b: {c: true}}]}", app: "{{.a}} {{.b.c}}", more: "goTemplate: true", want: "1 true"},
		{name: "list: elements as text", generators: "- list: {elementsYaml: '[{a: x}, {a: z}]'}", app: "{{a}} p", want: "x p, z p"},
		{name: "several generators", generators: "- list: {elements: [{a: x}]}\n    - list: {elements: [{a: z}]}", app: "{{a}} p", want: "x p, z p"},
		{name: "selector", generators: "- list: {elements: [{a: x}, {a: z}]}\n      selector: {matchLabels: {a: z}}", app: "{{a}} p", want: "z p"},
		{
			name: "selector on URLs and nested keys", app: "{{.num}} p", more: "goTemplate: true", want: "1 p",
			generators: "- list: {elements: [{num: 1, s: {url: 'https://a/b'}}, {num: 2, s: {url: x}}]}\n      selector: {matchExpressions: [{key: s.url, operator: In, values: ['https://a/b']}]}",
		},
		{
			name: "selector: an operator that is none", generators: "- list: {elements: [{a: x}]}\n      selector: {matchExpressions: [{key: a, operator: Is}]}", app: "{{a}} p",
			gaps: `6 invalid-object: ApplicationSet "set": "Is" is no operator of a selector`,
		},
		{
			name: "a missing parameter", generators: "- list: {elements: [{a: x}]}", app: "{{a}} {{b}}/{{ c.d }}", want: "x {{b}}/{{ c.d }} unresolved",
			gaps: `9 template-failed: Application "x" of ApplicationSet "set" needs parameters that no generator gives: b, c.d`,
		},
		{
			name: "a missing parameter in Go templates", generators: "- list: {elements: [{a: x}]}", app: "{{.a}} {{.b}}", more: "goTemplate: true", want: "x <no value> unresolved",
			gaps: `9 template-failed: Application "x" of ApplicationSet "set" needs parameters that no generator gives: <no value>`,
		},
		{
			name: "missingkey=error", generators: "- list: {elements: [{a: x}, {b: x}]}", app: "{{.a}} p", more: "goTemplate: true\n  goTemplateOptions: [missingkey=error]", want: "x p",
			gaps: `7 template-failed: ApplicationSet "set": map has no entry for key "a"`,
		},

		{name: "git: folders", generators: "- git: {repoURL: own, directories: [{path: apps/*}]}", app: "{{path.basename}} {{path}}", want: "one apps/one, two apps/two"},
		{name: "git: a star is no slash", generators: "- git: {repoURL: own, directories: [{path: '*'}]}", app: "{{path}} {{path[0]}}", want: "apps apps"},
		{name: "git: exclusion wins", generators: "- git: {repoURL: own, directories: [{path: apps/one, exclude: true}, {path: apps/*}]}", app: "{{path.basename}} p", want: "two p"},
		{name: "git: prefix", generators: "- git: {repoURL: own, pathParamPrefix: my, directories: [{path: apps/one}]}", app: "{{my.path.basename}} {{my.path[1]}}", want: "one one"},
		{
			name: "git: prefix and values in Go templates", more: "goTemplate: true", app: "{{.values.v}} {{.my.path.path}}", want: "one-x apps/one",
			generators: "- git: {repoURL: own, pathParamPrefix: my, directories: [{path: apps/one}], values: {v: '{{.my.path.basename}}-x'}}",
		},
		{name: "git: files", generators: "- git: {repoURL: own, files: [{path: apps/*/config.yaml}]}", app: "{{team}}-{{size}} {{path}}", want: "a-3 apps/one, b-1e+06 apps/two"},
		{name: "git: a list in a file", generators: "- git: {repoURL: own, files: [{path: apps/list.json}]}", app: "{{team}} {{path.filename}}", want: "x list.json, y list.json"},
		{name: "git: nested keys", generators: "- git: {repoURL: own, files: [{path: apps/list.json}]}\n      selector: {matchExpressions: [{key: deep.key, operator: Exists}]}", app: "{{team}} {{deep.key}}", want: "y v"},
		{name: "git: an empty file", generators: "- git: {repoURL: own, files: [{path: apps/empty.yaml}]}", app: "{{path.filenameNormalized}} p", want: "empty.yaml p"},
		{
			name: "git: a broken file", generators: "- git: {repoURL: own, files: [{path: apps/broken.txt}]}", app: "x p",
			gaps: `6 invalid-yaml: ApplicationSet "set": file "apps/broken.txt": error converting YAML to JSON: yaml: line 2: did not find expected node content`,
		},
		{
			name: "git: another repository", generators: "- git: {repoURL: 'https://example.com/x', directories: [{path: '*'}]}", app: "x p",
			gaps: `6 remote-source: ApplicationSet "set": the generator looks at another repository, https://example.com/x`,
		},

		{name: "clusters", generators: "- clusters: {}", app: "{{nameNormalized}} {{server}}", clusters: twoClusters, want: "dev https://dev, prod-eu https://prod, in-cluster https://kubernetes.default.svc"},
		{name: "clusters: selected", generators: "- clusters: {selector: {matchLabels: {stage: prod}}}", app: "{{name}} {{metadata.annotations.note}}-{{metadata.labels.region}}", clusters: twoClusters, want: "Prod_EU n-eu"},
		{name: "clusters: absent labels", generators: "- clusters: {selector: {matchExpressions: [{key: region, operator: DoesNotExist}]}}", app: "{{name}} p", clusters: twoClusters, want: "dev p"},
		{name: "clusters: values", generators: "- clusters: {values: {v: 'v-{{name}}'}}", app: "{{values.v}} p", clusters: twoClusters[:1], want: "v-dev p, v-in-cluster p"},
		{name: "clusters: its own has a Secret", generators: "- clusters: {}", app: "{{name}} p", clusters: []Cluster{{Name: "home", Server: InCluster}}, want: "home p"},
		{name: "clusters: as one list", generators: "- clusters: {flatList: true}", app: "{{range .clusters}}{{.name}}.{{end}} p", more: "goTemplate: true", clusters: twoClusters, want: "dev.Prod_EU.in-cluster. p"},
		{
			name: "clusters: unknown", generators: "- clusters: {}", app: "{{name}} p", want: "in-cluster p",
			gaps: `6 unknown-clusters: ApplicationSet "set": the generator takes the clusters that Argo CD knows, and none is named in the configuration (clusters) or in a cluster Secret of the repository`,
		},

		{
			name: "matrix", app: "{{a}} {{b}}", want: "1 x, 1 z, 2 x, 2 z",
			generators: "- matrix: {generators: [list: {elements: [{a: '1'}, {a: '2'}]}, list: {elements: [{b: x}, {b: z}]}]}",
		},
		{
			name: "matrix: the first in the second", app: "{{path.basename}} {{team}}", want: "one a, two b",
			generators: "- matrix: {generators: [git: {repoURL: own, directories: [{path: apps/*}]}, git: {repoURL: own, files: [{path: '{{path}}/config.yaml'}], pathParamPrefix: in}]}",
		},
		{
			name: "matrix: keys that differ", app: "x p",
			generators: "- matrix: {generators: [list: {elements: [{a: '1'}]}, list: {elements: [{a: '2'}]}]}",
			gaps:       `6 invalid-object: ApplicationSet "set": both generators of the matrix give "a", "1" and "2"`,
		},
		{
			name: "matrix: keys that differ in Go templates: the first wins", more: "goTemplate: true", app: "{{.a}} {{.m.a}}{{.m.b}}", want: "1 12",
			generators: "- matrix: {generators: [list: {elements: [{a: '1', m: {a: 1}}]}, list: {elements: [{a: '2', m: {b: 2}}]}]}",
		},
		{
			name: "matrix: values of the second may use both", more: "goTemplate: true", app: "{{.values.v}} p", want: "k-one p",
			generators: "- matrix: {generators: [list: {elements: [{k: k}]}, git: {repoURL: own, directories: [{path: apps/one}], values: {v: '{{.k}}-one'}}]}",
		},
		{
			name: "matrix: a second that is selected by the first", app: "{{want}} {{a}}", want: "x x, z z",
			generators: "- matrix: {generators: [list: {elements: [{want: x}, {want: z}]}, {list: {elements: [{a: x}, {a: z}]}, selector: {matchLabels: {a: '{{want}}'}}}]}",
		},
		{
			name: "matrix: three", app: "x p", generators: "- matrix: {generators: [list: {elements: []}, list: {elements: []}, list: {elements: []}]}",
			gaps: `6 invalid-object: ApplicationSet "set": a matrix has 2 generators, not 3`,
		},
		{
			name: "matrix in a matrix", app: "{{a}}{{b}} {{c}}", want: "12 3",
			generators: "- matrix: {generators: [matrix: {generators: [list: {elements: [{a: '1'}]}, list: {elements: [{b: '2'}]}]}, list: {elements: [{c: '3'}]}]}",
		},
		{
			name: "merge", app: "{{k}} {{v}}", want: "1 b, 2 a",
			generators: "- merge: {mergeKeys: [k], generators: [list: {elements: [{k: '1', v: a}, {k: '2', v: a}]}, list: {elements: [{k: '1', v: b}, {k: '3', v: b}]}]}",
		},
		{
			name: "merge: empty values override, mappings are merged in Go templates", more: "goTemplate: true", app: "{{.k}} {{.v}}{{.m.a}}{{.m.b}}", want: "1 12",
			generators: "- merge: {mergeKeys: [k], generators: [list: {elements: [{k: 1, v: a, m: {a: 1}}]}, list: {elements: [{k: 1, v: '', m: {b: 2}}]}]}",
		},
		{
			name: "merge: two keys", app: "{{k}}{{l}} {{v}}", want: "1a x, 1b z",
			generators: "- merge: {mergeKeys: [k, l], generators: [list: {elements: [{k: '1', l: a, v: x}, {k: '1', l: b, v: x}]}, list: {elements: [{k: '1', l: b, v: z}]}]}",
		},
		{
			name: "merge: a key twice", app: "x p",
			generators: "- merge: {mergeKeys: [k], generators: [list: {elements: [{k: '1'}, {k: '1'}]}, list: {elements: []}]}",
			gaps:       `6 invalid-object: ApplicationSet "set": generator 0 of the merge has the keys {"k":"1"} twice`,
		},
		{
			name: "merge: no keys", app: "x p", generators: "- merge: {generators: [list: {elements: []}, list: {elements: []}]}",
			gaps: `6 invalid-object: ApplicationSet "set": a merge has at least one merge key`,
		},
		{
			name: "a live generator in a matrix", app: "x p",
			generators: "- matrix: {generators: [list: {elements: [{a: '1'}]}, pullRequest: {github: {}}]}",
			gaps:       `6 live-generator: ApplicationSet "set": generator "pullRequest" asks for open pull requests`,
		},
		{name: "scmProvider", app: "x p", generators: "- scmProvider: {github: {}}", gaps: `6 live-generator: ApplicationSet "set": generator "scmProvider" asks for the repositories of an SCM provider`},
		{name: "plugin", app: "x p", generators: "- plugin: {configMapRef: {name: x}}", gaps: `6 live-generator: ApplicationSet "set": generator "plugin" asks for a plugin`},
		{name: "clusterDecisionResource", app: "x p", generators: "- clusterDecisionResource: {}", gaps: `6 live-generator: ApplicationSet "set": generator "clusterDecisionResource" asks for the status of a placement decision`},
		{
			name: "a generator that is none", app: "x p", generators: "- lists: {}",
			gaps: "6 unknown-field: ApplicationSet \"set\": field \"spec.generators[0].lists\" is not understood\n6 invalid-object: ApplicationSet \"set\": a generator of no known kind",
		},

		{name: "a template of the generator wins", generators: "- list: {elements: [{a: x}], template: {metadata: {name: 'own-{{a}}'}}}", app: "{{a}} p", want: "own-x p"},
		{name: "templatePatch", generators: "- list: {elements: [{a: x}]}", app: "{{a}} p", more: "templatePatch: '{spec: {source: {path: \"patched-{{a}}\"}}}'", want: "x patched-x"},
		{
			name: "templatePatch: conditions", generators: "- list: {elements: [{a: x}, {a: z}]}", app: "{{.a}} p", want: "x p, z q",
			more: "goTemplate: true\n  templatePatch: |\n    {{- if eq .a \"z\" }}\n    spec: {source: {path: q}}\n    {{- end }}",
		},
		{name: "templatePatch: null deletes", generators: "- list: {elements: [{a: x}]}", app: "{{a}} p", more: "templatePatch: '{spec: {source: {path: null}}}'", want: "x "},
		{
			name: "templatePatch: directives", generators: "- list: {elements: [{a: x}]}", app: "{{a}} p", more: "templatePatch: '{spec: {source: {$patch: delete}}}'",
			gaps: `7 template-failed: ApplicationSet "set": templatePatch: the directive "$patch" is not evaluated`,
		},
		{
			name: "templatePatch: broken", generators: "- list: {elements: [{a: x}]}", app: "{{a}} p", more: "templatePatch: '{spec: ['",
			gaps: `7 template-failed: ApplicationSet "set": templatePatch: error converting YAML to JSON: yaml: line 1: did not find expected node content`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			generators := "\n    " + test.generators
			if test.generators == "[]" {
				generators = " []\n"
			}
			name, path, _ := strings.Cut(test.app, " ")
			if strings.Contains(test.app, "{{range") {
				i := strings.LastIndexByte(test.app, ' ')
				name, path = test.app[:i], test.app[i+1:]
			}
			text := fmt.Sprintf(`
-- set.yaml --
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set, namespace: argocd}
spec:
  generators:%s
  template:
    metadata: {name: '%s'}
    spec: {source: {repoURL: own, path: '%s'}}
  %s
`, generators, name, path, test.more)
			repo := repository(t, files+text, test.clusters...)
			apps, gaps := repo.Applications(document(t, repo, "set.yaml"))
			var got []string
			for _, app := range apps {
				line := app.Name + " " + app.Sources[0].Path
				if app.Unresolved {
					line += " unresolved"
				}
				got = append(got, line)
				gaps = append(gaps, app.Gaps...)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("applications (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.gaps, describe(gaps)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPositions checks where the fields of a generated application are written.
func TestPositions(t *testing.T) {
	repo := repository(t, `
-- set.yaml --
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: set
  namespace: argocd
spec:
  generators:
    - list:
        elements: [{a: x}]
        template:
          metadata: {}
          spec:
            project: own
            destination:
              namespace: ns-{{a}}
  template:
    metadata:
      name: '{{a}}'
    spec:
      project: default
      source:
        repoURL: own
        path: '{{a}}'
      destination:
        name: here
        namespace: template
  templatePatch: |
    spec:
      project: patched
      source:
        targetRevision: v1
`)
	apps, gaps := repo.Applications(document(t, repo, "set.yaml"))
	if len(apps) != 1 || len(gaps) > 0 {
		t.Fatal(apps, gaps)
	}
	tests := []struct {
		path string
		want string
	}{
		{"spec source repoURL", "own at 22, exact"},
		{"spec source path", "x at 23"},
		{"spec destination name", "here at 25, exact"},
		{"spec destination namespace", "ns-x at 15"},
		{"spec project", "own at 13, exact"}, // a patch cannot change it
		{"spec source targetRevision", "v1 at 27"},
	}
	for _, test := range tests {
		var path []any
		for _, key := range strings.Fields(test.path) {
			path = append(path, key)
		}
		origin := apps[0].At(path...)
		got := fmt.Sprintf("%v at %d", manifest.Lookup(apps[0].Data, path...), origin.Line)
		if origin.Exact {
			got += ", exact"
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.path, got, test.want)
		}
	}
	if apps[0].Namespace != "argocd" {
		t.Errorf("got namespace %q, want that of the set", apps[0].Namespace)
	}
}
