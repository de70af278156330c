package fetch_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/fetch/fetchtest"
)

// userLogins reads the credentials of a user who has just these files in the home folder.
func userLogins(t *testing.T, files map[string]string) *fetch.Logins {
	t.Helper()
	home := t.TempDir()
	for name, content := range files {
		fetchtest.Must(t, os.MkdirAll(filepath.Dir(filepath.Join(home, name)), 0o755))
		fetchtest.Must(t, os.WriteFile(filepath.Join(home, name), []byte(content), 0o600))
	}
	logins, err := fetch.UserLogins(environment{"HOME": home, "HELM_CONFIG_HOME": filepath.Join(home, "helm")}.get)
	fetchtest.Must(t, err)
	return logins
}

type environment map[string]string

func (e environment) get(name string) string { return e[name] }

// locked is a site that lets in me, with the password s3cret, alone. It keeps what it was
// sent as credentials.
type locked struct {
	*fetchtest.Site
	mu   sync.Mutex
	sent []string
}

func lock(t *testing.T, inner *fetchtest.Site) *locked {
	l := &locked{Site: fetchtest.NewSite(t)}
	l.Mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if sent := r.Header.Get("Authorization"); sent != "" {
			l.sent = append(l.sent, sent)
		}
		if user, password, _ := r.BasicAuth(); user != "me" || password != "s3cret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="all of it"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.Mux.ServeHTTP(w, r)
	})
	return l
}

// TestLogins fetches what is not public with the credentials that the user keeps in
// files, and not without them.
func TestLogins(t *testing.T) {
	t.Setenv("PATH", "") // no program is asked
	images, repo := fetchtest.NewRegistry(t), fetchtest.NewRepository(t)
	images.Push(t, "team/web", "1.0.0", helmLayer, fetchtest.ChartOf(t, "1.0.0"))
	repo.Commit(t, map[string]string{"a.yaml": "a"}, "refs/heads/main")
	charts, registry, git := lock(t, fetchtest.NewChartRepository(t, "1.0.0")), lock(t, images), lock(t, repo.Serve(t))
	host := func(s *locked) string { return fetchtest.HostOf(t, s.URL) }
	docker := `{"auths": {"` + host(registry) + `": {"auth": "` + base64.StdEncoding.EncodeToString([]byte("me:s3cret")) + `"}}, "credsStore": "none"}`
	withUser := strings.Replace(git.URL, "://", "://me:s3cret@", 1)
	chart := fetch.Ref{Kind: fetch.Chart, URL: charts.URL, Name: "web"}
	oci := fetch.Ref{Kind: fetch.Chart, URL: ociURL(registry.Site) + "/team/web", Version: "1.0.0"}
	commit := fetch.Ref{Kind: fetch.Git, URL: git.URL + "/team/app.git", Version: "main"}
	for name, test := range map[string]struct {
		ref   fetch.Ref
		files map[string]string
		want  bool
	}{
		"Helm":                      {chart, map[string]string{"helm/repositories.yaml": "repositories: [{name: x, url: '" + charts.URL + "/', username: me, password: s3cret}]"}, true},
		"Helm, another repository":  {chart, map[string]string{"helm/repositories.yaml": "repositories: [{name: x, url: '" + charts.URL + "/other', username: me, password: s3cret}]"}, false},
		"Helm, not for git":         {commit, map[string]string{"helm/repositories.yaml": "repositories: [{name: x, url: '" + git.URL + "', username: me, password: s3cret}]"}, false},
		"Docker":                    {oci, map[string]string{".docker/config.json": docker}, true},
		"Helm's registries":         {oci, map[string]string{"helm/registry/config.json": docker, ".docker/config.json": "{}"}, true},
		"a program of Docker":       {oci, map[string]string{".docker/config.json": `{"credsStore": "ringfence-test"}`}, false},
		"git":                       {commit, map[string]string{".git-credentials": "\n" + withUser + "\n"}, true},
		"git, in another folder":    {commit, map[string]string{".config/git/credentials": withUser + "/team"}, true},
		"git, of another team":      {commit, map[string]string{".git-credentials": withUser + "/other"}, false},
		"git, .netrc without TLS":   {commit, map[string]string{".netrc": "machine " + host(git) + " login me password s3cret"}, false},
		"git, not for charts":       {chart, map[string]string{".git-credentials": strings.Replace(charts.URL, "://", "://me:s3cret@", 1)}, false},
		"nothing of a chart":        {chart, nil, false},
		"nothing of a registry":     {oci, nil, false},
		"nothing of a repository":   {commit, nil, false},
		"those of another port":     {commit, map[string]string{".git-credentials": "http://me:s3cret@127.0.0.1\n"}, false},
		"a default that is for all": {commit, map[string]string{".netrc": "default login me password s3cret"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range []*locked{charts, registry, git} {
				s.sent = nil
			}
			u := newUser(t, charts.Site, registry.Site, git.Site)
			_, err := fetch.New(fetch.Options{Network: true, Cache: u.cache, Allow: u.allow, Logins: userLogins(t, test.files)}).Get(context.Background(), test.ref)
			if (err == nil) != test.want || err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v", err)
			}
			if sent := len(charts.sent) + len(registry.sent) + len(git.sent); (sent > 0) != test.want {
				t.Errorf("%d requests had credentials", sent)
			}
		})
	}
}

