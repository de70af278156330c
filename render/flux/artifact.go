package flux

import (
	"fmt"
	"path"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// artifactGeneratorSpec is the part of an ArtifactGenerator that tells what its
// artifacts are made of. Its API module would bring the whole of source-watcher's
// dependencies along for these fields.
type artifactGeneratorSpec struct {
	Sources   []artifactSource   `json:"sources"`
	Artifacts []artifactTemplate `json:"artifacts"`
	// What does not say where files come from.
	CommonMetadata any    `json:"commonMetadata,omitempty"`
	PathPattern    string `json:"pathPattern,omitempty"`
}

type artifactSource struct {
	Alias     string `json:"alias"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
}

type artifactTemplate struct {
	Name           string         `json:"name"`
	Copy           []artifactCopy `json:"copy"`
	Revision       string         `json:"revision,omitempty"`
	OriginRevision string         `json:"originRevision,omitempty"`
}

type artifactCopy struct {
	From     string   `json:"from"`
	To       string   `json:"to"`
	Exclude  []string `json:"exclude,omitempty"`
	Strategy string   `json:"strategy,omitempty"`
}

// An artifact is what an ArtifactGenerator copies together.
type artifact struct {
	*manifest.Object // the generator
	copies           []artifactCopy
	sources          map[string]sourceRef // by alias
}

func (c *Cluster) readArtifacts(o *manifest.Object) {
	var spec artifactGeneratorSpec
	if o.Kind != "ArtifactGenerator" || !c.decode(o, &spec) {
		return
	}
	sources := make(map[string]sourceRef)
	for _, s := range spec.Sources {
		ref := sourceRef{kind: s.Kind, name: s.Name, namespace: o.Namespace}
		if s.Namespace != "" {
			ref.namespace = s.Namespace
		}
		sources[s.Alias] = ref
	}
	for _, a := range spec.Artifacts {
		ref := manifest.Ref{Group: sourceGroup, Kind: "ExternalArtifact", Namespace: o.Namespace, Name: a.Name}
		c.artifacts[ref] = &artifact{Object: o, copies: a.Copy, sources: sources}
	}
}

// locateArtifact finds what was copied to name in a generated artifact. Later
// copies win. Where the artifact lays folders out otherwise than the repository
// does, relative references in them may lead elsewhere: the place says so.
func (c *Cluster) locateArtifact(ref sourceRef, name string, exists func(string) bool) (Place, *manifest.Gap) {
	key := manifest.Ref{Group: sourceGroup, Kind: "ExternalArtifact", Namespace: ref.namespace, Name: ref.name}
	a, ok := find(c.artifacts, key)
	if !ok {
		return Place{}, &manifest.Gap{Code: manifest.RemoteSource, Reason: fmt.Sprintf("no ArtifactGenerator of the repository makes %s", ref)}
	}
	var why *manifest.Gap
	for i := len(a.copies) - 1; i >= 0; i-- {
		alias, from, to, ok := a.copies[i].folders()
		if !ok {
			continue
		}
		rest, inside := below(name, to)
		if !inside {
			continue
		}
		source := a.sources[alias]
		source.named = ref.named
		place, gap := c.locate(source, path.Join(from, rest), exists)
		if gap != nil {
			why = gap
			continue
		}
		if place.Note == "" && !a.uniform() {
			place.Note = fmt.Sprintf("%s lays folders out otherwise than the repository, in which %q is read", ref, place.Dir)
		}
		return place, nil
	}
	if why == nil {
		why = &manifest.Gap{Code: manifest.RemoteSource, Reason: fmt.Sprintf("nothing of the repository is copied to %q of %s", name, ref)}
	}
	return Place{}, why
}

// folders tells which folder of a source is copied to which of the artifact. False
// means that the copy is of single files, or is changed on the way.
func (c artifactCopy) folders() (alias, from, to string, ok bool) {
	alias, from, found := strings.Cut(strings.TrimPrefix(c.From, "@"), "/")
	to, isArtifact := strings.CutPrefix(c.To, "@artifact")
	if !found || !isArtifact || c.Strategy != "" && c.Strategy != "Overwrite" {
		return "", "", "", false
	}
	rest, contents := strings.CutSuffix("/"+from, "/**")
	if strings.ContainsAny(rest, "*?[{") {
		return "", "", "", false
	}
	from = clean(rest)
	if !contents && strings.HasSuffix(to, "/") && from != "." { // the folder itself is copied
		to = path.Join(to, path.Base(from))
	}
	return alias, from, clean(to), true
}

// below returns what is left of a path below a folder.
func below(name, dir string) (rest string, ok bool) {
	if dir == "." || name == dir {
		return strings.TrimPrefix(strings.TrimPrefix(name, dir), "/"), true
	}
	return strings.CutPrefix(name, dir+"/")
}

// uniform tells whether all folders of the artifact stand to each other as they do
// in the one source that they come from.
func (a *artifact) uniform() bool {
	var alias, base string
	for i, c := range a.copies {
		from, dir, to, ok := c.folders()
		if !ok {
			return false
		}
		root, fits := "", dir == to
		if to == "." {
			root, fits = dir, true
		} else if before, found := strings.CutSuffix(dir, "/"+to); found {
			root, fits = before, true
		}
		if !fits || i > 0 && (from != alias || root != base) {
			return false
		}
		alias, base = from, root
	}
	return true
}
