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
	decoder     *decoder
	reader      reader // of the object that is being read
	splits      splits
	recent      *Namespace // that was asked for last
	asking      []*Policy  // for labels that controllers add
	networkSets bool       // there are some
	hosts       bool       // there are host endpoints
	gaps        []manifest.Gap
}

// given is an object that matters, and what it was read as.
type given struct {
	*manifest.Object
	replaced bool // by a later one
	read     any  // *Workload, *Service, *Policy or []*Policy; nil for other objects
}

// add puts the objects into the cluster, sorted. It reads them in the order in which
// they are given, for that is about the order in which they lie in memory.
func (b *builder) add(objects []*manifest.Object) {
	all := make([]given, 0, len(objects))
	for _, o := range objects {
		if kindOf(o).matters() {
			all = append(all, given{Object: o})
		}
	}
	sorted := b.sorted(all)
	for i := range all {
		if o := &all[i]; !o.replaced {
			o.read = b.read(o.Object)
		}
	}
	for _, o := range sorted {
		b.place(o)
	}
}

// read reads an object of a kind that is no mere part of others.
func (b *builder) read(o *manifest.Object) (read any) {
	b.decoder.used = 0
	b.reader = reader{object: o, decoder: b.decoder}
	c, r := b.cluster, &b.reader
	switch k := kindOf(o); {
	case k.isNamespace():
		r.declare(c.namespace(o.Name))
	case k.isNetworkPolicy():
		p := r.policy(b.namespace(o.Namespace))
		b.note(p)
		read = p
	case k.isService():
		read = r.service(b.namespace(o.Namespace))
	case k.isForeignPolicy():
		policies := r.otherPolicies(c.namespace, k)
		for _, p := range policies {
			b.note(p)
		}
		read = policies
	default:
		if path, ok := k.templatePath(); ok {
			if w := b.workload(r, path); w != nil {
				read = w
			}
		}
	}
	b.gaps = append(b.gaps, r.gaps()...)
	return read
}

// place puts what an object was read as, or the object, into the cluster.
func (b *builder) place(o *given) {
	c := b.cluster
	switch read := o.read.(type) {
	case *Workload:
		c.Workloads = append(c.Workloads, read)
	case *Service:
		c.Services = append(c.Services, read)
	case *Policy:
		c.Policies = append(c.Policies, read)
	case []*Policy:
		c.Foreign = append(c.Foreign, o.Object)
		c.Others = append(c.Others, read...)
	default:
		switch k := kindOf(o.Object); {
		case k.isRoute():
			c.routes = append(c.routes, o.Object)
		case k.isReferenceGrant():
			c.grants = append(c.grants, o.Object)
		case k.isNetworkSet():
			b.networkSets = true
		case k.isHostEndpoint():
			b.hosts = true
		default:
			if op := k.operator(); op != nil {
				b.addOperated(o.Object, op)
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

// note notes what a policy asks for, while it is at hand.
func (b *builder) note(p *Policy) {
	b.splits.add(p)
	if b.decoder.askedForAdded && p.asksForAdded() {
		b.asking = append(b.asking, p)
	}
}

// workload reads a workload. It returns nil for one that the API server refuses because it
// has no name or no template, and for a Rollout that refers to a Deployment that has one.
func (b *builder) workload(r *reader, path []any) *Workload {
	template := r.root().at(path...)
	if !template.present() {
		if !r.root().at("spec", "workloadRef").present() {
			template.reject("there is no pod template")
		}
		return nil
	}
	w := r.workload(template, path)
	if w.Name == "" {
		r.root().at("metadata", "name").reject("is missing")
		return nil
	}
	w.namespace = b.namespace(w.Namespace)
	return w
}

// namespace is Cluster.namespace, quick where it is asked for the same again.
func (b *builder) namespace(name string) *Namespace {
	if b.recent == nil || b.recent.Name != name {
		b.recent = b.cluster.namespace(name)
	}
	return b.recent
}

// sorted returns the objects that count, sorted. Of two with the same Ref that is the
// later one; but an object without a name gets one from the API server, and replaces
// nothing.
func (b *builder) sorted(objects []given) []*given {
	byNamespace := map[string][]*given{}
	for i := 0; i < len(objects); {
		name := objects[i].Namespace
		all := byNamespace[name]
		for ; i < len(objects) && objects[i].Namespace == name; i++ { // most come in runs
			all = append(all, &objects[i])
		}
		byNamespace[name] = all
	}
	sorted := make([]*given, 0, len(objects))
	for _, name := range slices.Sorted(maps.Keys(byNamespace)) {
		all := byNamespace[name]
		slices.SortStableFunc(all, byKindAndName)
		for i, o := range all {
			if i+1 < len(all) && o.Name != "" && o.Ref == all[i+1].Ref {
				b.replace(o, all[i+1])
			} else {
				sorted = append(sorted, o)
			}
		}
	}
	return sorted
}

// byKindAndName orders objects of one namespace like Ref.Compare.
func byKindAndName(o, p *given) int {
	switch {
	case o.Group != p.Group:
		return strings.Compare(o.Group, p.Group)
	case o.Kind != p.Kind:
		return strings.Compare(o.Kind, p.Kind)
	default:
		return strings.Compare(o.Name, p.Name)
	}
}

func (b *builder) replace(o, by *given) {
	o.replaced = true
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
	c.doubtReplaced()
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
