package helm

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/rendertest"
)

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n"

// templateFragments are what FuzzMarked writes templates of: lines of YAML, actions that
// write some, that use such text for something else, or that decide by it, and parts of
// them. None repeats itself without end.
var templateFragments = []string{
	configMap, "---\n", "---\n" + configMap, "\n", "\r\n", " ", "  ", "    ", "- ", ": ", "# c: d\n", "}}", "{{", "{{- ", " -}}", "'", "\"", "|", "~",
	"  a: 1\n", "  b: x y\n", "  c: 'x  y'\n", "  d: \"x\n    y\"\n", "  e:\n", "    f: g\n", "    - h\n", "    - i: j\n      k: l\n",
	"  l: |\n", "  m: >-\n", "    text: x\n", "  n: [a, b] # c\n", "  o: {p: q, r: {s: t}}\n", "  &u v: *u\n", "  w: &w 1\n", "  x: *w\n", "  ? y\n  : z\n", "  a: 1 #~~0~~\n", "x\n", "  \"k\": 'v'\n",
	"  a: {{ .Values.a }}\n", "  b: {{ .Values.b | quote }}\n", "  {{ .Values.a }}: x\n", "  c: x{{ .Values.a }}y\n", "  d: {{ .Values.missing }}\n", "  {{ .Values.a }}\n",
	"  e: {{- toYaml .Values.m | nindent 4 }}\n", "  {{- toYaml .Values.m | nindent 2 }}\n", "{{ toYaml .Values.m | indent 2 }}\n", "  f: {{ toYaml .Values.m }}\n", "  g: {{ .Values.m | toJson }}\n",
	"  {{- if .Values.a }}\n", "  {{- else }}\n", "  {{- end }}\n", "{{ end }}", "{{ if .Values.b }}", "  {{- with .Values.m }}\n", "  {{- range .Values.m }}\n", "  {{- range $k, $v := .Values.m }}\n", "  {{ $k }}: {{ $v }}\n", "    - {{ kindOf . }}\n", "  {{- toYaml . | nindent 4 }}\n", "  h: {{ . | toJson }}\n",
	"  {{ $x := \"a: 1\" }}\n", "  i: {{ $x }}\n", "{{/* c: d */}}\n", "{{- /*\n  e: f\n*/ -}}\n", "  j: {{ dict\n    \"a\" 1 | toJson }}\n", "  k: {{ \"}}\" }}\n", "  l: {{ `x:\n  y` }}\n", "  m: {{ print \"x\\n  n: y\" }}\n", "  o: {{ list 1 2 | toJson -}}\n",
	"  p: {{ .Capabilities.APIVersions.Has \"x/v1\" }}\n", "  {{- if .Capabilities.APIVersions.Has \"v1\" }}\n", "  q: {{ tpl (.Files.Get \"file\") . }}\n", "{{ tpl (.Files.Get \"file\") . | indent 2 }}\n", "  {{ define \"other\" }}\n", "  {{ block \"block\" . }}\n",
	"  r: {{ include \"h\" . }}\n", "  s: {{- include \"h\" . | nindent 4 }}\n", "  {{- include \"h\" . | nindent 2 }}\n", "{{ include \"h\" . }}", "  {{ template \"h\" . }}\n",
	"  t: {{ include \"h\" . | len }}\n", "  u: {{ include \"h\" . | sha256sum }}\n", "  v: {{ include \"h\" . | fromYaml | toJson }}\n", "  w: {{ include \"h\" . | quote }}\n", "  x: {{ include \"h\" . | trim | trunc 9 }}\n", "  y: {{ include \"h\" . | splitList \"\\n\" | toJson }}\n", "  z: {{ tpl (include \"h\" .) . }}\n",
	"  {{- if eq (include \"h\" . | trim) \"a: 1\" }}\n", "  {{- if contains \"1\" (include \"h\" .) }}\n", "  {{- range (include \"h\" . | fromYaml) }}\n", "  {{- fail (include \"h\" .) }}\n", "  {{- $x = include \"h\" . }}\n",
}

