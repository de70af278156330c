package change

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// asked are pods that rules ask for by labels and that the repository does not declare,
// such as those of an ingress controller. Of each, a pod that has the labels stands for
// them in both states, so that the difference tells what opens and closes for them.
type asked struct {
	objects []*manifest.Object
	phrases map[manifest.Ref]string // of the pods
	known   map[[2]string]bool      // by namespace and phrase
	unnamed map[string]bool         // namespaces that stand for those that have labels
}

// compareAsked adds what was opened and closed for pods that rules ask for by labels that
// nothing in the repository has.
func (e *Environment) compareAsked(p pair, before []*manifest.Object) {
	a := &asked{phrases: map[manifest.Ref]string{}, known: map[[2]string]bool{}, unnamed: map[string]bool{}}
	a.addFrom(e.Before)
	a.addFrom(e.After)
	if len(a.objects) == 0 {
		return
	}
	was, now := a.with(before, p.before), a.with(p.after.Objects, p.after)
	d := netpol.Diff(was, now)
	if d.IsEmpty() {
		return
	}
	here, there := newSide(now), newSide(was)
	for i, c := range e.Closed {
		if !c.WithWorkload() {
			e.Closed[i].Kept = a.kept(c, here)
		}
	}
	opened, closed := comparison{here: here, there: there}, comparison{here: there, there: here, closed: true}
	for _, row := range a.rows(d.Opened(), nil) {
		addAsked(&e.Opened, opened.connections(d, row))
	}
	for _, row := range a.rows(d.Closed(), here) {
		addAsked(&e.Closed, closed.connections(d, row))
	}
	slices.SortStableFunc(e.Opened, compareConnections)
	slices.SortStableFunc(e.Closed, compareConnections)
}

// addAsked adds connections, but for those that only policies decide about that are about no
// workload of the repository.
func addAsked(list *[]Connections, c Connections) {
	isDeclared := func(w *netpol.Workload) bool { return w.StandsFor == "" }
	if slices.ContainsFunc(c.Causes, func(c Cause) bool {
		return c.Kind != ByPolicy || slices.ContainsFunc(c.Reason.Policy.Selected, isDeclared)
	}) {
		*list = append(*list, c)
	}
}

// addFrom adds the pods that rules of a cluster ask for, of policies about some workload.
func (a *asked) addFrom(c *netpol.Cluster) {
	for _, p := range slices.Concat(c.Policies, c.Others) {
		if len(p.Selected) == 0 {
			continue
		}
		for _, d := range []netpol.Direction{netpol.Ingress, netpol.Egress} {
			for _, r := range p.Rules(d) {
				for _, peer := range r.Peers {
					if c.AsksForMore(peer) {
						a.add(c, peer)
					}
				}
			}
		}
	}
}

// add adds a pod for an item of a rule, and its namespace where labels are asked of that.
func (a *asked) add(c *netpol.Cluster, peer *netpol.RulePeer) {
	namespace, namespaceLabels, ok := c.NamespaceExample(peer)
	key := [2]string{namespace, peer.Phrase()}
	if !ok || a.known[key] || namespaceLabels != nil && c.Namespace(namespace) != nil {
		return
	}
	a.known[key] = true
	labels := map[string]string{}
	if peer.PodSelector != nil {
		if labels, ok = peer.PodSelector.Example(); !ok {
			return
		}
	}
	name := fmt.Sprintf("asked-for-%d", len(a.known))
	if namespaceLabels != nil {
		namespace = cmp.Or(namespace, "of-"+name)
		a.unnamed[namespace] = true
		a.objects = append(a.objects, objectOf("Namespace", namespace, "", namespaceLabels))
	}
	pod := objectOf("Pod", name, namespace, labels)
	a.objects = append(a.objects, pod)
	a.phrases[pod.Ref] = peer.Phrase()
}

