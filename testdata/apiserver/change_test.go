package apiserver

import (
	"maps"
	"slices"
	"strings"
)

// The values that a change writes into a field, beside those of any type.
var values = map[string]list{
	"name":         {"", "a.b", "A", "a_b", "-a", "a-", strings.Repeat("a", 253), strings.Repeat("a", 254), "ä"},
	"generateName": {"", "p-", "p--", "p.-", "p_-", "P", "p."},
	"namespace":    {"", "default", "a.b", "A", strings.Repeat("a", 63), strings.Repeat("a", 64)},
	"cidr": {
		"", "10.0.0.0/8", "10.0.0.1/8", "10.1.0.0/16", "010.0.0.0/8", "10.0.0.0/08", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0", "10.0.0/8", "0.0.0.0/0", "1.2.3.4/32",
		"::/0", "::1/128", "2001:DB8::/32", "2001:db8::1/32", "2001:0db8:0:0::/64", "2001:00db8::/32", "fe80::%eth0/64", "/8", "10.0.0.0/", " 10.0.0.0/8", "acme.io",
		"::ffff:10.0.0.0/104", "::ffff:10.1.0.0/112", "::ffff:10.0.0.1/104", "::ffff:1.2.3.4/64", "::ffff:0:0/96", "::/96",
	},
	"port":        {0, 1, 443, 65535, 65536, -1, 1 << 31, 1 << 32, 80.5, "80", "", "http", "HTTP", "a-b", "a--b", "-a", "1a", "a-very-long-name", "a-name-of-15-ch", "ä"},
	"endPort":     {0, 1, 80, 90, 65535, 65536, -1, 1 << 31, 80.5, "80"},
	"protocol":    {"TCP", "UDP", "SCTP", "tcp", "ICMP", ""},
	"operator":    {"In", "NotIn", "Exists", "DoesNotExist", "in", "", "Gt"},
	"policyTypes": {list{}, list{"Ingress"}, list{"Egress", "Egress"}, list{"ingress"}, list{nil}, list{"Ingress", "Egress", "X"}, list{"X", "Y"}, list{5}},
	"key":         {"app", "", "a/b", "a/b/c", "A/b", "/b", "a/", "a b", "-a", "a_.B", strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a.", 126) + "a/b", strings.Repeat("a.", 127) + "a/b"},
	"label":       {"", "a", "a b", "-a", "a-", "A_.b", "a/b", strings.Repeat("a", 63), strings.Repeat("a", 64), "ä"},
	"values":      {list{}, list{"a"}, list{"a", "b c"}, list{nil}, list{5}},
}

// known are the fields that a change adds to a mapping, by one that it has or that
// leads to it.
var known = map[string][]string{
	"metadata": {"name", "generateName", "namespace", "labels", "annotations"},
	"spec":     {"podSelector", "ingress", "egress", "policyTypes", "PodSelector", "types"},
	"ingress":  {"from", "ports", "to", "form"},
	"egress":   {"to", "ports", "from"},
	"from":     {"podSelector", "namespaceSelector", "ipBlock", "cidr"},
	"to":       {"podSelector", "namespaceSelector", "ipBlock", "matchLabels"},
	"ports":    {"port", "protocol", "endPort", "name"},
	"ipBlock":  {"cidr", "except", "expect"},
}

// place is somewhere in a policy: a value with how to replace or remove it.
type place struct {
	field   string // the key that leads to it, through lists
	value   any
	replace func(any)
	remove  func()
}

// places returns all places below a value.
func places(field string, value any, replace func(any)) []place {
	var all []place
	switch value := value.(type) {
	case mapping:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			at := place{key, value[key], func(v any) { value[key] = v }, func() { delete(value, key) }}
			all = append(append(all, at), places(key, at.value, at.replace)...)
		}
	case list:
		for i := range value {
			at := place{field, value[i], func(v any) { value[i] = v }, func() { replace(slices.Delete(slices.Clone(value), i, i+1)) }}
			all = append(append(all, at), places(field, at.value, at.replace)...)
		}
	}
	return all
}

// change changes a policy somewhere below its apiVersion and kind.
func (m *mutator) change(policy mapping) {
	all := slices.DeleteFunc(places("", policy, nil), func(p place) bool { return p.field == "apiVersion" || p.field == "kind" })
	if len(all) == 0 {
		return
	}
	p := all[m.IntN(len(all))]
	switch n := m.IntN(20); {
	case n == 0:
		p.replace(nil)
	case n == 1:
		p.replace([]any{5, "x", true, mapping{}, list{}, list{mapping{}}}[m.IntN(6)])
	case n < 4:
		p.remove()
	default:
		m.write(p)
	}
}

// write writes something into a place that may stand in its field.
func (m *mutator) write(p place) {
	switch v := p.value.(type) {
	case mapping:
		m.grow(p.field, v)
	case list:
		if len(v) > 0 && values[p.field] == nil {
			p.replace(append(slices.Clone(v), m.copied(v[m.IntN(len(v))])))
			return
		}
		p.replace(m.valueOf(p.field))
	default:
		p.replace(m.valueOf(p.field))
	}
}

// grow adds a field to a mapping.
func (m *mutator) grow(field string, v mapping) {
	switch {
	case field == "matchLabels" || field == "labels" || field == "annotations":
		v[m.valueOf("key").(string)] = m.valueOf("label")
	case known[field] == nil:
		v["more"] = true
	default:
		key := known[field][m.IntN(len(known[field]))]
		v[key] = m.valueOf(key)
	}
}

// valueOf returns a value for a field.
func (m *mutator) valueOf(field string) any {
	switch field {
	case "podSelector", "namespaceSelector":
		return m.selector()
	case "ipBlock":
		return mapping{"cidr": m.valueOf("cidr"), "except": m.list(3, func() any { return m.valueOf("cidr") })}
	case "except":
		return list{m.valueOf("cidr")}
	case "ingress":
		return m.list(3, func() any { return m.rule("from") })
	case "egress":
		return m.list(3, func() any { return m.rule("to") })
	case "from", "to":
		return m.list(3, m.peer)
	case "ports":
		return m.list(3, m.port)
	case "labels", "annotations", "matchLabels":
		return mapping{m.valueOf("key").(string): m.valueOf("label")}
	}
	choice := values[field]
	if choice == nil {
		choice = values["label"]
	}
	return m.copied(choice[m.IntN(len(choice))])
}

// copied returns a deep copy.
func (m *mutator) copied(v any) any {
	switch v := v.(type) {
	case mapping:
		c := mapping{}
		for key, value := range v {
			c[key] = m.copied(value)
		}
		return c
	case list:
		c := list{}
		for _, value := range v {
			c = append(c, m.copied(value))
		}
		return c
	default:
		return v
	}
}
