package netpol

import (
	"regexp"
	"slices"
	"strings"
)

// Labels by which Cilium's selectors name namespaces and their labels
// (https://docs.cilium.io/en/stable/security/policy/kubernetes/#namespaces).
const (
	ciliumNamespace       = "io.kubernetes.pod.namespace"
	ciliumNamespaceLabels = "io.cilium.k8s.namespace.labels."
)

// podSelector is a selector of pods by their labels and by those of their
// namespaces.
type podSelector struct {
	namespaces *Selector // nil for the policy's own namespace
	pods       Selector
	names      []Requirement // of those of namespaces, the ones on their names
}

// elsewhere tells whether the selector matches what has no labels and no namespace:
// nodes and addresses. Cilium keeps these apart only where it adds a namespace.
func (s podSelector) elsewhere(p *Policy) bool {
	adds := s.names == nil && (p.namespace == nil || s.namespaces == nil)
	return !adds && s.pods.Matches(nil) && s.namespaces.Matches(nil)
}

// internPods returns the two parts of a selector as those of equal ones.
func (d *decoder) internPods(s podSelector) (namespaces, pods *Selector) {
	if s.namespaces != nil {
		namespaces = d.intern(*s.namespaces)
	}
	return namespaces, d.intern(s.pods)
}

// ciliumSelector reads an EndpointSelector; ok is false for one that uses labels
// which manifests do not hold or which are no part of an identity.
func (f *field) ciliumSelector(p *Policy) (s podSelector, ok bool) {
	all := f.ciliumLabels()
	if p.namespace == nil {
		s.namespaces = &Selector{}
	}
	s.pods.invalid = all.invalid
	for _, r := range all.Requirements {
		source, key := ciliumKey(r.Key)
		switch {
		case source != "any" && source != "k8s", strings.HasPrefix(key, "io.cilium.k8s.policy."):
			return s, false
		case key == ciliumNamespace:
			r.Key = NameLabel
			s.names = append(s.names, r)
		case strings.HasPrefix(key, ciliumNamespaceLabels):
			r.Key = strings.TrimPrefix(key, ciliumNamespaceLabels)
		case noIdentityLabel.MatchString(key):
			return s, false
		default:
			r.Key = key
			s.pods.Requirements = append(s.pods.Requirements, r)
			continue
		}
		if s.namespaces == nil {
			s.namespaces = &Selector{}
		}
		s.namespaces.Requirements = append(s.namespaces.Requirements, r)
	}
	return s, true
}

// noIdentityLabel matches the labels of pods that Cilium, or a recent version of it, leaves
// out by default
// (https://docs.cilium.io/en/stable/operations/performance/scalability/identity-relevant-labels/).
var noIdentityLabel = regexp.MustCompile(`^(io\.kubernetes|kubernetes\.io|statefulset\.kubernetes\.io/pod-name|apps\.kubernetes\.io/pod-index|` +
	`batch\.kubernetes\.io/job-completion-index|batch\.kubernetes\.io/controller-uid|.*beta\.kubernetes\.io|k8s\.io|topology\.kubernetes\.io|` +
	`pod-template-generation|pod-template-hash|controller-revision-hash|controller-uid|annotation|etcd_node)`)

// IsIdentityLabel tells whether Cilium knows pods by a label, as it does by default.
func IsIdentityLabel(key string) bool { return !noIdentityLabel.MatchString(key) }

// ciliumKey splits the key of a label from the source before its colon.
func ciliumKey(text string) (source, key string) {
	if source, key, found := strings.Cut(text, ":"); found {
		return source, key
	}
	return "any", text
}

func (f *field) validCiliumKey(text string) bool {
	_, key := ciliumKey(text)
	return f.validKey(key)
}

// ciliumLabels reads a label selector whose keys may have a source before a colon.
func (f *field) ciliumLabels() Selector {
	s := Selector{invalid: !f.mapping()}
	if !s.invalid {
		f.only("matchLabels", "matchExpressions")
	}
	matching := f.child("matchLabels")
	s.invalid = s.invalid || !matching.mapping()
	labels, _ := matching.value.(map[string]any)
	for text := range labels {
		label := matching.child(text)
		value, ok := label.labelValue()
		s.invalid = !label.validCiliumKey(text) || !ok || s.invalid
		s.Requirements = append(s.Requirements, Requirement{Key: text, Operator: In, Values: []string{value}})
	}
	slices.SortFunc(s.Requirements, byKey)
	expressions := f.child("matchExpressions")
	n, ok := expressions.length()
	s.invalid = s.invalid || !ok
	for i := range n {
		r, ok := expressions.item(i).requirementOn((*field).validCiliumKey)
		s.Requirements = append(s.Requirements, r)
		s.invalid = s.invalid || !ok
	}
	return s
}
