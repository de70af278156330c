package analyzer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// Suppressed is a finding that somebody decided not to be told.
type Suppressed struct {
	Finding
	Reason string
	By     manifest.Pos // the line that suppresses it
}

// suppression is one such decision: an entry of the configuration, an annotation or
// a comment.
type suppression struct {
	manifest.Pos
	statement
	covers func(located) bool
	used   bool
}

// suppressions are those of a repository.
type suppressions struct {
	all   []*suppression
	known []*rules.Rule
	today time.Time
}

// newSuppressions collects what the options and the objects of the environments say.
func newSuppressions(environments []Environment, opts Options) *suppressions {
	s := &suppressions{known: opts.Rules.Rules(), today: opts.Today}
	for _, entry := range opts.Ignores {
		s.add(entry.Pos, statement{rule: entry.Rule, reason: entry.Reason, until: entry.Expiry}, func(v located) bool {
			return entry.Applies(v.Rule.ID, v.place.ref, v.origin.File, v.environment)
		})
	}
	for _, comment := range opts.Comments {
		s.add(comment.Pos, comment.statement, func(v located) bool {
			return slices.ContainsFunc(v.lines(), comment.covers)
		})
	}
	for _, a := range annotations(environments) {
		s.add(a.Pos, a.statement, func(v located) bool { return a.objects[subject{v.environment, v.place.ref}] })
	}
	return s
}

// add keeps a suppression; one that is at fault or over covers nothing.
func (s *suppressions) add(pos manifest.Pos, said statement, covers func(located) bool) {
	if said.fault == "" && said.rule != "" {
		said.fault = s.unknown(said.rule)
	}
	s.all = append(s.all, &suppression{Pos: pos, statement: said, covers: covers})
}

// unknown says that no rule has the id, empty where one has.
func (s *suppressions) unknown(id string) string {
	var ids []string
	for _, r := range s.known {
		ids = append(ids, r.ID)
	}
	if slices.Contains(ids, id) {
		return ""
	}
	if near := config.Nearest(id, ids); near != "" {
		return fmt.Sprintf("there is no rule %q, did you mean %q", id, near)
	}
	return fmt.Sprintf("there is no rule %q", id)
}

func (s *suppression) expired(today time.Time) bool {
	return config.Ignore{Expiry: s.until}.Expired(today)
}

// of returns the first suppression of a violation, nil where there is none. All that
// cover it are of use.
func (s *suppressions) of(v located) *suppression {
	var first *suppression
	for _, one := range s.all {
		if one.fault != "" || one.rule != "" && one.rule != v.Rule.ID || one.expired(s.today) || !one.covers(v) {
			continue
		}
		one.used = true
		if first == nil {
			first = one
		}
	}
	return first
}

// remarks says what is wrong with suppressions. Whether one that suppresses nothing is
// of no use is only known where everything was seen that it may be about.
func (s *suppressions) remarks(seen func(file string) bool) []Gap {
	var gaps []Gap
	remark := func(at manifest.Pos, code manifest.Code, format string, args ...any) {
		gaps = append(gaps, Gap{Gap: manifest.Gap{Pos: at, Code: code, Note: true, Reason: fmt.Sprintf(format, args...)}})
	}
	for _, one := range s.all {
		switch {
		case one.fault != "":
			remark(one.Pos, manifest.InvalidSuppression, "this suppresses nothing: %s", one.fault)
		case one.expired(s.today):
			remark(one.Pos, manifest.ExpiredSuppression, "this suppresses nothing any more: it ended on %s (%s)", one.until.Format(time.DateOnly), one.reason)
		case !one.used && seen(one.File):
			remark(one.Pos, manifest.UnusedSuppression, "this suppresses nothing: %s finds nothing here", cmp.Or(one.rule, "no rule"))
		}
	}
	return gaps
}

// subject is an object of an environment.
type subject struct {
	environment string
	ref         manifest.Ref
}

// annotation is a line of the annotation that suppresses, and the objects that have it.
type annotation struct {
	manifest.Pos
	statement
	objects map[subject]bool
}

// annotations reads those of all objects. What several objects or environments have
// from one line is one annotation.
func annotations(environments []Environment) []*annotation {
	type key struct {
		manifest.Pos
		line string
	}
	found := map[key]*annotation{}
	var all []*annotation
	for _, env := range environments {
		for _, o := range env.Objects {
			text := manifest.Text(o.Data, "metadata", "annotations", suppressionAnnotation)
			if text == "" {
				continue
			}
			pos := o.At("metadata", "annotations", suppressionAnnotation).Pos
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); line == "" {
					continue
				}
				k := key{pos, line}
				if found[k] == nil {
					found[k] = &annotation{Pos: pos, statement: parseStatement(line), objects: map[subject]bool{}}
					all = append(all, found[k])
				}
				found[k].objects[subject{env.Name, public(o.Ref)}] = true
			}
		}
	}
	return all
}

// completelySeen tells of a file whether all that it may be about was seen: the
// environments of the objects written there, or else all. A run that was asked for a
// part of the repository has not seen the rest.
func completelySeen(environments []Environment, opts Options) func(file string) bool {
	all := !opts.Partial && !hasGap(opts.Gaps)
	files := map[string]bool{}
	for _, env := range environments {
		complete := !hasGap(env.Gaps)
		all = all && complete
		for _, o := range env.Objects {
			if before, known := files[o.File]; known {
				files[o.File] = before && complete
			} else {
				files[o.File] = complete
			}
		}
	}
	return func(file string) bool { return all || files[file] && !opts.Partial }
}

func hasGap(gaps []Gap) bool { return slices.ContainsFunc(gaps, func(g Gap) bool { return !g.Note }) }
