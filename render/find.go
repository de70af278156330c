package render

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
)

// Find discovers the targets below dirs, sorted, and the gaps met on the way:
//   - kustomizations that no other one includes, components left out;
//   - charts that are not part or dependency of another chart, once for each values file that
//     is named for an environment;
//   - folders of plain manifests that no kustomization and no chart uses;
//   - in the place of those, what the Applications of Argo CD and the objects of Flux
//     in them say.
func (r *Repository) Find(ctx context.Context, dirs []string) ([]Target, []Gap) {
	f := r.folders(dirs)
	whole := f
	if !slices.Contains(dirs, ".") {
		whole = r.folders([]string{"."}) // an object that applies something may lie anywhere
	}
	if resolved := whole.applications(ctx); resolved != nil {
		if whole != f {
			whole.replace(resolved, []string{"."})
		}
		f.replace(resolved, dirs)
	}
	if reconciled := whole.reconcile(ctx); reconciled != nil {
		f.take(reconciled, dirs)
	}
	slices.SortFunc(f.targets, compareTargets)
	return f.targets, f.gaps
}

// folders discovers the targets below dirs that folders show, and those that the
// configuration declares.
func (r *Repository) folders(dirs []string) *finder {
	f := &finder{Repository: r, survey: walk(r.tree, r.ignores(), dirs)}
	f.gaps = f.survey.gaps
	f.findKustomizations()
	f.findCharts()
	f.findPlain()
	f.configure(dirs)
	return f
}

// At returns what is rooted at exactly dir, also where something else includes
// it: the targets that the configuration declares there, or the kustomization,
// the chart with its default values, or the manifests. None if dir holds nothing.
func (r *Repository) At(dir string) []Target {
	f := finder{Repository: r}
	if t, ok := r.rooted(dir); ok {
		f.targets = []Target{t}
	}
	f.configure([]string{dir})
	return slices.DeleteFunc(f.targets, func(t Target) bool { return t.Dir != dir })
}

// File returns the target that a file belongs to: the nearest kustomization or
// chart above it, for which it may be a patch or template, or else the manifest
// alone. False means that name is no file.
func (r *Repository) File(name string) (Target, bool) {
	info, err := r.tree.Stat(name)
	if err != nil || info.IsDir() {
		return Target{}, false
	}
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if _, ok := kustomize.FileIn(r.tree, dir); ok || r.tree.Exists(path.Join(dir, "Chart.yaml")) {
			return r.rooted(dir)
		}
		if dir == "." {
			break
		}
	}
	t := Target{Name: name, Kind: Plain, Dir: path.Dir(name), Scope: name, Files: []string{name}, Pos: manifest.Pos{File: name, Line: 1}}
	t.Envs, t.Why = envsOfPath(t.Dir)
	return t, true
}

// rooted is the target in dir as it is without configuration.
func (r *Repository) rooted(dir string) (Target, bool) {
	if _, ok := kustomize.FileIn(r.tree, dir); ok {
		return kustomizationTarget(r.tree, dir), true
	}
	if r.tree.Exists(path.Join(dir, "Chart.yaml")) {
		return chartTarget(dir), true
	}
	f := finder{Repository: r, survey: walk(r.tree, r.ignores(), []string{dir})}
	f.findPlain()
	i := slices.IndexFunc(f.targets, func(t Target) bool { return t.Dir == dir })
	if i < 0 {
		return Target{}, false
	}
	return f.targets[i], true
}

type finder struct {
	*Repository
	survey  *survey
	targets []Target
	gaps    []Gap

	references map[string]kustomize.References // of kustomizations, by folder
	used       map[string]bool                 // files and folders that they use
	usedCharts map[string]bool                 // charts that kustomizations inflate
}

