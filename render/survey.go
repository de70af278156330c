package render

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"

	"github.com/ringfence/ringfence/render/kustomize"
	"github.com/ringfence/ringfence/render/source"
)

// IgnoreFile names the file that leaves paths out of the search for targets. It
// may lie in any folder and has the syntax of .gitignore.
const IgnoreFile = ".ringfenceignore"

// A survey is what a walk over the repository saw, in folders that are not left
// out. All lists are sorted.
type survey struct {
	kustomizations []string            // folders that hold a kustomization
	charts         []string            // folders that hold a Chart.yaml
	manifests      map[string][]string // folder → YAML and JSON files
	gaps           []Gap
	ignores        *source.Tree // whose ignore files count
}

// leftOut lists the folders that never hold manifests of the repository's own.
var leftOut = []string{"node_modules", "vendor"}

// walk surveys the folders below dirs, but for what the ignore files of a tree leave out.
func walk(tree, ignores *source.Tree, dirs []string) *survey {
	s := &survey{manifests: make(map[string][]string), ignores: ignores}
	for _, dir := range outermost(dirs) {
		s.folder(tree, dir, ignoresAbove(ignores, dir, IgnoreFile))
	}
	slices.Sort(s.kustomizations)
	slices.Sort(s.charts)
	return s
}

// outermost drops folders that lie below others.
func outermost(dirs []string) []string {
	var out []string
	for _, dir := range slices.Compact(slices.Sorted(slices.Values(dirs))) {
		if !slices.ContainsFunc(dirs, func(d string) bool { return d != dir && within(dir, d) }) {
			out = append(out, dir)
		}
	}
	return out
}

// within tells whether name is dir or lies below it.
func within(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

func (s *survey) folder(tree *source.Tree, dir string, ignored []gitignore.Pattern) {
	ignored = append(ignored, ignores(s.ignores, dir, IgnoreFile)...)
	entries, err := tree.ReadDir(dir)
	if err != nil {
		s.gaps = append(s.gaps, source.Gap(dir, err))
		return
	}
	if _, ok := kustomize.FileIn(tree, dir); ok {
		s.kustomizations = append(s.kustomizations, dir)
	}
	matcher := gitignore.NewMatcher(ignored)
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		if matcher.Match(strings.Split(name, "/"), entry.IsDir()) {
			continue
		}
		if entry.IsDir() {
			if !strings.HasPrefix(entry.Name(), ".") && !slices.Contains(leftOut, entry.Name()) {
				s.folder(tree, name, ignored)
			}
			continue
		}
		s.file(tree, dir, name, entry)
	}
}

func (s *survey) file(tree *source.Tree, dir, name string, entry fs.DirEntry) {
	if entry.Type()&fs.ModeSymlink != 0 {
		info, err := tree.Stat(name)
		if err != nil {
			s.brokenLink(name, err)
			return
		}
		if info.IsDir() {
			return // what it leads to is seen where it lies
		}
	}
	switch {
	case entry.Name() == "Chart.yaml":
		s.charts = append(s.charts, dir)
	case isManifest(entry.Name()):
		s.manifests[dir] = append(s.manifests[dir], name)
	}
}

// brokenLink reports a link that might have led to manifests.
func (s *survey) brokenLink(name string, err error) {
	if errors.Is(err, source.ErrOutside) || isManifest(name) {
		s.gaps = append(s.gaps, source.Gap(name, err))
	}
}

func isManifest(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return !strings.HasPrefix(path.Base(name), ".")
	default:
		return false
	}
}

// ignored tells whether an ignore file leaves a folder, or one above it, out.
func ignored(tree *source.Tree, dir string) bool {
	for d := dir; d != "."; d = path.Dir(d) {
		if gitignore.NewMatcher(ignoresAbove(tree, d, IgnoreFile)).Match(strings.Split(d, "/"), true) {
			return true
		}
	}
	return false
}

// ignoresAbove reads the ignore files of a name in the folders above dir.
func ignoresAbove(tree *source.Tree, dir, file string) []gitignore.Pattern {
	var list []gitignore.Pattern
	for i, r := range dir {
		if r == '/' {
			list = append(list, ignores(tree, dir[:i], file)...)
		}
	}
	if dir != "." {
		list = append(ignores(tree, ".", file), list...)
	}
	return list
}

// ignores reads the ignore file of one folder.
func ignores(tree *source.Tree, dir, file string) []gitignore.Pattern {
	data, err := tree.ReadFile(path.Join(dir, file))
	if err != nil {
		return nil
	}
	return patterns(data, dir)
}

// patterns reads the text of an ignore file, which counts for a folder.
func patterns(text []byte, dir string) []gitignore.Pattern {
	var domain []string
	if dir != "." {
		domain = strings.Split(dir, "/")
	}
	var list []gitignore.Pattern
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := strings.TrimRight(lines.Text(), " \t\r")
		if line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, gitignore.ParsePattern(line, domain))
		}
	}
	return list
}
