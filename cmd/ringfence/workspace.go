package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/source"
)

// selection is what the flags common to all commands say about what to render.
type selection struct {
	targets     []string
	environment []string
	config      string
	values      []string
	set         []string
	apiVersions []string
	namespace   string
	release     string
	kubeVersion string
	allowGaps   bool
	fetch       bool
	update      bool // resolve again what is pinned
	cache       string
	noCache     bool
	memory      string
	timeout     time.Duration
	exact       bool   // a path that is the root of a target means just that one
	inTree      bool   // config is a file of the repository as it is opened, where it may be missing
	shard       string // "2/3", empty for all
}

func (s *selection) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&s.targets, "target", nil, "take just the target rooted at `DIR` (repeatable)")
	f.StringArrayVar(&s.environment, "env", nil, "take just the environment `NAME` (repeatable)")
	f.StringVar(&s.config, "config", "", "configuration `FILE` (default "+config.FileName+" in the repository's root)")
	f.StringArrayVarP(&s.values, "values", "f", nil, "values `FILE` for charts, after their own (repeatable)")
	f.StringArrayVar(&s.set, "set", nil, "`KEY=VALUE` for charts, as for helm (repeatable)")
	f.StringSliceVar(&s.apiVersions, "api-versions", nil, "API `VERSIONS` that the cluster serves beyond the built-in ones")
	f.StringVar(&s.namespace, "namespace", "", "`NAMESPACE` that a target is applied to where neither it nor its objects say")
	f.StringVar(&s.release, "release", "", "release `NAME` of charts (default the chart's folder)")
	f.StringVar(&s.kubeVersion, "kube-version", "", "Kubernetes `VERSION` that charts see (default 1.34)")
	f.StringVar(&s.cache, "cache", "", "`DIR` with what was fetched and rendered (default ringfence in the user's cache folder)")
	f.BoolVar(&s.noCache, "no-cache", false, "render everything, and keep nothing of it for the next run")
	f.StringVar(&s.memory, "memory", defaultMemory, "`SIZE` of the memory that a run may use; what needs more is a gap")
	f.DurationVar(&s.timeout, "timeout", defaultTimeout, "processor `TIME` that one target may take to render; what takes longer is a gap")
	if cmd.Name() != "fetch" {
		f.BoolVar(&s.fetch, "fetch", false, "fetch what lies elsewhere and is not in the cache, and pin it in "+fetch.LockFile)
	}
	f.BoolVar(&s.allowGaps, "allow-gaps", false, "do not fail when part of the repository could not be rendered")
}

// namespaceName is a DNS-1123 label, as the API server wants it.
var namespaceName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// validate refuses values that no target could be rendered with.
func (s *selection) validate() error {
	if s.namespace != "" && !namespaceName.MatchString(s.namespace) {
		return usagef("--namespace %q: not a name of a namespace", s.namespace)
	}
	if s.release != "" {
		if err := helm.CheckReleaseName(s.release); err != nil {
			return usagef("--release %q: %w", s.release, err)
		}
	}
	if s.kubeVersion != "" {
		if err := helm.CheckKubeVersion(s.kubeVersion); err != nil {
			return usagef("--kube-version: %w", err)
		}
	}
	if _, err := parseShard(s.shard); err != nil {
		return err
	}
	for _, expression := range s.set {
		if err := helm.CheckSet(expression); err != nil {
			return usagef("--set %q: %w", expression, err)
		}
	}
	return nil
}

// workspace is one repository, rendered.
type workspace struct {
	root         string
	tree         *source.Tree
	lock         *fetch.Lock
	config       *config.Config
	configFile   string // its name, for errors
	stream       []byte // what standard input held
	options      render.Options
	results      []render.Result
	environments []render.Environment
	gaps         []render.Gap // met while searching for targets
}

func (w *workspace) close() {
	w.options.Cache.Trim()
	w.tree.Close()
}

