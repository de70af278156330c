package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
)

// expected is one line of the table of what stock kustomize and Helm render.
type expected struct {
	kind, dir, status, sum, failure string
}

func expectedLines(t testing.TB, root string) []expected {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "corpus", "EXPECTED.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []expected
	for _, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")[1:] {
		f := strings.Split(line+"\t", "\t")
		lines = append(lines, expected{f[0], f[1], f[2], f[4], f[5]})
	}
	return lines
}

// objectSum is the sum that the table gives: over the objects as JSON with sorted
// keys, one per line, the lines sorted. It is shortened to 24 hex digits.
func objectSum(t *testing.T, stream string) string {
	t.Helper()
	var lines []string
	for _, doc := range manifest.Split([]byte(stream)) {
		converted, err := yaml.YAMLToJSON(doc.Text)
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(bytes.NewReader(converted))
		decoder.UseNumber()
		var object any
		if err := decoder.Decode(&object); err != nil {
			t.Fatal(err)
		}
		if object == nil {
			continue
		}
		line, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line)+"\n")
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:12])
}

// notTheSame are the lines with status ok that do not render to the same sum.
var notTheSame = map[string]string{
	"argoproj__argo-cd/util/helm/testdata/redis":                                      "not deterministic: a random password",
	"stefanprodan__podinfo/charts/podinfo":                                            "not deterministic: a random name",
	"argoproj__argo-cd/reposerver/repository/testdata/in-bounds-values-file-link":     "its values.yaml is a symbolic link that this copy of the repository holds as a text file",
	"argoproj__argo-cd/reposerver/repository/testdata/out-of-bounds-values-file-link": "its values.yaml is a symbolic link that this copy of the repository holds as a text file",
}

// causes are words of which a gap must have one, for each class of failure.
var causes = map[string][]string{
	"missing file/dir":                                           {"does not exist"},
	"remote base/resource (network)":                             {"would need the network"},
	"empty kustomization":                                        {"is empty"},
	"invalid kustomization schema/field":                         {"unknown field", "invalid", "cannot unmarshal"},
	"plugin/KRM function (ksops, exec ...)":                      {"plugin"},
	"default images transformer crashes on object (PSP volumes)": {"image reference"},
	"remote/unvendored chart dependency":                         {"dependency"},
	"missing named template (library not vendored)":              {"no template"},
	"nil pointer (missing values)":                               {"nil pointer"},
	// One of the two has an empty Chart.yaml.
	"required values (required/fail)": {"required", "Chart.yaml"},
	// The chart uses a template of the chart that it is part of.
	"template type error":          {"not defined at"},
	"values.schema.json violation": {"values.schema.json"},
}

// betterThanStock are the lines with status fail that render without a gap.
var betterThanStock = map[string]string{
	"argoproj__argo-cd/test/e2e/testdata/kustomize-api-versions": "its helmCharts lie in the repository and are rendered in process",
	"argoproj__argo-cd/test/e2e/testdata/kustomize-kube-version": "its helmCharts lie in the repository and are rendered in process",
}

// TestParity renders every root and chart of the corpus with the command line and
// compares the objects with what the stock tools print, or the gap with why they fail.
func TestParity(t *testing.T) {
	if testing.Short() {
		t.Skip("renders every root of the corpus")
	}
	root := shared(t)
	same, objects := 0, 0
	for _, line := range expectedLines(t, root) {
		stdout, stderr, code := run("render", "--release", "rel", "--namespace", "ns", "--kube-version", "1.34.0", filepath.Join(root, "corpus", line.dir))
		reason, excepted := notTheSame[line.dir]
		better := betterThanStock[line.dir]
		switch {
		case better != "":
			if code != exitClean || stdout == "" {
				t.Errorf("%s: exit code %d; %s", line.dir, code, better)
			}
		case line.status == "ok" && excepted:
			t.Logf("%s: %s", line.dir, reason)
		case line.status == "ok":
			if got := objectSum(t, stdout); got != line.sum {
				t.Errorf("%s %s: sum %s, want %s (exit code %d)\n%s", line.kind, line.dir, got, line.sum, code, stderr)
				continue
			}
			same++
			objects += strings.Count(stdout, "\n---\n")
		case code != exitIncomplete && !strings.Contains(stderr, ": remark: "):
			t.Errorf("%s %s: exit code %d, want a gap: %s", line.kind, line.dir, code, line.failure)
		case !slices.ContainsFunc(causes[line.failure], func(words string) bool { return strings.Contains(stderr, words) }):
			t.Errorf("%s %s: the gaps do not tell the cause, %q:\n%s", line.kind, line.dir, line.failure, stderr)
		}
	}
	t.Logf("%d lines with the same objects, %d objects", same, objects)
}
