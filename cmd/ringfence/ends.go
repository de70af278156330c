package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/change/revision"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/source"
	"github.com/ringfence/ringfence/report/diff"
)

// ends are the two states that a diff compares.
type ends struct {
	base, head *end
	undo       []func() error
}

// end is one of the states: a folder on disk with its workspace.
type end struct {
	*workspace
	repo   *render.Repository
	title  string
	within string   // the working directory in the repository
	paths  []string // the folders that are compared
	only   []string // the folders of targets that --target names, in its place
	// submodules are the commits of submodules, by folder; nil where that is not known.
	submodules map[string]string
	ruleDirs   []string // of --rules, that are not of the repository
	targets    []render.Target
}

func (e *ends) close() error {
	if e == nil {
		return nil
	}
	var errs []error
	for _, undo := range slices.Backward(e.undo) {
		errs = append(errs, undo())
	}
	return errors.Join(errs...)
}

// readComments reads the files with comments that suppress findings also for BASE: those
// that both states share were only read for HEAD.
func (e *ends) readComments() {
	for _, file := range e.head.tree.Mentioning(analyzer.SuppressionMark) {
		_, _ = e.base.tree.ReadFile(file) // one that is not there suppresses nothing
	}
}

// findEnds opens the two states. The caller closes them, also after an error.
func (c *command) findEnds(ctx context.Context, flags *diffFlags, args []string) (e *ends, err error) {
	e = &ends{}
	if err := flags.selection.validate(); err != nil {
		return e, err
	}
	git, err := openGit()
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, git.close()) }()
	l := endLocator{ctx: ctx, command: c, ends: e, git: git, flags: flags}
	if e.base, err = l.base(args); err != nil {
		return e, err
	}
	if e.head, err = l.head(args); err != nil {
		return e, err
	}
	if err := l.checkNamed(); err != nil {
		return e, err
	}
	return e, nil
}

// submodules lists those of either state, sorted. What is in them is not compared.
func (e *ends) submodules() []diff.Submodule {
	base, head := e.base.submodules, e.head.submodules
	names := slices.Collect(maps.Keys(base))
	for name := range head {
		if base[name] == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var all []diff.Submodule
	for _, name := range names {
		all = append(all, diff.Submodule{Name: name, Changed: base != nil && head != nil && base[name] != head[name]})
	}
	return all
}

// checkNamed refuses files and folders of the repository that flags name and that neither
// state has.
func (l *endLocator) checkNamed() error {
	there := func(file string) bool {
		name, ok := ownName(l.git.root, l.ends.head.within, file)
		return !ok || l.ends.base.tree.Exists(name) || l.ends.head.tree.Exists(name)
	}
	if file := l.flags.config; file != "" && !there(file) {
		return usagef("--config %s: there is no such file, before or after", file)
	}
	for _, name := range l.flags.paths {
		if !l.ends.base.tree.Exists(name) && !l.ends.head.tree.Exists(name) {
			return usagef("%s: there is no such file or folder, before or after", name)
		}
	}
	for _, folder := range l.flags.rules {
		if !there(folder) {
			return usagef("--rules %s: there is no such folder, before or after", folder)
		}
	}
	return nil
}

// endLocator finds the folders of the states.
type endLocator struct {
	ctx     context.Context //nolint:containedctx // of one call
	command *command
	ends    *ends
	git     *gitRepository
	flags   *diffFlags
}

func (l *endLocator) base(args []string) (*end, error) {
	if isFolder(args[0], l.git) {
		return l.folder(args[0])
	}
	commit, err := l.git.resolve(args[0])
	if err != nil {
		return nil, err
	}
	name := cmp.Or(l.flags.baseName, args[0])
	title := fmt.Sprintf("%s (%s)", name, commit.Short())
	head := "HEAD"
	if len(args) > 1 {
		head = args[1]
	}
	if !l.flags.exact && !isFolder(head, l.git) {
		other, err := l.git.resolve(head)
		if err != nil {
			return nil, err
		}
		base, err := l.git.MergeBase(commit, other)
		if err != nil {
			return nil, usageError{err}
		}
		if base.Hash != commit.Hash {
			commit, title = base, fmt.Sprintf("%s (merge base %s)", name, base.Short())
		}
	}
	return l.revision(commit, title)
}

func (l *endLocator) head(args []string) (*end, error) {
	switch {
	case len(args) == 1 && l.git.Repository == nil:
		return l.folder(".")
	case len(args) == 1:
		return l.workingTree()
	case isFolder(args[1], l.git):
		return l.folder(args[1])
	}
	commit, err := l.git.resolve(args[1])
	if err != nil {
		return nil, err
	}
	return l.revision(commit, fmt.Sprintf("%s (%s)", args[1], commit.Short()))
}

// folder is the state that a folder holds, which is the root of a repository.
func (l *endLocator) folder(dir string) (*end, error) {
	return l.open(dir, filepath.ToSlash(dir), ".", false)
}

func (l *endLocator) workingTree() (*end, error) {
	within, err := relative(l.git.root, ".")
	if err != nil {
		return nil, err
	}
	head, err := l.open(l.git.root, cmp.Or(l.flags.headName, "the working tree"), within, false)
	if err != nil || l.ends.base.submodules == nil {
		return head, err
	}
	commit, err := l.git.resolve("HEAD")
	if err != nil {
		return nil, err
	}
	if head.submodules, err = l.git.Submodules(commit); err != nil {
		return nil, usageError{err}
	}
	head.tree.LeaveEmpty(slices.Collect(maps.Keys(head.submodules))) // as they are in a commit
	return head, nil
}

// revision is the state of a commit, in a temporary folder.
func (l *endLocator) revision(commit revision.Commit, title string) (*end, error) {
	dir, err := os.MkdirTemp("", "ringfence-diff-")
	if err != nil {
		return nil, err
	}
	l.ends.undo = append(l.ends.undo, func() error { return os.RemoveAll(dir) })
	err = l.git.Checkout(l.ctx, commit, dir)
	switch {
	case l.ctx.Err() != nil:
		return nil, l.ctx.Err()
	case err != nil:
		return nil, usageError{err}
	}
	if err := l.nameRemotes(dir); err != nil {
		return nil, err
	}
	within, err := relative(l.git.root, ".")
	if err != nil {
		return nil, err
	}
	e, err := l.open(dir, title, within, true)
	if err != nil {
		return nil, err
	}
	e.submodules, err = l.git.Submodules(commit)
	return e, err
}

// nameRemotes gives the files of a commit the remotes of the repository, by which it is
// known which URLs mean it.
func (l *endLocator) nameRemotes(dir string) error {
	tree, err := source.Open(l.git.root)
	if err != nil {
		return err
	}
	defer tree.Close()
	var config strings.Builder
	for _, url := range tree.Remotes() {
		fmt.Fprintf(&config, "[remote]\n\turl = https://%s\n", url)
	}
	if config.Len() == 0 {
		return nil
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ".git", "config"), []byte(config.String()), 0o600)
}

