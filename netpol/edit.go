package netpol

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/ringfence/ringfence/manifest"
)

// Replacing returns what it would change to apply a policy, in place of the one of
// the same group, kind, namespace and name if there is one. The gaps are those of
// the policy. It computes only the peers that either selects, and leaves the
// relation as it is.
func (rel *Relation) Replacing(o *manifest.Object) (*Difference, []manifest.Gap) {
	if rel.selectors == nil {
		rel.selectors = maps.Clone(rel.locals.cluster.selectors)
	}
	r := &reader{object: o, decoder: newDecoder(rel.selectors)}
	edited := r.policiesOf(rel.namespace)
	return rel.try(rel.locals.cluster.policiesOf(o.Ref), edited), r.gaps()
}

// Removing returns what it would change to delete a policy.
func (rel *Relation) Removing(p *Policy) *Difference {
	return rel.try(rel.locals.cluster.policiesOf(p.Source.Ref), nil)
}

// namespace returns a namespace of the cluster, or one that it does not have.
func (rel *Relation) namespace(name string) *Namespace {
	c := rel.locals.cluster
	if n := c.namespaces[name]; n != nil {
		return n
	}
	return c.undeclared(name)
}

// policiesOf returns the policies that an object of this Ref stands for.
func (c *Cluster) policiesOf(ref manifest.Ref) []*Policy {
	if (kind{ref.Group, ref.Kind}).isNetworkPolicy() {
		i, found := slices.BinarySearchFunc(c.Policies, ref, func(p *Policy, r manifest.Ref) int { return p.Compare(r) })
		if found {
			return c.Policies[i : i+1]
		}
		return nil
	}
	var policies []*Policy
	for _, p := range c.Others {
		if p.Source.Ref == ref {
			policies = append(policies, p)
		}
	}
	return policies
}

// trial is a change of policies that is tried out.
type trial struct {
	*Relation
	locals  *locals // for this change
	old     []*Policy
	without map[*group]*group // groups without the old policies, nil for one that only they made
	gains   map[int][]*group  // of the new policies, by point
	points  []int             // that are selected before or after, ascending
	in, out map[int]row       // the new rows of those whose rows change
	changed [2][]int          // these points, by Direction, ascending
}

func (rel *Relation) try(old, edited []*Policy) *Difference {
	names, cuts := rel.unknown(edited)
	added, cut := rel.space.split(names, cuts)
	if len(rel.space.peers)+len(added) > rel.rows.room() {
		return rel.wider(names, cuts).try(old, edited)
	}
	rel.extend(added, cut)
	defer rel.extend(nil, nil)
	t := &trial{
		Relation: rel, locals: rel.locals.trying(names), old: old,
		without: map[*group]*group{}, gains: map[int][]*group{}, in: map[int]row{}, out: map[int]row{},
	}
	t.choose(edited)
	s, before, after := *rel.space, rel.locals.cluster, *rel.locals.cluster
	after.edited = t.evaluate()
	d := &Difference{space: &s, rows: rel.rows, before: before, after: &after}
	t.compare(d)
	return d
}

// extend adds peers to the space, in place of those that were added before.
func (rel *Relation) extend(added []addedPeer, cut map[int]netip.Prefix) {
	rel.space.added, rel.space.cut = added, cut
	rel.rows.points = rel.space.size()
}

// unknown returns the names of namespaces and the blocks of policies by which the
// space is not split yet.
func (rel *Relation) unknown(policies []*Policy) (names []string, cuts []netip.Prefix) {
	all := newSplits()
	for _, p := range policies {
		all.add(p)
		if p.namespace != nil {
			all.names[p.namespace.Name] = true
		}
	}
	for name := range all.names {
		if _, known := rel.locals.names[name]; !known {
			names = append(names, name)
		}
	}
	for block := range all.cuts {
		if part := rel.space.parts[rel.space.partWith(block.Addr())]; part.Bits() < block.Bits() {
			cuts = append(cuts, block)
		}
	}
	slices.Sort(names)
	slices.SortFunc(cuts, comparePrefixes)
	return names, cuts
}

// wider returns the relation in a space that is split by more.
func (rel *Relation) wider(names []string, cuts []netip.Prefix) *Relation {
	c := rel.locals.cluster
	s := newSpace(c, &Cluster{names: names, parts: cuts})
	return newRelation(c, s, newRows(len(s.peers), spare))
}

// choose finds the points that the old and the new policies select, and makes
// groups of the new ones.
func (t *trial) choose(edited []*Policy) {
	chosen := map[int]bool{}
	for _, p := range t.old {
		for _, y := range t.selected(p) {
			chosen[y] = true
		}
	}
	for _, p := range edited {
		g := &group{edited: true}
		g.add(p)
		for _, y := range t.selected(p) {
			chosen[y] = true
			t.gains[y] = append(t.gains[y], g)
			if w := t.space.peer(y).workload; w != nil {
				g.members = append(g.members, w)
			}
		}
	}
	t.points = slices.Sorted(maps.Keys(chosen))
}

