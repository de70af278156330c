package fetch_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/fetch/fetchtest"
)

const helmLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

// TestGet fetches charts, artifacts and commits in all the ways in which they are asked
// for, and again without the network from what was pinned and cached.
func TestGet(t *testing.T) {
	t.Setenv("PATH", "") // neither git nor a credential helper is there
	charts := fetchtest.NewChartRepository(t, "1.0.0", "1.4.2", "1.10.0", "2.0.0-rc.1")
	images := fetchtest.NewRegistry(t)
	for _, v := range []string{"1.0.0", "1.4.2", "1.10.0"} {
		images.Push(t, "team/web", v, helmLayer, fetchtest.ChartOf(t, v))
	}
	pinned := images.Push(t, "team/files", "latest", "application/vnd.cncf.flux.content.v1.tar+gzip", fetchtest.Packed(t, map[string]string{"./deploy/a.yaml": "# latest\n"}))
	repo := fetchtest.NewRepository(t)
	old := repo.Commit(t, map[string]string{"deploy/a.yaml": "# old\n"}, "refs/tags/v1.2.0", "refs/heads/release")
	repo.Commit(t, map[string]string{"deploy/a.yaml": "# new\n", "b.yaml": "# b\n", "link": "-> /etc/passwd"}, "refs/heads/main", "refs/tags/v1.10.0")
	git := repo.Serve(t)
	u := newUser(t, charts, images, git)

	chart := func(v string) fetch.Ref {
		return fetch.Ref{Kind: fetch.Chart, URL: charts.URL, Name: "web", Version: v}
	}
	oci := func(v string) fetch.Ref {
		return fetch.Ref{Kind: fetch.Chart, URL: strings.Replace(images.URL, "http", "oci", 1) + "/team/web", Version: v}
	}
	files := func(v string) fetch.Ref {
		return fetch.Ref{Kind: fetch.Artifact, URL: strings.Replace(images.URL, "http", "oci", 1) + "/team/files", Version: v}
	}
	commit := func(v string) fetch.Ref {
		return fetch.Ref{Kind: fetch.Git, URL: git.URL + "/team/app.git", Version: v}
	}
	tests := map[string]struct {
		ref   fetch.Ref
		file  string
		want  string
		label string // the end of it
	}{
		"chart, exact version":        {chart("1.0.0"), "Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n", "/web/1.0.0"},
		"chart, newest, no preview":   {chart(""), "Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.10.0\n", "/web/1.10.0"},
		"chart, constraint":           {chart("~1.4"), "Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.4.2\n", "/web/1.4.2"},
		"chart, constraint, previews": {chart(">=1.0.0-0"), "Chart.yaml", "apiVersion: v2\nname: web\nversion: 2.0.0-rc.1\n", "/web/2.0.0-rc.1"},
		"OCI chart, tag":              {oci("1.0.0"), "Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n", "/team/web/1.0.0"},
		"OCI chart, constraint":       {oci("1.x"), "Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.10.0\n", "/team/web/1.10.0"},
		"artifact, latest":            {files(""), "deploy/a.yaml", "# latest\n", "/team/files/latest"},
		"artifact, digest":            {files(pinned), "deploy/a.yaml", "# latest\n", "/team/files/" + pinned},
		"git, default branch":         {commit(""), "deploy/a.yaml", "# new\n", ""},
		"git, branch":                 {commit("release"), "deploy/a.yaml", "# old\n", "/team/app/" + old[:12]},
		"git, tag":                    {commit("v1.2.0"), "deploy/a.yaml", "# old\n", "/team/app/" + old[:12]},
		"git, constraint":             {commit("1.x"), "deploy/a.yaml", "# new\n", ""},
		"git, commit":                 {commit(old), "deploy/a.yaml", "# old\n", "/team/app/" + old[:12]},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			lock := &fetch.Lock{}
			got, err := u.online(lock).Get(context.Background(), test.ref)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Content[test.file]) != test.want || !strings.HasSuffix(got.Label, test.label) || got.Content["link"] != nil {
				t.Errorf("got %q with %q", got.Label, got.Content)
			}
			lock = reread(t, lock)
			pins := lock.Pins(false)
			if len(pins) != 1 || pins[0].Ref != test.ref || pins[0].Digest != got.Digest {
				t.Errorf("pinned is %+v", pins)
			}
			again, err := u.offline(t, lock).Get(context.Background(), test.ref)
			if diff := cmp.Diff(got, again); err != nil || diff != "" {
				t.Errorf("without the network (-first +second): %v\n%s", err, diff)
			}
		})
	}
}

