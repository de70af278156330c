package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/render"
	"github.com/ringfence/ringfence/rules"
)

// rules loads the built-in rules, those of the configuration and those of folders, and
// checks that the configuration names no others.
func (w *workspace) rules(ctx context.Context, dirs []string) (*rules.Set, error) {
	var own []rules.Folder
	for _, dir := range w.config.Rules {
		if !w.tree.IsDir(dir) {
			return nil, usagef("%s: \"rules\" names %s, which is no folder of the repository", w.configFile, dir)
		}
		folder, err := w.tree.Folder(dir)
		if err != nil {
			return nil, err
		}
		own = append(own, rules.Folder{Name: dir, FS: folder})
	}
	set, err := loadRules(ctx, dirs, own...)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range set.Rules() {
		ids = append(ids, r.ID)
	}
	if err := w.config.CheckRules(ids); err != nil {
		return nil, usageError{err}
	}
	return set, nil
}

// loadRules loads the built-in rules, those of folders of users and others.
func loadRules(ctx context.Context, dirs []string, own ...rules.Folder) (*rules.Set, error) {
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, usagef("--rules %s: no such folder", dir)
		}
		own = append(own, rules.Folder{Name: filepath.ToSlash(dir), FS: os.DirFS(dir)})
	}
	set, err := rules.Load(ctx, own...)
	if err != nil && len(own) > 0 {
		return nil, usageError{err}
	}
	return set, err
}

// ownRuleError makes a broken contract of a user's rule a mistake of the user.
func ownRuleError(set *rules.Set, err error) error {
	if slices.ContainsFunc(set.Rules(), func(r *rules.Rule) bool {
		return r.Own && strings.Contains(err.Error(), r.File+":")
	}) {
		return usageError{err}
	}
	return err
}

// comments reads the comments that suppress in the files that were rendered.
func (w *workspace) comments() []analyzer.Comment {
	comments := analyzer.Comments(render.StreamFile, w.stream)
	for _, file := range w.tree.Mentioning(analyzer.SuppressionMark) {
		if !holdsManifests(file) {
			continue
		}
		if text, err := w.tree.ReadFile(file); err == nil {
			comments = append(comments, analyzer.Comments(file, text)...)
		}
	}
	return comments
}

// holdsManifests tells whether a file is one in which findings may be.
func holdsManifests(file string) bool {
	switch filepath.Ext(file) {
	case ".yaml", ".yml", ".tpl":
		return true
	default:
		return filepath.Base(file) == "Kustomization"
	}
}
