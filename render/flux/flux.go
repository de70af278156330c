// Package flux reads Flux's objects: which folder of the repository a
// Kustomization applies, and what it changes there; which chart a HelmRelease
// installs, and with which values; what variables stand for.
//
// The types and the substitution of variables are those of Flux's own modules.
// What Flux's API does not have is named. Values that nobody can read in the
// repository, such as encrypted ones, are unknown: they stay as they are written,
// and are said to be unknown.
//
// The package renders nothing, reads no files and fetches nothing itself: callers give
// it the objects of one cluster and a way to what lies elsewhere, and render what it says.
package flux

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	kjson "sigs.k8s.io/json"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
)

// The API groups of Flux.
const (
	kustomizeGroup  = "kustomize.toolkit.fluxcd.io"
	helmGroup       = "helm.toolkit.fluxcd.io"
	sourceGroup     = "source.toolkit.fluxcd.io"
	extensionsGroup = "source.extensions.fluxcd.io"
	operatorGroup   = "fluxcd.controlplane.io"
)

// Groups are the API groups of objects by which Flux applies something.
var Groups = []string{kustomizeGroup, helmGroup, operatorGroup}

// Repository is what is asked of the repository that the objects were found in.
type Repository struct {
	// IsDir tells whether a folder is there. Names are relative to the root.
	IsDir func(name string) bool
	// Exists tells whether a file or folder is there.
	Exists func(name string) bool
	// Own tells whether a URL is that of the repository. Known is false where
	// nothing says what its URL is.
	Own func(url string) (own, known bool)
	// Fetch gets what lies elsewhere as a folder; named is the line that names it.
	Fetch fetch.Folder
}

// A Cluster is what Flux's objects of one cluster say.
type Cluster struct {
	Kustomizations []*Kustomization // in the order of their objects
	Releases       []*Release       // in the order of their objects
	// Gaps are of objects that cannot be read, fields that Flux does not have, and
	// objects that are not followed.
	Gaps map[*manifest.Object][]manifest.Gap

	ctx       context.Context //nolint:containedctx // the cluster is read and asked within one call
	repo      Repository
	sources   map[manifest.Ref]*fluxSource
	artifacts map[manifest.Ref]*artifact
	data      map[manifest.Ref]*manifest.Object // ConfigMaps and Secrets
}

// Read reads the objects of one cluster. Objects of other kinds are ignored. The context
// is that of what is fetched.
func Read(ctx context.Context, objects []*manifest.Object, repo Repository) *Cluster {
	c := &Cluster{
		Gaps:      make(map[*manifest.Object][]manifest.Gap),
		ctx:       ctx,
		repo:      repo,
		sources:   make(map[manifest.Ref]*fluxSource),
		artifacts: make(map[manifest.Ref]*artifact),
		data:      make(map[manifest.Ref]*manifest.Object),
	}
	for _, o := range objects {
		switch o.Group {
		case kustomizeGroup:
			c.readKustomization(o)
		case helmGroup:
			c.readRelease(o)
		case sourceGroup:
			c.readSource(o)
		case extensionsGroup:
			c.readArtifacts(o)
		case operatorGroup:
			c.readOperator(o)
		default:
			c.readData(o)
		}
	}
	c.proveRoots()
	return c
}

// readOperator names what Flux Operator makes of its own templates.
func (c *Cluster) readOperator(o *manifest.Object) {
	if o.Kind == "ResourceSet" {
		c.gap(o, manifest.NotFollowed, fmt.Sprintf("%s is not followed: what it makes of its templates is not known", name(o)), "spec")
	}
}

// gap adds a gap of an object, at the field of a path.
func (c *Cluster) gap(o *manifest.Object, code manifest.Code, reason string, path ...any) {
	c.Gaps[o] = append(c.Gaps[o], manifest.Gap{Pos: o.At(path...).Pos, Code: code, Reason: reason})
}

// name is how messages call an object.
func name(o *manifest.Object) string { return fmt.Sprintf("%s %q", o.Kind, o.Name) }

// decode reads an object's spec into v, and names the fields that v does not have;
// but those that older versions have are read elsewhere. False means that Flux could
// not read the object either.
func (c *Cluster) decode(o *manifest.Object, v any, older ...string) bool {
	data, err := json.Marshal(o.Data["spec"])
	if err != nil {
		c.gap(o, manifest.InvalidObject, fmt.Sprintf("%s: %v", name(o), err), "spec")
		return false
	}
	unknown, err := kjson.UnmarshalStrict(data, v)
	if err != nil {
		field, reason := undecodable(err)
		c.gap(o, manifest.InvalidObject, fmt.Sprintf("%s: %s", name(o), reason), field...)
		return false
	}
	for _, err := range unknown {
		var field string
		if f, ok := err.(kjson.FieldError); ok { //nolint:errorlint // the library returns them bare
			field = f.FieldPath()
		}
		path := fieldPath("spec." + field)
		if last, _ := path[len(path)-1].(string); o.APIVersion == helmGroup+"/v2" || !slices.Contains(older, last) {
			c.gap(o, manifest.UnknownField, fmt.Sprintf("%s has the field %q, which is not understood", name(o), "spec."+field), path...)
		}
	}
	return true
}

// wrongType is the JSON library's message for a value of another type. Names in
// upper case are of embedded Go types.
var wrongType = regexp.MustCompile(`cannot unmarshal (\w+) into Go struct field \w+\.(?:[A-Z]\w*\.)*(\S+) of type (\S+)`)

// undecodable tells why a spec cannot be decoded, and at which field.
func undecodable(err error) (field []any, reason string) {
	if m := wrongType.FindStringSubmatch(err.Error()); m != nil {
		return fieldPath("spec." + m[2]), fmt.Sprintf("the field %q holds a value of type %s, want %s", "spec."+m[2], m[1], m[3])
	}
	return []any{"spec"}, strings.TrimPrefix(err.Error(), "json: ")
}

// fieldPath splits "spec.patches[0].target" into steps.
func fieldPath(text string) []any {
	var steps []any
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if i, err := strconv.Atoi(part); err == nil {
			steps = append(steps, i)
		} else {
			steps = append(steps, part)
		}
	}
	return steps
}

// clean makes a path of an artifact relative: Flux takes "/" and ".." at its start
// for the artifact's root.
func clean(name string) string {
	if name = strings.TrimPrefix(path.Clean("/"+name), "/"); name == "" {
		return "."
	}
	return name
}

// find returns what is filed under a name in a namespace. Where one of the two
// namespaces is not known, the name has to do.
func find[T any](from map[manifest.Ref]T, ref manifest.Ref) (found T, ok bool) {
	if found, ok = from[ref]; ok {
		return found, true
	}
	var refs []manifest.Ref
	for other := range from {
		if other.Group == ref.Group && other.Kind == ref.Kind && other.Name == ref.Name &&
			(manifest.IsPrivate(other.Namespace) || manifest.IsPrivate(ref.Namespace)) {
			refs = append(refs, other)
		}
	}
	if len(refs) == 0 {
		return found, false
	}
	return from[slices.MinFunc(refs, manifest.Ref.Compare)], true
}
