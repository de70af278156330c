package netpol

import "slices"

// index finds the workloads that a selector matches without trying all of them
// and without comparing texts: labels are numbers here.
type index struct {
	workloads []*Workload // those of one namespace in a row
	ids       map[label]labelID
	keys      map[string]keyID
	keyOf     []keyID   // of a label
	having    [][]int32 // the positions of the workloads that have a label, ascending
	havingKey [][]int32 // likewise, by key
	labels    []labelID // of all workloads, one after the other
	start     []int32   // of a workload's labels
	terms     []term    // of the selector that is being looked up
	values    []labelID // of its terms
	found     []int32   // of the policy looked up last
}

type label struct{ key, value string }

type (
	labelID int32
	keyID   int32
)

// term is a requirement of a selector.
type term struct {
	operator Operator
	key      keyID     // of Exists and DoesNotExist; -1 where no workload has it
	values   []labelID // of In and NotIn; those that no workload has are left out
}

func newIndex(workloads []*Workload) *index {
	x := &index{
		workloads: workloads, ids: map[label]labelID{}, keys: map[string]keyID{},
		labels: make([]labelID, 0, 3*len(workloads)), start: make([]int32, 0, len(workloads)+1),
	}
	for _, w := range workloads {
		x.start = append(x.start, int32(len(x.labels)))
		for key, value := range w.Labels {
			x.labels = append(x.labels, x.label(label{key, value}))
		}
	}
	x.start = append(x.start, int32(len(x.labels)))
	x.invert()
	return x
}

// label returns the number of a label, a new one if it is new.
func (x *index) label(l label) labelID {
	id, known := x.ids[l]
	if known {
		return id
	}
	key, known := x.keys[l.key]
	if !known {
		key = keyID(len(x.keys))
		x.keys[l.key] = key
	}
	id = labelID(len(x.keyOf))
	x.ids[l] = id
	x.keyOf = append(x.keyOf, key)
	return id
}

// invert fills the lists of the workloads that have a label or a key.
func (x *index) invert() {
	x.having, x.havingKey = make([][]int32, len(x.keyOf)), make([][]int32, len(x.keys))
	x.reserve()
	for i := range x.workloads {
		for _, id := range x.labels[x.start[i]:x.start[i+1]] {
			key := x.keyOf[id]
			x.having[id] = append(x.having[id], int32(i))
			x.havingKey[key] = append(x.havingKey[key], int32(i))
		}
	}
}

// reserve gives the lists their room.
func (x *index) reserve() {
	counts, byKey := make([]int, len(x.having)), make([]int, len(x.havingKey))
	for _, id := range x.labels {
		counts[id]++
		byKey[x.keyOf[id]]++
	}
	var room arena[int32]
	for id, n := range counts {
		x.having[id] = room.take(n)[:0]
	}
	for key, n := range byKey {
		x.havingKey[key] = room.take(n)[:0]
	}
}

// few is the number of workloads that are tried faster than looked up.
const few = 24

// find appends the positions from first to before last of the workloads whose
// labels match pods and whose namespace's labels match namespaces (nil for any),
// ascending.
func (x *index) find(found []int32, first, last int, namespaces *Selector, pods *Selector) []int32 {
	if pods.invalid || first >= last {
		return found
	}
	x.prepare(pods)
	var n *Namespace
	inside := true
	try := func(i int32) {
		if w := x.workloads[i]; namespaces != nil && w.namespace != n {
			n = w.namespace
			inside = namespaces.Matches(n.Labels)
		}
		if inside && x.matches(i) {
			found = append(found, i)
		}
	}
	if last-first > few {
		if candidates, ok := x.candidates(int32(first), int32(last)); ok {
			for _, i := range candidates {
				try(i)
			}
			return found
		}
	}
	for i := first; i < last; i++ {
		try(int32(i))
	}
	return found
}

// prepare turns a selector into terms.
func (x *index) prepare(s *Selector) {
	x.terms, x.values = x.terms[:0], x.values[:0]
	for i := range s.Requirements {
		r := &s.Requirements[i]
		t := term{operator: r.Operator, key: -1}
		if key, known := x.keys[r.Key]; known {
			t.key = key
		}
		start := len(x.values)
		for _, value := range r.Values {
			if id, known := x.ids[label{r.Key, value}]; known {
				x.values = append(x.values, id)
			}
		}
		t.values = x.values[start:]
		x.terms = append(x.terms, t)
	}
}

// matches tells whether a workload meets the terms.
func (x *index) matches(i int32) bool {
	labels := x.labels[x.start[i]:x.start[i+1]]
	for t := range x.terms {
		if !x.terms[t].met(labels, x.keyOf) {
			return false
		}
	}
	return true
}

func (t *term) met(labels []labelID, keyOf []keyID) bool {
	switch t.operator {
	case In, NotIn:
		for _, id := range labels {
			if slices.Contains(t.values, id) {
				return t.operator == In
			}
		}
		return t.operator == NotIn
	case Exists, DoesNotExist:
		for _, id := range labels {
			if keyOf[id] == t.key {
				return t.operator == Exists
			}
		}
		return t.operator == DoesNotExist
	default:
		return false
	}
}

// candidates returns the fewest workloads, ascending, of which one term says that
// no others match; ok is false where none does.
func (x *index) candidates(first, last int32) (fewest []int32, ok bool) {
	for i := range x.terms {
		having, known := x.meeting(&x.terms[i], first, last)
		if known && (!ok || len(having) < len(fewest)) {
			fewest, ok = having, true
		}
	}
	return fewest, ok
}

// meeting returns the workloads that meet a term for a label to be there; known is
// false for the other terms.
func (x *index) meeting(t *term, first, last int32) (workloads []int32, known bool) {
	switch {
	case t.operator == Exists && t.key >= 0:
		return within(x.havingKey[t.key], first, last), true
	case t.operator == Exists || t.operator == In && len(t.values) == 0:
		return nil, true
	case t.operator != In:
		return nil, false
	case len(t.values) == 1:
		return within(x.having[t.values[0]], first, last), true
	}
	for _, id := range t.values {
		workloads = append(workloads, within(x.having[id], first, last)...)
	}
	slices.Sort(workloads)
	return slices.Compact(workloads), true
}

// within cuts a list of ascending numbers.
func within(list []int32, first, last int32) []int32 {
	lo, _ := slices.BinarySearch(list, first)
	hi, _ := slices.BinarySearch(list, last)
	return list[lo:hi]
}
