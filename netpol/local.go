package netpol

import (
	"cmp"
	"slices"
)

// evaluation of whole rows: what the policies of one side allow, for every peer
// on the other side at once. It does the same as evaluate.go does for one pair.

// locals makes the rows of one cluster.
type locals struct {
	*sets
	declared map[string]row  // of a named port: what its pods declare, by protocol and name
	network  map[groupOn]row // what a group's policies of the network tier allow
	edited   map[groupOn]row // the same for groups of a change that is tried out
	portSets map[string]int32
	runs     []run
	within   []run // what is open of these
}

// groupOn is a group in a direction, for workloads with given ports where they
// matter.
type groupOn struct {
	group     *group
	direction Direction
	ports     int32
}

func newLocals(c *Cluster, s *space, r *rows) *locals {
	return &locals{
		sets: newSets(c, s, r), declared: map[string]row{}, network: map[groupOn]row{}, edited: map[groupOn]row{}, portSets: map[string]int32{},
	}
}

// trying returns a copy for trying out a change. If the change adds peers, what is
// known of the others does not hold for it.
func (l *locals) trying(names []string) *locals {
	t := *l
	t.edited = map[groupOn]row{}
	if len(l.space.added) == 0 {
		return &t
	}
	t.declared, t.network = map[string]row{}, map[groupOn]row{}
	t.sets = l.sets.withNames(names)
	return &t
}

// row returns what the policies of groups allow a peer with the given ports, of what
// is open to it otherwise.
func (l *locals) row(groups []*group, ports []Port, d Direction, open row) row {
	if len(groups) == 0 {
		return open
	}
	allowed, undecided := noRow, open
	if admin := deciding(groups, AdminTier, d); admin != nil {
		allowed, undecided = l.decideByRules(admin, ports, d, allowed, undecided)
	}
	if isolated(groups, d) {
		return l.rows.union(allowed, l.isolate(groups, ports, d, undecided))
	}
	if baseline := deciding(groups, BaselineTier, d); baseline != nil {
		allowed, undecided = l.decideByRules(baseline, ports, d, allowed, undecided)
	}
	return l.rows.union(allowed, undecided)
}

// decideByRules applies policies whose rules count in their order. What it leaves
// to the next tier is undecided.
func (l *locals) decideByRules(policies []*Policy, ports []Port, d Direction, allowed, undecided row) (_, _ row) {
	passed := noRow
	for _, p := range policies {
		for _, rule := range p.Rules(d) {
			matched := l.rule(rule, ports, undecided)
			undecided = l.rows.subtract(undecided, matched)
			switch rule.Action {
			case Allow:
				allowed = l.rows.union(allowed, matched)
			case Pass:
				passed = l.rows.union(passed, matched)
			}
		}
	}
	return allowed, l.rows.union(undecided, passed)
}

// isolate returns what the network tier allows of what is open. The groups that most
// workloads share come first, so that their union is computed once.
func (l *locals) isolate(groups []*group, ports []Port, d Direction, open row) row {
	if len(groups) > 2 {
		groups = slices.Clone(groups)
		slices.SortStableFunc(groups, func(g, h *group) int { return cmp.Compare(len(h.members), len(g.members)) })
	}
	allowed := noRow
	for _, g := range groups {
		if len(g.members) <= 1 { // so nobody else asks
			allowed = l.rows.union(allowed, l.policies(g, ports, d, open))
		} else {
			allowed = l.rows.union(allowed, l.rows.intersect(l.shared(g, ports, d), open))
		}
	}
	return allowed
}

// shared returns what the policies of a group allow, which many peers ask.
func (l *locals) shared(g *group, ports []Port, d Direction) row {
	key := groupOn{group: g, direction: d}
	if d == Ingress && g.namesPorts() {
		key.ports = l.portsOf(ports)
	}
	allowed, known := l.known(g)[key]
	if !known {
		allowed = l.policies(g, ports, d, allRow)
		l.known(g)[key] = allowed
	}
	return allowed
}

// policies returns the union of the policies of a group that are of the network tier.
func (l *locals) policies(g *group, ports []Port, d Direction, open row) row {
	allowed := noRow
	for _, p := range g.policies {
		if p.Tier == NetworkTier {
			allowed = l.rows.union(allowed, l.policy(p, ports, d, open))
		}
	}
	return allowed
}

func (l *locals) known(g *group) map[groupOn]row {
	if g.edited {
		return l.edited
	}
	return l.network
}

