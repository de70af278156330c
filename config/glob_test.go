package config

import (
	"path"
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

// naiveGlob matches part by part, and tries for "**" all that it may stand for.
func naiveGlob(pattern, name []string) bool {
	switch {
	case len(pattern) == 0:
		return len(name) == 0
	case pattern[0] == "**":
		return naiveGlob(pattern[1:], name) || len(name) > 0 && naiveGlob(pattern, name[1:])
	case len(name) == 0:
		return false
	}
	ok, err := path.Match(pattern[0], name[0])
	return ok && err == nil && naiveGlob(pattern[1:], name[1:])
}

// FuzzGlob: a pattern matches what a naive model says, and of those that are accepted
// each part is one.
func FuzzGlob(f *testing.F) {
	f.Add("a/**/b/**/c", "a/x/b/b/y/c")
	f.Add("**", "")
	f.Add("./env-[^a]?//\\*", "env-b1/*")
	f.Fuzz(func(t *testing.T, glob, name string) {
		pattern, parts := split(glob), split(name)
		if len(pattern) > 8 || len(parts) > 8 {
			return
		}
		if got, want := Glob(glob).Match(name), naiveGlob(pattern, parts); got != want {
			t.Errorf("%q matches %q: got %t, want %t", glob, name, got, want)
		}
		for _, part := range pattern {
			if _, err := path.Match(part, name); err != nil && Glob(glob).check() == "" {
				t.Errorf("%q is accepted: %v", glob, err)
			}
		}
	})
}

func TestGlobIsNotExponential(t *testing.T) {
	start := time.Now()
	Glob(strings.Repeat("**/a*/", 1000) + "x").Match(strings.Repeat("aaaa/", 1000) + "y")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}