// TestMissing asks for what is not there.
func TestMissing(t *testing.T) {
	charts, images := fetchtest.NewChartRepository(t, "1.0.0"), fetchtest.NewRegistry(t)
	images.Push(t, "team/web", "1.0.0", helmLayer, fetchtest.ChartOf(t, "1.0.0"))
	repo := fetchtest.NewRepository(t)
	repo.Commit(t, map[string]string{"a.yaml": "a"}, "refs/heads/main")
	git := repo.Serve(t)
	u := newUser(t, charts, images, git)
	oci := strings.Replace(images.URL, "http", "oci", 1)
	for want, ref := range map[string]fetch.Ref{
		`no chart "db"`:             {Kind: fetch.Chart, URL: charts.URL, Name: "db"},
		`no version "2.x"`:          {Kind: fetch.Chart, URL: charts.URL, Name: "web", Version: "2.x"},
		"404":                       {Kind: fetch.Chart, URL: charts.URL + "/none", Name: "web"},
		`no tag for "2.x"`:          {Kind: fetch.Chart, URL: oci + "/team/web", Version: "2.x"},
		"has a tag in it":           {Kind: fetch.Chart, URL: oci + "/team/web:1.0.0"},
		`no branch or tag "ab12cd"`: {Kind: fetch.Git, URL: git.URL + "/team/app.git", Version: "ab12cd"},
		"by HTTP only":              {Kind: fetch.Git, URL: "file://" + git.Listener.Addr().String() + "/etc"},
		"names no host":             {Kind: fetch.Git, URL: "/etc"},
		"has credentials in it":     {Kind: fetch.Chart, URL: "https://me:secret@example.com", Name: "web"},
	} {
		if _, err := u.online(nil).Get(context.Background(), ref); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", ref, err, want)
		}
	}
}

