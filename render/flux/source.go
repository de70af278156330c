package flux

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/source"
)

// A fluxSource is where artifacts come from.
type fluxSource struct {
	*manifest.Object
	url    string
	ref    string // the branch, tag or commit, as text
	other  bool   // it is none that the work tree is known to stand for
	ignore string // patterns of files that are not part of the artifact
	// insecure lets a registry be asked without TLS.
	insecure bool
	// base is the folder of this repository that the artifact is made of; known is
	// false where nothing proves that it is made of this repository.
	base  string
	known bool
	chart *sourcev1.HelmChartSpec // of a HelmChart
}

func (c *Cluster) readSource(o *manifest.Object) {
	s := &fluxSource{Object: o}
	switch o.Kind {
	case "GitRepository":
		var spec sourcev1.GitRepositorySpec
		if !c.decode(o, &spec) {
			return
		}
		s.url = spec.URL
		if spec.Ignore != nil {
			s.ignore = *spec.Ignore
		}
		if r := spec.Reference; r != nil {
			fixed := cmp.Or(r.Commit, r.Name, r.SemVer, r.Tag)
			s.ref, s.other = cmp.Or(fixed, r.Branch), fixed != ""
		}
	case "OCIRepository":
		var spec sourcev1.OCIRepositorySpec
		if !c.decode(o, &spec) {
			return
		}
		s.url, s.insecure = spec.URL, spec.Insecure
		if r := spec.Reference; r != nil {
			s.ref = cmp.Or(r.Digest, r.SemVer, r.Tag)
		}
	case "HelmRepository":
		var spec sourcev1.HelmRepositorySpec
		if !c.decode(o, &spec) {
			return
		}
		s.url, s.insecure = spec.URL, spec.Insecure
	case "Bucket":
		var spec sourcev1.BucketSpec
		if !c.decode(o, &spec) {
			return
		}
		s.url = spec.Endpoint + "/" + spec.BucketName
	case "HelmChart":
		s.chart = new(sourcev1.HelmChartSpec)
		if !c.decode(o, s.chart) {
			return
		}
	default:
		return
	}
	if own, known := c.repo.Own(s.url); own && known && s.url != "" {
		s.base, s.known = ".", true
	}
	c.sources[o.Ref] = s
}

// describe names the source in messages.
func (s *fluxSource) describe() string {
	text := fmt.Sprintf("%s at %q", name(s.Object), s.url)
	if s.ref != "" {
		text += fmt.Sprintf(" (%s)", s.ref)
	}
	return text
}

// part names a path of the source's artifact in messages.
func part(file string, s *fluxSource) string {
	if file == "." {
		return s.describe()
	}
	return fmt.Sprintf("%q of %s", file, s.describe())
}

// A sourceRef is a reference to a source, with the namespace that Flux looks in.
type sourceRef struct {
	kind, name, namespace string
	named                 manifest.Pos // the line that refers to it
}

func (r sourceRef) String() string { return fmt.Sprintf("%s %q", r.kind, r.name) }

func (c *Cluster) source(r sourceRef) (*fluxSource, bool) {
	return find(c.sources, manifest.Ref{Group: sourceGroup, Kind: r.kind, Namespace: r.namespace, Name: r.name})
}

// proveRoots finds the sources that are this repository by what "flux bootstrap"
// writes: a Kustomization with its source's name that applies the very folder
// in which it is declared.
func (c *Cluster) proveRoots() {
	roots := make(map[string]*fluxSource)
	for _, k := range c.Kustomizations {
		s, ok := c.source(k.source())
		if !ok || s.Name != k.Name || s.Namespace != k.Namespace {
			continue
		}
		applied, dir := clean(k.Spec.Path), path.Dir(k.File)
		if applied == "." && path.Base(dir) != k.Namespace { // bootstrap's own folder is named for its namespace
			continue
		}
		if base, ok := above(dir, applied); ok {
			s.base, s.known, s.other = base, true, false
			roots[repository(s.url)] = s
		}
	}
	for _, s := range c.sources {
		if root := roots[repository(s.url)]; root != nil && root != s && root.base == "." {
			s.base, s.known = ".", true
			s.other = s.other || s.ref != root.ref
		}
	}
}

