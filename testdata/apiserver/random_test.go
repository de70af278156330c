package apiserver

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"regexp"
	"testing"
)

// TestRandomPolicies compares the verdicts on policies that are valid but for a few
// random changes.
func TestRandomPolicies(t *testing.T) {
	const policies, seed = 20_000, 1
	m := &mutator{rand.New(rand.NewPCG(seed, seed))}
	counts := map[string]int{}
	fields := map[string]int{}
	for range policies {
		policy := m.policy()
		for range m.IntN(4) {
			m.change(policy)
		}
		text, err := json.Marshal(policy)
		if err != nil {
			t.Fatal(err)
		}
		got := theirs(t, text)
		switch {
		case got.undecodable != "":
			counts["undecodable"]++
		case got.accepted():
			counts["accepted"]++
		default:
			counts["rejected"]++
		}
		for _, field := range got.rejected {
			fields[index.ReplaceAllString(field, "")]++
		}
		for range got.unknown {
			counts["unknown fields"]++
		}
		if difference := disagreement(got, ours(t, text)); difference != "" {
			t.Fatalf("%s:\n%s", difference, text)
		}
	}
	t.Logf("%d policies: %v; fields rejected: %v", policies, counts, fields)
	for _, side := range []string{"accepted", "rejected", "undecodable", "unknown fields"} {
		if counts[side] < policies/10 {
			t.Errorf("only %d %s", counts[side], side)
		}
	}
	for _, field := range rejectable() {
		if fields[field] < 10 {
			t.Errorf("%s was rejected only %d times", field, fields[field])
		}
	}
}

var index = regexp.MustCompile(`\[\d+\]`)

// rejectable lists the fields that the API server can reject, without indexes.
func rejectable() []string {
	fields := []string{"metadata.name", "metadata.generateName", "metadata.namespace", "metadata.labels", "metadata.annotations", "spec.policyTypes"}
	selectors := []string{"spec.podSelector"}
	for _, side := range []string{"spec.ingress.from", "spec.egress.to"} {
		fields = append(fields, side, side+".ipBlock.cidr", side+".ipBlock.except")
		selectors = append(selectors, side+".podSelector", side+".namespaceSelector")
	}
	for _, ports := range []string{"spec.ingress.ports", "spec.egress.ports"} {
		fields = append(fields, ports+".port", ports+".endPort", ports+".protocol")
	}
	for _, selector := range selectors {
		expression := selector + ".matchExpressions"
		fields = append(fields, selector+".matchLabels", expression+".key", expression+".operator", expression+".values")
	}
	return fields
}

// mutator makes random policies.
type mutator struct{ *rand.Rand }

type (
	mapping = map[string]any
	list    = []any
)

// policy returns a valid policy.
func (m *mutator) policy() mapping {
	spec := mapping{"podSelector": m.selector()}
	for _, d := range []struct{ rules, side string }{{"ingress", "from"}, {"egress", "to"}} {
		if m.IntN(3) > 0 {
			spec[d.rules] = m.list(3, func() any { return m.rule(d.side) })
		}
	}
	if m.IntN(2) == 0 {
		spec["policyTypes"] = []list{{}, {"Ingress"}, {"Egress"}, {"Ingress", "Egress"}}[m.IntN(4)]
	}
	meta := mapping{"name": "p", "namespace": "shop"}
	if m.IntN(2) == 0 {
		meta["labels"], meta["annotations"] = m.labels(), mapping{"Acme.io/why": "because"}
	}
	return mapping{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}
}

func (m *mutator) rule(side string) any {
	rule := mapping{}
	if m.IntN(4) > 0 {
		rule[side] = m.list(3, m.peer)
	}
	if m.IntN(4) > 0 {
		rule["ports"] = m.list(3, m.port)
	}
	return rule
}

func (m *mutator) peer() any {
	switch m.IntN(4) {
	case 0:
		return mapping{"podSelector": m.selector()}
	case 1:
		return mapping{"namespaceSelector": m.selector()}
	case 2:
		return mapping{"podSelector": m.selector(), "namespaceSelector": m.selector()}
	default:
		return mapping{"ipBlock": []mapping{
			{"cidr": "10.0.0.0/8", "except": list{"10.1.0.0/16"}},
			{"cidr": "2001:db8::/32", "except": list{"2001:db8:1::/48", "2001:db8:2::/48"}},
			{"cidr": "0.0.0.0/0"},
			{"cidr": "::/0", "except": list{}},
		}[m.IntN(4)]}
	}
}

func (m *mutator) port() any {
	port := []mapping{{}, {"port": 80}, {"port": "http"}, {"port": 80, "endPort": 90}}[m.IntN(4)]
	port = maps.Clone(port)
	if m.IntN(2) == 0 {
		port["protocol"] = []string{"TCP", "UDP", "SCTP"}[m.IntN(3)]
	}
	return port
}

func (m *mutator) selector() any {
	selector := mapping{}
	if m.IntN(2) == 0 {
		selector["matchLabels"] = m.labels()
	}
	if m.IntN(2) == 0 {
		selector["matchExpressions"] = m.list(3, func() any {
			return []mapping{
				{"key": "app", "operator": "In", "values": list{"a", ""}},
				{"key": "acme.io/tier", "operator": "NotIn", "values": list{"b"}},
				{"key": "app", "operator": "Exists"},
				{"key": "app", "operator": "DoesNotExist", "values": list{}},
			}[m.IntN(4)]
		})
	}
	return selector
}

func (m *mutator) labels() mapping {
	return []mapping{{}, {"app": "web"}, {"app": "api", "acme.io/tier": ""}}[m.IntN(3)]
}

func (m *mutator) list(below int, item func() any) list {
	items := list{}
	for range m.IntN(below) {
		items = append(items, item())
	}
	return items
}