// ownName is the name in the repository of a file that a flag names, from a folder of it;
// false for one that lies elsewhere. Whether it is there is another matter, and links in the
// repository are not followed: a change may have made them.
func ownName(root, within, file string) (name string, ok bool) {
	name = path.Join(within, filepath.ToSlash(file))
	if !filepath.IsAbs(file) && name != ".." && !strings.HasPrefix(name, "../") {
		return name, true
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(root, filepath.FromSlash(name))
	}
	for dir := filepath.Clean(file); ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil && real == root {
			name, err := filepath.Rel(dir, file)
			return filepath.ToSlash(name), err == nil
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

// open opens a state. Of what is at a commit, files of the repository that flags name are
// read as they are there: a change that edits them is not measured by what it made of them.
func (l *endLocator) open(dir, title, within string, isCommit bool) (*end, error) {
	s := l.flags.selection
	if name, ok := ownName(l.git.root, within, s.config); ok && isCommit && s.config != "" {
		s.config, s.inTree = name, true
	}
	w, err := l.command.openWorkspace(dir, &s)
	if err != nil {
		if errors.As(err, new(usageError)) {
			return nil, usagef("%s: %w", title, err)
		}
		return nil, err
	}
	l.ends.undo = append(l.ends.undo, func() error { w.options.Cache.Trim(); return w.tree.Close() })
	e := &end{workspace: w, title: title, within: within, paths: l.flags.paths}
	if len(e.paths) == 0 {
		e.paths = []string{within}
	}
	for _, target := range l.flags.targets {
		name, ok := ownName(l.git.root, within, target)
		if filepath.IsAbs(target) || !ok {
			return nil, usagef("--target %s: want a folder of the repository", target)
		}
		e.only = append(e.only, name)
	}
	for _, folder := range l.flags.rules {
		name, ok := ownName(l.git.root, within, folder)
		switch {
		case !isCommit || !ok:
			e.ruleDirs = append(e.ruleDirs, folder)
		case e.tree.IsDir(name):
			e.config.Rules = append(e.config.Rules, name)
		}
	}
	for _, name := range l.flags.values {
		if err := e.addValues(l.git.root, name); err != nil {
			return nil, err
		}
	}
	if l.ends.base != nil { // a change cannot leave out what it is measured by
		w.options.Ignores = l.ends.base.tree
	}
	e.repo = render.New(w.tree, w.options)
	return e, nil
}

// addValues reads a values file that flags name: as the state has it if it is of the
// repository, where it may be missing in one of them.
func (e *end) addValues(root, name string) error {
	own, ok := ownName(root, e.within, name)
	data, err := e.tree.ReadFile(own)
	outside := !ok || errors.Is(err, source.ErrOutside)
	if outside {
		own = filepath.ToSlash(name)
		data, err = os.ReadFile(name)
	}
	if errors.Is(err, fs.ErrNotExist) && !outside {
		if _, missing := os.Stat(name); missing == nil {
			return nil // the other state has it
		}
	}
	if err != nil {
		return usagef("read values: %w", err)
	}
	e.options.Values = append(e.options.Values, helm.Values{Name: own, Data: data})
	return nil
}

// find finds the targets of the state that are compared.
func (e *end) find(ctx context.Context) {
	if len(e.only) == 0 {
		if there := slices.DeleteFunc(slices.Clone(e.paths), func(name string) bool { return !e.tree.IsDir(name) }); len(there) > 0 {
			e.targets, e.gaps = e.repo.Find(ctx, there)
		}
		return
	}
	for _, name := range e.only {
		if e.tree.IsDir(name) {
			e.targets = append(e.targets, e.repo.At(name)...)
		}
	}
}
