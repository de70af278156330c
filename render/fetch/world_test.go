package fetch_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/server"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/ringfence/ringfence/render/fetch"
)

// must stops a test that cannot be set up.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hostOf is the host and port of a server's URL.
func hostOf(t testing.TB, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	must(t, err)
	return u.Host
}

// packed is a .tgz of files.
func packed(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		must(t, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}))
		_, err := archive.Write([]byte(files[name]))
		must(t, err)
	}
	must(t, archive.Close())
	must(t, zipped.Close())
	return out.Bytes()
}

// chartOf is a packed chart "web" of a version.
func chartOf(t testing.TB, version string) []byte {
	t.Helper()
	return packed(t, map[string]string{
		"web/Chart.yaml":         "apiVersion: v2\nname: web\nversion: " + version + "\n",
		"web/templates/web.yaml": "# " + version + "\n",
	})
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// A site is a web server that counts requests.
type site struct {
	*httptest.Server
	mux      *http.ServeMux
	requests atomic.Int64
}

func newSite(t testing.TB) *site {
	s := &site{mux: http.NewServeMux()}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) serve(name string, data []byte) {
	s.mux.HandleFunc(name, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) })
}

// chartRepository serves an index and the charts of versions.
func chartRepository(t testing.TB, versions ...string) *site {
	t.Helper()
	s := newSite(t)
	index := "apiVersion: v1\nentries:\n  web:\n"
	for _, v := range versions {
		data := chartOf(t, v)
		s.serve("/charts/web-"+v+".tgz", data)
		index += fmt.Sprintf("  - {name: web, version: %q, urls: [charts/web-%s.tgz], digest: %s}\n", v, v, sum(data))
	}
	s.serve("/index.yaml", []byte(index))
	return s
}

// ociRegistry serves an empty registry.
func ociRegistry(t testing.TB) *site {
	s := newSite(t)
	s.mux.Handle("/v2/", registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	return s
}

// push puts an artifact of one layer into a registry, and returns the manifest's digest.
func (s *site) push(t testing.TB, name, tag, mediaType string, layer []byte) string {
	t.Helper()
	send := func(method, where, mediaType string, body []byte) {
		req, err := http.NewRequest(method, s.URL+where, bytes.NewReader(body))
		must(t, err)
		req.Header.Set("Content-Type", mediaType)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("%s %s: %s", method, where, resp.Status)
		}
	}
	descriptor := func(mediaType string, data []byte) map[string]any {
		send(http.MethodPost, "/v2/"+name+"/blobs/uploads/?digest=sha256:"+sum(data), "application/octet-stream", data)
		return map[string]any{"mediaType": mediaType, "digest": "sha256:" + sum(data), "size": len(data)}
	}
	const manifestType = "application/vnd.oci.image.manifest.v1+json"
	m, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": descriptor("application/vnd.cncf.helm.config.v1+json", []byte("{}")),
		"layers": []any{descriptor(mediaType, layer)},
	})
	must(t, err)
	send(http.MethodPut, "/v2/"+name+"/manifests/"+tag, manifestType, m)
	return "sha256:" + sum(m)
}

// A gitRepository lies in a folder on disk.
type gitRepository struct{ *filesystem.Storage }

func newGitRepository(t testing.TB) gitRepository {
	t.Helper()
	r := gitRepository{filesystem.NewStorage(osfs.New(t.TempDir()), cache.NewObjectLRUDefault())}
	must(t, r.Init())
	must(t, r.SetReference(plumbing.NewSymbolicReference(plumbing.HEAD, "refs/heads/main")))
	return r
}

func (r gitRepository) object(t testing.TB, o interface {
	Encode(plumbing.EncodedObject) error
},
) plumbing.Hash {
	t.Helper()
	e := r.NewEncodedObject()
	must(t, o.Encode(e))
	hash, err := r.SetEncodedObject(e)
	must(t, err)
	return hash
}

