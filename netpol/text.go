package netpol

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// String writes the selector as kubectl --selector takes it, {} for everything.
func (s Selector) String() string {
	if s.invalid {
		return "an invalid selector"
	}
	if len(s.Requirements) == 0 {
		return "{}"
	}
	terms := make([]string, len(s.Requirements))
	for i, r := range s.Requirements {
		terms[i] = r.String()
	}
	return strings.Join(terms, ",")
}

// String writes the requirement as kubectl --selector takes it.
func (r Requirement) String() string {
	values := strings.Join(r.Values, ",")
	switch {
	case r.Operator == In && len(r.Values) == 1:
		return r.Key + "=" + values
	case r.Operator == In:
		return fmt.Sprintf("%s in (%s)", r.Key, values)
	case r.Operator == NotIn:
		return fmt.Sprintf("%s notin (%s)", r.Key, values)
	case r.Operator == DoesNotExist:
		return "!" + r.Key
	default:
		return r.Key
	}
}

// Phrase says what the selector asks for as a condition: "app=web and tier in
// (a,b) and !debug"; empty for everything.
func (s Selector) Phrase() string {
	if s.IsEmpty() {
		return ""
	}
	if s.invalid {
		return s.String()
	}
	terms := make([]string, len(s.Requirements))
	for i, r := range s.Requirements {
		terms[i] = r.String()
	}
	return strings.Join(terms, " and ")
}

// Phrase says which peers the item is about: "pods with app=web and tier=a in
// namespace shop", "addresses in 10.0.0.0/8 except 10.1.0.0/16".
func (p *RulePeer) Phrase() string {
	switch {
	case p.Block != nil:
		return p.Block.phrase()
	case p.Networks != nil:
		return "addresses in " + joinPrefixes(p.Networks, " or ")
	case p.Nodes != nil:
		return with("nodes", *p.Nodes, "all nodes")
	case p.entities.world && p.entities.cluster:
		return "everything"
	case p.entities.world:
		return "all addresses outside of the cluster"
	case p.entities.cluster:
		return "all pods of the cluster"
	case p.entities.nodes:
		return "nodes"
	case p.NamespaceSelector == nil && p.PodSelector == nil:
		return "nothing"
	}
	pods := "all pods"
	if p.PodSelector != nil {
		pods = with("pods", *p.PodSelector, pods)
	}
	if p.NamespaceSelector == nil {
		return pods + " in " + namespacePhrase(p.Rule.Policy.Namespace)
	}
	if name, ok := p.NamespaceSelector.onlyName(); ok {
		return pods + " in " + namespacePhrase(name)
	}
	return pods + " in " + with("namespaces", *p.NamespaceSelector, "any namespace")
}

// namespacePhrase names a namespace in a sentence.
func namespacePhrase(name string) string {
	if manifest.IsPrivate(name) {
		return "its own namespace"
	}
	return "namespace " + name
}

// namespaceName names a namespace that stands for itself.
func namespaceName(name string) string {
	if manifest.IsPrivate(name) {
		return "the namespace that is not given"
	}
	return "namespace " + name
}

func with(noun string, s Selector, all string) string {
	if s.IsEmpty() {
		return all
	}
	return noun + " with " + s.Phrase()
}

func (b *Block) phrase() string {
	if b.CIDR.Bits() == 0 {
		family := "IPv4"
		if b.CIDR.Addr().Is6() {
			family = "IPv6"
		}
		return "any " + family + " address" + exceptPhrase(b)
	}
	return "addresses in " + b.CIDR.String() + exceptPhrase(b)
}

func exceptPhrase(b *Block) string {
	if len(b.Except) == 0 {
		return ""
	}
	return " except " + joinPrefixes(b.Except, ", ")
}

func joinPrefixes[T fmt.Stringer](prefixes []T, separator string) string {
	texts := make([]string, len(prefixes))
	for i, p := range prefixes {
		texts[i] = p.String()
	}
	return strings.Join(texts, separator)
}

// PeersPhrase says which peers the rule is about, its items joined by "or".
func (r *Rule) PeersPhrase() string {
	if r.AllPeers {
		return "anything"
	}
	if len(r.Peers) == 0 && !r.doubtful {
		return "nothing"
	}
	const most = 8 // that a sentence bears
	var items []string
	for i, p := range r.Peers {
		if i == most {
			items = append(items, fmt.Sprintf("%d more", len(r.Peers)-i))
			break
		}
		if phrase := p.Phrase(); phrase != "nothing" || !r.doubtful {
			items = append(items, phrase)
		}
	}
	if len(items) == 0 {
		return "what is not evaluated"
	}
	return strings.Join(items, ", or ")
}

// PortsPhrase says which ports the rule is about: "any port", "TCP 80, UDP dns".
func (r *Rule) PortsPhrase() string {
	if r.AllPorts {
		return "any port"
	}
	switch {
	case len(r.Ports) == 0 && r.doubtful:
		return "ports that are not evaluated"
	case len(r.Ports) == 0:
		return "no port"
	}
	items := make([]string, len(r.Ports))
	for i, p := range r.Ports {
		items[i] = p.String()
	}
	return strings.Join(slices.Compact(items), ", ")
}

// String returns the protocol with the port, its name or a range: "TCP 80".
func (p *RulePort) String() string {
	port := p.Name
	switch {
	case p.Name != "":
	case p.First == 0:
		return "no port"
	case p.First == FirstPort && p.Last == LastPort:
		port = "any port"
	case p.First == p.Last:
		port = strconv.Itoa(p.First)
	default:
		port = fmt.Sprintf("%d-%d", p.First, p.Last)
	}
	if p.Protocol == "" {
		return "port " + port
	}
	return string(p.Protocol) + " " + port
}
