package rules

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A rule of a user that takes too long is stopped and named, also next to others.
func TestSlowRule(t *testing.T) {
	slow := strings.NewReplacer("sample-rule", "slow-rule", "sample_rule", "slow_rule", "some w in input.workloads", `some w in input.workloads
	some x in numbers.range(1, 100000)
	some y in numbers.range(1, 100000)
	x * y < 0`).Replace(sample)
	set, err := Load(t.Context(), folder("sample_rule.rego", sample), folder("slow_rule.rego", slow))
	if err != nil {
		t.Fatal(err)
	}
	set.patience = 200 * time.Millisecond
	input := map[string]any{"workloads": []any{map[string]any{"id": 7}}}
	_, err = set.Evaluate(t.Context(), input)
	if want := `own/slow_rule.rego:8: rule "slow-rule" was stopped after 200ms`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
	// A user who gives up is no slow rule.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err = set.Evaluate(ctx, input); err == nil || strings.Contains(err.Error(), "stopped") {
		t.Errorf("error %v of a context that ended", err)
	}
}
