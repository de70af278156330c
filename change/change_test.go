package change_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/change"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/rules"
)

// environment is an environment whose objects without a namespace share a private one.
func environment(t *testing.T, name, private, text string) analyzer.Environment {
	t.Helper()
	objects, gaps := manifest.Parse(name+".yaml", []byte(text))
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	for i, o := range objects {
		if o.Namespace == "" && o.Kind != "Namespace" {
			objects[i] = o.WithNamespace(manifest.PrivateNamespace(private))
		}
	}
	return analyzer.Environment{Name: name, Objects: objects}
}

func pod(name, labels string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: %s, labels: {%s}}\nspec: {containers: [{name: c, image: c, ports: [{name: http, containerPort: 80}]}]}\n", name, labels)
}

func policy(name, spec string) string {
	return fmt.Sprintf("---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s}\nspec: {%s}\n", name, spec)
}

// TestCauses checks what is said to have opened or closed connections between two pods.
func TestCauses(t *testing.T) {
	const web, deny = "app: web", "podSelector: {}, policyTypes: [Ingress]"
	allow := func(labels, ports string) string {
		return fmt.Sprintf("podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {%s}}}], ports: [%s]}]", labels, ports)
	}
	tests := map[string]struct {
		before, after string
		want          []string
	}{
		"a rule": {
			pod("a", web) + policy("p", deny), pod("a", web) + policy("p", allow(web, "{port: 80}")),
			[]string{"opened TCP 80: policy p rule 0 after"},
		},
		"another port": {
			pod("a", web) + policy("p", allow(web, "{port: 80}")), pod("a", web) + policy("p", allow(web, "{port: 81}")),
			[]string{"opened TCP 81: policy p rule 0 after", "closed TCP 80: policy p rule 0 before"},
		},
		"another policy": {
			pod("a", web) + policy("p", deny), pod("a", web) + policy("p", deny) + policy("q", allow(web, "{port: 80}")),
			[]string{"opened TCP 80: policy q rule 0 after"},
		},
		"a policy that isolates": {
			pod("a", web), pod("a", web) + policy("p", deny),
			[]string{"closed all: policy p rule -1 after"},
		},
		"a policy that isolated": {
			pod("a", web) + policy("p", deny), pod("a", web),
			[]string{"opened all: policy p rule -1 before"},
		},
		"a label that a rule asks for": {
			pod("a", "app: api") + policy("p", allow(web, "{port: 80}")), pod("a", web) + policy("p", allow(web, "{port: 80}")),
			[]string{"opened TCP 80: policy p rule 0 after; workload-changed labels"},
		},
		"a label that a policy selects": {
			pod("a", web) + policy("p", "podSelector: {matchLabels: {app: web}}"), pod("a", "app: api") + policy("p", "podSelector: {matchLabels: {app: web}}"),
			[]string{"opened all: policy p rule -1 before; workload-changed labels"},
		},
		"a named port": {
			pod("a", web) + policy("p", allow(web, "{port: http}")),
			pod("a", web)[:len(pod("a", web))-len("containerPort: 80}]}]}\n")] + "containerPort: 81}]}]}\n" + policy("p", allow(web, "{port: http}")),
			[]string{"opened TCP 81: policy p rule 0 after; workload-changed ports", "closed TCP 80: policy p rule 0 before; workload-changed ports"},
		},
		"a workload": {
			"", pod("a", web),
			[]string{"opened all: workload-added"},
		},
		"no workload": {
			pod("a", web), "",
			[]string{"closed all: workload-removed"},
		},
		"a new name of all":  {pod("a", web) + policy("p", deny), pod("b", web) + policy("q", deny), nil},
		"rules in new order": {pod("a", web) + policy("p", twoRules("80", "81")), pod("a", web) + policy("p", twoRules("81", "80")), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			const other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
			c := change.Compare(
				change.State{Environments: []analyzer.Environment{environment(t, "e", "e", other+test.before)}, Report: &analyzer.Report{}},
				change.State{Environments: []analyzer.Environment{environment(t, "e", "e", other+test.after)}, Report: &analyzer.Report{}},
			)
			var got []string
			for _, e := range c.Environments {
				for _, list := range []struct {
					what        string
					connections []change.Connections
				}{{"opened", e.Opened}, {"closed", e.Closed}} {
					for _, k := range list.connections {
						if has(k.From, "Pod/a") && has(k.To, "Pod/a") {
							got = append(got, list.what+" "+k.Conn.String()+": "+causes(k.Causes))
						}
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func has(peers netpol.Peers, name string) bool {
	for p := range peers.All() {
		if p.String() == name {
			return true
		}
	}
	return false
}

func twoRules(first, second string) string {
	return fmt.Sprintf("podSelector: {}, ingress: [{ports: [{port: %s}]}, {ports: [{port: %s}]}]", first, second)
}

func causes(all []change.Cause) string {
	var text []string
	for _, c := range all {
		line := string(c.Kind)
		if c.Kind == change.ByPolicy {
			when := "after"
			if c.Before {
				when = "before"
			}
			line += fmt.Sprintf(" %s rule %d %s", c.Reason.Policy.Name, c.Reason.Rule, when)
		} else if c.Field != "" {
			line += " " + c.Field
		}
		text = append(text, line)
	}
	slices.Sort(text)
	out := ""
	for i, line := range text {
		if i > 0 {
			out += "; "
		}
		out += line
	}
	return out
}

// TestMatch pairs environments that have another name.
func TestMatch(t *testing.T) {
	three := pod("a", "x: a") + pod("b", "x: b") + pod("c", "x: c")
	tests := map[string]struct {
		before, after []analyzer.Environment
		changed       []string
		unchanged     []string
	}{
		"moved": {
			[]analyzer.Environment{environment(t, "apps/old", "apps/old", three)},
			[]analyzer.Environment{environment(t, "apps/new", "apps/new", three)},
			nil,
			[]string{"apps/new"},
		},
		"moved and changed": {
			[]analyzer.Environment{environment(t, "old", "old", three)},
			[]analyzer.Environment{environment(t, "new", "new", three+pod("d", "x: d"))},
			[]string{"changed new was old, +Pod/d"},
			nil,
		},
		"another one": {
			[]analyzer.Environment{environment(t, "old", "old", three)},
			[]analyzer.Environment{environment(t, "new", "new", pod("d", "x: d")+pod("a", "x: a"))},
			[]string{"added new, +Pod/a, +Pod/d", "removed old, -Pod/a, -Pod/b, -Pod/c"},
			nil,
		},
		"a target of it moved": {
			[]analyzer.Environment{environment(t, "prod", "x/prod", three)},
			[]analyzer.Environment{environment(t, "prod", "y/prod", three)},
			nil,
			[]string{"prod"},
		},
		"two of them moved": {
			[]analyzer.Environment{environment(t, "a", "a", three), environment(t, "b", "b", pod("z", "x: z"))},
			[]analyzer.Environment{environment(t, "c", "c", pod("z", "x: z")), environment(t, "d", "d", three)},
			nil,
			[]string{"c", "d"},
		},
		"a name taken over": {
			[]analyzer.Environment{environment(t, "a", "a", three)},
			[]analyzer.Environment{environment(t, "a", "a", pod("z", "x: z")), environment(t, "b", "b", three)},
			[]string{"changed a, +Pod/z, -Pod/a, -Pod/b, -Pod/c", "added b, +Pod/a, +Pod/b, +Pod/c"},
			nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := change.Compare(
				change.State{Environments: test.before, Report: &analyzer.Report{}},
				change.State{Environments: test.after, Report: &analyzer.Report{}},
			)
			var changed []string
			for _, e := range c.Environments {
				line := string(e.Status) + " " + e.Name
				if e.Was != "" {
					line += " was " + e.Was
				}
				for _, w := range e.Added {
					line += ", +" + w.String()
				}
				for _, w := range e.Removed {
					line += ", -" + w.String()
				}
				changed = append(changed, line)
			}
			if diff := cmp.Diff(test.changed, changed); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.unchanged, c.Unchanged); diff != "" {
				t.Errorf("unchanged (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFindings compares findings by fingerprint and environment.
func TestFindings(t *testing.T) {
	rule := &rules.Rule{}
	rule.ID = "some-rule"
	finding := func(print, name string, severity rules.Severity, environments ...string) analyzer.Finding {
		return analyzer.Finding{
			Rule: rule, Severity: severity, Fingerprint: print, Environments: environments,
			Object: manifest.Ref{Kind: "Pod", Namespace: print, Name: name},
		}
	}
	on := func(print, name string, severity rules.Severity) analyzer.Finding {
		f := finding(print, name, severity, "x")
		f.Object.Namespace = "n"
		return f
	}
	tests := map[string]struct {
		before, after []analyzer.Finding
		added, fixed  []string
	}{
		"the same":                {[]analyzer.Finding{finding("1", "a", rules.Low, "x")}, []analyzer.Finding{finding("1", "a", rules.Low, "x")}, nil, nil},
		"another":                 {[]analyzer.Finding{finding("1", "a", rules.Low, "x")}, []analyzer.Finding{finding("2", "b", rules.Low, "x")}, []string{"2 in [x]"}, []string{"1 in [x]"}},
		"one environment more":    {[]analyzer.Finding{finding("1", "a", rules.Low, "x")}, []analyzer.Finding{finding("1", "a", rules.Low, "x", "y", "z")}, []string{"1 in [y z]"}, nil},
		"one less":                {[]analyzer.Finding{finding("1", "a", rules.Low, "x", "y")}, []analyzer.Finding{finding("1", "a", rules.Low, "x")}, nil, []string{"1 in [y]"}},
		"worse":                   {[]analyzer.Finding{finding("1", "a", rules.Low, "x")}, []analyzer.Finding{finding("1", "a", rules.High, "x")}, []string{"1 in [x] before low"}, nil},
		"milder":                  {[]analyzer.Finding{finding("1", "a", rules.High, "x")}, []analyzer.Finding{finding("1", "a", rules.Low, "x")}, nil, nil},
		"in another namespace":    {[]analyzer.Finding{finding("1", "a", rules.Low, "x")}, []analyzer.Finding{finding("2", "a", rules.Low, "x")}, nil, nil},
		"worse, which is another": {[]analyzer.Finding{on("1", "a", rules.Low)}, []analyzer.Finding{on("2", "a", rules.High)}, []string{"2 in [x] before low"}, nil},
		"milder, likewise":        {[]analyzer.Finding{on("1", "a", rules.High)}, []analyzer.Finding{on("2", "a", rules.Low)}, nil, nil},
		"another on the object":   {[]analyzer.Finding{on("1", "a", rules.Low)}, []analyzer.Finding{on("2", "a", rules.Low)}, []string{"2 in [x]"}, []string{"1 in [x]"}},
		"twice in namespaces": {
			[]analyzer.Finding{finding("1", "a", rules.Low, "x")},
			[]analyzer.Finding{finding("2", "a", rules.Low, "x"), finding("3", "a", rules.Low, "x")},
			[]string{"3 in [x]"},
			nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := change.Compare(change.State{Report: &analyzer.Report{Findings: test.before}}, change.State{Report: &analyzer.Report{Findings: test.after}})
			if diff := cmp.Diff(test.added, told(c.New)); diff != "" {
				t.Errorf("new (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.fixed, told(c.Fixed)); diff != "" {
				t.Errorf("fixed (-want +got):\n%s", diff)
			}
		})
	}
}

func told(findings []change.Finding) []string {
	var lines []string
	for _, f := range findings {
		line := fmt.Sprintf("%s in %v", f.Fingerprint, f.In)
		if f.Before != "" {
			line += " before " + string(f.Before)
		}
		lines = append(lines, line)
	}
	return lines
}
