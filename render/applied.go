package render

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/argocd"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
)

// plan makes a target of each source of an Application that a holder declares; without
// a holder its environments are not known.
func (r *resolution) plan(app argocd.Application, holder *Target) []Target {
	var targets []Target
	for i, s := range app.Sources {
		if s.Ref != "" && s.Path == "" && s.Chart == "" {
			continue // only there for the values files of others
		}
		t := r.planSource(app, i)
		t.application = app.Name
		if len(targets) == 0 {
			t.Gaps = append(t.Gaps, app.Gaps...)
			if ns := createdNamespace(app); ns != nil {
				t.Namespaces = []*manifest.Object{ns}
			}
		}
		if holder != nil {
			r.address(&t, app, holder)
		}
		targets = append(targets, t)
	}
	if len(targets) == 0 && len(app.Gaps) > 0 {
		t := unseen(app, app.Pos, app.Gaps...)
		t.application = app.Name
		if holder != nil {
			r.address(&t, app, holder)
		}
		targets = append(targets, t)
	}
	return targets
}

// address says where a target of an Application goes.
func (r *resolution) address(t *Target, app argocd.Application, holder *Target) {
	t.Envs = r.clusterOf(app.Destination, holder)
	t.Why = fmt.Sprintf("%s, %s", &app, manifest.Pos{File: t.Pos.File, Line: t.Pos.Line})
	if r.assumed != "" && t.Kind != Unseen {
		t.Why += fmt.Sprintf(" (assuming that this is %s)", r.assumed)
	}
	if r.opts.Config != nil && t.Kind != Unseen {
		t.claim(r.opts.Config)
	}
}

// clusterOf returns the environments that a destination stands for: the cluster that it
// names, or, for the cluster of Argo CD, those of what declares the Application.
func (r *resolution) clusterOf(d argocd.Destination, holder *Target) []string {
	if d.Local() || d.Name == "" && d.Server == "" {
		return slices.Clone(environmentNames(*holder))
	}
	if d.Name != "" {
		return []string{d.Name}
	}
	server := strings.TrimSuffix(d.Server, "/")
	for _, c := range r.repo.Clusters {
		if strings.TrimSuffix(c.Server, "/") == server {
			return []string{c.Name}
		}
	}
	return []string{strings.TrimPrefix(strings.TrimPrefix(server, "https://"), "http://")}
}

// unseen is the target of what an Application applies and nobody can see here.
func unseen(app argocd.Application, pos manifest.Pos, gaps ...Gap) Target {
	return Target{
		Name: "Application " + app.Name, Kind: Unseen, Dir: path.Dir(pos.File), Scope: "Application " + app.Name, Pos: pos, Gaps: gaps,
		Namespace: app.Destination.Namespace,
	}
}

// planSource makes the target of one source.
func (r *resolution) planSource(app argocd.Application, i int) Target {
	s, pos := app.Sources[i], app.SourcePos(i)
	gone := func(code manifest.Code, reason string, args ...any) Target {
		return unseen(app, pos, Gap{Pos: pos, Code: code, Reason: fmt.Sprintf("%s: ", &app) + fmt.Sprintf(reason, args...)})
	}
	dir := path.Clean(strings.TrimPrefix(s.Path, "/"))
	switch {
	case app.Unresolved:
		return unseen(app, pos)
	case s.Plugin != nil:
		return gone(manifest.PluginRefused, "a config management plugin makes its manifests")
	case manifest.Placeholder(s.RepoURL) != "":
		return gone(manifest.UnknownValue, "its source %s has a variable, of which nothing tells what replaces it", s.RepoURL)
	case s.Chart != "":
		vendored, ok := r.charts.Vendored(s.Chart, s.TargetRevision)
		if !ok {
			fetched, err := r.folder.Get(r.ctx, s.Elsewhere(), pos)
			if err != nil {
				return unseen(app, pos, fetch.Gap(err, pos, manifest.RemoteSource,
					fmt.Sprintf("%s: chart %q version %q of %s is not in this repository", &app, s.Chart, s.TargetRevision, s.RepoURL)))
			}
			return r.helmTarget(app, i, fetched)
		}
		t := r.helmTarget(app, i, vendored)
		t.note(manifest.Approximated, fmt.Sprintf("%s: the chart in %q is used for chart %q of %s", &app, vendored, s.Chart, s.RepoURL))
		return t
	case s.RepoURL == "":
		return gone(manifest.RemoteSource, "its source names no repository")
	case dir == ".." || strings.HasPrefix(dir, "../"):
		return gone(manifest.OutsideRepository, "%q leaves the repository", s.Path)
	case !r.own(s.RepoURL):
		fetched, err := r.folder.Get(r.ctx, s.Elsewhere(), pos)
		if err != nil {
			reason := fmt.Sprintf("its source lies in another repository, %s", s.RepoURL)
			if len(r.urls) == 0 {
				reason = fmt.Sprintf("nothing says that %s is this repository: it has no git remote, and none is configured (repository)", s.RepoURL)
			}
			return unseen(app, pos, fetch.Gap(err, pos, manifest.RemoteSource, fmt.Sprintf("%s: %s", &app, reason)))
		}
		return r.planFolder(app, i, path.Join(fetched, dir))
	case ignored(r.ignores(), dir):
		t := unseen(app, pos)
		t.note(manifest.NotFollowed, fmt.Sprintf("%s: %q is left out by a %s", &app, s.Path, IgnoreFile))
		return t
	}
	return r.planFolder(app, i, dir)
}

