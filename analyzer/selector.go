package analyzer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/netpol"
)

// selectorText writes a selector as kubectl --selector takes it, {} for everything.
func selectorText(s netpol.Selector) string {
	if len(s.Requirements) == 0 {
		return "{}"
	}
	var terms []string
	for _, r := range s.Requirements {
		values := strings.Join(r.Values, ",")
		switch {
		case r.Operator == netpol.In && len(r.Values) == 1:
			terms = append(terms, r.Key+"="+values)
		case r.Operator == netpol.In:
			terms = append(terms, fmt.Sprintf("%s in (%s)", r.Key, values))
		case r.Operator == netpol.NotIn:
			terms = append(terms, fmt.Sprintf("%s notin (%s)", r.Key, values))
		case r.Operator == netpol.DoesNotExist:
			terms = append(terms, "!"+r.Key)
		default:
			terms = append(terms, r.Key)
		}
	}
	return strings.Join(terms, ",")
}

func peerTitle(p *netpol.RulePeer) string {
	var parts []string
	if p.NamespaceSelector != nil {
		parts = append(parts, "namespaceSelector "+selectorText(*p.NamespaceSelector))
	}
	if p.PodSelector != nil {
		parts = append(parts, "podSelector "+selectorText(*p.PodSelector))
	}
	return strings.Join(parts, " with ")
}

func portsText(r *netpol.Rule) string {
	if r.AllPorts {
		return "any port"
	}
	var texts []string
	for _, p := range r.Ports {
		port := p.Name
		switch {
		case p.Name != "":
		case p.First == p.Last:
			port = fmt.Sprint(p.First)
		default:
			port = fmt.Sprintf("%d-%d", p.First, p.Last)
		}
		texts = append(texts, fmt.Sprintf("%s %s", p.Protocol, port))
	}
	return strings.Join(texts, ", ")
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
