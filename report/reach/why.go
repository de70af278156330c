package reach

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report"
)

// Question asks in one environment whether a connection may be made.
type Question struct {
	Environment string
	Cluster     *netpol.Cluster
	// FromName and ToName are what was asked for, From and To the peers of it; of
	// addresses there may be several.
	FromName, ToName string
	From, To         []netpol.Peer
	Conn             netpol.ConnSet // all where no port was asked for
	Gaps             int            // what could not be seen of the environment
}

// answer is what holds for all connections between some peers.
type answer struct {
	*Question
	from, to []netpol.Peer
	// fromText and toText name them: as asked, unless the answer is about a part.
	fromText, toText string
	allowed          netpol.ConnSet // of those asked for
	reasons          []netpol.Reason
	doubts           []doubt
}

// mostBlocks is how many blocks are argued one by one. Policies may cut addresses
// into many more.
const mostBlocks = 64

// answers groups the peers of a question by what decides about them; of very many
// blocks, those with the same verdict, of which one stands for all.
func (q *Question) answers() []answer {
	allowed := func(from, to netpol.Peer) string { return q.answer(from, to).key() }
	if len(q.From)*len(q.To) > mostBlocks {
		rel := q.Cluster.Relation()
		allowed = func(from, to netpol.Peer) string { return rel.Allowed(from, to).Intersect(q.Conn).String() }
	}
	places := map[string]int{}
	var all []answer
	for _, from := range q.From {
		for _, to := range q.To {
			key := allowed(from, to)
			i, known := places[key]
			if !known {
				i = len(all)
				places[key] = i
				all = append(all, q.answer(from, to))
				continue
			}
			all[i].from, all[i].to = appendNew(all[i].from, from), appendNew(all[i].to, to)
		}
	}
	for i := range all {
		all[i].fromText, all[i].toText = endText(all[i].from, q.From, q.FromName), endText(all[i].to, q.To, q.ToName)
	}
	return all
}

// stands tells whether the reasons of an answer are those for its first peers only.
func (a answer) stands() bool { return len(a.From)*len(a.To) > mostBlocks && len(a.from)*len(a.to) > 1 }

// appendNew appends a peer unless it is there; peers come in the order of the question.
func appendNew(peers []netpol.Peer, p netpol.Peer) []netpol.Peer {
	if peers[len(peers)-1] == p {
		return peers
	}
	return append(peers, p)
}

func (q *Question) answer(from, to netpol.Peer) answer {
	allowed, reasons := q.Cluster.Explain(from, to)
	a := answer{Question: q, from: []netpol.Peer{from}, to: []netpol.Peer{to}, allowed: allowed.Intersect(q.Conn)}
	for _, r := range reasons {
		if r.Conn = r.Conn.Intersect(q.Conn); !r.Conn.IsEmpty() {
			a.reasons = append(a.reasons, r)
		}
	}
	a.addDoubts(from, netpol.Egress)
	a.addDoubts(to, netpol.Ingress)
	return a
}

// addDoubts adds why the side of a peer is not certain.
func (a *answer) addDoubts(p netpol.Peer, d netpol.Direction) {
	for _, u := range a.Cluster.Uncertain(p, d) {
		a.doubts = append(a.doubts, doubt{Doubt: u, direction: d, peers: []netpol.Peer{p}})
	}
}

// key is equal for answers that say the same.
func (a answer) key() string {
	var b strings.Builder
	fmt.Fprintln(&b, a.allowed)
	for _, r := range a.reasons {
		fmt.Fprintln(&b, r.Policy.Source.Ref, r.Pos, r.Direction, r.Rule, r.Denies, r.Passes, r.Conn)
	}
	return b.String()
}

// verdict is "allowed", "denied" or, where only a part of what was asked is
// allowed, "partly allowed". It is "uncertain" where policies are not evaluated
// completely, and "depends" where what the repository does not say decides.
func (a answer) verdict() string {
	switch {
	case a.certainlyDenied():
		return "denied"
	case len(a.doubts) > 0:
		return "uncertain"
	case a.depends():
		return "depends"
	default:
		return a.decided()
	}
}

// certainlyDenied tells whether one side denies all that was asked for, whatever
// the doubts about the other are.
func (a answer) certainlyDenied() bool {
	for _, s := range a.sides() {
		doubted := slices.ContainsFunc(a.doubts, func(d doubt) bool { return d.direction == s.direction })
		if !doubted && s.denied.Equal(a.Conn) && !a.sideDepends(s) {
			return true
		}
	}
	return false
}

// depends tells whether the verdict would be another one if the repository said more.
func (a answer) depends() bool {
	return slices.ContainsFunc(a.sides(), func(s side) bool { return a.sideDepends(s) || len(a.denials(s)) > 0 })
}

// sideDepends tells whether what a side denies would be allowed if the repository said more.
func (a answer) sideDepends(s side) bool {
	return slices.ContainsFunc(s.isolating, func(i isolation) bool {
		return slices.ContainsFunc(i.rules, func(u unmatched) bool { return a.condition(u, s) != "" })
	})
}

