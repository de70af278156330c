package kustomize

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/rendertest"
)

const web = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n"

// resourceFragments are what FuzzMarked writes resources and patches of.
var resourceFragments = []string{
	web, "---\n", "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n", "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\ndata: {x: y}\n",
	"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {matchLabels: {app: a}}\n  ingress:\n  - from:\n    - podSelector:\n        matchLabels:\n          app: a\n    - podSelector: {matchLabels: {app: a, tier: x}}\n    ports: [{port: 80}, {port: 81}]\n",
	"---\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}}\n", "\n", "\r\n", " ", "  ", "- ", "# c\n", " # c\n", " #@1:2\n", " #@2:5\n", "'", "\"", "{", "}", "&x ", "*x", "!!str ", "~\n", "$patch: delete\n", "  $patch: replace\n",
	"  namespace: n\n", "  labels: {app: a}\n", "  labels:\n    app: a # c\n", "    tier: \"x\"\n", "  annotations:\n", "    n: '1'\n", "    y: yes\n", "    m: |\n      text: a\n", "    f: >-\n      text\n      a\n", "    q: 'a  b' # x\n", "    l: a\n      b\n", "    <<: {z: z}\n", "    ? k\n    : v\n", "    e: ''\n", "    ü: é # ü\n",
	"spec:\n", "  replicas: 1\n", "  replicas: 2 #@1:2\n", "  selector:\n    matchLabels: {app: a}\n", "  selector: {app: a}\n", "  ports:\n  - port: 80\n", "  - {port: 81, name: x}\n", "  template:\n    metadata:\n      labels:\n        app: a\n", "    spec:\n      containers:\n", "      - name: c\n        image: nginx:1\n", "      - image: nginx\n        name: d\n", "      - {name: e, image: \"nginx:2\"}\n",
	"        args: [a, \"b\", a]\n", "        args:\n        - x\n        - y\n        - x\n", "        - z # z\n", "        env:\n        - name: E\n          value: v\n", "        - {name: F, value: w}\n", "        env: []\n", "        $patch: delete\n", "        command:\n", "      - name: c\n        $patch: delete\n", "      serviceAccountName: a\n", "      volumes:\n      - name: v\n        configMap: {name: b}\n",
}

// kustomizationFragments are what FuzzMarked writes kustomizations of.
var kustomizationFragments = []string{
	"patches:\n- path: patch.yaml\n", "patches:\n- path: patch.yaml\n  target: {kind: Deployment}\n", "patchesStrategicMerge:\n- patch.yaml\n", "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - {op: replace, path: /metadata/name, value: c}\n    - op: add\n      path: /spec/replicas\n      value: 3\n",
	"patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata:\n      name: a\n      labels: {app: b}\n    spec:\n      replicas: 4 # four\n", "patches:\n- target: {kind: Deployment}\n  patch: '[{\"op\": \"remove\", \"path\": \"/metadata/labels\"}]'\n",
	"namespace: n\n", "namespace: m # c\n", "namePrefix: p-\n", "nameSuffix: -a\n", "commonLabels:\n  app: a\n", "commonLabels: {app: b, x: y}\n", "labels:\n- pairs:\n    app: c\n  includeSelectors: true\n", "labels:\n- pairs: {tier: x}\n", "commonAnnotations: {n: '1'}\n", "commonAnnotations:\n  q: a  b\n",
	"images:\n- name: nginx\n  newTag: '1'\n", "images:\n- name: nginx\n  newName: nginx\n  newTag: \"2\" # c\n", "images:\n- {name: nginx, newName: other}\n", "replicas:\n- name: a\n  count: 2\n", "replicas: [{name: a, count: 1}]\n", "configMapGenerator:\n- name: b\n  literals: [x=y]\n", "configMapGenerator:\n- name: g\n  files: [base/patch.yaml]\ngeneratorOptions: {disableNameSuffixHash: true}\n",
	"replacements:\n- source: {kind: Service, name: a, fieldPath: metadata.name}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.replicas]\n", "sortOptions: {order: fifo}\n", "buildMetadata: [originAnnotations]\n", "\n", "# c\n",
}

