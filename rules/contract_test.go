package rules

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// sample is a user's rule that keeps the contract.
const sample = `# METADATA
# title: Sample
# description: A rule for tests.
# schemas: [{input: schema.model}]
# custom: {id: sample-rule, severity: low, confidence: medium, since: 0.1.0, remedy: None.}
package ringfence.rules.sample_rule

findings contains {"object": w.id, "path": ["metadata", 0], "message": "found", "related": []} if {
	some w in input.workloads
}
`

// folder is a folder of users' rules with one file.
func folder(name, text string) Folder {
	return Folder{Name: "own", FS: fstest.MapFS{name: {Data: []byte(text)}}}
}

func TestUsersRule(t *testing.T) {
	set, err := Load(t.Context(), folder("sample_rule.rego", sample))
	if err != nil {
		t.Fatal(err)
	}
	got, err := set.Evaluate(t.Context(), map[string]any{"workloads": []any{map[string]any{"id": 7}}})
	if err != nil {
		t.Fatal(err)
	}
	rule := set.Rule("sample-rule")
	want := []Violation{{
		Rule:     rule,
		Place:    Place{Object: 7, Path: []any{"metadata", 0}, Message: "found"},
		Severity: Low, Confidence: Likely, Persona: Regular,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
	if rule.Package != "ringfence.rules.sample_rule" || rule.Remedy != "None." || rule.Everywhere {
		t.Errorf("rule = %+v", rule)
	}
}

// Load refuses what breaks the contract; the error names what is wrong.
func TestLoadRefuses(t *testing.T) {
	tests := map[string]struct {
		file     string // sample_rule.rego where empty
		old, new string // a change to the sample
		want     string
	}{
		"no schemas line":      {old: "# schemas: [{input: schema.model}]\n", want: "schemas"},
		"other schema":         {old: "schema.model", new: "schema.other", want: "schemas"},
		"no title":             {old: "# title: Sample\n", want: "title"},
		"no id":                {old: "id: sample-rule, ", want: `custom key "id"`},
		"no severity":          {old: "severity: low, ", want: `custom key "severity"`},
		"no confidence":        {old: "confidence: medium, ", want: `custom key "confidence"`},
		"no since":             {old: "since: 0.1.0, ", want: `custom key "since"`},
		"no remedy":            {old: ", remedy: None.", want: `custom key "remedy"`},
		"unknown key":          {old: "remedy: None.", new: "remedy: None., perona: auditor", want: `"perona"`},
		"unknown severity":     {old: "severity: low", new: "severity: bad", want: `severity "bad"`},
		"unknown persona":      {old: "remedy: None.", new: "remedy: None., persona: boss", want: `persona "boss"`},
		"everywhere is text":   {old: "remedy: None.", new: "remedy: None., everywhere: 'yes'", want: `"everywhere"`},
		"before is no text":    {old: "remedy: None.", new: "remedy: None., before: [a]", want: `"before"`},
		"unknown standard":     {old: "remedy: None.", new: "remedy: None., mapping: {pci: ['1.2']}", want: `"pci"`},
		"number of a standard": {old: "remedy: None.", new: "remedy: None., mapping: {cis: [5.3]}", want: "5.3"},
		"id not kebab-case":    {old: "id: sample-rule", new: "id: sample_rule", want: "kebab-case"},
		"id of another":        {old: "id: sample-rule", new: "id: other-rule", want: `package "ringfence.rules.other_rule"`},
		"other package":        {old: "package ringfence.rules", new: "package elsewhere", want: "package"},
		"folder without rules": {file: "below/sample_rule.rego", want: "own: there are no rules in this folder"},
		"other file":           {file: "sample.rego", want: `file "sample_rule.rego"`},
		"taken package":        {file: "incomplete_render.rego", old: "package ringfence.rules.sample_rule", new: "package ringfence.rules.incomplete_render", want: "is that of incomplete_render.rego"},
		"no findings":          {old: "findings contains", new: "found contains", want: "findings"},
		"empty file":           {old: sample, want: "empty"},
		"misspelt field":       {old: "input.workloads", new: "input.workload", want: "undefined ref"},
		"misspelt deep field":  {old: "w.id", new: "w.idd", want: "undefined ref"},
		"misspelt looked-up":   {old: "in input.workloads", new: "in input.workloads\n\tdata.ringfence.lib.workload[w.id].ingres.open", want: "undefined ref"},
		"unused variable":      {old: "in input.workloads", new: "in input.workloads\n\tx := 1", want: "unused"},
		"http":                 {old: "in input.workloads", new: "in input.workloads\n\thttp.send({}).status_code == 200", want: "http.send"},
		"name lookup":          {old: "in input.workloads", new: "in input.workloads\n\tcount(net.lookup_ip_addr(\"a\")) == 1", want: "net.lookup_ip_addr"},
		"environment":          {old: "in input.workloads", new: "in input.workloads\n\topa.runtime().env.HOME", want: "opa.runtime"},
		"clock":                {old: "in input.workloads", new: "in input.workloads\n\ttime.now_ns() > 0", want: "time.now_ns"},
		"chance":               {old: "in input.workloads", new: "in input.workloads\n\trand.intn(\"a\", 2) == 0", want: "rand.intn"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := test.file
			if file == "" {
				file = "sample_rule.rego"
			}
			text := sample
			if test.old != "" {
				text = strings.Replace(sample, test.old, test.new, 1)
				if text == sample {
					t.Fatal("the change changes nothing")
				}
			}
			_, err := Load(t.Context(), folder(file, text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// Evaluate refuses findings of another shape, and errors of builtin functions.
func TestEvaluateRefuses(t *testing.T) {
	const finding = `{"object": w.id, "path": ["metadata", 0], "message": "found", "related": []}`
	tests := map[string]struct{ finding, want string }{
		"no object":        {`{"path": [], "message": "found", "related": []}`, `no "object"`},
		"no path":          {`{"object": w.id, "message": "found", "related": []}`, `no "path"`},
		"no message":       {`{"object": w.id, "path": [], "message": "", "related": []}`, `no "message"`},
		"no related":       {`{"object": w.id, "path": [], "message": "found"}`, `no "related"`},
		"unknown field":    {`{"object": w.id, "path": [], "message": "found", "related": [], "line": 3}`, `"line"`},
		"object is text":   {`{"object": "7", "path": [], "message": "found", "related": []}`, "string"},
		"path holds null":  {`{"object": w.id, "path": [null], "message": "found", "related": []}`, "path element"},
		"related is bare":  {`{"object": w.id, "path": [], "message": "found", "related": [{"object": 1}]}`, "related: no"},
		"unknown severity": {`{"object": w.id, "path": [], "message": "found", "related": [], "severity": "bad"}`, "unknown severity"},
		"builtin fails":    {`{"object": w.id, "path": [], "message": units.parse("x"), "related": []}`, "units.parse"},
	}
	input := map[string]any{"workloads": []any{map[string]any{"id": 7}}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(sample, finding, test.finding, 1)
			set, err := Load(t.Context(), folder("sample_rule.rego", text))
			if err != nil {
				t.Fatal(err)
			}
			_, err = set.Evaluate(t.Context(), input)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