func TestTampered(t *testing.T) {
	ctx := context.Background()
	t.Run("archive against the index", func(t *testing.T) {
		s := fetchtest.NewSite(t)
		s.Serve("/index.yaml", []byte("entries: {web: [{version: 1.0.0, urls: [web.tgz], digest: "+fetchtest.Sum([]byte("other"))+"}]}"))
		s.Serve("/web.tgz", fetchtest.ChartOf(t, "1.0.0"))
		_, err := newUser(t, s).online(nil).Get(ctx, fetch.Ref{Kind: fetch.Chart, URL: s.URL, Name: "web"})
		wantError(t, err, fetch.ErrTampered)
	})
	t.Run("archive against the lock file", func(t *testing.T) {
		// The same version is published again, with an index that fits.
		first, second := fetchtest.NewChartRepository(t, "1.0.0"), fetchtest.NewSite(t)
		other := fetchtest.Packed(t, map[string]string{"web/Chart.yaml": "name: web\nversion: 1.0.0\n", "web/templates/evil.yaml": "# evil\n"})
		second.Serve("/index.yaml", []byte("entries: {web: [{version: 1.0.0, urls: [web.tgz], digest: "+fetchtest.Sum(other)+"}]}"))
		second.Serve("/web.tgz", other)
		lock := &fetch.Lock{}
		_, err := newUser(t, first).online(lock).Get(ctx, fetch.Ref{Kind: fetch.Chart, URL: first.URL, Name: "web"})
		fetchtest.Must(t, err)
		pins := lock.Pins(false)
		pins[0].URL = second.URL
		data, err := fetch.Encode(pins)
		fetchtest.Must(t, err)
		if lock, err = fetch.ReadLock(data); err != nil {
			t.Fatal(err)
		}
		_, err = newUser(t, second).online(lock).Get(ctx, pins[0].Ref)
		wantError(t, err, fetch.ErrTampered)
	})
	t.Run("tag of a registry", func(t *testing.T) {
		// A pin names the manifest, so that a tag that was moved does not matter.
		images := fetchtest.NewRegistry(t)
		images.Push(t, "team/web", "1.0.0", helmLayer, fetchtest.ChartOf(t, "1.0.0"))
		ref := fetch.Ref{Kind: fetch.Chart, URL: strings.Replace(images.URL, "http", "oci", 1) + "/team/web", Version: "1.0.0"}
		lock := &fetch.Lock{}
		first, err := newUser(t, images).online(lock).Get(ctx, ref)
		fetchtest.Must(t, err)
		images.Push(t, "team/web", "1.0.0", helmLayer, fetchtest.ChartOf(t, "6.6.6"))
		second, err := newUser(t, images).online(reread(t, lock)).Get(ctx, ref)
		if err != nil || second.Digest != first.Digest {
			t.Errorf("got %s, %v; want %s", second.Digest, err, first.Digest)
		}
	})
	t.Run("blob of a registry", func(t *testing.T) {
		images := fetchtest.NewRegistry(t)
		layer := fetchtest.ChartOf(t, "1.0.0")
		images.Push(t, "team/web", "1.0.0", helmLayer, layer)
		lying := fetchtest.NewSite(t)
		lying.Mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/blobs/sha256:"+fetchtest.Sum(layer)) {
				_, _ = w.Write(append(layer[:len(layer)-1:len(layer)-1], 'x'))
				return
			}
			images.Mux.ServeHTTP(w, r)
		})
		ref := fetch.Ref{Kind: fetch.Chart, URL: strings.Replace(lying.URL, "http", "oci", 1) + "/team/web", Version: "1.0.0"}
		_, err := newUser(t, lying).online(nil).Get(ctx, ref)
		wantError(t, err, fetch.ErrTampered)
	})
	t.Run("cache", func(t *testing.T) {
		charts := fetchtest.NewChartRepository(t, "1.0.0")
		u, lock := newUser(t, charts), &fetch.Lock{}
		ref := fetch.Ref{Kind: fetch.Chart, URL: charts.URL, Name: "web"}
		first, err := u.online(lock).Get(ctx, ref)
		fetchtest.Must(t, err)
		entries, err := os.ReadDir(u.cache)
		fetchtest.Must(t, err)
		if len(entries) != 1 {
			t.Fatalf("the cache has %d files", len(entries))
		}
		fetchtest.Must(t, os.WriteFile(filepath.Join(u.cache, entries[0].Name()), fetchtest.ChartOf(t, "6.6.6"), 0o600))
		_, err = u.offline(t, reread(t, lock)).Get(ctx, ref)
		wantError(t, err, fetch.ErrTampered)
		again, err := u.online(reread(t, lock)).Get(ctx, ref) // with the network it is fetched again
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
	t.Run("another's digest", func(t *testing.T) {
		// A lock file that names a digest that is in the cache, but under its own URL.
		charts := fetchtest.NewChartRepository(t, "1.0.0")
		u, lock := newUser(t, charts), &fetch.Lock{}
		_, err := u.online(lock).Get(ctx, fetch.Ref{Kind: fetch.Chart, URL: charts.URL, Name: "web"})
		fetchtest.Must(t, err)
		pins := lock.Pins(false)
		pins[0].URL = "https://example.com/mine"
		data, err := fetch.Encode(pins)
		fetchtest.Must(t, err)
		stolen, err := fetch.ReadLock(data)
		fetchtest.Must(t, err)
		_, err = u.offline(t, stolen).Get(ctx, pins[0].Ref)
		wantError(t, err, fetch.ErrNotFetched)
	})
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// TestRefusedHosts checks whom the fetcher talks to. No request may reach a server that
// is refused.
func TestRefusedHosts(t *testing.T) {
	other := fetchtest.NewChartRepository(t, "1.0.0")
	redirecting := fetchtest.NewSite(t)
	redirecting.Mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
	})
	elsewhere := fetchtest.NewSite(t)
	elsewhere.Serve("/index.yaml", []byte("entries: {web: [{version: 1.0.0, urls: [\""+other.URL+"/charts/web-1.0.0.tgz\"]}]}"))
	token := fetchtest.NewSite(t)
	token.Mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+other.URL+`/token",service="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	port := other.Listener.Addr().String()[strings.LastIndex(other.Listener.Addr().String(), ":"):]
	chart := func(url string) fetch.Ref { return fetch.Ref{Kind: fetch.Chart, URL: url, Name: "web"} }
	tests := map[string]struct {
		ref   fetch.Ref
		allow []string
		want  string
	}{
		"private address":             {chart(other.URL), nil, "private address 127.0.0.1"},
		"name of a private address":   {chart("http://localhost" + port), nil, "private address"},
		"IPv4 in IPv6":                {chart("http://[::ffff:127.0.0.1]" + port), nil, "private address"},
		"any address":                 {chart("http://0.0.0.0" + port), nil, "private address"},
		"registry":                    {fetch.Ref{Kind: fetch.Chart, URL: "oci://localhost" + port + "/team/web", Version: "1.0.0"}, nil, "private address"},
		"git":                         {fetch.Ref{Kind: fetch.Git, URL: other.URL + "/team/app"}, nil, "private address"},
		"not in the list":             {chart(other.URL), []string{"charts.example.com"}, "does not name 127.0.0.1"},
		"redirect":                    {chart(redirecting.URL), []string{fetchtest.HostOf(t, redirecting.URL)}, "does not name " + fetchtest.HostOf(t, other.URL)},
		"redirect of git":             {fetch.Ref{Kind: fetch.Git, URL: redirecting.URL + "/team/app"}, []string{fetchtest.HostOf(t, redirecting.URL)}, "does not name"},
		"archive on another host":     {chart(elsewhere.URL), []string{fetchtest.HostOf(t, elsewhere.URL)}, "does not name " + fetchtest.HostOf(t, other.URL)},
		"token of another host":       {fetch.Ref{Kind: fetch.Chart, URL: strings.Replace(token.URL, "http", "oci", 1) + "/team/web", Version: "1.0.0"}, []string{fetchtest.HostOf(t, token.URL)}, "does not name " + fetchtest.HostOf(t, other.URL)},
		"a protocol of another world": {chart("gopher://example.com"), nil, `protocol "gopher"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := other.Requests.Load()
			_, err := fetch.New(fetch.Options{Network: true, Cache: t.TempDir(), Allow: test.allow}).Get(context.Background(), test.ref)
			if !errors.Is(err, fetch.ErrHost) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if other.Requests.Load() != before {
				t.Error("the server was asked nevertheless")
			}
		})
	}
	t.Run("redirect that is allowed", func(t *testing.T) {
		if _, err := newUser(t, redirecting, other).online(nil).Get(context.Background(), chart(redirecting.URL)); err != nil {
			t.Error(err)
		}
	})
}

