package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/fetch/fetchtest"
)

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

// TestFetchUnknown fetches the source of an Application where nothing says which
// repository this is: what it names decides.
func TestFetchUnknown(t *testing.T) {
	repo := fetchtest.NewRepository(t)
	repo.Commit(t, map[string]string{"deploy/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-elsewhere}\n"}, "refs/heads/main")
	git := repo.Serve(t)
	dir, cache := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{
		".ringfence.yaml": "fetch: {allow: [" + fetchtest.HostOf(t, git.URL) + "]}\n",
		"app.yaml":        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: app}\nspec:\n  source: {repoURL: '" + git.URL + "/team/app', path: deploy}\n  destination: {name: prod, namespace: shop}\n",
	} {
		fetchtest.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	code, out, errOut := runIn(dir, "targets", "--fetch", "--cache", cache)
	if code != exitClean || !strings.Contains(out, "/deploy  plain  1 object  complete  Application \"app\", app.yaml:5") {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
}

// TestCacheFollowsFetched renders a kustomization with a chart from elsewhere, with one
// cache for all states of what was fetched: nothing, one version, another, nothing again.
func TestCacheFollowsFetched(t *testing.T) {
	charts := fetchtest.NewChartRepository(t, "1.0.0", "2.0.0")
	dir, cache := t.TempDir(), t.TempDir()
	write := func(name, content string) {
		fetchtest.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	write(".ringfence.yaml", "fetch: {allow: ["+fetchtest.HostOf(t, charts.URL)+"]}\n")
	write("kustomization.yaml", "helmCharts:\n- {name: web, version: '>=1.0.0', repo: '"+charts.URL+"'}\n")
	rendered := func(want string) {
		t.Helper()
		uncached := "" // what fetch keeps is needed, what was rendered is not
		for _, run := range []string{"without", "first", "second"} {
			args := []string{"render", "-o", "yaml", "--cache", cache}
			if run == "without" {
				args = append(args, "--no-cache")
			}
			_, out, errOut := runIn(dir, args...)
			if run == "without" {
				uncached = out + errOut
			}
			if out+errOut != uncached || !strings.Contains(out+errOut, want) {
				t.Errorf("%s run: %s%swant %q", run, out, errOut, want)
			}
		}
	}
	lockOf := func(version string) string {
		write("kustomization.yaml", "helmCharts:\n- {name: web, version: '"+version+"', repo: '"+charts.URL+"'}\n")
		if code, out, errOut := runIn(dir, "fetch", "--cache", cache); code != exitClean {
			t.Fatalf("fetch: exit code %d, %s%s", code, out, errOut)
		}
		lock, err := os.ReadFile(filepath.Join(dir, fetch.LockFile))
		fetchtest.Must(t, err)
		write("kustomization.yaml", "helmCharts:\n- {name: web, version: '>=1.0.0', repo: '"+charts.URL+"'}\n")
		return strings.ReplaceAll(string(lock), "version: "+version, "version: '>=1.0.0'")
	}
	rendered("is not in the repository")
	if kept, err := filepath.Glob(filepath.Join(cache, "rendered", "*")); err != nil || len(kept) != 1 {
		t.Errorf("%q is kept, %v", kept, err)
	}
	first, second := lockOf("1.0.0"), lockOf("2.0.0")
	for range 2 {
		write(fetch.LockFile, first)
		rendered("version: 1.0.0")
		write(fetch.LockFile, second)
		rendered("version: 2.0.0")
		fetchtest.Must(t, os.Remove(filepath.Join(dir, fetch.LockFile)))
		rendered("is not in the repository")
	}
}
