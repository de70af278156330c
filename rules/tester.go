package rules

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
)

// TestResult is the outcome of one test of a _test.rego file.
type TestResult struct {
	Name    string // package and name of the test
	File    string
	Line    int    // 1-based
	Failure string // why it failed, empty where it passed
}

// Test runs the tests of all rules, sorted by file and line.
func (s *Set) Test(ctx context.Context) ([]TestResult, error) {
	modules := make(map[string]*ast.Module, len(s.modules)+len(s.tests))
	maps.Copy(modules, s.modules)
	maps.Copy(modules, s.tests)
	outcomes, err := tester.NewRunner().
		SetCompiler(newCompiler()).
		RaiseBuiltinErrors(true).
		SetModules(modules).
		RunTests(ctx, nil)
	if err != nil {
		return nil, err
	}
	var results []TestResult
	for o := range outcomes {
		results = append(results, testResult(o))
	}
	slices.SortFunc(results, func(a, b TestResult) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return results, nil
}

func testResult(o *tester.Result) TestResult {
	r := TestResult{Name: strings.TrimPrefix(o.Package, "data.") + "." + o.Name}
	if o.Location != nil {
		r.File, r.Line = o.Location.File, o.Location.Row
	}
	switch {
	case o.Error != nil:
		r.Failure = o.Error.Error()
	case !o.Pass():
		r.Failure = fmt.Sprintf("not true\n%s", o.Output)
	}
	return r
}