var valuesFragments = []string{
	"a: 1\n", "a: yes\n", "a: ''\n", "a: \"b: c\"\n", "a: \"x\\n  y: z\"\n", "a: \"#~~0~~\"\n", "b: text\n", "b: \" #~~1~~\"\n", "m: {a: 1, b: x}\n", "m: [p, q]\n", "m:\n  c: |\n    d\n    e: f\n", "m: {}\n", "m: [{n: 1}, {n: 2}]\n", "# c\n", "\n",
}

// fragmentsOf writes a text of fragments, one for each byte, without those that hold a word.
func fragmentsOf(fragments []string, choices []byte, without string) string {
	var text strings.Builder
	for _, c := range choices {
		if f := fragments[int(c)%len(fragments)]; without == "" || !strings.Contains(f, without) {
			text.WriteString(f)
		}
	}
	return text.String()
}

// byHelm renders a chart with nothing but Helm's own engine. It notes the objects in which
// a key occurs twice.
func byHelm(files map[string]string) (objects []*manifest.Object, repeats map[int]bool, err error) {
	var list []*loader.BufferedFile
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, &loader.BufferedFile{Name: name, Data: []byte(files[name])})
	}
	c, err := loader.LoadFiles(list)
	if err != nil {
		return nil, nil, err
	}
	version, err := chartutil.ParseKubeVersion(DefaultKubeVersion)
	if err != nil {
		return nil, nil, err
	}
	caps := chartutil.DefaultCapabilities.Copy()
	caps.KubeVersion = *version
	values, err := chartutil.ToRenderValues(c, nil, chartutil.ReleaseOptions{Name: "release-name", Namespace: "default", Revision: 1, IsInstall: true}, caps)
	if err != nil {
		return nil, nil, err
	}
	out, err := engine.Engine{}.Render(c, values)
	if err != nil {
		return nil, nil, err
	}
	repeats = make(map[int]bool)
	docs := releaseutil.SplitManifests(out["web/templates/web.yaml"])
	names := slices.Collect(maps.Keys(docs))
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }) // they end in numbers
	for _, name := range names {
		made, err := manifest.Document{Text: []byte(docs[name] + "\n")}.Objects(manifest.Plain("f", 0))
		if err != nil {
			continue
		}
		if err := yaml.Unmarshal([]byte(docs[name]), new(any)); err != nil {
			for i := range made {
				repeats[len(objects)+i] = true
			}
		}
		objects = append(objects, made...)
	}
	return objects, repeats, nil
}

// FuzzMarked: whatever the templates and values, the objects are those that Helm renders
// of them without marks, and where a position is exact, the field changes with the text
// that stands there.
func FuzzMarked(f *testing.F) {
	index := func(fragment string) byte { return byte(slices.Index(templateFragments, fragment)) }
	line, end := index("  a: 1\n"), index("{{ end }}")
	for i := range templateFragments {
		f.Add([]byte{0, line, byte(i)}, []byte{line, byte(i), end}, []byte{0, 6, 8})
		f.Add([]byte{0, byte(i), line, end, index("  r: {{ include \"h\" . }}\n")}, []byte{byte(i), line}, []byte{2, 7, 9})
		f.Add([]byte{0, byte(i), line, index("  s: {{- include \"h\" . | nindent 4 }}\n")}, []byte{byte(i)}, []byte{1, 6, 10})
	}
	f.Fuzz(checkMarked)
}

