//go:build unix

package source_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// TestProxy compares what a tree and its proxy say of all kinds of names.
func TestProxy(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "a", "f.yaml"), []byte("line\nline\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "a", "empty"), nil, 0o644))
	must(t, os.Symlink("f.yaml", filepath.Join(dir, "a", "link")))
	must(t, os.Symlink("../..", filepath.Join(dir, "a", "out")))
	must(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	big, err := os.Create(filepath.Join(dir, "big"))
	must(t, err)
	must(t, big.Truncate(manifest.DefaultMaxFileSize+1))
	must(t, big.Close())
	tree, err := source.Open(dir)
	must(t, err)
	defer tree.Close()
	mounted := tree.Mount("example.com/chart", "sha256:00", manifest.Pos{File: "a/f.yaml", Line: 1}, map[string][]byte{"x/Chart.yaml": []byte("x")})

	asked := 0
	proxy := source.Proxy(func(question []byte) []byte { asked++; return tree.Answer(question) })
	must(t, os.WriteFile(filepath.Join(dir, "odd\xff name"), []byte("odd"), 0o644))
	names := []string{
		"odd\xff name",
		".", "a", "a/f.yaml", "a/./b", "a/empty", "a/link", "a/out", "a/out/x", "loop", "pipe", "big", "none", "a/f.yaml/none", "..", "../x",
		"a/../..", "/etc/passwd", "", mounted, mounted + "/x", mounted + "/x/Chart.yaml", mounted + "/none", "fetched:other@00000000/x",
	}
	for _, name := range names {
		for range 2 { // the second time from memory
			want, wantErr := tree.ReadFile(name)
			got, err := proxy.ReadFile(name)
			same(t, "read "+name, string(want), string(got), wantErr, err)
			wantName, wantErr := tree.Resolve(name)
			gotName, err := proxy.Resolve(name)
			same(t, "resolve "+name, wantName, gotName, wantErr, err)
			wantInfo, wantErr := tree.Stat(name)
			gotInfo, err := proxy.Stat(name)
			same(t, "stat "+name, describe(wantInfo), describe(gotInfo), wantErr, err)
			wantEntries, wantErr := tree.ReadDir(name)
			gotEntries, err := proxy.ReadDir(name)
			same(t, "list "+name, list(wantEntries), list(gotEntries), wantErr, err)
			if want, got := tree.MountOf(name), proxy.MountOf(name); got != want {
				t.Errorf("mount of %q: %q, want %q", name, got, want)
			}
		}
	}
	if asked > 5*len(names) {
		t.Errorf("asked %d times about %d names", asked, len(names))
	}
}

func describe(info fs.FileInfo) string {
	if info == nil {
		return ""
	}
	return info.Mode().String() + " " + info.Name()
}

func list(entries []fs.DirEntry) (names []string) {
	for _, e := range entries {
		names = append(names, fs.FormatDirEntry(e))
	}
	return names
}

// same compares results, and errors in their text, the gaps that they make and the
// errors that callers look for.
func same(t *testing.T, what string, want, got any, wantErr, err error) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
	if (err == nil) != (wantErr == nil) {
		t.Errorf("%s: error %v, want %v", what, err, wantErr)
	}
	if err == nil || wantErr == nil {
		return
	}
	if err.Error() != wantErr.Error() {
		t.Errorf("%s: error %q, want %q", what, err, wantErr)
	}
	for _, kind := range []error{fs.ErrNotExist, source.ErrOutside, source.ErrNotRegular, source.ErrTooLarge} {
		if errors.Is(err, kind) != errors.Is(wantErr, kind) {
			t.Errorf("%s: error %v is %v, want %v", what, err, errors.Is(err, kind), errors.Is(wantErr, kind))
		}
	}
	if diff := cmp.Diff(source.Gap("f", wantErr), source.Gap("f", err)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// FuzzAnswer asks what nobody would.
func FuzzAnswer(f *testing.F) {
	for _, q := range []string{"file a", "folder ..", "target fetched:x/../..", "info \xff", "no question", ""} {
		f.Add([]byte(q))
	}
	tree, err := source.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, question []byte) {
		answer := tree.Answer(question)
		proxy := source.Proxy(func([]byte) []byte { return question })
		_, _ = proxy.ReadFile(string(answer))
		_, _ = proxy.Stat("x")
		_, _ = proxy.ReadDir("x")
	})
}
