package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
)

func TestResource(t *testing.T) {
	web := manifest.Ref{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"}
	unknown := web
	unknown.Namespace = manifest.PrivateNamespace("a")
	namespace := manifest.Ref{Kind: "Namespace", Name: "shop"}
	tests := []struct {
		pattern Resource
		object  manifest.Ref
		want    bool
	}{
		{"", web, true},
		{"Deployment/web", web, true},
		{"Deployment/web", unknown, true},
		{"Deployment/we", web, false},
		{"Deployment/w*", web, true},
		{"shop/Deployment/web", web, true},
		{"shop/Deployment/web", unknown, false},
		{"s*/*/web", web, true},
		{"*/Deployment/web", unknown, true},
		{"other/Deployment/web", web, false},
		{"StatefulSet/web", web, false},
		{"Namespace/shop", namespace, true},
		{"shop/Namespace/shop", namespace, false},
	}
	for _, test := range tests {
		if got := test.pattern.Match(test.object); got != test.want {
			t.Errorf("%q matches %q: got %t, want %t", test.pattern, test.object, got, test.want)
		}
	}
}

func TestIgnoreApplies(t *testing.T) {
	web := manifest.Ref{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"}
	all := Ignore{Rule: "a", Resource: "Deployment/*", Path: "apps/**", Environment: "prod-*"}
	if !all.Applies("a", web, "apps/x/web.yaml", "prod-eu") {
		t.Error("does not apply where all that is given matches")
	}
	if all.Applies("b", web, "apps/x/web.yaml", "prod-eu") || all.Applies("a", web, "infra/web.yaml", "prod-eu") ||
		all.Applies("a", web, "apps/x/web.yaml", "dev") || all.Applies("a", manifest.Ref{Kind: "Pod", Name: "web"}, "apps/x/web.yaml", "prod-eu") {
		t.Error("applies where one of what is given does not match")
	}
	if !(Ignore{Environment: "dev"}).Applies("b", web, "x.yaml", "dev") {
		t.Error("what is not given must not matter")
	}
}

func TestCheckRules(t *testing.T) {
	c, err := Load([]byte(`severities:
- {rule: missing-default-deny, severity: off}
- {rule: missing-deny, severity: low}
ignores:
- {rule: unprotected_workload, reason: a}
- {path: a, reason: no rule}
`), FileName)
	if err != nil {
		t.Fatal(err)
	}
	want := `.ringfence.yaml:3:3: "severities[1].rule" names an unknown rule "missing-deny"
.ringfence.yaml:5:3: "ignores[0].rule" names an unknown rule "unprotected_workload", did you mean "unprotected-workload"`
	got := c.CheckRules([]string{"missing-default-deny", "unprotected-workload"})
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
