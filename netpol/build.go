package netpol

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// builder makes a cluster of objects.
type builder struct {
	cluster     *Cluster
	decoder     decoder
	reader      reader // of the object that is being read
	splits      splits
	asking      []*Policy // for labels that controllers add
	networkSets bool      // there are some
	hosts       bool      // there are host endpoints
	gaps        []manifest.Gap
}

// add puts the objects into the cluster in their order, namespaces first, for the
// others need them.
func (b *builder) add(objects []*manifest.Object) {
	objects = b.latest(objects)
	c := b.cluster
	for _, o := range objects {
		if kindOf(o).isNamespace() {
			b.read(o, func(r *reader) { r.declare(c.namespace(o.Name)) })
		}
	}
	for _, o := range objects {
		switch k := kindOf(o); {
		case k.isNetworkPolicy():
			b.read(o, func(r *reader) { c.Policies = append(c.Policies, b.noted(r.policy(c.namespace(o.Namespace)))...) })
		case k.isService():
			b.read(o, func(r *reader) { c.Services = append(c.Services, r.service(c.namespace(o.Namespace))) })
		case k.isForeignPolicy():
			c.Foreign = append(c.Foreign, o)
			b.read(o, func(r *reader) { c.Others = append(c.Others, b.noted(r.otherPolicies(c.namespace, k)...)...) })
		case k.isRoute():
			c.routes = append(c.routes, o)
		case k.isReferenceGrant():
			c.grants = append(c.grants, o)
		case k.isNetworkSet():
			b.networkSets = true
		case k.isHostEndpoint():
			b.hosts = true
		default:
			if path, ok := k.templatePath(); ok {
				b.read(o, func(r *reader) { b.addWorkload(r, path) })
			} else if op := k.operator(); op != nil {
				b.addOperated(o, op)
			}
		}
	}
}

// policiesOf reads a policy of any kind, which may stand for several; nil for what
// is none.
func (r *reader) policiesOf(namespace func(string) *Namespace) []*Policy {
	switch k := kindOf(r.object); {
	case k.isNetworkPolicy():
		return []*Policy{r.policy(namespace(r.object.Namespace))}
	case k.isForeignPolicy():
		return r.otherPolicies(namespace, k)
	default:
		return nil
	}
}

// otherPolicies reads a policy of a kind other than NetworkPolicy.
func (r *reader) otherPolicies(namespace func(string) *Namespace, k kind) []*Policy {
	var n *Namespace
	if !k.isClusterWide() {
		n = namespace(r.object.Namespace)
	}
	switch k.group {
	case "policy.networking.k8s.io":
		return []*Policy{r.adminPolicy()}
	case "cilium.io":
		return r.ciliumPolicies(n)
	}
	if k.isCalico() {
		return []*Policy{r.calicoPolicy(n)}
	}
	return []*Policy{notEvaluated(r.object, n)}
}

func (b *builder) read(o *manifest.Object, decode func(*reader)) {
	b.decoder.used = 0
	b.reader = reader{object: o, decoder: &b.decoder}
	decode(&b.reader)
	b.gaps = append(b.gaps, b.reader.gaps()...)
}

// noted notes what policies ask for, while it is at hand.
func (b *builder) noted(policies ...*Policy) []*Policy {
	for _, p := range policies {
		b.splits.add(p)
		if p.asksForAdded() {
			b.asking = append(b.asking, p)
		}
	}
	return policies
}

// addWorkload adds a workload, unless it has no template of its own: a Rollout
// may refer to a Deployment that has.
func (b *builder) addWorkload(r *reader, path []any) {
	template := r.root().at(path...)
	if !template.present() && r.root().at("spec", "workloadRef").present() {
		return
	}
	w := r.workload(template, path)
	w.namespace = b.cluster.namespace(w.Namespace)
	b.cluster.Workloads = append(b.cluster.Workloads, w)
}

// latest returns the objects that matter, sorted, without those that a later one
// replaces. An object without a name gets one from the API server and replaces
// nothing.
func (b *builder) latest(objects []*manifest.Object) []*manifest.Object {
	byNamespace := map[string][]*manifest.Object{}
	count := 0
	for _, o := range objects {
		if kindOf(o).matters() {
			byNamespace[o.Namespace] = append(byNamespace[o.Namespace], o)
			count++
		}
	}
	latest := make([]*manifest.Object, 0, count)
	for _, name := range slices.Sorted(maps.Keys(byNamespace)) {
		all := byNamespace[name]
		slices.SortStableFunc(all, byKindAndName)
		for i, o := range all {
			if i+1 < len(all) && o.Name != "" && o.Ref == all[i+1].Ref {
				b.replaced(o, all[i+1])
			} else {
				latest = append(latest, o)
			}
		}
	}
	return latest
}

