package traffic

import (
	"regexp"
	"strings"
)

// relabeling is one rule of relabel_configs
// (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config).
type relabeling struct {
	action      string
	source      []string
	separator   string
	target      string
	replacement string
	regex       *regexp.Regexp // anchored; nil for one that is not valid
}

// relabelings reads rules, in the spelling of Prometheus or of custom resources.
func relabelings(list []*node) []relabeling {
	var rules []relabeling
	for _, n := range list {
		field := func(names ...string) (string, bool) {
			for _, name := range names {
				if f := n.at(name); f != nil {
					return f.text, true
				}
			}
			return "", false
		}
		r := relabeling{source: append(n.texts("source_labels"), n.texts("sourceLabels")...), separator: ";", replacement: "$1"}
		r.action, _ = field("action")
		r.action = strings.ToLower(r.action)
		if s, ok := field("separator"); ok {
			r.separator = s
		}
		r.target, _ = field("target_label", "targetLabel")
		if s, ok := field("replacement"); ok {
			r.replacement = s
		}
		pattern, ok := field("regex")
		if !ok {
			pattern = "(.*)"
		}
		r.regex, _ = regexp.Compile("^(?s:" + pattern + ")$")
		rules = append(rules, r)
	}
	return rules
}

// relabel applies rules to the labels of a target, which it changes; kept is false
// for one that they drop. by are the labels for whose values they keep it.
func relabel(rules []relabeling, labels map[string]string) (by []string, kept bool) {
	for i := range rules {
		r := &rules[i]
		value := r.value(labels)
		switch r.action {
		case "keep", "drop":
			if r.regex == nil || r.regex.MatchString(value) != (r.action == "keep") {
				return nil, false
			}
			if r.action == "keep" {
				by = append(by, r.source...)
			}
		case "keepequal", "dropequal":
			if (value == labels[r.target]) != (r.action == "keepequal") {
				return nil, false
			}
		default:
			r.change(labels, value)
		}
	}
	return by, true
}

func (r *relabeling) value(labels map[string]string) string {
	if len(r.source) == 1 {
		return labels[r.source[0]]
	}
	values := make([]string, len(r.source))
	for i, name := range r.source {
		values[i] = labels[name]
	}
	return strings.Join(values, r.separator)
}

// change applies a rule that changes labels. What shards by a hash, and what only
// changes labels of the metrics, makes no difference to who is called.
func (r *relabeling) change(labels map[string]string, value string) {
	if r.regex == nil {
		return
	}
	switch r.action {
	case "", "replace":
		match := r.regex.FindStringSubmatchIndex(value)
		if match == nil {
			return
		}
		target := string(r.regex.ExpandString(nil, r.target, value, match))
		labels[target] = string(r.regex.ExpandString(nil, r.replacement, value, match))
	case "lowercase":
		labels[r.target] = strings.ToLower(value)
	case "uppercase":
		labels[r.target] = strings.ToUpper(value)
	case "labelmap":
		for name, value := range labelsOf(labels) {
			if r.regex.MatchString(name) {
				labels[r.regex.ReplaceAllString(name, r.replacement)] = value
			}
		}
	case "labeldrop", "labelkeep":
		for name := range labelsOf(labels) {
			if r.regex.MatchString(name) == (r.action == "labeldrop") {
				delete(labels, name)
			}
		}
	}
}

// labelsOf returns a copy, for changing labels while going through them.
func labelsOf(labels map[string]string) map[string]string {
	all := make(map[string]string, len(labels))
	for name, value := range labels {
		all[name] = value
	}
	return all
}

// metaName is how Prometheus spells a key in the name of a label.
func metaName(key string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, key)
}
