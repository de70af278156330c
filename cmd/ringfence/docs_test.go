package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/config"
)

// blocks returns the fenced code blocks of a language in a Markdown file.
func blocks(t *testing.T, file, language string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, part := range strings.Split(string(data), "```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		found = append(found, block)
	}
	return found
}

// TestDocumentedOutput runs the commands that the documentation shows with their
// output.
func TestDocumentedOutput(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	files, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, file := range append(files, "README.md") {
		for _, block := range blocks(t, file, "console") {
			line, want, _ := strings.Cut(block, "\n")
			args := strings.Fields(strings.TrimPrefix(line, "$ ringfence "))
			stdout, stderr, _ := run(args...)
			if diff := cmp.Diff(want, stdout); diff != "" || stderr != "" {
				t.Errorf("%s: %s (-documented +real):\n%s%s", file, line, diff, stderr)
			}
			shown++
		}
	}
	if shown == 0 {
		t.Error("no documented command was found")
	}
}

// TestDocumentedConfiguration reads the configuration that the documentation shows.
func TestDocumentedConfiguration(t *testing.T) {
	for _, block := range blocks(t, filepath.Join("..", "..", "docs", "configuration.md"), "yaml") {
		if _, err := config.Load([]byte(block), config.FileName); err != nil {
			t.Error(err)
		}
	}
}
