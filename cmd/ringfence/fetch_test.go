package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/fetch/fetchtest"
)

// A checkout is a repository whose objects name what lies elsewhere: by Flux, by Argo CD,
// by kustomize and by a chart. HOST stands for a server's host and port.
var elsewhere = map[string]string{
	".git/config": "[remote \"origin\"]\n\turl = https://example.com/team/gitops.git\n",
	".ringfence.yaml": `fetch:
  allow: [CHARTS, IMAGES, GIT]
`,
	"clusters/prod/flux.yaml": `apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux}
spec: {url: http://CHARTS}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: flux}
spec: {url: oci://IMAGES/team/web, ref: {semver: ">=1.0.0"}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: app, namespace: flux}
spec: {url: http://GIT/team/app.git, ref: {tag: v1.2.0}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: by-helm, namespace: flux}
spec:
  chart:
    spec:
      chart: web
      version: 1.x
      sourceRef: {kind: HelmRepository, name: charts}
  values: {tier: gold}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: by-oci, namespace: flux}
spec:
  chartRef: {kind: OCIRepository, name: web}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: by-git, namespace: flux}
spec:
  path: deploy
  sourceRef: {kind: GitRepository, name: app}
  targetNamespace: shop
`,
	"argo/apps.yaml": `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: argo-chart, namespace: argocd}
spec:
  destination: {name: stage, namespace: web}
  source:
    repoURL: http://CHARTS
    chart: web
    targetRevision: 1.0.0
    helm: {releaseName: argo-chart}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: argo-git, namespace: argocd}
spec:
  destination: {name: stage, namespace: web}
  source:
    repoURL: http://GIT/team/app
    path: deploy
    targetRevision: main
`,
	"inflated/kustomization.yaml": `helmCharts:
- name: web
  repo: http://CHARTS
  version: 1.0.0
  releaseName: inflated
`,
	"based/kustomization.yaml": `resources:
- http://GIT/team/app.git//based?ref=v1.2.0
- http://CHARTS/manifests/file.yaml
nameSuffix: -based
`,
	"parent/Chart.yaml": `apiVersion: v2
name: parent
version: 1.0.0
dependencies:
- name: web
  version: ~1.4
  repository: http://CHARTS
`,
}

// servers starts a chart repository, a registry and a git repository, and returns
// what stands for their hosts.
func servers(t *testing.T) (*strings.Replacer, []*fetchtest.Site) {
	charts := fetchtest.NewChartRepository(t, "1.0.0", "1.4.2", "2.0.0")
	images := fetchtest.NewRegistry(t)
	images.Push(t, "team/web", "1.0.0", "application/vnd.cncf.helm.chart.content.v1.tar+gzip", fetchtest.ChartOf(t, "1.0.0"))
	repo := fetchtest.NewRepository(t)
	configMap := func(name string) map[string]string {
		text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n"
		return map[string]string{"deploy/a.yaml": text, "based/a.yaml": text, "based/kustomization.yaml": "resources: [a.yaml]\n"}
	}
	repo.Commit(t, configMap("git-tagged"), "refs/tags/v1.2.0")
	repo.Commit(t, configMap("git-main"), "refs/heads/main")
	charts.Serve("/manifests/file.yaml", []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain-file}\n"))
	git := repo.Serve(t)
	return strings.NewReplacer("CHARTS", fetchtest.HostOf(t, charts.URL), "IMAGES", fetchtest.HostOf(t, images.URL), "GIT", fetchtest.HostOf(t, git.URL)),
		[]*fetchtest.Site{charts, images, git}
}

func runIn(dir string, args ...string) (code int, stdout, stderr string) {
	var out, errOut bytes.Buffer
	c := command{stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, environ: func(string) string { return "" }}
	code = c.main(append(args, dir))
	return code, out.String(), errOut.String()
}

