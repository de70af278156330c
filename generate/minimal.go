package generate

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// proveMinimal checks that no part of a policy that was proposed could be left out: a
// rule, a port or a peer without which every need is still allowed.
func (g *generator) proveMinimal(after *netpol.Cluster, policies []*manifest.Object) error {
	if parts := g.redundant(after, policies); len(parts) > 0 {
		return fmt.Errorf("policy %s: nothing needs %v", parts[0].policy.Ref, parts[0].path)
	}
	return nil
}

// part is a rule of a policy, or a port or a peer of one.
type part struct {
	policy *netpol.Policy
	path   []any // within the policy's Source
}

// redundant returns the parts of policies that no need depends on, in a cluster that has
// the policies. Some rules are set apart: they are no part, and what they allow does not
// make others redundant. These are the ones that leave a direction open, and those of
// which Cilium knows more than the proof.
//
// It tells from single connections which parts allow them, so that no cluster is built
// for each part.
func (g *generator) redundant(c *netpol.Cluster, policies []*manifest.Object) []part {
	d := dependence{cluster: c, policies: map[manifest.Ref]*manifest.Object{}, on: map[any]bool{}}
	for _, p := range policies {
		d.policies[p.Ref] = p
	}
	for _, s := range g.subjects {
		for _, direction := range g.directions() {
			for _, n := range g.proposed[side{s, direction}] {
				for _, w := range s.Workloads {
					d.addNeed(direction, w, n)
				}
			}
		}
	}
	var unused []part
	for _, p := range slices.Concat(c.Policies, c.Others) {
		if d.policies[p.Source.Ref] != nil {
			unused = append(unused, d.without(p)...)
		}
	}
	return unused
}

// dependence tells on which parts of policies needs depend.
type dependence struct {
	cluster  *netpol.Cluster
	policies map[manifest.Ref]*manifest.Object // that are proposed
	on       map[any]bool                      // rules, rulePorts and peers
}

// rulePort is a port of a rule; rules may share what it holds.
type rulePort struct {
	rule  *netpol.Rule
	index int
}

// portPath leads to a port within a policy's Source. Proposals for Cilium have one list
// of ports for each rule.
func portPath(r *netpol.Rule, i int) []any {
	if len(manifest.Items(r.Policy.Source.Data, append(r.Path(), "toPorts")...)) > 0 {
		return append(r.Path(), "toPorts", 0, "ports", i)
	}
	return append(r.Path(), "ports", i)
}

func (d *dependence) setApart(r *netpol.Rule) bool {
	o := d.policies[r.Policy.Source.Ref]
	return o != nil && isSetApart(manifest.Mapping(o.Data, r.Path()...))
}

// isSetApart tells whether a rule, as written, is no part: it allows everything or all
// pods of the namespace, or isolates in a CiliumNetworkPolicy, or is one that
// withStandIns changes.
func isSetApart(rule map[string]any) bool {
	for list, within := range map[string]string{"to": `{"podSelector":{}}`, "toEndpoints": "{}"} {
		if peers := manifest.Items(rule, list); len(peers) == 1 {
			if text, _ := json.Marshal(peers[0]); string(text) == within {
				return true
			}
		}
	}
	return len(rule) == 0 || rule["toFQDNs"] != nil || rule["toEntities"] != nil || rule["fromEntities"] != nil ||
		slices.ContainsFunc(manifest.Items(rule, "toPorts"), func(ports any) bool { return manifest.Mapping(ports, "rules") != nil })
}

// addNeed adds what a need of a workload depends on.
func (d *dependence) addNeed(direction netpol.Direction, subject *netpol.Workload, n need) {
	for from, to := range n.connections(d.cluster, direction, subject) {
		_, reasons := d.cluster.Explain(from, to)
		reasons = slices.DeleteFunc(reasons, func(r netpol.Reason) bool {
			return r.Direction != direction || r.Denies || r.Passes || d.setApart(ruleOf(r))
		})
		var allowed netpol.ConnSet
		for _, r := range reasons {
			allowed = allowed.Union(r.Conn)
		}
		allowed = allowed.Intersect(n.conn())
		for i, r := range reasons {
			var others netpol.ConnSet
			for j, other := range reasons {
				if i != j {
					others = others.Union(other.Conn)
				}
			}
			if !others.ContainsAll(allowed) {
				d.addRule(ruleOf(r), from, to, func(s netpol.ConnSet) bool { return others.Union(s).ContainsAll(allowed) })
			}
		}
	}
}

// ruleOf returns the rule of a reason to allow.
func ruleOf(r netpol.Reason) *netpol.Rule {
	rules := r.Policy.Written(r.Direction)
	return rules[slices.IndexFunc(rules, func(o *netpol.Rule) bool { return o.Index == r.Rule })]
}

// addRule adds a rule on which a connection depends, and those of its ports and peers
// on which it does; suffices tells whether what is left of the rule is enough.
func (d *dependence) addRule(r *netpol.Rule, from, to netpol.Peer, suffices func(netpol.ConnSet) bool) {
	d.on[r] = true
	var ports []netpol.Port
	if to.Workload() != nil {
		ports = to.Workload().Ports
	}
	far := from
	if r.Direction == netpol.Egress {
		far = to
	}
	for i := range r.Ports {
		var others netpol.ConnSet
		for j, other := range r.Ports {
			if i != j {
				others = others.Union(other.On(ports))
			}
		}
		d.on[rulePort{r, i}] = d.on[rulePort{r, i}] || !suffices(others)
	}
	var matching []*netpol.RulePeer
	for _, p := range r.Peers {
		if d.cluster.PeerMatches(p, far) {
			matching = append(matching, p)
		}
	}
	if len(matching) == 1 {
		d.on[matching[0]] = true
	}
}

// without returns the parts of a policy on which nothing depends.
func (d *dependence) without(p *netpol.Policy) []part {
	var unused []part
	for _, direction := range p.Types {
		for _, r := range p.Rules(direction) {
			if d.setApart(r) {
				continue
			}
			if !d.on[r] {
				unused = append(unused, part{p, r.Path()})
				continue
			}
			for i := range r.Ports {
				if !d.on[rulePort{r, i}] {
					unused = append(unused, part{p, portPath(r, i)})
				}
			}
			for _, peer := range r.Peers {
				if !d.on[peer] {
					unused = append(unused, part{p, peer.Path()})
				}
			}
		}
	}
	return unused
}
