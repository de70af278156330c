// Package helm renders charts of a repository as "helm template --include-crds"
// does, in process, offline, and tells for every field of every object at which
// template line it was written.
//
// The data come from Helm's own engine. A second render of the same chart, whose
// template lines end in a comment that names them (a mark), gives the lines: line
// i of one render is line i of the other. Where the two renders do not agree, the
// position is that of the file.
//
// It goes on where Helm gives up: charts that are named as dependencies and lie
// in the repository are used without being vendored, and a missing dependency or
// a failing template costs what it would have rendered and nothing else. Each of
// these is a gap.
//
// It does not choose charts or values (package render does), never runs a
// program, reads nothing outside the repository and what was fetched for it, and
// templates never use the network:
// "lookup" finds nothing, and schemas that refer to other files are not followed.
// An endless template cannot be stopped from inside this process.
package helm

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/source"
)

// DefaultKubeVersion is the version of Kubernetes that charts are rendered for.
// Helm's own default, as a library, is v1.20, which many charts refuse.
const DefaultKubeVersion = "1.34.0"

// maxOutput bounds what one chart may render to, in bytes.
const maxOutput = 64 << 20

// Release is one way to render a chart.
type Release struct {
	Dir         string    // chart folder, relative to the repository's root
	Name        string    // release name, "" is Helm's "release-name"
	Namespace   string    // release namespace, "" is "default"
	Values      []Values  // layers of values, later ones win
	Set         []Setting // win over all values
	KubeVersion string    // "" is DefaultKubeVersion
	APIVersions []string  // APIs of the cluster besides those built in
	SkipCRDs    bool      // leave the folder crds/ out
	SkipSchema  bool      // do not check values against schemas
	NoDefaults  bool      // leave the chart's own values.yaml out
}

// Renderer renders charts of one repository. Its methods may be called
// concurrently.
type Renderer struct {
	tree  *source.Tree
	fetch fetch.Folder // of dependencies that lie elsewhere
	// library finds the repository's own charts by name, for dependencies.
	library func() map[string][]localChart
}

// New returns a renderer for the charts of a repository, and for those that folder gets
// from elsewhere.
func New(tree *source.Tree, folder fetch.Folder) *Renderer {
	return &Renderer{
		tree:    tree,
		fetch:   folder,
		library: sync.OnceValue(func() map[string][]localChart { return findCharts(tree) }),
	}
}

// Render renders a chart. The objects are in the order of the chart's files,
// those of crds/ first. What could not be rendered is a gap; a cancelled context
// stops between two steps and is one too.
func (r *Renderer) Render(ctx context.Context, release Release) (objects []*manifest.Object, gaps []manifest.Gap) {
	w := newRendering(r, release)
	w.ctx = ctx
	defer func() {
		if p := recover(); p != nil {
			objects = nil
			w.gap(w.chartFile(), manifest.InternalError, fmt.Sprintf("helm panicked: %v", p))
		}
		gaps = sorted(w.gaps)
	}()
	if !w.prepare() {
		return nil, nil
	}
	docs := w.render(ctx)
	for _, d := range docs {
		objects = append(objects, w.objects(d)...)
	}
	return objects, nil
}

// rendering is the work of one call of Render.
type rendering struct {
	*Renderer
	ctx     context.Context //nolint:containedctx // it lives as long as the call of Render
	release Release
	gaps    []manifest.Gap

	chart  *chart.Chart
	homes  map[*chart.File]home // where each file of the chart was read
	needs  []need               // dependencies that are not vendored
	unpack int64                // bytes that archives may still expand to

	layers []Values       // the values of the release, read
	given  map[string]any // what the release gives in all
	caps   *chartutil.Capabilities
	values *valuesFiles // where values are written
}

// A home is where a file of a chart was read.
type home struct {
	// pos is the file, or, for what lies in an archive, the line that names it.
	pos     manifest.Pos
	archive bool
}

// line is the position of a line of the file.
func (h home) line(n int) manifest.Pos {
	if h.archive {
		return h.pos
	}
	return manifest.Pos{File: h.pos.File, Line: n}
}

