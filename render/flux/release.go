package flux

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	fluxkustomize "github.com/fluxcd/pkg/apis/kustomize"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/helm"
)

// A Release installs a chart.
type Release struct {
	*manifest.Object
	spec   helmv2.HelmReleaseSpec
	legacy legacySpec
}

// legacySpec is what versions before v2 had besides.
type legacySpec struct {
	Chart struct {
		Spec struct {
			ValuesFile string `json:"valuesFile"`
		} `json:"spec"`
	} `json:"chart"`
	PostRenderers []struct {
		Kustomize *struct {
			PatchesStrategicMerge []map[string]any              `json:"patchesStrategicMerge"`
			PatchesJSON6902       []fluxkustomize.JSON6902Patch `json:"patchesJson6902"`
		} `json:"kustomize"`
	} `json:"postRenderers"`
}

func (c *Cluster) readRelease(o *manifest.Object) {
	r := &Release{Object: o}
	if o.Kind != "HelmRelease" || !c.decode(o, &r.spec, "valuesFile", "patchesStrategicMerge", "patchesJson6902") {
		return
	}
	c.Releases = append(c.Releases, r)
	if data, err := json.Marshal(o.Data["spec"]); err == nil {
		_ = json.Unmarshal(data, &r.legacy) // what it has of another type is no field of an older version
	}
}

// TargetNamespace is where the release goes.
func (r *Release) TargetNamespace() string { return cmp.Or(r.spec.TargetNamespace, r.Namespace) }

// ReleaseName is the release's name: its own, or "[targetNamespace-]name", which
// Flux shortens to Helm's 53 characters.
func (r *Release) ReleaseName() string {
	full := r.Name
	if r.spec.TargetNamespace != "" {
		full = r.spec.TargetNamespace + "-" + r.Name
	}
	if full = cmp.Or(r.spec.ReleaseName, full); len(full) <= 53 {
		return full
	}
	return fmt.Sprintf("%s-%x", full[:40], sha256.Sum256([]byte(full)))[:53]
}

// SkipCRDs tells whether the folder crds/ of the chart is left out.
func (r *Release) SkipCRDs() bool {
	install := r.spec.Install
	return install != nil && (install.CRDs == helmv2.Skip || install.CRDs == "" && install.SkipCRDs)
}

// SkipSchema tells whether values are not checked against the chart's schema.
func (r *Release) SkipSchema() bool {
	install := r.spec.Install
	return install != nil && install.DisableSchemaValidation
}

// Suspended tells whether Flux leaves the release as it is.
func (r *Release) Suspended() bool { return r.spec.Suspend }

// RemoteCluster names the cluster that the release goes to, empty for the one that
// it is in itself.
func (r *Release) RemoteCluster() string { return remoteCluster(r.spec.KubeConfig) }

// A Chart is the chart of a release, in the repository or fetched.
type Chart struct {
	Place
	Values []helm.Values // files that take the place of the chart's values.yaml; none: it stays
}

// Chart finds the chart that a release installs. The gap tells why there is none.
func (c *Cluster) Chart(r *Release) (Chart, *manifest.Gap) {
	ref, file, spec, pos := c.chartOf(r)
	refuse := func(code manifest.Code, format string, args ...any) (Chart, *manifest.Gap) {
		return Chart{}, &manifest.Gap{Pos: pos, Code: code, Reason: name(r.Object) + " " + fmt.Sprintf(format, args...)}
	}
	ref.named = pos
	switch ref.kind {
	case "":
		return refuse(manifest.InvalidObject, "names no chart")
	case "HelmChart":
		return refuse(manifest.RemoteChart, "installs a chart by %s, which is not declared", ref)
	case "HelmRepository", "OCIRepository":
		if _, ok := c.source(ref); !ok {
			return refuse(manifest.RemoteChart, "installs %s, which is not declared", c.describe(ref, file, spec.Version))
		}
		dir, err := c.packed(ref, file, spec.Version)
		if err != nil {
			gap := fetch.Gap(err, pos, manifest.RemoteChart,
				fmt.Sprintf("%s installs %s, which is not in the repository", name(r.Object), c.describe(ref, strings.TrimPrefix(file, "."), spec.Version)))
			return Chart{}, &gap
		}
		return c.withValues(r, Chart{Place: Place{Dir: dir}}, spec, pos, func(file string) (string, bool) {
			file = path.Join(dir, clean(file))
			return file, c.repo.Exists(file)
		})
	}
	place, gap := c.locate(ref, file, c.repo.IsDir)
	if gap != nil {
		return refuse(gap.Code, "installs a chart that is not rendered: %s", gap.Reason)
	}
	return c.withValues(r, Chart{Place: place}, spec, pos, func(file string) (string, bool) {
		at, gap := c.locate(ref, file, c.repo.Exists)
		return at.Dir, gap == nil
	})
}

