package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// Finding is one defect at one place. Findings are results, not errors.
type Finding struct {
	Rule         *rules.Rule
	Severity     rules.Severity   // of this finding; a rule may depart from its default
	Confidence   rules.Confidence // likewise
	Environments []string         // sorted; where it was seen
	Object       manifest.Ref
	manifest.Origin
	Message string // lowercase, no final period
	Related []Related
	// Fingerprint stays when lines move, files are renamed and documents reordered, and
	// changes with the defect. Findings that differ in nothing but their place share it.
	Fingerprint string
}

// Sighting is a finding as it is in one environment: what speaks for it where it was seen in
// several may be said of another one.
type Sighting struct {
	Environment string
	Object      manifest.Ref
	Severity    rules.Severity
	Message     string
	// Defect identifies the defect in this environment as a fingerprint does that of a finding.
	Defect string
}

// Related is another place that helps to understand a finding.
type Related struct {
	manifest.Origin
	Message string
}

// Gap is a gap with the target in which it was met.
type Gap struct {
	manifest.Gap
	Target string // the target's name, empty where it belongs to none
	// Accepted is the reason why the user accepts the gap, empty where nobody does.
	Accepted string
}

// Report is the answer for a repository, sorted and complete.
type Report struct {
	Findings     []Finding
	Suppressed   []Suppressed
	InBaseline   int     // findings that Except took out
	Fixed        []Known // what a baseline holds and is no more, in its order
	Gaps         []Gap
	Environments int // analyzed
	Targets      int // rendered
	Workloads    int // in all environments
	Policies     int // in all environments

	// traces are those of everything that was found, also of what is suppressed or for
	// another persona.
	traces []trace
	// sightings are those of all findings.
	sightings map[spot][]Sighting
}

// spot tells findings of one report apart.
type spot struct {
	rule, fingerprint string
	pos               manifest.Pos
}

func (f Finding) spot() spot { return spot{f.Rule.ID, f.Fingerprint, f.Pos} }

// Sightings tells how a finding of the report, suppressed or not, is in each of its
// environments. Of a report that Analyze did not make it is the same in all of them.
func (r *Report) Sightings(f Finding) []Sighting {
	var seen []Sighting
	for _, e := range f.Environments {
		if r.sightings == nil {
			seen = append(seen, Sighting{Environment: e, Object: f.Object, Severity: f.Severity, Message: f.Message, Defect: f.Fingerprint})
		}
	}
	for _, s := range r.sightings[f.spot()] {
		if slices.Contains(f.Environments, s.Environment) {
			seen = append(seen, s)
		}
	}
	return seen
}
