package kustomize

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/ringfence/ringfence/manifest"
)

// A change is a value that a kustomization may have set.
type change struct {
	*object
	steps  []manifest.Step
	path   []any // that the steps follow
	value  string
	before string // what the resource says, "" if that is not known
}

func (c change) key() string   { return c.at(1) }
func (c change) outer() string { return c.at(2) }

// at returns the nth element of the path from its end, "" for an index.
func (c change) at(n int) string {
	if len(c.path) < n {
		return ""
	}
	key, _ := c.path[len(c.path)-n].(string)
	return key
}

// find looks for the field that set the value, in the kustomizations that changed
// the object from the last to the first, and in each in the reverse of the order
// in which kustomize runs its transformers.
func (c change) find() (manifest.Origin, bool) {
	for _, k := range c.chain {
		for _, look := range []func(*kustomization) (*place, bool){
			c.plugin, c.image, c.replica, c.annotation, c.label, c.affix, c.namespace, c.operation,
		} {
			if p, exact := look(k); p != nil {
				origin := p.origin()
				origin.Exact = origin.Exact && exact && p.kind == yaml.ScalarNode && p.text == c.value
				return origin, true
			}
		}
	}
	if p := c.generated(); p != nil && c.before != c.value { // else a patch says so
		return manifest.Origin{Pos: p.pos()}, true
	}
	if pos, ok := c.hashed(); ok {
		return manifest.Origin{Pos: pos}, true
	}
	return c.replacement()
}

// plugin finds the value under the same key in a transformer's configuration.
func (c change) plugin(k *kustomization) (found *place, exact bool) {
	for i, text := range k.value.Transformers {
		docs := k.inline[entry{k.name, "transformers", i}]
		if at := c.resolve(path.Join(k.dir, text)); docs == nil && at.err == nil && !at.dir {
			if data, err := c.tree.ReadFile(at.name); err == nil {
				docs = c.Builder.marked(at.name, data).docs
			}
		}
		for _, d := range docs {
			d.root.all(func(p *place) bool {
				if p.kind == yaml.ScalarNode && p.key == c.key() && p.text == c.value && c.key() != "" && c.key() != "name" && c.key() != "kind" {
					found = p
				}
				return found == nil
			})
		}
	}
	return found, false
}

func (c change) image(k *kustomization) (*place, bool) {
	if c.key() == "" && c.outer() == "" {
		return nil, false
	}
	for i := len(k.value.Images) - 1; i >= 0; i-- {
		image := k.value.Images[i]
		rest, ok := strings.CutPrefix(c.value, cmp.Or(image.NewName, image.Name))
		if !ok || rest != "" && rest[0] != ':' && rest[0] != '@' || c.before == c.value && !c.marked {
			continue
		}
		at := k.placeOf("images", i)
		switch {
		case image.Digest != "" && strings.HasSuffix(rest, "@"+image.Digest):
			return at.option("digest"), false
		case image.NewTag != "" && strings.HasPrefix(rest, ":"+image.NewTag):
			return at.option("newTag"), false
		case image.TagSuffix != "" && strings.HasSuffix(rest, image.TagSuffix):
			return at.option("tagSuffix"), false
		case image.NewName != "" && image.NewTag == "" && image.Digest == "":
			return at.option("newName"), rest == ""
		}
	}
	return nil, false
}

func (c change) replica(k *kustomization) (*place, bool) {
	if c.key() != "replicas" {
		return nil, false
	}
	for i, r := range k.value.Replicas {
		if c.value == strconv.FormatInt(r.Count, 10) && c.becomes(r.Name, c.Name) {
			return k.placeOf("replicas", i).option("count"), c.marked
		}
	}
	return nil, false
}

func (c change) annotation(k *kustomization) (*place, bool) {
	if c.outer() != "annotations" || k.value.CommonAnnotations[c.key()] != c.value || c.value == "" {
		return nil, false
	}
	return k.root.option("commonAnnotations").field(c.key()), c.marked
}