// repository brings URLs of one git repository to one form.
func repository(url string) string { return cmp.Or(source.RepositoryURL(url), url) }

// above returns the folder from which a path leads to dir or to a folder above it.
func above(dir, applied string) (base string, ok bool) {
	if applied == "." {
		return ".", true
	}
	before, _, found := strings.Cut("/"+dir+"/", "/"+applied+"/")
	if !found {
		return "", false
	}
	return clean(before), true
}

// A Place is the folder of the repository that a path of an artifact stands for.
type Place struct {
	Dir string
	// Ignore holds the source's own patterns of files that are not in the artifact.
	Ignore string
	// Note tells, where that is no fact, why this folder was taken.
	Note string
}

// locate finds the folder or file of the repository that is name in the artifact
// of a source. The gap tells why there is none; it lacks a position. Exists tells
// whether the repository has a name.
func (c *Cluster) locate(ref sourceRef, file string, exists func(string) bool) (Place, *manifest.Gap) {
	file = clean(file)
	if ref.kind == "ExternalArtifact" {
		return c.locateArtifact(ref, file, exists)
	}
	s, declared := c.source(ref)
	switch {
	case declared && s.known:
		dir := path.Join(s.base, file)
		if !exists(dir) {
			return Place{}, &manifest.Gap{Code: manifest.MissingFile, Reason: fmt.Sprintf("%s is not in the repository", part(file, s))}
		}
		place := Place{Dir: dir, Ignore: s.ignore}
		if s.other {
			place.Note = fmt.Sprintf("%s is read from the work tree", s.describe())
		}
		return place, nil
	case !declared:
		if dir, ok := suffix(file, exists); ok {
			note := fmt.Sprintf("%s is not declared: this repository is taken for it", ref)
			if dir != file {
				note = fmt.Sprintf("%s is not declared: %q of this repository is taken for its path %q", ref, dir, file)
			}
			return Place{Dir: dir, Note: note}, nil
		}
		return Place{}, &manifest.Gap{
			Code: manifest.RemoteSource, Reason: fmt.Sprintf("%s is not declared, and its path %q is not in the repository", ref, file),
		}
	case ref.kind == "GitRepository" && file != "." && exists(file):
		if _, known := c.repo.Own(s.url); !known {
			return Place{Dir: file, Ignore: s.ignore, Note: fmt.Sprintf("this repository is taken for %s at %q, whose path %q it has", ref, s.url, file)}, nil
		}
	}
	return c.fetched(s, ref, file, exists)
}

// fetched finds a folder or file of an artifact from elsewhere.
func (c *Cluster) fetched(s *fluxSource, ref sourceRef, file string, exists func(string) bool) (Place, *manifest.Gap) {
	elsewhere := fetch.Ref{Kind: fetch.Git, URL: s.url, Version: s.ref}
	switch ref.kind {
	case "GitRepository":
	case "OCIRepository":
		elsewhere.Kind, elsewhere.PlainHTTP = fetch.Artifact, s.insecure
	default: // a bucket
		return Place{}, &manifest.Gap{Code: manifest.RemoteSource, Reason: fmt.Sprintf("%s is not in the repository", part(file, s))}
	}
	dir, err := c.repo.Fetch.Get(c.ctx, elsewhere, ref.named)
	if err != nil {
		gap := fetch.Gap(err, manifest.Pos{}, manifest.RemoteSource, fmt.Sprintf("%s is not in the repository", part(file, s)))
		return Place{}, &gap
	}
	name := path.Join(dir, file)
	if !exists(name) {
		return Place{}, &manifest.Gap{Code: manifest.MissingFile, Reason: fmt.Sprintf("%s does not exist there", part(file, s))}
	}
	return Place{Dir: name, Ignore: s.ignore}, nil
}

// suffix finds the longest end of a path that the repository has.
func suffix(name string, exists func(string) bool) (string, bool) {
	for rest := name; ; {
		if exists(rest) {
			return rest, true
		}
		_, after, found := strings.Cut(rest, "/")
		if !found {
			return "", false
		}
		rest = after
	}
}
