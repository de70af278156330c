package argocd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
)

// An Application is one application of Argo CD.
type Application struct {
	Document
	Name, Namespace string // its own; the namespace may be empty
	Project         string
	Set             string // the ApplicationSet that makes it, "" for none
	Pos             manifest.Pos
	Destination     Destination
	Sources         []Source
	// CreateNamespace tells whether Argo CD creates the destination's namespace, with
	// these labels.
	CreateNamespace bool
	NamespaceLabels map[string]string
	// Unresolved tells whether a parameter is missing in what it applies, or where.
	Unresolved bool
	Gaps       []manifest.Gap // fields that are wrong, missing or not understood
}

// Destination is where an application goes: a cluster by its server or name.
type Destination struct {
	Server    string `json:"server"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// A Source is one source of an application.
type Source struct {
	RepoURL        string `json:"repoURL"`
	Path           string `json:"path"`
	TargetRevision string `json:"targetRevision"`
	Chart          string `json:"chart"`
	Ref            string `json:"ref"`
	Name           string `json:"name"`
	TagPrefix      any    `json:"tagPrefix"`

	Helm      *helmOptions      `json:"helm"`
	Kustomize *kustomizeOptions `json:"kustomize"`
	Directory *Directory        `json:"directory"`
	Plugin    any               `json:"plugin"`

	path []any // of the source in the application
}

// Elsewhere is what the source names where that lies in no folder of the repository.
// A chart repository without a protocol is an OCI registry.
func (s *Source) Elsewhere() fetch.Ref {
	switch {
	case s.Chart != "" && !strings.Contains(s.RepoURL, "://"):
		return fetch.ChartOf("oci://"+s.RepoURL, s.Chart, s.TargetRevision)
	case s.Chart != "":
		return fetch.ChartOf(s.RepoURL, s.Chart, s.TargetRevision)
	case strings.HasPrefix(s.RepoURL, "oci://"):
		return fetch.Ref{Kind: fetch.Artifact, URL: s.RepoURL, Version: s.TargetRevision}
	default:
		return fetch.Ref{Kind: fetch.Git, URL: s.RepoURL, Version: s.TargetRevision}
	}
}

// Directory are the options of a folder of plain manifests.
type Directory struct {
	Recurse                bool   `json:"recurse"`
	Include                string `json:"include"`
	Exclude                string `json:"exclude"`
	Jsonnet                any    `json:"jsonnet"`
	DisableExtensionFilter bool   `json:"disableExtensionFilter"`
}

// objectMeta is the metadata of Applications and ApplicationSets.
type objectMeta struct {
	Name              string            `json:"name"`
	GenerateName      any               `json:"generateName"`
	Namespace         string            `json:"namespace"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
	Finalizers        any               `json:"finalizers"`
	CreationTimestamp any               `json:"creationTimestamp"`
	OwnerReferences   any               `json:"ownerReferences"`
}

// applicationObject is the part of an Application that matters here. Fields of type any
// are known not to change what is applied.
type applicationObject struct {
	APIVersion any             `json:"apiVersion"`
	Kind       any             `json:"kind"`
	Metadata   objectMeta      `json:"metadata"`
	Spec       applicationSpec `json:"spec"`
	Status     any             `json:"status"`
	Operation  any             `json:"operation"`
}

