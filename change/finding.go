package change

import (
	"cmp"
	"path"
	"regexp"
	"slices"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// Finding is a finding that is new or fixed.
type Finding struct {
	analyzer.Finding
	// In are the environments in which it is new, or fixed; it may be in others before and after.
	In []string
	// Before is the milder severity that it had before in these environments, empty
	// where it was not there.
	Before rules.Severity
}

// newlySuppressed returns what was not suppressed before.
func newlySuppressed(before, after []analyzer.Suppressed) []analyzer.Suppressed {
	known := make(map[string]int)
	for _, s := range before {
		known[s.Fingerprint]++
	}
	return slices.DeleteFunc(slices.Clone(after), func(s analyzer.Suppressed) bool {
		known[s.Fingerprint]--
		return known[s.Fingerprint] >= 0
	})
}

// sighting is a finding in one environment.
type sighting struct {
	*analyzer.Finding
	analyzer.Sighting
	environment string // by its name after
	name        string // of the object, likewise
	left        bool   // the object is not there any more under the name that it had
}

// successor is what became of an environment.
type successor struct {
	name    string
	renamed map[manifest.Ref]string // names of objects
	hides   bool                    // less of it can be seen
	objects names                   // that it has
}

type sightingKey struct{ defect, environment string }

// compareFindings finds out which findings are new and which are gone, in each environment.
// now is what became of environments, by their names before.
func compareFindings(before, after *analyzer.Report, now map[string]successor) (added []Finding, gone []sighting) {
	old, current := sightings(before, now), sightings(after, nil)
	var fresh []sighting
	gone, fresh = subtract(old, current), subtract(current, old)
	gone, fresh = cancel(gone, fresh, isMoved)
	gone, fresh = cancel(gone, fresh, isMilder)
	gone, worse := cancelled(gone, fresh, isWorse)
	fresh = slices.DeleteFunc(fresh, func(s sighting) bool { return worse[s.key()] != "" })
	severities := map[sightingKey]rules.Severity{}
	for _, s := range old {
		severities[s.key()] = s.Sighting.Severity
	}
	byBefore := map[rules.Severity][]sighting{}
	for _, s := range current {
		was := worse[s.key()]
		if old := severities[s.key()]; old != "" && s.Sighting.Severity.Rank() < old.Rank() {
			was = old
		}
		byBefore[was] = append(byBefore[was], s)
	}
	added = findings(withoutRetold(gone, fresh), "")
	for _, was := range []rules.Severity{rules.Note, rules.Low, rules.Medium} {
		added = append(added, findings(byBefore[was], was)...)
	}
	return added, gone
}

// withoutRetold leaves out what a finding that is gone, and weighed as much, told of as well:
// where a workload is no longer said to be open because of a rule, a finding at the rule
// takes its place.
func withoutRetold(gone, fresh []sighting) []sighting {
	type place struct {
		environment string
		pos         manifest.Pos
	}
	told := map[place]int{} // the rank of the worst severity, from 1
	for _, s := range gone {
		for _, r := range s.Related {
			p, rank := place{s.environment, r.Pos}, s.Sighting.Severity.Rank()+1
			if told[p] == 0 || rank < told[p] {
				told[p] = rank
			}
		}
	}
	return slices.DeleteFunc(fresh, func(s sighting) bool {
		rank := told[place{s.environment, s.Pos}]
		return rank > 0 && rank <= s.Sighting.Severity.Rank()+1
	})
}

// isMoved tells whether a finding of one rule on one object is only told apart by the
// namespace or the name that the object got.
func isMoved(old, now sighting) bool { return old.Sighting.Object != now.Sighting.Object && old.left }

// isMilder and isWorse tell whether a finding on an object has become another one by
// weighing less, or more.
func isMilder(old, now sighting) bool {
	return now.Sighting.Severity.Rank() > old.Sighting.Severity.Rank()
}

func isWorse(old, now sighting) bool {
	return now.Sighting.Severity.Rank() < old.Sighting.Severity.Rank()
}

// cancel leaves out of two lists the pairs of one subject of which something is true.
func cancel(gone, fresh []sighting, matches func(old, now sighting) bool) (restGone, restFresh []sighting) {
	restGone, pairs := cancelled(gone, fresh, matches)
	return restGone, slices.DeleteFunc(slices.Clone(fresh), func(s sighting) bool { return pairs[s.key()] != "" })
}

// cancelled leaves out of the first list what has a partner of its subject in the second,
// and returns the severity that each partner had before.
func cancelled(gone, fresh []sighting, matches func(old, now sighting) bool) (rest []sighting, before map[sightingKey]rules.Severity) {
	candidates := map[subject][]sighting{}
	for _, s := range fresh {
		candidates[s.subject()] = append(candidates[s.subject()], s)
	}
	before = map[sightingKey]rules.Severity{}
	for _, old := range gone {
		list := candidates[old.subject()]
		i := slices.IndexFunc(list, func(now sighting) bool { return matches(old, now) })
		if i < 0 {
			rest = append(rest, old)
			continue
		}
		before[list[i].key()] = old.Sighting.Severity
		candidates[old.subject()] = slices.Delete(list, i, i+1)
	}
	return rest, before
}

// fixed tells findings that are gone from those that may only be hidden.
func fixed(gone []sighting, now map[string]successor) (fixed, unseen []Finding) {
	hidden := map[string]bool{}
	for _, next := range now {
		hidden[next.name] = next.hides
	}
	isHidden := func(s sighting) bool { return hidden[s.environment] }
	return findings(slices.DeleteFunc(slices.Clone(gone), isHidden), ""),
		findings(slices.DeleteFunc(slices.Clone(gone), func(s sighting) bool { return !isHidden(s) }), "")
}

// sightings lists the findings of a report in each environment, suppressed or not.
func sightings(r *analyzer.Report, now map[string]successor) []sighting {
	all := slices.Clone(r.Findings)
	for _, s := range r.Suppressed {
		all = append(all, s.Finding)
	}
	var list []sighting
	for i := range all {
		for _, s := range r.Sightings(all[i]) {
			next := now[s.Environment]
			list = append(list, sighting{
				&all[i], s, cmp.Or(next.name, s.Environment), cmp.Or(next.renamed[s.Object], s.Object.Name), !next.objects[s.Object],
			})
		}
	}
	return list
}

func (s sighting) key() sightingKey { return sightingKey{s.Defect, s.environment} }

// subtract returns the sightings of a that b does not have, as often as b lacks them.
func subtract(a, b []sighting) []sighting {
	left := make(map[sightingKey]int, len(b))
	for _, s := range b {
		left[s.key()]++
	}
	return slices.DeleteFunc(slices.Clone(a), func(s sighting) bool {
		left[s.key()]--
		return left[s.key()] >= 0
	})
}

type subject struct {
	rule, group, kind, name, environment string
}

func (s sighting) subject() subject {
	return subject{s.Rule.ID, s.Sighting.Object.Group, s.Sighting.Object.Kind, s.name, s.environment}
}

// findings joins the sightings of each finding that are alike; those of one are in a row.
func findings(all []sighting, before rules.Severity) []Finding {
	var list []Finding
	for _, s := range all {
		if k := len(list) - 1; k >= 0 && list[k].Fingerprint == s.Fingerprint && list[k].Pos == s.Pos && list[k].Message == s.Sighting.Message && list[k].Severity == s.Sighting.Severity {
			list[k].In = append(list[k].In, s.environment)
			continue
		}
		f := Finding{Finding: *s.Finding, In: []string{s.environment}, Before: before}
		f.Object, f.Severity, f.Message = s.Sighting.Object, s.Sighting.Severity, s.Sighting.Message
		list = append(list, f)
	}
	for _, f := range list {
		slices.Sort(f.In)
	}
	return list
}

type gapKey struct {
	code         manifest.Code
	reason, file string
	target       string
}

// lineNumbers are those of the places that reasons name.
var lineNumbers = regexp.MustCompile(`:\d+(:\d+)?\b`)

// compareGaps finds the gaps of each state that the other does not have. Their lines do
// not count, nor the folders that they were moved between.
func compareGaps(before, after []analyzer.Gap) (added, closed []analyzer.Gap) {
	reason := func(g analyzer.Gap) string { return lineNumbers.ReplaceAllString(g.Reason, "") }
	exact := func(g analyzer.Gap) gapKey { return gapKey{g.Code, reason(g), g.File, g.Target} }
	moved := func(g analyzer.Gap) gapKey { return gapKey{g.Code, reason(g), path.Base(g.File), ""} }
	for _, key := range []func(analyzer.Gap) gapKey{exact, moved} {
		before, after = gapsMissingIn(after, before, key), gapsMissingIn(before, after, key)
	}
	return after, before
}

func gapsMissingIn(others, gaps []analyzer.Gap, key func(analyzer.Gap) gapKey) []analyzer.Gap {
	left := map[gapKey]int{}
	for _, g := range others {
		left[key(g)]++
	}
	return slices.DeleteFunc(slices.Clone(gaps), func(g analyzer.Gap) bool {
		left[key(g)]--
		return left[key(g)] >= 0
	})
}
