package fetch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/fetch/fetchtest"
)

// TestResolvedAddress gives a public name a private address, as somebody does who changes
// what a name leads to after it was looked at. Whatever is fetched, and whoever names
// the name, nothing is asked.
func TestResolvedAddress(t *testing.T) {
	inner := fetchtest.NewChartRepository(t, "1.0.0")
	port := inner.URL[strings.LastIndex(inner.URL, ":"):]
	resolveToLoopback(t)
	for _, ref := range []fetch.Ref{
		{Kind: fetch.Chart, URL: "http://charts.example.com" + port, Name: "web"},
		{Kind: fetch.File, URL: "http://charts.example.com" + port + "/index.yaml"},
		{Kind: fetch.Git, URL: "http://charts.example.com" + port + "/team/app"},
		{Kind: fetch.Artifact, URL: "oci://charts.example.com" + port + "/team/web", PlainHTTP: true},
	} {
		_, err := fetch.New(fetch.Options{Network: true, Cache: t.TempDir()}).Get(context.Background(), ref)
		wantError(t, err, fetch.ErrHost)
		if err == nil || !strings.Contains(err.Error(), "private address 127.0.0.1") || inner.Requests.Load() > 0 {
			t.Errorf("%s: got %v after %d requests", ref, err, inner.Requests.Load())
		}
	}
}

// resolveToLoopback lets all names lead to this machine.
func resolveToLoopback(t *testing.T) {
	old := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = old })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answer(server)
		return client, nil
	}}
}

// answer says of all names, to one client of a name server, that they are this machine's.
func answer(conn net.Conn) {
	defer conn.Close()
	for {
		data := make([]byte, 2+512)
		n, err := conn.Read(data[:2]) // over a stream the length comes first
		if err == nil {
			n, err = conn.Read(data[2:])
		}
		var m dnsmessage.Message
		if err != nil || m.Unpack(data[2:2+n]) != nil {
			return
		}
		m.Response = true
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class},
				Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
			}}
		}
		m.Additionals = nil
		packed, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := conn.Write(append([]byte{byte(len(packed) >> 8), byte(len(packed))}, packed...)); err != nil {
			return
		}
	}
}

// TestGitURLs checks that no URL makes git, or anything else, do more than ask by HTTP.
func TestGitURLs(t *testing.T) {
	for _, url := range []string{
		"--upload-pack=touch x", "-oProxyCommand=x", "ext::sh -c x", "fd::17/x", "file:///etc", "/etc", "../app", "ssh://-oProxyCommand=x/app",
		"https://", "https:///x", "http://example.com:port/x", "git://example.com/x", "transport::https://example.com/x", "https://me:s3cret@example.com/x", "", "\n",
	} {
		f := fetch.New(fetch.Options{Network: true, Cache: t.TempDir(), Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			t.Errorf("%q: %s is dialled", url, address)
			return nil, fmt.Errorf("refused")
		}})
		for _, kind := range []fetch.Kind{fetch.Git, fetch.Chart, fetch.File, fetch.Artifact} {
			_, err := f.Get(context.Background(), fetch.Ref{Kind: kind, URL: url, Version: "main"})
			if err == nil || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s %q: got %v", kind, url, err)
			}
		}
	}
}

// TestLyingSizes checks what a registry says of sizes: neither a manifest nor a layer is
// read that is too large, or larger than it is said to be.
func TestLyingSizes(t *testing.T) {
	images := fetchtest.NewRegistry(t)
	layer := fetchtest.ChartOf(t, "1.0.0")
	for _, test := range []struct {
		name     string
		manifest any
	}{
		{"a manifest of many layers", map[string]any{"schemaVersion": 2, "mediaType": manifestType, "layers": make([]struct{}, 3<<20)}},
		{"a layer that is said to be huge", map[string]any{"schemaVersion": 2, "mediaType": manifestType, "layers": []any{
			map[string]any{"mediaType": helmLayer, "digest": "sha256:" + fetchtest.Sum(layer), "size": int64(1) << 40},
		}}},
	} {
		data, err := json.Marshal(test.manifest)
		fetchtest.Must(t, err)
		lying := fetchtest.NewSite(t)
		lying.Mux.HandleFunc("/v2/team/web/manifests/", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", manifestType)
			w.Header().Set("Docker-Content-Digest", "sha256:"+fetchtest.Sum(data))
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		})
		lying.Mux.Handle("/", images.Mux)
		_, err = newUser(t, lying).online(nil).Get(context.Background(), fetch.Ref{Kind: fetch.Chart, URL: ociURL(lying) + "/team/web", Version: "1.0.0"})
		wantError(t, err, fetch.ErrLimit)
	}
}

const manifestType = "application/vnd.oci.image.manifest.v1+json"

func ociURL(s *fetchtest.Site) string { return strings.Replace(s.URL, "http", "oci", 1) }

