package netpol

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ringfence/ringfence/manifest"
)

type pairChange struct{ added, removed string }

// wantChanges compares two clusters pair by pair.
func wantChanges(before, after *Cluster) map[[2]string]pairChange {
	s := newSpace(before, after)
	exists := func(c *Cluster, p Peer) (Peer, bool) {
		if p.Kind() != WorkloadPeer {
			return p, true
		}
		i := slices.IndexFunc(c.Workloads, func(w *Workload) bool { return w.Ref == p.Workload().Ref })
		if i < 0 {
			return p, false
		}
		return PodsOf(c.Workloads[i]), true
	}
	allowed := func(c *Cluster, from, to Peer) ConnSet {
		x, ok := exists(c, from)
		y, okTo := exists(c, to)
		if !ok || !okTo {
			return ConnSet{}
		}
		return c.Allowed(x, y)
	}
	want := map[[2]string]pairChange{}
	for _, from := range s.peers {
		for _, to := range s.peers {
			if from.Kind() == BlockPeer && to.Kind() == BlockPeer {
				continue
			}
			a, b := allowed(before, from, to), allowed(after, from, to)
			if !a.Equal(b) {
				want[[2]string{from.String(), to.String()}] = pairChange{b.Subtract(a).String(), a.Subtract(b).String()}
			}
		}
	}
	return want
}

// checkDifference compares a difference with what was found pair by pair, and
// checks that every change of policies has a cause.
func checkDifference(t *testing.T, d *Difference, want map[[2]string]pairChange) {
	t.Helper()
	count := 0
	for change := range d.Changes() {
		for from := range change.From.All() {
			for to := range change.To.All() {
				count++
				pair := [2]string{from.String(), to.String()}
				got := pairChange{change.Added.String(), change.Removed.String()}
				if want[pair] != got {
					t.Fatalf("%v: got %v, want %v", pair, got, want[pair])
				}
				causes := d.Why(from, to)
				if isInBoth(d, from) && isInBoth(d, to) && len(causes) == 0 {
					t.Fatalf("%v: changes without a cause", pair)
				}
			}
		}
	}
	if count != len(want) || d.Count() != count || d.IsEmpty() != (count == 0) {
		t.Fatalf("%d changes, %d counted, want %d", count, d.Count(), len(want))
	}
	checkRows(t, "opened", d.Opened(), want, func(c pairChange) string { return c.added })
	checkRows(t, "closed", d.Closed(), want, func(c pairChange) string { return c.removed })
}

// isInBoth tells whether the cluster has a peer before a change and after it.
func isInBoth(d *Difference, p Peer) bool {
	_, before := d.in(0, p)
	_, after := d.in(1, p)
	return before && after
}

// checkRows checks that rows hold a part of each change once, and nothing else.
func checkRows(t *testing.T, what string, rows []Row, want map[[2]string]pairChange, part func(pairChange) string) {
	t.Helper()
	left := map[[2]string]string{}
	for pair, change := range want {
		if conn := part(change); conn != "nothing" {
			left[pair] = conn
		}
	}
	seen := map[string]bool{}
	for _, row := range rows {
		for from := range row.From.All() {
			for to := range row.To.All() {
				pair := [2]string{from.String(), to.String()}
				if left[pair] != row.Conn.String() {
					t.Fatalf("%s %v: got %s, want %s", what, pair, row.Conn, left[pair])
				}
				delete(left, pair)
			}
		}
		for _, key := range []string{"from " + row.From.key(), "to " + row.To.key()} {
			if key += " " + row.Conn.String(); seen[key] {
				t.Fatalf("%s: two rows that could be one: %s", what, key)
			}
			seen[key] = true
		}
	}
	if len(left) > 0 {
		t.Fatalf("%s: left out: %v", what, left)
	}
}

func TestDiffAgainstPairs(t *testing.T) {
	clusters := uint64(500)
	if testing.Short() {
		clusters = 50
	}
	for seed := range clusters {
		a, _ := New(randomObjects(t, seed), Options{})
		b, _ := New(randomObjects(t, seed+1), Options{})
		checkDifference(t, Diff(a, b), wantChanges(a, b))
	}
}

// A policy that is tried out makes the same difference as a cluster that has it.
func TestEditAgainstPairs(t *testing.T) {
	clusters := uint64(700)
	if testing.Short() {
		clusters = 70
	}
	kinds := map[string]int{}
	for seed := range clusters {
		objects := randomObjects(t, seed)
		before, _ := New(objects, Options{})
		rel := before.Relation()
		d := dice{rand.New(rand.NewPCG(seed, 3))}
		for _, o := range randomObjects(t, seed+10_000) {
			if !kindOf(o).isNetworkPolicy() && !kindOf(o).isForeignPolicy() {
				continue
			}
			kinds[o.Kind]++
			after, _ := New(append(slices.Clone(objects), o), Options{})
			changes, _ := rel.Replacing(o)
			checkDifference(t, changes, wantChanges(before, after))
		}
		if len(before.Policies) > 0 {
			p := pick(d, before.Policies...)
			rest := slices.DeleteFunc(slices.Clone(objects), func(o *manifest.Object) bool { return o == p.Source })
			after, _ := New(rest, Options{})
			checkDifference(t, rel.Removing(p), wantChanges(before, after))
			kinds["removed"]++
		}
		checkRelation(t, before)
	}
	t.Log(kinds)
}
