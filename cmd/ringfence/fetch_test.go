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
	"sync"
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

// TestNoCacheFolder runs without a home folder, as in a container, and in the home folder:
// only what fetches, or is told where, needs a folder for that.
func TestNoCacheFolder(t *testing.T) {
	dir := t.TempDir()
	fetchtest.Must(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"), 0o644))
	t.Chdir(dir)
	t.Setenv("XDG_CACHE_HOME", "")
	for home, want := range map[string]string{"": "--cache is needed", dir: "lies in the repository"} {
		t.Setenv("HOME", home)
		if code, _, stderr := runIn(".", "targets"); code != exitClean {
			t.Errorf("home %q: exit code %d, %s", home, code, stderr)
		}
		if code, _, stderr := runIn(".", "fetch"); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("home %q: exit code %d, %s, want %q", home, code, stderr, want)
		}
	}
	if code, out, stderr := runIn(".", "fetch", "--cache", t.TempDir()); code != exitClean || out != "nothing lies elsewhere\n" {
		t.Errorf("with --cache: exit code %d, %s%s", code, out, stderr)
	}
}

// TestFetchWithLogin fetches with the credentials that a file of the user's has, which
// the environment names, and shows them nowhere; nor those that manifests have.
func TestFetchWithLogin(t *testing.T) {
	charts, locked := fetchtest.NewChartRepository(t, "1.0.0"), fetchtest.NewSite(t)
	locked.Mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		charts.Mux.ServeHTTP(w, r)
	})
	dir, home, cache := t.TempDir(), t.TempDir(), t.TempDir()
	write := func(dir, name, content string) {
		fetchtest.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	write(dir, ".ringfence.yaml", "fetch: {allow: ["+fetchtest.HostOf(t, locked.URL)+"]}\n")
	write(dir, "kustomization.yaml", "helmCharts:\n- {name: web, version: 1.0.0, repo: '"+locked.URL+"'}\n")
	write(home, "repositories.yaml", "repositories: [{name: x, url: '"+locked.URL+"', username: me, password: s3cret}]\n")
	run := func(env map[string]string) (int, string) {
		var out, errOut bytes.Buffer
		c := command{stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, environ: func(name string) string { return env[name] }}
		code := c.main([]string{"fetch", "--cache", cache, dir})
		return code, out.String() + errOut.String()
	}
	if code, out := run(nil); code != exitIncomplete || !strings.Contains(out, "401 Unauthorized") || strings.Contains(out, "nothing lies elsewhere") {
		t.Errorf("without credentials: exit code %d, %s", code, out)
	}
	if code, out := run(map[string]string{"HELM_CONFIG_HOME": home}); code != exitClean || strings.Contains(out, "s3cret") {
		t.Errorf("with credentials: exit code %d, %s", code, out)
	}
	lock, err := os.ReadFile(filepath.Join(dir, fetch.LockFile))
	if err != nil || strings.Contains(string(lock), "s3cret") {
		t.Errorf("the lock file: %v\n%s", err, lock)
	}
	write(home, "repositories.yaml", "repositories: s3cret\n")
	if code, out := run(map[string]string{"HELM_CONFIG_HOME": home}); code != exitUsage || !strings.Contains(out, "repositories.yaml") || strings.Contains(out, "s3cret") {
		t.Errorf("a broken file: exit code %d, %s", code, out)
	}

	write(dir, "kustomization.yaml", `resources:
- https://me:s3cret@git.example.com/org/app//deploy?ref=v1
- git::https://s3cret@git.example.com/org/app//deploy?ref=v1
helmCharts:
- {name: web, version: 1.0.0, repo: "https://me:s3cret@charts.example.com"}
`)
	for _, args := range [][]string{{"fetch"}, {"render"}, {"targets"}, {"check", "--format", "json"}} {
		code, out, errOut := runIn(dir, append(args, "--cache", cache)...)
		if code == exitClean && args[0] != "targets" || strings.Contains(out+errOut, "s3cret") {
			t.Errorf("%q: exit code %d, %s%s", args, code, out, errOut)
		}
	}
}

