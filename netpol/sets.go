package netpol

import (
	"maps"
	"net/netip"
	"slices"
)

// sets finds the points that the peers of rules match in one cluster.
type sets struct {
	cluster *Cluster
	space   *space
	rows    *rows
	index   index       // a copy, with buffers of its own
	points  []int32     // of the cluster's workloads
	others  []otherPods // elsewhere has no name
	names   map[string]int
	onHost  []bool // by position of a workload
	host    []int  // the positions of those on the host network
	located []int  // and of those whose addresses are known

	selected []*namespaces  // by number of a selector of namespaces
	large    map[setKey]row // sets that rules share
	key      []byte
	found    []int32
	own      *Namespace // that was asked for last
	ownIndex [1]int     // of it
}

// namespaces are those that a selector matches, as indexes of sets.others.
type namespaces struct {
	indexes []int
	byName  bool // the selector names the only one
}

// setKey is the selectors of a set, and the namespace in which pods alone are looked
// for.
type setKey struct {
	own              *Namespace
	namespaces, pods *Selector
}

func newSets(c *Cluster, s *space, r *rows) *sets {
	x := &sets{
		cluster: c, space: s, rows: r, index: *c.index, points: s.pointsOf(c),
		onHost: make([]bool, len(c.Workloads)),
		names:  make(map[string]int, len(s.names)), large: map[setKey]row{},
	}
	x.index.terms, x.index.values, x.index.found = nil, nil, nil
	for i, name := range s.names {
		x.addOthers(name, s.others+i)
	}
	x.others = append(x.others, otherPods{elsewhereNamespace(), s.elsewhere()})
	for i, w := range c.Workloads {
		if w.HostNetwork {
			x.onHost[i], x.host = true, append(x.host, i)
		}
		if len(w.addresses) > 0 {
			x.located = append(x.located, i)
		}
	}
	return x
}

// otherPods are the other pods of a namespace.
type otherPods struct {
	*Namespace
	point int
}

func (x *sets) addOthers(name string, point int) {
	n := x.cluster.namespaces[name]
	if n == nil {
		n = x.cluster.undeclared(name)
	}
	x.names[name] = len(x.others)
	x.others = append(x.others, otherPods{n, point})
}

// withNames returns a copy for a change that adds peers, among them other pods of
// the named namespaces.
func (x *sets) withNames(names []string) *sets {
	t := *x
	t.selected, t.large, t.own = nil, map[setKey]row{}, nil
	if len(names) == 0 {
		return &t
	}
	t.names, t.others = maps.Clone(x.names), slices.Clone(x.others)
	for i, name := range names {
		t.addOthers(name, len(x.space.peers)+i)
	}
	return &t
}

// set returns the points that one item matches: as runs where they are few or
// nobody else asks for them, else as a row.
func (x *sets) set(item *RulePeer, runs []run) (_ []run, shared row) {
	switch {
	case item.Block != nil:
		return x.appendBlock(item, runs), noRow
	case item.Networks != nil:
		return x.appendNetworks(item, runs), noRow
	case item.entities.world, item.entities.cluster:
		return x.appendEntities(item.entities, runs), noRow
	case item.Nodes != nil:
		for _, i := range x.host {
			if w := x.cluster.Workloads[i]; item.Nodes.Matches(w.nodeLabels()) {
				runs = appendPoint(runs, int(x.points[i]))
			}
		}
		return runs, noRow
	case item.NamespaceSelector == nil && item.PodSelector == nil:
		return runs, noRow
	}
	n := x.namespaces(item)
	if n.areFew(item) {
		return x.appendPods(item, n, runs), noRow
	}
	key := setKey{namespaces: item.NamespaceSelector, pods: item.PodSelector}
	if key.namespaces == nil {
		key.own = item.Rule.Policy.namespace
	}
	set, known := x.large[key]
	if !known {
		set = x.rows.build(x.appendPods(item, n, nil))
		x.large[key] = set
	}
	return runs, set
}

// areFew tells whether an item looks for some pods of one small namespace only.
func (n namespaces) areFew(item *RulePeer) bool {
	if item.NamespaceSelector != nil {
		return n.byName && item.PodSelector != nil && !item.PodSelector.IsEmpty()
	}
	own := item.Rule.Policy.namespace
	return own.last-own.first <= few
}

// onlyName returns the name of the only namespace that a selector matches.
func (s *Selector) onlyName() (name string, ok bool) {
	if s.invalid || len(s.Requirements) != 1 {
		return "", false
	}
	r := &s.Requirements[0]
	if r.Key != NameLabel || r.Operator != In || len(r.Values) != 1 {
		return "", false
	}
	return r.Values[0], true
}

// appendPods appends the points that an item matches in its namespaces.
func (x *sets) appendPods(item *RulePeer, in namespaces, runs []run) []run {
	var all Selector
	pods := item.PodSelector
	if pods == nil {
		pods = &all
	}
	if len(in.indexes) == 1 && x.others[in.indexes[0]].point != x.space.elsewhere() {
		n := x.others[in.indexes[0]]
		x.found = x.index.find(x.found[:0], n.first, n.last, nil, pods)
	} else {
		x.found = x.index.find(x.found[:0], 0, len(x.cluster.Workloads), item.NamespaceSelector, pods)
	}
	runs = x.appendWorkloads(runs, x.found)
	if pods.Matches(nil) {
		for _, i := range in.indexes {
			runs = appendPoint(runs, x.others[i].point)
		}
	}
	return runs
}

