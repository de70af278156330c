//go:build unix

package render_test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/helm"
)

func TestHelmEdit(t *testing.T) {
	if testing.Short() {
		t.Skip("renders hundreds of charts")
	}
	e := editTest{fields: 700, most: 10, bar: 97, edit: editTemplate}
	charts := func(kind render.Kind, _ string) bool { return kind == render.Helm }
	e.targets = corpusTargets(t, charts, stockTemplate)
	e.run(t)
}

// stockTemplate renders a chart as "helm template rel --namespace ns" does.
func stockTemplate(dir string) ([]any, error) {
	chart, err := loader.LoadDir(dir)
	if err != nil {
		return nil, err
	}
	given := map[string]any{}
	if err := chartutil.ProcessDependenciesWithMerge(chart, given); err != nil {
		return nil, err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	version, err := chartutil.ParseKubeVersion(helm.DefaultKubeVersion)
	if err != nil {
		return nil, err
	}
	capabilities.KubeVersion = *version
	release := chartutil.ReleaseOptions{Name: "rel", Namespace: "ns", Revision: 1, IsInstall: true}
	// Schemas say nothing about positions, and may refer to the network.
	values, err := chartutil.ToRenderValuesWithSchemaValidation(chart, given, release, capabilities, true)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(chart, values)
	if err != nil {
		return nil, err
	}
	var objects []any
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, "NOTES.txt") {
			continue
		}
		docs := releaseutil.SplitManifests(files[name])
		order := releaseutil.BySplitManifestsOrder(slices.Collect(maps.Keys(docs)))
		sort.Sort(order)
		for _, doc := range order {
			var object any
			if err := yaml.Unmarshal([]byte(docs[doc]), &object); err != nil {
				return nil, err
			}
			objects = append(objects, items(object)...)
		}
	}
	return objects, nil
}

// editTemplate changes the value that a line of a template gives to a field, and
// leaves the rest of the template valid.
func editTemplate(text string, f editField) (edited string, want any, err error) {
	if f.Line == 0 {
		return "", nil, errors.New("no line")
	}
	lines := strings.SplitAfter(text, "\n")
	line := strings.TrimRight(lines[f.Line-1], "\r\n")
	for i := f.Line; i < len(lines) && strings.LastIndex(line, "{{") > strings.LastIndex(line, "}}"); i++ {
		line += " " + strings.TrimSpace(lines[i]) // the action goes on below
		lines[i] = ""
	}
	if f.Exact { // the line is YAML, if not the beginning of a list
		edited, want, err := editYAML(line, manifest.Pos{Line: 1, Column: f.Column})
		if at := byteOffset(line, f.Column); err != nil && strings.HasPrefix(line[at:], `"`) {
			edited, want, err = line[:at+1]+"x"+line[at+1:], changedString(fmt.Sprint(f.value())), nil
		}
		lines[f.Line-1] = edited + "\n"
		return strings.Join(lines, ""), want, err
	}
	end := keyEnd(line)
	if _, item := f.path[len(f.path)-1].(int); item || end < 0 {
		end = len(line) - len(strings.TrimLeft(line, " -"))
	}
	head, rest := line[:end], line[end:]
	tail := openEnds(rest)
	rest = strings.TrimSuffix(rest, tail)
	switch {
	case block.MatchString(rest): // the value begins below
		lines[f.Line] = strings.TrimRight(lines[f.Line], "\r\n") + " edited\n"
		return strings.Join(lines, ""), nil, nil
	case strings.TrimSpace(head) == "", blockAction.MatchString(rest): // all that the action makes goes
		lines[f.Line-1] = head + tail + "\n"
	default:
		lines[f.Line-1] = head + " edited" + tail + "\n"
	}
	return strings.Join(lines, ""), nil, nil
}

var (
	block       = regexp.MustCompile(`^ *[|>][-+0-9]*$`)
	blockAction = regexp.MustCompile(`\b(nindent|toYaml)\b`)
	action      = regexp.MustCompile(`\{\{.*?\}\}`)
	begin       = regexp.MustCompile(`\{\{-? *(if|with|range)\b`)
	ends        = regexp.MustCompile(`(\s*\{\{-? *end *-?\}\})+$`)
)

// openEnds are the actions at the end of a text that end what began before it.
func openEnds(text string) string {
	tail := ends.FindString(text)
	for range begin.FindAllString(text, -1) {
		_, after, _ := strings.Cut(tail, "}}")
		tail = after
	}
	return tail
}

// keyEnd is the index after the colon of a line's key, -1 for none. Actions may
// stand in the key.
func keyEnd(line string) int {
	covered := action.ReplaceAllStringFunc(line, func(a string) string { return strings.Repeat("x", len(a)) })
	if i := strings.Index(covered+" ", ": "); i >= 0 {
		return i + 1
	}
	return -1
}
