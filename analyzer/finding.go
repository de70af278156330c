package analyzer

import (
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
	// changes with the defect.
	Fingerprint string
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

	// present holds the fingerprints of everything that was found, also of what is
	// suppressed or for another persona.
	present map[string]bool
}
