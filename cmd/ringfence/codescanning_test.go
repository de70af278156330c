package main

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// TestCodeScanning writes SARIF of a repository of this one and of each of the corpus. It
// must follow the schema of SARIF 2.1.0, name lines that are there, and where
// SARIF_MULTITOOL names Microsoft's validator (npm: @microsoft/sarif-multitool-linux),
// that must have nothing to say with its rules for GitHub's code scanning.
func TestCodeScanning(t *testing.T) {
	repositories := []string{filepath.Join("..", "..", "testdata", "shop")}
	if os.Getenv("RINGFENCE_SHARED") != "" && !testing.Short() {
		corpus, err := filepath.Glob(filepath.Join(shared(t), "corpus", "*__*"))
		if err != nil || len(corpus) == 0 {
			t.Fatalf("no corpus: %v", err)
		}
		repositories = append(repositories, corpus...)
	}
	dir := t.TempDir()
	results := 0
	var files []string
	for _, repository := range repositories {
		file := filepath.Join(dir, filepath.Base(repository)+".sarif")
		files = append(files, file)
		if _, stderr, code := run("check", "--format", "sarif", "--fail-on", "none", "--output", file, repository); code != exitClean && code != exitIncomplete {
			t.Fatalf("%s: exit code %d: %s", repository, code, stderr)
		}
		root, err := repositoryRoot([]string{repository})
		if err != nil {
			t.Fatal(err)
		}
		results += checkSARIF(t, file, root)
	}
	t.Logf("%d results of %d repositories", results, len(repositories))
	multitool(t, files)
}

// checkSARIF checks a file, and returns how many results it has.
func checkSARIF(t *testing.T, file, root string) int {
	t.Helper()
	parsed, err := sarif.Open(file)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if err := parsed.Validate(); err != nil {
		t.Errorf("%s: %v", file, err)
	}
	if len(parsed.Runs) != 1 {
		t.Fatalf("%s: %d runs", file, len(parsed.Runs))
	}
	for _, result := range parsed.Runs[0].Results {
		if len(result.Locations) != 1 || len(result.Suppressions) > 0 {
			t.Errorf("%s: %s: %d locations, %d suppressions", file, *result.RuleID, len(result.Locations), len(result.Suppressions))
			continue
		}
		for _, location := range append(result.Locations, result.RelatedLocations...) {
			p := location.PhysicalLocation
			name, err := url.PathUnescape(*p.ArtifactLocation.URI)
			if err != nil || filepath.IsAbs(name) || strings.Contains(*p.ArtifactLocation.URI, ":") {
				t.Errorf("%s: address %s: %v", file, *p.ArtifactLocation.URI, err)
			}
			text, err := os.ReadFile(filepath.Join(root, name))
			if lines := strings.Count(string(text), "\n") + 1; err != nil || *p.Region.StartLine > lines {
				t.Errorf("%s: %s:%d is not there (%d lines): %v", file, name, *p.Region.StartLine, lines, err)
			}
		}
		if result.PartialFingerprints["primaryLocationLineHash"] == "" {
			t.Errorf("%s: %s has no fingerprint", file, *result.Message.Text)
		}
	}
	return len(parsed.Runs[0].Results)
}

// multitool runs the validator, which ends with 0 whatever it finds.
func multitool(t *testing.T, files []string) {
	t.Helper()
	program := os.Getenv("SARIF_MULTITOOL")
	if program == "" {
		t.Log("SARIF_MULTITOOL is not set: not validated with it")
		return
	}
	output := filepath.Join(t.TempDir(), "output.sarif")
	cmd := exec.Command(program, append([]string{"validate", "--rule-kind", "Sarif;Ghas", "--output", output}, files...)...)
	cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Runs []struct {
			Artifacts []any
			Results   []any
		}
	}
	if err := json.Unmarshal(data, &said); err != nil {
		t.Fatal(err)
	}
	if len(said.Runs) != 1 {
		t.Fatalf("%d runs", len(said.Runs))
	}
	for _, result := range said.Runs[0].Results {
		text, _ := json.Marshal(result)
		t.Errorf("%s", text)
	}
}