func (f *finder) findKustomizations() {
	f.used, f.usedCharts = make(map[string]bool), make(map[string]bool)
	f.references = make(map[string]kustomize.References)
	var dirs []string
	for _, dir := range f.survey.kustomizations {
		if inTemplates(dir, f.survey.charts) {
			continue
		}
		dirs = append(dirs, dir)
		refs, err := f.referencesOf(dir)
		if err != nil {
			continue // building the target says why
		}
		f.references[dir] = refs
		for _, name := range slices.Concat(refs.Dirs, refs.Files) {
			f.used[name] = true
		}
		for _, chart := range refs.Charts {
			f.usedCharts[chart] = true
		}
	}
	var roots []string
	for _, dir := range dirs {
		if !f.used[dir] && !f.references[dir].Component {
			roots = append(roots, dir)
		}
	}
	for _, dir := range append(roots, cyclic(dirs, roots, f.references)...) {
		f.targets = append(f.targets, kustomizationTarget(f.tree, dir))
	}
}

// cyclic returns the kustomizations that no root leads to although something
// includes them: they include each other. Building them says so.
func cyclic(dirs, roots []string, references map[string]kustomize.References) []string {
	reached := make(map[string]bool)
	var visit func(dir string)
	visit = func(dir string) {
		if reached[dir] {
			return
		}
		reached[dir] = true
		for _, d := range references[dir].Dirs {
			visit(d)
		}
	}
	for _, dir := range dirs {
		if slices.Contains(roots, dir) || references[dir].Component {
			visit(dir)
		}
	}
	var out []string
	for _, dir := range dirs {
		if !reached[dir] {
			visit(dir)
			out = append(out, dir)
		}
	}
	return out
}

func kustomizationTarget(tree *source.Tree, dir string) Target {
	name, _ := kustomize.FileIn(tree, dir)
	t := Target{Name: dir, Kind: Kustomize, Dir: dir, Scope: dir, Pos: manifest.Pos{File: name, Line: 1}}
	t.Envs, t.Why = envsOfPath(dir)
	return t
}

func (f *finder) findCharts() {
	part := make(map[string]bool) // charts that others depend on
	for _, dir := range f.survey.charts {
		for _, dependency := range helm.LocalDependencies(f.tree, dir) {
			if dependency != dir { // which Helm refuses, and the chart's gap tells
				part[dependency] = true
			}
		}
	}
	for _, dir := range f.survey.charts {
		if part[dir] || nested(dir, f.survey.charts) || f.usedCharts[dir] || helm.IsLibrary(f.tree, dir) || helm.IsStarter(f.tree, dir) {
			continue
		}
		f.targets = append(f.targets, chartTargets(f.tree, dir)...)
	}
}

// nested tells whether dir is a dependency that lies within another chart.
func nested(dir string, charts []string) bool {
	return slices.ContainsFunc(charts, func(c string) bool { return within(dir, path.Join(c, "charts")) || inTemplates(dir, []string{c}) })
}

// inTemplates tells whether dir belongs to the templates of a chart.
func inTemplates(dir string, charts []string) bool {
	return slices.ContainsFunc(charts, func(c string) bool { return within(dir, path.Join(c, "templates")) })
}

// chartTarget is a chart with its default values.
func chartTarget(dir string) Target {
	t := Target{
		Name: dir, Kind: Helm, Dir: dir, Scope: dir, Release: releaseName(dir),
		Pos: manifest.Pos{File: path.Join(dir, "Chart.yaml"), Line: 1},
	}
	t.Envs, t.Why = envsOfPath(dir)
	return t
}

// chartTargets returns a chart with its default values, and with each values
// file that lies beside it and carries a name. Where one of these names is that
// of an environment, nobody installs the defaults alone, so they are left out.
func chartTargets(tree *source.Tree, dir string) []Target {
	var targets []Target
	defaults := true
	for _, v := range namedValues(tree, dir) {
		t := chartTarget(dir)
		t.Name = fmt.Sprintf("%s (%s)", dir, v.name)
		t.Envs, t.Why = []string{v.name}, "values file "+v.file
		t.Values = []helm.Values{{Name: v.file}}
		targets = append(targets, t)
		defaults = defaults && !isEnvironmentName(v.name)
	}
	if defaults {
		targets = append(targets, chartTarget(dir))
	}
	return targets
}

