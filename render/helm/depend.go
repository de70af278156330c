package helm

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/source"
)

// A need is a dependency that Chart.yaml names and charts/ does not have.
type need struct {
	dep  *chart.Dependency // Helm writes into it whether it is enabled
	what string            // how it is named
	pos  manifest.Pos
	from string // the chart of the repository that is used instead
	why  string // else why there is none
}

// resolve adds to a chart the dependencies that are not in its charts/ and that
// the repository has, and their dependencies. A chart that lies in charts/ is
// taken as it is, as Helm does. above holds the folders of the charts that need
// this one.
func (w *rendering) resolve(c *chart.Chart, dir string, above []string) {
	above = append(above[:len(above):len(above)], dir)
	for _, dep := range c.Metadata.Dependencies {
		if vendored(c, dep.Name) {
			continue
		}
		n := need{dep: dep, what: describe(dep), pos: w.dependencyPos(dir, c, dep)}
		n.from, n.why = w.find(dep, dir, above)
		if n.from == "" && isRemote(dep.Repository) {
			n.from, n.why = w.fetched(c, n)
		}
		if n.from != "" {
			if sub := w.load(n.from); sub != nil {
				w.resolve(sub, n.from, above)
				c.AddDependency(sub)
			} else {
				n.from, n.why = "", fmt.Sprintf("the chart in %q cannot be loaded", n.from)
			}
		}
		w.needs = append(w.needs, n)
	}
}

// vendored tells whether charts/ has a dependency; like Helm's own check, it
// asks for the name only.
func vendored(c *chart.Chart, name string) bool {
	return slices.ContainsFunc(c.Dependencies(), func(d *chart.Chart) bool { return d.Name() == name })
}

func describe(dep *chart.Dependency) string {
	text := fmt.Sprintf("dependency %q", dep.Name)
	if dep.Version != "" {
		text += fmt.Sprintf(" version %q", dep.Version)
	}
	if dep.Repository != "" {
		text += fmt.Sprintf(" of %q", dep.Repository)
	}
	return text
}

// find returns the folder of the repository's chart for a dependency, or why
// there is none.
func (w *rendering) find(dep *chart.Dependency, dir string, above []string) (from, why string) {
	if local, isFile := strings.CutPrefix(dep.Repository, "file://"); isFile {
		if path.IsAbs(local) {
			return "", "its path is absolute"
		}
		from = path.Join(dir, local)
		if w.tree.MountOf(from) != w.tree.MountOf(dir) {
			return "", "its path leaves what was fetched"
		}
		c, err := readLocalChart(w.tree, from)
		switch {
		case err != nil:
			return "", fmt.Sprintf("there is no chart in %q", from)
		case slices.Contains(above, from):
			return "", "a chart cannot be a dependency of itself"
		case !c.satisfies(dep):
			return "", fmt.Sprintf("the chart in %q has version %q", from, c.Version)
		}
		return from, ""
	}
	var fits []string
	for _, c := range w.library()[dep.Name] {
		if c.satisfies(dep) && !slices.Contains(above, c.dir) {
			fits = append(fits, c.dir)
		}
	}
	switch len(fits) {
	case 0:
		return "", "it is neither in charts/ nor elsewhere in the repository"
	case 1:
		return fits[0], ""
	default:
		return "", fmt.Sprintf("it is not in charts/, and the repository has several such charts: %s", strings.Join(fits, ", "))
	}
}

// isRemote tells whether charts of a repository come from elsewhere.
func isRemote(repository string) bool {
	protocol, _, found := strings.Cut(repository, "://")
	return found && protocol != "file"
}

// fetched gets a dependency from elsewhere: the version that the chart's lock file names,
// or one that fits. It returns its folder, or why there is none.
func (w *rendering) fetched(c *chart.Chart, n need) (from, why string) {
	version := n.dep.Version
	if c.Lock != nil {
		for _, locked := range c.Lock.Dependencies {
			if locked.Name == n.dep.Name && locked.Repository == n.dep.Repository {
				version = locked.Version
			}
		}
	}
	from, err := w.fetch.Get(w.ctx, fetch.ChartOf(n.dep.Repository, n.dep.Name, version), n.pos)
	if err != nil {
		return "", fetch.Gap(err, n.pos, manifest.MissingDependency, n.why).Reason
	}
	return from, ""
}

