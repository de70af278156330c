package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shared returns the folder of the shared sets, or skips the test without one.
func shared(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("RINGFENCE_SHARED")
	if dir == "" {
		t.Skip("RINGFENCE_SHARED is not set: the shared sets are not here")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", "..", dir)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("RINGFENCE_SHARED: %v", err)
	}
	return dir
}

// run runs the command line in process.
func run(args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	c := command{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, environ: func(string) string { return "" }}
	code = c.main(args)
	return out.String(), errs.String(), code
}

type checkReport struct {
	Findings []struct {
		Rule, Severity, File, Message string
		Line                          int
		Object                        struct{ Kind, Namespace, Name string }
		Environments                  []string
		Related                       []struct {
			File string
			Line int
		}
	}
	Gaps    []struct{ Code, Reason, File string }
	Summary map[string]any
}

func check(t *testing.T, args ...string) checkReport {
	t.Helper()
	stdout, stderr, _ := run(append([]string{"check", "--format", "json"}, args...)...)
	var report checkReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	return report
}

// names lists, for each rule, what it was found on: "name" or "file:line".
func (r checkReport) names(rule string) []string {
	var list []string
	for _, f := range r.Findings {
		if f.Rule == rule {
			list = append(list, f.Object.Name)
		}
	}
	slices.Sort(list)
	return list
}

func (r checkReport) counts() map[string]int {
	counts := make(map[string]int)
	for _, f := range r.Findings {
		counts[f.Rule]++
	}
	return counts
}

// linesWith lists "file:line" of the lines of dir's YAML files that are text.
func linesWith(t *testing.T, root, dir, text string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rel, _ := filepath.Rel(root, file)
		before := ""
		for i, line := range strings.Split(string(data), "\n") {
			if strings.TrimSpace(before)+" "+strings.TrimSpace(line) == text {
				places = append(places, fmt.Sprintf("%s:%d", filepath.ToSlash(rel), i+1))
			}
			before = line
		}
	}
	return places
}

func (r checkReport) places(rule string) []string {
	var list []string
	for _, f := range r.Findings {
		if f.Rule == rule {
			list = append(list, fmt.Sprintf("%s:%d", f.File, f.Line))
		}
	}
	slices.Sort(list)
	return list
}

const boutique = "GoogleCloudPlatform__microservices-demo"

var boutiqueWorkloads = []string{
	"adservice", "cartservice", "checkoutservice", "currencyservice", "emailservice", "frontend", "loadgenerator",
	"paymentservice", "productcatalogservice", "recommendationservice", "redis-cart", "shippingservice",
}

