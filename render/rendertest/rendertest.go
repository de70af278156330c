// Package rendertest holds what the tests of several renderers need: repositories of a few
// files, and ways through the data of objects.
//
// It renders nothing, and only tests import it.
package rendertest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// Open opens a folder as a repository until the test ends.
func Open(t testing.TB, dir string) *source.Tree {
	t.Helper()
	tree, err := source.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree
}

// Archive opens the files of a txtar archive as a repository.
func Archive(t testing.TB, archive string) *source.Tree {
	t.Helper()
	files := map[string]string{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		files[f.Name] = string(f.Data)
	}
	return Files(t, files)
}

// Files opens texts, by the names of their files, as a repository.
func Files(t testing.TB, files map[string]string) *source.Tree {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Open(t, dir)
}

// Data lists the data of objects.
func Data(objects []*manifest.Object) (all []map[string]any) {
	for _, o := range objects {
		all = append(all, o.Data)
	}
	return all
}

// Paths lists the paths of all that is in v: keys of mappings, indexes of lists.
func Paths(v any) (all [][]any) {
	add := func(step, value any) {
		all = append(all, []any{step})
		for _, path := range Paths(value) {
			all = append(all, append([]any{step}, path...))
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			add(key, v[key])
		}
	case []any:
		for i, item := range v {
			add(i, item)
		}
	}
	return all
}

// Lookup returns what is at a path in v, and whether anything is.
func Lookup(v any, path []any) (value any, found bool) {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			if v, found = m[step]; !found {
				return nil, false
			}
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil, false
			}
			v = list[step]
		}
	}
	return v, true
}
