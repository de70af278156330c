package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDocumentedRule writes the files that the documentation shows and tests them as it
// says.
func TestDocumentedRule(t *testing.T) {
	doc := filepath.Join("..", "..", "docs", "writing-rules.md")
	rego, examples, output := blocks(t, doc, "rego"), blocks(t, doc, "txtar"), blocks(t, doc, "text")
	if len(rego) != 2 || len(examples) != 1 || len(output) != 1 {
		t.Fatalf("%d, %d and %d blocks, want a rule, its test, an example and the output", len(rego), len(examples), len(output))
	}
	t.Chdir(t.TempDir())
	dir := filepath.Join("policies", "ringfence")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"payments_reachable.rego": rego[0], "payments_reachable_test.rego": rego[1], "payments-reachable.txtar": examples[0],
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stdout, stderr, code := run("rules", "test", filepath.ToSlash(dir))
	if got := "$ ringfence rules test policies/ringfence\n" + stdout; got != output[0] || code != exitClean {
		t.Errorf("exit code %d, got\n%s%s\nwant\n%s", code, got, stderr, output[0])
	}
}
