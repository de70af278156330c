package helm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ringfence/ringfence/render/rendertest"
)

func TestSymbolicLinks(t *testing.T) {
	tree := rendertest.Archive(t, `
-- web/Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- shared/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
`)
	for link, target := range map[string]string{
		"web/templates/inside.yaml":  "../../shared/a.yaml",
		"web/templates/outside.yaml": "../../../../../../../../etc/hostname",
		"web/templates/loop":         "..",
	} {
		name := filepath.Join(tree.Dir(), link)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	objects, gaps := New(tree, nil).Render(context.Background(), Release{Dir: "web"})
	if len(objects) != 1 || objects[0].Pos.String() != "shared/a.yaml:1:1" {
		t.Errorf("objects %v, want one at shared/a.yaml:1:1", objects)
	}
	want := []string{"web/templates/outside.yaml: outside-repository: the path leaves the repository"}
	if diff := cmp.Diff(want, texts(gaps)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// packed makes a packed chart of files, name and content in turn.
func packed(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	archive := tar.NewWriter(zipped)
	for i := 0; i < len(files); i += 2 {
		header := &tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchives(t *testing.T) {
	tree := rendertest.Archive(t, `
-- Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
dependencies:
- name: db
  version: 1.x
-- charts/README --
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  labels:
    {{- include "db.labels" . | nindent 4 }}
`)
	charts := filepath.Join(tree.Dir(), "charts")
	if err := os.Remove(filepath.Join(charts, "README")); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"db-1.0.0.tgz": packed(t,
			"db/Chart.yaml", "{apiVersion: v2, name: db, version: 1.0.0}",
			"db/crds/a.yaml", "{apiVersion: v1, kind: CustomResourceDefinition}",
			"db/templates/_labels.tpl", `{{ define "db.labels" }}x: y{{ end }}`,
			"db/templates/db.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n"),
		"bomb-1.0.0.tgz": packed(t, "bomb/x", strings.Repeat("\x00", maxUnpacked)),
		"text.tgz":       []byte("no archive"),
	} {
		if err := os.WriteFile(filepath.Join(charts, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	objects, gaps := New(tree, nil).Render(context.Background(), Release{})
	if diff := cmp.Diff([]string{"CustomResourceDefinition/", "Secret/db", "ConfigMap/a"}, names(objects)); diff != "" {
		t.Fatalf("objects (-want +got):\n%s", diff)
	}
	for i, want := range []string{"Chart.yaml:5", "Chart.yaml:5", "templates/a.yaml:1:1"} {
		if got := objects[i].Pos.String(); got != want {
			t.Errorf("%s at %s, want %s", names(objects)[i], got, want)
		}
	}
	if got := objects[2].At("metadata", "labels", "x").Pos.String(); got != "templates/a.yaml:6:5" {
		t.Errorf("label of a packed chart's template at %s", got)
	}
	want := []string{
		`charts/bomb-1.0.0.tgz: limit-exceeded: "charts/bomb-1.0.0.tgz" expands to more than 104857600 bytes`,
		`charts/text.tgz: invalid-chart: "charts/text.tgz": gzip: invalid header`,
	}
	if diff := cmp.Diff(want, texts(gaps)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func TestBigFile(t *testing.T) {
	tree := rendertest.Archive(t, `
-- Chart.yaml --
{apiVersion: v2, name: web, version: 1.0.0}
-- files/big --
`)
	if err := os.WriteFile(filepath.Join(tree.Dir(), "files/big"), make([]byte, 6<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	_, gaps := New(tree, nil).Render(context.Background(), Release{})
	want := []string{"files/big: file-too-large: file of 6291456 bytes is over Helm's limit of 5242880"}
	if diff := cmp.Diff(want, texts(gaps)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}
