package analyzer

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/netpol"
)

func peerTitle(p *netpol.RulePeer) string {
	var parts []string
	if p.NamespaceSelector != nil {
		parts = append(parts, "namespaceSelector "+p.NamespaceSelector.String())
	}
	if p.PodSelector != nil {
		parts = append(parts, "podSelector "+p.PodSelector.String())
	}
	return strings.Join(parts, " with ")
}

// nameSays returns what the name of a policy says of it: "deny", "allow", or "" where it
// says neither or both.
func nameSays(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '.' || r == '_' })
	allows := slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "allow") })
	denies := slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "deny") || w == "denied" })
	// "allow nothing", "deny all except"
	qualified := slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"but", "except", "none", "not", "nothing", "no", "only", "other", "unless"}, w)
	})
	switch {
	case allows == denies || qualified:
		return ""
	case denies:
		return "deny"
	default:
		return "allow"
	}
}

// usesControllerLabels tells whether a selector asks for labels that controllers
// put on pods and no template holds:
// https://kubernetes.io/docs/reference/labels-annotations-taints/
func usesControllerLabels(s netpol.Selector) bool {
	return slices.ContainsFunc(s.Requirements, func(r netpol.Requirement) bool {
		if r.Operator != netpol.In && r.Operator != netpol.Exists {
			return false
		}
		switch r.Key {
		case "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index",
			"job-name", "batch.kubernetes.io/job-name", "batch.kubernetes.io/job-completion-index",
			"controller-uid", "batch.kubernetes.io/controller-uid",
			"pod-template-hash", "controller-revision-hash", "pod-template-generation":
			return true
		default:
			return false
		}
	})
}
