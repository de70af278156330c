package analyzer

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// The answers of operators.pods.
const (
	noOperator       = "none"
	possibleOperator = "possible"
	matchingOperator = "matching"
)

// operators knows the custom resources of which an operator may make pods, by
// namespace. The pods themselves are in no manifest.
type operators map[string][]operated

type operated struct {
	object *manifest.Object    // nil for pods that no object tells of
	labels []map[string]string // every mapping called labels or …Labels in it
	maker  bool                // a workload may make them, with any labels
}

// findOperators collects what objects and the configuration tell of such pods. A workload
// that may make pods itself can give them any labels.
func findOperators(objects []*manifest.Object, told []*config.Pods, makers map[*netpol.Workload]bool) operators {
	found := operators{}
	for _, p := range told {
		found[p.Namespace] = append(found[p.Namespace], operated{labels: []map[string]string{p.Labels}})
	}
	for w := range makers {
		found[w.Namespace] = append(found[w.Namespace], operated{maker: true})
	}
	for _, o := range objects {
		if isCustom(o.Group) && describesPods(o) {
			found[o.Namespace] = append(found[o.Namespace], operated{object: o, labels: labelsWithin(o.Data, nil)})
		}
	}
	return found
}

// isCustom tells whether a group is one that Kubernetes does not ship.
func isCustom(group string) bool {
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io")
}

// describesPods tells whether a custom resource says something about pods, in its
// spec or in a component of it. Certificates, monitors, routes and the like do not.
func describesPods(o *manifest.Object) bool {
	spec := manifest.Mapping(o.Data, "spec")
	if podKeys(spec) {
		return true
	}
	for _, component := range spec {
		if podKeys(manifest.Mapping(component)) {
			return true
		}
	}
	return false
}

func podKeys(m map[string]any) bool {
	return slices.ContainsFunc([]string{
		"affinity", "containers", "image", "instances", "nodeSelector", "podMetadata", "podTemplate", "replicas",
		"resources", "serviceAccountName", "size", "storage", "template", "tolerations", "volumeClaimTemplate",
	}, func(key string) bool { _, has := m[key]; return has })
}

func labelsWithin(value any, found []map[string]string) []map[string]string {
	switch v := value.(type) {
	case map[string]any:
		for key, child := range v {
			if key == "labels" || strings.HasSuffix(key, "Labels") && key != "matchLabels" {
				found = append(found, stringMap(manifest.Mapping(child)))
			}
			found = labelsWithin(child, found)
		}
	case []any:
		for _, child := range v {
			found = labelsWithin(child, found)
		}
	}
	return found
}

func stringMap(m map[string]any) map[string]string {
	s := make(map[string]string, len(m))
	for key, value := range m {
		s[key] = manifest.Text(value)
	}
	return s
}

// pods tells whether pods that an operator makes in the namespaces may carry
// what a selector asks for.
func (ops operators) pods(namespaces []*netpol.Namespace, s netpol.Selector) string {
	answer := noOperator
	for _, n := range namespaces {
		for _, o := range ops[n.Name] {
			if o.maker && !almostMatches(n, s) || !o.maker && o.matches(s) {
				return matchingOperator
			}
			answer = possibleOperator
		}
	}
	return answer
}

// almostMatches tells whether a selector misses workloads of the namespace only by the
// value of one of several labels, and always by the same one: then these workloads are
// meant, and not the pods of an operator. Where several values stand in its place, they
// tell components apart, of which the operator may make another one.
func almostMatches(n *netpol.Namespace, s netpol.Selector) bool {
	found := map[string]bool{} // what stands in the place of the value
	for _, w := range n.Workloads() {
		if r, almost := missed(w, s); almost {
			found[r.Key+"="+w.Labels[r.Key]] = true
		}
	}
	return len(found) == 1
}

// missed returns the requirement by whose value alone a selector misses a workload that has
// all of its labels. It is false where there is none, or the selector asks for nothing else.
func missed(w *netpol.Workload, s netpol.Selector) (netpol.Requirement, bool) {
	matching, other := 0, []netpol.Requirement{}
	for _, r := range s.Requirements {
		if _, has := w.Labels[r.Key]; !has {
			return netpol.Requirement{}, false
		} else if r.Matches(w.Labels) {
			matching++
		} else {
			other = append(other, r)
		}
	}
	if matching == 0 || len(other) != 1 {
		return netpol.Requirement{}, false
	}
	return other[0], true
}

// matches tells whether each label that the selector asks for is written in the
// resource, or is one of those that operators derive from it: a value that is its
// name or kind, or a key of its group. Pods that no object tells of have the labels that
// the configuration tells, or any where it tells none.
func (o operated) matches(s netpol.Selector) bool {
	if o.object == nil {
		return len(o.labels[0]) == 0 || s.Matches(o.labels[0])
	}
	group := o.object.Group
	for _, r := range s.Requirements {
		derived := slices.ContainsFunc(r.Values, func(v string) bool {
			return v == o.object.Name || strings.EqualFold(v, o.object.Kind)
		})
		prefix, _, _ := strings.Cut(r.Key, "/")
		if derived || prefix == group || strings.HasSuffix(group, "."+prefix) {
			continue
		}
		if r.Operator == netpol.NotIn || r.Operator == netpol.DoesNotExist {
			continue
		}
		if !slices.ContainsFunc(o.labels, r.Matches) {
			return false
		}
	}
	return true
}