// TestEndless checks that answers without end, in bytes, time or redirects, end.
func TestEndless(t *testing.T) {
	limits := fetch.Limits{Time: 300 * time.Millisecond, Download: 1 << 20, Unpacked: 1 << 20, Entries: 100}
	large, slow, loop := fetchtest.NewSite(t), fetchtest.NewSite(t), fetchtest.NewSite(t)
	large.Mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		for block := make([]byte, 1<<16); r.Method != http.MethodHead; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	slow.Mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		for r.Method != http.MethodHead && r.Context().Err() == nil {
			_, _ = w.Write([]byte("#"))
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
	loop.Mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) })
	for name, s := range map[string]*fetchtest.Site{"bytes": large, "time": slow, "redirects": loop} {
		oci := strings.Replace(s.URL, "http", "oci", 1)
		for _, ref := range []fetch.Ref{
			{Kind: fetch.Chart, URL: s.URL, Name: "web"},
			{Kind: fetch.Chart, URL: oci + "/team/web", Version: "1.x"},
			{Kind: fetch.Git, URL: s.URL + "/team/app"},
		} {
			t.Run(name+" "+string(ref.Kind)+" "+ref.URL[:3], func(t *testing.T) {
				start := time.Now()
				_, err := fetch.New(fetch.Options{Network: true, Cache: t.TempDir(), Allow: newUser(t, s).allow, Limits: limits}).Get(context.Background(), ref)
				if err == nil || time.Since(start) > 5*time.Second {
					t.Errorf("got %v after %s", err, time.Since(start))
				}
				if ref.Name != "" {
					wantError(t, err, fetch.ErrLimit)
				}
			})
		}
	}
}

