package reach

import (
	"bufio"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// What the repository does not tell: the namespaces that objects are applied to, and the
// labels of namespaces that it does not declare.

// namespaceCondition says under which condition that it does not tell the namespace of a
// peer is one that a selector selects, or the own one of a policy where the selector is nil;
// empty for none.
func (a answer) namespaceCondition(own string, s *netpol.Selector, p netpol.Peer) string {
	n := a.Cluster.Namespace(p.Namespace())
	private := manifest.IsPrivate(p.Namespace())
	switch {
	case s == nil && p.Kind() != netpol.ElsewherePeer && (private || manifest.IsPrivate(own)):
		return "both are applied to one namespace"
	case s == nil:
		return ""
	case private:
		return p.String() + " is applied to such a namespace"
	case (n == nil || !n.Declared && len(n.Labels) == 1) && s.AsksForLabels() && namesOnly(*s).Matches(nameLabels(p)):
		return "the namespace of " + p.String() + ", which the repository does not declare, has the labels"
	}
	return ""
}

// namesOnly returns what a selector asks of the names of namespaces.
func namesOnly(s netpol.Selector) netpol.Selector {
	var names netpol.Selector
	for _, r := range s.Requirements {
		if r.Key == netpol.NameLabel {
			names.Requirements = append(names.Requirements, r)
		}
	}
	return names
}

// nameLabels returns the labels of a namespace of which only the name is known.
func nameLabels(p netpol.Peer) map[string]string {
	return map[string]string{netpol.NameLabel: p.Namespace()}
}

// subjectCondition says under which condition a policy that is not about a peer selects it;
// empty for none.
func (a answer) subjectCondition(policy *netpol.Policy, p netpol.Peer) string {
	var labels map[string]string
	if w := p.Workload(); w != nil {
		labels = w.Labels
	}
	namespace := nameLabels(p)
	if n := a.Cluster.Namespace(p.Namespace()); n != nil {
		namespace = n.Labels
	}
	switch {
	case !policy.Selector.Matches(labels):
		return ""
	case policy.Namespace != "" && policy.Namespace != p.Namespace():
		return a.namespaceCondition(policy.Namespace, nil, p)
	case policy.NamespaceSelector == nil || policy.NamespaceSelector.Matches(namespace):
		return ""
	default:
		return a.namespaceCondition("", policy.NamespaceSelector, p)
	}
}

// denial is what would deny a part of what a side allows, under a condition.
type denial struct {
	policy    *netpol.Policy
	rule      *netpol.Rule // nil where the policy isolates
	condition string
}

// denials returns what would deny a part of what a side allows.
func (a answer) denials(s side) []denial {
	allowed := a.Conn.Subtract(s.denied)
	if w := s.near.Workload(); allowed.IsEmpty() || s.near.Kind() == netpol.BlockPeer || w != nil && w.HostNetwork {
		return nil
	}
	isolated := len(s.isolating) > 0 || slices.ContainsFunc(s.reasons, func(r netpol.Reason) bool { return r.Policy.Tier == netpol.NetworkTier })
	var all []denial
	for _, p := range slices.Concat(a.Cluster.Policies, a.Cluster.Others) {
		condition := a.subjectCondition(p, s.near)
		switch {
		case p.Tier >= netpol.NetworkTier && isolated: // it could but add, or is not asked
		case p.Tier != netpol.NetworkTier:
			all = append(all, a.rulesDenying(p, s, allowed, condition)...)
		case condition != "" && p.Isolates(s.direction):
			open := allowed
			for _, r := range p.Rules(s.direction) {
				open = open.Subtract(a.ruleConn(r))
			}
			if !open.IsEmpty() {
				all = append(all, denial{p, nil, condition})
			}
		}
	}
	return all
}

// rulesDenying returns the rules of a policy that would deny a part of what is allowed: the
// policy is about the side only under a condition, or the rule about the other side.
func (a answer) rulesDenying(p *netpol.Policy, s side, allowed netpol.ConnSet, condition string) []denial {
	for _, r := range s.reasons {
		if r.Policy.Tier == p.Tier && r.Policy.Priority < p.Priority { // which decides first
			allowed = allowed.Subtract(r.Conn)
		}
	}
	var all []denial
	for _, r := range p.Rules(s.direction) {
		if r.Action != netpol.Deny || condition == "" && !slices.Contains(p.Selected, s.near.Workload()) {
			continue
		}
		conn, other := a.ruleConn(r), ""
		if conn.IsEmpty() {
			if other = a.condition(unmatched{rule: r}, s); other == "" {
				continue
			}
			conn = a.Conn
		}
		if condition+other != "" && !conn.Intersect(allowed).IsEmpty() {
			all = append(all, denial{p, r, joined(condition, other)})
		}
	}
	return all
}

// joined joins two conditions, either of which may be empty.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", and " + b
}

// ruleConn returns the connections that a rule matches, if its policy is about the side.
func (a answer) ruleConn(r *netpol.Rule) netpol.ConnSet {
	return a.Cluster.RuleAllows(r, a.from[0], a.to[0])
}

func (a answer) writeDenials(b *bufio.Writer, s side) {
	denials := a.denials(s)
	for n, d := range denials {
		if n == most {
			fmt.Fprintf(b, "  and %d more that would deny it under such a condition\n", len(denials)-n)
			return
		}
		pos, what := d.policy.Source.At(d.policy.SelectorPath()...).Pos, " would isolate it"
		if d.rule != nil {
			pos, what = d.rule.Origin().Pos, ", "+RuleText(d.rule)+": would deny"
		}
		fmt.Fprintf(b, "  %s: %s%s if %s\n", posText(pos), PolicyText(d.policy), what, d.condition)
	}
}