func TestBoutiqueDefaultOverlay(t *testing.T) {
	report := check(t, "--target", filepath.Join(shared(t), "corpus", boutique, "kustomize"))
	open := append(report.names("unprotected-workload"), report.names("sensitive-workload-open")...) // redis stores data
	slices.Sort(open)
	if diff := cmp.Diff(boutiqueWorkloads, open); diff != "" {
		t.Errorf("unprotected (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"unprotected-workload": 11, "sensitive-workload-open": 1}, report.counts()); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestBoutiqueWithItsPolicies(t *testing.T) {
	repo := filepath.Join(t.TempDir(), "repo")
	if err := os.CopyFS(repo, os.DirFS(filepath.Join(shared(t), "corpus", boutique, "kustomize"))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(repo, "kustomization.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte("# - components/network-policies"), []byte("- components/network-policies"), 1)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}

	report := check(t, "--target", repo)
	if diff := cmp.Diff([]string{"frontend"}, report.names("unprotected-workload")); diff != "" {
		t.Errorf("unprotected (-want +got):\n%s", diff)
	}
	const policies = "components/network-policies"
	if diff := cmp.Diff(linesWith(t, repo, policies, "egress: - {}"), report.places("allow-all-rule")); diff != "" {
		t.Errorf("allow-all egress (-want +got):\n%s", diff)
	}
	ingress := linesWith(t, repo, policies, "ingress: - {}")
	for _, f := range report.Findings {
		if f.Rule == "unprotected-workload" {
			var related []string
			for _, r := range f.Related {
				related = append(related, fmt.Sprintf("%s:%d", r.File, r.Line))
			}
			if len(ingress) != 1 || !slices.Contains(related, ingress[0]) {
				t.Errorf("related positions %v do not name the rule that opens it, %v", related, ingress)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"unprotected-workload": 1, "allow-all-rule": 12}, report.counts()); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestBoutiqueVariant: this variant replaces redis by a managed service and
// keeps the policy of redis.
func TestBoutiqueVariant(t *testing.T) {
	report := check(t, "--target", filepath.Join(shared(t), "corpus", boutique, "kustomize", "tests", "memorystore-with-all-components"))
	if diff := cmp.Diff([]string{"redis-cart"}, report.names("dangling-policy")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestBoutiqueWholeRepository: the application is there four times, as a base with
// overlays, as plain copies of it (one folder leaves the load generator out) and
// as a chart, none of them protected; that makes 12 + 12 + 11 + 12 findings, redis being one of another rule. The
// overlays that try the components out protect all but the frontend, which is the
// same object of the base. Their policies are in one place and allow all egress.
func TestBoutiqueWholeRepository(t *testing.T) {
	report := check(t, filepath.Join(shared(t), "corpus", boutique))
	byFolder := make(map[string]int)
	for _, f := range report.Findings {
		folder, _, _ := strings.Cut(f.File, "/")
		byFolder[folder+" "+f.Rule]++
	}
	want := map[string]int{
		"kustomize unprotected-workload":               11,
		"release unprotected-workload":                 11,
		"kubernetes-manifests unprotected-workload":    10,
		"helm-chart unprotected-workload":              11,
		"kustomize sensitive-workload-open":            1, // redis
		"release sensitive-workload-open":              1,
		"kubernetes-manifests sensitive-workload-open": 1,
		"helm-chart sensitive-workload-open":           1,
		"kustomize allow-all-rule":                     12,
		"kustomize blocked-relationship":               8, // deny-all cuts off the collector of traces
	}
	if diff := cmp.Diff(want, byFolder); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestKubePrometheus(t *testing.T) {
	root := filepath.Join(shared(t), "corpus", "prometheus-operator__kube-prometheus")
	report := check(t, "--target", root)
	want := map[string][]string{
		"unprotected-workload": {"prometheus-adapter"},
		"host-network-pod":     {"node-exporter"},
		"missing-default-deny": {"monitoring"},
	}
	for rule, names := range want {
		if diff := cmp.Diff(names, report.names(rule)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", rule, diff)
		}
	}
	if diff := cmp.Diff(linesWith(t, root, "manifests", "egress: - {}"), report.places("allow-all-rule")); diff != "" {
		t.Errorf("allow-all egress (-want +got):\n%s", diff)
	}
	for _, f := range report.Findings {
		if f.Object.Name == "node-exporter" && f.Object.Kind == "DaemonSet" && f.Rule != "host-network-pod" {
			t.Errorf("node-exporter has a finding of %s", f.Rule)
		}
	}
}

// TestRecipes lists what each recipe of a collection of policies may give. There
// is no workload in it, so nothing dangles.
func TestRecipes(t *testing.T) {
	root := filepath.Join(shared(t), "corpus", "ahmetb__kubernetes-network-policy-recipes")
	report := check(t, root)
	want := map[string][]string{
		// "ingress: - {}", which is the recipe
		"02a-allow-all-traffic-to-an-application": {"allow-all-rule"},
		// "namespaceSelector: {}", which is the recipe
		"05-allow-traffic-from-all-namespaces": {"overbroad-namespace-selector"},
		// "ingress: - {}": opens the pods to the cluster as well as to the internet
		"08-allow-external-traffic": {"allow-all-rule"},
	}
	got := make(map[string][]string)
	for _, f := range report.Findings {
		recipe := strings.Split(f.File, "/")[1]
		got[recipe] = append(got[recipe], f.Rule)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// 14 of the 15 recipes hold manifests; the first makes a cluster.
	if got := report.Summary["targets"]; got != float64(14) {
		t.Errorf("%v recipes were checked, want 14", got)
	}
}

// TestCalicoPolicies: that repository's NetworkPolicies are of
// crd.projectcalico.org, which only shares the kind's name.
func TestCalicoPolicies(t *testing.T) {
	report := check(t, filepath.Join(shared(t), "corpus", "cybozu-go__neco-apps"))
	if got := report.Summary["policies"]; got != float64(4) {
		t.Errorf("%v policies, want Calico's 4 that are rendered", got)
	}
	for _, f := range report.Findings {
		if f.Object.Kind == "NetworkPolicy" {
			t.Errorf("%s:%d: %s on Calico's policy %q", f.File, f.Line, f.Rule, f.Object.Name)
		}
	}
}

// TestSameBytes checks the whole corpus twice, the formats taking turns, and the
// repository of the documentation twice in each.
func TestSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("checks the whole corpus twice")
	}
	repos, err := filepath.Glob(filepath.Join(shared(t), "corpus", "*", "."))
	if err != nil || len(repos) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	formats := []string{"text", "json", "sarif"}
	size := 0
	twice := func(format, repo string) {
		first, stderr, code := run("check", "--format", format, repo)
		if code == exitUsage || code == exitInternal {
			t.Errorf("%s: exit code %d: %s", repo, code, stderr)
		}
		if second, _, _ := run("check", "--format", format, repo); first != second {
			t.Errorf("%s: two runs differ in %s", repo, format)
		}
		size += len(first)
	}
	for i, repo := range repos {
		twice(formats[i%len(formats)], repo)
	}
	for _, format := range formats {
		twice(format, filepath.Join("..", "..", "testdata", "shop"))
	}
	t.Logf("%d bytes, twice the same", size)
}