func (c change) label(k *kustomization) (*place, bool) {
	if c.outer() == "" || c.outer() == "annotations" || c.key() == "" {
		return nil, false
	}
	if v, ok := k.value.CommonLabels[c.key()]; ok && v == c.value && c.mayBeSelector() {
		return k.root.option("commonLabels").field(c.key()), c.marked
	}
	for i := len(k.value.Labels) - 1; i >= 0; i-- {
		label := k.value.Labels[i]
		if v, ok := label.Pairs[c.key()]; ok && v == c.value && c.labelled(label) {
			return k.placeOf("labels", i).option("pairs").field(c.key()), c.marked
		}
	}
	return nil, false
}

// labelled tells whether a label entry can reach the field.
func (c change) labelled(l types.Label) bool {
	switch {
	case len(l.FieldSpecs) > 0, len(c.path) == 3 && c.path[0] == "metadata":
		return true
	case l.IncludeSelectors:
		return c.mayBeSelector()
	default:
		return (l.IncludeTemplates || l.IncludeVolumeClaimTemplates) && c.outer() == "labels"
	}
}

// mayBeSelector tells whether a label may have been set by a transformer that sets those
// of selectors too: one at another place than it knows by itself is such only if nothing
// else can have set it, for configurations can name more places.
func (c change) mayBeSelector() bool {
	if c.before != c.value {
		return true
	}
	var keys []string
	for _, p := range c.path[:len(c.path)-1] {
		if key, ok := p.(string); ok {
			keys = append(keys, key)
		}
	}
	within := strings.Join(keys, ".")
	if pod, ok := strings.CutPrefix(within, "spec.template.spec."); ok && strings.HasSuffix(pod, ".labelSelector.matchLabels") {
		return c.Kind == "Deployment" || c.Kind == "StatefulSet"
	}
	return within == "metadata.labels" || slices.Contains(labelsOf[within], c.Kind)
}

// labelsOf are the kinds that commonLabels reach at a path besides metadata.labels, as
// kustomize's library (api v0.21.2, commonLabelFieldSpecs) has them.
var labelsOf = map[string][]string{
	"spec.selector":                                  {"Service", "ReplicationController"},
	"spec.selector.matchLabels":                      {"Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "PodDisruptionBudget"},
	"spec.jobTemplate.spec.selector.matchLabels":     {"CronJob"},
	"spec.podSelector.matchLabels":                   {"NetworkPolicy"},
	"spec.ingress.from.podSelector.matchLabels":      {"NetworkPolicy"},
	"spec.egress.to.podSelector.matchLabels":         {"NetworkPolicy"},
	"spec.template.metadata.labels":                  {"ReplicationController", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job"},
	"spec.jobTemplate.metadata.labels":               {"CronJob"},
	"spec.jobTemplate.spec.template.metadata.labels": {"CronJob"},
	"spec.volumeClaimTemplates.metadata.labels":      {"StatefulSet"},
}

// affix finds a prefix or suffix that made a name, or a reference to one, of what
// the resource says.
func (c change) affix(k *kustomization) (*place, bool) {
	if c.before == "" || c.before == c.value || c.key() == "namespace" || !strings.Contains(c.value, c.before) {
		return nil, false
	}
	if c.isNamespaceName() { // kustomize gives it no prefix
		return nil, false
	}
	i := strings.Index(c.value, c.before)
	before, after := c.value[:i], c.value[i+len(c.before):]
	if p := k.value.NamePrefix; p != "" && strings.Contains(before, p) {
		return k.root.option("namePrefix"), false
	}
	if s := k.value.NameSuffix; s != "" && strings.Contains(after, s) {
		return k.root.option("nameSuffix"), false
	}
	return nil, false
}

func (c change) namespace(k *kustomization) (*place, bool) {
	inflated := c.doc != nil && c.doc.chart != nil // kustomize leaves its namespace alone
	if inflated || k.value.Namespace == "" || k.value.Namespace != c.value {
		return nil, false
	}
	// The transformer also renames every Namespace.
	if c.key() != "namespace" && !c.isNamespaceName() {
		return nil, false
	}
	return k.root.option("namespace"), c.isNamespaceName() || pathString(c.path) == "metadata.namespace"
}

func (c change) isNamespaceName() bool {
	return c.Kind == "Namespace" && pathString(c.path) == "metadata.name"
}
