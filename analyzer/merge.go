package analyzer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// merge makes one group of what the environments say of one rule and source position,
// in the order of their findings.
func merge(results []*assessment) []*group {
	groups := fold(gather(results))
	for _, g := range groups {
		g.nameDefects()
	}
	slices.SortStableFunc(groups, compareSpokesmen)
	return groups
}

// group holds the violations of one rule at one position that one edit corrects.
type group struct {
	origin     manifest.Origin
	violations []located // worst first
}

// key tells groups apart.
type key struct {
	rule    string
	pos     manifest.Pos
	subject string
	ref     manifest.Ref
}

// gather groups the violations, and leaves out those of a rule that must hold
// everywhere where some object that has the same value from the same place is
// free of it. An object whose value an overlay changed has it from elsewhere.
func gather(results []*assessment) []*group {
	found := map[key]*group{}
	affected := map[everywhere]int{}
	for _, r := range results {
		seen := map[instance]bool{}
		for _, v := range r.violations {
			k := key{rule: v.Rule.ID, pos: v.origin.Pos, subject: v.place.subject(), ref: v.place.ref}
			if found[k] == nil {
				found[k] = &group{origin: v.origin}
			}
			found[k].violations = append(found[k].violations, v)
			if i := (instance{v.everywhere(v.origin), v.Object}); !seen[i] {
				seen[i] = true
				affected[i.everywhere]++
			}
		}
	}
	var groups []*group
	for _, g := range found {
		slices.SortStableFunc(g.violations, compareViolations)
		v := g.violations[0]
		if !v.Rule.Everywhere || affected[v.everywhere(g.origin)] >= sharing(results, v, g.origin) {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, compareGroups)
	return groups
}

// sharing counts the objects of a violation's source whose field was written at
// the same position.
func sharing(results []*assessment, v located, at manifest.Origin) int {
	n := 0
	for _, r := range results {
		for _, p := range r.sources[v.place.source()] {
			if p.origin(v.Path).Pos == at.Pos {
				n++
			}
		}
	}
	return n
}

// everywhere names a defect at a position of a source, whichever object has it.
type everywhere struct {
	rule   string
	source source
	pos    manifest.Pos
}

type instance struct {
	everywhere
	object int // within its environment
}

func (l located) everywhere(at manifest.Origin) everywhere {
	return everywhere{rule: l.Rule.ID, source: l.place.source(), pos: at.Pos}
}

// fold joins the groups of what was written once: an object that is applied to several
// namespaces, and one to which kustomizations give several names. What a template makes
// several objects of is not joined: templates of library charts make those of all charts.
func fold(groups []*group) []*group {
	var folded []*group
	first := map[key]*group{}
	for _, g := range groups {
		v := g.violations[0]
		k := key{rule: v.Rule.ID, pos: g.origin.Pos, subject: v.place.written()}
		if known := first[k]; known != nil {
			known.violations = append(known.violations, g.violations...)
			slices.SortStableFunc(known.violations, compareViolations)
			continue
		}
		first[k] = g
		folded = append(folded, g)
	}
	return folded
}

func (g *group) environments() []string {
	var names []string
	for _, v := range g.violations {
		names = append(names, v.environment)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// spokesman is the violation that speaks for the group: the worst, or for a rule
// that must hold everywhere the mildest, because it is no surer than its weakest case.
func (g *group) spokesman() located {
	if g.violations[0].Rule.Everywhere {
		return g.violations[len(g.violations)-1]
	}
	return g.violations[0]
}

func (g *group) persona() rules.Persona { return g.spokesman().Persona }

func (g *group) finding() Finding {
	v := g.spokesman()
	return Finding{
		Rule:         v.Rule,
		Severity:     v.severity(),
		Confidence:   v.Confidence,
		Environments: g.environments(),
		Object:       v.place.ref,
		Origin:       g.origin,
		Message:      v.Message,
		Related:      append(slices.Clip(v.related), g.others()...),
		Fingerprint:  v.fingerprint(v.Severity),
	}
}

// others tells what the finding is besides what its message says: where it is something
// else that is wrong, and the objects that it is about as well, but for those that only
// have another namespace because they are in another environment.
func (g *group) others() []Related {
	v := g.spokesman()
	told := map[string]bool{}
	var others []Related
	tell := func(format string, args ...any) {
		others = append(others, Related{Origin: g.origin, Message: fmt.Sprintf(format, args...)})
	}
	for _, w := range g.violations {
		ref := w.place.ref
		switch {
		case told[w.Message] || ref == v.place.ref && w.Message == v.Message:
		case w.wording() != v.wording():
			told[w.Message] = true
			tell("%s: %s", g.where(w.Message), w.Message)
		case told[ref.String()] || ref == v.place.ref || ref.Name == v.place.ref.Name && !g.crowded(w.environment):
		case ref.Namespace == v.place.ref.Namespace:
			told[ref.String()] = true
			tell("also %s", title(ref))
		default:
			told[ref.String()] = true
			tell("also %s of %s", title(ref), namespaceTitle(ref.Namespace))
		}
	}
	return others
}

// wording is the message without the name of what it is about.
func (l located) wording() string {
	return strings.ReplaceAll(l.Message, fmt.Sprintf("%q", l.place.ref.Name), "")
}

// where names the environments in which a message is given besides that of the finding.
func (g *group) where(message string) string {
	part := g.only(func(v located) bool { return v.Message == message })
	switch names := part.environments(); {
	case slices.Contains(names, g.spokesman().environment):
		return "also"
	case len(names) == 1:
		return "in " + names[0]
	default:
		return fmt.Sprintf("in %s and %d more", names[0], len(names)-1)
	}
}

// crowded tells whether an environment has several of the objects.
func (g *group) crowded(environment string) bool {
	refs := map[manifest.Ref]bool{}
	for _, v := range g.violations {
		if v.environment == environment {
			refs[v.place.ref] = true
		}
	}
	return len(refs) > 1
}

func (g *group) sightings() []Sighting {
	all := make([]Sighting, len(g.violations))
	for i, v := range g.violations {
		all[i] = Sighting{Environment: v.environment, Object: v.place.ref, Severity: v.severity(), Message: v.Message, Defect: v.signature(v.Severity)}
	}
	return all
}

// compareViolations puts the worst first.
func compareViolations(a, b located) int {
	return cmp.Or(
		cmp.Compare(a.Persona.Rank(), b.Persona.Rank()),
		cmp.Compare(a.severity().Rank(), b.severity().Rank()),
		cmp.Compare(a.Confidence.Rank(), b.Confidence.Rank()),
		strings.Compare(a.environment, b.environment),
		a.place.ref.Compare(b.place.ref),
		strings.Compare(a.Message, b.Message),
	)
}

func compareGroups(a, b *group) int {
	v, w := a.violations[0], b.violations[0]
	return cmp.Or(
		a.origin.Pos.Compare(b.origin.Pos),
		strings.Compare(v.Rule.ID, w.Rule.ID),
		strings.Compare(v.place.subject(), w.place.subject()),
		v.place.ref.Compare(w.place.ref),
	)
}

// compareSpokesmen is compareFindings for the findings of groups.
func compareSpokesmen(a, b *group) int {
	v, w := a.spokesman(), b.spokesman()
	return cmp.Or(
		a.origin.Pos.Compare(b.origin.Pos),
		strings.Compare(v.Rule.ID, w.Rule.ID),
		v.place.ref.Compare(w.place.ref),
		strings.Compare(v.Message, w.Message),
	)
}

func compareFindings(a, b Finding) int {
	return cmp.Or(
		a.Pos.Compare(b.Pos),
		strings.Compare(a.Rule.ID, b.Rule.ID),
		a.Object.Compare(b.Object),
		strings.Compare(a.Message, b.Message),
	)
}
