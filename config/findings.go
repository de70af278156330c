package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/manifest"
)

// Off is the severity of a rule that is turned off.
const Off = "off"

// Severity gives the findings of a rule another severity, everywhere or in a part of
// the repository. Of several entries for a finding the last one holds.
type Severity struct {
	manifest.Pos
	Rule        string // always given
	Severity    string // "high", "medium", "low", "note" or Off; always given
	Path        Glob   // of the file of the finding; empty for all
	Environment Glob   // empty for all
}

// Applies tells whether the entry speaks of what a rule finds in a file of an
// environment.
func (s Severity) Applies(rule, file, environment string) bool {
	return s.Rule == rule && s.Path.covers(file) && s.Environment.covers(environment)
}

// Ignore is what the team decided not to be told. At least one of Rule, Resource, Path
// and Environment is given, and Reason always.
type Ignore struct {
	manifest.Pos
	Rule        string
	Resource    Resource
	Path        Glob // of the file of the finding
	Environment Glob
	Reason      string
	Expiry      time.Time // the last day, at 0:00 UTC; zero: never ends
}

// Applies tells whether the entry speaks of what a rule finds of an object in a file of
// an environment, expired or not.
func (i Ignore) Applies(rule string, object manifest.Ref, file, environment string) bool {
	return (i.Rule == "" || i.Rule == rule) && i.Resource.Match(object) &&
		i.Path.covers(file) && i.Environment.covers(environment)
}

// Expired tells whether the last day is over, in UTC.
func (i Ignore) Expired(now time.Time) bool { return expired(i.Expiry, now) }

// expired tells whether the last day, none if zero, is over.
func expired(last, now time.Time) bool {
	return !last.IsZero() && !now.Before(last.AddDate(0, 0, 1))
}

// covers is Match where an empty pattern covers everything.
func (g Glob) covers(name string) bool { return g == "" || g.Match(name) }

// Resource is a pattern for objects: "Kind/name" in whichever namespace, or
// "namespace/Kind/name". Each part is a pattern as in path.Match. The empty one
// matches every object.
type Resource string

// Match tells whether the pattern matches the object.
func (r Resource) Match(object manifest.Ref) bool {
	if r == "" {
		return true
	}
	parts := strings.Split(string(r), "/")
	if len(parts) == 2 {
		parts = append([]string{"*"}, parts...)
	}
	namespace := object.Namespace
	if manifest.IsPrivate(namespace) {
		namespace = ""
	}
	return len(parts) == 3 && matchPart(parts[0], namespace) && matchPart(parts[1], object.Kind) && matchPart(parts[2], object.Name)
}

// CheckRules returns an error for each entry that names a rule which is none of the
// known ones, with the nearest of them.
func (c *Config) CheckRules(known []string) error {
	var errs []error
	check := func(pos manifest.Pos, key, rule string) {
		if rule == "" || slices.Contains(known, rule) {
			return
		}
		message := fmt.Sprintf("%q names an unknown rule %s", key, quote(rule))
		if near := Nearest(rule, known); near != "" {
			message += fmt.Sprintf(", did you mean %q", near)
		}
		errs = append(errs, &Error{Pos: pos, Key: key, Message: message})
	}
	for i, s := range c.Severities {
		check(s.Pos, fmt.Sprintf("severities[%d].rule", i), s.Rule)
	}
	for i, e := range c.Ignores {
		check(e.Pos, fmt.Sprintf("ignores[%d].rule", i), e.Rule)
	}
	return errors.Join(errs...)
}

func (d *decoder) severity(v value) Severity {
	s := Severity{Pos: d.pos(v)}
	d.object(v,
		field{key: "rule", required: true, decode: func(v value) { s.Rule = d.text(v) }},
		field{key: "severity", required: true, decode: func(v value) { s.Severity = d.oneOf(v, "high", "medium", "low", "note", Off) }},
		field{key: "path", decode: func(v value) { s.Path = d.glob(v) }},
		field{key: "environment", decode: func(v value) { s.Environment = d.glob(v) }},
	)
	return s
}

func (d *decoder) ignore(v value) Ignore {
	i := Ignore{Pos: d.pos(v)}
	before := len(d.faults)
	d.object(v,
		field{key: "rule", decode: func(v value) { i.Rule = d.text(v) }},
		field{key: "resource", decode: func(v value) { i.Resource = d.resource(v) }},
		field{key: "path", decode: func(v value) { i.Path = d.glob(v) }},
		field{key: "environment", decode: func(v value) { i.Environment = d.glob(v) }},
		field{key: "reason", required: true, decode: func(v value) { i.Reason = d.text(v) }},
		field{key: "expiry", decode: func(v value) { i.Expiry = d.date(v) }},
	)
	if len(d.faults) == before && i.Rule == "" && i.Resource == "" && i.Path == "" && i.Environment == "" {
		d.fault(v, "ignores everything: give a rule, resource, path or environment")
	}
	return i
}

func (d *decoder) resource(v value) Resource {
	text := d.text(v)
	if text == "" {
		return ""
	}
	parts := strings.Split(text, "/")
	if len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
		d.fault(v, "must be Kind/name or namespace/Kind/name, not %s", quote(text))
		return ""
	}
	if wrong := Glob(text).check(); wrong != "" || slices.Contains(parts, "**") {
		if wrong == "" {
			wrong = "cannot hold \"**\", a part matches one name"
		}
		d.fault(v, "%s", wrong)
	}
	return Resource(text)
}