// fragmentsOf writes a text of fragments, one for each byte.
func fragmentsOf(fragments []string, choices []byte) string {
	var text strings.Builder
	for _, c := range choices {
		text.WriteString(fragments[int(c)%len(fragments)])
	}
	return text.String()
}

// byKustomize builds files with nothing but kustomize's own library, in memory.
func byKustomize(files map[string]string) (objects []*manifest.Object, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("kustomize panicked: %v", p)
		}
	}()
	fs := filesys.MakeFsInMemory()
	for name, text := range files {
		if err := fs.WriteFile("/"+name, []byte(text)); err != nil {
			return nil, err
		}
	}
	opts := krusty.MakeDefaultOptions()
	opts.Reorder = krusty.ReorderOptionUnspecified // as the command line
	m, err := krusty.MakeKustomizer(opts).Run(fs, "/")
	if err != nil {
		return nil, err
	}
	for _, r := range m.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			return nil, err
		}
		made, err := manifest.Document{Text: text}.Objects(manifest.Plain("", 0))
		if err != nil {
			return nil, err
		}
		objects = append(objects, made...)
	}
	return objects, nil
}

// FuzzMarked: whatever resources, patches and kustomizations say, the objects are those
// that kustomize builds of them without marks, and where a position is exact, the field
// has the value that stands there and changes with it.
func FuzzMarked(f *testing.F) {
	index := func(fragment string) byte { return byte(slices.Index(resourceFragments, fragment)) }
	spec, template, containers, container := index("spec:\n"), index("  template:\n    metadata:\n      labels:\n        app: a\n"),
		index("    spec:\n      containers:\n"), index("      - name: c\n        image: nginx:1\n")
	labels := index("  labels:\n    app: a # c\n")
	for i := range resourceFragments {
		i := byte(i)
		f.Add([]byte{0, i, labels, spec, template, containers, container, i}, []byte{0, i}, []byte{10}, []byte{0, i})
		f.Add([]byte{0, labels, i, spec, template, containers, container, i, container}, []byte{0, spec, i}, []byte{i}, []byte{2, i})
	}
	for i := range kustomizationFragments {
		i := byte(i)
		f.Add([]byte{0, labels, spec, template, containers, container, 2, 4}, []byte{0, labels}, []byte{i}, []byte{i, 6, 8})
		f.Add([]byte{0, spec, template, containers, container, 3, 5}, []byte{0, labels, i}, []byte{16, 17}, []byte{0, i})
	}
	f.Fuzz(checkMarked)
}

func checkMarked(t *testing.T, resource, patch, base, overlay []byte) {
	if len(resource) > 20 || len(patch) > 10 || len(base) > 4 || len(overlay) > 4 {
		return
	}
	files := map[string]string{
		"base/kustomization.yaml": "resources: [web.yaml]\n" + fragmentsOf(kustomizationFragments, base),
		"base/web.yaml":           fragmentsOf(resourceFragments, resource),
		"base/patch.yaml":         fragmentsOf(resourceFragments, patch),
		"kustomization.yaml":      "resources:\n- base\n" + fragmentsOf(kustomizationFragments, overlay),
		"patch.yaml":              fragmentsOf(resourceFragments, patch),
	}
	objects, gaps := NewBuilder(rendertest.Files(t, files), Options{}).Build(context.Background(), ".")
	want, err := byKustomize(files)
	if err != nil {
		if len(gaps) == 0 {
			for _, name := range slices.Sorted(maps.Keys(files)) {
				t.Logf("-- %s --\n%s", name, files[name])
			}
			t.Fatalf("no gap where kustomize fails: %v", err)
		}
		return
	}
	defer func() {
		if t.Failed() {
			for _, name := range slices.Sorted(maps.Keys(files)) {
				t.Logf("-- %s --\n%s", name, files[name])
			}
		}
	}()
	if len(gaps) > 0 {
		t.Fatalf("kustomize builds this, and there are gaps: %v", gaps)
	}
	if got, want := rendertest.Data(objects), rendertest.Data(want); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v\nwant %v", got, want)
	}
	var edits []func()
	for _, o := range objects {
		for _, path := range rendertest.Paths(o.Data) {
			at := o.At(path...)
			if lines := strings.Split(files[at.File], "\n"); at.Line < 1 || at.Line > len(lines) || at.Column > len([]rune(lines[at.Line-1]))+1 {
				t.Errorf("%q is at %v, which is no place in a file", path, at)
			} else if at.Exact && !repeats(files[at.File]) && !isShared(files, at.File) {
				edits = append(edits, func() { checkEdit(t, files, objects, o, path, at) })
			}
		}
	}
	for i := len(overlay); i < len(edits); i += len(edits)/8 + 1 { // each takes another build
		edits[i]()
	}
}

