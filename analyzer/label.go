package analyzer

import (
	"regexp"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// readSelectors looks for selectors of policies that no labels can match, and for those
// that ask for labels which change.
func (f *facts) readSelectors(m *Model) {
	m.Contradictions, m.Unstable = []selectorFact{}, []selectorFact{}
	for _, p := range f.cluster.Policies {
		f.readSelector(m, p, p.SelectorPath(), &p.Selector)
		for _, r := range slices.Concat(p.IngressRules, p.EgressRules) {
			for _, peer := range r.Peers {
				f.readSelector(m, p, append(peer.Path(), "podSelector"), peer.PodSelector)
				f.readSelector(m, p, append(peer.Path(), "namespaceSelector"), peer.NamespaceSelector)
			}
		}
	}
}

func (f *facts) readSelector(m *Model, p *netpol.Policy, path []any, s *netpol.Selector) {
	if s == nil {
		return
	}
	fact := selectorFact{placeFact: placeFact{Object: f.places.object(p.Source)}, Selector: s.String()}
	if i := contradiction(*s); i >= 0 {
		fact.Path, fact.Key = requirementPath(p.Source, path, *s, i), s.Requirements[i].Key
		m.Contradictions = append(m.Contradictions, fact)
		return
	}
	for i, r := range s.Requirements {
		if r.Operator == netpol.In && changes(r.Key) && !namesMajor(r) {
			fact.Path, fact.Key = requirementPath(p.Source, path, *s, i), r.Key
			m.Unstable = append(m.Unstable, fact)
		}
	}
}

// contradiction returns the first requirement that no labels can meet together with
// those before it, -1 where there is none.
func contradiction(s netpol.Selector) int {
	for i, r := range s.Requirements {
		if slices.ContainsFunc(s.Requirements[:i], func(o netpol.Requirement) bool { return o.Key == r.Key }) && !possible(s.Requirements[:i+1], r.Key) {
			return i
		}
	}
	return -1
}

// possible tells whether some value of a key, or its absence, meets the requirements.
func possible(requirements []netpol.Requirement, key string) bool {
	candidates := []map[string]string{{}, {key: "a value that no requirement names"}}
	for _, r := range requirements {
		for _, value := range r.Values {
			candidates = append(candidates, map[string]string{key: value})
		}
	}
	return slices.ContainsFunc(candidates, func(labels map[string]string) bool {
		return !slices.ContainsFunc(requirements, func(r netpol.Requirement) bool { return r.Key == key && !r.Matches(labels) })
	})
}

// changes tells whether the values of a label change with versions of the program or
// of its manifests.
func changes(key string) bool {
	switch key {
	case "version", "app.kubernetes.io/version", "helm.sh/chart", "chart",
		"pod-template-hash", "pod-template-generation", "controller-revision-hash",
		"controller-uid", "batch.kubernetes.io/controller-uid":
		return true
	default:
		return false
	}
}

// namesMajor tells whether a requirement asks for versions such as v1, which meshes use
// for what runs side by side and stays: https://istio.io/latest/docs/ops/deployment/application-requirements/
func namesMajor(r netpol.Requirement) bool {
	return r.Key == "version" && !slices.ContainsFunc(r.Values, func(v string) bool { return !major.MatchString(v) })
}

var major = regexp.MustCompile(`^v?[0-9]+$`)

// requirementPath is the path of requirement i of a selector: matchLabels come before
// matchExpressions.
func requirementPath(o *manifest.Object, selector []any, s netpol.Selector, i int) []any {
	labels := manifest.Mapping(o.Data, append(slices.Clone(selector), "matchLabels")...)
	if i < len(labels) {
		return append(slices.Clone(selector), "matchLabels", s.Requirements[i].Key)
	}
	return append(slices.Clone(selector), "matchExpressions", i-len(labels))
}
