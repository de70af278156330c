package netpol

import "slices"

// AsksForMore tells whether an item of a rule asks for labels, of pods or of their
// namespace, that nothing in the repository has: what it is about depends on pods that
// the repository does not declare.
func (c *Cluster) AsksForMore(p *RulePeer) bool {
	if p.PodSelector == nil && p.NamespaceSelector == nil || len(c.PeerWorkloads(p)) > 0 {
		return false
	}
	if p.PodSelector != nil && !p.PodSelector.Matches(nil) {
		return true
	}
	return p.NamespaceSelector != nil && len(c.MatchingNamespaces(*p.NamespaceSelector)) == 0 &&
		!p.NamespaceSelector.MatchesUnknownNamespace() && p.NamespaceSelector.AsksForLabels()
}

// AsksForLabels tells whether a selector of namespaces asks for more than a name.
func (s Selector) AsksForLabels() bool {
	return slices.ContainsFunc(s.Requirements, func(r Requirement) bool { return r.Key != NameLabel })
}

// Example returns labels that meet the selector, as few as possible; false where it
// contradicts itself.
func (s Selector) Example() (labels map[string]string, ok bool) {
	labels = map[string]string{}
	for _, r := range s.Requirements {
		values := r.Values
		if r.Operator == Exists {
			values = []string{""}
		} else if r.Operator != In {
			continue // it is met without the label
		}
		if i := slices.IndexFunc(values, func(v string) bool { return s.admits(r.Key, v) }); i >= 0 {
			labels[r.Key] = values[i]
		}
	}
	return labels, s.Matches(labels)
}

// admits tells whether a value of one label meets what the selector asks of that label.
func (s Selector) admits(key, value string) bool {
	return !slices.ContainsFunc(s.Requirements, func(r Requirement) bool {
		return r.Key == key && !r.Matches(map[string]string{key: value})
	})
}

// NamespaceExample returns a namespace of the pods that an item of a rule is about: its
// name, which is empty where nothing tells one, and the labels that it must have.
func (c *Cluster) NamespaceExample(p *RulePeer) (name string, labels map[string]string, ok bool) {
	if p.NamespaceSelector == nil {
		return p.Rule.Policy.Namespace, nil, true
	}
	if name, ok := p.NamespaceSelector.onlyName(); ok {
		return name, nil, true
	}
	if matching := c.MatchingNamespaces(*p.NamespaceSelector); len(matching) > 0 && p.NamespaceSelector.AsksForLabels() {
		return matching[0].Name, nil, true
	}
	labels, ok = p.NamespaceSelector.Example()
	return labels[NameLabel], labels, ok
}
