package netpol

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExample(t *testing.T) {
	for name, test := range map[string]struct {
		requirements []Requirement
		want         map[string]string // nil where there is none
	}{
		"everything":    {nil, map[string]string{}},
		"values":        {[]Requirement{{"app", In, []string{"web", "api"}}}, map[string]string{"app": "web"}},
		"some value":    {[]Requirement{{"app", Exists, nil}}, map[string]string{"app": ""}},
		"nothing else":  {[]Requirement{{"app", NotIn, []string{"web"}}, {"debug", DoesNotExist, nil}}, map[string]string{}},
		"but one":       {[]Requirement{{"app", In, []string{"web", "api"}}, {"app", NotIn, []string{"web"}}}, map[string]string{"app": "api"}},
		"twice":         {[]Requirement{{"app", In, []string{"web"}}, {"app", Exists, nil}}, map[string]string{"app": "web"}},
		"contradictory": {[]Requirement{{"app", In, []string{"web"}}, {"app", DoesNotExist, nil}}, nil},
		"no operator":   {[]Requirement{{"app", "Like", nil}}, nil},
	} {
		labels, ok := Selector{Requirements: test.requirements}.Example()
		if !ok {
			labels = nil
		}
		if diff := cmp.Diff(test.want, labels); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
