package rules

// Severity says how bad a defect is.
type Severity string

// The severities, from worst to least.
const (
	High   Severity = "high"
	Medium Severity = "medium"
	Low    Severity = "low"
	Note   Severity = "note"
)

// Confidence says how sure a finding is.
type Confidence string

// The confidences.
const (
	Certain  Confidence = "high"
	Likely   Confidence = "medium"
	Possible Confidence = "low"
)

// Persona says who wants to see a rule's findings.
type Persona string

// The personas. An auditor sees what a regular user sees, and more.
const (
	Regular Persona = "regular"
	Auditor Persona = "auditor"
)

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
	Package     string   // Rego package, such as "ringfence.rules.unprotected_workload"
	References  []string // https addresses
}
