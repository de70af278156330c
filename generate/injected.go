package generate

import (
	"maps"
	"slices"

	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// injected returns the injectors of a workload. They are found once.
func (g *generator) injected(w *netpol.Workload) []*traffic.Injector {
	found, known := g.injectors[w]
	if !known {
		found = traffic.Injectors(g.env.Cluster, w)
		g.injectors[w] = found
	}
	return found
}

// unknownInjector returns a label or annotation by which a subject asks for something
// of which nothing is known, empty for none.
func (g *generator) unknownInjector(s *Subject) string {
	for _, w := range s.Workloads {
		own, n := w.Annotations(), g.env.Cluster.Namespace(w.Namespace)
		for _, values := range []map[string]string{w.Labels, own, n.Labels, n.Annotations()} {
			for _, key := range slices.Sorted(maps.Keys(values)) {
				refused := traffic.RefusesInjection(w.Labels[key]) || traffic.RefusesInjection(own[key])
				if traffic.UnknownInjector(key, values[key]) && !refused {
					return key
				}
			}
		}
	}
	return ""
}
