package helm

import (
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/render/source"
)

// IsLibrary tells whether the chart in dir is a library, which Helm refuses to
// install on its own. A chart that cannot be read is none: rendering it says why.
func IsLibrary(tree *source.Tree, dir string) bool { return metadata(tree, dir).Type == "library" }

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
