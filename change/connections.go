package change

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// Connections are connections that were opened or closed alike.
type Connections struct {
	netpol.Row
	Risk Risk
	// Published is true for connections from outside of the repository where a Service,
	// an Ingress or a route publishes one of the destinations on a port of these.
	Published bool
	// DataStores are the data stores among the destinations: "postgresql".
	DataStores []string
	// Kept are, of closed ones, pods of the same namespaces that keep some of them because
	// of labels that rules ask for: "pods with app=proxy in namespace shop".
	Kept []string
	// Uncertain is true where policies about an end are not evaluated completely.
	Uncertain bool
	Causes    []Cause // at least one
	// Sampled is true where there are too many pairs to look at each: there may be
	// other causes.
	Sampled bool
}

// Risk says how much it matters that connections are allowed: the worst of what is
// true of some of them.
type Risk string

// The risks, the worst first.
const (
	FromInternet     Risk = "from-internet"     // from public addresses to a workload
	AcrossNamespaces Risk = "across-namespaces" // to pods of a known namespace from another
	ToDataStore      Risk = "to-data-store"     // within a namespace, to what keeps data
	Elsewhere        Risk = "other"
)

var risks = []Risk{FromInternet, AcrossNamespaces, ToDataStore, Elsewhere}

// compareConnections computes what was opened and closed.
func (e *Environment) compareConnections() {
	d := netpol.Diff(e.Before, e.After)
	if d.IsEmpty() {
		return
	}
	before, after := newSide(e.Before), newSide(e.After)
	opened := comparison{here: after, there: before}
	closed := comparison{here: before, there: after, closed: true}
	for _, row := range d.Opened() {
		e.Opened = append(e.Opened, opened.connections(d, row))
	}
	for _, row := range d.Closed() {
		e.Closed = append(e.Closed, closed.connections(d, row))
	}
	for _, list := range [][]Connections{e.Opened, e.Closed} {
		slices.SortStableFunc(list, compareConnections)
	}
}

// side is one state of an environment.
type side struct {
	cluster   *netpol.Cluster
	workloads map[manifest.Ref]*netpol.Workload
	policies  map[manifest.Ref]*netpol.Policy // the first of those that an object stands for
	published map[manifest.Ref]netpol.ConnSet
}

func newSide(c *netpol.Cluster) *side {
	s := &side{
		cluster: c, workloads: workloadsByRef(c),
		policies: make(map[manifest.Ref]*netpol.Policy), published: make(map[manifest.Ref]netpol.ConnSet),
	}
	for _, p := range slices.Concat(c.Policies, c.Others) {
		if ref := p.Source.Ref; s.policies[ref] == nil {
			s.policies[ref] = p
		}
	}
	for _, n := range published(c) {
		s.published[n.Workload.Ref] = s.published[n.Workload.Ref].Union(n.Conn())
	}
	return s
}

// has returns the peer as this state has it.
func (s *side) has(p netpol.Peer) (netpol.Peer, bool) {
	if p.Kind() != netpol.WorkloadPeer {
		return p, true
	}
	w := s.workloads[p.Workload().Ref]
	return netpol.PodsOf(w), w != nil
}

// comparison looks at connections that one state, here, allows and the other does not.
type comparison struct {
	here, there *side
	closed      bool // here is the state before
}

func (c comparison) connections(d *netpol.Difference, row netpol.Row) Connections {
	group := Connections{Row: row}
	to, _ := row.To.Divide()
	_, outside := row.From.Divide()
	for _, w := range to {
		w = c.here.workloads[w.Ref]
		group.Published = group.Published || outside.Len() > 0 && !c.here.published[w.Ref].Intersect(row.Conn).IsEmpty()
		if store := analyzer.DataStore(w); store != "" && !slices.Contains(group.DataStores, store) {
			group.DataStores = append(group.DataStores, store)
		}
	}
	group.Uncertain = c.uncertain(row.To, netpol.Ingress) || c.uncertain(row.From, netpol.Egress)
	group.Risk = riskOf(row, len(to) > 0, len(group.DataStores) > 0)
	c.findCauses(d, &group)
	return group
}

// uncertain tells whether a policy about some of the peers is not evaluated completely,
// in either state.
func (c comparison) uncertain(peers netpol.Peers, d netpol.Direction) bool {
	return anyOf(peers, func(p netpol.Peer) bool {
		for _, s := range []*side{c.here, c.there} {
			if p, has := s.has(p); has && len(s.cluster.Uncertain(p, d)) > 0 {
				return true
			}
		}
		return false
	})
}

func riskOf(row netpol.Row, toWorkload, toDataStore bool) Risk {
	if toWorkload && anyOf(row.From, netpol.Peer.IsPublic) {
		return FromInternet
	}
	from, to := namespacesOf(row.From), namespacesOf(row.To)
	delete(to, unnamed) // there need not be any
	for n := range from {
		if len(to) > 1 || len(to) == 1 && !to[n] {
			return AcrossNamespaces
		}
	}
	if toDataStore {
		return ToDataStore
	}
	return Elsewhere
}

func anyOf(peers netpol.Peers, matches func(netpol.Peer) bool) bool {
	for p := range peers.All() {
		if matches(p) {
			return true
		}
	}
	return false
}

// unnamed stands for the namespaces that neither the repository nor a policy names.
const unnamed = "*"

// namespacesOf returns the namespaces of the pods among some peers.
func namespacesOf(peers netpol.Peers) map[string]bool {
	found := make(map[string]bool)
	for p := range peers.All() {
		switch p.Kind() {
		case netpol.BlockPeer:
		case netpol.ElsewherePeer:
			found[unnamed] = true
		default:
			found[p.Namespace()] = true
		}
	}
	return found
}

// compareConnections puts first what matters most: the worse risk, what is published,
// what goes to data stores, what is no mere consequence of a workload that came or went.
func compareConnections(a, b Connections) int {
	risk := func(c Connections) int { return slices.Index(risks, c.Risk) }
	no := func(is bool) int {
		if is {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(no(!a.WithWorkload()), no(!b.WithWorkload())),
		cmp.Compare(risk(a), risk(b)),
		cmp.Compare(no(a.Published), no(b.Published)),
		cmp.Compare(no(len(a.DataStores) > 0), no(len(b.DataStores) > 0)),
	)
}

// WithWorkload tells whether the connections went away for no other reason than that
// a workload did.
func (c Connections) WithWorkload() bool {
	return !slices.ContainsFunc(c.Causes, func(c Cause) bool { return c.Kind != WorkloadRemoved })
}
