package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/config"
)

// commented is a key of the configuration in a comment, with what belongs to it.
var commented = regexp.MustCompile(`(?m)^# ([a-z]+):\n(?:#.*\n)+`)

// TestInitialConfiguration: what init writes is read as it is, and with any of its keys
// uncommented.
func TestInitialConfiguration(t *testing.T) {
	dirs := []string{"../../testdata/shop"}
	if shared := os.Getenv("RINGFENCE_SHARED"); shared != "" {
		dirs = append(dirs, filepath.Join(shared, "corpus", "konflux-ci__konflux-ci"), filepath.Join(shared, "corpus", "onedr0p__home-ops"))
	}
	for _, dir := range dirs {
		w, err := (&command{environ: os.Getenv}).open(t.Context(), &selection{}, []string{dir})
		if err != nil {
			t.Fatal(err)
		}
		defer w.close()
		text, err := w.initial()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(text, dir); err != nil {
			t.Error(err)
		}
		keys := commented.FindAllString(string(text), -1)
		if len(keys) < 6 {
			t.Errorf("%s: %d keys in comments, want more:\n%s", dir, len(keys), text)
		}
		for _, key := range keys {
			key = regexp.MustCompile(`(?m)^# ?`).ReplaceAllString(key, "")
			if _, err := config.Load([]byte(key), dir); err != nil {
				t.Errorf("%v in\n%s", err, key)
			}
		}
	}
}

func TestScalar(t *testing.T) {
	for name, want := range map[string]string{
		"prod": "prod", "apps/shop-1.2": "apps/shop-1.2", "2024": `"2024"`, ".": `"."`, "on": `"on"`, "a b": `"a b"`, "x\n# y: 1": `"x\n# y: 1"`,
	} {
		if got, err := scalar(name); got != want || err != nil || strings.Contains(got, "\n") {
			t.Errorf("%q: got %s, %v, want %s", name, got, err, want)
		}
	}
}
