package argocd

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/helm"
)

// helmOptions are the options of a chart. Fields of type any do not change what is
// rendered here: Argo CD never runs a chart's tests.
type helmOptions struct {
	ReleaseName             string          `json:"releaseName"`
	Namespace               string          `json:"namespace"`
	ValueFiles              []string        `json:"valueFiles"`
	IgnoreMissingValueFiles bool            `json:"ignoreMissingValueFiles"`
	Values                  string          `json:"values"`
	ValuesObject            any             `json:"valuesObject"`
	Parameters              []parameter     `json:"parameters"`
	FileParameters          []fileParameter `json:"fileParameters"`
	SkipCRDs                bool            `json:"skipCrds"`
	SkipSchemaValidation    bool            `json:"skipSchemaValidation"`
	SkipTests               any             `json:"skipTests"`
	KubeVersion             string          `json:"kubeVersion"`
	APIVersions             []string        `json:"apiVersions"`
	Version                 any             `json:"version"`
	PassCredentials         any             `json:"passCredentials"`
}

type parameter struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	ForceString bool   `json:"forceString"`
}

type fileParameter struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// Release is how Argo CD renders the chart in dir.
func (a *Application) Release(i int, repo *Repository, dir string) (helm.Release, []manifest.Gap) {
	s := a.Sources[i]
	release := helm.Release{Dir: dir, Name: a.Name, Namespace: a.Destination.Namespace}
	o := s.Helm
	if o == nil {
		return release, nil
	}
	release.Name = cmp.Or(o.ReleaseName, release.Name)
	release.Namespace = cmp.Or(o.Namespace, release.Namespace)
	release.SkipCRDs, release.SkipSchema = o.SkipCRDs, o.SkipSchemaValidation
	release.KubeVersion, release.APIVersions = o.KubeVersion, o.APIVersions
	b := releaseBuilder{Application: a, index: i, source: s, options: o, repo: repo, dir: dir}
	release.Values = append(b.valueFiles(), b.inline()...)
	release.Set = b.settings()
	return release, b.gaps
}

type releaseBuilder struct {
	*Application
	index   int
	source  Source
	options *helmOptions
	repo    *Repository
	dir     string // of the chart
	gaps    []manifest.Gap
}

func (b *releaseBuilder) at(path ...any) manifest.Origin {
	return b.sourceAt(b.index, append([]any{"helm"}, path...)...)
}

func (b *releaseBuilder) gap(pos manifest.Pos, code manifest.Code, reason string) {
	b.gaps = append(b.gaps, manifest.Gap{Pos: pos, Code: code, Reason: reason})
}

// valueFiles are the values files in their order. A file that a pattern matches and
// that is listed by its name as well counts where it is listed.
func (b *releaseBuilder) valueFiles() []helm.Values {
	var layers []helm.Values
	add := func(name string, i int) {
		if !slices.ContainsFunc(layers, func(l helm.Values) bool { return l.Name == name }) {
			layers = append(layers, helm.Values{Name: name, Pos: b.at("valueFiles", i).Pos})
		}
	}
	names := make([]string, len(b.options.ValueFiles))
	for i, text := range b.options.ValueFiles {
		names[i] = b.resolve(text, b.at("valueFiles", i).Pos)
	}
	for i, name := range names {
		switch {
		case name == "":
		case strings.ContainsAny(name, "*?["):
			found := false
			for _, file := range b.repo.listed().files {
				if config.Glob(name).Match(file) {
					found = true
					if !slices.Contains(names, file) {
						add(file, i)
					}
				}
			}
			if !found && !b.options.IgnoreMissingValueFiles {
				b.gap(b.at("valueFiles", i).Pos, manifest.MissingFile, fmt.Sprintf("no values file matches %q", name))
			}
		case !b.options.IgnoreMissingValueFiles || b.repo.Tree.Exists(name):
			add(name, i)
		}
	}
	return layers
}

