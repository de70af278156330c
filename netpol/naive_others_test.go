package netpol

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// The policies of other projects as the naive model has them: those whose rules add
// to NetworkPolicies. What goes beyond that makes a policy doubtful.

type naiveOther interface {
	object() map[string]any
	// selects tells whether it may select a pod.
	selects(c *naiveCluster, n naiveNode) bool
	isolates(incoming bool) bool
	allows(c *naiveCluster, incoming bool, far, to naiveNode, protocol corev1.Protocol, port int32) bool
	doubtful(c *naiveCluster, incoming bool) bool
}

// otherSide evaluates the policies of near that are of other projects.
func (c *naiveCluster) otherSide(incoming bool, near, far, to naiveNode, protocol corev1.Protocol, port int32) (isolated, allowed bool) {
	for _, p := range c.others {
		if !p.selects(c, near) {
			continue
		}
		isolated = isolated || p.isolates(incoming)
		allowed = allowed || p.allows(c, incoming, far, to, protocol, port)
	}
	return isolated, allowed
}

// doubtful tells whether a doubtful policy may select a node, which then must be
// said to be uncertain and has no verdict.
func (c *naiveCluster) doubtful(incoming bool, n naiveNode) bool {
	if n.namespace == "" || n.host {
		return false
	}
	for _, p := range c.others {
		if p.selects(c, n) && p.doubtful(c, incoming) {
			return true
		}
	}
	return false
}

// hasHosts tells whether some pod is on the host network.
func (c *naiveCluster) hasHosts() bool {
	for _, n := range c.nodes {
		if n.host {
			return true
		}
	}
	return false
}

// checkDoubts checks that exactly the pods, declared or not, that a doubtful policy of
// another project may select are uncertain.
func checkDoubts(t *testing.T, model *naiveCluster, c *Cluster) {
	t.Helper()
	for _, n := range model.nodes {
		p := n.peer(c)
		for _, d := range bothDirections() {
			doubts := ""
			for _, doubt := range c.Uncertain(p, d) {
				if !strings.HasPrefix(doubt.Policy.Group, "policy.") {
					doubts += doubt.Policy.String() + ": " + doubt.Reason + "\n"
				}
			}
			if want := model.doubtful(d == Ingress, n); want != (doubts != "") {
				t.Errorf("%s of %s: uncertain %t, want %t\n%s", d, p, !want, want, doubts)
			}
		}
	}
}

// others returns policies of Cilium, of Calico, of both, or none.
func (d dice) others() []naiveOther {
	var others []naiveOther
	if d.chance(40) {
		for i := range d.IntN(4) {
			others = append(others, d.cilium(i))
		}
	}
	if d.chance(40) {
		for i := range d.IntN(4) {
			others = append(others, d.calico(i))
		}
	}
	return others
}

// requirement returns a condition on one of the keys.
func (d dice) requirement(keys []string, values ...string) metav1.LabelSelectorRequirement {
	r := metav1.LabelSelectorRequirement{
		Key:      pick(d, keys...),
		Operator: pick(d, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist),
	}
	if r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpNotIn {
		for range 1 + d.IntN(2) {
			r.Values = append(r.Values, pick(d, values...))
		}
	}
	return r
}

// withLabel returns labels with one more.
func withLabel(set labels.Set, key, value string) labels.Set {
	return labels.Merge(set, labels.Set{key: value})
}
