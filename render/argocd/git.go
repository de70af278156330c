package argocd

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
)

// git evaluates a generator for the folders or files of the repository.
func (g *generation) git(spec *gitGenerator) ([]map[string]any, error) {
	if !g.Own(spec.RepoURL) {
		return nil, &fault{manifest.RemoteSource, fmt.Sprintf("the generator looks at another repository, %s", spec.RepoURL)}
	}
	switch {
	case len(spec.Directories) > 0:
		return g.gitFolders(spec)
	case len(spec.Files) > 0:
		return g.gitFiles(spec)
	default:
		return nil, &fault{manifest.InvalidObject, "a git generator has directories or files"}
	}
}

// gitFolders takes the folders that match a pattern, in which "*" stands for no slash,
// and no pattern that excludes.
func (g *generation) gitFolders(spec *gitGenerator) ([]map[string]any, error) {
	var list []map[string]any
	for _, dir := range g.listed().folders {
		include, exclude := false, false
		for _, d := range spec.Directories {
			if ok, err := path.Match(d.Path, dir); ok && err == nil {
				include, exclude = include || !d.Exclude, exclude || d.Exclude
			}
		}
		if !include || exclude {
			continue
		}
		params := make(map[string]any)
		g.pathParams(params, spec.PathParamPrefix, dir, "")
		if err := g.addValues(spec.Values, params); err != nil {
			return nil, &fault{manifest.TemplateFailed, fmt.Sprintf("folder %q: %v", dir, err)}
		}
		list = append(list, params)
	}
	return list, nil
}

// gitFiles takes the parameters of each object in the files that match.
func (g *generation) gitFiles(spec *gitGenerator) ([]map[string]any, error) {
	var list []map[string]any
	for _, name := range g.matchingFiles(spec.Files) {
		objects, err := g.objectsIn(name)
		if err != nil {
			return nil, &fault{manifest.InvalidYAML, fmt.Sprintf("file %q: %s", name, oneLine(err.Error()))}
		}
		for _, object := range objects {
			params := object
			if !g.goTemplate {
				params = make(map[string]any)
				for key, value := range flatten(object) {
					params[key] = value
				}
			}
			g.pathParams(params, spec.PathParamPrefix, path.Dir(name), path.Base(name))
			if err := g.addValues(spec.Values, params); err != nil {
				return nil, &fault{manifest.TemplateFailed, fmt.Sprintf("file %q: %v", name, err)}
			}
			list = append(list, params)
		}
	}
	return list, nil
}

// objectsIn reads a file that holds an object or a list of objects.
func (g *generation) objectsIn(name string) ([]map[string]any, error) {
	data, err := g.Tree.ReadFile(name)
	if err != nil {
		return nil, err
	}
	object := make(map[string]any)
	if err := sigsyaml.Unmarshal(data, &object); err == nil {
		if object == nil {
			object = make(map[string]any) // the file says null
		}
		return []map[string]any{object}, nil
	}
	var list []map[string]any
	err = sigsyaml.Unmarshal(data, &list)
	return slices.DeleteFunc(list, func(o map[string]any) bool { return o == nil }), err
}

func (g *generation) matchingFiles(patterns []gitPath) []string {
	var include, exclude []*regexp.Regexp
	for _, p := range patterns {
		if p.Exclude {
			exclude = append(exclude, pathspec(p.Path))
		} else {
			include = append(include, pathspec(p.Path))
		}
	}
	matches := func(list []*regexp.Regexp, name string) bool {
		return slices.ContainsFunc(list, func(r *regexp.Regexp) bool { return r.MatchString(name) })
	}
	var names []string
	for _, name := range g.listed().files {
		if matches(include, name) && !matches(exclude, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// pathspec is a path as "git ls-files" reads it, which Argo CD asks: a file, a folder
// with all below, or a pattern for whole names, in which "*" stands for slashes as well.
func pathspec(text string) *regexp.Regexp {
	text = strings.TrimSuffix(path.Clean(text), "/")
	var b strings.Builder
	b.WriteString("^")
	special := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '*':
			b.WriteString(".*")
			special = true
		case '?':
			b.WriteString(".")
			special = true
		case '[':
			end := strings.IndexByte(text[i+1:], ']')
			if end < 1 {
				b.WriteString(`\[`)
				continue
			}
			class := text[i+1 : i+1+end]
			if rest, ok := strings.CutPrefix(class, "!"); ok {
				class = "^" + rest
			}
			b.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end + 1
			special = true
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	if !special {
		b.WriteString("(/.*)?")
	}
	re, err := regexp.Compile("(?s)" + b.String() + "$")
	if err != nil {
		return regexp.MustCompile(`^\b$`) // a class that is none: nothing matches
	}
	return re
}
