package helm

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/ringfence/ringfence/manifest"
)

var yamlErrorLine = regexp.MustCompile(`^(?:error converting YAML to JSON: )?yaml: (?:line (\d+): )?`)

// yamlError takes the line, 0 where there is none, out of a message of the YAML
// library.
func yamlError(message string) (line int, reason string) {
	if m := yamlErrorLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	return line, message
}

// valuesFiles finds where a value is written.
type valuesFiles struct {
	files    []valuesFile // the last that has a value wins
	settings []Setting    // win over files, the last one first
}

type valuesFile struct {
	name string
	keys []string // where its values stand below those of the root chart
	root func() *yaml.Node
	skip int                              // lines of the file before the first of root
	at   func(keys []string) manifest.Pos // nil: at the lines of root
}

// newValuesFiles lists the values files of the chart and its dependencies, the
// deepest first, and then those that the release gives.
func (w *rendering) newValuesFiles() *valuesFiles {
	v := &valuesFiles{settings: w.settings()}
	var visit func(c *chart.Chart, keys []string)
	visit = func(c *chart.Chart, keys []string) {
		for _, sub := range c.Dependencies() {
			visit(sub, append(keys[:len(keys):len(keys)], sub.Name()))
		}
		for _, f := range c.Raw {
			if h := w.homes[f]; f.Name == "values.yaml" && !h.archive {
				v.files = append(v.files, newValuesFile(h.pos.File, keys, f.Data))
			}
		}
	}
	visit(w.chart, nil)
	for _, layer := range w.layers {
		f := newValuesFile(layer.Name, nil, layer.Data)
		f.skip, f.at = layer.Skip, layer.At
		v.files = append(v.files, f)
	}
	return v
}

func newValuesFile(name string, keys []string, data []byte) valuesFile {
	return valuesFile{name: name, keys: keys, root: sync.OnceValue(func() *yaml.Node { return parseNodes(data) })}
}

// parseNodes returns the root of a YAML file, nil where it has none.
func parseNodes(data []byte) *yaml.Node {
	doc, err := manifest.Document{Text: data}.Parse()
	if err != nil || len(doc.Content) == 0 {
		return nil
	}
	return doc.Content[0]
}

// valuesPath matches a path below .Values in a template.
var valuesPath = regexp.MustCompile(`\.Values((?:\.\w+)+)`)

// via returns where the value that a template line prints is written, if the line
// uses just one; the zero Pos means that it is not known.
func (v *valuesFiles) via(p *place) manifest.Pos {
	used := valuesPath.FindAllStringSubmatch(p.text, 2)
	if len(used) != 1 {
		return manifest.Pos{}
	}
	keys := strings.Split(used[0][1][1:], ".")
	if keys[0] != chartutil.GlobalKey {
		keys = slices.Concat(p.template.keys, keys)
	}
	return v.find(keys)
}

// find returns the position of a value of the root chart, the zero Pos where none
// is known.
func (v *valuesFiles) find(keys []string) manifest.Pos {
	for _, s := range slices.Backward(v.settings) {
		if s.sets(keys) {
			return s.Pos
		}
	}
	for _, f := range slices.Backward(v.files) {
		n := len(f.keys)
		if n >= len(keys) || !slices.Equal(f.keys, keys[:n]) {
			continue
		}
		steps := make([]any, 0, len(keys)-n)
		for _, k := range keys[n:] {
			steps = append(steps, k)
		}
		line := lineAt(f.root(), steps...)
		switch {
		case line > 0 && f.at != nil:
			return f.at(keys[n:])
		case line > 0:
			return manifest.Pos{File: f.name, Line: f.skip + line}
		}
	}
	return manifest.Pos{}
}

// lineOf returns the line of a field in a YAML file of the repository, 0 where
// there is none.
func (w *rendering) lineOf(file string, steps ...any) int {
	data, err := w.tree.ReadFile(file)
	if err != nil {
		return 0
	}
	return lineAt(parseNodes(data), steps...)
}

// lineAt returns the line of a field, 0 where there is none. Steps are keys
// (string) and indexes (int).
func lineAt(node *yaml.Node, steps ...any) int {
	line := 0
	for _, s := range steps {
		if node == nil {
			return 0
		}
		var next *yaml.Node
		switch s := s.(type) {
		case string:
			for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == s {
					next, line = node.Content[i+1], node.Content[i].Line
				}
			}
		case int:
			if node.Kind == yaml.SequenceNode && s >= 0 && s < len(node.Content) {
				next = node.Content[s]
				line = next.Line
			}
		}
		if next == nil {
			return 0
		}
		node = next
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
	}
	return line
}
