package helm

import (
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/render/source"
)

// IsLibrary tells whether the chart in dir is a library, which Helm refuses to
// install on its own. A chart that cannot be read is none: rendering it says why.
func IsLibrary(tree *source.Tree, dir string) bool { return metadata(tree, dir).Type == "library" }

// IsStarter tells whether the chart in dir is one that "helm create --starter" copies, in
// which the name stands for that of the chart to be. Nobody installs it.
// See https://helm.sh/docs/topics/charts/#chart-starter-packs.
func IsStarter(tree *source.Tree, dir string) bool {
	return strings.Contains(metadata(tree, dir).Name, "<CHARTNAME>")
}

// LocalDependencies returns the folders that the chart in dir names as
// dependencies with "file://", relative to the repository's root.
func LocalDependencies(tree *source.Tree, dir string) []string {
	var dirs []string
	for _, d := range metadata(tree, dir).Dependencies {
		if name, local := strings.CutPrefix(d.Repository, "file://"); local {
			dirs = append(dirs, path.Join(dir, name))
		}
	}
	return dirs
}

// metadata reads Chart.yaml; it is empty where that cannot be read.
func metadata(tree *source.Tree, dir string) chart.Metadata {
	var meta chart.Metadata
	if data, err := tree.ReadFile(path.Join(dir, "Chart.yaml")); err == nil {
		_ = yaml.Unmarshal(data, &meta)
	}
	return meta
}

// Vendored returns the folder of the repository's only chart of that name whose version
// is in a range, where an empty range allows all.
func (r *Renderer) Vendored(name, versions string) (string, bool) {
	var dirs []string
	for _, c := range r.library()[name] {
		if c.satisfies(&chart.Dependency{Name: name, Version: versions}) {
			dirs = append(dirs, c.dir)
		}
	}
	if len(dirs) != 1 {
		return "", false
	}
	return dirs[0], true
}

// Inputs returns the folders of charts that decide what the chart in dir renders to: its own,
// and those of the charts that it depends on and that are not in its charts/. Where it depends
// on one by its name, open is true: another chart of the repository may get that name.
func (r *Renderer) Inputs(dir string) (dirs []string, open bool) {
	seen := map[string]bool{}
	var visit func(dir string)
	visit = func(dir string) {
		if seen[dir] {
			return
		}
		seen[dir] = true
		dirs = append(dirs, dir)
		for _, d := range r.dependencies(dir) {
			if local, found := strings.CutPrefix(d.Repository, "file://"); found {
				visit(path.Join(dir, local))
			} else if metadata(r.tree, path.Join(dir, "charts", d.Name)).Name != d.Name { // what an archive holds is not looked at
				open = true
				for _, c := range r.library()[d.Name] {
					visit(c.dir)
				}
			}
		}
	}
	visit(path.Clean(dir))
	return dirs, open
}

// dependencies lists what a chart names as dependencies, also in the way of Helm 2.
func (r *Renderer) dependencies(dir string) []*chart.Dependency {
	all := metadata(r.tree, dir).Dependencies
	if data, err := r.tree.ReadFile(path.Join(dir, "requirements.yaml")); err == nil {
		var requirements struct {
			Dependencies []*chart.Dependency `json:"dependencies"`
		}
		_ = yaml.Unmarshal(data, &requirements) // rendering says what is wrong with it
		all = append(all, requirements.Dependencies...)
	}
	return slices.DeleteFunc(all, func(d *chart.Dependency) bool { return d == nil })
}
