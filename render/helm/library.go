package helm

import (
	"path"

	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/render/source"
)

// IsLibrary tells whether the chart in dir is a library, which Helm refuses to
// install on its own. A chart that cannot be read is none: rendering it says why.
func IsLibrary(tree *source.Tree, dir string) bool {
	data, err := tree.ReadFile(path.Join(dir, "Chart.yaml"))
	if err != nil {
		return false
	}
	var meta chart.Metadata
	return yaml.Unmarshal(data, &meta) == nil && meta.Type == "library"
}
