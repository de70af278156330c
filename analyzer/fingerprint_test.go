package analyzer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// prints shows the findings for auditors as "rule fingerprint", sorted.
func prints(t *testing.T, objects []*manifest.Object) []string {
	t.Helper()
	var got []string
	for _, f := range analyze(t, rules.Auditor, Environment{Name: "prod", Objects: objects}).Findings {
		got = append(got, f.Rule.ID+" "+f.Fingerprint)
	}
	slices.Sort(got)
	return got
}

const defects = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: example/web, ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: main, image: example/api, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: front}}
  - from:
    - podSelector: {}
    ports: [{port: http}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec:
  podSelector: {matchExpressions: [{key: app, operator: In, values: [db, store]}]}
  policyTypes: [Ingress]
`

// What is no part of the defects leaves all fingerprints alone.
func TestFingerprintsStay(t *testing.T) {
	want := prints(t, parse(t, "a.yaml", defects, "x"))
	if len(want) < 5 {
		t.Fatalf("fingerprints %v, want several", want)
	}
	parts := strings.Split(defects, "---\n")
	slices.Reverse(parts)
	for name, objects := range map[string][]*manifest.Object{
		"moved lines":         parse(t, "a.yaml", "# a comment\n\n"+defects, "x"),
		"another file":        parse(t, "b/c.yaml", defects, "x"),
		"reordered documents": parse(t, "a.yaml", strings.Join(parts, "---\n"), "x"),
		"another image":       parse(t, "a.yaml", strings.ReplaceAll(defects, "example/", "registry.example.com/"), "x"),
		"a rule before it":    parse(t, "a.yaml", strings.Replace(defects, "  - from:\n", "  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 8080}]\n  - from:\n", 1), "x"),
	} {
		if diff := cmp.Diff(want, prints(t, objects)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
	}
}

// A defect stays the same however many workloads it is about.
func TestFingerprintsOfSeveral(t *testing.T) {
	policies := `
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{podSelector: {}}]
    ports: [{port: http}]
  egress:
  - to: [{podSelector: {}}]
