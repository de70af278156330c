package ringfence_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ringfence/ringfence/"

type floor struct {
	pkg       string
	libraries []string
}

// floors lists the packages from the ground up, with the libraries that only
// they may import. Rooms (sub-packages) belong to their floor; of the rooms of
// one floor, each may import those named before it.
var floors = []floor{
	{"manifest", []string{"go.yaml.in/yaml/"}},
	{"config", nil},
	{"rules", []string{"github.com/open-policy-agent/opa/"}},
	{"render/source", nil},
	{"render/rendertest", nil},
	{"render/worker", nil},
	{"render/cache", nil},
	{"render/fetch/fetchtest", []string{"github.com/google/go-containerregistry/"}},
	{"render/fetch", []string{"oras.land/", "github.com/opencontainers/", "github.com/Masterminds/semver/"}},
	{"render/helm", []string{"helm.sh/helm/"}},
	{"render/kustomize", []string{"sigs.k8s.io/kustomize/"}},
	{"render/argocd", []string{"github.com/Masterminds/sprig/", "dario.cat/mergo", "github.com/gobwas/glob"}},
	{"render/flux", []string{"github.com/fluxcd/"}},
	{"render", []string{"github.com/go-git/"}},
	{"netpol", []string{"k8s.io/"}},
	{"traffic", nil},
	{"analyzer", nil},
	{"change/revision", nil},
	{"change", nil},
	{"generate", []string{"golang.org/x/net/publicsuffix"}},
	{"generate/place", nil},
	{"report/diagram", nil},
	{"report", []string{"github.com/owenrumney/go-sarif/"}},
	{"report/reach", nil},
	{"report/diff", nil},
	{"report/actions", nil},
	{"cmd/ringfence", []string{"github.com/spf13/cobra"}},
}

// alsoAllowed are libraries that more than one floor needs. YAML nodes carry
// positions, so the floors that make objects from text handle them too. Of go-git
// one floor takes the syntax of .gitignore, another the object store, another fetching.
var alsoAllowed = map[string][]string{
	"go.yaml.in/yaml/":   {"config", "render", "render/fetch", "render/helm", "render/kustomize", "generate/place"},
	"github.com/go-git/": {"change/revision", "render/fetch", "render/fetch/fetchtest"},
}

// topLevel is everything that may lie in the repository's root besides dot files.
var topLevel = []string{
	"analyzer", "change", "cmd", "config", "docs", "generate", "manifest", "netpol", "render", "report", "rules", "testdata", "traffic",
	"CHANGELOG.md", "CONTRIBUTING.md", "Dockerfile", "LICENSE", "README.md", "action.yml", "floors_test.go", "go.mod", "go.sum",
}

// floorOf is the index of a package's floor, -1 for none.
func floorOf(pkg string) int {
	return slices.IndexFunc(floors, func(f floor) bool { return f.pkg == pkg })
}

// TestFloors fails on an import that runs upward, on a package that has no
// floor, on one for tests that the program imports, and on a library outside the
// package that it belongs to.
func TestFloors(t *testing.T) {
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() != "." && strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		pkg := path.Dir(filepath.ToSlash(file))
		if path.Ext(file) != ".go" || pkg == "." {
			return nil
		}
		if floorOf(pkg) < 0 {
			t.Errorf("%s: package %q has no floor; add it to the table in the design's order", file, pkg)
			return nil
		}
		checkImports(t, file, pkg)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkImports(t *testing.T, file, pkg string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range parsed.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if own, ok := strings.CutPrefix(imported, module); ok {
			if floorOf(own) >= floorOf(pkg) && own != pkg {
				t.Errorf("%s: %q may not import %q, which is no lower floor", file, pkg, own)
			}
			if strings.HasSuffix(own, "test") && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s: %q is for tests only", file, own)
			}
			continue
		}
		if strings.HasSuffix(file, "_test.go") {
			continue // tests compare with the libraries
		}
		for _, f := range floors {
			for _, library := range f.libraries {
				if strings.HasPrefix(imported, library) && pkg != f.pkg && !slices.Contains(alsoAllowed[library], pkg) {
					t.Errorf("%s: %q belongs inside %q", file, imported, f.pkg)
				}
			}
		}
	}
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) {
			t.Errorf("%q does not belong in the repository's root", name)
		}
	}
}

// TestLibraries fails on a library of go.mod that the README's table does not name. Those
// of Flux are named by their last parts.
func TestLibraries(t *testing.T) {
	module, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, direct, _ := strings.Cut(string(module), "require (\n")
	direct, _, _ = strings.Cut(direct, "\n)")
	for line := range strings.Lines(direct) {
		library, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name := strings.TrimPrefix(library, "github.com/fluxcd/"); !strings.Contains(string(readme), name+"`") {
			t.Errorf("the README's table of libraries lacks %s", library)
		}
	}
}
