package analyzer

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// MakesPolicies tells whether a program makes NetworkPolicies of an object while the
// cluster runs: Kyverno of a rule that generates them, Capsule of a tenant, OpenShift of a
// template for projects, Open Cluster Management of a policy, and so on. It does where a
// part of it is what a NetworkPolicy is, or is text that holds one. What Argo CD and Flux
// apply is rendered instead.
func MakesPolicies(o *manifest.Object) bool {
	switch {
	case !isCustom(o.Group), strings.HasSuffix(o.Kind, "NetworkPolicy"), strings.HasSuffix(o.Group, ".toolkit.fluxcd.io"):
		return false
	case o.Group == "argoproj.io":
		return false
	}
	return holdsPolicy(o.Data)
}

// policyText finds a manifest of a NetworkPolicy in text.
var policyText = regexp.MustCompile(`(?m)^[\s-]*kind:\s*["']?NetworkPolicy\b`)

func holdsPolicy(value any) bool {
	switch v := value.(type) {
	case string:
		return policyText.MatchString(v)
	case []any:
		for _, item := range v {
			if holdsPolicy(item) {
				return true
			}
		}
	case map[string]any:
		if isPolicy(v) {
			return true
		}
		for _, item := range v {
			if holdsPolicy(item) {
				return true
			}
		}
	}
	return false
}

// isPolicy tells whether a mapping is a NetworkPolicy, the spec of one, or a rule that
// copies one.
func isPolicy(m map[string]any) bool {
	has := func(key string) bool { _, found := m[key]; return found }
	return has("podSelector") && (has("policyTypes") || has("ingress") || has("egress")) ||
		m["kind"] == "NetworkPolicy" && (has("apiVersion") && (has("name") || has("metadata")) || has("clone"))
}

// madeGaps says for each object of which policies are made that rules do not say of pods
// that nothing protects them.
func (r *repository) madeGaps(c *netpol.Cluster) []manifest.Gap {
	var gaps []manifest.Gap
	for _, o := range r.makers {
		if len(c.Workloads) > 0 {
			gaps = append(gaps, manifest.Gap{
				Pos: o.Pos, Code: manifest.NotEvaluated, Note: true,
				Reason: fmt.Sprintf("%s %q makes NetworkPolicies while the cluster runs; rules say nothing of the pods that they may select", o.Kind, o.Name),
			})
		}
	}
	return gaps
}

// templateGaps says for each template of OpenShift, which keeps objects until somebody
// processes it, that they are not seen. The first versions had no group.
func templateGaps(objects []*manifest.Object) []manifest.Gap {
	var gaps []manifest.Gap
	for _, o := range objects {
		if held, _ := o.Data["objects"].([]any); o.Kind == "Template" && (o.Group == "template.openshift.io" || o.Group == "") && len(held) > 0 {
			gaps = append(gaps, manifest.Gap{
				Pos: o.Pos, Code: manifest.NotEvaluated, Note: true,
				Reason: fmt.Sprintf("Template %q holds %d objects, which are not seen: nothing is applied of it before \"oc process\" makes them", o.Name, len(held)),
			})
		}
	}
	return gaps
}