func (x *sets) appendWorkloads(runs []run, positions []int32) []run {
	for _, i := range positions {
		if !x.onHost[i] {
			runs = appendPoint(runs, int(x.points[i]))
		}
	}
	return runs
}

// namespaces returns the namespaces that an item is about.
func (x *sets) namespaces(item *RulePeer) namespaces {
	if item.NamespaceSelector == nil {
		if own := item.Rule.Policy.namespace; own != x.own {
			x.own, x.ownIndex[0] = own, x.names[own.Name]
		}
		return namespaces{indexes: x.ownIndex[:]}
	}
	number := int(item.NamespaceSelector.number)
	if number >= len(x.selected) {
		x.selected = append(x.selected, make([]*namespaces, number+1)...)
	}
	matching := x.selected[number]
	if matching == nil || number == 0 {
		found := x.matching(item.NamespaceSelector)
		matching = &found
		x.selected[number] = matching
	}
	return *matching
}

// matching finds the namespaces that a selector matches.
func (x *sets) matching(s *Selector) namespaces {
	name, byName := s.onlyName()
	all := namespaces{byName: byName}
	if byName {
		if i, known := x.names[name]; known && !x.others[i].Private {
			all.indexes = []int{i}
		}
		return all
	}
	for i, n := range x.others {
		if s.Matches(n.Labels) {
			all.indexes = append(all.indexes, i)
		}
	}
	return all
}

func (x *sets) appendBlock(item *RulePeer, runs []run) []run {
	if !item.outside {
		runs = x.appendLocated(item, runs, item.Block.Contains)
	}
	first, last := x.space.blockRange(item.Block.CIDR)
	excepted := make([][2]int, 0, len(item.Block.Except))
	for _, e := range item.Block.Except {
		from, to := x.space.blockRange(e)
		excepted = append(excepted, [2]int{from, to})
	}
	slices.SortFunc(excepted, func(a, b [2]int) int { return a[0] - b[0] })
	for _, e := range excepted {
		if e[0] > first {
			runs = appendRange(runs, first, min(e[0], last))
		}
		first = max(first, e[1])
	}
	return x.appendAdded(appendRange(runs, first, last), item.Block.Contains)
}

// appendAdded appends the blocks that a change added and that are accepted.
func (x *sets) appendAdded(runs []run, accepts func(netip.Prefix) bool) []run {
	for i, p := range x.space.added {
		if p.kind == BlockPeer && accepts(p.block) {
			runs = appendPoint(runs, len(x.space.peers)+i)
		}
	}
	return runs
}

func (x *sets) appendNetworks(item *RulePeer, runs []run) []run {
	if item.everyPod {
		runs = x.appendUnlocated(runs)
	}
	inside := func(block netip.Prefix) bool {
		return slices.ContainsFunc(item.Networks, func(n netip.Prefix) bool { return covers(n, block) })
	}
	runs = x.appendLocated(item, runs, inside)
	for _, n := range item.Networks {
		first, last := x.space.blockRange(n)
		runs = appendRange(runs, first, last)
	}
	return x.appendAdded(runs, inside)
}

// appendLocated appends the workloads that have one of the addresses accepted.
func (x *sets) appendLocated(item *RulePeer, runs []run, accepts func(netip.Prefix) bool) []run {
	for _, i := range x.located {
		if item.holds(x.cluster.Workloads[i].end(), accepts) {
			runs = appendPoint(runs, int(x.points[i]))
		}
	}
	return runs
}

// appendUnlocated appends all pods whose addresses are not known.
func (x *sets) appendUnlocated(runs []run) []run {
	next := 0
	for _, i := range x.located {
		runs = appendRange(runs, next, int(x.points[i]))
		next = int(x.points[i]) + 1
	}
	return x.appendAddedPods(appendRange(runs, next, x.space.blocks))
}

// appendAddedPods appends the other pods that a change added.
func (x *sets) appendAddedPods(runs []run) []run {
	for i, p := range x.space.added {
		if p.kind == OtherPodsPeer {
			runs = appendPoint(runs, len(x.space.peers)+i)
		}
	}
	return runs
}

func (x *sets) appendEntities(e entities, runs []run) []run {
	if e.cluster {
		runs = x.appendAddedPods(appendRange(runs, 0, x.space.blocks))
	}
	if e.world {
		runs = appendRange(runs, x.space.blocks, len(x.space.peers))
		runs = x.appendAdded(runs, func(netip.Prefix) bool { return true })
	}
	return runs
}

func appendPoint(runs []run, point int) []run { return appendRange(runs, point, point+1) }

// appendRange appends the points from first to before last.
func appendRange(runs []run, first, last int) []run {
	if first >= last {
		return runs
	}
	if k := len(runs) - 1; k >= 0 && int(runs[k].last) == first-1 {
		runs[k].last = int32(last - 1)
		return runs
	}
	return append(runs, run{int32(first), int32(last - 1), allConn})
}
