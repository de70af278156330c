//go:build unix

package render_test

import (
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/render"
)

func TestKustomizeEdit(t *testing.T) {
	if testing.Short() {
		t.Skip("builds hundreds of kustomizations")
	}
	e := editTest{fields: 900, most: 25, bar: 97, edit: editOwnLine}
	// The others would have the stock library ask the network.
	builds := func(kind render.Kind, status string) bool { return kind == render.Kustomize && status == "ok" }
	e.targets = corpusTargets(t, builds, stockBuild)
	e.run(t)
}

// stockBuild builds a kustomization as "kustomize build" does.
func stockBuild(dir string) ([]any, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	var objects []any
	for _, resource := range built.Resources() {
		if resource.GetKind() == "CustomResourceDefinition" {
			continue // most of the text, and never drawn from
		}
		text, err := resource.AsYAML()
		if err != nil {
			return nil, err
		}
		var object any
		if err := yaml.Unmarshal(text, &object); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}
