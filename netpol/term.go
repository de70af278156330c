package netpol

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Term is a part of a set of peers that has a short name: a workload, all pods of
// a namespace but some, all addresses.
type Term struct {
	Kind      TermKind
	Workload  *Workload    // of a WorkloadTerm
	Namespace string       // of a NamespaceTerm or UndeclaredTerm
	Block     netip.Prefix // of a BlockTerm
	Except    []Term       // what lies within and does not belong to it
}

// TermKind tells what a term stands for.
type TermKind int

// The kinds of terms. Pods that the repository does not declare are part of
// AnythingTerm, AnyPodTerm and NamespaceTerm.
const (
	AnythingTerm      TermKind = iota // every pod and every address
	AnyPodTerm                        // every pod
	NamespaceTerm                     // every pod of a namespace
	WorkloadTerm                      // one workload
	UndeclaredTerm                    // pods of a namespace that the repository does not declare
	AnyUndeclaredTerm                 // pods of any namespace that the repository does not declare
	AnyAddressTerm                    // every address, of IPv4 and IPv6
	BlockTerm                         // a block of addresses, the largest ones possible
)

// String names the term: "any pod (except shop/Deployment/cart)".
func (t Term) String() string {
	if len(t.Except) == 0 {
		return t.name()
	}
	return t.name() + " (except " + t.exceptions() + ")"
}

// exceptions lists the exceptions, whole namespaces together and last.
func (t Term) exceptions() string {
	pods := "any pod in "
	if t.Kind == AnyUndeclaredTerm {
		pods = ""
	}
	var whole, list []string
	for i, name := range t.Exceptions() {
		if namespace := t.Except[i].Namespace; name == pods+"namespace "+namespace {
			whole = append(whole, namespace)
		} else {
			list = append(list, name)
		}
	}
	switch len(whole) {
	case 0:
	case 1:
		list = append(list, pods+"namespace "+whole[0])
	default:
		list = append(list, pods+"namespaces "+strings.Join(whole, ", "))
	}
	return strings.Join(list, ", ")
}

// Exceptions names what lies within the term and does not belong to it.
func (t Term) Exceptions() []string {
	names := make([]string, len(t.Except))
	for i, e := range t.Except {
		if names[i] = e.String(); t.Kind == AnyUndeclaredTerm {
			names[i] = namespaceName(e.Namespace)
		}
	}
	return names
}

func (t Term) name() string {
	switch t.Kind {
	case AnythingTerm:
		return "anything"
	case AnyPodTerm:
		return "any pod"
	case NamespaceTerm:
		return "any pod in " + namespaceName(t.Namespace)
	case WorkloadTerm:
		return t.Workload.String()
	case UndeclaredTerm:
		return "undeclared pods in " + namespaceName(t.Namespace)
	case AnyUndeclaredTerm:
		return "undeclared pods in any namespace"
	case AnyAddressTerm:
		return "any address"
	default:
		if t.Block.Bits() > 0 {
			return t.Block.String()
		}
		if t.Block.Addr().Is4() {
			return "any IPv4 address"
		}
		return "any IPv6 address"
	}
}

// Terms names the set in as few terms as it can: pods first, then addresses. The
// terms do not overlap.
func (s Peers) Terms() []Term {
	n := newNaming(s)
	pods, addresses := n.pods(), n.addresses()
	if len(pods) == 1 && pods[0].Kind == AnyPodTerm && len(addresses) == 1 && addresses[0].Kind == AnyAddressTerm {
		return []Term{{Kind: AnythingTerm, Except: slices.Concat(pods[0].Except, addresses[0].Except)}}
	}
	return append(pods, addresses...)
}

// naming is a set taken apart by kinds of peers.
type naming struct {
	space     *space
	workloads []run // within the set
	others    map[string]bool
	elsewhere bool
	in, out   []netip.Prefix // blocks within the set and outside of it, ascending
}

func newNaming(s Peers) *naming {
	n := &naming{space: s.space, others: map[string]bool{}}
	n.workloads = overlap(s.runs, 0, n.space.others)
	outside := overlap(s.runs, n.space.others, n.space.size())
	for p := range (Peers{n.space, outside}).All() {
		switch p.kind {
		case OtherPodsPeer:
			n.others[p.namespace] = true
		case ElsewherePeer:
			n.elsewhere = true
		default:
			n.in = append(n.in, p.block)
		}
	}
	if len(n.in) == 0 { // as in most sets; what is outside of them is many blocks
		return n
	}
	for p := range (Peers{n.space, complementOf(outside, n.space.others, n.space.size())}).All() {
		if p.kind == BlockPeer {
			n.out = append(n.out, p.block)
		}
	}
	slices.SortFunc(n.in, comparePrefixes)
	slices.SortFunc(n.out, comparePrefixes)
	return n
}

// pods names the pods of the set.
func (n *naming) pods() []Term {
	if !n.elsewhere {
		return n.podsOf(n.workloads, n.others)
	}
	missing := map[string]bool{}
	for name := range n.names() {
		missing[name] = !n.others[name]
	}
	without := complementOf(n.workloads, 0, n.space.others)
	if count(without) > count(n.workloads) {
		undeclared := Term{Kind: AnyUndeclaredTerm}
		for name := range n.names() {
			if missing[name] {
				undeclared.Except = append(undeclared.Except, Term{Kind: UndeclaredTerm, Namespace: name})
			}
		}
		return n.appendWorkloads([]Term{undeclared}, n.workloads)
	}
	return []Term{{Kind: AnyPodTerm, Except: n.podsOf(without, missing)}}
}

