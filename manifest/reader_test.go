package manifest

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// sameAsLibrary reads a document both ways and fails the test where the results
// differ. It returns whether the reader understands the document.
func sameAsLibrary(t *testing.T, text string) bool {
	t.Helper()
	r := new(reader)
	data, ok := r.document(text)
	if !ok {
		return false
	}
	doc, err := Document{Text: []byte(text)}.Parse()
	if err != nil {
		t.Errorf("the library refuses %q: %v", text, err)
		return true
	}
	if len(doc.Content) != 1 {
		t.Errorf("the library finds nothing in %q", text)
		return true
	}
	root := doc.Content[0]
	want, err := Value(root)
	if err != nil {
		t.Errorf("the value of %q is in error: %v", text, err)
	} else if !reflect.DeepEqual(any(data), want) {
		t.Errorf("data of %q (-library +reader):\n%s", text, cmp.Diff(want, any(data)))
	}
	if end := sameNodes(t, text, r.parts, 0, root); end != len(r.parts) {
		t.Errorf("%q: %d parts, want %d", text, len(r.parts), end)
	}
	sameObjects(t, text, r, doc)
	return true
}

// sameNodes compares a part, and those in it, with a node, and returns the index of
// the part after them.
func sameNodes(t *testing.T, text string, parts []part, i int, want *yaml.Node) int {
	t.Helper()
	got := parts[i].node(text)
	if got.Line != want.Line || got.Column != want.Column || got.Kind != want.Kind || got.Style != want.Style || got.Value != want.Value {
		t.Errorf("part %d of %q is %s, want %s", i, text, describe(got), describe(want))
	}
	end := i + 1
	for _, child := range want.Content {
		if end >= len(parts) {
			t.Fatalf("%q: too few parts", text)
		}
		end = sameNodes(t, text, parts, end, child)
	}
	if int(parts[i].next) != end {
		t.Errorf("part %d of %q ends before part %d, want %d", i, text, parts[i].next, end)
	}
	return end
}

func describe(n *yaml.Node) string {
	return fmt.Sprintf("%d:%d kind %d style %d %q", n.Line, n.Column, n.Kind, n.Style, n.Value)
}

// sameObjects compares objects and the places of all their fields.
func sameObjects(t *testing.T, text string, r *reader, doc *yaml.Node) {
	t.Helper()
	got, _ := r.objects(nil, Document{Text: []byte(text), Skip: 7}, Plain("f.yaml", 7))
	want, _ := newObjects(doc, Plain("f.yaml", 7))
	if len(got) != len(want) {
		t.Errorf("%q: %d objects, want %d", text, len(got), len(want))
		return
	}
	for i, o := range want {
		if diff := cmp.Diff([]any{o.Ref, o.Origin, o.APIVersion}, []any{got[i].Ref, got[i].Origin, got[i].APIVersion}); diff != "" {
			t.Errorf("object %d of %q (-library +reader):\n%s", i, text, diff)
		}
		for _, path := range paths(o.Data) {
			if got, want := got[i].At(path...), o.At(path...); !reflect.DeepEqual(got, want) {
				t.Errorf("%v of %q is at %v, want %v", path, text, got, want)
			}
		}
	}
}

// paths lists the paths of what is in v, of which it follows at most eight items of
// a list or mapping, and some that lead nowhere.
func paths(v any) [][]any {
	all := [][]any{nil, {"nowhere"}, {-1}, {1000}}
	add := func(key, value any) {
		for _, path := range paths(value) {
			all = append(all, append([]any{key}, path...))
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v))[:min(len(v), 8)] {
			add(key, v[key])
		}
	case []any:
		for i, value := range v[:min(len(v), 8)] {
			add(i, value)
		}
	}
	return all
}

// TestReaderOnCorpus compares on every document of the corpus that looks like
// Kubernetes. Real manifests should be understood, or the reader is of no use.
func TestReaderOnCorpus(t *testing.T) {
	shared := os.Getenv("RINGFENCE_SHARED")
	if shared == "" {
		t.Skip("RINGFENCE_SHARED, the folder that has the corpus, is not set")
	}
	var documents, understood, size, sizeUnderstood int
	err := filepath.WalkDir(filepath.Join(shared, "corpus"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !isManifest(name) {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil || len(data) > DefaultMaxFileSize {
			return err
		}
		for _, doc := range Split(data) {
			ok := sameAsLibrary(t, string(doc.Text))
			if !doc.LooksLikeKubernetes() {
				continue
			}
			if ok {
				understood, sizeUnderstood = understood+1, sizeUnderstood+len(doc.Text)
			} else if _, err := doc.Parse(); err != nil {
				continue // nobody understands it
			}
			documents, size = documents+1, size+len(doc.Text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the reader understands %d of %d documents that look like Kubernetes and parse, %d of %d bytes",
		understood, documents, sizeUnderstood, size)
	if 10*understood < 9*documents {
		t.Error("that is less than nine in ten")
	}
}

func isManifest(name string) bool {
	switch filepath.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	default:
		return false
	}
}