// open finds, renders and groups what paths and flags select.
func (c *command) open(ctx context.Context, s *selection, paths []string) (*workspace, error) {
	w, repo, err := c.locate(s, paths)
	if err != nil {
		return nil, err
	}
	if slices.Contains(paths, "-") {
		data, err := io.ReadAll(io.LimitReader(c.stdin, manifest.DefaultMaxFileSize+1))
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		w.stream = data
		w.results = []render.Result{repo.FromStream(data)}
		w.environments = render.Group(w.results)
	} else if err := c.renderAll(ctx, w, repo, s, paths); err != nil {
		return nil, err
	}
	if err := w.pin(s, false); err != nil {
		return nil, err
	}
	return w, w.restrict(s)
}

// renderAll finds, renders and groups what paths and flags select of a repository.
func (c *command) renderAll(ctx context.Context, w *workspace, repo *render.Repository, s *selection, paths []string) error {
	targets, err := w.find(ctx, repo, s, paths)
	if err != nil {
		return err
	}
	bar := c.progress(len(targets))
	w.results = repo.RenderAll(ctx, targets, bar.update)
	bar.clear()
	if w.sawNothing() {
		w.gaps = []render.Gap{nothingFound(w.nameOf(cmp.Or(slices.Concat(paths, s.targets, []string{"."})...)))}
	}
	w.environments = render.Group(w.results)
	return nil
}

// changed is the workspace with some files changed, found and rendered again with other
// lots, so that what charts draw at random is seen to be so.
func (c *command) changed(ctx context.Context, w *workspace, files map[string][]byte, s *selection, paths []string) (*workspace, error) {
	view := &workspace{root: w.root, tree: w.tree.With(files), config: w.config, options: w.options}
	view.options.Lots++
	return view, c.renderAll(ctx, view, render.New(view.tree, view.options), s, paths)
}

// sawNothing tells whether there was neither a target nor a reason for that. A
// chart or kustomization may render to nothing, a file of manifests may not.
func (w *workspace) sawNothing() bool {
	return len(w.gaps) == 0 && !slices.ContainsFunc(w.results, func(r render.Result) bool {
		return r.Kind != render.Plain || len(r.Objects)+len(r.Gaps) > 0
	})
}

// locate opens the repository and reads its configuration, rendering nothing.
func (c *command) locate(s *selection, paths []string) (*workspace, *render.Repository, error) {
	if slices.Contains(paths, "-") && len(paths)+len(s.targets) > 1 {
		return nil, nil, usagef("standard input (-) goes with no other path and no --target")
	}
	if err := s.validate(); err != nil {
		return nil, nil, err
	}
	places := slices.DeleteFunc(slices.Concat(paths, s.targets), func(p string) bool { return p == "-" })
	if len(places) == 0 {
		places = []string{"."}
	}
	root, err := repositoryRoot(places)
	if err != nil {
		return nil, nil, err
	}
	w, err := c.openWorkspace(root, s)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range s.values {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, usagef("read values: %w", err)
		}
		w.options.Values = append(w.options.Values, helm.Values{Name: w.nameOf(name), Data: data})
	}
	return w, render.New(w.tree, w.options), nil
}

// openWorkspace opens the repository in a folder and reads its configuration; values
// that flags name are left to the caller.
func (c *command) openWorkspace(root string, s *selection) (*workspace, error) {
	w := &workspace{root: root, configFile: cmp.Or(s.config, config.FileName)}
	var err error
	if w.tree, err = source.Open(root); err != nil {
		return nil, usagef("open the repository: %w", err)
	}
	if w.config, err = loadConfig(w.tree, s); err != nil {
		return nil, err
	}
	w.options = render.Options{
		Namespace: s.namespace, Release: s.release, KubeVersion: cmp.Or(s.kubeVersion, w.config.KubeVersion),
		APIVersions: slices.Concat(w.config.APIVersions, s.apiVersions), Set: s.set, Config: w.config,
	}
	if w.options.Workers, err = c.pool(s); err != nil {
		return nil, err
	}
	if w.options.Cache, err = w.rendered(s); err != nil {
		return nil, err
	}
	w.options.Fetch, err = w.fetcher(s, c.environ)
	return w, err
}