// TestNetworkOff checks that nothing is dialled for anything that is not cached.
func TestNetworkOff(t *testing.T) {
	u := newUser(t)
	for _, ref := range []fetch.Ref{
		{Kind: fetch.Chart, URL: "https://charts.example.com", Name: "web"},
		{Kind: fetch.Chart, URL: "oci://ghcr.example.com/web", Version: "1.x"},
		{Kind: fetch.Artifact, URL: "oci://ghcr.example.com/files"},
		{Kind: fetch.Git, URL: "https://git.example.com/team/app"},
	} {
		_, err := u.offline(t, &fetch.Lock{}).Get(context.Background(), ref)
		wantError(t, err, fetch.ErrNotFetched)
	}
	var none *fetch.Fetcher
	_, err := none.Get(context.Background(), fetch.Ref{Kind: fetch.Git, URL: "https://git.example.com/team/app"})
	wantError(t, err, fetch.ErrNotFetched)
}

// TestUpdate checks that a pin stays until an update is asked for.
func TestUpdate(t *testing.T) {
	ctx, repo := context.Background(), fetchtest.NewRepository(t)
	repo.Commit(t, map[string]string{"a.yaml": "old"}, "refs/heads/main")
	git := repo.Serve(t)
	u, lock := newUser(t, git), &fetch.Lock{}
	ref := fetch.Ref{Kind: fetch.Git, URL: git.URL + "/team/app.git", Version: "main"}
	get := func(f *fetch.Fetcher, want string) {
		t.Helper()
		got, err := f.Get(ctx, ref)
		if err != nil || string(got.Content["a.yaml"]) != want {
			t.Errorf("got %q, %v; want %q", got.Content["a.yaml"], err, want)
		}
	}
	get(u.online(lock), "old")
	repo.Commit(t, map[string]string{"a.yaml": "new"}, "refs/heads/main")
	get(u.online(lock), "old")
	get(fetch.New(fetch.Options{Network: true, Update: true, Cache: u.cache, Lock: lock, Allow: u.allow}), "new")
	get(u.offline(t, reread(t, lock)), "new")
}

// TestCacheCleans fetches beside what a killed process left of an archive, and beside one
// that is being written.
func TestCacheCleans(t *testing.T) {
	charts := fetchtest.NewChartRepository(t, "1.0.0")
	u := newUser(t, charts)
	left, written := filepath.Join(u.cache, "new-left"), filepath.Join(u.cache, "new-written")
	fetchtest.Must(t, os.MkdirAll(u.cache, 0o700))
	for _, name := range []string{left, written} {
		fetchtest.Must(t, os.WriteFile(name, []byte("half"), 0o600))
	}
	old := time.Now().Add(-2 * time.Hour)
	fetchtest.Must(t, os.Chtimes(left, old, old))
	_, err := u.online(&fetch.Lock{}).Get(context.Background(), fetch.ChartOf(charts.URL, "web", "1.0.0"))
	fetchtest.Must(t, err)
	names, err := filepath.Glob(filepath.Join(u.cache, "*"))
	if err != nil || len(names) != 2 || !slices.Contains(names, written) {
		t.Errorf("there are %q, %v; want the archive and what is being written", names, err)
	}
}
