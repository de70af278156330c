//go:build unix

package render_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	yamlutil "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/render"
)

func TestPlainEdit(t *testing.T) {
	if testing.Short() {
		t.Skip("copies the corpus")
	}
	e := editTest{fields: 600, most: 60, bar: 100, edit: editOwnLine}
	entries, err := os.ReadDir(filepath.Join(shared(t), "corpus"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		repo := copyRepository(t, entry.Name())
		targets, _ := repo.Find(context.Background(), []string{"."})
		for _, target := range targets {
			if target.Kind != render.Plain {
				continue
			}
			for _, file := range target.Files {
				one := target
				one.Files, one.Dir = []string{file}, file
				e.targets = append(e.targets, &editTarget{name: entry.Name() + "/" + file, copy: repo, target: one, stock: stockParse})
			}
		}
	}
	e.run(t)
}

// editOwnLine changes a value in a file that is YAML.
func editOwnLine(text string, f editField) (edited string, want any, err error) {
	return editYAML(text, f.Pos)
}

// stockParse reads a file as kubectl does.
func stockParse(name string) ([]any, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var objects []any
	for documents := yamlutil.NewYAMLReader(bufio.NewReader(f)); ; {
		doc, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		var object any
		if err := yaml.Unmarshal(doc, &object); err != nil {
			return nil, err
		}
		objects = append(objects, items(object)...)
	}
}

// items returns the objects of a list, or the object itself.
func items(object any) []any {
	kind, _ := valueAt(object, []any{"kind"}).(string)
	list, ok := valueAt(object, []any{"items"}).([]any)
	if !ok || !strings.HasSuffix(kind, "List") {
		return []any{object}
	}
	return slices.Clone(list)
}
