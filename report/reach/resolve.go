package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
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
	What       string // there is none of; "workload" where empty
	Ambiguous  bool
	Service    bool // it is that of a Service, which leads to the candidates
	Candidates []string
}

// Error lists the candidates.
func (u *Unknown) Error() string {
	what := cmp.Or(u.What, "workload")
	switch {
	case u.Ambiguous:
		return fmt.Sprintf("%q may be any of %s", u.Name, report.Some(u.Candidates, most))
	case u.Service:
		return fmt.Sprintf("%q is a Service; ask for a workload: %s", u.Name, report.Some(u.Candidates, most))
	case len(u.Candidates) == 0:
		return fmt.Sprintf("no %s %q; there are none", what, u.Name)
	default:
		return fmt.Sprintf("no %s %q; there are %s", what, u.Name, report.Some(u.Candidates, most))
	}
}

// Resolve finds the peers that go by a name: one workload for "namespace/name",
// "namespace/Kind/name", "Kind/name" or "name"; the blocks by which the policies
// cut an address, a CIDR, or "internet"; "other-pods:NAMESPACE" and "other-pods:*".
// The error is an *Unknown.
func Resolve(c *netpol.Cluster, name string) ([]netpol.Peer, error) {
	if namespace, ok := strings.CutPrefix(name, "other-pods:"); ok {
		return resolveOtherPods(c, namespace)
	}
	if name == internet {
		return c.Internet(), nil
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return []netpol.Peer{netpol.Addresses(netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))}, nil
	}
	if p, err := netip.ParsePrefix(name); err == nil {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return c.Split(netpol.Addresses(p)), nil
	}
	return resolveWorkload(c, name)
}

// namespaceName is what the API server accepts as the name of a namespace.
var namespaceName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// resolveOtherPods finds the pods of a namespace that the repository does not
// declare; without a name those of the namespace that it does not name.
func resolveOtherPods(c *netpol.Cluster, namespace string) ([]netpol.Peer, error) {
	if namespace == "*" {
		return []netpol.Peer{netpol.Elsewhere()}, nil
	}
	var known []string
	for _, p := range c.Peers() {
		if p.Kind() != netpol.OtherPodsPeer {
			continue
		}
		if p.String() == "other-pods:"+namespace {
			return []netpol.Peer{p}, nil
		}
		known = append(known, p.String())
	}
	if namespaceName.MatchString(namespace) {
		return []netpol.Peer{netpol.OtherPods(namespace)}, nil
	}
	return nil, &Unknown{Name: "other-pods:" + namespace, What: "namespace behind", Candidates: append(known, "other-pods:*")}
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
		candidates, service := similar(c, name)
		return nil, &Unknown{Name: name, Service: service, Candidates: candidates}
	case 1:
		return []netpol.Peer{netpol.PodsOf(found[0])}, nil
	default:
		return nil, &Unknown{Name: name, Ambiguous: true, Candidates: names(found)}
	}
}

// goesBy tells whether a name is one of an object's, from the whole to the last part.
func goesBy(r manifest.Ref, name string) bool {
	return strings.EqualFold(name, r.String()) || strings.EqualFold(name, r.Kind+"/"+r.Name) || name == r.Name || name == r.Namespace+"/"+r.Name
}

// similar returns the workloads behind a Service of the name, else those whose
// names have a part in common with it, else all.
func similar(c *netpol.Cluster, name string) (candidates []string, service bool) {
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
		return slices.Compact(behind), true
	case len(alike) > 0:
		return alike, false
	default:
		return names(c.Workloads), false
	}
}
