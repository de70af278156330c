package analyzer

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/rules"
)

// identity is how a finding is known again. Its fingerprints are hashes of what the defect
// is where it is seen: the rule, the object, the field and what the rule says of it, or the
// names in its message (other objects, labels, ports, addresses).
//
// Nothing that changes while the defect stays is in them: no line, file, list index or
// wording, and nothing of other findings. So findings that differ in nothing but their
// place share a fingerprint, and whoever compares two reports counts them.
//
// The severity is in them where it is worse than the rule's own: a workload that becomes
// reachable from outside is not the old defect. One that becomes milder is.
type identity struct {
	// weighty are the fingerprints of the violations that weigh as much as the finding,
	// that of its spokesman first; it is the fingerprint of the finding.
	weighty []string
	// others are those of the other violations, sorted.
	others []string
	// worse are the fingerprints that the weighty ones would be if they weighed more.
	worse []string
}

func (g *group) identity() identity {
	speaker := g.spokesman()
	id := identity{weighty: []string{speaker.fingerprint(speaker.Severity)}}
	for _, v := range g.violations {
		print := v.fingerprint(v.Severity)
		if v.Severity != speaker.Severity {
			id.others = append(id.others, print)
			continue
		}
		if !slices.Contains(id.weighty, print) {
			id.weighty = append(id.weighty, print)
		}
		for _, s := range []rules.Severity{rules.High, rules.Medium, rules.Low} {
			if s.Rank() < v.Severity.Rank() {
				id.worse = append(id.worse, v.fingerprint(s))
			}
		}
	}
	slices.Sort(id.others)
	id.others = slices.Compact(id.others)
	return id
}

// fingerprint is that of a violation, had it the severity.
func (l located) fingerprint(s rules.Severity) string {
	sum := sha256.Sum256([]byte(l.signature(s)))
	return hex.EncodeToString(sum[:16])
}

// signature is what a defect is in one environment.
func (l located) signature(s rules.Severity) string {
	parts := []string{l.Rule.ID, l.place.lasting(), l.place.ref.Namespace, shape(l.Path), l.Defect}
	if s.Rank() < l.Rule.Severity.Rank() {
		parts = append(parts, string(s))
	}
	return strings.Join(parts, "\x00")
}

// shape is a path without list indexes, which change when a neighbour is added.
func shape(path []any) string {
	var keys []string
	for _, step := range path {
		if key, ok := step.(string); ok {
			keys = append(keys, key)
		}
	}
	return strings.Join(keys, ".")
}

var (
	// sample is how messages name one of several, which depends on what else there is.
	sample = regexp.MustCompile(`"[^"]*"(?: of namespace "[^"]*")? and \d+ more`)
	// names are quoted names, values in parentheses, words with a digit or a sign (ports,
	// addresses, labels) and directions.
	names = regexp.MustCompile(`"[^"]*"|\([^)]*\)|[^\s",;]*[\d=/!][^\s",;]*|\b(?:in|e)gress\b`)
)

// nameDefects lets the messages tell which defects they are about where the rule does
// not. Those of several environments are mostly the same.
func (g *group) nameDefects() {
	known := map[string]string{}
	for i := range g.violations {
		v := &g.violations[i]
		if v.Defect != "" {
			continue
		}
		names, met := known[v.Message]
		if !met {
			names = named(v.Message)
			known[v.Message] = names
		}
		v.Defect = names
	}
}

// named is what a message names: it stays when the wording changes.
func named(message string) string {
	return strings.Join(names.FindAllString(sample.ReplaceAllString(message, ""), -1), " ")
}