// TestFetch fetches all that a repository names, and renders it again without the network
// to the same bytes.
func TestFetch(t *testing.T) {
	t.Setenv("PATH", "") // there is no git
	hosts, sites := servers(t)
	dir, cache := t.TempDir(), t.TempDir()
	for name, content := range elsewhere {
		file := filepath.Join(dir, filepath.FromSlash(name))
		fetchtest.Must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		fetchtest.Must(t, os.WriteFile(file, []byte(hosts.Replace(content)), 0o644))
	}
	requests := func() (n int64) {
		for _, s := range sites {
			n += s.Requests.Load()
		}
		return n
	}

	// Nothing is pinned and nothing asked for: nothing is dialled, and each gap says so.
	before := requests()
	code, _, stderr := runIn(dir, "render", "--cache", cache)
	if n := strings.Count(stderr, `"ringfence fetch" fetches it`); code != exitIncomplete || n != 9 || requests() != before {
		t.Errorf("without the network: exit code %d, %d gaps, %d requests\n%s", code, n, requests()-before, stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, fetch.LockFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a lock file was written: %v", err)
	}

	code, first, stderr := runIn(dir, "render", "--fetch", "--cache", cache)
	if code != exitClean {
		t.Errorf("with the network: exit code %d\n%s", code, stderr)
	}
	for _, want := range []string{
		"# clusters/prod/flux.yaml:22:", "# clusters/prod/flux.yaml:31:", "# clusters/prod/flux.yaml:38:",
		"# argo/apps.yaml:8:", "# argo/apps.yaml:19:", "# inflated/kustomization.yaml:2:", "# parent/Chart.yaml:5\n",
		"# based/kustomization.yaml:2:", "name: git-tagged-based\n", "# based/kustomization.yaml:3:", "name: plain-file-based\n",
		"name: git-tagged\n", "name: git-main\n", "version: 1.4.2\n", "tier: gold\n",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("rendered is no %q in\n%s", want, first)
		}
	}
	if strings.Contains(first+stderr, "fetched:") {
		t.Errorf("names that nobody can open are shown:\n%s%s", first, stderr)
	}

	_, targets, _ := runIn(dir, "targets", "--cache", cache)
	for _, want := range []string{
		"  fetched:CHARTS/web/1.4.2 ", "HelmRelease flux/by-helm, clusters/prod/flux.yaml:16",
		"  fetched:CHARTS/web/1.0.0 ", `Application "argo-chart", argo/apps.yaml:8`,
	} {
		if !strings.Contains(targets, hosts.Replace(want)) {
			t.Errorf("there is no %q in\n%s", want, targets)
		}
	}

	// From now on the lock file and the cache do.
	before = requests()
	dial := func(context.Context, string, string) (net.Conn, error) {
		t.Error("something is dialled without the network")
		return nil, errors.New("refused")
	}
	transport, _ := http.DefaultTransport.(*http.Transport)
	oldDial, oldResolver := transport.DialContext, net.DefaultResolver
	defer func() { transport.DialContext, net.DefaultResolver = oldDial, oldResolver }()
	transport.DialContext, net.DefaultResolver = dial, &net.Resolver{PreferGo: true, Dial: dial}
	code, second, stderr := runIn(dir, "render", "--cache", cache)
	if diff := cmp.Diff(first, second); code != exitClean || diff != "" || requests() != before {
		t.Errorf("again without the network: exit code %d, %d requests\n%s\n%s", code, requests()-before, diff, stderr)
	}
}

// TestFetchCommand checks what the command prints and pins, and what it refuses.
func TestFetchCommand(t *testing.T) {
	hosts, _ := servers(t)
	dir, cache := t.TempDir(), t.TempDir()
	write := func(name, content string) {
		fetchtest.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(hosts.Replace(content)), 0o644))
	}
	write(".ringfence.yaml", elsewhere[".ringfence.yaml"])
	write("kustomization.yaml", elsewhere["inflated/kustomization.yaml"])
	code, stdout, stderr := runIn(dir, "fetch", "--cache", cache)
	want := hosts.Replace(`chart  chart "web" of http://CHARTS (1.0.0)  1.0.0  sha256:`)
	if code != exitClean || !strings.HasPrefix(stdout, want) || strings.Count(stdout, "\n") != 1 {
		t.Errorf("exit code %d, %q, %s", code, stdout, stderr)
	}
	lock, err := os.ReadFile(filepath.Join(dir, fetch.LockFile))
	fetchtest.Must(t, err)
	write(fetch.LockFile, strings.Replace(string(lock), "digest: sha256:", "digest: sha256:"+strings.Repeat("0", 64)+" # ", 1))
	code, _, stderr = runIn(dir, "fetch", "--cache", cache)
	if code != exitIncomplete || !strings.Contains(stderr, "has other content than expected") || !strings.Contains(stderr, "kustomization.yaml:2") {
		t.Errorf("content that is not what was pinned: exit code %d, %s", code, stderr)
	}
	for want, args := range map[string][]string{
		"lies in the repository":    {"fetch", "--cache", filepath.Join(dir, "cache")},
		"has no sha256 digest":      {"check", "--cache", cache},
		"unknown flag: --fetch":     {"fetch", "--fetch"},
		"unknown flag: --no-lookup": {"check", "--no-lookup"},
	} {
		if want == "has no sha256 digest" {
			write(fetch.LockFile, "version: 1\nfetched: [{kind: git, url: x, resolved: y, digest: z}]\n")
		}
		if code, _, stderr := runIn(dir, args...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, %s", args, code, stderr)
		}
		fetchtest.Must(t, os.Remove(filepath.Join(dir, fetch.LockFile)))
		write(fetch.LockFile, string(lock))
	}
	outside := filepath.Join(t.TempDir(), "secret")
	fetchtest.Must(t, os.WriteFile(outside, []byte("secret"), 0o600))
	fetchtest.Must(t, os.Remove(filepath.Join(dir, fetch.LockFile)))
	fetchtest.Must(t, os.Symlink(outside, filepath.Join(dir, fetch.LockFile)))
	if code, _, stderr := runIn(dir, "fetch", "--cache", cache); code != exitUsage {
		t.Errorf("a link out of the repository: exit code %d, %s", code, stderr)
	}
	if data, _ := os.ReadFile(outside); string(data) != "secret" {
		t.Errorf("it was written through: %s", fmt.Sprintf("%q", data))
	}
}
