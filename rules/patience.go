package rules

import (
	"context"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// patience is how long rules of users may take for one environment.
const patience = 30 * time.Second

// eval asks all rules. Those of users are stopped after a while; the error names the
// one that takes so long.
func (s *Set) eval(ctx context.Context, input ast.Value) (rego.ResultSet, error) {
	own := s.own()
	if len(own) == 0 {
		return s.prepared.Eval(ctx, rego.EvalParsedInput(input))
	}
	results, late, err := evalWithin(ctx, s.patience, s.prepared, input)
	if !late {
		return results, err
	}
	for _, rule := range own {
		prepared, err := s.prepare(ctx, "data."+rule.Package+".findings")
		if err != nil {
			return nil, err
		}
		if _, late, _ := evalWithin(ctx, s.patience, prepared, input); late {
			return nil, fmt.Errorf("%s:%d: rule %q was stopped after %s", rule.File, rule.Line, rule.ID, s.patience)
		}
	}
	return s.prepared.Eval(ctx, rego.EvalParsedInput(input)) // it is none of them
}

func (s *Set) own() []*Rule {
	var own []*Rule
	for _, r := range s.rules {
		if r.Own {
			own = append(own, r)
		}
	}
	return own
}

// evalWithin also tells whether the query was stopped because time was up.
func evalWithin(ctx context.Context, limit time.Duration, query rego.PreparedEvalQuery, input ast.Value) (rego.ResultSet, bool, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	results, err := query.Eval(limited, rego.EvalParsedInput(input))
	return results, err != nil && limited.Err() != nil && ctx.Err() == nil, err
}
