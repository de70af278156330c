package rules

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// update rewrites the files that a test compares with.
var update = flag.Bool("update", false, "rewrite formatted rules and generated pages")

func load(t *testing.T) *Set {
	t.Helper()
	set, err := Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRulesPassTheirTests(t *testing.T) {
	results, err := load(t).Test(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		t.Fatal("no tests")
	}
	for _, r := range results {
		if r.Failure != "" {
			t.Errorf("%s:%d: %s: %s", r.File, r.Line, r.Name, r.Failure)
		}
	}
}

// The facts that the rules' tests start from are a document of the schema.
func TestModelOfTestsKeepsSchema(t *testing.T) {
	const document = `x := data.ringfence.model.input_of({
		"gaps": [data.ringfence.model.gap],
		"namespaces": [data.ringfence.model.namespace({})],
		"workloads": [data.ringfence.model.workload({})],
		"policies": [data.ringfence.model.policy({"rules": [
			data.ringfence.model.rule({"peers": [data.ringfence.model.peer({})]}),
		]})],
		"services": [data.ringfence.model.service({
			"missing_targets": [{"path": ["spec", "ports", 0, "targetPort"], "port": 80, "name": "http", "protocol": "TCP"}],
		})],
		"blocked": [data.ringfence.model.blocked({})],
		"dangling": [data.ringfence.model.dangling({})],
	})`
	set := load(t)
	modules := maps.Clone(set.modules)
	maps.Copy(modules, set.tests)
	compiler := newCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	results, err := rego.New(rego.Compiler(compiler), rego.Query(document)).Eval(t.Context())
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", schema); err != nil {
		t.Fatal(err)
	}
	if err := c.MustCompile("schema.json").Validate(results[0].Bindings["x"]); err != nil {
		t.Error(err)
	}
}

func TestRulesAreFormatted(t *testing.T) {
	names, err := filepath.Glob("*.rego")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := format.Source(name, text)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case string(text) == string(want):
		case *update:
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s is not formatted; go test ./rules -update formats it", name)
		}
	}
}
