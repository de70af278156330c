package argocd

import (
	"path"
	"slices"
	"strings"

	"github.com/gobwas/glob"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
)

// A listing is what lies in a repository, in the order of a walk.
type listing struct {
	folders []string // without hidden ones, as the git generator sees them
	files   []string // also hidden ones
}

func (r *Repository) list() listing {
	var l listing
	var hidden []string
	r.walk(".", func(name string, dir bool) bool {
		if !dir {
			l.files = append(l.files, name)
			return false
		}
		if strings.HasPrefix(path.Base(name), ".") {
			hidden = append(hidden, name+"/")
		} else if !slices.ContainsFunc(hidden, func(h string) bool { return strings.HasPrefix(name, h) }) {
			l.folders = append(l.folders, name)
		}
		return name != ".git"
	})
	return l
}

func (r *Repository) fetched(ref fetch.Ref, named manifest.Pos) (dir string, err error) {
	if r.Fetch == nil {
		return "", fetch.ErrNotFetched
	}
	return r.Fetch(ref, named)
}

// walk calls visit for what lies below a folder; it goes into a folder for which visit
// returns true. Links are not followed.
func (r *Repository) walk(dir string, visit func(name string, dir bool) bool) {
	entries, _ := r.Tree.ReadDir(dir) // what cannot be read is reported by the search for targets
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		if visit(name, entry.IsDir()) && entry.IsDir() {
			r.walk(name, visit)
		}
	}
}

// holds tells whether a text stands in a file as the lines below pos, indented.
func (r *Repository) holds(pos manifest.Pos, text string) bool {
	data, err := r.Tree.ReadFile(pos.File)
	if err != nil {
		return false
	}
	lines := strings.Split(string(data), "\n")
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if pos.Line+i >= len(lines) || !strings.HasSuffix(strings.TrimRight(lines[pos.Line+i], " \t\r"), strings.TrimRight(line, " \t")) {
			return false
		}
	}
	return true
}

// noRendering in a file keeps Argo CD from applying it.
const noRendering = "+argocd:skip-file-rendering"

// Manifests lists the files of a folder that a Directory takes, and those of Jsonnet,
// which are not evaluated.
func (d *Directory) Manifests(repo *Repository, dir string) (files, jsonnet []string) {
	if d == nil {
		d = &Directory{}
	}
	repo.walk(dir, func(name string, isDir bool) bool {
		if isDir {
			return d.Recurse && path.Base(name) != ".git"
		}
		rel := name
		if dir != "." {
			rel = strings.TrimPrefix(name, dir+"/")
		}
		switch {
		case !d.takes(rel):
		case path.Ext(name) == ".jsonnet":
			jsonnet = append(jsonnet, name)
		case d.DisableExtensionFilter, path.Ext(name) == ".yaml", path.Ext(name) == ".yml", path.Ext(name) == ".json":
			if data, err := repo.Tree.ReadFile(name); err != nil || !strings.Contains(string(data), noRendering) {
				files = append(files, name)
			}
		}
		return false
	})
	return files, jsonnet
}

// takes tells whether the patterns let a file through. In them, "*" stands for slashes
// as well. A pattern that is none matches nothing.
func (d *Directory) takes(rel string) bool {
	match := func(pattern string) bool {
		g, err := glob.Compile(pattern)
		return err == nil && g.Match(rel)
	}
	return (d.Exclude == "" || !match(d.Exclude)) && (d.Include == "" || match(d.Include))
}
