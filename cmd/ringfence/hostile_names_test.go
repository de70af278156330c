//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// hostileNames are names of objects that would mean something in a report.
var hostileNames = map[string]string{
	"for terminals": "a\x1b]0;title\x07\x1b[2Jb",
	"for workflows": "a\n::set-output name=x::y\n::error::z",
	"for Markdown":  "a|b](http://192.0.2.1) ![x](http://192.0.2.1/x) `code` <img src=x onerror=alert(1)>",
	"for graphs":    `a"]; b [label="c"]; end %% x`,
}

// hostileObjects are a workload and a policy that isolates it, with findings of each.
func hostileObjects(name string) string {
	quoted, err := json.Marshal(name)
	if err != nil {
		panic(err) // it is a text
	}
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, namespace: %[1]s}
spec:
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: web, image: "web:1"}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: %[1]s, namespace: %[1]s}
spec: {podSelector: {matchLabels: {app: none}}, policyTypes: [Ingress]}
`, quoted)
}

// shown are the commands that show names, in all formats.
var shown = []string{
	"check", "check --format sarif", "check --format json", "targets", "render", "map", "map -o json", "map -o jsonl", "map -o dot", "map -o mermaid",
	"map -o svg", "map --needed", "map --exposure", "generate", "diff --format markdown . .",
}

// What no output may have: control characters; commands of a workflow; in what browsers
// show, HTML of others.
var (
	control         = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f]`)
	workflowCommand = regexp.MustCompile(`(?m)^::`)
	html            = regexp.MustCompile(`<img`)
)

// TestHostileNames shows names in all formats: they stay texts.
func TestHostileNames(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program many times")
	}
	for name, text := range hostileNames {
		repo := t.TempDir()
		hostile{files: map[string]string{
			".git/HEAD": "ref: refs/heads/main\n", "bad/a.yaml": hostileObjects(text), "bad/" + strings.ReplaceAll(text, "/", "") + "/b.yaml": hostileObjects("b" + text),
		}}.write(t, repo)
		for _, line := range shown {
			t.Run(name+"/"+line, func(t *testing.T) {
				cmd := program(t, strings.Fields(line)...)
				cmd.Dir = filepath.Join(repo, "bad")
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				stdout, err := cmd.Output()
				if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
					t.Fatal(err)
				}
				if code := cmd.ProcessState.ExitCode(); code != exitClean && code != exitFindings && code != exitIncomplete {
					t.Errorf("exit code %d: %s", code, stderr.Bytes())
				}
				text := stderr.String() + string(stdout)
				for _, bad := range []*regexp.Regexp{control, workflowCommand, html} {
					browsers := strings.Contains(line, "svg") || strings.Contains(line, "mermaid") || strings.Contains(line, "markdown")
					if bad == html && browsers {
						text = string(stdout)
					} else if bad == html {
						continue
					}
					if found := bad.FindAllString(text, 3); found != nil {
						t.Errorf("the output has %q: %q", found, text)
					}
				}
			})
		}
	}
}