// byKindAndName orders objects of one namespace like Ref.Compare.
func byKindAndName(o, p *manifest.Object) int {
	if o.Kind == p.Kind && o.Group == p.Group {
		return strings.Compare(o.Name, p.Name)
	}
	return o.Compare(p.Ref)
}

func (b *builder) replaced(o, by *manifest.Object) {
	b.gaps = append(b.gaps, manifest.Gap{
		Pos:    o.Pos,
		Code:   manifest.DuplicateObject,
		Reason: fmt.Sprintf("%s %q is declared again at %s, which counts", o.Kind, o.Name, by.Pos),
		Note:   true,
	})
}

// finish joins policies with what they select. What was added is sorted, except
// for what the names of the objects do not tell.
func (b *builder) finish() []manifest.Gap {
	c := b.cluster
	c.Namespaces = slices.SortedFunc(maps.Values(c.namespaces), byName)
	if byRef := func(v, w *Workload) int { return v.Compare(w.Ref) }; !slices.IsSortedFunc(c.Workloads, byRef) {
		slices.SortStableFunc(c.Workloads, byRef) // of those without a name, generateName counts
	}
	slices.SortStableFunc(c.Others, (*Policy).compare)
	c.placeWorkloads()
	c.index = newIndex(c.Workloads)
	c.placePolicies()
	c.groupPolicies()
	for name := range c.namespaces {
		b.splits.names[name] = true
	}
	c.names, c.parts = b.splits.sorted()
	c.doubtNodes()
	c.doubtAdded(b.asking)
	c.doubtOperated()
	if b.networkSets {
		c.doubtNetworkSets()
	}
	if b.hosts {
		c.doubtHosts()
	}
	slices.SortStableFunc(b.gaps, func(g, h manifest.Gap) int {
		return cmp.Or(g.Compare(h.Pos), cmp.Compare(g.Reason, h.Reason))
	})
	return b.gaps
}

// placeWorkloads gives every namespace its workloads, which lie in a row.
func (c *Cluster) placeWorkloads() {
	for i, w := range c.Workloads {
		w.position = i
		n := w.namespace
		if n.last == 0 {
			n.first = i
		}
		n.last = i + 1
	}
	for _, n := range c.Namespaces {
		n.workloads = c.Workloads[n.first:n.last:n.last]
	}
}

// placePolicies gives every namespace its NetworkPolicies, which lie in a row too.
func (c *Cluster) placePolicies() {
	for rest := c.Policies; len(rest) > 0; {
		n := rest[0].namespace
		end := 1
		for end < len(rest) && rest[end].namespace == n {
			end++
		}
		n.policies, rest = rest[:end:end], rest[end:]
	}
}

// compare orders policies as they are evaluated.
func (p *Policy) compare(q *Policy) int {
	return cmp.Or(cmp.Compare(p.Tier, q.Tier), cmp.Compare(p.Priority, q.Priority), p.Compare(q.Ref))
}

// namespace returns the namespace of that name, adding it as an undeclared one
// where it is not there.
func (c *Cluster) namespace(name string) *Namespace {
	n, ok := c.namespaces[name]
	if !ok {
		n = c.undeclared(name)
		c.namespaces[name] = n
	}
	return n
}

// undeclared returns a namespace of which only the options know more than the name.
func (c *Cluster) undeclared(name string) *Namespace {
	n := &Namespace{Name: name, Private: manifest.IsPrivate(name)}
	if n.Private {
		return n
	}
	n.Labels = map[string]string{}
	maps.Copy(n.Labels, c.options.NamespaceLabels[name])
	n.Labels[NameLabel] = name
	return n
}

// declare reads a Namespace object.
func (r *reader) declare(n *Namespace) {
	n.Declared, n.Source = true, r.object
	if n.Private {
		return
	}
	labels, _ := r.root().at("metadata", "labels").labels()
	maps.Copy(n.Labels, labels)
	n.Labels[NameLabel] = n.Name
}
