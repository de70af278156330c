package analyzer

import (
	"slices"
	"strings"
	"sync"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/traffic"
)

// dangling returns the names that look like those of Services and that nothing has. A
// name is left out where its namespace is not in the environment, where the repository
// has such a Service elsewhere, and where a custom resource may have an operator make
// one.
func (f *facts) dangling() []danglingFact {
	dangling := []danglingFact{}
	for _, d := range f.calls.Dangling {
		service, namespace := serviceNamed(d)
		n := f.cluster.Namespace(namespace)
		if (d.From == traffic.End{}) || d.Confidence < traffic.Medium || n == nil || len(n.Workloads()) == 0 || f.repository.mayHold(service) {
			continue
		}
		fact := danglingFact{Name: d.Name, From: callTitle(d.From, d.From), Owned: f.owns(n)}
		var about manifest.Ref
		if w := d.From.Workload; w != nil {
			about = w.Ref
		}
		fact.ID = f.places.spot(about, d.Origin, d.Name)
		dangling = append(dangling, fact)
	}
	return dangling
}

// serviceNamed returns the Service that a dangling name means, and its namespace,
// empty where it is not known.
func serviceNamed(d traffic.Dangling) (service, namespace string) {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(d.Name, ".")), ".")
	switch i := slices.Index(labels, "svc"); {
	case i >= 2:
		return labels[i-2], labels[i-1]
	case len(labels) > 1:
		return labels[0], labels[1]
	case d.From.Workload != nil:
		return labels[0], d.From.Workload.Namespace
	default:
		return labels[0], ""
	}
}

// owns tells whether all that is in a namespace is in the environment, as far as
// manifests tell: it declares the namespace, which has no custom resource of which
// more may be made.
func (f *facts) owns(n *netpol.Namespace) bool {
	return n.Declared && !n.Private && n.Name != "default" && !isSystem(n.Name) &&
		!slices.ContainsFunc(f.env.Objects, func(o *manifest.Object) bool { return o.Namespace == n.Name && isCustom(o.Group) })
}

// repository is what all environments hold, of which some may be one cluster.
type repository struct {
	services  map[string]bool    // by name
	resources []string           // names of custom resources
	unseen    []*manifest.Object // policies of what could not be rendered
	makers    []*manifest.Object // of which programs make policies
	loose     []*manifest.Object // policies for a whole cluster that nobody knows

	// pods are those of all environments, found when they are first asked for.
	pods func() []pods
}

func newRepository(environments []Environment) *repository {
	r := &repository{services: map[string]bool{}, pods: sync.OnceValue(func() []pods { return podsOf(environments) })}
	for _, e := range environments {
		r.unseen = append(r.unseen, e.Unseen...)
		r.addLoose(e)
		for _, o := range e.Objects {
			if MakesPolicies(o) {
				r.makers = append(r.makers, o)
			}
			switch {
			case o.Group == "" && o.Kind == "Service":
				r.services[o.Name] = true
			case isCustom(o.Group) && o.Name != "":
				r.resources = append(r.resources, o.Name)
			}
		}
	}
	slices.Sort(r.resources)
	r.resources = slices.Compact(r.resources)
	return r
}

// mayBeForOthers tells whether a selector of a policy may be about workloads of other
// environments: nobody knows its namespace, in which this environment has no workload
// that a policy can select, and another environment, which does not have the policy, has
// such workloads. So it is with a folder of policies for what other folders make.
func (f *facts) mayBeForOthers(p *netpol.Policy, s netpol.Selector) bool {
	own := f.cluster.Namespace(p.Namespace)
	if !own.Private || slices.ContainsFunc(own.Workloads(), func(w *netpol.Workload) bool { return len(w.Labels) > 0 }) {
		return false
	}
	return slices.ContainsFunc(f.repository.pods(), func(e pods) bool { return e.mayMean(p, s) })
}

// mayComeFromOthers tells whether a peer of a policy that protects workloads may be
// workloads of another environment that goes beside this one, as one chart of an
// application goes beside the next: nobody knows the namespace, and the other environment
// is no variant of this one, because it has none of its workloads.
func (f *facts) mayComeFromOthers(p *netpol.Policy, s netpol.Selector) bool {
	own := f.cluster.Namespace(p.Namespace)
	return own.Private && len(p.Selected) > 0 && slices.ContainsFunc(f.repository.pods(), func(e pods) bool {
		return e.mayMean(p, s) && !slices.ContainsFunc(own.Workloads(), func(w *netpol.Workload) bool { return e.names[w.Name] })
	})
}

// pods are those of one environment.
type pods struct {
	labels   []map[string]string
	names    map[string]bool       // of the workloads that make them
	policies map[manifest.Pos]bool // that it has
}

// mayMean tells whether a selector of a policy of another environment matches some.
func (e pods) mayMean(p *netpol.Policy, s netpol.Selector) bool {
	return !e.policies[p.Source.Pos] && slices.ContainsFunc(e.labels, s.Matches)
}

func podsOf(environments []Environment) []pods {
	all := make([]pods, len(environments))
	for i, e := range environments {
		all[i].policies, all[i].names = map[manifest.Pos]bool{}, map[string]bool{}
		for _, o := range e.Objects {
			if labels, makesPods := netpol.PodLabels(o); makesPods {
				all[i].labels = append(all[i].labels, labels)
				all[i].names[o.Name] = true
			} else if strings.HasSuffix(o.Kind, "NetworkPolicy") {
				all[i].policies[o.Pos] = true
			}
		}
	}
	return all
}

// mayHold tells whether there is a Service of a name, or an operator may make one for
// a custom resource, after which it is named.
func (r *repository) mayHold(service string) bool {
	return r.services[service] || slices.ContainsFunc(r.resources, func(name string) bool { return strings.Contains(service, name) })
}
