package apiserver

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/ringfence/ringfence/manifest"
)

const root = "../.."

// TestScripts takes the policies of the scripts that test the command line, among
// them what it is expected to generate.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join(root, "testdata", "script", "*.txtar"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	policies, generated := 0, 0
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range startOfFile.Split(string(text), -1)[1:] {
			for _, doc := range documents(t, []byte(file)) {
				switch {
				case !isPolicy(doc):
				case strings.Contains(string(doc), "ringfence.dev/generated"):
					generated++
					apply(t, doc)
				default:
					policies++
					if difference := disagreement(theirs(t, doc), ours(t, doc)); difference != "" {
						t.Errorf("%s: %s:\n%s", script, difference, doc)
					}
				}
			}
		}
	}
	t.Logf("%d policies, and %d generated ones", policies, generated)
	if policies < 50 || generated < 3 {
		t.Error("these are too few to be all")
	}
}

var startOfFile = regexp.MustCompile(`(?m)^-- .* --\n`)

// TestGenerated takes what is generated for an application in the repository, and for
// 13 real ones.
func TestGenerated(t *testing.T) {
	ringfence := build(t)
	t.Run("shop", func(t *testing.T) {
		applyGenerated(t, ringfence, "--target", filepath.Join(root, "testdata", "shop", "overlays", "prod"))
	})
	t.Run("truth", func(t *testing.T) {
		shared := os.Getenv("RINGFENCE_SHARED")
		if shared == "" {
			t.Skip("RINGFENCE_SHARED does not name the folder of the labelled applications")
		}
		labels, err := filepath.Glob(filepath.Join(shared, "truth", "*", "edges.yaml"))
		if err != nil || len(labels) == 0 {
			t.Fatalf("no labelled applications: %v", err)
		}
		for _, file := range labels {
			dir := filepath.Dir(file)
			t.Run(filepath.Base(dir), func(t *testing.T) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				namespace := defaultNamespace.FindStringSubmatch(string(text))
				if namespace == nil {
					t.Fatalf("%s tells no default_namespace", file)
				}
				applyGenerated(t, ringfence, "--namespace", namespace[1], filepath.Join(dir, "manifests"))
			})
		}
	})
}

var defaultNamespace = regexp.MustCompile(`(?m)^default_namespace: *(\S+)`)

// build builds the command, with the dependencies that it is released with.
func build(t *testing.T) (ringfence string) {
	t.Helper()
	ringfence = filepath.Join(t.TempDir(), "ringfence")
	cmd := exec.Command("go", "build", "-o", ringfence, "./cmd/ringfence")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return ringfence
}

// applyGenerated generates policies, with everything denied by default, and applies them.
func applyGenerated(t *testing.T, ringfence string, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(ringfence, append([]string{"generate", "--allow-gaps", "--default-deny", "always"}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	docs := documents(t, stdout.Bytes())
	if len(docs) == 0 {
		t.Fatalf("nothing is generated: %s", &stderr)
	}
	for _, doc := range docs {
		apply(t, doc)
	}
	t.Logf("%d policies are accepted", len(docs))
}

// apply fails on a policy of which the API server or netpol dislikes anything.
func apply(t *testing.T, doc []byte) {
	t.Helper()
	if _, err := runtime.Decode(decoder, doc); err != nil {
		t.Errorf("strict decoding: %v:\n%s", err, doc)
		return
	}
	if v := theirs(t, doc); !v.accepted() {
		t.Errorf("the API server rejects %v of\n%s", v.rejected, doc)
	}
	if v := ours(t, doc); !v.accepted() || len(v.unknown) > 0 {
		t.Errorf("netpol rejects %v and does not know %v of\n%s", v.rejected, v.unknown, doc)
	}
}

// documents splits a stream as kubectl does; empty documents are left out.
func documents(t *testing.T, stream []byte) [][]byte {
	t.Helper()
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	var docs [][]byte
	for {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(bytes.TrimSpace(doc)) > 0 {
			docs = append(docs, doc)
		}
	}
}

// isPolicy tells whether a document is a NetworkPolicy of Kubernetes, and no template of
// one.
func isPolicy(doc []byte) bool {
	if bytes.Contains(doc, []byte("{{")) {
		return false
	}
	objects, gaps := manifest.Parse("", doc)
	return len(gaps) == 0 && len(objects) == 1 && objects[0].Kind == "NetworkPolicy" && objects[0].APIVersion == "networking.k8s.io/v1"
}
