package kustomize

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	kyaml "sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/helm"
)

// chartDir is where kustomize looks for a chart, relative to the kustomization.
func chartDir(globals *types.HelmGlobals, c types.HelmChart) string {
	home := types.HelmDefaultHome
	if globals != nil && globals.ChartHome != "" {
		home = globals.ChartHome
	}
	if c.Version != "" && c.Repo != "" {
		home = path.Join(home, c.Name+"-"+c.Version)
	}
	return path.Join(home, c.Name)
}

// inflate renders a chart that lies in the repository, and returns the name of
// the resource that stands for its output.
func (r *reading) inflate(k *kustomization, pos manifest.Pos, globals *types.HelmGlobals, c types.HelmChart) (name string, ok bool) {
	at, gap := r.chartAt(k, pos, globals, c)
	if gap != nil {
		return "", r.refuse(gap.Pos, gap.Code, gap.Reason)
	}
	if c.NameTemplate != "" {
		return "", r.refuse(pos, manifest.InvalidValues, fmt.Sprintf("chart %q: the release name is a template", c.Name))
	}
	values, gap := r.chartValues(k, pos, c)
	if gap != nil {
		return "", r.refuse(gap.Pos, gap.Code, gap.Reason)
	}
	objects, gaps := r.charts.Render(r.ctx, helm.Release{
		Dir: at.name, Name: c.ReleaseName, Values: values, SkipCRDs: !c.IncludeCRDs,
		Namespace:   cmp.Or(c.Namespace, k.value.Namespace, r.helmNamespace[k.dir]),
		KubeVersion: cmp.Or(c.KubeVersion, r.kubeVersion()),
		APIVersions: slices.Concat(c.ApiVersions, r.opts.APIVersions, r.input.APIVersions),
	})
	r.gaps = append(r.gaps, gaps...)
	r.refused = r.refused || slices.ContainsFunc(gaps, func(g manifest.Gap) bool { return !g.Note })
	objects = slices.DeleteFunc(objects, func(o *manifest.Object) bool { return skipped(o, c) })
	return r.standIn(k, r.chartFile(k, pos, objects, true)), true
}

// chartAt finds the folder of a chart in the repository, or fetches it.
func (r *reading) chartAt(k *kustomization, pos manifest.Pos, globals *types.HelmGlobals, c types.HelmChart) (resolution, *manifest.Gap) {
	at := r.beside(k, chartDir(globals, c))
	if at.err == nil && at.dir {
		return at, nil
	}
	gap := manifest.Gap{Pos: pos, Code: manifest.MissingDependency, Reason: fmt.Sprintf("chart %q is not in the repository", c.Name)}
	if c.Repo == "" {
		return at, &gap
	}
	dir, err := r.opts.Fetch.Get(r.ctx, fetch.ChartOf(c.Repo, c.Name, c.Version), pos)
	if err != nil {
		gap = fetch.Gap(err, pos, gap.Code, fmt.Sprintf("chart %q from %q is not in the repository", c.Name, c.Repo))
		return at, &gap
	}
	return resolution{name: dir, dir: true}, nil
}

// standIn returns the name of the resource that stands for the output of a chart.
func (r *reading) standIn(k *kustomization, f *file) string {
	name := fmt.Sprintf(".inflated:%d", len(r.inflated))
	r.inflated[path.Join(k.dir, name)] = f
	return name
}

// rendered is the resource that stands for the objects of the input.
func (r *reading) rendered(k *kustomization) string {
	return r.standIn(k, r.chartFile(k, manifest.Pos{File: k.name}, r.input.Objects, false))
}

// chartValues are the values of a chart, in the order in which helm gets them:
// kustomize merges the inline values with the first file only.
func (r *reading) chartValues(k *kustomization, pos manifest.Pos, c types.HelmChart) ([]helm.Values, *manifest.Gap) {
	var files []helm.Values
	read := func(name string) *manifest.Gap {
		at := r.beside(k, name)
		data, err := []byte(nil), at.err
		if err == nil {
			data, err = r.tree.ReadFile(at.name)
		}
		if err != nil {
			gap := unreadable(pos, name, err)
			return &gap
		}
		files = append(files, helm.Values{Name: at.name, Data: data})
		return nil
	}
	if c.ValuesFile != "" && c.ValuesMerge != "replace" {
		if isURL(c.ValuesFile) {
			return nil, &manifest.Gap{Pos: pos, Code: manifest.RemoteReference, Reason: neverFetched(c.ValuesFile)}
		}
		if gap := read(c.ValuesFile); gap != nil {
			return nil, gap
		}
	}
	if len(c.ValuesInline) > 0 {
		data, err := kyaml.Marshal(c.ValuesInline)
		if err != nil {
			return nil, &manifest.Gap{Pos: pos, Code: manifest.InvalidValues, Reason: oneLine(err.Error())}
		}
		inline := helm.Values{Name: k.name, Data: data, Pos: pos, At: func([]string) manifest.Pos { return pos }}
		if c.ValuesMerge == "merge" {
			files = slices.Insert(files, 0, inline) // the file wins
		} else {
			files = append(files, inline)
		}
	}
	for _, name := range c.AdditionalValuesFiles {
		if gap := read(name); gap != nil {
			return nil, gap
		}
	}
	return files, nil
}

