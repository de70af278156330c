package netpol

import (
	"regexp"
	"strings"
)

// calicoNamespace is a label that Calico adds to pods.
const calicoNamespace = "projectcalico.org/namespace"

// The parts of Calico's selectors that label selectors have too.
var (
	calicoHas   = regexp.MustCompile(`^(!?)[ \t]*has\([ \t]*([\w./-]+)[ \t]*\)$`)
	calicoEqual = regexp.MustCompile(`^([\w./-]+)[ \t]*(==|!=)[ \t]*(?:'([^']*)'|"([^"]*)")$`)
	calicoIn    = regexp.MustCompile(`^([\w./-]+)[ \t]+(in|not[ \t]+in)[ \t]*\{([^{}]*)\}$`)
	calicoValue = regexp.MustCompile(`^[ \t]*(?:'([^']*)'|"([^"]*)")[ \t]*$`)
)

// calicoSelector reads a selector that label selectors can express: conditions
// joined by &&. An absent or empty one selects everything.
func (f *field) calicoSelector() (s Selector, ok bool) {
	text, ok := f.text()
	text = strings.Trim(text, " \t")
	if !ok || text == "" || text == "all()" {
		return s, ok
	}
	for term := range strings.SplitSeq(text, "&&") {
		r, ok := calicoTerm(strings.Trim(term, " \t"))
		if !ok {
			return s, false
		}
		if r.Key != "" {
			s.Requirements = append(s.Requirements, r)
		}
	}
	return s, true
}

// calicoTerm reads one condition; without a key it is always met.
func calicoTerm(term string) (r Requirement, ok bool) {
	if term == "all()" {
		return r, true
	}
	if m := calicoHas.FindStringSubmatch(term); m != nil {
		r = Requirement{Key: m[2], Operator: Exists}
		if m[1] != "" {
			r.Operator = DoesNotExist
		}
	} else if m := calicoEqual.FindStringSubmatch(term); m != nil {
		r = Requirement{Key: m[1], Operator: In, Values: []string{m[3] + m[4]}}
		if m[2] == "!=" {
			r.Operator = NotIn
		}
	} else if m := calicoIn.FindStringSubmatch(term); m != nil {
		r = Requirement{Key: m[1], Operator: In}
		if m[2] != "in" {
			r.Operator = NotIn
		}
		for value := range strings.SplitSeq(m[3], ",") {
			v := calicoValue.FindStringSubmatch(value)
			if v == nil {
				return r, false
			}
			r.Values = append(r.Values, v[1]+v[2])
		}
	}
	return r.withoutCalicoNames()
}

// withoutCalicoNames replaces the label by which Calico names namespaces; ok is
// false for the other labels that Calico adds.
func (r Requirement) withoutCalicoNames() (Requirement, bool) {
	switch {
	case r.Key == "projectcalico.org/name":
		r.Key = NameLabel
	case r.Key == calicoNamespace:
	case strings.HasPrefix(r.Key, "projectcalico.org/"), strings.HasPrefix(r.Key, "pcns."), strings.HasPrefix(r.Key, "pcsa."), r.Key == "":
		return r, false
	}
	return r, true
}
