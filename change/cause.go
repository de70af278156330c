package change

import (
	"cmp"
	"iter"
	"maps"
	"reflect"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// Cause is a part of why connections were opened or closed.
type Cause struct {
	Kind   CauseKind
	Before bool // it is in the state before, where Pos is a place
	manifest.Pos
	Reason    netpol.Reason     // of a policy
	Workload  *netpol.Workload  // that came, went or changed
	Field     string            // of the workload, that changed: "labels", "hostNetwork", "ports"
	Namespace *netpol.Namespace // of which the labels changed
}

// CauseKind tells what a cause is.
type CauseKind string

// The kinds of causes.
const (
	ByPolicy         CauseKind = "policy"            // a rule, or that a policy isolates
	WorkloadAdded    CauseKind = "workload-added"    //
	WorkloadRemoved  CauseKind = "workload-removed"  //
	WorkloadChanged  CauseKind = "workload-changed"  // its labels, named ports or host network
	NamespaceChanged CauseKind = "namespace-changed" // its labels
)

// Bounds of the pairs of peers of one row that are looked at for causes.
const (
	mostSources      = 12
	mostDestinations = 48
)

// findCauses looks for what opened or closed connections, at pairs of their ends.
func (c comparison) findCauses(d *netpol.Difference, group *Connections) {
	f := &finder{comparison: c, difference: d, conn: group.Conn, seen: make(map[causeKey]bool)}
	sources, allSources := sample(group.From, mostSources)
	destinations, allDestinations := sample(group.To, mostDestinations)
	group.Sampled = !allSources || !allDestinations
	for _, to := range destinations {
		for _, from := range sources {
			f.pair(from, to)
		}
	}
	slices.SortStableFunc(f.causes, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(a.order(), b.order()), a.Compare(b.Pos))
	})
	group.Causes = f.causes
}

// order puts what is in the state after before what was.
func (c Cause) order() int {
	if c.Before {
		return 1
	}
	return 0
}

// sample returns peers of a set, of each kind up to a number.
func sample(peers netpol.Peers, most int) (some []netpol.Peer, all bool) {
	count := map[netpol.PeerKind]int{}
	for p := range peers.All() {
		if count[p.Kind()]++; count[p.Kind()] <= most {
			some = append(some, p)
		}
	}
	return some, len(some) == peers.Len()
}

// finder collects the causes of one row.
type finder struct {
	comparison
	difference *netpol.Difference
	conn       netpol.ConnSet
	causes     []Cause
	seen       map[causeKey]bool
}

type causeKey struct {
	kind      CauseKind
	before    bool
	ref       manifest.Ref
	direction netpol.Direction
	rule      int
}

func (f *finder) add(c Cause, key causeKey) {
	key.kind, key.before = c.Kind, c.Before
	if !f.seen[key] {
		f.seen[key] = true
		f.causes = append(f.causes, c)
	}
}

// pair adds why connections between two peers are allowed here and not there.
func (f *finder) pair(from, to netpol.Peer) {
	missing := false
	for _, p := range []netpol.Peer{from, to} {
		if _, known := f.there.has(p); !known {
			missing = true
			w := f.here.workloads[p.Workload().Ref]
			kind := WorkloadAdded
			if f.closed {
				kind = WorkloadRemoved
			}
			f.add(Cause{Kind: kind, Before: f.closed, Pos: w.Source.Pos, Workload: w}, causeKey{ref: w.Ref})
		}
	}
	if missing {
		return
	}
	edited := false // some policy that decides is not the same text
	found := false
	for r := range f.policies(from, to) {
		found = true
		edited = edited || f.isEdited(r.Policy)
		if r.Rule < 0 {
			r.Pos = r.Policy.Source.At(r.Policy.SelectorPath()...).Pos
		}
		f.add(Cause{Kind: ByPolicy, Before: r.Before, Pos: r.Pos, Reason: r.Reason},
			causeKey{ref: r.Policy.Source.Ref, direction: r.Direction, rule: r.Rule})
	}
	if !found || !edited {
		f.objects(from, to)
	}
}

