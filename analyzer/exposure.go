package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// entriesOf returns the ways into each workload, and those that make it reachable from
// outside the cluster.
func entriesOf(cluster *netpol.Cluster) (all, outside map[*netpol.Workload][]netpol.Entry) {
	all, outside = map[*netpol.Workload][]netpol.Entry{}, map[*netpol.Workload][]netpol.Entry{}
	for _, e := range cluster.Entries() {
		all[e.Workload] = append(all[e.Workload], e)
		if e.Outside {
			outside[e.Workload] = append(outside[e.Workload], e)
		}
	}
	for _, list := range outside {
		slices.SortStableFunc(list, func(a, b netpol.Entry) int { return a.By.Compare(b.By.Ref) })
	}
	return all, outside
}
