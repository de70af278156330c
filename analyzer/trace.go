package analyzer

import (
	"path"
	"slices"
)

// trace is what is kept of a finding, to know it again.
type trace struct {
	spot
	identity
	counts bool // neither suppressed nor for another persona
}

// match pairs findings with those of the baseline that they are, one with one, and returns
// the findings that have a partner and the rest of the baseline. A finding and its
// partner have a fingerprint in common: one of those that weigh as much as the finding or
// would if it were worse, so that what became worse has none.
//
// Where several are alike, those in one file are partners first, then those in files of
// one name, as after a folder was renamed, then any: all that tells them apart is where
// they are. Without moved only those in one file are.
func (b *Baseline) match(findings []trace, moved bool) (known map[spot]bool, rest []Known) {
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b trace) int { return rank(a.counts) - rank(b.counts) })
	near := []func(string) string{func(file string) string { return file }}
	if moved {
		near = append(near, path.Base, func(string) string { return "" })
	}
	known, taken := map[spot]bool{}, make([]bool, len(b.Findings))
	for _, place := range near {
		free := b.index(taken, place)
		findings = slices.DeleteFunc(findings, func(t trace) bool {
			i := free.take(t, place(t.pos.File), taken)
			if i >= 0 && t.counts {
				known[t.spot] = true
			}
			return i >= 0
		})
	}
	for i, k := range b.Findings {
		if !taken[i] {
			rest = append(rest, k)
		}
	}
	return known, rest
}

// rank puts what counts first.
func rank(counts bool) int {
	if counts {
		return 0
	}
	return 1
}

// printAt is a fingerprint near a place.
type printAt struct{ print, place string }

// index finds the findings of a baseline by fingerprint and place.
type index map[printAt][]int

func (b *Baseline) index(taken []bool, place func(string) string) index {
	found := index{}
	for i, k := range b.Findings {
		if taken[i] {
			continue
		}
		for _, print := range append(slices.Clip(k.Also), k.Fingerprint) {
			at := printAt{print, place(k.File)}
			found[at] = append(found[at], i)
		}
	}
	return found
}

// take takes the partner of a finding, -1 where it has none.
func (x index) take(t trace, place string, taken []bool) int {
	for _, print := range slices.Concat(t.weighty, t.worse) {
		for _, i := range x[printAt{print, place}] {
			if !taken[i] {
				taken[i] = true
				return i
			}
		}
	}
	return -1
}