// nameOf is the file's name in the repository, or as given where it lies outside.
func (w *workspace) nameOf(file string) string {
	if abs, err := existing(file); err == nil && inside(abs, w.root) {
		if name, err := relative(w.root, file); err == nil {
			return name
		}
	}
	return filepath.ToSlash(file)
}

func loadConfig(tree *source.Tree, s *selection) (*config.Config, error) {
	name := cmp.Or(s.config, config.FileName)
	read := tree.ReadFile
	optional := s.config == "" || s.inTree
	if !optional {
		read = os.ReadFile
	}
	data, err := read(name)
	switch {
	case optional && errors.Is(err, fs.ErrNotExist):
		return &config.Config{}, nil
	case err != nil:
		return nil, usagef("read the configuration: %w", err)
	}
	cfg, err := config.Load(data, name)
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}

// find returns the targets that --target names, or those below the paths.
func (w *workspace) find(ctx context.Context, repo *render.Repository, s *selection, paths []string) ([]render.Target, error) {
	var targets []render.Target
	for _, dir := range s.targets {
		name, err := relative(w.root, dir)
		if err != nil {
			return nil, err
		}
		found := repo.At(name)
		if len(found) == 0 {
			return nil, usagef("%s: no kustomization, chart or manifests there", dir)
		}
		targets = append(targets, found...)
	}
	if len(paths) == 0 && len(s.targets) == 0 {
		paths = []string{"."}
	}
	var dirs []string
	for _, path := range paths {
		name, err := relative(w.root, path)
		if err != nil {
			return nil, err
		}
		if target, ok := repo.File(name); ok {
			targets = append(targets, target)
			continue
		}
		if found := repo.At(name); s.exact && len(found) > 0 {
			targets = append(targets, found...)
			continue
		}
		dirs = append(dirs, name)
	}
	if len(dirs) > 0 {
		found, gaps := repo.Find(ctx, dirs)
		targets, w.gaps = append(targets, found...), gaps
	}
	slices.SortStableFunc(targets, func(a, b render.Target) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(targets, func(a, b render.Target) bool { return a.Name == b.Name }), nil
}

// restrict keeps the environments that the user selects.
func (w *workspace) restrict(s *selection) error {
	known := environmentsOf(w)
	for _, name := range s.environment {
		if !slices.Contains(known, name) {
			return usagef("no environment %q; there are: %s", name, strings.Join(known, ", "))
		}
	}
	w.environments = slices.DeleteFunc(w.environments, func(e render.Environment) bool { return !s.isSelected(e.Name) })
	return nil
}

// analyzed hands the environments to the analyzer.
func (w *workspace) analyzed() []analyzer.Environment {
	labels := make(map[string]map[string]string)
	for _, n := range w.config.Namespaces {
		labels[n.Name] = n.Labels
	}
	environments := make([]analyzer.Environment, 0, len(w.environments))
	for _, e := range w.environments {
		env := analyzer.Environment{Name: e.Name, Objects: e.Objects(), NamespaceLabels: labels, Hints: w.hints(), Cluster: w.config.Cluster, Unassigned: e.Unassigned()}
		for _, r := range e.Results {
			env.Unseen = append(env.Unseen, r.Unseen...)
			for _, gap := range r.Gaps {
				env.Gaps = append(env.Gaps, analyzer.Gap{Gap: gap, Target: r.Name})
			}
		}
		environments = append(environments, env)
	}
	return environments
}

func nothingFound(dir string) manifest.Gap {
	return manifest.Gap{
		Pos: manifest.Pos{File: dir}, Code: manifest.NothingFound,
		Reason: "no manifests found: looked for kustomization.yaml, Chart.yaml, and YAML or JSON files with apiVersion and kind",
	}
}
