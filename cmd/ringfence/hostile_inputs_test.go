//go:build unix

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const chartFile = "apiVersion: v2\nname: bad\nversion: 1.0.0\n"

// chart is a chart with one template, and perhaps other files.
func chart(template string, more ...string) map[string]string {
	files := map[string]string{"Chart.yaml": chartFile, "templates/a.yaml": template}
	for i := 0; i+1 < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

// endless is a chart with a template that is stopped by its time.
func endless(template string) hostile {
	return hostile{files: chart(template), exit: exitIncomplete, code: "limit-exceeded", text: "takes longer than"}
}

// greedy is a chart with a template that is stopped by its memory, or, where getting it
// is slow, by its time.
func greedy(template string) hostile {
	return hostile{files: chart(template), exit: exitIncomplete, code: "limit-exceeded", text: "raises the limit"}
}

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

// kustomized is a kustomization with files.
func kustomized(kustomization string, more ...string) map[string]string {
	files := map[string]string{"kustomization.yaml": kustomization}
	for i := 0; i+1 < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

// aliases is a document of nine levels, each of nine aliases of the one before.
func aliases(head string) string {
	var b strings.Builder
	b.WriteString(head + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
	}
	return b.String()
}

// nested is a document that is nested so deep.
func nested(head string, depth int) string {
	return head + "a: " + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "\n"
}

// doubled are so many templates or partials, each of which includes the one before twice.
func doubled(levels int) string {
	var b strings.Builder
	b.WriteString(`{{ define "x0" }}{{ end }}`)
	for i := range levels {
		fmt.Fprintf(&b, `{{ define "x%d" }}{{ include "x%d" . }}{{ include "x%d" . }}{{ end }}`, i+1, i, i)
	}
	fmt.Fprintf(&b, `{{ include "x%d" . }}`, levels)
	return b.String()
}

// doubledBases are kustomizations, each of which uses the one before twice under
// different names.
func doubledBases(levels int) map[string]string {
	files := map[string]string{"b0/kustomization.yaml": "resources: [a.yaml]\n", "b0/a.yaml": configMap}
	for i := range levels {
		for _, side := range []string{"l", "r"} {
			files[fmt.Sprintf("b%d%s/kustomization.yaml", i+1, side)] = fmt.Sprintf("namePrefix: %s\nresources: [../b%d]\n", side, i)
		}
		files[fmt.Sprintf("b%d/kustomization.yaml", i+1)] = fmt.Sprintf("resources: [../b%dl, ../b%dr]\n", i+1, i+1)
	}
	return files
}

// doubling is a JSON patch that copies an object into itself again and again.
func doubling(times int) string {
	var b strings.Builder
	b.WriteString("patches:\n- target: {kind: ConfigMap}\n  patch: |\n")
	for i := range times {
		fmt.Fprintf(&b, "    - {op: copy, from: /data, path: /data/x%d}\n", i)
	}
	return b.String() + "resources: [a.yaml]\n"
}

// archived writes charts/sub.tgz with entries.
func archived(entries func(w *tar.Writer) error) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		var b bytes.Buffer
		zipped := gzip.NewWriter(&b)
		w := tar.NewWriter(zipped)
		err := entries(w)
		for _, f := range []func() error{w.Close, zipped.Close} {
			if e := f(); err == nil {
				err = e
			}
		}
		if err == nil {
			err = os.MkdirAll(filepath.Join(dir, "charts"), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "charts", "sub.tgz"), b.Bytes(), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// entry appends a file, or a link where linked is not empty.
func entry(w *tar.Writer, name, linked string, data []byte) error {
	h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg, Linkname: linked}
	if linked != "" {
		h.Typeflag = tar.TypeSymlink
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

func subchart(w *tar.Writer) error {
	return entry(w, "sub/Chart.yaml", "", []byte("apiVersion: v2\nname: sub\nversion: 1.0.0\n"))
}

// sized writes a file of so many bytes that begins with text.
func sized(name, text string, size int64) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, size); err != nil {
			t.Fatal(err)
		}
	}
}

func applicationSet(template string) string {
	return `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set}
spec:
  goTemplate: true
  generators: [{list: {elements: [{name: a}]}}]
  template:
    metadata: {name: '` + template + `'}
    spec: {source: {path: bad, repoURL: "https://example.com/x"}, destination: {name: in-cluster}}
`
}

// hostileInputs are what the suite checks, by what is hostile about them.
var hostileInputs = map[string]hostile{
	// Templates of charts.
	"tpl recursion":        {files: chart(`{{ define "x" }}{{ tpl "{{ include \"x\" . }}" . }}{{ end }}{{ include "x" . }}`), exit: exitIncomplete, code: "template-failed"},
	"include recursion":    {files: chart(`{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}`), exit: exitIncomplete, code: "template-failed"},
	"template recursion":   {files: chart(`{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}`), exit: exitIncomplete, code: "template-failed"},
	"exponential includes": endless(doubled(40)),
	"nested ranges":        endless(`{{ range until 10000 }}{{ range until 10000 }}{{ range until 10000 }}{{ end }}{{ end }}{{ end }}`),
	"many private keys":    endless(`{{ range until 100000 }}{{ $x := genPrivateKey "rsa" }}{{ end }}`),
	"many authorities":     endless(`{{ range until 100000 }}{{ $x := genCA "x" 365 }}{{ end }}`),
	"many passwords":       endless(`{{ range until 100000 }}{{ $x := htpasswd "a" "b" }}{{ end }}`),
	"derived passwords":    endless(`{{ range until 100000 }}{{ $x := derivePassword 1 "long" "a" "b" "c" }}{{ end }}`),
	"a long list":          greedy(`{{ $x := until 1000000000 }}a: b`),
	"a long text":          greedy(`a: {{ repeat 2000000000 "x" }}`),
	"doubled texts":        greedy(`{{ $x := "xxxxxxxxxxxxxxxx" }}{{ range until 40 }}{{ $x = printf "%s%s" $x $x }}{{ end }}`),
	"much output":          {files: chart(`{{ range until 100000 }}{{ repeat 1000 "a" }}` + "\n{{ end }}"), exit: exitIncomplete, code: "limit-exceeded"},
	"many objects":         {files: chart("{{ range until 1000000 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a{{ . }}}\n{{ end }}"), exit: exitIncomplete, code: "limit-exceeded"},
	"files outside":        {files: chart(`a: {{ .Files.Get "../../healthy/web.yaml" }}{{ .Files.Get "/etc/passwd" }}{{ env "HOME" | default "" }}`), exit: exitIncomplete, code: "template-failed"},
	"aliases in values":    {files: chart("a: b", "values.yaml", aliases("")), exit: exitIncomplete, code: "invalid-values"},
	"nesting in values":    {files: chart("a: b", "values.yaml", nested("", 100_000)), exit: exitIncomplete, code: "invalid-values"},
	"aliases in Chart":     {files: map[string]string{"Chart.yaml": aliases(chartFile)}, exit: exitIncomplete, code: "invalid-chart"},
	"giant values":         {files: chart("a: b"), make: sized("values.yaml", "a: b\n", 30<<20), exit: exitIncomplete, code: "file-too-large"},
	"remote schema":        {files: chart("a: b", "values.schema.json", `{"$ref": "http://192.0.2.1/schema.json"}`), exit: exitClean, code: "remote-reference"},
	"schema outside":       {files: chart("a: b", "values.schema.json", `{"$ref": "file:///etc/passwd"}`), exit: exitClean, code: "remote-reference"},
	"a chart in itself":    {files: chart("a: b", "Chart.yaml", chartFile+"dependencies: [{name: bad, version: 1.0.0, repository: 'file://.'}]\n"), exit: exitIncomplete, code: "missing-dependency"},
	"a linked template":    {files: chart("a: b"), links: map[string]string{"templates/b.yaml": "/etc/passwd"}, exit: exitIncomplete, code: "outside-repository"},
	"links in a circle":    {files: chart("a: b"), links: map[string]string{"templates/b": "../templates", "charts": "."}, exit: exitClean},
	"pipes in a chart":     {files: chart("a: b"), pipes: []string{"templates/b.yaml", "charts", "ci", "crds"}, exit: exitIncomplete},
	"devices in a chart":   {files: chart("a: b"), links: map[string]string{"values.yaml": "/dev/zero"}, exit: exitIncomplete, code: "outside-repository"},
	"archive of zeros": {files: chart("a: b"), exit: exitIncomplete, code: "limit-exceeded", make: archived(func(w *tar.Writer) error {
		return firstError(subchart(w), entry(w, "sub/big", "", make([]byte, 200<<20)))
	})},
	"archive of many files": {files: chart("a: b"), exit: exitClean, make: archived(func(w *tar.Writer) error {
		err := subchart(w)
		for i := range 50_000 {
			err = firstError(err, entry(w, fmt.Sprintf("sub/f%d", i), "", nil))
		}
		return err
	})},
	"archive with paths": {files: chart("a: b"), exit: exitIncomplete, code: "invalid-chart", make: archived(func(w *tar.Writer) error {
		return firstError(subchart(w), entry(w, "sub/../../../written", "", []byte("x")))
	})},
	"archive with links": {files: chart("a: b"), exit: exitClean, make: archived(func(w *tar.Writer) error {
		return firstError(subchart(w), entry(w, "sub/templates/a.yaml", "/etc/passwd", nil))
	})},

	// Kustomizations.
	"aliases in a resource":  {files: kustomized("resources: [a.yaml]\n", "a.yaml", aliases(configMap)), exit: exitIncomplete, code: "limit-exceeded", text: "aliases"},
	"aliases in a patch":     {files: kustomized("resources: [a.yaml]\npatches: [{path: p.yaml}]\n", "a.yaml", configMap, "p.yaml", aliases(configMap)), exit: exitIncomplete, code: "limit-exceeded", text: "aliases"},
	"aliases in itself":      {files: kustomized(aliases("resources: [a.yaml]\n"), "a.yaml", configMap), exit: exitIncomplete},
	"nesting in a resource":  {files: kustomized("resources: [a.yaml]\n", "a.yaml", nested(configMap, 9_000)), exit: exitIncomplete, code: "limit-exceeded", text: "nested"},
	"doubled bases":          {files: doubledBases(30), exit: exitIncomplete, code: "limit-exceeded"},
	"doubling patches":       {files: kustomized(doubling(60), "a.yaml", configMap+"data: {a: b}\n"), exit: exitIncomplete, code: "limit-exceeded"},
	"bases in a circle":      {files: kustomized("resources: [x]\n", "x/kustomization.yaml", "resources: [..]\n"), exit: exitIncomplete, code: "invalid-kustomization"},
	"resources outside":      {files: kustomized("resources: [../../../../../../etc/passwd, /etc/passwd]\n"), exit: exitIncomplete, code: "outside-repository"},
	"patches outside":        {files: kustomized("resources: [a.yaml]\npatches: [{path: ../../../etc/passwd}]\n", "a.yaml", configMap), exit: exitIncomplete},
	"schema of another file": {files: kustomized("resources: [a.yaml]\nopenapi: {path: ../../../etc/passwd}\n", "a.yaml", configMap), exit: exitIncomplete},
	"generated from outside": {files: kustomized("configMapGenerator: [{name: a, files: [../../../etc/passwd]}]\n"), exit: exitIncomplete},
	"linked resources":       {files: kustomized("resources: [a.yaml, d]\n"), links: map[string]string{"a.yaml": "/etc/passwd", "d": "/etc"}, exit: exitIncomplete, code: "outside-repository"},
	"pipes as resources":     {files: kustomized("resources: [a.yaml, d]\n"), pipes: []string{"a.yaml", "d"}, exit: exitIncomplete},
	"programs":               {files: kustomized("resources: [a.yaml]\ngenerators: [g.yaml]\n", "a.yaml", configMap, "g.yaml", "apiVersion: v1\nkind: G\nmetadata:\n  name: g\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: /bin/sh}\n"), exit: exitIncomplete, code: "plugin-refused"},
	"a remote base":          {files: kustomized("resources: ['https://192.0.2.1/x//y?ref=z']\n"), exit: exitIncomplete, code: "remote-reference"},
	"an endless chart": {files: kustomized("helmCharts: [{name: c, releaseName: c}]\nhelmGlobals: {chartHome: charts}\n",
		"charts/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n", "charts/c/templates/a.yaml", doubled(40)), exit: exitIncomplete, code: "limit-exceeded", text: "takes longer"},
	"many replacements": {files: kustomized("resources: [a.yaml]\nreplacements:\n"+strings.Repeat("- source: {kind: ConfigMap, name: a, fieldPath: metadata.name}\n  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.x], options: {create: true}}]\n", 20_000),
		"a.yaml", configMap+strings.Repeat("---\napiVersion: v1\nkind: Secret\nmetadata: {generateName: x}\n", 1)), exit: exitIncomplete, code: "limit-exceeded"},

	// Plain manifests.
	"aliases in a manifest": {files: map[string]string{"a.yaml": aliases(configMap)}, exit: exitIncomplete, code: "limit-exceeded"},
	"nesting in a manifest": {files: map[string]string{"a.yaml": nested(configMap, 100_000)}, exit: exitIncomplete},
	"too many values":       {files: map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nitems: [" + strings.Repeat("{a: 1},", 1_400_000) + "]\n"}, exit: exitIncomplete, code: "limit-exceeded", text: "more than 2000000 values"},
	"a giant manifest":      {files: map[string]string{"b.yaml": configMap}, make: sized("a.yaml", configMap, 1<<40), exit: exitIncomplete, code: "file-too-large"},
	"many documents":        {files: map[string]string{"a.yaml": strings.Repeat("---\n", 1_000_000) + configMap}, exit: exitClean},
	"lists in lists":        {files: map[string]string{"a.yaml": strings.Repeat(`{"apiVersion":"v1","kind":"List","items":[`, 5_000) + strings.Repeat("]}", 5_000)}, exit: exitIncomplete},
	"not UTF-8":             {files: map[string]string{"a.yaml": configMap + "data: {a: \xff\xfe}\n"}, exit: exitIncomplete, code: "invalid-yaml"},
	"pipes and loops":       {files: map[string]string{"b.yaml": configMap}, pipes: []string{"a.yaml", "Chart.yaml", "kustomization.yaml", "d/values.yaml"}, links: map[string]string{"loop": ".", "loop2": "loop2"}, exit: exitIncomplete},

	// Objects of Argo CD and Flux.
	"an endless ApplicationSet":     {files: map[string]string{"a.yaml": applicationSet(`{{ range until 10000 }}{{ range until 10000 }}{{ range until 10000 }}{{ end }}{{ end }}{{ end }}`)}, exit: exitIncomplete, code: "limit-exceeded", text: "takes longer than"},
	"an exponential ApplicationSet": {files: map[string]string{"a.yaml": applicationSet(strings.ReplaceAll(doubled(40), "include", "template"))}, exit: exitIncomplete, code: "limit-exceeded", text: "takes longer than"},
	"a greedy ApplicationSet":       {files: map[string]string{"a.yaml": applicationSet(`{{ $x := "xxxxxxxxxxxxxxxx" }}{{ range until 40 }}{{ $x = printf "%s%s" $x $x }}{{ end }}`)}, exit: exitIncomplete, code: "limit-exceeded", text: "raises the limit"},
	"a recursive ApplicationSet":    {files: map[string]string{"a.yaml": applicationSet(`{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}`)}, exit: exitIncomplete, code: "template-failed"},
	"an Application of itself":      {files: map[string]string{"a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: {source: {path: bad, repoURL: 'https://example.com/x'}, destination: {name: in-cluster}}\n"}, exit: exitClean},
	"variables that make variables": {files: map[string]string{
		"a.yaml":   "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: flux-system}\nspec:\n  path: ./bad/x\n  sourceRef: {kind: GitRepository, name: flux-system}\n  postBuild: {substitute: {v: '" + strings.Repeat("x", 1<<20) + "'}}\n",
		"x/a.yaml": configMap + "data: {a: '" + strings.Repeat("${v}", 1_000) + "'}\n",
	}, exit: exitIncomplete, code: "limit-exceeded"},
}

// firstError is the first error.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func init() {
	for name, text := range hostileNames {
		hostileInputs["named "+name] = hostile{exit: exitIncomplete, files: map[string]string{"a.yaml": hostileObjects(text)}}
	}
	if len(hostileInputs) < 40 {
		panic("there are fewer than 40 hostile inputs")
	}
}
