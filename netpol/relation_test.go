package netpol

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/ringfence/ringfence/manifest"
)

// randomObjects returns the manifests of a random cluster.
func randomObjects(t *testing.T, seed uint64) []*manifest.Object {
	t.Helper()
	_, objects := dice{rand.New(rand.NewPCG(seed, 7))}.cluster()
	var text string
	for _, o := range objects {
		j, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		text += "---\n" + string(j) + "\n"
	}
	return parse(t, text)
}

// checkRelation compares the relation of a cluster with what is allowed pair by
// pair.
func checkRelation(t *testing.T, c *Cluster) {
	t.Helper()
	rel := c.Relation()
	want := map[[2]Peer]ConnSet{}
	for _, from := range rel.Peers() {
		for _, to := range rel.Peers() {
			if from.Kind() == BlockPeer && to.Kind() == BlockPeer {
				continue
			}
			conn := c.Allowed(from, to)
			if got := rel.Allowed(from, to); !got.Equal(conn) {
				t.Fatalf("%s -> %s: the relation has %s, want %s", from, to, got, conn)
			}
			if !conn.IsEmpty() {
				want[[2]Peer{from, to}] = conn
			}
		}
	}
	if rel.Count() != len(want) {
		t.Fatalf("%d pairs are counted, want %d", rel.Count(), len(want))
	}
	pairs := 0
	for p := range rel.Pairs() {
		if pairs++; !p.Conn.Equal(want[[2]Peer{p.From, p.To}]) {
			t.Fatalf("pair %s -> %s has %s", p.From, p.To, p.Conn)
		}
	}
	if pairs != len(want) {
		t.Fatalf("%d pairs, want %d", pairs, len(want))
	}
	for row := range rel.Rows() {
		for from := range row.From.All() {
			for to := range row.To.All() {
				pair := [2]Peer{from, to}
				if !row.Conn.Equal(want[pair]) || row.Conn.IsEmpty() {
					t.Fatalf("row %s -> %s has %s, want %s", from, to, row.Conn, want[pair])
				}
				delete(want, pair)
			}
		}
	}
	if len(want) > 0 {
		t.Fatalf("%d pairs are in no row", len(want))
	}
}

func TestRelationAgainstPairs(t *testing.T) {
	clusters := uint64(2000)
	if testing.Short() {
		clusters = 200
	}
	for seed := range clusters {
		c, _ := New(randomObjects(t, seed), Options{})
		checkRelation(t, c)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestRelationOfGenerated(t *testing.T) {
	for name, write := range map[string]func(*generator, int){
		"tiers": (*generator).cluster, "one namespace": (*generator).oneNamespace, "cluster-wide": (*generator).clusterWide,
		"whole cluster": (*generator).wholeCluster,
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := New(generated(t, write, 100), Options{})
			checkRelation(t, c)
		})
	}
}