// selected returns the points that a policy selects.
func (t *trial) selected(p *Policy) []int {
	l := t.locals
	var points []int
	for _, i := range l.cluster.selection(&l.index, p).workloads {
		points = append(points, int(l.points[i]))
	}
	if !p.Selector.Matches(nil) {
		return points
	}
	others := l.others
	if p.namespace != nil {
		i := l.names[p.namespace.Name]
		others = others[i : i+1]
	}
	for _, o := range others {
		if p.selectsNamespace(o.Labels) {
			points = append(points, o.point)
		}
	}
	return points
}

// evaluate computes the rows of the selected points and keeps those that change.
// It returns the groups by which the peers are selected after the change.
func (t *trial) evaluate() map[Peer][]*group {
	after := make(map[Peer][]*group, len(t.points))
	for _, y := range t.points {
		peer := t.space.peer(y)
		before := t.locals.cluster.endAsBuilt(peer).groups
		groups := t.groups(y, before)
		after[peer] = groups
		var ports []Port
		if peer.workload != nil {
			ports = peer.workload.Ports
		}
		if in := t.locals.row(groups, ports, Ingress, allRow); in != t.locals.row(before, ports, Ingress, allRow) {
			t.in[y] = in
			t.changed[Ingress] = append(t.changed[Ingress], y)
		}
		if out := t.locals.row(groups, ports, Egress, allRow); out != t.before(t.Relation.out, y) {
			t.out[y] = out
			t.changed[Egress] = append(t.changed[Egress], y)
		}
	}
	return after
}

// groups returns the groups of a point after the change.
func (t *trial) groups(y int, before []*group) []*group {
	groups := make([]*group, 0, len(before)+1)
	for _, g := range before {
		if g = t.withoutOld(g); g != nil {
			groups = append(groups, g)
		}
	}
	return append(groups, t.gains[y]...)
}

func (t *trial) withoutOld(g *group) *group {
	if !slices.ContainsFunc(g.policies, t.isOld) {
		return g
	}
	rest, known := t.without[g]
	if !known {
		if kept := slices.DeleteFunc(slices.Clone(g.policies), t.isOld); len(kept) > 0 {
			rest = &group{members: g.members, edited: true}
			for _, p := range kept {
				rest.add(p)
			}
		}
		t.without[g] = rest
	}
	return rest
}

func (t *trial) isOld(p *Policy) bool { return slices.Contains(t.old, p) }

// before returns the row of a point in the relation, over the peers of the change.
// A peer that it adds has what the peer has of which it was a part.
func (t *trial) before(matrix []row, y int) row {
	added := t.space.added
	if len(added) == 0 {
		return matrix[y]
	}
	known := len(t.space.peers)
	if y >= known {
		y = added[y-known].parent
	}
	runs := make([]run, 0, len(added))
	for i, p := range added {
		runs = append(runs, run{int32(known + i), int32(known + i), connID(t.rows.at(matrix[y], p.parent))})
	}
	old := t.rows.intersect(matrix[y], t.rows.build(appendRange(nil, 0, known)))
	return t.rows.union(old, t.rows.build(runs))
}

// compare finds what changes: all about the destinations of which what they admit
// changes, and for other destinations about the sources of which what they may
// call does.
func (t *trial) compare(d *Difference) {
	places := map[[2]row]int{}
	callers := t.callers()
	for _, y := range t.changed[Ingress] {
		d.add(places, y, t.before(t.to, y), t.rows.intersect(t.in[y], callers(y)), false)
	}
	others := t.rows.subtract(allRow, t.rows.build(runsOf(t.changed[Ingress])))
	places = map[[2]row]int{}
	for _, x := range t.changed[Egress] {
		admitting := t.rows.intersect(t.before(t.admitting(), x), others)
		d.add(places, x, t.rows.intersect(t.before(t.Relation.out, x), admitting), t.rows.intersect(t.out[x], admitting), true)
	}
}

// admitting returns inTo, which takes much longer to make than a change to try out,
// and which only a change of what peers may call needs.
func (t *trial) admitting() []row {
	if t.inTo == nil {
		added, cut := t.space.added, t.space.cut
		t.extend(nil, nil)
		t.inTo = t.rows.transposed(slices.All(t.sides(Ingress, func(int) row { return allRow })))
		t.extend(added, cut)
	}
	return t.inTo
}

// callers returns a function that tells which sources may call a destination, as
// far as their own policies go, after the change.
func (t *trial) callers() func(y int) row {
	changed := t.changed[Egress]
	if len(changed) == 0 || len(t.changed[Ingress]) == 0 {
		return func(y int) row { return t.before(t.outTo, y) }
	}
	turned := t.rows.transposed(func(yield func(int, row) bool) {
		for _, x := range changed {
			if !yield(x, t.out[x]) {
				return
			}
		}
	})
	others := t.rows.subtract(allRow, t.rows.build(runsOf(changed)))
	return func(y int) row {
		return t.rows.union(t.rows.intersect(t.before(t.outTo, y), others), turned[y])
	}
}

func runsOf(points []int) []run {
	var runs []run
	for _, y := range points {
		runs = appendPoint(runs, y)
	}
	return runs
}
