package report

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

const homepage = "https://github.com/ringfence/ringfence"

// The limits of GitHub: more results, or a larger file when it is compressed, are
// rejected; of more locations than 1,000 a result has none, and 100 are shown.
const (
	mostResults = 25_000
	mostBytes   = 10_000_000
	mostRelated = 100
	mostFlows   = 10
	mostObjects = 20
)

// writeSARIF writes SARIF 2.1.0 as GitHub code scanning reads it
// (https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning):
// one run for all environments, and one result per rule and line, because GitHub
// tells results apart by what their line says. Beyond the limits of GitHub, the results
// that weigh least are left out, and a notification says so.
func writeSARIF(b *bufio.Writer, r *analyzer.Report, opts Options) error {
	for most := min(mostResults, len(r.Findings)); ; most /= 2 {
		doc, err := encodeSARIF(newSARIF(r, opts, most))
		if err != nil {
			return err
		}
		if most == 0 || compressed(doc) <= mostBytes {
			_, err := b.Write(doc)
			return err
		}
	}
}

func encodeSARIF(r *sarif.Report) ([]byte, error) {
	doc, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = Encode(&out, prune(tree))
	return out.Bytes(), err
}

// compressed is the size of a file as it is uploaded, in bytes.
func compressed(doc []byte) int {
	if len(doc) <= mostBytes {
		return len(doc) // or less
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(doc) // a buffer takes everything
	_ = w.Close()
	return out.Len()
}

// prune leaves out what the library writes for fields that were never set: empty
// lists, empty objects and the number -1, which no field of ours has. GitHub wants results even
// where there are none.
func prune(tree any) any {
	switch tree := tree.(type) {
	case map[string]any:
		for key, v := range tree {
			tree[key] = prune(v)
			if unset(tree[key]) && key != "results" {
				delete(tree, key)
			}
		}
	case []any:
		for i, v := range tree {
			tree[i] = prune(v)
		}
	}
	return tree
}

func unset(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	case json.Number:
		return v == "-1"
	default:
		return false
	}
}

// newSARIF makes a report of no more results than most.
func newSARIF(r *analyzer.Report, opts Options, most int) *sarif.Report {
	driver := sarif.NewToolComponent().WithName(toolName).WithInformationURI(homepage)
	if opts.Version != "" {
		driver.WithVersion(numeric(opts.Version))
	}
	run := sarif.NewRun().WithTool(sarif.NewTool().WithDriver(driver)).WithColumnKind("unicodeCodePoints")
	if opts.Category != "" {
		run.WithAutomationDetails(sarif.NewRunAutomationDetails().WithID(category(opts.Category)))
	}
	table := ruleTable{driver: driver, index: make(map[string]int)}
	for _, rule := range opts.Rules {
		table.add(rule, rule.Severity)
	}
	w := sarifWriter{source: opts.Source, hashes: make(map[string][]string)}
	groups := join(r.Findings)
	kept := worst(groups, most)
	for _, group := range kept {
		id, index := table.add(group[0].Rule, group[0].Severity)
		run.AddResult(w.result(group).WithRuleID(id).WithRuleIndex(index))
	}
	run.AddInvocation(w.invocation(r.Gaps, len(groups)-len(kept)))
	return sarif.NewReport().AddRun(run)
}

// numeric is a version that starts with a number, as programs want that compare versions.
func numeric(version string) string {
	version = strings.TrimPrefix(version, "v")
	if version[0] < '0' || version[0] > '9' {
		return "0.0.0-" + version
	}
	return version
}

// worst returns the results that weigh most, all in their order where there are not too many.
func worst(groups [][]analyzer.Finding, most int) [][]analyzer.Finding {
	if len(groups) <= most {
		return groups
	}
	ranked := slices.Clone(groups)
	slices.SortStableFunc(ranked, func(a, b []analyzer.Finding) int {
		return cmp.Or(cmp.Compare(a[0].Severity.Rank(), b[0].Severity.Rank()), cmp.Compare(a[0].Confidence.Rank(), b[0].Confidence.Rank()))
	})
	return ranked[:most]
}

