package netpol

import (
	"testing"

	"github.com/ringfence/ringfence/manifest"
)

// parse reads manifests that must have no gap.
func parse(t testing.TB, text string) []*manifest.Object {
	t.Helper()
	objects, gaps := manifest.Parse("test.yaml", []byte(text))
	if len(gaps) > 0 {
		t.Fatalf("gaps in the test's manifests: %v", gaps)
	}
	return objects
}

// cluster makes a cluster of manifests that must have no gap.
func cluster(t testing.TB, text string) *Cluster {
	t.Helper()
	c, gaps := New(parse(t, text), Options{})
	if len(gaps) > 0 {
		t.Fatalf("unexpected gaps: %v", gaps)
	}
	return c
}

func workload(t testing.TB, c *Cluster, namespace, name string) *Workload {
	t.Helper()
	for _, w := range c.Workloads {
		if w.Namespace == namespace && w.Name == name {
			return w
		}
	}
	t.Fatalf("no workload %s/%s", namespace, name)
	return nil
}

// pods returns a workload of namespace/name as a peer.
func pods(t testing.TB, c *Cluster, namespace, name string) Peer {
	t.Helper()
	return PodsOf(workload(t, c, namespace, name))
}
