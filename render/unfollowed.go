package render

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/argocd"
	"github.com/ringfence/ringfence/render/flux"
)

// unfollowed names the objects of a target by which Argo CD and Flux apply
// something else, and that were not followed: a chart that they install is not
// seen, and what they set for a folder of this repository is not known. What is true
// of the others was said where they were followed.
func unfollowed(result *Result) []Gap {
	var gaps []Gap
	for _, o := range result.Objects {
		switch {
		case result.followed && (argocd.IsApplication(o) || argocd.IsApplicationSet(o)):
		case result.reconciled && slices.Contains(flux.Groups, o.Group):
		case installsChart(o):
			gaps = append(gaps, Gap{
				Pos: o.At("spec").Pos, Code: manifest.NotFollowed,
				Reason: fmt.Sprintf("%s %q installs a chart that is not rendered", o.Kind, o.Name),
			})
		case appliesFolder(o):
			gaps = append(gaps, Gap{
				Pos: o.At("spec").Pos, Code: manifest.NotFollowed, Note: true,
				Reason: fmt.Sprintf("%s %q is not followed: what it sets for what it applies is not known", o.Kind, o.Name),
			})
		}
	}
	return gaps
}

func installsChart(o *manifest.Object) bool {
	switch o.Group + "/" + o.Kind {
	case "helm.toolkit.fluxcd.io/HelmRelease", "helm.cattle.io/HelmChart":
		return true
	case "argoproj.io/Application":
		spec, _ := o.Data["spec"].(map[string]any)
		sources, _ := spec["sources"].([]any)
		for _, source := range append(sources, spec["source"]) {
			if s, _ := source.(map[string]any); s["chart"] != nil {
				return true
			}
		}
	}
	return false
}

func appliesFolder(o *manifest.Object) bool {
	switch o.Group + "/" + o.Kind {
	case "argoproj.io/Application", "argoproj.io/ApplicationSet", "kustomize.toolkit.fluxcd.io/Kustomization":
		return true
	default:
		return false
	}
}