type values struct{ name, file string }

// namedValues lists values-NAME.yaml, values.NAME.yaml and values/NAME.yaml.
func namedValues(tree *source.Tree, dir string) []values {
	var found []values
	list := func(dir string, name func(base string) (string, bool)) {
		entries, _ := tree.ReadDir(dir) // the folder of the chart was listed before; values/ may be absent
		for _, entry := range entries {
			ext := path.Ext(entry.Name())
			if ext != ".yaml" && ext != ".yml" || !entry.Type().IsRegular() {
				continue
			}
			if n, ok := name(strings.TrimSuffix(entry.Name(), ext)); ok && n != "" {
				found = append(found, values{name: n, file: path.Join(dir, entry.Name())})
			}
		}
	}
	list(dir, func(base string) (string, bool) {
		if n, ok := strings.CutPrefix(base, "values-"); ok {
			return n, true
		}
		n, ok := strings.CutPrefix(base, "values.")
		return n, ok && n != "schema" // of which values.schema.json may be made
	})
	list(path.Join(dir, "values"), func(base string) (string, bool) { return base, true })
	return found
}

// releaseName makes a valid release name of the chart's folder (Helm: at most 53
// characters of a DNS-1123 label).
func releaseName(dir string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return '-'
		}
	}, path.Base(dir))
	name = strings.Trim(name[:min(len(name), 53)], "-")
	if name == "" {
		return "release"
	}
	return name
}

func (f *finder) findPlain() {
	var scopes []string
	for _, dir := range slices.Sorted(maps.Keys(f.survey.manifests)) {
		files := f.plainFiles(dir)
		if len(files) == 0 {
			continue
		}
		t := Target{Name: dir, Kind: Plain, Dir: dir, Scope: dir, Files: files, Pos: manifest.Pos{File: files[0], Line: 1}}
		t.Envs, t.Why = envsOfPath(dir)
		// Folders of manifests below a folder of manifests are applied with it
		// (kubectl apply -R), so they share its cluster and namespace.
		if i := slices.IndexFunc(scopes, func(s string) bool { return within(dir, s) }); i >= 0 {
			t.Scope = scopes[i]
		} else if dir != "." { // what lies at the root is often there for tools
			scopes = append(scopes, dir)
		}
		f.targets = append(f.targets, t)
	}
}

// plainFiles returns the files of a folder that are applied as they are.
func (f *finder) plainFiles(dir string) []string {
	files := f.survey.manifests[dir]
	if f.inChart(dir) || f.inKustomization(dir, files) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(files), func(name string) bool {
		objects, gaps := f.parse(name)
		return len(objects)+len(gaps) == 0
	})
}

// chartFolders are the folders of a chart that Helm gives a meaning, and those
// where charts keep what their templates read.
var chartFolders = []string{"templates", "charts", "crds", "ci", "files", "values"}

// inChart tells whether the files of dir belong to a chart. A chart at the
// repository's root owns only what Helm knows; any other chart owns its folder.
func (f *finder) inChart(dir string) bool {
	return slices.ContainsFunc(f.survey.charts, func(chart string) bool {
		if chart != "." {
			return within(dir, chart)
		}
		first, _, _ := strings.Cut(dir, "/")
		return dir == "." || slices.Contains(chartFolders, first)
	})
}

// inKustomization tells whether a folder is the business of a kustomization: it
// holds one, or one uses some of its files. Its other files are then leftovers
// and unused patches, which nobody applies.
func (f *finder) inKustomization(dir string, files []string) bool {
	_, found := slices.BinarySearch(f.survey.kustomizations, dir)
	return found || slices.ContainsFunc(files, func(name string) bool { return f.used[name] })
}