// TestLoginsStayHome leads a request that has credentials to another server, which the
// configuration allows, too. They do not go along.
func TestLoginsStayHome(t *testing.T) {
	stranger := lock(t, fetchtest.NewSite(t))
	leading, sent := fetchtest.NewSite(t), atomic.Int64{}
	leading.Mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, _, known := r.BasicAuth()
		if known {
			sent.Add(1)
		}
		switch {
		case !known && strings.HasPrefix(r.URL.Path, "/v2/"):
			w.Header().Set("WWW-Authenticate", "Basic realm=x")
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/listed/index.yaml":
			_, _ = w.Write([]byte("entries: {web: [{version: 1.0.0, urls: [\"" + stranger.URL + "/web.tgz\"]}]}"))
		default:
			http.Redirect(w, r, stranger.URL+r.URL.Path, http.StatusTemporaryRedirect)
		}
	})
	host := fetchtest.HostOf(t, leading.URL)
	logins := userLogins(t, map[string]string{
		"helm/repositories.yaml": "repositories: [{url: '" + leading.URL + "', username: me, password: s3cret}, {url: '" + leading.URL + "/listed', username: me, password: s3cret}]",
		".docker/config.json":    `{"auths": {"` + host + `": {"username": "me", "password": "s3cret", "auth": "` + base64.StdEncoding.EncodeToString([]byte("me:s3cret")) + `"}}}`,
		".git-credentials":       "http://me:s3cret@" + host,
	})
	u := newUser(t, leading, stranger.Site)
	for _, ref := range []fetch.Ref{
		{Kind: fetch.Chart, URL: leading.URL, Name: "web"},
		{Kind: fetch.Chart, URL: leading.URL + "/listed", Name: "web"},
		{Kind: fetch.Chart, URL: ociURL(leading) + "/team/web", Version: "1.0.0"},
		{Kind: fetch.Git, URL: leading.URL + "/team/app"},
	} {
		before, asked := sent.Load(), stranger.Requests.Load()
		_, err := fetch.New(fetch.Options{Network: true, Cache: u.cache, Allow: u.allow, Logins: logins}).Get(context.Background(), ref)
		if err == nil || sent.Load() == before || stranger.Requests.Load() == asked {
			t.Errorf("%s: got %v after %d requests with credentials and %d of the other server", ref, err, sent.Load()-before, stranger.Requests.Load()-asked)
		}
	}
	if len(stranger.sent) > 0 {
		t.Errorf("another server was sent %q", stranger.sent)
	}
}

// TestUserLoginsErrors checks that a file that cannot be read is named, and that nothing
// of it is shown; and that without a home folder nothing of the working directory is read.
func TestUserLoginsErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	fetchtest.Must(t, os.WriteFile(file, []byte("repositories: s3cret"), 0o600))
	for _, env := range []environment{{"HELM_REPOSITORY_CONFIG": file}, {"HELM_REGISTRY_CONFIG": file}, {"NETRC": dir}} {
		if _, err := fetch.UserLogins(env.get); err == nil || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v: got %v", env, err)
		}
	}
	t.Chdir(dir)
	fetchtest.Must(t, os.WriteFile(".git-credentials", []byte("https://me:s3cret@example.com"), 0o600))
	fetchtest.Must(t, os.WriteFile("repositories.yaml", []byte("repositories: wrong"), 0o600))
	if _, err := fetch.UserLogins(environment{}.get); err != nil {
		t.Error(err)
	}
}

// TestProxy checks that a proxy is asked for hosts that the configuration names, and for
// no others, whose addresses could not be checked.
func TestProxy(t *testing.T) {
	charts := fetchtest.NewChartRepository(t, "1.0.0")
	proxy := fetchtest.NewSite(t)
	proxy.Mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "charts.internal.example.com" {
			t.Errorf("the proxy is asked for %s", r.URL)
		}
		charts.Mux.ServeHTTP(w, r)
	})
	at, err := url.Parse(proxy.URL)
	fetchtest.Must(t, err)
	get := func(allow ...string) error {
		_, err := fetch.New(fetch.Options{Network: true, Cache: t.TempDir(), Allow: allow, Proxy: http.ProxyURL(at)}).
			Get(context.Background(), fetch.Ref{Kind: fetch.Chart, URL: "http://charts.internal.example.com", Name: "web"})
		return err
	}
	if err := get("charts.internal.example.com"); err != nil || proxy.Requests.Load() != 2 {
		t.Errorf("got %v after %d requests", err, proxy.Requests.Load())
	}
	wantError(t, get("other.example.com"), fetch.ErrHost)
	resolveToLoopback(t)
	wantError(t, get(), fetch.ErrHost)
	if n := proxy.Requests.Load(); n != 2 {
		t.Errorf("the proxy is asked %d times", n)
	}
}
