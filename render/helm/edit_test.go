package helm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// draws is how many fields the edit test draws.
const draws = 500

// A field is one scalar of an object.
type field struct {
	object int // among those of the chart
	path   []any
	value  any
	origin manifest.Origin
}

// TestEdit judges positions: the value at the reported line is changed in a copy
// of the chart, and the field must change. Fields are drawn evenly over charts,
// then over the fields of a chart.
func TestEdit(t *testing.T) {
	if testing.Short() {
		t.Skip("renders hundreds of charts")
	}
	dir, charts := corpus(t)
	random := rand.New(rand.NewPCG(1, 2))
	work := t.TempDir()
	copied := make(map[string]bool)
	type candidate struct {
		release Release
		root    string
		objects []*manifest.Object
		fields  []field
	}
	var list []candidate
	for _, e := range charts {
		repo, chart, _ := strings.Cut(e.dir, "/")
		if unstable[e.dir] != "" || strings.HasSuffix(chart, "slow-manifest") {
			continue
		}
		root := filepath.Join(work, repo)
		if !copied[repo] {
			copied[repo] = true
			if err := os.CopyFS(root, os.DirFS(filepath.Join(dir, repo))); err != nil {
				t.Fatal(err)
			}
		}
		c := candidate{release: Release{Dir: chart, Name: "rel", Namespace: "ns"}, root: root}
		c.objects = renderOnce(t, root, c.release)
		for i, o := range c.objects {
			if o.Kind != "CustomResourceDefinition" {
				collect(o, i, o.Data, nil, &c.fields)
			}
		}
		if len(c.fields) > 0 {
			list = append(list, c)
		}
	}
	var changed, exact, exactChanged, unknown, broken int
	for range draws {
		c := list[random.IntN(len(list))]
		f := c.fields[random.IntN(len(c.fields))]
		o := c.objects[f.object]
		what := fmt.Sprintf("%s %v %v = %v at %v (exact %v)", c.release.Dir, o.Ref, f.path, f.value, f.origin.Pos, f.origin.Exact)
		if f.origin.Line == 0 {
			unknown++
			t.Logf("no line: %s", what)
			continue
		}
		name := filepath.Join(c.root, f.origin.File)
		before, err := os.ReadFile(name)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		lines := strings.SplitAfter(string(before), "\n")
		line := lines[f.origin.Line-1]
		edit(lines, f.origin.Line-1, f)
		write(t, name, strings.Join(lines, ""))
		after := renderOnce(t, c.root, c.release)
		write(t, name, string(before))
		differs := !present(after, o, f)
		switch {
		case !differs:
			t.Logf("unchanged: %s\n%s->%s", what, line, lines[f.origin.Line-1])
		case len(after) != len(c.objects):
			broken++
			t.Logf("broken: %s\n%s->%s", what, line, lines[f.origin.Line-1])
		}
		if differs {
			changed++
		}
		if f.origin.Exact {
			exact++
			if differs {
				exactChanged++
			}
		}
	}
	known := draws - unknown
	t.Logf("%d of %d fields changed (%.2f %%); exact: %d of %d; no line: %d, broken: %d",
		changed, known, 100*float64(changed)/float64(known), exactChanged, exact, unknown, broken)
	if float64(changed) < 0.97*draws {
		t.Errorf("%d of %d fields changed, want 97 %%", changed, draws)
	}
	if exactChanged != exact {
		t.Errorf("%d of %d exact fields changed, want all", exactChanged, exact)
	}
}

func renderOnce(t *testing.T, root string, release Release) []*manifest.Object {
	tree, err := source.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	objects, _ := New(tree).Render(context.Background(), release)
	return objects
}

