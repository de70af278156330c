package analyzer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// addLoose notes the policies for a whole cluster of an environment of which nobody knows
// the cluster, and which has no pods that they could be for.
func (r *repository) addLoose(env Environment) {
	if !env.Unassigned {
		return
	}
	var policies []*manifest.Object
	for _, o := range env.Objects {
		if _, makesPods := netpol.PodLabels(o); makesPods {
			return
		}
		if strings.HasSuffix(o.Kind, "NetworkPolicy") && netpol.IsClusterWide(o) {
			policies = append(policies, o)
		}
	}
	r.loose = append(r.loose, policies...)
}

// looseOver returns the loose policies that may be about workloads of another environment,
// and what makes these workloads.
func (r *repository) looseOver(env Environment) (policies []*manifest.Object, over map[*manifest.Object]bool) {
	others := slices.DeleteFunc(slices.Clone(r.loose), func(p *manifest.Object) bool { return slices.Contains(env.Objects, p) })
	if len(others) == 0 {
		return nil, nil
	}
	over = map[*manifest.Object]bool{}
	together, _ := netpol.New(slices.Concat(env.Objects, others), netpol.Options{NamespaceLabels: env.NamespaceLabels})
	for _, p := range together.Others {
		if len(p.Selected) > 0 && slices.Contains(others, p.Source) {
			policies = append(policies, p.Source)
			for _, w := range p.Selected {
				over[w.Source] = true
			}
		}
	}
	return policies, over
}

// looseGaps says for each such policy that rules do not say of the pods that nothing
// protects them.
func looseGaps(policies []*manifest.Object) []manifest.Gap {
	var gaps []manifest.Gap
	for _, o := range policies {
		gaps = append(gaps, manifest.Gap{
			Pos: o.Pos, Code: manifest.NotEvaluated, Note: true,
			Reason: fmt.Sprintf("%s %q is for a whole cluster, and nothing says for which; rules say nothing of the pods that it may select", o.Kind, o.Name),
		})
	}
	return gaps
}