// planFolder makes the target of a source's folder, in this repository or fetched.
func (r *resolution) planFolder(app argocd.Application, i int, dir string) Target {
	s, pos := app.Sources[i], app.SourcePos(i)
	gone := func(reason string) Target {
		return unseen(app, pos, Gap{Pos: pos, Code: manifest.MissingFile, Reason: fmt.Sprintf("%s: ", &app) + fmt.Sprintf(reason, s.Path)})
	}
	var t Target
	_, kustomized := kustomize.FileIn(r.tree, dir)
	isChart := r.tree.Exists(path.Join(dir, "Chart.yaml"))
	switch {
	case !r.tree.IsDir(dir):
		return gone("there is no folder %q")
	case s.Kustomize != nil && !kustomized:
		return gone("%q has no kustomization file")
	case s.Helm != nil && !isChart:
		return gone("%q has no Chart.yaml")
	case s.Kustomize != nil, kustomized && s.Helm == nil && s.Directory == nil:
		t = r.kustomizeTarget(app, i, dir)
	case s.Helm != nil, isChart && s.Directory == nil:
		t = r.helmTarget(app, i, dir)
	default:
		t = r.directoryTarget(app, i, dir)
	}
	if r.tree.MountOf(dir) == "" && pinned.MatchString(s.TargetRevision) {
		t.note(manifest.Approximated, fmt.Sprintf("%s names revision %q; the work tree is read", &app, s.TargetRevision))
	}
	for _, name := range []string{".argocd-source.yaml", ".argocd-source-" + app.Name + ".yaml"} {
		if r.tree.Exists(path.Join(dir, name)) {
			t.Gaps = append(t.Gaps, Gap{
				Pos: manifest.Pos{File: path.Join(dir, name), Line: 1}, Code: manifest.NotFollowed,
				Reason: fmt.Sprintf("%s: what the file overrides is not read", &app),
			})
		}
	}
	return t
}

// pinned matches revisions that are no branch: a commit or a version.
var pinned = regexp.MustCompile(`^([0-9a-fA-F]{7,40}|v?[0-9]+\.[0-9]+(\.[0-9]+)?([-+].*)?)$`)

func (t *Target) note(code manifest.Code, reason string) {
	t.Gaps = append(t.Gaps, Gap{Pos: t.Pos, Code: code, Reason: reason, Note: true})
}

func appliedTarget(app argocd.Application, i int, kind Kind, dir string) Target {
	return Target{
		Name: source.Label(dir), Kind: kind, Dir: dir, Scope: dir, Pos: app.SourcePos(i), Namespace: app.Destination.Namespace, followed: true,
	}
}

func (r *resolution) kustomizeTarget(app argocd.Application, i int, dir string) Target {
	t := appliedTarget(app, i, Kustomize, dir)
	t.KubeVersion, t.APIVersions = app.Sources[i].KubeVersion()
	overlay, gaps := app.Overlay(i, r.repo, dir)
	if overlay != nil {
		t.Overlays = []*kustomize.Overlay{overlay}
	}
	t.Gaps = gaps
	return t
}

func (r *resolution) helmTarget(app argocd.Application, i int, dir string) Target {
	t := appliedTarget(app, i, Helm, dir)
	release, gaps := app.Release(i, r.repo, dir)
	t.Release, t.ReleaseNamespace = release.Name, release.Namespace
	t.Values, t.Set, t.SkipCRDs, t.SkipSchema = release.Values, release.Set, release.SkipCRDs, release.SkipSchema
	t.KubeVersion, t.APIVersions = release.KubeVersion, release.APIVersions
	t.Gaps = gaps
	return t
}

func (r *resolution) directoryTarget(app argocd.Application, i int, dir string) Target {
	t := appliedTarget(app, i, Plain, dir)
	var jsonnet []string
	t.Files, jsonnet = app.Sources[i].Directory.Manifests(r.repo, dir)
	if len(jsonnet) > 0 {
		t.Gaps = append(t.Gaps, Gap{
			Pos: manifest.Pos{File: jsonnet[0]}, Code: manifest.Jsonnet,
			Reason: fmt.Sprintf("%s: Jsonnet is not evaluated (files: %d)", &app, len(jsonnet)),
		})
	}
	return t
}

// A cover is what a target of an Application stands for.
type cover struct {
	kind  Kind
	dir   string
	files []string // sorted
}

func (t *Target) cover() cover {
	return cover{kind: t.Kind, dir: t.Dir, files: slices.Sorted(slices.Values(t.Files))}
}

// all tells whether it stands for all of a target that was found.
func (c cover) all(t Target) bool {
	c.without(&t)
	return t.Dir == ""
}

// without takes out of a target that was found what the cover stands for; if that is
// all, the target is left without a folder. What the configuration declares stays.
func (c cover) without(t *Target) {
	switch {
	case t.configured || t.Dir == "":
	case t.Kind != Plain:
		if c.kind == t.Kind && c.dir == t.Dir {
			t.Dir = ""
		}
	case c.kind == Plain:
		t.Files = slices.DeleteFunc(slices.Clone(t.Files), func(name string) bool {
			_, found := slices.BinarySearch(c.files, name)
			return found
		})
		if len(t.Files) == 0 {
			t.Dir = ""
		}
	}
}
