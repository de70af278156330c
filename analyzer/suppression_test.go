package analyzer

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

// suppressible is a file whose objects have findings. What suppresses is put into it
// without moving a line: an annotation of web, a line above and one behind the line that
// says what db is, and a comment that is about nothing.
func suppressible(annotation, above, behind string) string {
	quoted, _ := json.Marshal(annotation)
	return strings.TrimSuffix(strings.Replace(deployment("web"), "  name: web\n", "  name: web\n  annotations: {ringfence.dev/ignore: "+string(quoted)+"}\n", 1), "---\n") +
		"---\n#" + above + "\n" + strings.Replace(deployment("db"), "kind: Deployment\n", "kind: Deployment #"+behind+"\n", 1) +
		policy("spec: {podSelector: {matchLabels: {app: gone}}, ingress: [{}]}\n")
}

// naiveStatement says whether a text is a statement about one of the rules that holds on
// a day, and about which.
func naiveStatement(text string, known []string, today time.Time) (rule string, holds bool) {
	m := regexp.MustCompile(`^([^: \t]+)[: \t]+(until=([^: \t]*)[: \t]*)?(.*)$`).FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || m[4] == "" || !slices.Contains(known, m[1]) {
		return "", false
	}
	if m[2] != "" {
		last, err := time.Parse(time.DateOnly, m[3])
		if err != nil || !today.Before(last.Add(24*time.Hour)) {
			return "", false
		}
	}
	return m[1], true
}

// naiveComment is naiveStatement for the first comment of a line, or in another comment,
// that says that it suppresses.
func naiveComment(text string, known []string, today time.Time) (rule string, holds bool) {
	const space = " \t\f\v"
	for i := range len(text) {
		if text[i] != '#' || i > 0 && strings.IndexByte(space, text[i-1]) < 0 {
			continue
		}
		said, found := strings.CutPrefix(strings.TrimLeft(text[i+1:], space), SuppressionMark)
		if found && (said == "" || strings.IndexByte(space, said[0]) >= 0) {
			return naiveStatement(said, known, today)
		}
	}
	return "", false
}

// FuzzSuppressions: annotations, comments and entries of the configuration take out what a
// naive model says, and nothing else: what is found and what is suppressed are together
// what is found without them. Each that is at fault or of no use leaves a remark.
func FuzzSuppressions(f *testing.F) {
	set := load(f)
	var known []string
	for _, r := range set.Rules() {
		known = append(known, r.ID)
	}
	first := time.Date(2030, 1, 31, 0, 0, 0, 0, time.UTC)
	environments := func(t testing.TB, text string) []Environment {
		var all []Environment
		for _, name := range []string{"prod", "dev"} {
			objects, gaps := manifest.Parse("apps/web.yaml", []byte(text))
			if len(objects) != 3 || len(gaps) > 0 {
				t.Skip("what suppresses makes another file of it")
			}
			for i, o := range objects {
				objects[i] = o.WithNamespace("shop")
			}
			all = append(all, Environment{Name: name, Objects: objects})
		}
		return all
	}
	plain := environments(f, suppressible("", "", ""))
	assessed, err := assessAll(f.Context(), plain, Options{Rules: set})
	if err != nil {
		f.Fatal(err)
	}
	before := allSightings(decided(assessed, plain, Options{Rules: set}))
	f.Add("unprotected-workload: why", " ringfence:ignore unprotected-workload why", "", "dangling-policy", "Net*/*", "apps/**", "prod", int16(0))
	f.Add("unprotected-workload until=2030-01-31 why\n\nno-rule: why\nunprotected-workload", "", "ringfence:ignore unprotected-workload until=2030-02-01: why", "", "shop/Deployment/?eb", "", "", int16(1))
	f.Add("", "  ringfence:ignore dangling-policy why", " ringfence:ignore missing-default-deny", "unprotected-workload", "", "**/*.yaml", "d[de]v", int16(-400))
	f.Fuzz(func(t *testing.T, annotation, above, behind, rule, resource, path, environment string, day int16) {
		if strings.ContainsAny(above+behind, "\r\n") || strings.Contains(above+behind, "{{") {
			return
		}
		text := suppressible(annotation, above, behind)
		opts := Options{Rules: set, Today: first.AddDate(0, 0, int(day))}
		ignore := config.Ignore{Rule: rule, Resource: config.Resource(resource), Path: config.Glob(path), Environment: config.Glob(environment), Reason: "why"}
		if ignore != (config.Ignore{Reason: "why"}) && (rule == "" || slices.Contains(known, rule)) {
			opts.Ignores = []config.Ignore{ignore}
		}
		opts.Comments = Comments("apps/web.yaml", []byte(text))
		report := decided(assessed, environments(t, text), opts)

		var want []string
		for _, r := range assessed {
			for _, v := range r.violations {
				if naivelySuppressed(v, annotation, "#"+above, "#"+behind, known, opts) {
					want = append(want, sighted(v.Rule, v.origin.Line, v.environment, v.place.ref))
				}
			}
		}
		var got []string
		for _, s := range report.Suppressed {
			got = append(got, sightings(report, s.Finding)...)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("suppressed by annotation %q, comments %q and %q, %+v (-want +got):\n%s", annotation, above, behind, opts.Ignores, diff)
		}
		if diff := cmp.Diff(before, allSightings(report)); diff != "" {
			t.Errorf("findings and what is suppressed (-before +after):\n%s", diff)
		}
	})
}

// decided is the report of what was assessed, by what the environments and options say.
// It leaves the assessments as they are, for evaluating rules takes long.
func decided(assessed []*assessment, environments []Environment, opts Options) *Report {
	var results []*assessment
	for _, r := range assessed {
		own := *r
		own.violations = slices.Clone(r.violations)
		results = append(results, &own)
	}
	decide(results, newSuppressions(environments, opts), nil)
	report := &Report{}
	report.take(merge(results), rules.Auditor)
	return report
}

// allSightings are those of what is found and of what is suppressed.
func allSightings(r *Report) (all []string) {
	for _, f := range r.Findings {
		all = append(all, sightings(r, f)...)
	}
	for _, s := range r.Suppressed {
		all = append(all, sightings(r, s.Finding)...)
	}
	slices.Sort(all)
	return all
}

func sighted(rule *rules.Rule, line int, environment string, object manifest.Ref) string {
	return fmt.Sprintf("%s at %d in %s: %s", rule.ID, line, environment, object)
}

func sightings(r *Report, f Finding) (all []string) {
	for _, s := range r.Sightings(f) {
		all = append(all, sighted(f.Rule, f.Line, s.Environment, s.Object))
	}
	return all
}

func naivelySuppressed(v located, annotation, above, behind string, known []string, opts Options) bool {
	says := func(rule string, holds bool) bool { return holds && rule == v.Rule.ID }
	if v.place.ref.Name == "web" && v.place.ref.Kind == "Deployment" {
		for line := range strings.SplitSeq(annotation, "\n") {
			if says(naiveStatement(line, known, opts.Today)) {
				return true
			}
		}
	}
	if o := v.place.object; o != nil && o.Kind == "Deployment" && o.Name == "db" {
		head, kind := o.Line, o.At("kind").Line
		whole := len(v.Path) == 0 || cmp.Equal(v.Path, []any{"kind"})
		if (v.origin.Line == head || whole) && says(naiveComment(above, known, opts.Today)) ||
			v.origin.Line == kind && says(naiveComment(behind, known, opts.Today)) {
			return true
		}
	}
	for _, i := range opts.Ignores {
		if i.Applies(v.Rule.ID, v.place.ref, v.origin.File, v.environment) {
			return true
		}
	}
	return false
}
