package rules

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// schemaName is what METADATA calls the schema of the input document.
const schemaName = "schema.model"

// The keys of METADATA's custom section.
var (
	requiredKeys = []string{"id", "severity", "confidence", "since", "remedy"}
	optionalKeys = []string{"persona", "everywhere", "before", "after", "mapping"}
)

var kebabCase = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// IsID tells whether a text can be the id of a rule.
func IsID(text string) bool { return kebabCase.MatchString(text) }

// readModule checks the contract of a module and returns its rule, nil for a
// module that only holds what rules share.
func readModule(file string, module *ast.Module) (*Rule, error) {
	meta := packageAnnotations(module)
	if meta == nil || !readsSchema(meta) {
		return nil, fmt.Errorf("METADATA needs the line \"schemas: [{input: %s}]\": without it a misspelt field finds nothing, in silence", schemaName)
	}
	pkg := module.Package.Path.String()
	if pkg == libPackage || strings.HasPrefix(pkg, libPackage+".") {
		return nil, nil
	}
	rule, err := readRule(meta)
	if err != nil {
		return nil, err
	}
	snake := strings.ReplaceAll(rule.ID, "-", "_")
	if pkg != rulePackage+snake {
		return nil, fmt.Errorf("rule %q must be package %q", rule.ID, strings.TrimPrefix(rulePackage, "data.")+snake)
	}
	if path.Base(file) != snake+".rego" {
		return nil, fmt.Errorf("rule %q must be in a file %q", rule.ID, snake+".rego")
	}
	rule.File, rule.Line = file, findingsLine(module)
	if rule.Line == 0 {
		return nil, fmt.Errorf("rule %q must say \"findings contains …\"", rule.ID)
	}
	rule.Package = strings.TrimPrefix(pkg, "data.")
	return rule, nil
}

func packageAnnotations(module *ast.Module) *ast.Annotations {
	for _, a := range module.Annotations {
		if a.Scope == "package" {
			return a
		}
	}
	return nil
}

func readsSchema(meta *ast.Annotations) bool {
	for _, s := range meta.Schemas {
		if s.Path.String() == "input" && s.Schema.String() == schemaName {
			return true
		}
	}
	return false
}

// findingsLine is where a module says its findings, 0 where it does not.
func findingsLine(module *ast.Module) int {
	for _, r := range module.Rules {
		if r.Head.Name == "findings" && r.Head.RuleKind() == ast.MultiValue {
			return r.Loc().Row
		}
	}
	return 0
}

// readRule makes a rule of its METADATA.
func readRule(meta *ast.Annotations) (*Rule, error) {
	if meta.Title == "" || meta.Description == "" {
		return nil, errors.New("METADATA needs a title and a description")
	}
	for key := range meta.Custom {
		if !slices.Contains(requiredKeys, key) && !slices.Contains(optionalKeys, key) {
			return nil, fmt.Errorf("METADATA has an unknown custom key %q", key)
		}
	}
	text := map[string]string{}
	for _, key := range requiredKeys {
		value, _ := meta.Custom[key].(string)
		if text[key] = strings.TrimSpace(value); text[key] == "" {
			return nil, fmt.Errorf("METADATA has no custom key %q", key)
		}
	}
	rule := &Rule{
		ID:          text["id"],
		Title:       meta.Title,
		Description: strings.TrimSpace(meta.Description),
		Remedy:      text["remedy"],
		Since:       text["since"],
		Severity:    Severity(text["severity"]),
		Confidence:  Confidence(text["confidence"]),
		Persona:     Regular,
	}
	for _, r := range meta.RelatedResources {
		rule.References = append(rule.References, r.Ref.String())
	}
	if err := rule.readOptional(meta.Custom); err != nil {
		return nil, err
	}
	return rule, rule.check()
}

func (r *Rule) readOptional(custom map[string]any) error {
	if value, given := custom["persona"]; given {
		text, _ := value.(string)
		r.Persona = Persona(text)
	}
	if value, given := custom["everywhere"]; given {
		yes, ok := value.(bool)
		if !ok {
			return fmt.Errorf("METADATA key \"everywhere\" is %v, want true or false", value)
		}
		r.Everywhere = yes
	}
	for key, field := range map[string]*string{"before": &r.Before, "after": &r.After} {
		if value, given := custom[key]; given {
			text, ok := value.(string)
			if !ok {
				return fmt.Errorf("METADATA key %q is no text", key)
			}
			*field = text
		}
	}
	if value, given := custom["mapping"]; given {
		return r.Mapping.read(value)
	}
	return nil
}

// read reads the custom key mapping: lists of texts by standard.
func (m *Mapping) read(value any) error {
	lists, ok := value.(map[string]any)
	if !ok {
		return errors.New("METADATA key \"mapping\" is no mapping")
	}
	fields := map[string]*[]string{"cis": &m.CIS, "nsa": &m.NSA, "mitre": &m.MITRE}
	for key, value := range lists {
		items, ok := value.([]any)
		if !ok || fields[key] == nil {
			return fmt.Errorf("METADATA key \"mapping\" has %q, want lists called cis, nsa and mitre", key)
		}
		for _, item := range items {
			text, ok := item.(string)
			if !ok {
				return fmt.Errorf("METADATA key \"mapping\" has %v under %q, want texts in quotes", item, key)
			}
			*fields[key] = append(*fields[key], text)
		}
	}
	return nil
}

func (r *Rule) check() error {
	switch {
	case !IsID(r.ID):
		return fmt.Errorf("id %q is not in kebab-case", r.ID)
	case r.Severity.Rank() < 0:
		return fmt.Errorf("severity %q is none of %v", r.Severity, severities())
	case r.Confidence.Rank() < 0:
		return fmt.Errorf("confidence %q is none of %v", r.Confidence, confidences())
	case r.Persona.Rank() < 0:
		return fmt.Errorf("persona %q is none of %v", r.Persona, personas())
	}
	return nil
}
