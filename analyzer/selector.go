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

// asksForGivenLabels tells whether a selector asks for labels that programs give to pods
// while they run and no template holds: those that are known, and any with a domain that no
// workload of the cluster has, for most that have one belong to an operator. Those under
// app.kubernetes.io are written by hand.
func (f *facts) asksForGivenLabels(s netpol.Selector) bool {
	return slices.ContainsFunc(s.Requirements, func(r netpol.Requirement) bool {
		if r.Operator != netpol.In && r.Operator != netpol.Exists {
			return false
		}
		domain, _, found := strings.Cut(r.Key, "/")
		return netpol.IsGivenLabel(r.Key) || found && domain != "app.kubernetes.io" && !f.labels[r.Key]
	})
}
