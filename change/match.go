package change

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
)

// pair is an environment in both states, or in one of them.
type pair struct{ before, after *analyzer.Environment }

// isSame tells whether both have the very same objects, as where they were rendered once.
func (p pair) isSame() bool {
	return slices.EqualFunc(p.before.Objects, p.after.Objects, func(a, b *manifest.Object) bool {
		return a == b || a.Ref == b.Ref && reflect.ValueOf(a.Data).UnsafePointer() == reflect.ValueOf(b.Data).UnsafePointer()
	}) && maps.EqualFunc(p.before.NamespaceLabels, p.after.NamespaceLabels, maps.Equal)
}

// hides tells whether something cannot be seen after that could be seen before.
func (p pair) hides() bool {
	added, _ := compareGaps(p.before.Gaps, p.after.Gaps)
	return slices.ContainsFunc(added, func(g analyzer.Gap) bool { return !g.Note })
}

// match pairs environments by name, and then the rest by what they hold: an environment
// named for its folder has another name once the folder was moved.
func match(before, after []analyzer.Environment) []pair {
	var pairs []pair
	var left []*analyzer.Environment
	taken := map[string]bool{}
	for i := range before {
		b := &before[i]
		k := slices.IndexFunc(after, func(a analyzer.Environment) bool { return a.Name == b.Name })
		if k < 0 {
			left = append(left, b)
			continue
		}
		taken[b.Name] = true
		pairs = append(pairs, pair{b, &after[k]})
	}
	var right []*analyzer.Environment
	for i := range after {
		if !taken[after[i].Name] {
			right = append(right, &after[i])
		}
	}
	return append(pairs, alike(left, right)...)
}

// alike pairs environments that have half of all their objects in common, the most
// similar ones first.
func alike(left, right []*analyzer.Environment) []pair {
	content := func(all []*analyzer.Environment) []names {
		sets := make([]names, len(all))
		for i, e := range all {
			sets[i] = namesOf(e.Objects)
		}
		return sets
	}
	var pairs []pair
	rest := slices.Clone(right)
	matched := bestMatches(content(left), content(right))
	for i, b := range left {
		k, ok := matched[i]
		if !ok {
			pairs = append(pairs, pair{before: b})
			continue
		}
		pairs = append(pairs, pair{b, right[k]})
		rest[k] = nil
	}
	for _, a := range rest {
		if a != nil {
			pairs = append(pairs, pair{after: a})
		}
	}
	return pairs
}

// names is a set of objects by their names.
type names map[manifest.Ref]bool

// namesOf returns the names of objects. Namespaces that are not known are as one.
func namesOf(objects []*manifest.Object) names {
	set := make(names)
	for _, o := range objects {
		set[public(o.Ref)] = true
	}
	return set
}

// similarity is the part of what either set holds that both do.
func similarity(a, b names) float64 {
	common := 0
	for r := range a {
		if b[r] {
			common++
		}
	}
	return float64(common) / float64(max(1, len(a)+len(b)-common))
}

// leastSimilarity is that of a thing that was moved, as git has it for files.
const leastSimilarity = 0.5

// bestMatches pairs the indexes of sets that are similar, the best matches first.
func bestMatches(left, right []names) map[int]int {
	type candidate struct {
		left, right int
		similarity  float64
	}
	var all []candidate
	for i, a := range left {
		for k, b := range right {
			if s := similarity(a, b); s >= leastSimilarity {
				all = append(all, candidate{i, k, s})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.similarity, a.similarity) })
	matched, taken := map[int]int{}, map[int]bool{}
	for _, c := range all {
		if _, known := matched[c.left]; !known && !taken[c.right] {
			matched[c.left], taken[c.right] = c.right, true
		}
	}
	return matched
}

// align gives the objects of one state the names under which the other has them, where
// nothing but these differs. It returns the new names also by the old ones.
func align(before, after []*manifest.Object) (aligned []*manifest.Object, renamed map[manifest.Ref]string) {
	aligned = alignNames(alignPrivate(before, after), after)
	renamed = make(map[manifest.Ref]string)
	for i, o := range aligned {
		if o.Name != before[i].Name {
			renamed[public(before[i].Ref)] = o.Name
		}
	}
	return aligned, renamed
}

// public leaves out a namespace that is not known.
func public(r manifest.Ref) manifest.Ref {
	if manifest.IsPrivate(r.Namespace) {
		r.Namespace = ""
	}
	return r
}

// alignPrivate gives the objects of namespaces that are not known, which stand for the
// folder of a target, to the namespaces that such have after a move of the folder.
func alignPrivate(before, after []*manifest.Object) []*manifest.Object {
	old, oldSets := privateNamespaces(before, after)
	now, nowSets := privateNamespaces(after, before)
	moved := map[string]string{}
	for i, k := range bestMatches(oldSets, nowSets) {
		moved[old[i]] = now[k]
	}
	return mapped(before, func(o *manifest.Object) *manifest.Object {
		if to := moved[o.Namespace]; to != "" {
			return o.WithNamespace(to)
		}
		return o
	})
}

func mapped(objects []*manifest.Object, change func(*manifest.Object) *manifest.Object) []*manifest.Object {
	out := make([]*manifest.Object, len(objects))
	for i, o := range objects {
		out[i] = change(o)
	}
	return out
}

// alignNames gives objects that only one state has the name of one that only the other
// has and that is the same apart from its name: no policy sees that, and some charts
// draw a new name each time that they are rendered.
func alignNames(before, after []*manifest.Object) []*manifest.Object {
	renamed := map[string][]string{} // what objects after are called
	known := map[manifest.Ref]bool{}
	for _, o := range before {
		known[o.Ref] = true
	}
	for _, o := range after {
		if !known[o.Ref] {
			key := withoutName(o)
			renamed[key] = append(renamed[key], o.Name)
		}
	}
	if len(renamed) == 0 {
		return before
	}
	clear(known)
	for _, o := range after {
		known[o.Ref] = true
	}
	return mapped(before, func(o *manifest.Object) *manifest.Object {
		if known[o.Ref] {
			return o
		}
		key := withoutName(o)
		names := renamed[key]
		if len(names) == 0 {
			return o
		}
		renamed[key] = names[1:]
		return o.WithName(names[0])
	})
}

// withoutName is the same text for objects that are the same apart from their names.
func withoutName(o *manifest.Object) string {
	data := maps.Clone(o.Data)
	if meta, ok := data["metadata"].(map[string]any); ok {
		meta = maps.Clone(meta)
		delete(meta, "name")
		data["metadata"] = meta
	}
	text, _ := json.Marshal(data) // plain data, which has a JSON form
	return o.Namespace + "\x00" + string(text)
}

// privateNamespaces lists the namespaces of some objects that are not known and that
// others do not have, and what is in each.
func privateNamespaces(objects, others []*manifest.Object) (namespaces []string, sets []names) {
	inBoth := map[string]bool{}
	for _, o := range others {
		inBoth[o.Namespace] = true
	}
	inside := map[string][]*manifest.Object{}
	for _, o := range objects {
		if o.Namespace != "" && manifest.IsPrivate(o.Namespace) && !inBoth[o.Namespace] {
			inside[o.Namespace] = append(inside[o.Namespace], o)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(inside)) {
		namespaces = append(namespaces, n)
		sets = append(sets, namesOf(inside[n]))
	}
	return namespaces, sets
}
