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

// allFindings are those of a report, suppressed or not.
func allFindings(r *analyzer.Report) []analyzer.Finding {
	all := slices.Clone(r.Findings)
	for _, s := range r.Suppressed {
		all = append(all, s.Finding)
	}
	return all
}

// newlySuppressed returns what was not suppressed before.
func newlySuppressed(before, after []analyzer.Suppressed) []analyzer.Suppressed {
	known := make(map[string]bool)
	for _, s := range before {
		known[s.Fingerprint] = true
	}
	return slices.DeleteFunc(slices.Clone(after), func(s analyzer.Suppressed) bool { return known[s.Fingerprint] })
}

// sighting is a finding in one environment.
type sighting struct {
	*analyzer.Finding
	environment string // by its name after
	name        string // of the object, likewise
}

// successor is what became of an environment.
type successor struct {
	name    string
	renamed map[manifest.Ref]string // names of objects
	hides   bool                    // less of it can be seen
}

type sightingKey struct{ fingerprint, environment string }

// compareFindings finds out which findings are new and which are gone, in each environment.
// now is what became of environments, by their names before.
func compareFindings(before, after []analyzer.Finding, now map[string]successor) (added []Finding, gone []sighting) {
	old, current := sightings(before, now), sightings(after, nil)
	gone = subtract(old, current)
	fresh := subtract(current, old)
	// A finding of one rule on one object that is only told apart by the namespace
	// or the name that the object got is the same one.
	gone, fresh = withoutMoved(gone, fresh), withoutMoved(fresh, gone)
	severities := map[sightingKey]rules.Severity{}
	for _, s := range old {
		severities[s.key()] = s.Severity
	}
	worse := map[rules.Severity][]sighting{}
	for _, s := range current {
		if was, known := severities[s.key()]; known && s.Severity.Rank() < was.Rank() {
			worse[was] = append(worse[was], s)
		}
	}
	added = findings(fresh, "")
	for _, was := range []rules.Severity{rules.Note, rules.Low, rules.Medium} {
		added = append(added, findings(worse[was], was)...)
	}
	return added, gone
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

func sightings(all []analyzer.Finding, now map[string]successor) []sighting {
	var list []sighting
	for i := range all {
		f := &all[i]
		if len(f.Environments) == 0 {
			list = append(list, sighting{f, "", f.Object.Name})
		}
		for _, e := range f.Environments {
			next := now[e]
			list = append(list, sighting{f, cmp.Or(next.name, e), cmp.Or(next.renamed[f.Object], f.Object.Name)})
		}
	}
	return list
}

func (s sighting) key() sightingKey { return sightingKey{s.Fingerprint, s.environment} }

// subtract returns the sightings of a that b does not have.
func subtract(a, b []sighting) []sighting {
	known := make(map[sightingKey]bool, len(b))
	for _, s := range b {
		known[s.key()] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(s sighting) bool { return known[s.key()] })
}

type subject struct {
	rule, group, kind, name, environment string
}

func (s sighting) subject() subject {
	return subject{s.Rule.ID, s.Object.Group, s.Object.Kind, s.name, s.environment}
}

// withoutMoved leaves out of some sightings as many of each subject as others have.
func withoutMoved(some, others []sighting) []sighting {
	left := map[subject]int{}
	for _, s := range others {
		left[s.subject()]++
	}
	return slices.DeleteFunc(slices.Clone(some), func(s sighting) bool {
		left[s.subject()]--
		return left[s.subject()] >= 0
	})
}

// findings joins the sightings of each finding, which are in a row.
func findings(all []sighting, before rules.Severity) []Finding {
	var list []Finding
	for _, s := range all {
		if k := len(list) - 1; k >= 0 && list[k].Fingerprint == s.Fingerprint {
			list[k].In = append(list[k].In, s.environment)
			continue
		}
		list = append(list, Finding{Finding: *s.Finding, In: []string{s.environment}, Before: before})
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