func checkMarked(t *testing.T, template, helper, values []byte) {
	if len(template) > 30 || len(helper) > 10 || len(values) > 10 {
		return
	}
	files := map[string]string{
		"Chart.yaml":             "{apiVersion: v2, name: web, version: 1.0.0}\n",
		"values.yaml":            fragmentsOf(valuesFragments, values, ""),
		"file":                   "x: {{ .Values.a }}\ny: 1\n",
		"templates/_helpers.tpl": "{{- define \"h\" -}}\n" + fragmentsOf(templateFragments, helper, "\"h\"") + "{{ end }}\n",
		"templates/web.yaml":     fragmentsOf(templateFragments, template, ""),
	}
	objects, gaps := New(rendertest.Files(t, files), nil).Render(context.Background(), Release{})
	want, repeats, err := byHelm(files)
	if err != nil {
		if !slices.ContainsFunc(gaps, func(g manifest.Gap) bool { return !g.Note }) {
			t.Fatalf("no gap where Helm fails: %v", err)
		}
		return
	}
	defer func() {
		if t.Failed() {
			t.Logf("helper:\n%s\ntemplate:\n%s\nvalues:\n%s", files["templates/_helpers.tpl"], files["templates/web.yaml"], files["values.yaml"])
		}
	}()
	for _, g := range gaps {
		if !g.Note && g.Code != manifest.InvalidYAML {
			t.Errorf("Helm renders this, and there is a gap: %v", g)
		}
	}
	if got, want := rendertest.Data(objects), rendertest.Data(want); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v\nwant %v", got, want)
	}
	checkPlain(t, files["templates/web.yaml"], objects)
	var edits []func()
	for i, o := range objects {
		for _, path := range rendertest.Paths(o.Data) {
			at := o.At(path...)
			checkLine(t, files, at)
			if at.Exact && !repeats[i] {
				edits = append(edits, func() { checkEdit(t, files, want, i, path, at) })
			}
		}
	}
	for i := len(values) % 4; i < len(edits); i += len(edits)/8 + 1 { // each takes another render
		edits[i]()
	}
}

// checkLine checks that a position is a line of a file.
func checkLine(t *testing.T, files map[string]string, at manifest.Origin) {
	t.Helper()
	for _, pos := range append(at.Via, at.Pos) {
		text, known := files[pos.File]
		if lines := strings.Split(text, "\n"); !known || pos.Line > len(lines) || pos.Line > 0 && pos.Column > len([]rune(lines[pos.Line-1]))+1 {
			t.Errorf("%v is no place in a file", pos)
		}
	}
}

// simple matches a line with a key and a value that end there.
var simple = regexp.MustCompile(`^ *(- )*"?\w+"?: *[^ #|>&*'"\[{](.*[^ ])?( #.*)?$`)

// checkPlain checks that a template which is plain YAML has the positions of one.
func checkPlain(t *testing.T, text string, objects []*manifest.Object) {
	t.Helper()
	plain, gaps := manifest.Parse("templates/web.yaml", []byte(text))
	if strings.Contains(text, "{{") || len(gaps) > 0 || !reflect.DeepEqual(rendertest.Data(objects), rendertest.Data(plain)) {
		return
	}
	lines := strings.Split(text, "\n")
	for i, o := range plain {
		for _, path := range rendertest.Paths(o.Data) {
			want := o.At(path...)
			if simple.MatchString(lines[want.Line-1]) && objects[i].At(path...).Pos != want.Pos {
				t.Errorf("%q is at %v, want %v", path, objects[i].At(path...), want)
			}
		}
	}
}

// checkEdit checks that the text at the place of a field holds its value, and renders again
// with another text there, by which the field has to change.
func checkEdit(t *testing.T, files map[string]string, before []*manifest.Object, i int, path []any, at manifest.Origin) {
	t.Helper()
	lines := strings.Split(files[at.File], "\n")
	if at.Line < 1 || at.Line > len(lines) {
		return // checkLine tells
	}
	line := lines[at.Line-1]
	from := len(string([]rune(line)[:max(at.Column-1, 0)]))
	old, _ := rendertest.Lookup(before[i].Data, path)
	switch old.(type) {
	case map[string]any, []any, nil: // the key stands there
	default:
		value := strings.LastIndex(line[from:], fmt.Sprint(old))
		if value < 0 {
			t.Errorf("%q is exactly at %v, but %q does not hold %v", path, at, line, old)
			return
		}
		from += value
	}
	lines[at.Line-1] = line[:from] + "Z" + line[from:]
	edited := maps.Clone(files)
	edited[at.File] = strings.Join(lines, "\n")
	after, _, err := byHelm(edited)
	if err != nil || len(after) != len(before) {
		return
	}
	if value, found := rendertest.Lookup(after[i].Data, path); found && reflect.DeepEqual(old, value) {
		t.Errorf("%q is at %v, but with %q there it is still %v", path, at, lines[at.Line-1], value)
	}
}
