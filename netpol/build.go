package netpol

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"net/netip"
	"slices"

	"github.com/ringfence/ringfence/manifest"
)

// builder makes a cluster of objects.
type builder struct {
	cluster     *Cluster
	fields      fieldPool
	networkSets bool // there are some
	gaps        []manifest.Gap
}

// add puts the objects into the cluster, namespaces first, for the others need
// them.
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
			b.read(o, func(r *reader) { c.Policies = append(c.Policies, r.policy(c.namespace(o.Namespace))) })
		case k.isService():
			b.read(o, func(r *reader) { c.Services = append(c.Services, r.service(c.namespace(o.Namespace))) })
		case k.isForeignPolicy():
			c.Foreign = append(c.Foreign, o)
			b.read(o, func(r *reader) { c.Others = append(c.Others, r.otherPolicies(c.namespace, k)...) })
		case k.isRoute():
			c.routes = append(c.routes, o)
		case k.isNetworkSet():
			b.networkSets = true
		default:
			if path, ok := k.templatePath(); ok {
				b.read(o, func(r *reader) { b.addWorkload(r, path) })
			}
		}
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
	b.fields.used = 0
	r := &reader{object: o, fieldPool: &b.fields}
	decode(r)
	b.gaps = append(b.gaps, r.gaps()...)
}

// addWorkload adds a workload, unless it has no template of its own: a Rollout
// may refer to a Deployment that has.
func (b *builder) addWorkload(r *reader, path []any) {
	if r.root().at("spec", "workloadRef").present() && !r.root().at(path...).present() {
		return
	}
	w := r.workload(path)
	w.namespace = b.cluster.namespace(w.Namespace)
	b.cluster.Workloads = append(b.cluster.Workloads, w)
}

// latest returns the objects without those that a later one replaces. An object
// without a name gets one from the API server and replaces nothing.
func (b *builder) latest(objects []*manifest.Object) []*manifest.Object {
	seen := refs{seed: maphash.MakeSeed(), last: make(map[uint64]int, len(objects))}
	latest := make([]*manifest.Object, 0, len(objects))
	for _, o := range objects {
		if !kindOf(o).matters() {
			continue
		}
		latest = append(latest, o)
		if o.Name == "" {
			continue
		}
		if earlier := seen.put(latest); earlier >= 0 {
			replaced := latest[earlier]
			latest[earlier] = nil
			b.gaps = append(b.gaps, manifest.Gap{
				Pos:    replaced.Pos,
				Code:   manifest.DuplicateObject,
				Reason: fmt.Sprintf("%s %q is declared again at %s, which counts", o.Kind, o.Name, o.Pos),
				Note:   true,
			})
		}
	}
	return slices.DeleteFunc(latest, func(o *manifest.Object) bool { return o == nil })
}

// refs finds objects that have been met by a hash of their Ref, which takes a
// fraction of the memory of the Ref itself.
type refs struct {
	seed maphash.Seed
	last map[uint64]int
}

// put notes the last of the objects. It returns the place of an earlier one of the
// same Ref, -1 where there is none.
func (r *refs) put(objects []*manifest.Object) (earlier int) {
	o := objects[len(objects)-1]
	var hash maphash.Hash
	hash.SetSeed(r.seed)
	for _, part := range [...]string{o.Namespace, o.Name, o.Kind, o.Group} {
		hash.WriteString(part)
		hash.WriteByte(0)
	}
	for sum := hash.Sum64(); ; sum++ {
		i, known := r.last[sum]
		if known && objects[i] != nil && objects[i].Ref != o.Ref {
			continue // two that happen to have one hash
		}
		r.last[sum] = len(objects) - 1
		if known {
			return i
		}
		return -1
	}
}

// finish sorts what was added and joins policies with what they select.
func (b *builder) finish() []manifest.Gap {
	c := b.cluster
	c.Namespaces = slices.SortedFunc(maps.Values(c.namespaces), byName)
	slices.SortStableFunc(c.Workloads, func(v, w *Workload) int { return v.Compare(w.Ref) })
	slices.SortStableFunc(c.Services, func(s, t *Service) int { return s.Compare(t.Ref) })
	slices.SortStableFunc(c.Policies, (*Policy).compare)
	slices.SortStableFunc(c.Others, (*Policy).compare)
	slices.SortStableFunc(c.Foreign, func(o, p *manifest.Object) int { return o.Compare(p.Ref) })
	slices.SortStableFunc(c.routes, func(o, p *manifest.Object) int { return o.Compare(p.Ref) })
	c.placeWorkloads()
	c.index = newIndex(c.Workloads)
	c.groupPolicies()
	names, cuts := map[string]bool{}, map[netip.Prefix]bool{}
	c.addNames(names)
	c.addCuts(cuts)
	c.names, c.parts = slices.Sorted(maps.Keys(names)), cutAddresses(cuts)
	c.doubtNodes()
	if b.networkSets {
		c.doubtNetworkSets()
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