// policies yields the policies that make the difference for two peers. That the rest is
// denied by a policy that isolates in both states says nothing of the difference, as long
// as a rule does.
func (f *finder) policies(from, to netpol.Peer) iter.Seq[netpol.Cause] {
	return func(yield func(netpol.Cause) bool) {
		// What opens is allowed since, or was denied before.
		all := slices.DeleteFunc(f.difference.Why(from, to), func(c netpol.Cause) bool {
			opens := c.Before == c.Denies
			return c.Conn.Intersect(f.conn).IsEmpty() || !c.Passes && opens == f.closed
		})
		for _, d := range []netpol.Direction{netpol.Egress, netpol.Ingress} {
			near := to
			if d == netpol.Egress {
				near = from
			}
			inDirection := slices.DeleteFunc(slices.Clone(all), func(c netpol.Cause) bool { return c.Direction != d })
			telling := slices.DeleteFunc(slices.Clone(inDirection), func(c netpol.Cause) bool {
				return c.Denies && c.Rule < 0 && f.isolatesHere(c.Policy, near, d)
			})
			if len(telling) == 0 {
				telling = inDirection
			}
			for _, c := range telling {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// isolatesHere tells whether a policy isolates a peer also where the connections are allowed.
func (f *finder) isolatesHere(p *netpol.Policy, near netpol.Peer, d netpol.Direction) bool {
	near, known := f.here.has(near)
	q := f.here.policies[p.Source.Ref]
	if !known || q == nil || !slices.Contains(q.Types, d) {
		return false
	}
	if w := near.Workload(); w != nil {
		return slices.Contains(q.Selected, w)
	}
	return q.Selector.String() == p.Selector.String()
}

// isEdited tells whether a policy is not the same in both states.
func (f *finder) isEdited(p *netpol.Policy) bool {
	a, b := f.here.policies[p.Source.Ref], f.there.policies[p.Source.Ref]
	return a == nil || b == nil || !reflect.DeepEqual(a.Source.Data, b.Source.Data)
}

// objects adds the workloads and namespaces of two peers that changed in a way that
// policies see.
func (f *finder) objects(peers ...netpol.Peer) {
	before, after := f.there, f.here
	if f.closed {
		before, after = f.here, f.there
	}
	for _, p := range peers {
		if w := p.Workload(); w != nil {
			old, now := before.workloads[w.Ref], after.workloads[w.Ref]
			if name, path := changedField(old, now); name != "" {
				f.add(Cause{Kind: WorkloadChanged, Pos: now.Source.At(now.Path(path...)...).Pos, Workload: now, Field: name}, causeKey{ref: now.Ref})
			}
		}
		old, now := before.cluster.Namespace(p.Namespace()), after.cluster.Namespace(p.Namespace())
		if labelsOf(old) == nil && labelsOf(now) == nil || maps.Equal(labelsOf(old), labelsOf(now)) {
			continue
		}
		c := Cause{Kind: NamespaceChanged, Namespace: now}
		switch {
		case now != nil && now.Source != nil:
			c.Pos = now.Source.At("metadata", "labels").Pos
		case old != nil && old.Source != nil:
			c.Pos, c.Before, c.Namespace = old.Source.At("metadata", "labels").Pos, true, old
		case now == nil:
			c.Namespace = old
		}
		f.add(c, causeKey{ref: manifest.Ref{Kind: "Namespace", Name: p.Namespace()}})
	}
}

func labelsOf(n *netpol.Namespace) map[string]string {
	if n == nil {
		return nil
	}
	return n.Labels
}

// changedField returns a field of a pod template that policies see and that differs.
func changedField(old, now *netpol.Workload) (name string, path []any) {
	switch {
	case !maps.Equal(old.Labels, now.Labels):
		return "labels", []any{"metadata", "labels"}
	case old.HostNetwork != now.HostNetwork:
		return "hostNetwork", []any{"spec", "hostNetwork"}
	case !slices.Equal(old.Ports, now.Ports):
		return "ports", []any{"spec", "containers"}
	default:
		return "", nil
	}
}
