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

// row returns what the policies of groups allow a peer with the given ports.
func (l *locals) row(groups []*group, ports []Port, d Direction) row {
	if len(groups) == 0 {
		return allRow
	}
	allowed, undecided := noRow, allRow
	if admin := deciding(groups, AdminTier, d); admin != nil {
		allowed, undecided = l.decideByRules(admin, ports, d, allowed, undecided)
	}
	if isolated(groups, d) {
		return l.rows.union(allowed, l.rows.intersect(undecided, l.isolate(groups, ports, d)))
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
			matched := l.rows.intersect(undecided, l.rule(rule, ports))
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

// isolate returns what the network tier allows. The groups that most workloads
// share come first, so that their union is computed once.
func (l *locals) isolate(groups []*group, ports []Port, d Direction) row {
	if len(groups) > 2 {
		groups = slices.Clone(groups)
		slices.SortStableFunc(groups, func(g, h *group) int { return cmp.Compare(len(h.members), len(g.members)) })
	}
	allowed := noRow
	for _, g := range groups {
		allowed = l.rows.union(allowed, l.groupRow(g, ports, d))
	}
	return allowed
}

func (l *locals) groupRow(g *group, ports []Port, d Direction) row {
	key := groupOn{group: g, direction: d}
	alone := len(g.members) <= 1 // so nobody else asks
	if !alone {
		if d == Ingress && g.namesPorts() {
			key.ports = l.portsOf(ports)
		}
		if known, ok := l.known(g)[key]; ok {
			return known
		}
	}
	allowed := noRow
	for _, p := range g.policies {
		if p.Tier == NetworkTier {
			allowed = l.rows.union(allowed, l.policy(p, ports, d))
		}
	}
	if !alone {
		l.known(g)[key] = allowed
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
func (l *locals) policy(p *Policy, ports []Port, d Direction) row {
	l.runs = l.runs[:0]
	allowed := noRow
	for _, rule := range p.Rules(d) {
		allowed = l.rows.union(allowed, l.parts(rule, ports))
	}
	return l.addRuns(allowed)
}

// rule returns what a single rule matches.
func (l *locals) rule(rule *Rule, ports []Port) row {
	l.runs = l.runs[:0]
	return l.addRuns(l.parts(rule, ports))
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

// addRuns adds l.runs, which may overlap and come in any order, to a row.
func (l *locals) addRuns(n row) row {
	slices.SortFunc(l.runs, byFirst)
	return l.rows.addOverlapping(n, l.runs)
}
