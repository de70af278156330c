package netpol

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/ringfence/ringfence/manifest"
)

// builder makes a cluster of objects.
type builder struct {
	cluster *Cluster
	gaps    []manifest.Gap
}

// add puts the objects into the cluster, namespaces first, for the others need
// them.
func (b *builder) add(objects []*manifest.Object) {
	objects = b.latest(objects)
	for _, o := range objects {
		if kindOf(o).isNamespace() {
			b.read(o, func(r *reader) { r.declare(b.cluster.namespace(o.Name)) })
		}
	}
	for _, o := range objects {
		switch k := kindOf(o); {
		case k.isNetworkPolicy():
			b.read(o, func(r *reader) {
				b.cluster.Policies = append(b.cluster.Policies, r.policy(b.cluster.namespace(o.Namespace)))
			})
		case k.isService():
			b.read(o, func(r *reader) {
				b.cluster.Services = append(b.cluster.Services, r.service(b.cluster.namespace(o.Namespace)))
			})
		case k.isForeignPolicy():
			b.cluster.Foreign = append(b.cluster.Foreign, o)
		default:
			if path, ok := k.templatePath(); ok {
				b.read(o, func(r *reader) { b.addWorkload(r, path) })
			}
		}
	}
}

func (b *builder) read(o *manifest.Object, decode func(*reader)) {
	r := &reader{object: o}
	decode(r)
	b.gaps = append(b.gaps, r.gaps...)
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
	last := map[manifest.Ref]*manifest.Object{}
	for _, o := range objects {
		last[o.Ref] = o
	}
	var latest []*manifest.Object
	for _, o := range objects {
		by := last[o.Ref]
		if by == o || o.Name == "" || !kindOf(o).matters() {
			latest = append(latest, o)
			continue
		}
		b.gaps = append(b.gaps, manifest.Gap{
			Pos:    o.Pos,
			Code:   manifest.DuplicateObject,
			Reason: fmt.Sprintf("%s %q is declared again at %s, which counts", o.Kind, o.Name, by.Pos),
			Note:   true,
		})
	}
	return latest
}

// finish sorts what was added and joins policies with what they select.
func (b *builder) finish() []manifest.Gap {
	c := b.cluster
	c.Namespaces = slices.SortedFunc(maps.Values(c.namespaces), byName)
	slices.SortStableFunc(c.Workloads, func(v, w *Workload) int { return v.Compare(w.Ref) })
	slices.SortStableFunc(c.Services, func(s, t *Service) int { return s.Compare(t.Ref) })
	slices.SortStableFunc(c.Policies, func(p, q *Policy) int { return p.Compare(q.Ref) })
	slices.SortStableFunc(c.Foreign, func(o, p *manifest.Object) int { return o.Compare(p.Ref) })
	for _, w := range c.Workloads {
		w.namespace.workloads = append(w.namespace.workloads, w)
	}
	for _, p := range c.Policies {
		p.join()
	}
	c.cutAddresses()
	slices.SortStableFunc(b.gaps, func(g, h manifest.Gap) int {
		return cmp.Or(g.Compare(h.Pos), cmp.Compare(g.Reason, h.Reason))
	})
	return b.gaps
}

// join finds the workloads that the policy selects.
func (p *Policy) join() {
	n := p.namespace
	n.policies = append(n.policies, p)
	for _, w := range n.workloads {
		if !w.HostNetwork && p.Selector.Matches(w.Labels) {
			p.Selected = append(p.Selected, w)
			for _, d := range p.Types {
				w.isolating[d] = append(w.isolating[d], p)
			}
		}
	}
	if p.Selector.Matches(nil) {
		for _, d := range p.Types {
			n.isolating[d] = append(n.isolating[d], p)
		}
	}
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
