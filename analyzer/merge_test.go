package analyzer

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// summary is what the tests of merging look at.
type summary struct {
	Rule, Object, Environments string
	Severity                   rules.Severity
}

func summaries(findings []Finding) []summary {
	got := []summary{}
	for _, f := range findings {
		got = append(got, summary{f.Rule.ID, f.Object.String(), strings.Join(f.Environments, " "), f.Severity})
	}
	return got
}

func in(namespace string, objects ...[]*manifest.Object) []*manifest.Object {
	var moved []*manifest.Object
	for _, list := range objects {
		for _, o := range list {
			moved = append(moved, o.WithNamespace(namespace))
		}
	}
	return moved
}

func TestMergeEnvironments(t *testing.T) {
	web := parse(t, "base/web.yaml", deployment("web"), "x")
	api := parse(t, "base/api.yaml", deployment("api"), "x")
	door := parse(t, "prod/door.yaml", `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
`, "x")
	webOnly := parse(t, "base/policy.yaml", policy(`
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]}
`), "x")
	deny := parse(t, "base/deny.yaml", denyAll, "x")

	tests := map[string]struct {
		environments []Environment
		want         []summary
	}{
		"one namespace each: one finding, the worst severity": {
			[]Environment{
				{Name: "dev", Objects: in("\x00dev", web)},
				{Name: "prod", Objects: in("\x00prod", web, door)},
			},
			[]summary{{"unprotected-workload", "Deployment/web", "dev prod", rules.High}},
		},
		"two namespaces of one environment, written once: one finding": {
			[]Environment{{Name: "prod", Objects: append(in("kube-a", web), in("kube-b", web)...)}},
			[]summary{{"unprotected-workload", "kube-a/Deployment/web", "prod", rules.Medium}},
		},
		"two objects at one line, as a template makes them: two findings": {
			[]Environment{{Name: "prod", Objects: in("kube-a", []*manifest.Object{web[0].WithName("web-a"), web[0].WithName("web-b")})}},
			[]summary{
				{"unprotected-workload", "kube-a/Deployment/web-a", "prod", rules.Medium},
				{"unprotected-workload", "kube-a/Deployment/web-b", "prod", rules.Medium},
			},
		},
		"a namespace of its own in each environment: one finding": {
			[]Environment{
				{Name: "dev", Objects: in("kube-dev", web)},
				{Name: "prod", Objects: in("kube-prod", web)},
			},
			[]summary{{"unprotected-workload", "kube-dev/Deployment/web", "dev prod", rules.Medium}},
		},
		"dangling in one environment, of use in the other: fine": {
			[]Environment{
				{Name: "dev", Objects: in("\x00dev", api, deny, webOnly)},
				{Name: "prod", Objects: in("\x00prod", web, deny, webOnly)},
			},
			[]summary{},
		},
		"dangling in every environment": {
			[]Environment{
				{Name: "dev", Objects: in("\x00dev", api, deny, webOnly)},
				{Name: "prod", Objects: in("\x00prod", api, deny, webOnly)},
			},
			[]summary{{"dangling-policy", "NetworkPolicy/web", "dev prod", rules.Medium}},
		},
		"dangling, but one environment was not seen whole: for auditors": {
			[]Environment{
				{Name: "dev", Objects: in("\x00dev", api, deny, webOnly)},
				{Name: "prod", Objects: in("\x00prod", api, deny, webOnly), Gaps: []Gap{{
					Gap:    manifest.Gap{Pos: manifest.Pos{File: "prod/kustomization.yaml", Line: 3}, Code: manifest.RemoteReference, Reason: "remote base refused"},
					Target: "prod",
				}}},
			},
			[]summary{{"incomplete-render", "/", "prod", rules.Note}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := analyze(t, rules.Regular, test.environments...)
			if diff := cmp.Diff(test.want, summaries(report.Findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// A finding tells what else is wrong where it is something else, and which other objects it
// is about.
func TestOthersOfOneFinding(t *testing.T) {
	web := parse(t, "base/web.yaml", deployment("web"), "x")
	allowAll := parse(t, "base/policy.yaml", policy("\nspec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}]}\n"), "x")
	tests := map[string]struct {
		environments []Environment
		want         []string
	}{
		"the same in all": {[]Environment{{Name: "dev", Objects: in("kube-a", web)}, {Name: "prod", Objects: in("kube-b", web)}}, nil},
		"another cause in some": {
			[]Environment{
				{Name: "dev", Objects: in("kube-a", web)},
				{Name: "prod", Objects: in("kube-a", web, allowAll)},
				{Name: "stage", Objects: in("kube-b", web, allowAll)},
			},
			[]string{`in prod and 1 more: any pod can connect to Deployment "web" on any port: NetworkPolicy "web" allows all ingress`},
		},
		"several namespaces of one environment": {
			[]Environment{{Name: "dev", Objects: in("kube-a", web)}, {Name: "prod", Objects: slices.Concat(in("kube-a", web), in("kube-b", web))}},
			[]string{`also Deployment "web" of namespace "kube-b"`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range analyze(t, rules.Regular, test.environments...).Findings {
				for _, r := range f.Related {
					if f.Rule.ID == "unprotected-workload" {
						got = append(got, r.Message)
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("related (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGapsAreFindingsAndReported(t *testing.T) {
	gap := func(line int, note bool) Gap {
		return Gap{Target: "shop", Gap: manifest.Gap{
			Pos: manifest.Pos{File: "kustomization.yaml", Line: line}, Code: manifest.RemoteReference, Reason: "remote base refused", Note: note,
		}}
	}
	report := analyze(t, rules.Regular,
		Environment{Name: "dev", Gaps: []Gap{gap(7, false), gap(3, true)}},
		Environment{Name: "prod", Gaps: []Gap{gap(7, false)}},
	)
	if diff := cmp.Diff([]Gap{gap(3, true), gap(7, false)}, report.Gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"7 note incomplete-render"}, lines(report.Findings)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// A fingerprint stays when lines move and files are renamed, and tells findings apart.
func TestFingerprint(t *testing.T) {
	text := deployment("web") + denyAll + policy(`
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: front}}
    - podSelector: {matchLabels: {app: back}}
`)
	prints := func(file, text string) []string {
		var got []string
		for _, f := range analyze(t, rules.Regular, Environment{Name: "prod", Objects: parse(t, file, text, unknown)}).Findings {
			got = append(got, f.Rule.ID+" "+f.Fingerprint)
		}
		return got
	}
	before := prints("a.yaml", text)
	if len(before) != 2 || before[0] == before[1] {
		t.Fatalf("fingerprints %v, want two", before)
	}
	if diff := cmp.Diff(before, prints("b/c.yaml", "# a comment\n\n"+text)); diff != "" {
		t.Errorf("after moving (-before +after):\n%s", diff)
	}
	other := strings.Replace(text, "  - from:\n", "  - from: [{podSelector: {}}]\n    ports: [{port: 1}]\n  - from:\n", 1)
	if diff := cmp.Diff(before, prints("a.yaml", other)); diff != "" {
		t.Errorf("with another rule before it (-before +after):\n%s", diff)
	}
}
