package netpol

import "slices"

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