// namesPorts tells whether some rule of ingress names a port.
func (g *group) namesPorts() bool {
	return slices.ContainsFunc(g.policies, func(p *Policy) bool {
		return slices.ContainsFunc(p.IngressRules, (*Rule).namesPorts)
	})
}

func (r *Rule) namesPorts() bool {
	return slices.ContainsFunc(r.Ports, func(p *RulePort) bool { return p.Name != "" })
}

// portsOf returns a number for a list of container ports.
func (l *locals) portsOf(ports []Port) int32 {
	l.key = l.key[:0]
	for _, p := range ports {
		l.key = append(l.key, byte(p.Protocol.slot()), byte(p.Number>>8), byte(p.Number))
		l.key = append(append(l.key, p.Name...), 0)
	}
	number, known := l.portSets[string(l.key)]
	if !known {
		number = int32(len(l.portSets)) + 1
		l.portSets[string(l.key)] = number
	}
	return number
}

// policy returns the union of the rules of a policy of the network tier.
func (l *locals) policy(p *Policy, ports []Port, d Direction, open row) row {
	l.runs = l.runs[:0]
	allowed := noRow
	for _, rule := range p.Rules(d) {
		allowed = l.rows.union(allowed, l.parts(rule, ports))
	}
	return l.addRuns(allowed, open)
}

// rule returns what a single rule matches of what is open.
func (l *locals) rule(rule *Rule, ports []Port, open row) row {
	l.runs = l.runs[:0]
	return l.addRuns(l.parts(rule, ports), open)
}

// parts returns what a rule matches, except for what it adds to l.runs.
func (l *locals) parts(rule *Rule, ports []Port) row {
	conn := allConn
	if rule.Direction == Ingress {
		conn = l.rows.conns.ports(rule, ports)
	} else if !rule.AllPorts {
		conn = l.rows.conns.id(rule.numbered())
	}
	named := rule.Direction == Egress && rule.namesPorts()
	if conn == noConn && !named {
		return noRow
	}
	if rule.AllPeers {
		return l.rows.union(uniformRow(conn), l.named(rule, allRow, named))
	}
	own, shared := l.runs[len(l.runs):], noRow
	for _, item := range rule.Peers {
		var set row
		own, set = l.set(item, own)
		shared = l.rows.union(shared, set)
	}
	matched := l.rows.intersect(shared, uniformRow(conn))
	if named {
		all := slices.Clone(own)
		slices.SortFunc(all, byFirst)
		matched = l.rows.union(matched, l.named(rule, l.rows.addOverlapping(shared, all), named))
	}
	for i := range own {
		own[i].conn = conn
	}
	l.runs = append(l.runs, own...)
	return matched
}

// numbered returns the ports of a rule that have no name.
func (r *Rule) numbered() ConnSet {
	var s ConnSet
	for _, p := range r.Ports {
		if p.Name == "" {
			s = s.Union(Ports(p.Protocol, p.First, p.Last))
		}
	}
	return s
}

// named returns what the named ports of an egress rule stand for at the points of
// a set, each of which has its own.
func (l *locals) named(rule *Rule, set row, any bool) row {
	matched := noRow
	if !any {
		return matched
	}
	for _, p := range rule.Ports {
		if p.Name != "" {
			matched = l.rows.union(matched, l.rows.intersect(set, l.declaring(p)))
		}
	}
	return matched
}

// declaring returns what a named port stands for at every point.
func (l *locals) declaring(p *RulePort) row {
	key := string(p.Protocol) + "/" + p.Name
	declared, known := l.declared[key]
	if !known {
		var runs []run
		for i, w := range l.cluster.Workloads {
			if conn := p.On(w.Ports); !conn.IsEmpty() {
				runs = append(runs, run{l.points[i], l.points[i], l.rows.conns.id(conn)})
			}
		}
		declared = l.rows.build(runs)
		l.declared[key] = declared
	}
	return declared
}

func byFirst(a, b run) int { return cmp.Compare(a.first, b.first) }

// addRuns adds l.runs, which may overlap and come in any order, to a row, and returns
// what is open of both.
func (l *locals) addRuns(n, open row) row {
	runs := l.runs
	if open != allRow {
		l.within = l.within[:0]
		for _, r := range l.runs {
			if r.last-r.first < few {
				l.within = l.rows.appendWithin(l.within, open, r)
			} else { // of which many pieces may be open
				n = l.rows.union(n, l.rows.build([]run{r}))
			}
		}
		runs = l.within
	}
	slices.SortFunc(runs, byFirst)
	return l.rows.addOverlapping(l.rows.intersect(n, open), runs)
}
