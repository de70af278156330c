// Package argocd reads what the objects of Argo CD say: which folders and charts its
// Applications apply, to which cluster and namespace, and how; and which Applications
// its ApplicationSets make of the files of a repository.
//
// It follows Argo CD 3: its order of Helm values and parameters, its generators, its
// Go templates and its older "{{path}}" templates. What asks a live system (the
// generators for SCM providers, pull requests, plugins and placement decisions), what
// runs a program (config management plugins) and what lies in another repository is a
// gap. So is a field that is not understood: nothing is ignored in silence.
//
// The package renders nothing and finds no objects: package render does.
package argocd

import (
	"strings"
	"sync"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/render/source"
)

// InCluster is the server of the cluster in which Argo CD runs, and LocalName its name.
const (
	InCluster = "https://kubernetes.default.svc"
	LocalName = "in-cluster"
)

// A Repository is what applications are evaluated against.
type Repository struct {
	Tree     *source.Tree
	Own      func(repoURL string) bool // tells whether a URL is that of the repository
	Clusters []Cluster                 // that Argo CD knows, besides its own; sorted by name
	// Fetch gets what lies elsewhere. A nil one has nothing.
	Fetch func(ref fetch.Ref, named manifest.Pos) (dir string, err error)
	// Execute runs what may not end; it returns a *StoppedError then. Nil runs it here.
	Execute func(Execution) (string, error)

	listed func() listing
}

// NewRepository returns a repository whose folders are walked once.
func NewRepository(tree *source.Tree, own func(repoURL string) bool, clusters []Cluster) *Repository {
	r := &Repository{Tree: tree, Own: own, Clusters: clusters}
	r.listed = sync.OnceValue(r.list)
	return r
}

// A Cluster is one that Argo CD applies to.
type Cluster struct {
	Name, Server, Project string
	Labels, Annotations   map[string]string
}

// A Document is an object whose fields know where they are written. It comes from the
// repository, or was made by an ApplicationSet.
type Document struct {
	Data map[string]any
	At   func(path ...any) manifest.Origin
}

// DocumentOf is the document of an object of the repository.
func DocumentOf(o *manifest.Object) Document { return Document{Data: o.Data, At: o.At} }

// str returns the string at a path, "" where there is none.
func (d Document) str(path ...any) string {
	text, _ := manifest.Lookup(d.Data, path...).(string)
	return text
}

// below returns a function that tells where what lies below a path is written.
func (d Document) below(path ...any) func(...any) manifest.Origin {
	return func(rest ...any) manifest.Origin { return d.At(append(path[:len(path):len(path)], rest...)...) }
}

// IsApplication and IsApplicationSet tell whether an object is one of Argo CD's.
func IsApplication(o *manifest.Object) bool {
	return o.Group == "argoproj.io" && o.Kind == "Application"
}

// IsApplicationSet is documented at IsApplication.
func IsApplicationSet(o *manifest.Object) bool {
	return o.Group == "argoproj.io" && o.Kind == "ApplicationSet"
}

// A fault tells why something cannot be evaluated.
type fault struct {
	code   manifest.Code
	reason string
}

func (f *fault) Error() string { return f.reason }

// oneLine joins the lines of a message.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
