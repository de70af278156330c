package analyzer

import (
	"slices"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// fate is what users decided of a violation.
type fate struct {
	configured rules.Severity // instead of the rule's; empty for none
	off        bool           // the rule is turned off there
	suppressed *suppression   // nil where it counts
}

// severity is the one that counts.
func (l located) severity() rules.Severity {
	if l.configured != "" {
		return l.configured
	}
	return l.Severity
}

// lines are the places at which a comment is about the violation: its own, those that
// shaped the value, and the head of the object that it is about as a whole.
func (l located) lines() []manifest.Pos {
	lines := append([]manifest.Pos{l.origin.Pos}, l.origin.Via...)
	if whole := len(l.Path) == 0 || len(l.Path) == 1 && l.Path[0] == "kind"; whole && l.place.object != nil {
		lines = append(lines, l.place.object.Pos)
	}
	return lines
}

// decide notes what users decided of each violation. Those of one finding may differ
// from environment to environment.
func decide(results []*assessment, decisions *suppressions, severities []config.Severity) {
	for _, r := range results {
		for i := range r.violations {
			v := &r.violations[i]
			for _, s := range severities {
				if s.Applies(v.Rule.ID, v.origin.File, v.environment) {
					if v.off = s.Severity == config.Off; !v.off {
						v.configured = rules.Severity(s.Severity)
					}
				}
			}
			if !v.off {
				v.suppressed = decisions.of(*v)
			}
		}
	}
}

// take puts the findings of the groups where they belong, each with the environments
// for which that was decided.
func (r *Report) take(groups []*group, persona rules.Persona) {
	r.sightings = map[spot][]Sighting{}
	seen := func(g *group) bool { return max(persona.Rank(), 0) >= g.persona().Rank() }
	for _, g := range groups {
		if counted := g.only(func(v located) bool { return !v.off && v.suppressed == nil }); counted != nil {
			f := r.note(counted, seen(counted))
			if seen(counted) {
				r.Findings = append(r.Findings, f)
			}
		}
		if suppressed := g.only(func(v located) bool { return v.suppressed != nil }); suppressed != nil {
			f := r.note(suppressed, false)
			if seen(suppressed) {
				by := suppressed.spokesman().suppressed
				r.Suppressed = append(r.Suppressed, Suppressed{Finding: f, Reason: by.reason, By: by.Pos})
			}
		}
	}
	slices.SortStableFunc(r.Findings, compareFindings)
}

// note keeps what is asked of a finding later.
func (r *Report) note(g *group, counts bool) Finding {
	f := g.finding()
	r.traces = append(r.traces, trace{spot: f.spot(), identity: g.identity(), counts: counts})
	r.sightings[f.spot()] = append(r.sightings[f.spot()], g.sightings()...)
	return f
}

// only is the group without some violations, nil where none is left.
func (g *group) only(keep func(located) bool) *group {
	part := *g
	part.violations = slices.DeleteFunc(slices.Clone(g.violations), func(v located) bool { return !keep(v) })
	if len(part.violations) == 0 {
		return nil
	}
	return &part
}