// packed fetches the packed chart of a HelmRepository or OCIRepository that is declared.
func (c *Cluster) packed(ref sourceRef, chart, version string) (dir string, err error) {
	s, _ := c.source(ref)
	elsewhere := fetch.Ref{Kind: fetch.Chart, URL: s.url, Version: s.ref}
	if ref.kind == "HelmRepository" {
		elsewhere = fetch.ChartOf(s.url, chart, version)
	}
	elsewhere.PlainHTTP = s.insecure
	return c.repo.Fetch.Get(c.ctx, elsewhere, ref.named)
}

// withValues adds the values files of the chart's source, which find finds.
func (c *Cluster) withValues(
	r *Release, chart Chart, spec helmv2.HelmChartTemplateSpec, pos manifest.Pos, find func(file string) (name string, ok bool),
) (Chart, *manifest.Gap) {
	for _, values := range append(slices.Clone(spec.ValuesFiles), r.oldValuesFile()...) {
		file, ok := find(values)
		switch {
		case ok:
			chart.Values = append(chart.Values, helm.Values{Name: file, Pos: pos})
		case !spec.IgnoreMissingValuesFiles:
			return Chart{}, &manifest.Gap{
				Pos: pos, Code: manifest.MissingFile,
				Reason: fmt.Sprintf("%s gives its chart the values file %q, which does not exist", name(r.Object), values),
			}
		}
	}
	return chart, nil
}

// oldValuesFile is the one values file of v2beta1, which comes after the others.
func (r *Release) oldValuesFile() []string {
	if name := r.legacy.Chart.Spec.ValuesFile; name != "" {
		return []string{name}
	}
	return nil
}

// describe names a chart and where it comes from.
func (c *Cluster) describe(ref sourceRef, chart, version string) string {
	text := "the chart"
	if chart != "" {
		text = fmt.Sprintf("chart %q", chart)
	}
	if version != "" {
		text += fmt.Sprintf(" version %q", version)
	}
	if s, ok := c.source(ref); ok {
		return text + " of " + s.describe()
	}
	return text + " of " + ref.String()
}

// chartOf returns the source of a release's chart, the chart in it, what its spec
// says of values files, and the line that names it.
func (c *Cluster) chartOf(r *Release) (ref sourceRef, file string, spec helmv2.HelmChartTemplateSpec, pos manifest.Pos) {
	if t := r.spec.Chart; t != nil {
		s := t.Spec.SourceRef
		ref = sourceRef{kind: cmp.Or(s.Kind, "HelmRepository"), name: s.Name, namespace: cmp.Or(s.Namespace, r.Namespace)}
		return ref, t.Spec.Chart, t.Spec, r.At("spec", "chart", "spec", "chart").Pos
	}
	pos = r.At("spec", "chartRef").Pos
	if r.spec.ChartRef == nil {
		return sourceRef{}, "", spec, r.At("spec").Pos
	}
	ref = sourceRef{kind: r.spec.ChartRef.Kind, name: r.spec.ChartRef.Name, namespace: cmp.Or(r.spec.ChartRef.Namespace, r.Namespace)}
	if s, ok := c.source(ref); ok && s.chart != nil {
		spec.ValuesFiles, spec.IgnoreMissingValuesFiles, spec.Version = s.chart.ValuesFiles, s.chart.IgnoreMissingValuesFiles, s.chart.Version
		return sourceRef{kind: s.chart.SourceRef.Kind, name: s.chart.SourceRef.Name, namespace: s.Namespace}, s.chart.Chart, spec, pos
	}
	return ref, ".", spec, pos
}
