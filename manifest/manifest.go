// Package manifest turns YAML and JSON files into Kubernetes objects that know
// where their author wrote them.
//
// It parses files, expands lists, converts documents to plain data as kubectl
// would, and answers for every field of an object at which line it stands. What is
// written as manifests usually are is read by a scanner of its own, all else by the
// YAML library; nothing but time and memory tells them apart. The package does not
// render (package render does), does not know any kind in particular, and never
// reads the file system: callers hand it bytes.
package manifest

import (
	"cmp"
	"fmt"
	"strings"
)

// Pos is a place in a file of the repository.
type Pos struct {
	File   string // relative to the repository root, with slashes
	Line   int    // 1-based, 0 unknown
	Column int    // 1-based, in characters, 0 unknown
}

// String returns "file:line:column", leaving out what is unknown.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Compare orders positions by file, line and column.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(
		cmp.Compare(p.File, q.File),
		cmp.Compare(p.Line, q.Line),
		cmp.Compare(p.Column, q.Column),
	)
}

// Origin is where a value was written.
type Origin struct {
	Pos
	// Via lists the other places that shaped the value: the line that a
	// transformer changed, the patch, the values file.
	Via []Pos
	// Exact is true only where the line really holds the value.
	Exact bool
}

// Ref identifies an object within a cluster. Version is left out on purpose:
// apps/v1 and apps/v1beta1 name the same Deployment.
type Ref struct {
	Group, Kind, Namespace, Name string
}

// String returns "namespace/Kind/name", without the namespace where there is
// none or it is not known.
func (r Ref) String() string {
	if IsPrivate(r.Namespace) {
		return r.Kind + "/" + r.Name
	}
	return r.Namespace + "/" + r.Kind + "/" + r.Name
}

// Compare orders references by namespace, group, kind and name.
func (r Ref) Compare(s Ref) int {
	return cmp.Or(
		strings.Compare(r.Namespace, s.Namespace),
		strings.Compare(r.Group, s.Group),
		strings.Compare(r.Kind, s.Kind),
		strings.Compare(r.Name, s.Name),
	)
}

// Gap is a part of the repository that could not be seen: a file that could not
// be read, an entry that was refused, a template that failed. Gaps are never
// silent: they are shown, counted, and decide the exit code.
type Gap struct {
	Pos
	Code   Code
	Reason string // one line, lowercase, the true cause first
	// Note is true for what the user should know but what leaves nothing unseen.
	Note bool
}

// Code classifies gaps. Codes are part of the machine contract: they are never
// renamed or reused.
type Code string

// The codes of gaps.
const (
	UnreadableFile       Code = "unreadable-file"       // the file system refused
	FileTooLarge         Code = "file-too-large"        // over the size limit
	InvalidYAML          Code = "invalid-yaml"          // looks like Kubernetes, does not parse
	LimitExceeded        Code = "limit-exceeded"        // nesting, aliases, output size, time
	InvalidObject        Code = "invalid-object"        // a field has a type that Kubernetes rejects
	InvalidPolicy        Code = "invalid-policy"        // a policy has a field that the API server rejects, or reads otherwise
	DuplicateObject      Code = "duplicate-object"      // note: a later object of the same name replaces it
	OutsideRepository    Code = "outside-repository"    // a path or symbolic link leaves the repository
	RemoteReference      Code = "remote-reference"      // would need the network
	PluginRefused        Code = "plugin-refused"        // would run a program (exec, KRM function, ksops)
	MissingFile          Code = "missing-file"          // a file or directory that is named is not there
	DroppedEntry         Code = "dropped-entry"         // a patch or replacement whose target another gap removed
	EmptyKustomization   Code = "empty-kustomization"   // kustomize refuses a kustomization without content
	InvalidKustomization Code = "invalid-kustomization" // unknown or wrongly typed field
	KustomizeFailed      Code = "kustomize-failed"      // any other error of the build
	MissingDependency    Code = "missing-dependency"    // a chart's dependency is not in the repository
	InvalidChart         Code = "invalid-chart"         // the chart cannot be loaded
	IncompatibleChart    Code = "incompatible-chart"    // the chart refuses the Kubernetes version
	InvalidValues        Code = "invalid-values"        // values that are missing, unreadable or break the schema
	TemplateFailed       Code = "template-failed"       // a template stopped with an error
	MissingAPIVersion    Code = "missing-api-version"   // note: a template asked for an API that was not given
	FallbackValues       Code = "fallback-values"       // note: rendered with ci values because the defaults do not render
	Approximated         Code = "approximated"          // note: answered from the work tree instead of the named revision
	NotFollowed          Code = "not-followed"          // an object of Argo CD or Flux applies what is not rendered
	RemoteSource         Code = "remote-source"         // what an application applies lies in another repository
	LiveGenerator        Code = "live-generator"        // an ApplicationSet asks a live system for what it makes
	UnknownClusters      Code = "unknown-clusters"      // an ApplicationSet takes clusters that nothing names
	UnknownField         Code = "unknown-field"         // a field of Argo CD or Flux that is not understood
	Jsonnet              Code = "jsonnet"               // Jsonnet is not evaluated
	RemoteChart          Code = "remote-chart"          // an object of Argo CD or Flux installs a chart from elsewhere
	FetchFailed          Code = "fetch-failed"          // what lies elsewhere could not be fetched, or is not what was pinned
	UnknownValue         Code = "unknown-value"         // a value is encrypted, or comes from outside the repository
	SubstitutionFailed   Code = "substitution-failed"   // Flux could not replace the variables of an object
	NotEvaluated         Code = "not-evaluated"         // note: a policy of a kind that is not evaluated
	InvalidSuppression   Code = "invalid-suppression"   // note: a suppression without a reason, or of an unknown rule
	ExpiredSuppression   Code = "expired-suppression"   // note: a suppression whose last day is over
	UnusedSuppression    Code = "unused-suppression"    // note: a suppression of what is not found
	NothingFound         Code = "nothing-found"         // no manifests at all
	InternalError        Code = "internal-error"        // a library panicked on this target
)