// resolve returns the name in the repository of a file that a source names, "" where
// it has none: relative to the chart, from the root where it begins with a slash, or in
// the source that "$ref" names.
func (b *releaseBuilder) resolve(text string, pos manifest.Pos) string {
	base, root := b.dir, cmp.Or(b.repo.Tree.MountOf(b.dir), ".")
	ref, rest, _ := strings.Cut(text, "/")
	i := slices.IndexFunc(b.Sources, func(s Source) bool { return s.Ref != "" && ref == "$"+s.Ref })
	if i >= 0 {
		root = "."
		if s := b.Sources[i]; !b.repo.Own(s.RepoURL) {
			dir, err := b.repo.fetched(s.Elsewhere(), pos)
			if err != nil {
				b.gaps = append(b.gaps, fetch.Gap(err, pos, manifest.RemoteSource, fmt.Sprintf("%q lies in another repository, %s", text, s.RepoURL)))
				return ""
			}
			root = dir
		}
		text = "/" + rest
	}
	text = os.Expand(text, func(name string) string { return b.env(b.source, name) })
	if u, err := url.Parse(text); err == nil && u.Scheme != "" {
		b.gap(pos, manifest.RemoteReference, fetch.Never(fmt.Sprintf("%q would need the network", text)))
		return ""
	}
	if path.IsAbs(text) {
		base = root
	}
	name := path.Join(base, text)
	if name == ".." || strings.HasPrefix(name, "../") || b.repo.Tree.MountOf(name) != b.repo.Tree.MountOf(root) {
		b.gap(pos, manifest.OutsideRepository, fmt.Sprintf("%q leaves the repository", text))
		return ""
	}
	return name
}

// inline are the values in the object itself. Where there is a valuesObject, Argo CD
// does not look at values.
func (b *releaseBuilder) inline() []helm.Values {
	if b.options.ValuesObject != nil {
		data, err := json.Marshal(b.options.ValuesObject)
		origin := b.at("valuesObject")
		if err != nil {
			b.gap(origin.Pos, manifest.InvalidValues, oneLine(err.Error()))
			return nil
		}
		return []helm.Values{{Name: origin.File, Data: data, Pos: origin.Pos, At: func(keys []string) manifest.Pos {
			path := []any{"valuesObject"}
			for _, key := range keys {
				path = append(path, key)
			}
			return b.at(path...).Pos
		}}}
	}
	if strings.TrimSpace(b.options.Values) == "" {
		return nil
	}
	origin := b.at("values")
	layer := helm.Values{Name: origin.File, Data: []byte(b.options.Values), Pos: origin.Pos, Skip: origin.Line}
	if !b.repo.holds(origin.Pos, b.options.Values) {
		layer.Skip, layer.At = 0, func([]string) manifest.Pos { return origin.Pos }
	}
	return []helm.Values{layer}
}

// settings are the parameters. Of two with one name the later counts.
func (b *releaseBuilder) settings() []helm.Setting {
	var settings []helm.Setting
	for i, p := range b.options.Parameters {
		if slices.ContainsFunc(b.options.Parameters[i+1:], func(q parameter) bool { return q.Name == p.Name && q.ForceString == p.ForceString }) {
			continue
		}
		value := escapeCommas(os.Expand(p.Value, func(name string) string { return b.env(b.source, name) }))
		setting := helm.Setting{Expression: p.Name + "=" + value, Pos: b.at("parameters", i).Pos}
		if p.ForceString {
			setting.Form = helm.Text
		}
		settings = append(settings, setting)
	}
	for i, p := range b.options.FileParameters {
		pos := b.at("fileParameters", i).Pos
		if name := b.resolve(p.Path, pos); name != "" {
			settings = append(settings, helm.Setting{Expression: p.Name + "=" + escapeCommas(name), Form: helm.File, Pos: pos})
		}
	}
	return settings
}

// escapeCommas escapes the commas of a value, which would separate settings, except
// those of a list in braces and those that are escaped already.
func escapeCommas(value string) string {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		if value[i] == ',' && (i == 0 || value[i-1] != '\\') {
			b.WriteByte('\\')
		}
		b.WriteByte(value[i])
	}
	return b.String()
}
