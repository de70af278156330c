//go:build unix

package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/render"
)

// shared returns the folder of the shared sets, or skips without one.
func shared(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("RINGFENCE_SHARED")
	if dir == "" {
		t.Skip("RINGFENCE_SHARED is not set: the shared sets are not here")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", dir)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("RINGFENCE_SHARED: %v", err)
	}
	return dir
}

// corpusRoots lists the roots and charts of the corpus by repository. Their status
// is "ok" where the stock tool renders them.
func corpusRoots(t testing.TB, root string, keep func(kind render.Kind, status string) bool) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "corpus", "EXPECTED.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	roots := make(map[string][]string)
	for _, line := range strings.Split(string(data), "\n")[1:] {
		fields := strings.Split(line, "\t")
		if len(fields) > 2 && keep(render.Kind(fields[0]), fields[2]) {
			repo, dir, _ := strings.Cut(fields[1], "/")
			roots[repo] = append(roots[repo], filepath.ToSlash(filepath.Clean(dir)))
		}
	}
	return roots
}
