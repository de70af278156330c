// Package rules holds the rules: Rego files with their metadata, and the schema
// of the document that they read.
//
// It loads, checks, compiles, evaluates and tests them, and writes their pages.
// It is the only package that knows OPA. It knows nothing of clusters: what a
// rule reads is prepared by package analyzer, which also turns the numbers that a
// rule answers with into objects and lines.
package rules

import "slices"

// Severity says how bad a defect is.
type Severity string

// The severities, from worst to least.
const (
	High   Severity = "high"
	Medium Severity = "medium"
	Low    Severity = "low"
	Note   Severity = "note"
)

// severities lists the severities from worst to least.
func severities() []Severity { return []Severity{High, Medium, Low, Note} }

// Rank orders severities: 0 is the worst, -1 an unknown one.
func (s Severity) Rank() int { return slices.Index(severities(), s) }

// Confidence says how sure a finding is.
type Confidence string

// The confidences.
const (
	Certain  Confidence = "high"
	Likely   Confidence = "medium"
	Possible Confidence = "low"
)

// confidences lists the confidences from most to least sure.
func confidences() []Confidence { return []Confidence{Certain, Likely, Possible} }

// Rank orders confidences: 0 is the surest, -1 an unknown one.
func (c Confidence) Rank() int { return slices.Index(confidences(), c) }

// Persona says who wants to see a rule's findings.
type Persona string

// The personas. An auditor sees what a regular user sees, and more.
const (
	Regular Persona = "regular"
	Auditor Persona = "auditor"
)

// personas lists the personas from the one that sees least to the one that sees all.
func personas() []Persona { return []Persona{Regular, Auditor} }

// Rank orders personas: 0 sees least, -1 is an unknown one.
func (p Persona) Rank() int { return slices.Index(personas(), p) }

// Rule is a rule's metadata, read from the METADATA block of its Rego file.
type Rule struct {
	ID          string // kebab-case, names the defect, never renamed or reused
	Title       string
	Description string
	Remedy      string
	Since       string // the version that brought the rule
	Severity    Severity
	Confidence  Confidence
	Persona     Persona
	// Everywhere is true for a defect that an object only has where every
	// environment to which the same source is applied has it: a policy of a base
	// that selects nothing in one overlay and something in another is fine.
	Everywhere bool
	Package    string   // Rego package, such as "ringfence.rules.unprotected_workload"
	References []string // https addresses
	// Before and After are a piece of a manifest with the defect, and the same without;
	// empty where a rule shows none.
	Before, After string
	Mapping       Mapping
	// File and Line are where its findings are written, for errors.
	File string
	Line int
	Own  bool // it does not ship with ringfence
}
