package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/netpol"
)

// exposures returns what makes workloads reachable from outside the cluster.
func exposures(cluster *netpol.Cluster) map[*netpol.Workload][]netpol.Entry {
	found := map[*netpol.Workload][]netpol.Entry{}
	for _, e := range cluster.Entries() {
		if e.Outside {
			found[e.Workload] = append(found[e.Workload], e)
		}
	}
	for _, list := range found {
		slices.SortStableFunc(list, func(a, b netpol.Entry) int { return a.By.Compare(b.By.Ref) })
	}
	return found
}
