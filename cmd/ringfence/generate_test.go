package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/generate"
)

// TestGenerateKeepsCalls generates policies for 13 real applications, denies by
// default, and asks the engine for every labelled call. Those that manifests tell are
// all allowed; of those that only images and programs tell, most are, as what nobody is
// known to call stays open in its namespace.
func TestGenerateKeepsCalls(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t), "truth", "*", "edges.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no labelled applications: %v", err)
	}
	untold, cut := 0, 0
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var tr truth
			if err := yaml.Unmarshal(text, &tr); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "app"), os.DirFS(filepath.Join(filepath.Dir(file), "manifests"))); err != nil {
				t.Fatal(err)
			}
			allowed := underGenerated(t, dir, tr.DefaultNamespace)
			calls := 0
			for _, e := range tr.Edges {
				if e.Status != "edge" {
					continue
				}
				from, to := endOf(e.From, true), endOf(e.To, false)
				isAllowed := allowed[pair{from, to}].has(e.Port, e.Protocol)
				call := fmt.Sprintf("%s -> %s on %s %d is denied (%s -> %s)", e.From, e.To, e.Protocol, e.Port, from, to)
				switch {
				case e.Static && isAllowed:
					calls++
				case e.Static:
					t.Error(call)
				case isAllowed:
					untold++
				default:
					t.Log(call)
					cut++
				}
			}
			t.Logf("%d calls are allowed", calls)
		})
	}
	if t.Logf("of those that no manifest tells, %d are allowed and %d denied", untold, cut); untold < 4*cut {
		t.Error("these are too many")
	}
}

// endOf names the node that stands for an end of a call: for what has no pods here,
// an address or a pod of a namespace that nothing names.
func endOf(end string, caller bool) string {
	switch end {
	case "external:ingress-controller", "external:istio-ingressgateway", "external:gateway", "external:prometheus", "external:runtime-pods":
		return "other-pods:*"
	case "external:coredns":
		return "other-pods:kube-system"
	}
	if strings.HasPrefix(end, "external:") {
		return "address"
	}
	return end
}

// connections is what a pair may connect, as map writes it.
type connections []struct{ Protocol, Ports string }

func (c connections) has(port int, protocol string) bool {
	for _, one := range c {
		if one.Protocol != protocol {
			continue
		}
		for part := range strings.SplitSeq(one.Ports, ",") {
			lo, hi, isRange := strings.Cut(part, "-")
			if !isRange {
				hi = lo
			}
			first, _ := strconv.Atoi(lo)
			last, _ := strconv.Atoi(hi)
			if first <= port && port <= last {
				return true
			}
		}
	}
	return false
}

// underGenerated adds the generated policies to an application and returns what may
// connect then. A block of public addresses is called "address".
func underGenerated(t *testing.T, dir, namespace string) map[pair]connections {
	t.Helper()
	stdout, stderr, code := run("generate", "--namespace", namespace, "--default-deny", "always", filepath.Join(dir, "app"))
	if code != exitClean && code != exitIncomplete {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if err := os.WriteFile(filepath.Join(dir, "app", "generated.yaml"), []byte(stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code = run("map", "-o", "jsonl", "--expand", "--namespace", namespace, filepath.Join(dir, "app"))
	if code != exitClean && code != exitIncomplete {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	allowed := map[pair]connections{}
	for line := range strings.Lines(stdout) {
		var p struct {
			From, To string
			Allowed  connections
		}
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		allowed[pair{addressed(p.From), addressed(p.To)}] = p.Allowed
	}
	return allowed
}

// addressed calls the block that holds 8.8.8.8 in every cut an address.
func addressed(node string) string {
	if strings.Contains(node, "/") && strings.HasSuffix(node, "0.0.0/5") || node == "0.0.0.0/0" || strings.HasPrefix(node, "8.0.0.0/") {
		return "address"
	}
	return node
}

// TestGenerateAgainstAuthors compares the ingress that generated policies allow with
// what the hand-written policies of an application allow.
func TestGenerateAgainstAuthors(t *testing.T) {
	dir := t.TempDir()
	repo := filepath.Join(shared(t), "corpus", "GoogleCloudPlatform__microservices-demo", "kustomize")
	if err := os.CopyFS(dir, os.DirFS(repo)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "authors", "kustomization.yaml"), "resources: [../base]\ncomponents: [../components/network-policies]\n")
	write(t, filepath.Join(dir, "bare", "kustomization.yaml"), "resources: [../base, generated.yaml]\n")
	write(t, filepath.Join(dir, "bare", "generated.yaml"), "")
	want := ingressOf(t, filepath.Join(dir, "authors"))
	generated, stderr, code := run("generate", "--namespace", "default", "--default-deny", "always", "--direction", "ingress", "--target", filepath.Join(dir, "base"))
	if code != exitClean {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	write(t, filepath.Join(dir, "bare", "generated.yaml"), generated)
	got := ingressOf(t, filepath.Join(dir, "bare"))
	for p := range want {
		if !got[p] {
			t.Errorf("%s -> %s: only the authors allow it", p.from, p.to)
		}
	}
	for p := range got {
		if !want[p] {
			t.Errorf("%s -> %s: only the generated policies allow it", p.from, p.to)
		}
	}
	t.Logf("%d pairs of the authors, %d of the generated policies", len(want), len(got))
}

// ingressOf returns the pairs of different workloads that may connect in any way.
func ingressOf(t *testing.T, dir string) map[pair]bool {
	t.Helper()
	stdout, stderr, code := run("map", "-o", "jsonl", "--expand", "--namespace", "default", "--target", dir)
	if code != exitClean {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	pairs := map[pair]bool{}
	for line := range strings.Lines(stdout) {
		var p struct{ From, To string }
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.From, "default/") && strings.HasPrefix(p.To, "default/") && p.From != p.To {
			pairs[pair{p.From, p.To}] = true
		}
	}
	return pairs
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestGenerateForEveryEnvironment proposes and proves policies for every environment
// of the corpus.
func TestGenerateForEveryEnvironment(t *testing.T) {
	if testing.Short() {
		t.Skip("generates for the whole corpus")
	}
	repos, err := filepath.Glob(filepath.Join(shared(t), "corpus", "*", "."))
	if err != nil || len(repos) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	environments, policies := 0, 0
	for _, repo := range repos {
		c := command{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, environ: func(string) string { return "" }}
		w, err := c.open(context.Background(), &selection{}, []string{repo})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range w.clusters() {
			environments++
			result, err := generate.Propose(w.generated(e), generate.Options{})
			if err != nil {
				t.Errorf("%s: %v", repo, err)
				continue
			}
			policies += len(result.Proposals)
		}
		w.close()
	}
	t.Logf("%d policies for %d environments are proved", policies, environments)
}
