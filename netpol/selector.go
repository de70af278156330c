package netpol

import (
	"slices"
	"strconv"
	"strings"
)

// Operator relates a label's key to values in a selector.
type Operator string

// The operators of LabelSelectorRequirement (meta/v1). NotIn and DoesNotExist
// are true for labels that lack the key.
const (
	In           Operator = "In"
	NotIn        Operator = "NotIn"
	Exists       Operator = "Exists"
	DoesNotExist Operator = "DoesNotExist"
)

// A Requirement is one condition of a selector.
type Requirement struct {
	Key      string
	Operator Operator
	Values   []string // as written; of In and NotIn only
}

func byKey(a, b Requirement) int { return strings.Compare(a.Key, b.Key) }

// Matches tells whether labels meet the requirement. An unknown operator is met
// by nothing.
func (r Requirement) Matches(labels map[string]string) bool {
	value, has := labels[r.Key]
	switch r.Operator {
	case In:
		return has && slices.Contains(r.Values, value)
	case NotIn:
		return !has || !slices.Contains(r.Values, value)
	case Exists:
		return has
	case DoesNotExist:
		return !has
	default:
		return false
	}
}

// A Selector is a label selector: all its requirements must be met, so that the
// zero value matches everything.
type Selector struct {
	// Requirements are those of matchLabels sorted by key, each as an In with one
	// value, and then those of matchExpressions in the order of the file.
	Requirements []Requirement
	// invalid is true where the API server rejects a part, which gave a gap. Such a
	// selector matches nothing.
	invalid bool
	// number tells one that is interned from the others of its cluster, from 1 on; 0 for
	// those that are not.
	number int32
}

// Matches tells whether labels meet every requirement.
func (s Selector) Matches(labels map[string]string) bool {
	if s.invalid {
		return false
	}
	for i := range s.Requirements {
		if !s.Requirements[i].Matches(labels) {
			return false
		}
	}
	return true
}

// IsEmpty tells whether the selector is {} and so matches everything.
func (s Selector) IsEmpty() bool { return len(s.Requirements) == 0 && !s.invalid }

// identity is what copies of one selector have in common, and those of others have not.
// Selectors that are written alike are one (decoder.intern), and all empty ones count as
// one.
type identity struct {
	first   *Requirement
	invalid bool
}

func (s *Selector) identity() identity {
	if len(s.Requirements) == 0 {
		return identity{invalid: s.invalid}
	}
	return identity{&s.Requirements[0], s.invalid}
}

// appendKey appends a text that only selectors that match the same have. Some that
// match the same have different ones.
func (s Selector) appendKey(key []byte) []byte {
	if s.invalid {
		return append(key, '!')
	}
	for i := range s.Requirements {
		r := &s.Requirements[i]
		key = strconv.AppendInt(append(append(key, r.Key...), 0), int64(len(r.Values)), 10)
		key = append(append(key, r.Operator...), 0)
		for _, value := range r.Values {
			key = append(append(key, value...), 0)
		}
	}
	return key
}
