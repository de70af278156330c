package kustomize

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
)

// editSeed and editFields choose the fields of TestEdit.
const (
	editSeed   = 7
	editFields = 400
)

// TestEdit draws fields at random, edits the value at the line that At reports
// for them, and builds again with the stock library: the field must change.
func TestEdit(t *testing.T) {
	corpus, roots := corpusRoots(t)
	roots = slices.DeleteFunc(roots, func(r root) bool { return r.status != "ok" })
	seed, fields := uint64(editSeed), editFields
	if s := os.Getenv("RINGFENCE_EDITS"); s != "" { // "seed,fields", for a longer run
		if _, err := fmt.Sscanf(s, "%d,%d", &seed, &fields); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(seed, 1))
	all := make(builders)
	var right, exact, exactRight, drawn int
	for drawn < fields {
		root := roots[random.IntN(len(roots))]
		b := all.of(t, corpus, root.repo)
		objects, _ := b.Build(context.Background(), root.dir)
		if len(objects) == 0 {
			continue
		}
		index := random.IntN(len(objects))
		o := objects[index]
		paths := scalarPaths(o.Data, nil)
		path := paths[random.IntN(len(paths))]
		if identityPath(path) {
			continue
		}
		drawn++
		origin := o.At(path...)
		err := editChanges(filepath.Join(corpus, root.repo), root.dir, o, index, path)
		if origin.Exact {
			exact++
		}
		if err == nil {
			right++
			if origin.Exact {
				exactRight++
			}
			continue
		}
		report := t.Logf
		if origin.Exact {
			report = t.Errorf
		}
		report("%s/%s: %s %v = %.60q: %s (exact %t, via %v): %v", root.repo, root.dir, o.Ref, path, fmt.Sprint(valueAt(o.Data, path)), origin.Pos, origin.Exact, origin.Via, err)
	}
	t.Logf("%d fields: %d right (%.1f %%); %d exact (%.1f %%), of these %d right",
		drawn, right, 100*float64(right)/float64(drawn), exact, 100*float64(exact)/float64(drawn), exactRight)
	if 100*right < 97*drawn {
		t.Errorf("%d of %d positions are right, want 97 %%", right, drawn)
	}
}

// identityPath tells whether the field is one by which patches find the object, so
// that editing it breaks the build.
func identityPath(path []any) bool {
	switch fmt.Sprint(path) {
	case "[apiVersion]", "[kind]", "[metadata name]":
		return true
	}
	return false
}

func scalarPaths(v any, path []any) [][]any {
	switch v := v.(type) {
	case map[string]any:
		var paths [][]any
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			paths = append(paths, scalarPaths(v[key], append(slices.Clip(path), key))...)
		}
		return paths
	case []any:
		var paths [][]any
		for i, item := range v {
			paths = append(paths, scalarPaths(item, append(slices.Clip(path), i))...)
		}
		return paths
	case nil:
		return nil
	default:
		return [][]any{path}
	}
}

func valueAt(v any, path []any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			list, _ := v.([]any)
			if p >= len(list) {
				return nil
			}
			v = list[p]
		}
	}
	return v
}

// editedFiles is the disk with one file changed.
type editedFiles struct {
	filesys.FileSystem
	name string
	data []byte
}

func (f editedFiles) ReadFile(name string) ([]byte, error) {
	if name == f.name {
		return f.data, nil
	}
	return f.FileSystem.ReadFile(name)
}

// editChanges edits the line and tells whether the field of the built object
// changes.
func editChanges(repo, dir string, o *manifest.Object, index int, path []any) error {
	origin, before := o.At(path...), valueAt(o.Data, path)
	name, err := filepath.EvalSymlinks(filepath.Join(repo, origin.File))
	if err != nil {
		return err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	lines := strings.Split(string(data), "\n")
	if origin.Line < 1 || origin.Line > len(lines) {
		return fmt.Errorf("no line %d", origin.Line)
	}
	i := origin.Line - 1
	if blockHeader.MatchString(lines[i]) && i+1 < len(lines) {
		for i++; i+1 < len(lines) && strings.TrimSpace(lines[i]) == ""; i++ {
		}
		lines[i] = strings.TrimRight(lines[i], "\r") + "x"
	} else if lines[i], err = editLine(lines[i], origin.Column, before); err != nil {
		return err
	}
	opts := krusty.MakeDefaultOptions()
	opts.Reorder = krusty.ReorderOptionUnspecified
	m, err := krusty.MakeKustomizer(opts).Run(editedFiles{filesys.MakeFsOnDisk(), name, []byte(strings.Join(lines, "\n"))}, filepath.Join(repo, dir))
	if err != nil {
		return fmt.Errorf("edited to %q: %.200s", lines[i], err.Error())
	}
	if index >= m.Size() {
		return fmt.Errorf("edited to %q: %d objects", lines[i], m.Size())
	}
	edited := m.Resources()[index]
	if fmt.Sprint(path) == "[metadata namespace]" { // changes the order
		for _, r := range m.Resources() {
			if r.GetKind() == o.Kind && r.GetName() == o.Name && r.GetNamespace() == o.Namespace+"x" {
				return nil
			}
		}
	}
	text, err := edited.AsYAML()
	if err != nil {
		return err
	}
	var after any
	if text, err = yaml.YAMLToJSON(text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, &after); err != nil {
		return err
	}
	if cmp.Equal(fmt.Sprint(valueAt(after, path)), fmt.Sprint(before)) {
		return fmt.Errorf("edited to %q: no change", lines[i])
	}
	return nil
}

var (
	blockHeader = regexp.MustCompile(`(^|\s)[|>][+-]?[0-9]?[+-]?\s*(#.*)?$`)
	// lineValue splits a line into what comes before its value, the value, and a comment.
	lineValue = regexp.MustCompile(`^(\s*(?:- +)*(?:"[^"]*":\s+|'[^']*':\s+|[^\s#"'{\[][^#{\["']*?:\s+)?)(.+?)(\s+#.*)?\r?$`)
)

// editLine changes the value on a line; in a flow collection, the given one.
func editLine(line string, column int, value any) (string, error) {
	m := lineValue.FindStringSubmatch(line)
	if m == nil {
		return "", fmt.Errorf("no value on line %q", line)
	}
	text := m[2]
	flow := strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
	if flow {
		inner := fmt.Sprint(value)
		if inner == "" {
			inner = strings.Repeat(string(text[strings.IndexAny(text, `'"`)]), 2)
		}
		from := max(column-1-len(m[1]), 0)
		at := from + strings.Index(text[min(from, len(text)):], inner)
		if at < from {
			return "", fmt.Errorf("%q is not on line %q", inner, line)
		}
		return m[1] + text[:at] + edited(inner) + text[at+len(inner):] + m[3], nil
	}
	for strings.HasPrefix(text, "&") || strings.HasPrefix(text, "!") {
		tag, rest, found := strings.Cut(text, " ")
		if !found {
			break
		}
		m[1], text = m[1]+tag+" ", rest
	}
	return m[1] + edited(text) + m[3], nil
}

func edited(text string) string {
	switch {
	case text == "true":
		return "false"
	case text == "false":
		return "true"
	case strings.HasSuffix(text, `"`), strings.HasSuffix(text, "'"):
		return text[:len(text)-1] + "x" + text[len(text)-1:]
	}
	if n, err := strconv.Atoi(text); err == nil {
		return strconv.Itoa(n + 1)
	}
	return text + "x"
}
