package argocd

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/kustomize"
)

// kustomizeOptions are the options of a kustomization. Fields of type any do not change
// what is rendered here.
type kustomizeOptions struct {
	NamePrefix                string            `json:"namePrefix"`
	NameSuffix                string            `json:"nameSuffix"`
	Namespace                 string            `json:"namespace"`
	Images                    []string          `json:"images"`
	Replicas                  []replica         `json:"replicas"`
	CommonLabels              map[string]string `json:"commonLabels"`
	ForceCommonLabels         any               `json:"forceCommonLabels"`
	LabelWithoutSelector      bool              `json:"labelWithoutSelector"`
	LabelIncludeTemplates     bool              `json:"labelIncludeTemplates"`
	CommonAnnotations         map[string]string `json:"commonAnnotations"`
	CommonAnnotationsEnvsubst bool              `json:"commonAnnotationsEnvsubst"`
	ForceCommonAnnotations    any               `json:"forceCommonAnnotations"`
	Patches                   []any             `json:"patches"`
	Components                []string          `json:"components"`
	IgnoreMissingComponents   bool              `json:"ignoreMissingComponents"`
	Version                   any               `json:"version"`
	KubeVersion               string            `json:"kubeVersion"`
	APIVersions               []string          `json:"apiVersions"`
}

type replica struct {
	Name  string `json:"name"`
	Count any    `json:"count"` // a number, or one in quotes
}

// Overlay is what a source's options change in the kustomization in dir, nil for
// nothing.
func (a *Application) Overlay(i int, repo *Repository, dir string) (*kustomize.Overlay, []manifest.Gap) {
	s := a.Sources[i]
	if s.Kustomize == nil {
		return nil, nil
	}
	b := overlayBuilder{
		Application: a, source: s, options: s.Kustomize, at: a.below(append(s.path[:len(s.path):len(s.path)], "kustomize")...),
		fields: make(map[string]any), moved: make(map[string]func(path []any) []any),
	}
	b.names()
	b.images()
	b.labels()
	b.lists(repo, dir)
	if len(b.fields) == 0 {
		return nil, b.gaps
	}
	return &kustomize.Overlay{Fields: b.fields, At: func(path ...any) manifest.Origin {
		if len(path) > 0 {
			if move := b.moved[path[0].(string)]; move != nil {
				path = move(path)
			}
		}
		return b.at(path...)
	}}, b.gaps
}

type overlayBuilder struct {
	*Application
	source  Source
	options *kustomizeOptions
	at      func(...any) manifest.Origin
	fields  map[string]any
	// moved tells for a field whose options are written otherwise where they stand.
	moved map[string]func(path []any) []any
	gaps  []manifest.Gap
}

func (b *overlayBuilder) gap(code manifest.Code, reason string, path ...any) {
	b.gaps = append(b.gaps, manifest.Gap{Pos: b.at(path...).Pos, Code: code, Reason: reason})
}

// expand replaces the variables that Argo CD sets.
func (b *overlayBuilder) expand(text string) string {
	return os.Expand(text, func(name string) string { return b.env(b.source, name) })
}

func (b *overlayBuilder) names() {
	for key, value := range map[string]string{
		"namePrefix": b.options.NamePrefix, "nameSuffix": b.options.NameSuffix, "namespace": b.options.Namespace,
	} {
		if value != "" {
			b.fields[key] = value
		}
	}
}

func (b *overlayBuilder) images() {
	var images []any
	var from []int
	for i, text := range b.options.Images {
		image := parseImage(b.expand(text))
		if image == nil {
			b.gap(manifest.InvalidKustomization, fmt.Sprintf("%q is no image with a tag, digest or new name", text), "images", i)
			continue
		}
		images, from = append(images, image), append(from, i)
	}
	if len(images) > 0 {
		b.fields["images"] = images
		b.moved["images"] = reindexed(from, 2)
	}
}

// reindexed maps the path of an item to that of the option that it comes from, of
// which the first depth steps are kept.
func reindexed(from []int, depth int) func(path []any) []any {
	return func(path []any) []any {
		if len(path) > 1 {
			path = append([]any{path[0], from[path[1].(int)]}, path[2:]...)
		}
		return path[:min(len(path), depth)]
	}
}

var imageTag = regexp.MustCompile(`^(.*):([a-zA-Z0-9._-]*|\*)$`)

// parseImage reads an image as "kustomize edit set image" does: [name=]newName:tag,
// [name=]newName@digest or name=newName. It is nil for anything else.
func parseImage(text string) map[string]any {
	name, value, renamed := strings.Cut(text, "=")
	if !renamed {
		value = text
	}
	image := make(map[string]any)
	newName, digest, pinned := strings.Cut(value, "@")
	if pinned {
		image["digest"] = digest
	}
	if m := imageTag.FindStringSubmatch(newName); m != nil {
		newName, image["newTag"] = m[1], m[2]
	}
	switch {
	case renamed:
		image["name"], image["newName"] = name, newName
	case len(image) == 0:
		return nil
	default:
		image["name"] = newName
	}
	return image
}

func (b *overlayBuilder) labels() {
	if len(b.options.CommonLabels) > 0 {
		pairs := make(map[string]any)
		for key, value := range b.options.CommonLabels {
			pairs[key] = b.expand(value)
		}
		if b.options.LabelWithoutSelector {
			b.fields["labels"] = []any{map[string]any{"pairs": pairs, "includeTemplates": b.options.LabelIncludeTemplates}}
			b.moved["labels"] = func(path []any) []any { return append([]any{"commonLabels"}, path[min(len(path), 3):]...) }
		} else {
			b.fields["commonLabels"] = pairs
		}
	}
	if len(b.options.CommonAnnotations) > 0 {
		annotations := make(map[string]any)
		for key, value := range b.options.CommonAnnotations {
			if b.options.CommonAnnotationsEnvsubst {
				value = b.expand(value)
			}
			annotations[key] = value
		}
		b.fields["commonAnnotations"] = annotations
	}
}

func (b *overlayBuilder) lists(repo *Repository, dir string) {
	var replicas []any
	for _, r := range b.options.Replicas {
		count := r.Count
		if text, ok := count.(string); ok {
			var n int64
			if _, err := fmt.Sscanf(text, "%d", &n); err == nil {
				count = n
			}
		}
		replicas = append(replicas, map[string]any{"name": r.Name, "count": count})
	}
	if len(replicas) > 0 {
		b.fields["replicas"] = replicas
	}
	if len(b.options.Patches) > 0 {
		b.fields["patches"] = b.options.Patches
	}
	var components []any
	var from []int
	for i, name := range b.options.Components {
		if b.options.IgnoreMissingComponents && !repo.Tree.IsDir(path.Join(dir, name)) {
			continue
		}
		components, from = append(components, name), append(from, i)
	}
	if len(components) > 0 {
		b.fields["components"] = components
		b.moved["components"] = reindexed(from, 2)
	}
}

// KubeVersion and APIVersions are what the charts of a kustomization are rendered for.
func (s *Source) KubeVersion() (string, []string) {
	if s.Kustomize == nil {
		return "", nil
	}
	return s.Kustomize.KubeVersion, s.Kustomize.APIVersions
}
