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