// objectOf makes an object of the core group.
func objectOf(kind, name, namespace string, labels map[string]string) *manifest.Object {
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"name": name, "labels": labels},
	})
	objects, gaps := manifest.Parse("", text)
	if err != nil || len(objects) != 1 {
		panic(fmt.Sprint("an object of labels: ", err, gaps)) // it is JSON
	}
	if namespace == "" {
		return objects[0]
	}
	return objects[0].WithNamespace(namespace)
}

// with builds the cluster of a state with the pods that are asked for.
func (a *asked) with(objects []*manifest.Object, e *analyzer.Environment) *netpol.Cluster {
	c, _ := netpol.New(slices.Concat(objects, a.objects), netpol.Options{NamespaceLabels: e.NamespaceLabels})
	for _, w := range c.Workloads {
		w.StandsFor = a.phrases[w.Ref]
	}
	return c
}

// holdsAny returns what tells of a pod that is asked for whether any other pod of its
// namespace is among some peers, as the comparison without such pods knows these.
func (a *asked) holdsAny(peers netpol.Peers) func(pod netpol.Peer) bool {
	others := map[netpol.Peer]bool{}
	for p := range peers.All() {
		if p.Kind() == netpol.OtherPodsPeer || p.Kind() == netpol.ElsewherePeer {
			others[p] = true
		}
	}
	return func(pod netpol.Peer) bool {
		if a.unnamed[pod.Namespace()] {
			return others[netpol.Elsewhere()]
		}
		return others[netpol.OtherPods(pod.Namespace())]
	}
}

// kept returns the pods that are asked for that keep connections which were closed for
// others of their namespace, as far as some of the other ends show.
func (a *asked) kept(c Connections, now *side) []string {
	var kept []string
	from, _ := sample(c.From, mostDestinations)
	to, _ := sample(c.To, mostDestinations)
	inFrom, inTo := a.holdsAny(c.From), a.holdsAny(c.To)
	keeps := func(far []netpol.Peer, allowed func(far netpol.Peer) netpol.ConnSet) bool {
		return slices.ContainsFunc(far, func(p netpol.Peer) bool {
			p, known := now.has(p)
			return known && p.Workload() != nil && !allowed(p).Intersect(c.Conn).IsEmpty()
		})
	}
	for _, w := range now.cluster.Workloads {
		if w.StandsFor == "" {
			continue
		}
		pod := netpol.PodsOf(w)
		if inFrom(pod) && keeps(to, func(far netpol.Peer) netpol.ConnSet { return now.cluster.Allowed(pod, far) }) ||
			inTo(pod) && keeps(from, func(far netpol.Peer) netpol.ConnSet { return now.cluster.Allowed(far, pod) }) {
			kept = append(kept, w.StandsFor)
		}
	}
	return kept
}

// rows keeps of rows what is between these pods and workloads of the repository, but for
// what holds for any pod of their namespace: that is told without them. Workloads that the
// other state has not are left out where it is given.
func (a *asked) rows(all []netpol.Row, other *side) []netpol.Row {
	isAsked := func(p netpol.Peer) bool { return p.Workload() != nil && p.Workload().StandsFor != "" }
	isDeclared := func(p netpol.Peer) bool {
		if p.Workload() == nil || isAsked(p) {
			return false
		}
		return other == nil || other.workloads[p.Workload().Ref] != nil
	}
	special := func(peers netpol.Peers) netpol.Peers {
		holdsAny := a.holdsAny(peers)
		return peers.Where(func(p netpol.Peer) bool { return isAsked(p) && !holdsAny(p) })
	}
	var rows []netpol.Row
	for _, r := range all {
		for _, row := range []netpol.Row{
			{From: special(r.From), To: r.To.Where(isDeclared), Conn: r.Conn},
			{From: r.From.Where(isDeclared), To: special(r.To), Conn: r.Conn},
		} {
			if row.From.Len() > 0 && row.To.Len() > 0 {
				rows = append(rows, row)
			}
		}
	}
	return rows
}