// TestFetchTogether lets runs write the lock file while others read it.
func TestFetchTogether(t *testing.T) {
	hosts, _ := servers(t)
	dir, cache := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{".ringfence.yaml": elsewhere[".ringfence.yaml"], "kustomization.yaml": elsewhere["inflated/kustomization.yaml"]} {
		fetchtest.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(hosts.Replace(content)), 0o644))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, args := range [][]string{{"fetch", "--update"}, {"render", "--fetch"}} {
				if code, _, stderr := runIn(dir, append(args, "--cache", cache)...); code != exitClean {
					t.Errorf("%q: exit code %d, %s", args, code, stderr)
				}
			}
		})
	}
	wg.Wait()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("left are %v, %v", entries, err)
	}
}

// TestFetchedStaysApart fetches kustomizations whose paths lead into the repository that
// names them, which kustomize, in a folder of its own, could never follow.
func TestFetchedStaysApart(t *testing.T) {
	const up = "../../../../../" // out of host/team/app/COMMIT/folder
	commit, own := map[string]string{"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n"}, map[string]string{
		".git/config":                   "",
		"own/cm.yaml":                   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s3cret}\n",
		"own/kustomization.yaml":        "resources: [cm.yaml]\n",
		"component/kustomization.yaml":  "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [../own/cm.yaml]\n",
		"generators/kustomization.yaml": "resources: [generator.yaml]\n",
		"generators/generator.yaml":     "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: s3cret}\nliterals: [a=b]\n",
		"file.txt":                      "a=s3cret\n",
		"values.yaml":                   "tier: s3cret\n",
		"charts/web/Chart.yaml":         "apiVersion: v2\nname: web\nversion: 1.0.0\n",
		"charts/web/templates/a.yaml":   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s3cret}\n",
	}
	for folder, text := range map[string]string{
		"file":       "resources: [" + up + "own/cm.yaml]\n",
		"folder":     "resources: [" + up + "own]\n",
		"component":  "components: [" + up + "component]\n",
		"generated":  "configMapGenerator: [{name: a, files: [" + up + "file.txt]}]\n",
		"variables":  "configMapGenerator: [{name: a, envs: [" + up + "file.txt]}]\n",
		"chart":      "helmCharts: [{name: web}]\nhelmGlobals: {chartHome: " + up + "charts}\n",
		"values":     "helmCharts: [{name: web, valuesFile: " + up + "values.yaml}]\nhelmGlobals: {chartHome: ..}\n",
		"patch":      "resources: [a.yaml]\npatches: [{path: " + up + "own/cm.yaml}]\n",
		"generators": "generators: [" + up + "generators]\n",
		"generator":  "generators: [generator.yaml]\n",
	} {
		commit[folder+"/kustomization.yaml"] = text
		commit[folder+"/a.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
		commit[folder+"/generator.yaml"] = "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: a}\nfiles: [" + up + "file.txt]\n"
	}
	repo := fetchtest.NewRepository(t)
	repo.Commit(t, commit, "refs/heads/main")
	git := repo.Serve(t)
	own[".ringfence.yaml"] = "fetch: {allow: [" + fetchtest.HostOf(t, git.URL) + "]}\n"
	for name := range commit {
		if folder, isRoot := strings.CutSuffix(name, "/kustomization.yaml"); isRoot {
			own["roots/"+name] = "resources: ['" + git.URL + "/team/app//" + folder + "?ref=main']\n"
		}
	}
	dir, cache := t.TempDir(), t.TempDir()
	for name, content := range own {
		file := filepath.Join(dir, filepath.FromSlash(name))
		fetchtest.Must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		fetchtest.Must(t, os.WriteFile(file, []byte(content), 0o644))
	}
	for name := range own {
		folder, isRoot := strings.CutSuffix(name, "/kustomization.yaml")
		if !isRoot || !strings.HasPrefix(name, "roots/") {
			continue
		}
		code, out, errOut := runIn(filepath.Join(dir, folder), "render", "--fetch", "--cache", cache)
		refused := strings.Contains(errOut, "bounds of what was fetched") || strings.Contains(errOut, "leaves the repository") ||
			strings.Contains(errOut, `chart "web" is not in the repository`)
		if code != exitIncomplete || !refused || strings.Contains(out+errOut, "s3cret") {
			t.Errorf("%s: exit code %d, %s%s", folder, code, out, errOut)
		}
	}
}