// join groups the findings of one rule and severity on one line, in the order of
// the first of each.
func join(findings []analyzer.Finding) [][]analyzer.Finding {
	type key struct {
		rule     string
		severity rules.Severity
		file     string
		line     int
	}
	at := make(map[key]int)
	var groups [][]analyzer.Finding
	for _, f := range findings {
		k := key{f.Rule.ID, f.Severity, f.File, f.Line}
		i, known := at[k]
		if !known {
			i = len(groups)
			at[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	return groups
}

// sarifWriter makes results. It reads each file once.
type sarifWriter struct {
	source Source
	hashes map[string][]string // of the lines of files
}

func (w sarifWriter) result(group []analyzer.Finding) *sarif.Result {
	var related []analyzer.Related
	for _, f := range group {
		related = append(related, f.Related...)
	}
	related = unique(related, func(r analyzer.Related) any { return [2]any{r.Pos, r.Message} })
	more := max(0, len(related)-mostRelated)
	related = related[:len(related)-more]
	flows := slices.DeleteFunc(unique(group, func(f analyzer.Finding) any { return fmt.Sprint(f.Via) }), func(f analyzer.Finding) bool { return len(f.Via) == 0 })
	moreFlows := max(0, len(flows)-mostFlows)
	result := sarif.NewResult().
		WithLevel(level(group[0].Severity)).
		WithMessage(sarif.NewTextMessage(resultText(group, related, more, moreFlows))).
		AddLocation(w.location(group[0].Pos))
	for i, r := range related {
		result.AddRelatedLocation(w.location(r.Pos).WithID(i + 1).WithMessage(sarif.NewTextMessage(linkless(r.Message))))
	}
	if hash := w.hash(group[0].Pos); hash != "" {
		result.WithPartialFingerprints(map[string]string{"primaryLocationLineHash": hash})
	}
	for _, f := range flows[:len(flows)-moreFlows] {
		result.AddCodeFlow(w.flow(f))
	}
	return result
}

// flow leads from the values, patches and bases that shaped what is wrong to the line
// that the finding is at, and names the object that comes of it.
func (w sarifWriter) flow(f analyzer.Finding) *sarif.CodeFlow {
	thread := sarif.NewThreadFlow()
	step := func(p manifest.Pos, text string) {
		location := w.location(p).WithMessage(sarif.NewTextMessage(text))
		thread.AddLocation(sarif.NewThreadFlowLocation().WithLocation(location))
	}
	for _, p := range f.Via[:min(len(f.Via), mostRelated)] {
		step(p, "this shapes the value")
	}
	text := "the line that holds it"
	if f.Object.Kind != "" {
		text = "gives " + linkless(f.Object.String())
	}
	if len(f.Environments) > 0 {
		text += " in " + linkless(Some(f.Environments, mostObjects))
	}
	step(f.Pos, text)
	return sarif.NewCodeFlow().AddThreadFlow(thread)
}

// hash tells apart what findings of one rule are at, empty where the line is not known.
func (w sarifWriter) hash(p manifest.Pos) string {
	if w.source == nil {
		return ""
	}
	hashes, known := w.hashes[p.File]
	if !known {
		if text, err := w.source.ReadFile(cmp.Or(p.File, ".")); err == nil {
			hashes = lineHashes(text)
		}
		w.hashes[p.File] = hashes
	}
	if line := max(p.Line, 1); line <= len(hashes) {
		return hashes[line-1]
	}
	return ""
}

// unique leaves out all but the first of those with the same key.
func unique[T any](all []T, key func(T) any) []T {
	seen := make(map[any]bool)
	var kept []T
	for _, v := range all {
		if k := key(v); !seen[k] {
			seen[k] = true
			kept = append(kept, v)
		}
	}
	return kept
}

func same(s string) any { return s }

// location is one line; line 1 where none is known, because GitHub shows
// nothing without a line. It takes no path through a symbolic link.
func (w sarifWriter) location(p manifest.Pos) *sarif.Location {
	if w.source != nil {
		if file, err := w.source.Resolve(p.File); err == nil {
			p.File = file
		}
	}
	line := max(p.Line, 1)
	region := sarif.NewSimpleRegion(line, line)
	if p.Line > 0 && p.Column > 0 {
		region.WithStartColumn(p.Column)
	}
	return sarif.NewLocationWithPhysicalLocation(sarif.NewPhysicalLocation().
		WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri(p.File))).
		WithRegion(region))
}

// uri percent-encodes a path. A colon is encoded as well: in the first part it
// would end a scheme.
func uri(file string) string {
	parts := strings.Split(cmp.Or(file, "."), "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(url.PathEscape(part), ":", "%3A")
	}
	return strings.Join(parts, "/")
}

// invocation carries the gaps, and says how many results were left out. The execution was
// successful even with gaps: GitHub has refused the results of files that say otherwise. A
// notification of level error says that they are incomplete (SARIF 2.1.0, appendix I).
func (w sarifWriter) invocation(all []analyzer.Gap, leftOut int) *sarif.Invocation {
	invocation := sarif.NewInvocation().WithExecutionSuccessful(true)
	notify := func(level, text string) *sarif.Notification {
		n := sarif.NewNotification().WithLevel(level).WithMessage(sarif.NewTextMessage(text))
		invocation.AddToolExecutionNotification(n)
		return n
	}
	if leftOut > 0 {
		notify(sarif.LevelError, sentences([]string{Counted(leftOut, "result is", "results are") +
			" left out, because GitHub takes no more; those that weigh most are here"}))
	}
	gaps, notes := merge(all)
	for _, g := range append(gaps, notes...) {
		level := sarif.LevelError
		if g.Note {
			level = sarif.LevelNote
		}
		lines := append([]string{linkless(g.Reason) + " [" + string(g.Code) + "]"}, named("Target", "Targets", g.targets)...)
		notification := notify(level, sentences(lines))
		if g.File != "" {
			notification.AddLocation(w.location(g.Pos))
		}
	}
	return invocation
}

// category is the id of an analysis in the form that GitHub reads: what stands
// before the last slash is the category, what follows tells runs of it apart.
func category(name string) string { return strings.TrimSuffix(name, "/") + "/" }
