package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/fetch/fetchtest"
)

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