// skipped tells whether helm leaves the object out, by --no-hooks or --skip-tests.
func skipped(o *manifest.Object, c types.HelmChart) bool {
	meta, _ := o.Data["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	hook, _ := annotations["helm.sh/hook"].(string)
	return c.SkipHooks && hook != "" || c.SkipTests && strings.HasPrefix(hook, "test")
}

// chartFile is the output of a chart as a file whose marks lead to where the
// chart's objects come from. What kustomize itself inflates keeps its namespace.
func (r *reading) chartFile(k *kustomization, pos manifest.Pos, objects []*manifest.Object, inflated bool) *file {
	f := &file{name: k.name, id: r.newID(), marks: make(map[int]*place)}
	r.byID[f.id] = f
	var text strings.Builder
	for _, o := range objects {
		d := &document{file: f, chart: o}
		node := f.copy(d, o.Data)
		if inflated {
			annotate(node, konfig.HelmGeneratedAnnotation)
		}
		data, err := yaml.Marshal(node)
		if err != nil {
			r.refuse(o.Pos, manifest.InvalidObject, oneLine(err.Error()))
			continue
		}
		f.docs = append(f.docs, d)
		text.WriteString("---\n")
		text.Write(data)
	}
	if len(f.docs) == 0 {
		text.WriteString("# " + pos.String())
	}
	f.text = []byte(text.String())
	return f
}

// copy makes nodes of an object, with a mark for each scalar.
func (f *file) copy(d *document, value any) *yaml.Node {
	var build func(parent *place, key string, index int, value any) (*place, *yaml.Node)
	build = func(parent *place, key string, index int, value any) (*place, *yaml.Node) {
		at, node := &place{doc: d, parent: parent, key: key, index: index}, &yaml.Node{}
		switch v := value.(type) {
		case map[string]any:
			node.Kind = yaml.MappingNode
			for i, name := range slices.Sorted(maps.Keys(v)) {
				item, n := build(at, name, i, v[name])
				at.items = append(at.items, item)
				node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}, n)
			}
		case []any:
			node.Kind = yaml.SequenceNode
			for i, entry := range v {
				item, n := build(at, "", i, entry)
				at.items = append(at.items, item)
				node.Content = append(node.Content, n)
			}
		default:
			scalarNode(node, value)
			if at.text = node.Value; !strings.Contains(at.text, "\n") {
				line := len(f.marks) + 1
				f.marks[line] = at
				node.LineComment = strings.TrimSpace(markSign(f.id, line))
			}
		}
		at.kind = node.Kind
		return at, node
	}
	root, node := build(nil, "", 0, value)
	d.root = root
	return node
}

func scalarNode(node *yaml.Node, value any) {
	node.Kind = yaml.ScalarNode
	switch v := value.(type) {
	case nil:
		node.Tag, node.Value = "!!null", "null"
	case string:
		node.Tag, node.Value = "!!str", v
	case bool:
		node.Tag, node.Value = "!!bool", strconv.FormatBool(v)
	case float64:
		text, _ := json.Marshal(v) // finite, as it comes from JSON or YAML
		node.Tag, node.Value = "!!float", string(text)
		if !strings.ContainsAny(node.Value, ".eE") {
			node.Tag = "!!int"
		}
	default:
		node.Tag, node.Value = "!!int", fmt.Sprint(v)
	}
}

// annotate sets metadata.annotations[name] to "true".
func annotate(object *yaml.Node, name string) {
	node := object
	for _, key := range []string{"metadata", "annotations", name} {
		node = ensure(node, key, key == name)
	}
}

func ensure(node *yaml.Node, key string, leaf bool) *yaml.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key && (leaf || node.Content[i+1].Kind == yaml.MappingNode) {
			return node.Content[i+1]
		} else if node.Content[i].Value == key { // null
			*node.Content[i+1] = yaml.Node{Kind: yaml.MappingNode}
			return node.Content[i+1]
		}
	}
	value := &yaml.Node{Kind: yaml.MappingNode}
	if leaf {
		value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "true", Style: yaml.DoubleQuotedStyle}
	}
	node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
	return value
}

// node makes a YAML node of a place.
func (p *place) node() *yaml.Node {
	n := &yaml.Node{Kind: p.kind, Value: p.text, Style: p.style &^ yaml.TaggedStyle}
	for _, item := range p.items {
		if p.kind == yaml.MappingNode {
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: item.key})
		}
		n.Content = append(n.Content, item.node())
	}
	return n
}