// TestPackedOnTheWay fetches from a server that says of a packed chart that its packing
// is that of the transport. What the digest is of is what was packed.
func TestPackedOnTheWay(t *testing.T) {
	s := fetchtest.NewSite(t)
	chart := fetchtest.ChartOf(t, "1.0.0")
	s.Serve("/index.yaml", []byte("entries: {web: [{version: 1.0.0, urls: [web.tgz], digest: "+fetchtest.Sum(chart)+"}]}"))
	s.Mux.HandleFunc("/web.tgz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(chart)
	})
	if _, err := newUser(t, s).online(nil).Get(context.Background(), fetch.Ref{Kind: fetch.Chart, URL: s.URL, Name: "web"}); err != nil {
		t.Error(err)
	}
}

// TestBombs checks that what is small on the way and giant in memory is refused.
func TestBombs(t *testing.T) {
	deep := map[string]string{"web/Chart.yaml": "name: web\n"}
	for i := range 20 {
		deep[fmt.Sprintf("web/%d/%sx", i, strings.Repeat("a/", 400))] = ""
	}
	for name, archive := range map[string][]byte{"zeros": fetchtest.Packed(t, map[string]string{"web/zeros": strings.Repeat("\x00", 64<<20)}), "folders": fetchtest.Packed(t, deep)} {
		s := fetchtest.NewSite(t)
		s.Serve("/index.yaml", []byte("entries: {web: [{version: 1.0.0, urls: [web.tgz]}]}"))
		s.Serve("/web.tgz", archive)
		limits := fetch.Limits{Time: time.Minute, AllTime: time.Minute, Download: 1 << 20, Unpacked: 1 << 20, AllUnpacked: 1 << 20, Entries: 5000}
		_, err := fetch.New(fetch.Options{Network: true, Cache: t.TempDir(), Allow: newUser(t, s).allow, Limits: limits}).
			Get(context.Background(), fetch.Ref{Kind: fetch.Chart, URL: s.URL, Name: "web"})
		if !errors.Is(err, fetch.ErrLimit) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestMany checks the bounds of all that is fetched together: a repository can name any
// number of charts that are small and servers that are slow.
func TestMany(t *testing.T) {
	charts, slow := fetchtest.NewChartRepository(t, "1.0.0", "1.4.2", "2.0.0"), fetchtest.NewSite(t)
	slow.Mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	u, lock := newUser(t, charts, slow), &fetch.Lock{}
	all := func(url string, network bool, limits fetch.Limits) (failed int) {
		f := fetch.New(fetch.Options{Network: network, Cache: u.cache, Lock: lock, Allow: u.allow, Limits: limits})
		for _, v := range []string{"1.0.0", "1.4.2", "2.0.0"} {
			if _, err := f.Get(context.Background(), fetch.Ref{Kind: fetch.Chart, URL: url, Name: "web", Version: v}); err != nil {
				wantError(t, err, fetch.ErrLimit)
				failed++
			}
		}
		return failed
	}
	limits := fetch.DefaultLimits
	if n := all(charts.URL, true, limits); n != 0 {
		t.Fatalf("%d of three charts are refused", n)
	}
	limits.AllUnpacked = 500 // two charts
	for _, network := range []bool{true, false} {
		if n := all(charts.URL, network, limits); n != 1 {
			t.Errorf("with the network: %v: %d of three charts are refused", network, n)
		}
	}
	limits.AllTime = 100 * time.Millisecond
	if start := time.Now(); all(slow.URL, true, limits) != 3 || time.Since(start) > 10*time.Second {
		t.Errorf("three slow servers take %s", time.Since(start))
	}
}

// TestTogether lets several runs with one cache fetch the same at once.
func TestTogether(t *testing.T) {
	charts := fetchtest.NewChartRepository(t, "1.0.0", "2.0.0")
	u := newUser(t, charts)
	var wg sync.WaitGroup
	for range 8 {
		f := u.online(&fetch.Lock{})
		for _, v := range []string{"1.0.0", "2.0.0", "1.0.0"} {
			wg.Go(func() {
				if _, err := f.Get(context.Background(), fetch.Ref{Kind: fetch.Chart, URL: charts.URL, Name: "web", Version: v}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
}

// TestOtherVersion writes a lock file in which the digest of one version, which is in the
// cache, stands for another one. A constraint leads to what was fetched for it only.
func TestOtherVersion(t *testing.T) {
	ctx, charts := context.Background(), fetchtest.NewChartRepository(t, "1.0.0", "1.4.2")
	u, lock := newUser(t, charts), &fetch.Lock{}
	for _, v := range []string{"1.0.0", "1.x"} {
		_, err := u.online(lock).Get(ctx, fetch.Ref{Kind: fetch.Chart, URL: charts.URL, Name: "web", Version: v})
		fetchtest.Must(t, err)
	}
	pins := lock.Pins(false)
	pins[1].Digest = pins[0].Digest
	data, err := fetch.Encode(pins)
	fetchtest.Must(t, err)
	lying, err := fetch.ReadLock(data)
	fetchtest.Must(t, err)
	_, err = u.offline(t, lying).Get(ctx, pins[1].Ref)
	wantError(t, err, fetch.ErrNotFetched)
	_, err = u.online(lying).Get(ctx, pins[1].Ref)
	wantError(t, err, fetch.ErrTampered)
}
