package fetch_test

import (
	"context"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/fetch/fetchtest"
)

// TestRealGit fetches from git itself, which serves a repository on disk: with messages
// between the parts of the pack, with deltas, and without history.
func TestRealGit(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("there is no git")
	}
	dir := t.TempDir()
	run := func(args ...string) string {
		cmd := exec.Command(git, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	backend := filepath.Join(run("--exec-path"), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Skip("this git serves nothing by HTTP")
	}
	long := strings.Repeat("a line that is in both\n", 1000)
	run("init", "--quiet", "--initial-branch", "main")
	run("config", "user.name", "somebody")
	run("config", "user.email", "somebody@example.com")
	for _, version := range []string{"1.0.0", "1.1.0"} {
		fetchtest.Must(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(long+version), 0o644))
		run("add", "--all")
		run("commit", "--quiet", "--message", version)
		run("tag", "--annotate", "--message", version, version)
	}
	first := run("rev-parse", "HEAD~1")
	run("gc", "--quiet")
	s := fetchtest.NewSite(t)
	handler := &cgi.Handler{Path: backend, Env: []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1"}}
	s.Mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) })
	u := newUser(t, s)
	for version, want := range map[string]string{"": "1.1.0", "main": "1.1.0", "1.0.0": "1.0.0", "1.x": "1.1.0", first: "1.0.0"} {
		got, err := u.online(nil).Get(context.Background(), fetch.Ref{Kind: fetch.Git, URL: s.URL + "/.git", Version: version})
		if err != nil || string(got.Content["a.yaml"]) != long+want || len(got.Content) != 1 {
			t.Errorf("%q: got %d files, %v", version, len(got.Content), err)
		}
	}
}
