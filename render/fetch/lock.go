package fetch

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// LockFile is the name of the lock file in the repository's root.
const LockFile = ".ringfence.lock"

// lockVersion is that of the lock file's format.
const lockVersion = 1

// A Pin says what a Ref was resolved to. What decides is the digest.
type Pin struct {
	Ref
	// Resolved is the version that was found: a chart's version, a tag, a commit; empty
	// for a file.
	Resolved string
	// Revision is the digest of the OCI manifest, empty for what comes from elsewhere.
	Revision string
	// Digest is that of the archive: a packed chart or layer, or the files of a commit
	// as a tar file, sorted by name.
	Digest string
}

// label tells readers what was fetched.
func (p Pin) label() string {
	_, text, found := strings.Cut(p.URL, "://")
	if !found {
		text = p.URL
	}
	text = strings.Trim(text, "/")
	if p.Name != "" {
		text += "/" + p.Name
	}
	resolved := p.Resolved
	if p.Kind == Git {
		text, resolved = strings.TrimSuffix(text, ".git"), resolved[:min(12, len(resolved))]
	}
	return strings.TrimSuffix(text+"/"+resolved, "/")
}

// A Lock is the content of a lock file. The zero value is that of an empty one.
type Lock struct {
	mu   sync.Mutex
	pins map[Ref]Pin
	used map[Ref]bool
}

// entry is a pin in the file. Fields stand in the order in which they are written.
type entry struct {
	Kind      Kind   `yaml:"kind"`
	URL       string `yaml:"url"`
	Name      string `yaml:"name,omitempty"`
	Version   string `yaml:"version,omitempty"`
	PlainHTTP bool   `yaml:"plainHTTP,omitempty"`
	Resolved  string `yaml:"resolved,omitempty"`
	Revision  string `yaml:"revision,omitempty"`
	Digest    string `yaml:"digest"`
}

type lockContent struct {
	Version int     `yaml:"version"`
	Fetched []entry `yaml:"fetched"`
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ReadLock reads a lock file. It is strict, as a pin that is misread pins nothing.
func ReadLock(data []byte) (*Lock, error) {
	lock := &Lock{pins: make(map[Ref]Pin), used: make(map[Ref]bool)}
	if len(bytes.TrimSpace(data)) == 0 {
		return lock, nil
	}
	var content lockContent
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&content); err != nil {
		return nil, fmt.Errorf("%s: %w", LockFile, err)
	}
	if content.Version != lockVersion {
		return nil, fmt.Errorf("%s: the format has version %d, want %d", LockFile, content.Version, lockVersion)
	}
	for i, e := range content.Fetched {
		p := e.pin()
		err := p.check()
		if _, twice := lock.pins[p.Ref]; err == nil && twice {
			err = errors.New("it is there twice")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: fetched[%d], %s: %w", LockFile, i, p.Ref, err)
		}
		lock.pins[p.Ref] = p
	}
	return lock, nil
}

// resolvedForm is that of versions, tags and digests.
var resolvedForm = regexp.MustCompile(`^[0-9A-Za-z.+:_-]{1,255}$`)

// check tells whether a pin can be what its ref was resolved to. That a tag, branch or
// constraint leads to it is known to the one who fetched it only.
func (p Pin) check() error {
	registry := p.Kind == Artifact || p.Kind == Chart && strings.HasPrefix(p.URL, "oci://")
	switch {
	case p.Kind != Chart && p.Kind != Artifact && p.Kind != Git && p.Kind != File:
		return fmt.Errorf("it has the kind %q", p.Kind)
	case !digestForm.MatchString(p.Digest):
		return errors.New("it has no sha256 digest")
	case registry && !digestForm.MatchString(p.Revision):
		return errors.New("it has no digest of the manifest (revision)")
	}
	fits := false
	switch {
	case p.Kind == File:
		fits = p.Resolved == ""
	case p.Kind == Git:
		fits = commitHash.MatchString(p.Resolved) && (!commitHash.MatchString(p.Version) || p.Version == p.Resolved)
	case registry && strings.HasPrefix(p.Version, "sha256:"):
		fits = p.Resolved == p.Version && p.Revision == p.Version
	case registry && p.Resolved == strings.ReplaceAll(cmp.Or(p.Version, "latest"), "_", "+"):
		fits = resolvedForm.MatchString(p.Resolved)
	default:
		fits = resolvedForm.MatchString(p.Resolved) && newest([]string{p.Resolved}, p.Version) == 0
	}
	if !fits {
		return fmt.Errorf("%q is not what is asked for", p.Resolved)
	}
	return nil
}

func (e entry) pin() Pin {
	return Pin{
		Ref:      Ref{Kind: e.Kind, URL: e.URL, Name: e.Name, Version: e.Version, PlainHTTP: e.PlainHTTP},
		Resolved: e.Resolved, Revision: e.Revision, Digest: e.Digest,
	}
}

// Pins are those of the lock, sorted; with used only those that were asked for since
// it was read.
func (l *Lock) Pins(used bool) []Pin {
	l.mu.Lock()
	defer l.mu.Unlock()
	var pins []Pin
	for ref, p := range l.pins {
		if !used || l.used[ref] {
			pins = append(pins, p)
		}
	}
	slices.SortFunc(pins, func(a, b Pin) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.URL, b.URL), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return pins
}

// Encode returns the file that holds pins.
func Encode(pins []Pin) ([]byte, error) {
	content := lockContent{Version: lockVersion, Fetched: []entry{}}
	for _, p := range pins {
		content.Fetched = append(content.Fetched, entry{p.Kind, p.URL, p.Name, p.Version, p.PlainHTTP, p.Resolved, p.Revision, p.Digest})
	}
	var out bytes.Buffer
	out.WriteString("# Written by \"ringfence fetch\": what was fetched from elsewhere, and what it must be.\n")
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(content); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (l *Lock) find(ref Ref) (Pin, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.pins[ref]
	return p, ok
}

func (l *Lock) use(ref Ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used == nil {
		l.used = make(map[Ref]bool)
	}
	l.used[ref] = true
}

func (l *Lock) set(p Pin) {
	l.use(p.Ref)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pins == nil {
		l.pins = make(map[Ref]Pin)
	}
	l.pins[p.Ref] = p
}
