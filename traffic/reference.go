package traffic

import (
	"strconv"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// reference is how an object names a Service and one of its ports.
type reference struct {
	namespace, service string
	port               string          // number or name; empty for any
	protocol           netpol.Protocol // empty for any
}

// lead adds the calls that reach the pods behind a Service that an object names. A
// Service that is not there is dangling; one of type ExternalName has no pods.
func (x *inference) lead(from End, r reference, e Evidence) {
	s := x.services[name{r.namespace, r.service}]
	if s == nil {
		x.dangling = append(x.dangling, Dangling{from, r.service + "." + r.namespace, e})
		return
	}
	if p, ok := x.externalName(s); s.Type == "ExternalName" {
		if !ok || p.service == nil {
			return
		}
		s = p.service
	}
	for _, t := range x.cluster.Targets(s) {
		if r.names(t.Port) {
			x.add(from, End{Workload: t.Workload}, t.Number, t.Port.Protocol, e)
		}
	}
}

// names tells whether a reference means a port of the Service.
func (r reference) names(p netpol.ServicePort) bool {
	return (r.protocol == "" || r.protocol == p.Protocol) && (r.port == "" || r.port == p.Name || r.port == strconv.Itoa(p.Number))
}

// portOf returns a port that is written as a number or as a name, empty where it is
// neither.
func portOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	default:
		return ""
	}
}

// visit calls f for what a path leads to in decoded data; "*" is every item of a
// list.
func visit(value any, path []any, f func(value any, at []any)) {
	visitFrom(value, path, nil, f)
}

func visitFrom(value any, path, at []any, f func(any, []any)) {
	for i, step := range path {
		if step != "*" {
			continue
		}
		at = append(at[:len(at):len(at)], path[:i]...)
		for j, item := range manifest.Items(value, path[:i]...) {
			visitFrom(item, path[i+1:], append(at[:len(at):len(at)], j), f)
		}
		return
	}
	if found := manifest.Lookup(value, path...); found != nil {
		f(found, append(at[:len(at):len(at)], path...))
	}
}
