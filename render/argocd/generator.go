package argocd

import (
	"encoding/json"
	"fmt"
	"maps"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
)

// generator is one generator of an ApplicationSet: one of the fields that are pointers,
// and a selector. Fields of type any ask a live system.
type generator struct {
	List     *listGenerator     `json:"list"`
	Clusters *clusterGenerator  `json:"clusters"`
	Git      *gitGenerator      `json:"git"`
	Matrix   *combinedGenerator `json:"matrix"`
	Merge    *combinedGenerator `json:"merge"`
	Selector *selector          `json:"selector"`

	SCMProvider             any `json:"scmProvider"`
	ClusterDecisionResource any `json:"clusterDecisionResource"`
	PullRequest             any `json:"pullRequest"`
	Plugin                  any `json:"plugin"`
}

type listGenerator struct {
	Elements     []any          `json:"elements"`
	ElementsYAML string         `json:"elementsYaml"`
	Template     map[string]any `json:"template"`
}

type clusterGenerator struct {
	Selector selector          `json:"selector"`
	Values   map[string]string `json:"values"`
	FlatList bool              `json:"flatList"`
	Template map[string]any    `json:"template"`
}

type gitGenerator struct {
	RepoURL             string            `json:"repoURL"`
	Revision            any               `json:"revision"`
	Directories         []gitPath         `json:"directories"`
	Files               []gitPath         `json:"files"`
	RequeueAfterSeconds any               `json:"requeueAfterSeconds"`
	PathParamPrefix     string            `json:"pathParamPrefix"`
	Values              map[string]string `json:"values"`
	Template            map[string]any    `json:"template"`
}

type gitPath struct {
	Path    string `json:"path"`
	Exclude bool   `json:"exclude"`
}

// combinedGenerator is a matrix or merge of generators. They stay as they are written,
// since parameters of the first of a matrix are put into the second.
type combinedGenerator struct {
	Generators []map[string]any `json:"generators"`
	MergeKeys  []string         `json:"mergeKeys"`
	Template   map[string]any   `json:"template"`
}

// generation is the evaluation of the generators of one ApplicationSet.
type generation struct {
	*Repository
	renderer
}

// maxParams bounds how many applications one ApplicationSet makes, and maxDepth how
// deep generators are nested. Argo CD has three levels.
const (
	maxParams = 5_000
	maxDepth  = 3
)

// params evaluates a generator as it is written. The parameters of another generator
// are put into its texts first.
func (g *generation) params(written, outer map[string]any, depth int) (list []map[string]any, kind string, err error) {
	if depth > maxDepth {
		return nil, "", &fault{manifest.InvalidObject, "generators are nested too deeply"}
	}
	if len(outer) > 0 {
		if written, err = g.interpolate(written, outer); err != nil {
			return nil, "", &fault{manifest.TemplateFailed, err.Error()}
		}
	}
	var spec generator
	if err := remarshal(written, &spec); err != nil {
		return nil, "", &fault{manifest.InvalidObject, err.Error()}
	}
	switch {
	case spec.List != nil:
		kind = "list"
		list, err = g.list(spec.List)
	case spec.Clusters != nil:
		kind = "clusters"
		list, err = g.clusters(spec.Clusters)
	case spec.Git != nil:
		kind = "git"
		list, err = g.git(spec.Git)
	case spec.Matrix != nil:
		kind = "matrix"
		list, err = g.matrix(spec.Matrix, depth)
	case spec.Merge != nil:
		kind = "merge"
		list, err = g.merge(spec.Merge, depth)
	default:
		return nil, "", g.live(written)
	}
	// A fault may leave a part of the list: the cluster of Argo CD itself is always known.
	kept, selected := list[:0:0], error(nil)
	for _, p := range list {
		var ok bool
		if ok, selected = spec.Selector.matches(flatten(p)); ok {
			kept = append(kept, p)
		}
		if selected != nil {
			return nil, kind, &fault{manifest.InvalidObject, selected.Error()}
		}
	}
	if len(kept) > maxParams {
		return nil, kind, &fault{manifest.LimitExceeded, fmt.Sprintf("the generator makes more than %d applications", maxParams)}
	}
	return kept, kind, err
}

// live is the fault of a generator that asks a live system, or of none.
func (g *generation) live(written map[string]any) error {
	for kind, asks := range map[string]string{
		"scmProvider": "the repositories of an SCM provider", "pullRequest": "open pull requests",
		"plugin": "a plugin", "clusterDecisionResource": "the status of a placement decision",
	} {
		if written[kind] != nil {
			return &fault{manifest.LiveGenerator, fmt.Sprintf("generator %q asks for %s", kind, asks)}
		}
	}
	return &fault{manifest.InvalidObject, "a generator of no known kind"}
}

