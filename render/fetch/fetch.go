// Package fetch brings charts, artifacts and git commits from elsewhere, where the user
// allows it, and pins what it brought.
//
// What is fetched is kept in a cache outside the repository, and .ringfence.lock in its
// root pins the digest. From then on the lock file decides: content that differs from
// it is refused, wherever it comes from. Without the network, only what is pinned and
// cached is there.
//
// It talks to the host that a manifest names, to no other unless the configuration
// allows it, and to public addresses only, which is checked for each connection, after
// names were resolved. Time, bytes and the number of files are bounded. It runs no
// program, neither git nor credential helpers. Credentials are those that the user keeps
// in files for a host, and are sent to no other; those in URLs are refused.
//
// The package renders nothing and does not know who names what: callers give it a Ref.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Kind says what lies elsewhere, and so how it is fetched.
type Kind string

// The kinds, as the lock file has them.
const (
	Chart    Kind = "chart"    // of a Helm repository, or of an OCI registry where the URL begins with oci://
	Artifact Kind = "artifact" // an OCI artifact of files, as Flux makes them
	Git      Kind = "git"      // a commit of a git repository
	File     Kind = "file"     // one file, which then has the name FileName
)

// FileName is the name of the one file of the kind File.
const FileName = "file.yaml"

// A Ref names what lies elsewhere.
type Ref struct {
	Kind Kind
	// URL is that of the Helm repository, of the git repository, or of the repository
	// of an OCI registry in which the chart or artifact is ("oci://host/path"); or that
	// of the file.
	URL string
	// Name is the chart's in a Helm repository; empty for the rest.
	Name string
	// Version is what is asked for: a version of a chart or a constraint of it, a tag,
	// "sha256:…", a branch, a commit. Empty is the newest version, the tag "latest",
	// the default branch.
	Version string
	// PlainHTTP lets a registry be asked without TLS, as the manifest says.
	PlainHTTP bool
}

// ChartOf is the ref of a chart of a Helm repository or of an OCI registry.
func ChartOf(repository, name, version string) Ref {
	if strings.HasPrefix(repository, "oci://") {
		return Ref{Kind: Chart, URL: strings.TrimSuffix(repository, "/") + "/" + name, Version: version}
	}
	return Ref{Kind: Chart, URL: repository, Name: name, Version: version}
}

// String names the ref in messages.
func (r Ref) String() string {
	text := WithoutSecrets(r.URL)
	if r.Name != "" {
		text = fmt.Sprintf("chart %q of %s", r.Name, text)
	}
	if r.Version != "" {
		text += fmt.Sprintf(" (%s)", r.Version)
	}
	return text
}

// Files are what was fetched, by name relative to its root.
type Files struct {
	// Label tells readers what it is: host, path, name and version.
	Label   string
	Digest  string // of the archive that the files were in
	Content map[string][]byte
}

// Errors of Get, wrapped.
var (
	// ErrNotFetched means that the network would be needed and is not allowed.
	ErrNotFetched = errors.New("was not fetched")
	// ErrTampered means that content is not what the lock file, an index or a registry
	// says it is.
	ErrTampered = errors.New("has other content than expected")
	// ErrHost means that a host is not one that may be talked to.
	ErrHost = errors.New("host is not allowed")
	// ErrLimit means that something is too large, has too many parts or takes too long.
	ErrLimit = errors.New("limit exceeded")
)

// Limits bound one Ref, and all of them together.
type Limits struct {
	Time     time.Duration
	Download int64 // bytes of one answer
	Unpacked int64 // bytes of all files
	Entries  int   // files and folders of an archive, objects of a commit

	AllTime     time.Duration // since the first download
	AllUnpacked int64         // bytes of the files of all refs
}

// DefaultLimits are enough for the largest charts and for repositories of manifests.
var DefaultLimits = Limits{
	Time: 2 * time.Minute, Download: 128 << 20, Unpacked: 256 << 20, Entries: 50_000,
	AllTime: 30 * time.Minute, AllUnpacked: 1 << 30,
}

