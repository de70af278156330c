// Package fetchtest starts what charts, artifacts and commits are fetched from, in
// process and on loopback, for tests.
package fetchtest

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
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/server"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/google/go-containerregistry/pkg/registry"
)

// Must stops a test that cannot be set up.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// HostOf is the host and port of a server's URL.
func HostOf(t testing.TB, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	Must(t, err)
	return u.Host
}

// Packed is a .tgz of files.
func Packed(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		Must(t, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}))
		_, err := archive.Write([]byte(files[name]))
		Must(t, err)
	}
	Must(t, archive.Close())
	Must(t, zipped.Close())
	return out.Bytes()
}

// ChartOf is a packed chart "web" of a version.
func ChartOf(t testing.TB, version string) []byte {
	t.Helper()
	return Packed(t, map[string]string{
		"web/Chart.yaml":         "apiVersion: v2\nname: web\nversion: " + version + "\n",
		"web/templates/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  version: " + version + "\n  tier: {{ .Values.tier | default \"none\" }}\n",
	})
}

func Sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// A Site is a web server that counts requests.
type Site struct {
	*httptest.Server
	Mux      *http.ServeMux
	Requests atomic.Int64
}

func NewSite(t testing.TB) *Site {
	s := &Site{Mux: http.NewServeMux()}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Requests.Add(1)
		s.Mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *Site) Serve(name string, data []byte) {
	s.Mux.HandleFunc(name, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) })
}

// NewChartRepository serves an index and the charts of versions.
func NewChartRepository(t testing.TB, versions ...string) *Site {
	t.Helper()
	s := NewSite(t)
	index := "apiVersion: v1\nentries:\n  web:\n"
	for _, v := range versions {
		data := ChartOf(t, v)
		s.Serve("/charts/web-"+v+".tgz", data)
		index += fmt.Sprintf("  - {name: web, version: %q, urls: [charts/web-%s.tgz], digest: %s}\n", v, v, Sum(data))
	}
	s.Serve("/index.yaml", []byte(index))
	return s
}

// NewRegistry serves an empty registry.
func NewRegistry(t testing.TB) *Site {
	s := NewSite(t)
	s.Mux.Handle("/v2/", registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	return s
}

// Push puts an artifact of one layer into a registry, and returns the manifest's digest.
func (s *Site) Push(t testing.TB, name, tag, mediaType string, layer []byte) string {
	t.Helper()
	send := func(method, where, mediaType string, body []byte) {
		req, err := http.NewRequest(method, s.URL+where, bytes.NewReader(body))
		Must(t, err)
		req.Header.Set("Content-Type", mediaType)
		resp, err := http.DefaultClient.Do(req)
		Must(t, err)
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("%s %s: %s", method, where, resp.Status)
		}
	}
	descriptor := func(mediaType string, data []byte) map[string]any {
		send(http.MethodPost, "/v2/"+name+"/blobs/uploads/?digest=sha256:"+Sum(data), "application/octet-stream", data)
		return map[string]any{"mediaType": mediaType, "digest": "sha256:" + Sum(data), "size": len(data)}
	}
	const manifestType = "application/vnd.oci.image.manifest.v1+json"
	m, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": descriptor("application/vnd.cncf.helm.config.v1+json", []byte("{}")),
		"layers": []any{descriptor(mediaType, layer)},
	})
	Must(t, err)
	send(http.MethodPut, "/v2/"+name+"/manifests/"+tag, manifestType, m)
	return "sha256:" + Sum(m)
}

// A Repository lies in a folder on disk.
type Repository struct{ *filesystem.Storage }

func NewRepository(t testing.TB) Repository {
	t.Helper()
	r := Repository{filesystem.NewStorage(osfs.New(t.TempDir()), cache.NewObjectLRUDefault())}
	Must(t, r.Init())
	Must(t, r.SetReference(plumbing.NewSymbolicReference(plumbing.HEAD, "refs/heads/main")))
	return r
}

func (r Repository) object(t testing.TB, o interface {
	Encode(plumbing.EncodedObject) error
},
) plumbing.Hash {
	t.Helper()
	e := r.NewEncodedObject()
	Must(t, o.Encode(e))
	hash, err := r.SetEncodedObject(e)
	Must(t, err)
	return hash
}

func (r Repository) blob(t testing.TB, text string) plumbing.Hash {
	t.Helper()
	e := r.NewEncodedObject()
	e.SetType(plumbing.BlobObject)
	w, err := e.Writer()
	Must(t, err)
	_, err = w.Write([]byte(text))
	Must(t, err)
	Must(t, w.Close())
	hash, err := r.SetEncodedObject(e)
	Must(t, err)
	return hash
}

// Commit adds a commit of files, in one folder or none, and lets names refer to it.
func (r Repository) Commit(t testing.TB, files map[string]string, names ...string) string {
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
		Must(t, r.SetReference(plumbing.NewHashReference(plumbing.ReferenceName(name), hash)))
	}
	return hash.String()
}

// Serve lets git clients fetch the repository by HTTP, at any name below /team. As other
// servers do, it puts messages between the parts of a pack.
func (r Repository) Serve(t testing.TB) *Site {
	t.Helper()
	s := NewSite(t)
	endpoint, err := transport.NewEndpoint("/")
	Must(t, err)
	session := func() transport.UploadPackSession {
		up, err := server.NewServer(server.MapLoader{endpoint.String(): r}).NewUploadPackSession(endpoint, nil)
		Must(t, err)
		return up
	}
	s.Mux.HandleFunc("/team/{name}/info/refs", func(w http.ResponseWriter, req *http.Request) {
		refs, err := session().AdvertisedReferencesContext(req.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		refs.Prefix = [][]byte{[]byte("# service=git-upload-pack"), nil}
		_ = refs.Capabilities.Set(capability.Sideband64k)
		_ = refs.Encode(w)
	})
	s.Mux.HandleFunc("/team/{name}/git-upload-pack", func(w http.ResponseWriter, req *http.Request) {
		asked := packp.NewUploadPackRequest()
		err := asked.UploadRequest.Decode(req.Body)
		mixed := asked.Capabilities.Supports(capability.Sideband64k)
		asked.Capabilities.Delete(capability.Sideband64k)
		var answer *packp.UploadPackResponse
		if err == nil {
			answer, err = session().UploadPack(context.Background(), asked)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		if !mixed {
			_ = answer.Encode(w)
			return
		}
		_ = answer.ServerResponse.Encode(w, false)
		mixer := sideband.NewMuxer(sideband.Sideband64k, w)
		_, _ = mixer.WriteChannel(sideband.ProgressMessage, []byte("Counting objects\n"))
		_, _ = io.Copy(mixer, answer)
		_ = pktline.NewEncoder(w).Flush()
	})
	return s
}