func write(t *testing.T, name, text string) {
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// collect lists the scalars below a value.
func collect(o *manifest.Object, index int, value any, path []any, fields *[]field) {
	switch v := value.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps(v)) {
			collect(o, index, v[k], append(path[:len(path):len(path)], k), fields)
		}
	case []any:
		for i, item := range v {
			collect(o, index, item, append(path[:len(path):len(path)], i), fields)
		}
	default:
		*fields = append(*fields, field{object: index, path: path, value: value, origin: o.At(path...)})
	}
}

func maps(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// ends matches the actions after a line's value that belong to structures begun
// elsewhere.
var ends = regexp.MustCompile(`(\s*\{\{-? *end *-?\}\})+$`)

// edit changes the value that line i of a template gives to a field, and leaves
// the rest of the template valid.
func edit(lines []string, i int, f field) {
	line := strings.TrimRight(lines[i], "\r\n")
	value := fmt.Sprint(f.value)
	tail := ends.FindString(line)
	line = strings.TrimSuffix(line, tail)
	key, _ := f.path[len(f.path)-1].(string)
	head, rest := cutHead(line, key)
	switch block := strings.TrimSpace(rest); {
	case f.origin.Exact && f.value == nil:
		line += " edited"
	case f.origin.Exact && value == "":
		line = head + strings.NewReplacer(`""`, `"edited"`, `''`, `'edited'`).Replace(rest)
	case f.origin.Exact && key == "" && strings.HasPrefix(strings.TrimLeft(line[f.origin.Column-1:], `"'`), value):
		at := f.origin.Column - 1 + strings.Index(line[f.origin.Column-1:], value)
		line = line[:at] + other(f.value) + line[at+len(value):]
	case f.origin.Exact && strings.Contains(rest, value): // 0644 reads 420
		at := strings.LastIndex(rest, value)
		line = head + rest[:at] + other(f.value) + rest[at+len(value):]
	case strings.HasPrefix(block, "|") || strings.HasPrefix(block, ">"):
		lines[i+1] = strings.TrimRight(lines[i+1], "\r\n") + " edited\n"
	case f.value != nil && strings.Contains(rest, "nindent") || f.value != nil && strings.Contains(rest, "toYaml"):
		line = head
	case strings.TrimSpace(head) == "":
		line = ""
	default:
		line = head + " edited"
	}
	lines[i] = line + tail + "\n"
}

// cutHead cuts a line after its dash and key, which may be written by an action.
func cutHead(line, key string) (head, rest string) {
	trimmed := strings.TrimLeft(line, " -")
	dashes := line[:len(line)-len(trimmed)]
	for _, form := range []string{key, `"` + key + `"`, `'` + key + `'`} {
		if rest, found := strings.CutPrefix(trimmed, form+":"); found && key != "" {
			return dashes + form + ":", rest
		}
	}
	if end := strings.Index(trimmed, "}}:"); strings.HasPrefix(trimmed, "{{") && end > 0 {
		return dashes + trimmed[:end+3], trimmed[end+3:]
	}
	if strings.Contains(trimmed, "{{") && !strings.HasPrefix(trimmed, "{{") {
		if name, rest, found := strings.Cut(trimmed, ": "); found {
			return dashes + name + ":", " " + rest
		}
	}
	return dashes, trimmed
}

// other is a value of the same type.
func other(v any) string {
	switch v := v.(type) {
	case bool:
		return fmt.Sprint(!v)
	case int64:
		return fmt.Sprint(v + 1)
	default:
		return fmt.Sprint(v) + "x"
	}
}

// present tells whether an object like o still has the field's value.
func present(objects []*manifest.Object, o *manifest.Object, f field) bool {
	for _, n := range objects {
		if n.Ref == o.Ref {
			if v, ok := value(n.Data, f.path); ok && reflect.DeepEqual(v, f.value) {
				return true
			}
		}
	}
	return false
}

func value(v any, path []any) (any, bool) {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			next, ok := m[p]
			if !ok {
				return nil, false
			}
			v = next
		case int:
			list, _ := v.([]any)
			if p >= len(list) {
				return nil, false
			}
			v = list[p]
		}
	}
	return v, true
}
