package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report"
)

// internet is the name of all addresses that are routed publicly.
const internet = "internet"

// Unknown says that nothing or too much goes by a name.
type Unknown struct {
	Name       string
	Ambiguous  bool
	Candidates []string
}

// Error lists the candidates.
func (u *Unknown) Error() string {
	switch {
	case u.Ambiguous:
		return fmt.Sprintf("%q may be any of %s", u.Name, report.Some(u.Candidates, most))
	case len(u.Candidates) == 0:
		return fmt.Sprintf("no workload %q; there are none", u.Name)
	default:
		return fmt.Sprintf("no workload %q; there are %s", u.Name, report.Some(u.Candidates, most))
	}
}

// Resolve finds the peers that go by a name: one workload for "namespace/name",
// "namespace/Kind/name", "Kind/name" or "name"; the blocks by which the policies
// cut an address, a CIDR, or "internet"; "other-pods:NAMESPACE" and "other-pods:*".
// The error is an *Unknown.
func Resolve(c *netpol.Cluster, name string) ([]netpol.Peer, error) {
	if namespace, ok := strings.CutPrefix(name, "other-pods:"); ok {
		if namespace == "*" {
			return []netpol.Peer{netpol.Elsewhere()}, nil
		}
		return []netpol.Peer{netpol.OtherPods(namespace)}, nil
	}
	if name == internet {
		return c.Internet(), nil
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return []netpol.Peer{netpol.Addresses(netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))}, nil
	}
	if p, err := netip.ParsePrefix(name); err == nil {
		return c.Split(netpol.Addresses(p)), nil
	}
	return resolveWorkload(c, name)
}

func resolveWorkload(c *netpol.Cluster, name string) ([]netpol.Peer, error) {
	var found []*netpol.Workload
	for _, w := range c.Workloads {
		if goesBy(w.Ref, name) {
			found = append(found, w)
		}
	}
	switch len(found) {
	case 0:
		return nil, &Unknown{Name: name, Candidates: similar(c, name)}
	case 1:
		return []netpol.Peer{netpol.PodsOf(found[0])}, nil
	default:
		return nil, &Unknown{Name: name, Ambiguous: true, Candidates: names(found)}
	}
}

// goesBy tells whether a name is one of an object's, from the whole to the last part.
func goesBy(r manifest.Ref, name string) bool {
	return name == r.String() || name == r.Kind+"/"+r.Name || name == r.Name || name == r.Namespace+"/"+r.Name
}

// similar returns the workloads behind a Service of the name, else those whose
// names have a part in common with it, else all.
func similar(c *netpol.Cluster, name string) []string {
	var behind, alike []string
	last := name[strings.LastIndex(name, "/")+1:]
	for _, s := range c.Services {
		if goesBy(s.Ref, name) {
			behind = append(behind, names(c.Backends(s))...)
		}
	}
	for _, w := range c.Workloads {
		if strings.Contains(w.Name, last) || strings.Contains(last, w.Name) {
			alike = append(alike, w.String())
		}
	}
	switch {
	case len(behind) > 0:
		slices.Sort(behind)
		return slices.Compact(behind)
	case len(alike) > 0:
		return alike
	default:
		return names(c.Workloads)
	}
}