// TestGenerateForFetched generates policies for a chart that was fetched: there is no
// place for them in it, and the reason says so.
func TestGenerateForFetched(t *testing.T) {
	charts := fetchtest.NewSite(t)
	charts.Serve("/index.yaml", []byte("entries: {web: [{version: 1.0.0, urls: [web.tgz]}]}"))
	charts.Serve("/web.tgz", fetchtest.Packed(t, map[string]string{
		"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
		"web/templates/web.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, ports: [{containerPort: 80}]}]}
`,
	}))
	dir, cache := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{
		".ringfence.yaml": "fetch: {allow: [" + fetchtest.HostOf(t, charts.URL) + "]}\n",
		"flux.yaml": `apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: shop}
spec: {url: ` + charts.URL + `}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  chart:
    spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}
`,
	} {
		fetchtest.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	code, out, errOut := runIn(dir, "generate", "--write", "--fetch", "--cache", cache)
	want := `nothing is written for shop/Deployment/web: what flux.yaml:11 names was fetched and cannot be changed here; "ringfence generate" prints the policies, which can go beside flux.yaml`
	if code != exitClean || out != "" || !strings.Contains(errOut, want) {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
	if code, out, errOut = runIn(dir, "generate", "--cache", cache); code != exitClean || !strings.Contains(out, "kind: NetworkPolicy") {
		t.Errorf("printed: exit code %d, %s%s", code, out, errOut)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("there are %v, %v", entries, err)
	}
}

// TestFetchKeepsPins fetches a kustomization that names a chart, and then cannot fetch it:
// what it names stays pinned, as nobody knows whether it still names it.
func TestFetchKeepsPins(t *testing.T) {
	charts, repo := fetchtest.NewChartRepository(t, "1.0.0"), fetchtest.NewRepository(t)
	repo.Commit(t, map[string]string{"kustomization.yaml": "helmCharts:\n- {name: web, version: 1.x, repo: '" + charts.URL + "'}\n"}, "refs/heads/main")
	git := repo.Serve(t)
	dir := t.TempDir()
	t.Chdir(dir)
	run := func(args ...string) (int, string) {
		var out, errOut bytes.Buffer
		c := command{stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, environ: func(string) string { return "" }}
		return c.main(append(args, "--cache", t.TempDir())), errOut.String()
	}
	write := func(name, content string) {
		fetchtest.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	write(".ringfence.yaml", "fetch: {allow: ["+fetchtest.HostOf(t, charts.URL)+", "+fetchtest.HostOf(t, git.URL)+"]}\n")
	write("kustomization.yaml", "resources: ['"+git.URL+"/team/app?ref=main']\n")
	pins := func() int {
		data, err := os.ReadFile(filepath.Join(dir, fetch.LockFile))
		fetchtest.Must(t, err)
		return strings.Count(string(data), "digest:")
	}
	if code, stderr := run("fetch"); code != exitClean || pins() != 2 {
		t.Fatalf("exit code %d, %d pins, %s", code, pins(), stderr)
	}
	git.Close()
	if code, stderr := run("fetch"); code != exitIncomplete || pins() != 2 {
		t.Errorf("without the server: exit code %d, %d pins, %s", code, pins(), stderr)
	}
	write("kustomization.yaml", "resources: []\n")
	if code, stderr := run("fetch", "--allow-gaps"); code != exitClean || pins() != 0 {
		t.Errorf("named no longer: exit code %d, %d pins, %s", code, pins(), stderr)
	}
}