// block matches a line below which a scalar stands.
var block = regexp.MustCompile(`(:|[|>]-?) *$`)

// checkEdit checks that the text at the place of a field holds its key or value, and builds
// again with another value there, by which the field has to change in one of the objects.
func checkEdit(t *testing.T, files map[string]string, before []*manifest.Object, o *manifest.Object, path []any, at manifest.Origin) {
	t.Helper()
	lines := strings.Split(files[at.File], "\n")
	line := lines[at.Line-1]
	from := len(string([]rune(line)[:max(at.Column-1, 0)]))
	v := valueAt(o.Data, path)
	key, _ := path[len(path)-1].(string)
	switch v.(type) {
	case map[string]any, []any:
		if !strings.Contains(line[from:], key) {
			t.Errorf("%q is exactly at %v, but %q does not hold the key", path, at, line)
		}
		return // a transformer may make what is missing
	case nil, bool:
		return // written in many ways
	}
	if i := strings.Index(line[from:], key+":"); key != "" && i >= 0 {
		from += i + len(key) + 1
	} else if i := strings.Index(line[from:], key); i >= 0 {
		from += i + len(key)
	}
	word, _, _ := strings.Cut(strings.TrimSpace(fmt.Sprint(v)), " ") // the rest may stand on lines below
	value := strings.Index(line[from:], word)
	if block.MatchString(line) {
		return
	}
	if value < 0 {
		t.Errorf("%q is exactly at %v, but %q does not hold %v", path, at, line, v)
		return
	}
	from += value
	lines[at.Line-1] = line[:from] + "7" + line[from:]
	edited := maps.Clone(files)
	edited[at.File] = strings.Join(lines, "\n")
	after, err := byKustomize(edited)
	if err != nil || len(after) != len(before) {
		return
	}
	if reflect.DeepEqual(valuesAt(before, path), valuesAt(after, path)) {
		t.Errorf("%q is at %v, but with %q there it is still %v", path, at, lines[at.Line-1], v)
	}
}

// isShared tells whether a file is a kustomization whose labels a patch may change:
// kustomize keeps one node for all places of a label that it adds, so that a patch of one
// of them decides them all.
func isShared(files map[string]string, name string) bool {
	return strings.HasSuffix(name, "kustomization.yaml") && strings.Contains(files["patch.yaml"], "labels:")
}

// repeats tells whether a mapping of a text has a key twice, or a list two items of one
// name: patches merge these, and which of them is left depends on all. So it is with two
// documents of one name: of two patches that set a field to the same value, the first is
// taken for its place, and the second one decides.
func repeats(text string) bool {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	names := map[string]bool{}
	for {
		var value any
		if err := decoder.Decode(&value); err != nil {
			return !errors.Is(err, io.EOF)
		}
		name, _ := valueAt(value, []any{"metadata", "name"}).(string)
		if repeatsName(value) || name != "" && names[name] {
			return true
		}
		names[name] = true
	}
}

func repeatsName(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), repeatsName)
	case []any:
		names := map[any]bool{}
		for _, item := range v {
			name, _ := valueAt(item, []any{"name"}).(string)
			if repeatsName(item) || name != "" && names[name] {
				return true
			}
			names[name] = true
		}
	}
	return false
}

// valuesAt lists what is at a path in all objects, sorted.
func valuesAt(objects []*manifest.Object, path []any) (all []string) {
	for _, o := range objects {
		text, _ := yaml.Marshal(valueAt(o.Data, path))
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}