`
	workload, _, _ := strings.Cut(defects, "---\n")
	only := func(rule string, objects []*manifest.Object) []string {
		return slices.DeleteFunc(prints(t, objects), func(p string) bool { return !strings.HasPrefix(p, rule+" ") })
	}
	one := parse(t, "a.yaml", workload+policies, "x")
	two := parse(t, "a.yaml", strings.ReplaceAll(workload, "web", "an-api")+"---\n"+workload+policies, "x")
	for _, rule := range []string{"no-dns-egress", "named-port-missing"} {
		want := only(rule, one)
		if diff := cmp.Diff(want, only(rule, two)); diff != "" || len(want) != 1 {
			t.Errorf("%s (-one workload +two):\n%s", rule, diff)
		}
	}
}

// A defect that becomes another one has another fingerprint, and the others keep theirs.
func TestFingerprintsChange(t *testing.T) {
	before := prints(t, parse(t, "a.yaml", defects, "x"))
	for name, test := range map[string]struct{ rule, old, new string }{
		"other workload":      {"unprotected-workload", "metadata: {name: api}", "metadata: {name: api-2}"},
		"open to the outside": {"unprotected-workload", "spec: {selector: {app: web}", "spec: {type: LoadBalancer, selector: {app: api}"},
		"other peer":          {"dangling-peer", "app: front}", "app: fronts}"},
		"other values":        {"dangling-policy", "[db, store]", "[db, shop]"},
		"other port":          {"named-port-missing", "{port: http}", "{port: metrics}"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(defects, test.old) != 1 {
				t.Fatalf("%q stands not once in the manifests", test.old)
			}
			after := prints(t, parse(t, "a.yaml", strings.Replace(defects, test.old, test.new, 1), "x"))
			for _, print := range before {
				if strings.HasPrefix(print, test.rule+" ") && slices.Contains(after, print) {
					t.Errorf("%s survives", print)
				}
			}
			if !slices.ContainsFunc(after, func(p string) bool { return strings.HasPrefix(p, test.rule+" ") }) {
				t.Errorf("%s finds nothing any more: %v", test.rule, after)
			}
		})
	}
}

// In whichever order documents come, the fingerprints are the same.
func TestFingerprintsOfAnyOrder(t *testing.T) {
	objects := parse(t, "a.yaml", defects+"---\n"+strings.NewReplacer("web", "shop", "app: api", "app: cart", "name: api", "name: cart", "name: db", "name: data").Replace(defects), "x")
	want := prints(t, objects)
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
		if diff := cmp.Diff(want, prints(t, objects)); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// Which policy denies a call is no part of the defect, and neither is which one allows
// everybody.
func TestFingerprintsOfOtherPolicies(t *testing.T) {
	const policy = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s}\nspec: {podSelector: {matchLabels: {app: %s}}, policyTypes: [Ingress], ingress: [%s]}\n"
	const call = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: client, labels: {app: client}}\nspec: {containers: [{name: main, image: example/client, env: [{name: DB_ADDR, value: 'db:80'}]}]}\n" +
		"---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 80}]}\n" +
		"---\napiVersion: v1\nkind: Pod\nmetadata: {name: db, labels: {app: db}}\nspec: {containers: [{name: main, image: example/db, ports: [{containerPort: 80}]}]}\n"
	for _, c := range []struct{ rule, before, after string }{
		{"blocked-relationship", fmt.Sprintf(policy, "a", "db", ""), fmt.Sprintf(policy, "b", "db", "")},
		{"unprotected-workload", fmt.Sprintf(policy, "a", "client", "{}"), ""},
	} {
		of := func(policies string) []string {
			return slices.DeleteFunc(prints(t, parse(t, "a.yaml", call+policies, "x")), func(p string) bool { return !strings.HasPrefix(p, c.rule+" ") })
		}
		if before, after := of(c.before), of(c.after); len(before) == 0 || !slices.Equal(before, after) {
			t.Errorf("%s: %q before, %q after", c.rule, before, after)
		}
	}
}

// What was not seen stays the same in other words.
func TestFingerprintsOfGaps(t *testing.T) {
	print := func(code manifest.Code, reason string) string {
		gap := Gap{Gap: manifest.Gap{Pos: manifest.Pos{File: "kustomization.yaml", Line: 2}, Code: code, Reason: reason}}
		findings := analyze(t, rules.Auditor, Environment{Name: "prod", Gaps: []Gap{gap}}).Findings
		if len(findings) != 1 {
			t.Fatalf("%d findings of %q, want 1", len(findings), reason)
		}
		return findings[0].Fingerprint
	}
	before := print(manifest.MissingFile, `there is no file "cart.yaml"`)
	if after := print(manifest.MissingFile, `"cart.yaml" is missing; create it`); after != before {
		t.Errorf("other words make %s of %s", after, before)
	}
	for _, other := range []string{print(manifest.InvalidYAML, `there is no file "cart.yaml"`), print(manifest.MissingFile, `there is no file "shop.yaml"`)} {
		if other == before {
			t.Errorf("two gaps have the fingerprint %s", other)
		}
	}
}

func TestNamed(t *testing.T) {
	for message, want := range map[string]string{
		`NetworkPolicy "web" selects nothing: no workload has app=wbe`: `"web" app=wbe`,
		`Deployment "a" and 2 more may ask`:                            ``,
		`namespace "x" has no default deny for ingress and egress`:     `"x" ingress egress`,
		`"a" on TCP 6379, but "b" does not let it in`:                  `"a" 6379 "b"`,
		`no workload matches podSelector app in (a,b),!debug`:          `(a,b) !debug`,
		`allows every private address through 10.0.0.0/8 on any port`:  `10.0.0.0/8`,
	} {
		if got := named(message); got != want {
			t.Errorf("named(%q) = %q, want %q", message, got, want)
		}
	}
}