// names yields the namespaces whose undeclared pods are a peer of their own.
func (n *naming) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, p := range n.space.peers[n.space.others:n.space.elsewhere()] {
			if !yield(p.namespace) {
				return
			}
		}
		for _, p := range n.space.added {
			if p.kind == OtherPodsPeer && !yield(p.namespace) {
				return
			}
		}
	}
}

// podsOf names workloads and undeclared pods: namespaces of which the undeclared
// pods belong to the set as a whole, with what is missing of them.
func (n *naming) podsOf(workloads []run, undeclared map[string]bool) []Term {
	if !slices.Contains(slices.Collect(maps.Values(undeclared)), true) {
		return n.appendWorkloads(nil, workloads)
	}
	var terms []Term
	for name := range n.names() {
		first, last := n.space.workloadRange(name)
		inside := overlap(workloads, first, last)
		missing := complementOf(inside, first, last)
		switch {
		case !undeclared[name]:
			terms = n.appendWorkloads(terms, inside)
		case count(missing) > count(inside):
			terms = n.appendWorkloads(append(terms, Term{Kind: UndeclaredTerm, Namespace: name}), inside)
		default:
			terms = append(terms, Term{Kind: NamespaceTerm, Namespace: name, Except: n.appendWorkloads(nil, missing)})
		}
	}
	return terms
}

func (n *naming) appendWorkloads(terms []Term, runs []run) []Term {
	for _, r := range runs {
		for point := r.first; point <= r.last; point++ {
			terms = append(terms, Term{Kind: WorkloadTerm, Workload: n.space.peers[point].workload})
		}
	}
	return terms
}

// workloadRange returns the points of a namespace's workloads, last excluded.
func (s *space) workloadRange(namespace string) (first, last int) {
	find := func(name string) int {
		i, _ := slices.BinarySearchFunc(s.peers[:s.others], name, func(p Peer, name string) int {
			return strings.Compare(p.workload.Namespace, name)
		})
		return i
	}
	return find(namespace), find(namespace + "\x00")
}

// overlap returns the parts of runs from first to before last.
func overlap(runs []run, first, last int) []run {
	var inside []run
	i, _ := slices.BinarySearchFunc(runs, first, func(r run, first int) int { return int(r.last) - first })
	for ; i < len(runs) && int(runs[i].first) < last; i++ {
		inside = appendRange(inside, max(int(runs[i].first), first), min(int(runs[i].last)+1, last))
	}
	return inside
}

// complementOf returns the points from first to before last that are in no run.
func complementOf(runs []run, first, last int) []run {
	var missing []run
	for _, r := range runs {
		missing = appendRange(missing, first, int(r.first))
		first = int(r.last) + 1
	}
	return appendRange(missing, first, last)
}

// addresses names the blocks of the set, for each family by what is in it or by
// what is not, whichever is shorter.
func (n *naming) addresses() []Term {
	if len(n.in) == 0 {
		return nil
	}
	if len(n.out) == 0 {
		return []Term{{Kind: AnyAddressTerm}}
	}
	var terms []Term
	everywhere := true
	var except []Term
	for _, family := range families() {
		in, out := joined(n.in, family), joined(n.out, family)
		switch {
		case len(in) == 0:
			everywhere = false
		case len(out) < len(in):
			terms = append(terms, Term{Kind: BlockTerm, Block: family, Except: blockTerms(out)})
			except = append(except, blockTerms(out)...)
		default:
			terms = append(terms, blockTerms(in)...)
			everywhere = everywhere && len(out) == 0
		}
	}
	if everywhere {
		return []Term{{Kind: AnyAddressTerm, Except: except}}
	}
	return terms
}

func blockTerms(blocks []netip.Prefix) []Term {
	terms := make([]Term, 0, len(blocks))
	for _, b := range blocks {
		terms = append(terms, Term{Kind: BlockTerm, Block: b})
	}
	return terms
}

// joined returns the fewest blocks that make up the given ones of a family. They
// ascend and do not overlap.
func joined(blocks []netip.Prefix, family netip.Prefix) []netip.Prefix {
	var stack []netip.Prefix
	for _, b := range blocks {
		if b.Addr().BitLen() != family.Addr().BitLen() {
			continue
		}
		stack = append(stack, b)
		for len(stack) > 1 {
			lower, upper := stack[len(stack)-2], stack[len(stack)-1]
			if lower.Bits() != upper.Bits() || lower.Bits() == 0 {
				break
			}
			both := netip.PrefixFrom(lower.Addr(), lower.Bits()-1).Masked()
			if !both.Contains(upper.Addr()) {
				break
			}
			stack = append(stack[:len(stack)-2], both)
		}
	}
	return stack
}

// Divide returns the workloads of the set, and the rest of it.
func (s Peers) Divide() (workloads []*Workload, outside Peers) {
	outside.space = s.space
	for _, r := range s.runs {
		for point := r.first; int(point) < s.space.others && point <= r.last; point++ {
			workloads = append(workloads, s.space.peers[point].workload)
		}
		outside.runs = appendRange(outside.runs, max(int(r.first), s.space.others), int(r.last)+1)
	}
	return workloads, outside
}

// JoinBlocks returns the fewest blocks that hold the addresses of the peers that
// are blocks, ascending.
func JoinBlocks(peers []Peer) []netip.Prefix {
	var blocks []netip.Prefix
	for _, p := range peers {
		if p.kind == BlockPeer {
			blocks = append(blocks, p.block)
		}
	}
	slices.SortFunc(blocks, comparePrefixes)
	var all []netip.Prefix
	for _, family := range families() {
		all = append(all, joined(blocks, family)...)
	}
	return all
}
