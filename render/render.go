// Package render finds what GitOps would apply in a repository and renders it,
// saying what it could not.
//
// Find discovers the targets, a Renderer renders them, and Group puts the
// results that go to one cluster into one environment. The libraries stay in the
// rooms below: render/kustomize, render/helm and, for the files themselves,
// render/source. Package render judges nothing: findings are made elsewhere.
package render

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/flux"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/kustomize"
)

// Gap is a part of the repository that could not be seen.
type Gap = manifest.Gap

// Kind says by what a target is rendered.
type Kind string

// The kinds of targets.
const (
	Kustomize Kind = "kustomize"
	Helm      Kind = "helm"
	Plain     Kind = "plain"
	Stream    Kind = "stream" // rendered YAML on standard input
	Unseen    Kind = "unseen" // named by an object of Argo CD or Flux, but not to be seen here
)

// A Target is one thing that GitOps applies.
type Target struct {
	Name string // unique within the repository
	Kind Kind
	Dir  string       // relative to the repository root
	Pos  manifest.Pos // what makes Dir a target: kustomization, Chart.yaml, first manifest

	Envs []string // environments that it belongs to; none: one of its own
	Why  string   // where Envs come from
	// Scope groups targets without Envs: those with the same scope go to the
	// same cluster, and their objects without a namespace to the same namespace.
	Scope string

	Namespace string // where objects go that do not say; empty: not known

	// Files are, relative to the repository root, the manifests of a plain target, or
	// what a kustomization lists that is generated for a folder without one.
	Files []string
	// Overlays are what Argo CD or Flux change: the first edits a kustomization, those
	// that follow, and all of a chart's, change what was rendered.
	Overlays []*kustomize.Overlay
	// Namespaces are created with the target where no object declares them.
	Namespaces []*manifest.Object
	// Unrestricted lets kustomizations use files above their folder, as Flux does.
	Unrestricted bool
	Variables    *flux.Variables // Flux replaces them after the overlays; nil for none
	Metadata     *flux.Metadata  // Flux sets it in the end; nil for none
	// Gaps are known before the target is rendered.
	Gaps []Gap

	KubeVersion string // for charts
	APIVersions []string

	// Charts only.
	Release          string
	ReleaseNamespace string        // what the chart gets to see; empty: Namespace
	Values           []helm.Values // in order
	Set              []helm.Setting
	SkipCRDs         bool
	SkipSchema       bool // values are not checked
	NoDefaults       bool // the chart's own values.yaml is left out

	application string   // the name of the object that makes the target, "" for none
	others      []string // reasons of other Applications that make the same target
	configured  bool     // declared by the configuration
	followed    bool     // the Applications among its objects have been followed
	reconciled  bool     // the objects of Flux among its objects have been followed
}

// Result is what a target rendered to.
type Result struct {
	Target
	Objects []*manifest.Object
	Gaps    []Gap
	// Unseen are the policies in the files of a target that does not render, as they
	// are written there.
	Unseen []*manifest.Object
}

// Complete tells whether nothing of the target is missing.
func (r *Result) Complete() bool {
	return !slices.ContainsFunc(r.Gaps, func(g Gap) bool { return !g.Note })
}

func compareTargets(a, b Target) int {
	return cmp.Or(cmp.Compare(a.Dir, b.Dir), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}