type applicationSpec struct {
	Source         *Source         `json:"source"`
	Sources        []Source        `json:"sources"`
	SourceHydrator *sourceHydrator `json:"sourceHydrator"`
	Destination    Destination     `json:"destination"`
	Project        string          `json:"project"`
	SyncPolicy     struct {
		Automated                any      `json:"automated"`
		SyncOptions              []string `json:"syncOptions"`
		Retry                    any      `json:"retry"`
		ManagedNamespaceMetadata struct {
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"managedNamespaceMetadata"`
	} `json:"syncPolicy"`
	IgnoreDifferences    any `json:"ignoreDifferences"`
	Info                 any `json:"info"`
	RevisionHistoryLimit any `json:"revisionHistoryLimit"`
}

// sourceHydrator says where the manifests are rendered from (the dry source), and to
// which branch the result is written.
type sourceHydrator struct {
	DrySource  Source `json:"drySource"`
	SyncSource any    `json:"syncSource"`
	HydrateTo  any    `json:"hydrateTo"`
}

// Decode reads an Application.
func Decode(doc Document) Application {
	var o applicationObject
	a := Application{Document: doc, Pos: doc.At().Pos}
	gaps := decode(doc.Data, doc.At, &o, "spec.source", "spec.destination")
	a.Name, a.Namespace, a.Project = o.Metadata.Name, o.Metadata.Namespace, o.Spec.Project
	a.Gaps = named(gaps, a.String())
	a.Destination = o.Spec.Destination
	switch {
	case o.Spec.SourceHydrator != nil:
		a.addSource(o.Spec.SourceHydrator.DrySource, "spec", "sourceHydrator", "drySource")
	case len(o.Spec.Sources) > 0:
		for i, s := range o.Spec.Sources {
			a.addSource(s, "spec", "sources", i)
		}
	case o.Spec.Source != nil:
		a.addSource(*o.Spec.Source, "spec", "source")
	default:
		a.gap(doc.At("spec").Pos, manifest.InvalidObject, fmt.Sprintf("%s has no source", &a))
	}
	if slices.Contains(o.Spec.SyncPolicy.SyncOptions, "CreateNamespace=true") {
		a.CreateNamespace, a.NamespaceLabels = true, o.Spec.SyncPolicy.ManagedNamespaceMetadata.Labels
	}
	if len(a.Sources) > 0 {
		a.Pos = a.SourcePos(0)
	}
	return a
}

func (a *Application) addSource(s Source, path ...any) {
	s.path = path
	a.Sources = append(a.Sources, s)
}

func (a *Application) gap(pos manifest.Pos, code manifest.Code, reason string) {
	a.Gaps = append(a.Gaps, manifest.Gap{Pos: pos, Code: code, Reason: reason})
}

// String names the application in messages.
func (a *Application) String() string {
	if a.Set != "" {
		return fmt.Sprintf("Application %q of ApplicationSet %q", a.Name, a.Set)
	}
	return fmt.Sprintf("Application %q", a.Name)
}

// Local tells whether the destination is the cluster in which Argo CD runs.
func (d Destination) Local() bool {
	return d.Name == LocalName || d.Name == "" && strings.TrimSuffix(d.Server, "/") == InCluster
}

// SourcePos is the line that says what a source is: its path or chart.
func (a *Application) SourcePos(i int) manifest.Pos {
	s := a.Sources[i]
	for _, key := range []string{"path", "chart", "repoURL"} {
		if a.str(append(s.path[:len(s.path):len(s.path)], key)...) != "" {
			return a.At(append(s.path[:len(s.path):len(s.path)], key)...).Pos
		}
	}
	return a.At(s.path...).Pos
}

// sourceAt is where a field of a source is written.
func (a *Application) sourceAt(i int, path ...any) manifest.Origin {
	return a.At(slices.Concat(a.Sources[i].path, path)...)
}

// env returns the value of a variable that Argo CD sets for the tools that it runs.
// What the commit decides is not known: the revision that is named stands for it.
func (a *Application) env(s Source, variable string) string {
	switch variable {
	case "$":
		return "$"
	case "ARGOCD_APP_NAME":
		return a.Name
	case "ARGOCD_APP_NAMESPACE":
		return a.Destination.Namespace
	case "ARGOCD_APP_PROJECT_NAME":
		return a.Project
	case "ARGOCD_APP_SOURCE_REPO_URL":
		return s.RepoURL
	case "ARGOCD_APP_SOURCE_PATH":
		return s.Path
	case "ARGOCD_APP_SOURCE_TARGET_REVISION", "ARGOCD_APP_REVISION", "ARGOCD_APP_REVISION_SHORT", "ARGOCD_APP_REVISION_SHORT_8":
		return s.TargetRevision
	default:
		return ""
	}
}
