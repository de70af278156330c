package netpol

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// named returns the namespace's workload of that name.
func (n *Namespace) named(name string) *Workload {
	for _, w := range n.workloads {
		if w.Name == name {
			return w
		}
	}
	return nil
}

// checkNaive compares every pair of a random cluster with the model, and the
// reasons with the verdict. It returns the number of verdicts.
func checkNaive(t *testing.T, seed uint64) int {
	t.Helper()
	model, objects := dice{rand.New(rand.NewPCG(seed, 7))}.cluster()
	var text string
	for _, o := range objects {
		j, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		text += "---\n" + string(j) + "\n"
	}
	c := cluster(t, text)
	defer func() {
		if t.Failed() {
			t.Logf("seed %d:\n%s", seed, text)
		}
	}()
	checkDoubts(t, model, c)
	verdicts := 0
	for _, from := range model.nodes {
		for _, to := range model.nodes {
			conn, reasons := c.Explain(from.peer(c), to.peer(c))
			checkReasons(t, conn, reasons)
			for _, d := range bothDirections() {
				verdicts += model.check(t, c, d, from, to)
			}
			if both := c.Allows(Egress, from.peer(c), to.peer(c)).Intersect(c.Allows(Ingress, from.peer(c), to.peer(c))); !both.Equal(conn) {
				t.Fatalf("%s -> %s: got %s, want %s", from.peer(c), to.peer(c), conn, both)
			}
		}
	}
	return verdicts
}

// check compares what the policies of one side allow, if none of them is doubtful.
func (c *naiveCluster) check(t *testing.T, got *Cluster, d Direction, from, to naiveNode) (verdicts int) {
	t.Helper()
	near, far := to, from
	if d == Egress {
		near, far = from, to
	}
	if c.doubtful(d == Ingress, near) {
		return 0
	}
	conn := got.Allows(d, from.peer(got), to.peer(got))
	for _, protocol := range protocols() {
		for _, port := range []int{1, 53, 54, 79, 80, 81, 8080, 8081, 16080, 65535} {
			verdicts++
			want := c.verdict(d == Ingress, near, far, to, corev1.Protocol(protocol), int32(port))
			if conn.Contains(protocol, port) != want {
				t.Fatalf("%s of %s -> %s on %s %d: got %t, want %t", d, from.peer(got), to.peer(got), protocol, port, !want, want)
			}
		}
	}
	return verdicts
}

// checkReasons checks that the reasons add up to what is allowed and denied.
func checkReasons(t *testing.T, conn ConnSet, reasons []Reason) {
	t.Helper()
	allowed := All()
	for _, d := range bothDirections() {
		var permits, denies ConnSet
		for _, r := range reasons {
			switch {
			case r.Direction != d || r.Passes:
			case r.Denies:
				denies = denies.Union(r.Conn)
			default:
				permits = permits.Union(r.Conn)
			}
		}
		if !permits.Intersect(denies).IsEmpty() {
			t.Fatalf("%s: reasons permit %s and deny %s", d, permits, denies)
		}
		allowed = allowed.Subtract(denies)
	}
	if !allowed.Equal(conn) {
		t.Fatalf("reasons give %s, want %s", allowed, conn)
	}
}

func TestAgainstNaiveModel(t *testing.T) {
	clusters, verdicts := uint64(2000), 0
	if testing.Short() {
		clusters = 200
	}
	for seed := range clusters {
		verdicts += checkNaive(t, seed)
	}
	t.Logf("%d verdicts on %d clusters", verdicts, clusters)
}

func FuzzCluster(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { checkNaive(t, seed) })
}