func remarshal(value, into any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// interpolate puts the parameters of another generator into the texts of one. Its
// "values" may also use the generator's own parameters: what is missing stays.
func (g *generation) interpolate(written, params map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(written))
	for key, value := range written {
		rendered, err := g.interpolateValue(key, value, params)
		if err != nil {
			return nil, err
		}
		out[key] = rendered
	}
	return out, nil
}

func (g *generation) interpolateValue(key string, value any, params map[string]any) (any, error) {
	m, isMap := value.(map[string]any)
	switch {
	case isMap && key == "values" && g.goTemplate:
		strict := renderer{goTemplate: true, options: []string{"missingkey=error"}, run: g.run}
		values := make(map[string]any, len(m))
		for k, v := range m {
			rendered, err := strict.all(v, params)
			if err != nil {
				rendered = v
			}
			values[k] = rendered
		}
		return values, nil
	case isMap:
		return g.interpolate(m, params)
	default:
		return g.all(value, params)
	}
}

func (g *generation) list(spec *listGenerator) ([]map[string]any, error) {
	var list []map[string]any
	for i, element := range spec.Elements {
		values, ok := element.(map[string]any)
		if !ok {
			return nil, &fault{manifest.InvalidObject, fmt.Sprintf("element %d is no mapping", i)}
		}
		if !g.goTemplate {
			params, err := texts(values)
			if err != nil {
				return nil, &fault{manifest.InvalidObject, fmt.Sprintf("element %d: %v", i, err)}
			}
			values = params
		}
		list = append(list, values)
	}
	if spec.ElementsYAML != "" {
		var more []map[string]any
		if err := sigsyaml.Unmarshal([]byte(spec.ElementsYAML), &more); err != nil {
			return nil, &fault{manifest.InvalidObject, "elementsYaml: " + oneLine(err.Error())}
		}
		list = append(list, more...)
	}
	return list, nil
}

// texts are the parameters of a list's element without Go templates: strings, and those
// of "values" under names of their own.
func texts(element map[string]any) (map[string]any, error) {
	params := make(map[string]any)
	for key, value := range element {
		if inner, ok := value.(map[string]any); ok && key == "values" {
			for k, v := range inner {
				if _, ok := v.(string); !ok {
					return nil, fmt.Errorf("%q is no string", "values."+k)
				}
				params["values."+k] = v
			}
			continue
		}
		if _, ok := value.(string); !ok {
			return nil, fmt.Errorf("%q is no string", key)
		}
		params[key] = value
	}
	return params, nil
}

func (g *generation) clusters(spec *clusterGenerator) ([]map[string]any, error) {
	var list []map[string]any
	local := spec.Selector.empty()
	add := func(params map[string]any) error {
		if err := g.addValues(spec.Values, params); err != nil {
			return &fault{manifest.TemplateFailed, err.Error()}
		}
		list = append(list, params)
		return nil
	}
	for _, c := range g.Clusters {
		ok, err := spec.Selector.matches(c.Labels)
		if err != nil {
			return nil, &fault{manifest.InvalidObject, err.Error()}
		}
		if !ok {
			continue
		}
		local = local && !(Destination{Server: c.Server}).Local()
		if err := add(g.clusterParams(c)); err != nil {
			return nil, err
		}
	}
	if local {
		// It has no Secret, so that there are no labels and annotations.
		params := map[string]any{"name": LocalName, "nameNormalized": LocalName, "server": InCluster, "project": ""}
		if err := add(params); err != nil {
			return nil, err
		}
	}
	if spec.FlatList {
		items := make([]any, len(list))
		for i, params := range list {
			items[i] = params
		}
		list = []map[string]any{{"clusters": items}}
	}
	if len(g.Clusters) == 0 {
		return list, &fault{manifest.UnknownClusters, "the generator takes the clusters that Argo CD knows, and none is named in the configuration (clusters) or in a cluster Secret of the repository"}
	}
	return list, nil
}

func (g *generation) clusterParams(c Cluster) map[string]any {
	params := map[string]any{"name": c.Name, "nameNormalized": normalize(c.Name), "server": c.Server, "project": c.Project}
	if g.goTemplate {
		metadata := make(map[string]any)
		if len(c.Annotations) > 0 {
			metadata["annotations"] = maps.Clone(c.Annotations) // merging writes into it
		}
		if len(c.Labels) > 0 {
			metadata["labels"] = maps.Clone(c.Labels)
		}
		params["metadata"] = metadata
		return params
	}
	for key, value := range c.Annotations {
		params["metadata.annotations."+key] = value
	}
	for key, value := range c.Labels {
		params["metadata.labels."+key] = value
	}
	return params
}
