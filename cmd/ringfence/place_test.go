package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/generate/place"
)

// TestWriteEverywhere writes the policies of every repository of the corpus into a
// copy of it. The program proves them as rendered; the test looks at the files: edited
// ones only gain lines, a second run changes nothing, and no finding at or above low
// points at a generated file.
func TestWriteEverywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	dirs, err := filepath.Glob(filepath.Join(shared(t), "corpus", "*__*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			repository := copyOf(t, dir)
			stdout, stderr, code := run("generate", "--write", "--allow-gaps", repository)
			if code != exitClean {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			for line := range strings.Lines(stdout) {
				verb, name, _ := strings.Cut(strings.TrimSpace(line), " ")
				if verb == "updated" {
					onlyGains(t, filepath.Join(dir, name), filepath.Join(repository, name))
				} else if filepath.Base(name) != place.FileName {
					t.Errorf("%s %s", verb, name)
				}
			}
			if stdout, _, code := run("generate", "--check", "--allow-gaps", repository); code != exitClean || stdout != "" {
				t.Errorf("a second run: exit code %d\n%s", code, stdout)
			}
			for _, f := range findingsOf(t, repository) {
				if filepath.Base(f.File) == place.FileName && f.Severity != "note" {
					t.Errorf("%s:%d: %s: %s", f.File, f.Line, f.Severity, f.Message)
				}
			}
			t.Logf("%d files", strings.Count(stdout, "\n"))
		})
	}
}

// TestWriteCleans writes policies into copies of three applications, after which
// nothing is unprotected but what the program has said it leaves open, and what a
// policy of the author opens.
func TestWriteCleans(t *testing.T) {
	for _, target := range []string{
		"GoogleCloudPlatform__microservices-demo/kustomize", "GoogleCloudPlatform__microservices-demo/helm-chart",
		"stefanprodan__podinfo/kustomize", "stefanprodan__podinfo/charts/podinfo", "stefanprodan__podinfo/deploy",
		"Azure-Samples__aks-store-demo/kustomize/overlays/dev", "Azure-Samples__aks-store-demo/charts/aks-store-demo",
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			name, below, _ := strings.Cut(target, "/")
			repository := copyOf(t, filepath.Join(shared(t), "corpus", name))
			if err := os.Mkdir(filepath.Join(repository, ".git"), 0o755); err != nil && !os.IsExist(err) {
				t.Fatal(err)
			}
			dir := filepath.Join(repository, below)
			_, stderr, code := run("generate", "--write", dir)
			if code != exitClean {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			for _, f := range findingsOf(t, dir) {
				quoted := strings.Split(f.Message, `"`)[1:]
				switch f.Rule {
				case "missing-default-deny":
					if strings.Contains(stderr, "namespace "+quoted[0]+": gets no default deny: ") {
						continue
					}
				case "unprotected-workload":
					if strings.Contains(f.Message, "allows all ingress") && !strings.HasSuffix(quoted[2], "-allow") {
						continue // the author's policy does
					}
				default:
					continue
				}
				t.Errorf("%s:%d: %s: %s", f.File, f.Line, f.Rule, f.Message)
			}
		})
	}
}

// copyOf copies a repository of the corpus into a folder of the test.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	repository := filepath.Join(t.TempDir(), filepath.Base(dir))
	if err := os.CopyFS(repository, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return repository
}

// onlyGains checks that an edited file has all its lines, in order, and one more; a
// list in brackets gains in its line.
func onlyGains(t *testing.T, before, after string) {
	t.Helper()
	old, err := os.ReadFile(before)
	if err != nil {
		t.Fatal(err)
	}
	edited, err := os.ReadFile(after)
	if err != nil {
		t.Fatal(err)
	}
	without := strings.NewReplacer(", "+place.FileName, "", "["+place.FileName, "[").Replace(string(edited))
	var kept []string
	for line := range strings.Lines(without) {
		if strings.TrimSpace(line) != "- "+place.FileName {
			kept = append(kept, line)
		}
	}
	left := strings.TrimSuffix(strings.Join(kept, ""), "\n")
	if left = strings.TrimSuffix(left, "\nresources:"); left != strings.TrimSuffix(string(old), "\n") {
		t.Errorf("%s became\n%s", before, edited)
	}
}

// A shownFinding is a finding as check writes it in JSON.
type shownFinding struct {
	Rule, Severity, File, Message string
	Line                          int
}

func findingsOf(t *testing.T, dir string) []shownFinding {
	t.Helper()
	stdout, stderr, code := run("check", "-o", "json", "--fail-on", "none", "--allow-gaps", dir)
	if code != exitClean {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var report struct{ Findings []shownFinding }
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	return report.Findings
}
