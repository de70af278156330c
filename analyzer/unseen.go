package analyzer

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// unseenIn returns the policies of what could not be rendered that may be about a
// namespace. Those of one kind for the whole cluster may be applied to any of the
// repository's environments.
func (r *repository) unseenIn(n *netpol.Namespace, env Environment) []*manifest.Object {
	var found []*manifest.Object
	for _, o := range r.unseen {
		own := slices.Contains(env.Unseen, o)
		if netpol.IsClusterWide(o) || o.Namespace == n.Name || own && o.Namespace == "" {
			found = append(found, o)
		}
	}
	return found
}

// unseenIn is that of the repository, found once for each namespace.
func (f *facts) unseenIn(n *netpol.Namespace) []*manifest.Object {
	found, known := f.unseen[n]
	if !known {
		found = f.repository.unseenIn(n, f.env)
		f.unseen[n] = found
	}
	return found
}

// unseenGaps says for each policy of what could not be rendered that rules do not say
// of the pods of its namespace that nothing protects them.
func (r *repository) unseenGaps(c *netpol.Cluster, env Environment) []manifest.Gap {
	var gaps []manifest.Gap
	told := map[*manifest.Object]bool{}
	for _, n := range c.Namespaces {
		if len(n.Workloads()) == 0 {
			continue
		}
		for _, o := range r.unseenIn(n, env) {
			if told[o] {
				continue
			}
			told[o] = true
			gaps = append(gaps, manifest.Gap{
				Pos: o.Pos, Code: manifest.NotEvaluated, Note: true,
				Reason: fmt.Sprintf("%s %q is in a target that could not be rendered; rules say nothing of the pods that it may select", o.Kind, o.Name),
			})
		}
	}
	return gaps
}
