//go:build unix

package source_test

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

func TestMount(t *testing.T) {
	tree, err := source.Open(t.TempDir())
	must(t, err)
	defer tree.Close()
	named := manifest.Pos{File: "apps/web.yaml", Line: 7}
	files := map[string][]byte{"Chart.yaml": []byte("chart"), "templates/deep/web.yaml": []byte("web"), "big": make([]byte, manifest.DefaultMaxFileSize+1)}
	dir := tree.Mount("charts.example.com/../web/1.0.0", "sha256:00", named, files)
	if !strings.HasPrefix(dir, "fetched:web/1.0.0@") || tree.MountOf(path.Join(dir, "templates")) != dir || tree.MountOf("apps") != "" {
		t.Fatalf("the folder is %q", dir)
	}
	if got := source.Label(dir + "/templates"); got != "fetched:web/1.0.0/templates" {
		t.Errorf("readers see %q", got)
	}
	if other := tree.Mount("charts.example.com/../web/1.0.0", "sha256:00", manifest.Pos{File: "apps/web.yaml", Line: 8}, files); other == dir {
		t.Error("two lines that name it are told apart by nothing")
	}
	for _, tree := range []*source.Tree{tree, tree.With(nil)} {
		if data, err := tree.ReadFile(dir + "/templates/../Chart.yaml"); string(data) != "chart" || err != nil {
			t.Errorf("reads %q, %v", data, err)
		}
		for name, want := range map[string]error{
			dir + "/none": fs.ErrNotExist, dir + "/templates": source.ErrNotRegular, dir + "/big": source.ErrTooLarge, dir + "/../Chart.yaml": fs.ErrNotExist,
		} {
			if _, err := tree.ReadFile(name); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", name, err, want)
			}
		}
		if !tree.IsDir(dir) || !tree.IsDir(dir+"/templates/deep") || tree.IsDir(dir+"/Chart.yaml") || tree.Exists(dir+"/none") {
			t.Error("folders are not told from files")
		}
		entries, err := tree.ReadDir(dir)
		must(t, err)
		var names []string
		for _, e := range entries {
			names = append(names, fs.FormatDirEntry(e))
		}
		if diff := cmp.Diff([]string{"- Chart.yaml", "- big", "d templates/"}, names); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got, err := tree.Resolve(dir + "/templates"); got != dir+"/templates" || err != nil {
			t.Errorf("resolves to %q, %v", got, err)
		}
	}
	if entries, err := tree.ReadDir("."); len(entries) != 0 || err != nil {
		t.Errorf("the repository lists %v, %v", entries, err)
	}
	inside, outside := manifest.Pos{File: dir + "/templates/deep/web.yaml", Line: 1}, manifest.Pos{File: "apps/db.yaml", Line: 2}
	if tree.Named(inside) != named || tree.Named(outside) != outside {
		t.Errorf("%s is named at %s, %s at %s", inside, tree.Named(inside), outside, tree.Named(outside))
	}
}