// Options say what may be fetched, and where it is kept.
type Options struct {
	Network bool   // whether anything may be fetched at all
	Update  bool   // resolve versions again that the lock file pins; needs Network
	Cache   string // folder; it need not exist
	Lock    *Lock
	Allow   []string // the only hosts to talk to; none: those that refs name
	Logins  *Logins  // nil for none
	Limits  Limits   // zero: DefaultLimits
	// Proxy returns the proxy for a request to a host that Allow names, nil for none.
	// Addresses behind a proxy cannot be checked, so no other host is asked by one.
	Proxy func(*http.Request) (*url.URL, error)
	// Dial replaces the way connections are made, in tests; nil is that of package net,
	// with a check of the addresses.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A Fetcher fetches each Ref once. A nil Fetcher has nothing and fetches nothing. Its
// methods may be called concurrently.
type Fetcher struct {
	opts   Options
	client *http.Client
	end    func() time.Time // of all downloads

	mu   sync.Mutex
	once map[Ref]func() (Files, error)
	size int64 // bytes of all files so far
}

// SameAs tells whether two fetchers surely bring the same: neither asks the network, and
// both have the same cache and the same pins. None brings the same as one without pins.
func (f *Fetcher) SameAs(other *Fetcher) bool {
	offline := func(f *Fetcher) (pins []Pin, cache string, ok bool) {
		if f == nil {
			return nil, "", true
		}
		return f.opts.Lock.Pins(false), f.opts.Cache, !f.opts.Network
	}
	pins, cache, ok := offline(f)
	otherPins, otherCache, otherOk := offline(other)
	return ok && otherOk && slices.Equal(pins, otherPins) && (cache == otherCache || len(pins) == 0)
}

// New returns a fetcher.
func New(opts Options) *Fetcher {
	if opts.Limits == (Limits{}) {
		opts.Limits = DefaultLimits
	}
	if opts.Lock == nil {
		opts.Lock = &Lock{}
	}
	return &Fetcher{
		opts: opts, client: newClient(opts), once: make(map[Ref]func() (Files, error)),
		end: sync.OnceValue(func() time.Time { return time.Now().Add(opts.Limits.AllTime) }),
	}
}

// Get returns what a ref names, fetched at most once. The errors are those above, or
// say what host or archive is wrong.
func (f *Fetcher) Get(ctx context.Context, ref Ref) (Files, error) {
	if f == nil {
		return Files{}, fmt.Errorf("%s %w", ref, ErrNotFetched)
	}
	f.mu.Lock()
	get, ok := f.once[ref]
	if !ok {
		get = sync.OnceValues(func() (Files, error) { return f.get(ctx, ref) })
		f.once[ref] = get
	}
	f.mu.Unlock()
	return get()
}

func (f *Fetcher) get(ctx context.Context, ref Ref) (Files, error) {
	pin, pinned := f.opts.Lock.find(ref)
	if pinned {
		f.opts.Lock.use(ref)
	}
	if f.opts.Update && f.opts.Network {
		pinned = false
	}
	if pinned {
		data, err := f.cached(pin)
		if err == nil {
			return f.files(pin, data)
		}
		if !f.opts.Network && errors.Is(err, ErrTampered) {
			return Files{}, fmt.Errorf("%s: the cached copy %w", ref, err)
		}
	}
	if !f.opts.Network {
		return Files{}, fmt.Errorf("%s %w", ref, ErrNotFetched)
	}
	got, data, err := f.download(ctx, ref, pin, pinned)
	switch {
	case err != nil:
		return Files{}, fmt.Errorf("%s: %w", ref, err)
	case pinned && got.Digest != pin.Digest:
		return Files{}, fmt.Errorf("%s %w: %s, and %s pins %s", ref, ErrTampered, got.Digest, LockFile, pin.Digest)
	}
	files, err := f.files(got, data)
	if err != nil {
		return Files{}, err
	}
	if err := f.keep(got, data); err != nil {
		return Files{}, fmt.Errorf("keep %s: %w", ref, err)
	}
	f.opts.Lock.set(got)
	return files, nil
}

// download fetches what is pinned, or resolves what a ref asks for.
func (f *Fetcher) download(ctx context.Context, ref Ref, pin Pin, pinned bool) (Pin, []byte, error) {
	ctx, cancel := context.WithDeadlineCause(ctx, f.end(), fmt.Errorf("%w: all downloads take longer than %s", ErrLimit, f.opts.Limits.AllTime))
	defer cancel()
	ctx, cancel = context.WithTimeoutCause(ctx, f.opts.Limits.Time, fmt.Errorf("%w: it takes longer than %s", ErrLimit, f.opts.Limits.Time))
	defer cancel()
	if !pinned {
		pin = Pin{Ref: ref}
	}
	var data []byte
	var err error
	switch {
	case ref.Kind == Git:
		pin, data, err = f.commit(ctx, pin)
	case ref.Kind == File:
		data, err = f.file(ctx, pin)
	case ref.Kind == Artifact, strings.HasPrefix(ref.URL, "oci://"):
		pin, data, err = f.artifact(ctx, pin)
	default:
		pin, data, err = f.chart(ctx, pin)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err != nil {
		return pin, nil, err
	}
	pin.Digest = digestOf(data)
	return pin, data, pin.check()
}

// file fetches one file.
func (f *Fetcher) file(ctx context.Context, pin Pin) ([]byte, error) {
	ctx, err := towards(ctx, pin.Ref, pin.URL)
	if err != nil {
		return nil, err
	}
	data, err := f.read(ctx, pin.URL)
	if err != nil {
		return nil, err
	}
	return pack(map[string][]byte{FileName: data})
}

// files unpacks the archive of a pin.
func (f *Fetcher) files(pin Pin, data []byte) (Files, error) {
	content, err := f.unpack(data)
	if err == nil && pin.Kind == Chart {
		content, err = chartFolder(content)
	}
	if err != nil {
		return Files{}, fmt.Errorf("the archive of %s: %w", pin.Ref, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, data := range content {
		f.size += int64(len(data))
	}
	if f.size > f.opts.Limits.AllUnpacked {
		return Files{}, fmt.Errorf("%s: %w: all that was fetched has more than %d bytes", pin.Ref, ErrLimit, f.opts.Limits.AllUnpacked)
	}
	return Files{Label: pin.label(), Digest: pin.Digest, Content: content}, nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