// condition says under which condition, that the repository does not tell, a rule
// allows what it is not about as far as is known; empty for none.
func (a answer) condition(u unmatched, s side) string {
	var ports []netpol.Port
	if w := a.to[0].Workload(); w != nil {
		ports = w.Ports
	}
	if u.peer || u.rule.On(ports).Intersect(a.Conn).IsEmpty() {
		return ""
	}
	for _, p := range u.rule.Peers {
		if c := a.peerCondition(p, s.far); c != "" {
			return c
		}
	}
	return ""
}

func (a answer) peerCondition(p *netpol.RulePeer, far netpol.Peer) string {
	w := far.Workload()
	switch {
	case far.Kind() == netpol.BlockPeer:
		return ""
	case p.MayHoldPods():
		return "the network plugin matches pods by their addresses"
	case p.PodSelector == nil && p.NamespaceSelector == nil, w != nil && w.HostNetwork:
		return ""
	}
	whatever, labels := *p, ""
	if w == nil && p.PodSelector != nil && !p.PodSelector.Matches(nil) {
		whatever.PodSelector, labels = &netpol.Selector{}, "the pod has the labels"
		if a.Cluster.PeerMatches(&whatever, far) {
			return "it has the labels"
		}
	}
	condition := a.namespaceCondition(p.Rule.Policy.Namespace, p.NamespaceSelector, far)
	whatever.NamespaceSelector = &netpol.Selector{}
	if condition == "" || !a.Cluster.PeerMatches(&whatever, far) {
		return ""
	}
	return joined(condition, labels)
}

// decided is the verdict as far as policies are evaluated.
func (a answer) decided() string { return verdictOn(a.allowed, a.Conn) }

func verdictOn(allowed, asked netpol.ConnSet) string {
	switch {
	case allowed.IsEmpty():
		return "denied"
	case allowed.Equal(asked):
		return "allowed"
	default:
		return "partly allowed"
	}
}

// side is what the policies of one end say.
type side struct {
	direction  netpol.Direction
	near, far  netpol.Peer
	reasons    []netpol.Reason
	denied     netpol.ConnSet
	isolating  []isolation
	everything bool // nothing is about it
}

// isolation is a policy that denies what none of its rules allows.
type isolation struct {
	policy *netpol.Policy
	rules  []unmatched
}

// unmatched is a rule that could have allowed what is denied.
type unmatched struct {
	rule *netpol.Rule
	peer bool // it is about the peer, but not on the ports
}

// sides returns both ends in the order in which one would argue: what denies first,
// else from the caller to the called.
func (a answer) sides() []side {
	var sides []side
	for _, d := range []netpol.Direction{netpol.Egress, netpol.Ingress} {
		s := side{direction: d, near: a.to[0], far: a.from[0], everything: true}
		if d == netpol.Egress {
			s.near, s.far = s.far, s.near
		}
		for _, r := range a.reasons {
			if r.Direction != d {
				continue
			}
			s.everything = false
			if r.Denies {
				s.denied = s.denied.Union(r.Conn)
			}
			if r.Denies && r.Rule < 0 {
				s.isolating = append(s.isolating, isolation{r.Policy, a.unmatched(r, s)})
			} else {
				s.reasons = append(s.reasons, r)
			}
		}
		sides = append(sides, s)
	}
	if sides[0].denied.IsEmpty() && !sides[1].denied.IsEmpty() {
		slices.Reverse(sides)
	}
	return sides
}

// unmatched returns the rules of an isolating policy that allow nothing of what
// was asked for.
func (a answer) unmatched(r netpol.Reason, s side) []unmatched {
	var all []unmatched
	for i, rule := range r.Policy.Rules(s.direction) {
		if slices.ContainsFunc(s.reasons, func(o netpol.Reason) bool { return o.Policy == r.Policy && o.Rule == i }) {
			continue
		}
		all = append(all, unmatched{rule, rule.AllPeers || slices.ContainsFunc(rule.Peers, func(p *netpol.RulePeer) bool {
			return a.Cluster.PeerMatches(p, s.far)
		})})
	}
	return all
}

// published returns how the outside of the cluster can call what was asked for.
func (a answer) published() []netpol.Entry {
	w := a.to[0].Workload()
	if w == nil || a.from[0].Kind() != netpol.BlockPeer {
		return nil
	}
	return slices.DeleteFunc(a.Cluster.Entries(), func(e netpol.Entry) bool {
		return !e.Outside || e.Workload != w || e.Conn().Intersect(a.Conn).IsEmpty()
	})
}

func endText(peers, asked []netpol.Peer, name string) string {
	if peers[0].Kind() != netpol.BlockPeer {
		return report.Printable(peers[0].String())
	}
	if len(peers) == len(asked) {
		return name
	}
	inside := make(map[netpol.Peer]bool, len(peers))
	for _, p := range peers {
		inside[p] = true
	}
	rest := slices.DeleteFunc(slices.Clone(asked), func(p netpol.Peer) bool { return inside[p] })
	blocks, others := blockNames(peers), blockNames(rest)
	if len(others) < len(blocks) {
		return name + " except " + report.Some(others, most)
	}
	return report.Some(blocks, most)
}

func blockNames(peers []netpol.Peer) []string {
	var names []string
	for _, b := range netpol.JoinBlocks(peers) {
		names = append(names, b.String())
	}
	return names
}