func (r gitRepository) blob(t testing.TB, text string) plumbing.Hash {
	t.Helper()
	e := r.NewEncodedObject()
	e.SetType(plumbing.BlobObject)
	w, err := e.Writer()
	must(t, err)
	_, err = w.Write([]byte(text))
	must(t, err)
	must(t, w.Close())
	hash, err := r.SetEncodedObject(e)
	must(t, err)
	return hash
}

// commit adds a commit of files, in one folder or none, and lets names refer to it.
func (r gitRepository) commit(t testing.TB, files map[string]string, names ...string) string {
	t.Helper()
	root, folders := &object.Tree{}, make(map[string]*object.Tree)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		mode := filemode.Regular
		if strings.HasPrefix(files[name], "-> ") {
			mode = filemode.Symlink
		}
		entry := object.TreeEntry{Name: path.Base(name), Mode: mode, Hash: r.blob(t, files[name])}
		if dir := path.Dir(name); dir == "." {
			root.Entries = append(root.Entries, entry)
		} else {
			if folders[dir] == nil {
				folders[dir] = &object.Tree{}
			}
			folders[dir].Entries = append(folders[dir].Entries, entry)
		}
	}
	for dir, tree := range folders {
		root.Entries = append(root.Entries, object.TreeEntry{Name: dir, Mode: filemode.Dir, Hash: r.object(t, tree)})
	}
	slices.SortFunc(root.Entries, func(a, b object.TreeEntry) int { return strings.Compare(a.Name, b.Name) })
	hash := r.object(t, &object.Commit{TreeHash: r.object(t, root)})
	for _, name := range names {
		must(t, r.SetReference(plumbing.NewHashReference(plumbing.ReferenceName(name), hash)))
	}
	return hash.String()
}

// serve lets git clients fetch the repository by HTTP.
func (r gitRepository) serve(t testing.TB) *site {
	t.Helper()
	s := newSite(t)
	endpoint, err := transport.NewEndpoint("/")
	must(t, err)
	session := func() transport.UploadPackSession {
		up, err := server.NewServer(server.MapLoader{endpoint.String(): r}).NewUploadPackSession(endpoint, nil)
		must(t, err)
		return up
	}
	s.mux.HandleFunc("/team/app.git/info/refs", func(w http.ResponseWriter, req *http.Request) {
		refs, err := session().AdvertisedReferencesContext(req.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		refs.Prefix = [][]byte{[]byte("# service=git-upload-pack"), nil}
		_ = refs.Encode(w)
	})
	s.mux.HandleFunc("/team/app.git/git-upload-pack", func(w http.ResponseWriter, req *http.Request) {
		asked := packp.NewUploadPackRequest()
		err := asked.UploadRequest.Decode(req.Body)
		if err == nil {
			var answer *packp.UploadPackResponse
			if answer, err = session().UploadPack(context.Background(), asked); err == nil {
				w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
				err = answer.Encode(w)
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return s
}

// A user is somebody who runs the program again and again, with one cache.
type user struct {
	cache string
	allow []string
}

func newUser(t testing.TB, sites ...*site) user {
	u := user{cache: t.TempDir()}
	for _, s := range sites {
		u.allow = append(u.allow, hostOf(t, s.URL))
	}
	return u
}

func (u user) online(lock *fetch.Lock) *fetch.Fetcher {
	return fetch.New(fetch.Options{Network: true, Cache: u.cache, Lock: lock, Allow: u.allow})
}

// offline is a fetcher without the network, with which nothing may be dialled.
func (u user) offline(t testing.TB, lock *fetch.Lock) *fetch.Fetcher {
	return fetch.New(fetch.Options{Cache: u.cache, Lock: lock, Allow: u.allow, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("%s is dialled without the network", address)
		return nil, fmt.Errorf("refused")
	}})
}

// reread is a lock that was written and read again.
func reread(t testing.TB, lock *fetch.Lock) *fetch.Lock {
	t.Helper()
	data, err := fetch.Encode(lock.Pins(false))
	must(t, err)
	again, err := fetch.ReadLock(data)
	must(t, err)
	return again
}