func newRendering(r *Renderer, release Release) *rendering {
	release.Dir = path.Clean(release.Dir)
	release.Name = cmp.Or(release.Name, "release-name")
	release.Namespace = cmp.Or(release.Namespace, "default")
	release.KubeVersion = cmp.Or(release.KubeVersion, DefaultKubeVersion)
	return &rendering{
		Renderer: r,
		release:  release,
		homes:    make(map[*chart.File]home),
		unpack:   maxUnpacked,
	}
}

// prepare does what Helm does before it renders: load, resolve dependencies,
// merge values, check. False means that nothing can be rendered.
func (w *rendering) prepare() bool {
	if w.chart = w.load(w.release.Dir); w.chart == nil {
		return false
	}
	if w.release.NoDefaults {
		w.chart.Values = nil
		w.chart.Raw = slices.DeleteFunc(w.chart.Raw, func(f *chart.File) bool { return f.Name == chartutil.ValuesfileName })
	}
	meta := w.chart.Metadata
	if strings.EqualFold(meta.Type, "library") {
		w.note(w.chartFile(), manifest.InvalidChart, fmt.Sprintf("%q is a library chart, which renders nothing by itself", meta.Name))
		return false
	}
	version, err := chartutil.ParseKubeVersion(w.release.KubeVersion)
	if err != nil {
		w.gap(w.chartFile(), manifest.IncompatibleChart, fmt.Sprintf("%q is not a version of Kubernetes: %v", w.release.KubeVersion, err))
		return false
	}
	w.caps = chartutil.DefaultCapabilities.Copy()
	w.caps.KubeVersion = *version
	w.caps.APIVersions = append(slices.Clone(w.caps.APIVersions), w.release.APIVersions...)

	w.resolve(w.chart, w.release.Dir, nil)
	if !w.mergeValues() {
		return false
	}
	if err := chartutil.ProcessDependenciesWithMerge(w.chart, w.given); err != nil {
		w.gap(w.chartFile(), manifest.InvalidValues, oneLine(err.Error()))
		return false
	}
	w.reportNeeds()
	w.values = w.newValuesFiles()
	if r := meta.KubeVersion; r != "" && !chartutil.IsCompatibleRange(r, version.String()) {
		pos := w.chartFile()
		pos.Line = w.lineOf(pos.File, "kubeVersion")
		w.gap(pos, manifest.IncompatibleChart, fmt.Sprintf("the chart requires Kubernetes %q, which %s is not", r, version))
		return false
	}
	return w.release.SkipSchema || w.checkSchemas()
}

// renderValues composes what templates see. Templates can change it, so each
// render has its own.
func (w *rendering) renderValues() (chartutil.Values, error) {
	options := chartutil.ReleaseOptions{
		Name:      w.release.Name,
		Namespace: w.release.Namespace,
		Revision:  1,
		IsInstall: true,
	}
	// Schemas are checked by checkSchemas: Helm would follow their references
	// to the network and to any file of this machine.
	return chartutil.ToRenderValuesWithSchemaValidation(w.chart, w.given, options, w.caps, true)
}

func (w *rendering) chartFile() manifest.Pos {
	return manifest.Pos{File: path.Join(w.release.Dir, "Chart.yaml")}
}

func (w *rendering) gap(pos manifest.Pos, code manifest.Code, reason string) {
	w.gaps = append(w.gaps, manifest.Gap{Pos: pos, Code: code, Reason: reason})
}

func (w *rendering) note(pos manifest.Pos, code manifest.Code, reason string) {
	w.gaps = append(w.gaps, manifest.Gap{Pos: pos, Code: code, Reason: reason, Note: true})
}

// sorted sorts gaps by place and leaves repetitions out.
func sorted(gaps []manifest.Gap) []manifest.Gap {
	slices.SortFunc(gaps, func(a, b manifest.Gap) int {
		return cmp.Or(a.Compare(b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(gaps)
}

// oneLine joins the lines of a message.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