// reportNeeds tells what became of the dependencies that are not vendored, once
// Helm has said which of them are enabled.
func (w *rendering) reportNeeds() {
	for _, n := range w.needs {
		switch {
		case n.from != "" && w.tree.MountOf(n.from) != w.tree.MountOf(w.release.Dir): // as it would be
		case n.from != "" && n.dep.Enabled:
			w.note(n.pos, manifest.Approximated, fmt.Sprintf("%s is missing in charts/; the chart in %q is used", n.what, n.from))
		case n.from == "" && n.dep.Enabled:
			w.gap(n.pos, manifest.MissingDependency, fmt.Sprintf("%s is missing: %s", n.what, n.why))
		default:
			w.note(n.pos, manifest.MissingDependency, fmt.Sprintf("%s is missing in charts/; it is disabled by its condition or tags", n.what))
		}
	}
}

// A localChart is a chart that lies in the repository.
type localChart struct {
	dir string
	chart.Metadata
}

// satisfies tells whether the chart is what a dependency asks for.
func (c localChart) satisfies(dep *chart.Dependency) bool {
	return dep.Version == "" || chartutil.IsCompatibleRange(dep.Version, c.Version)
}

// wraps tells whether the chart depends on a chart of its own name: it then is
// no publication of that chart but one that configures it.
func (c localChart) wraps() bool {
	return slices.ContainsFunc(c.Dependencies, func(d *chart.Dependency) bool { return d != nil && d.Name == c.Name })
}

func readLocalChart(tree *source.Tree, dir string) (localChart, error) {
	c := localChart{dir: dir}
	data, err := tree.ReadFile(path.Join(dir, "Chart.yaml"))
	if err != nil {
		return c, err
	}
	return c, yaml.Unmarshal(data, &c.Metadata)
}

// findCharts lists the charts of a repository by name, without those that lie
// within another chart, those that wrap a chart of their own name, and those in
// folders that hold no sources.
func findCharts(tree *source.Tree) map[string][]localChart {
	charts := make(map[string][]localChart)
	var walk func(dir string)
	walk = func(dir string) {
		if tree.Exists(path.Join(dir, "Chart.yaml")) {
			if c, err := readLocalChart(tree, dir); err == nil && c.Name != "" && !c.wraps() {
				charts[c.Name] = append(charts[c.Name], c)
			}
			return
		}
		entries, _ := tree.ReadDir(dir) // an unreadable folder offers no chart
		for _, entry := range entries {
			name := entry.Name()
			if entry.IsDir() && !strings.HasPrefix(name, ".") && name != "node_modules" && name != "vendor" {
				walk(path.Join(dir, name))
			}
		}
	}
	walk(".")
	return charts
}

// dependencyPos is the line that names a dependency.
func (w *rendering) dependencyPos(dir string, c *chart.Chart, dep *chart.Dependency) manifest.Pos {
	i := slices.Index(c.Metadata.Dependencies, dep)
	// Helm reads requirements.yaml last, so its list wins.
	for _, name := range []string{"requirements.yaml", "Chart.yaml"} {
		file := path.Join(dir, name)
		if line := w.lineOf(file, "dependencies", i); line > 0 {
			return manifest.Pos{File: file, Line: line}
		}
	}
	return manifest.Pos{File: path.Join(dir, "Chart.yaml")}
}

// namedAt is the line of the parent chart that names a packed chart, or the
// archive itself where no line does.
func (w *rendering) namedAt(parent *chart.Chart, archive string) manifest.Pos {
	for _, dep := range parent.Metadata.Dependencies {
		version, isDep := strings.CutPrefix(path.Base(archive), dep.Name+"-")
		if isDep && version != "" && strings.ContainsRune("v0123456789", rune(version[0])) {
			return w.dependencyPos(path.Dir(path.Dir(archive)), parent, dep)
		}
	}
	return manifest.Pos{File: archive}
}
