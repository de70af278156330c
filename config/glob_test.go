package config

import (
	"strings"
	"testing"
	"time"
)

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		glob, name string
		want       bool
	}{
		{"apps/shop", "apps/shop", true},
		{"apps/shop", "apps/shop/overlays", false},
		{"apps/*/overlays/prod", "apps/shop/overlays/prod", true},
		{"apps/*/overlays/prod", "apps/a/b/overlays/prod", false},
		{"apps/**/prod", "apps/prod", true},
		{"apps/**/prod", "apps/a/b/prod", true},
		{"apps/**/prod", "apps/a/b/prod/c", false},
		{"**/prod", "prod", true},
		{"**/prod/**", "a/prod/b/prod/c", true},
		{"a/**/b/**/c", "a/x/b/b/y/c", true},
		{"a/**/b/**/c", "a/x/c/b", false},
		{"clusters/prod/**", "clusters/prod", true},
		{"clusters/prod/**", "clusters/production", false},
		{"env-[ab]?", "env-b1", true},
		{"**", ".", true},
		{"**", "", true},
		{".", ".", true},
		{".", "a", false},
		{"*", ".", false},
		{"a*", "b", false},
	} {
		if got := Glob(test.glob).Match(test.name); got != test.want {
			t.Errorf("%q matches %q: got %t, want %t", test.glob, test.name, got, test.want)
		}
	}
}

func TestGlobIsNotExponential(t *testing.T) {
	start := time.Now()
	Glob(strings.Repeat("**/a*/", 1000) + "x").Match(strings.Repeat("aaaa/", 1000) + "y")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}
