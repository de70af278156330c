package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// A line of an example may have several "want rule-id "part of the message"".
var (
	wantedLine = regexp.MustCompile(`#\s*(want\s.*)$`)
	wantedItem = regexp.MustCompile(`want\s+([a-z0-9-]+)(?:\s+"([^"]*)")?`)
)

// testExamples checks the manifests in the .txtar files of a folder of rules: what the
// rules of users find must be what comments want. It returns how many files it checked and
// a line for each difference.
func testExamples(ctx context.Context, set *rules.Set, dir string) (checked int, problems []string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return 0, nil, err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return 0, nil, err
		}
		found, err := testExample(ctx, set, filepath.ToSlash(file), txtar.Parse(data))
		if err != nil {
			return 0, nil, err
		}
		problems = append(problems, found...)
	}
	return len(files), problems, nil
}

// testExample takes all files of an archive for one environment.
func testExample(ctx context.Context, set *rules.Set, name string, archive *txtar.Archive) ([]string, error) {
	var objects []*manifest.Object
	var problems []string
	var wanted []analyzer.Finding
	for _, f := range archive.Files {
		file := name + "/" + f.Name
		made, gaps := manifest.Parse(file, f.Data)
		objects = append(objects, made...)
		for _, gap := range gaps {
			problems = append(problems, fmt.Sprintf("%s: %s", gap.Pos, gap.Reason))
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			for _, comment := range wantedLine.FindAllStringSubmatch(line, 1) {
				for _, item := range wantedItem.FindAllStringSubmatch(comment[1], -1) {
					wanted = append(wanted, analyzer.Finding{
						Rule: &rules.Rule{ID: item[1]}, Message: item[2], Origin: manifest.Origin{Pos: manifest.Pos{File: file, Line: i + 1}},
					})
				}
			}
		}
	}
	report, err := analyzer.Analyze(ctx, []analyzer.Environment{{Name: "example", Objects: objects}}, analyzer.Options{Rules: set, Persona: rules.Auditor})
	if err != nil {
		return nil, ownRuleError(set, err)
	}
	for _, f := range report.Findings {
		if !f.Rule.Own {
			continue
		}
		i := slices.IndexFunc(wanted, func(w analyzer.Finding) bool {
			return w.File == f.File && w.Line == f.Line && w.Rule.ID == f.Rule.ID && strings.Contains(f.Message, w.Message)
		})
		if i < 0 {
			problems = append(problems, fmt.Sprintf("%s:%d: found and not wanted: %s: %s", f.File, f.Line, f.Rule.ID, f.Message))
			continue
		}
		wanted = slices.Delete(wanted, i, i+1)
	}
	for _, w := range wanted {
		problems = append(problems, fmt.Sprintf("%s:%d: wanted and not found: %s %q", w.File, w.Line, w.Rule.ID, w.Message))
	}
	return problems, nil
}
