package rules

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Violation is one finding as a rule returns it. Severity, confidence and
// persona are those of the rule where the rule leaves them out.
type Violation struct {
	Rule *Rule
	Place
	Related    []Place
	Severity   Severity
	Confidence Confidence
	Persona    Persona
	// Defect tells the finding from others of the rule about the same field. Where it is
	// empty the names in the message do; it is for messages that name more, such as the
	// policy that happens to deny a call.
	Defect string
}

// Place is a field of an object of the input document.
type Place struct {
	Object  int    // the "id" of something in the input
	Path    []any  // of string and int, from the object's root
	Message string // lowercase, no final period
}

// Evaluate asks every rule for its violations in the input document, which is
// anything that encoding/json makes into what the schema describes. They come
// sorted by rule, object, path and message. A rule that returns something else
// than its contract allows, or whose builtin function stops, gives an error.
func (s *Set) Evaluate(ctx context.Context, input any) ([]Violation, error) {
	document, err := term(reflect.ValueOf(input))
	if err != nil {
		return nil, fmt.Errorf("input of the rules: %w", err)
	}
	results, err := s.eval(ctx, document.Value)
	if err != nil {
		return nil, fmt.Errorf("evaluate rules: %w", err)
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, errors.New("evaluate rules: no answer")
	}
	answer, _ := results[0].Expressions[0].Value.(map[string]any)
	var violations []Violation
	for _, rule := range s.rules {
		_, name, _ := strings.Cut("data."+rule.Package, rulePackage)
		found, _ := answer[name].([]any)
		for _, item := range found {
			v, err := readViolation(rule, item)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: rule %q: %w", rule.File, rule.Line, rule.ID, err)
			}
			violations = append(violations, v)
		}
	}
	slices.SortStableFunc(violations, compareViolations)
	return violations, nil
}

func compareViolations(a, b Violation) int {
	if c := cmp.Or(strings.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.Object, b.Object)); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(fmt.Sprint(a.Path...), fmt.Sprint(b.Path...)), strings.Compare(a.Message, b.Message))
}

// The shape of a finding in Rego. Pointers tell what is missing.
type (
	rawViolation struct {
		rawPlace
		Related    *[]rawPlace `json:"related"`
		Severity   *Severity   `json:"severity"`
		Confidence *Confidence `json:"confidence"`
		Persona    *Persona    `json:"persona"`
		Defect     string      `json:"defect"`
	}
	rawPlace struct {
		Object  *int    `json:"object"`
		Path    *[]any  `json:"path"`
		Message *string `json:"message"`
	}
)

// readViolation decodes a finding and refuses unknown and missing fields.
func readViolation(rule *Rule, item any) (Violation, error) {
	text, err := json.Marshal(item)
	if err != nil {
		return Violation{}, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var raw rawViolation
	if err := decoder.Decode(&raw); err != nil {
		return Violation{}, fmt.Errorf("finding %s: %w", text, err)
	}
	v := Violation{Rule: rule, Severity: rule.Severity, Confidence: rule.Confidence, Persona: rule.Persona, Defect: raw.Defect}
	if err := raw.fill(&v); err != nil {
		return Violation{}, fmt.Errorf("finding %s: %w", text, err)
	}
	return v, nil
}

func (raw *rawViolation) fill(v *Violation) error {
	var err error
	if v.Place, err = raw.place(); err != nil {
		return err
	}
	if raw.Related == nil {
		return errors.New("no \"related\"")
	}
	for _, r := range *raw.Related {
		place, err := r.place()
		if err != nil {
			return fmt.Errorf("related: %w", err)
		}
		v.Related = append(v.Related, place)
	}
	if raw.Severity != nil {
		v.Severity = *raw.Severity
	}
	if raw.Confidence != nil {
		v.Confidence = *raw.Confidence
	}
	if raw.Persona != nil {
		v.Persona = *raw.Persona
	}
	if v.Severity.Rank() < 0 || v.Confidence.Rank() < 0 || v.Persona.Rank() < 0 {
		return errors.New("unknown severity, confidence or persona")
	}
	return nil
}

func (raw rawPlace) place() (Place, error) {
	switch {
	case raw.Object == nil:
		return Place{}, errors.New("no \"object\"")
	case raw.Path == nil:
		return Place{}, errors.New("no \"path\"")
	case raw.Message == nil || *raw.Message == "":
		return Place{}, errors.New("no \"message\"")
	}
	p := Place{Object: *raw.Object, Message: *raw.Message}
	for _, step := range *raw.Path {
		switch step := step.(type) {
		case string:
			p.Path = append(p.Path, step)
		case float64:
			p.Path = append(p.Path, int(step))
		default:
			return Place{}, fmt.Errorf("path element %v is neither text nor a number", step)
		}
	}
	return p, nil
}
