package report

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

func TestSARIFFollowsTheSchema(t *testing.T) {
	for name, r := range map[string]*analyzer.Report{"shop": shop(), "nasty": nasty(), "empty": {}} {
		if err := newSARIF(r, options(), mostResults).Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		parsed, err := sarif.FromString(write(t, SARIF, r, options()), sarif.WithStrictValidation())
		if err != nil {
			t.Fatal(err)
		}
		if len(parsed.Runs) != 1 {
			t.Errorf("%s: %d runs, want 1", name, len(parsed.Runs))
		}
	}
}

// GitHub rejects or hides what the schema allows.
func TestSARIFFollowsGitHub(t *testing.T) {
	for name, r := range map[string]*analyzer.Report{"shop": shop(), "nasty": nasty(), "empty": {}} {
		text := write(t, SARIF, r, options())
		for _, bad := range []string{": -1", "null", "suppressions", "automationDetails"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: holds %q", name, bad)
			}
		}
		var doc struct {
			Runs []struct {
				Results []map[string]any
				Tool    struct {
					Driver struct{ Rules []map[string]any }
				}
			}
		}
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		run := doc.Runs[0]
		if run.Results == nil {
			t.Errorf("%s: no list of results", name)
		}
		for i, result := range run.Results {
			at := fmt.Sprintf("%s: result %d", name, i)
			checkLocations(t, at, result["locations"], 1)
			if related, ok := result["relatedLocations"]; ok {
				checkLocations(t, at+" related", related, 100)
			}
			index, _ := result["ruleIndex"].(float64)
			if id := run.Tool.Driver.Rules[int(index)]["id"]; id != result["ruleId"] {
				t.Errorf("%s: rule %v at the index of %v", at, id, result["ruleId"])
			}
		}
		for _, rule := range run.Tool.Driver.Rules {
			checkRule(t, name, rule)
		}
	}
}

func checkLocations(t *testing.T, at string, v any, most int) {
	t.Helper()
	locations, _ := v.([]any)
	if len(locations) == 0 || len(locations) > most {
		t.Errorf("%s: %d locations", at, len(locations))
	}
	for _, location := range locations {
		data, err := json.Marshal(location)
		if err != nil {
			t.Fatal(err)
		}
		var l sarif.Location
		if err := json.Unmarshal(data, &l); err != nil {
			t.Fatal(err)
		}
		region := l.PhysicalLocation.Region
		if region == nil || region.StartLine == nil || *region.StartLine < 1 || *region.EndLine != *region.StartLine {
			t.Errorf("%s: region %s is not one line", at, data)
		}
		address := *l.PhysicalLocation.ArtifactLocation.URI
		parsed, err := url.Parse(address)
		if err != nil || parsed.Scheme != "" || parsed.Host != "" || strings.HasPrefix(address, "/") || strings.ContainsAny(address, " \\#?:[]") {
			t.Errorf("%s: address %q: %v", at, address, err)
		}
	}
}

func checkRule(t *testing.T, at string, rule map[string]any) {
	t.Helper()
	for _, key := range []string{"id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"} {
		if rule[key] == nil {
			t.Errorf("%s: rule %v lacks %s", at, rule["id"], key)
		}
	}
	help, _ := rule["help"].(map[string]any)
	if help["text"] == "" || help["markdown"] == "" {
		t.Errorf("%s: rule %v has no help", at, rule["id"])
	}
	properties, _ := rule["properties"].(map[string]any)
	if score, ok := properties["security-severity"]; ok {
		if _, isText := score.(string); !isText {
			t.Errorf("%s: rule %v: security-severity is a %T", at, rule["id"], score)
		}
	}
}

func TestSARIFJoinsFindingsOfOneLine(t *testing.T) {
	rule := testRules()[1]
	r := &analyzer.Report{}
	for i := range 150 {
		r.Findings = append(r.Findings, analyzer.Finding{
			Rule: rule, Severity: rule.Severity, Confidence: rules.Certain, Origin: at("a.yaml", 3, 1), Message: "open to all",
			Object:       manifest.Ref{Kind: "Pod", Namespace: "n", Name: fmt.Sprintf("p%03d", i)},
			Environments: []string{fmt.Sprintf("e%d", i%2)},
			Related:      []analyzer.Related{{Origin: at("b.yaml", i+1, 1), Message: "here"}},
		})
		r.Findings[i].Via = []manifest.Pos{{File: "values.yaml", Line: i + 1}}
	}
	worse, elsewhere := r.Findings[0], r.Findings[0]
	worse.Severity = rules.High
	elsewhere.Line = 4
	r.Findings = append(r.Findings, worse, elsewhere)

	run := newSARIF(r, Options{}, mostResults).Runs[0]
	var ids []string
	for _, result := range run.Results {
		ids = append(ids, *result.RuleID)
	}
	want := []string{"unprotected-workload", "unprotected-workload/high", "unprotected-workload"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	joined := run.Results[0]
	if n := len(joined.RelatedLocations); n != mostRelated {
		t.Errorf("%d related locations, want %d", n, mostRelated)
	}
	if n := len(joined.CodeFlows); n != mostFlows {
		t.Errorf("%d code flows, want %d", n, mostFlows)
	}
	text := *joined.Message.Text
	for _, part := range []string{"open to all.\nObjects: n/Pod/p000, ", " and 130 more.\nEnvironments: e0, e1.\nSee [here](1), ", "[here](100) and 50 more places.\n140 more paths lead to the line."} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %q", part, text)
		}
	}
}

func TestSARIFCategory(t *testing.T) {
	opts := options()
	opts.Category = "prod"
	if id := newSARIF(shop(), opts, mostResults).Runs[0].AutomationDetails.ID; *id != "prod/" {
		t.Errorf("got %q", *id)
	}
}

func TestSARIFIsDeterministic(t *testing.T) {
	first := write(t, SARIF, nasty(), options())
	for range 10 {
		if !bytes.Equal([]byte(first), []byte(write(t, SARIF, nasty(), options()))) {
			t.Fatal("two runs differ")
		}
	}
}

// TestSARIFLimits leaves out what weighs least, and says so.
func TestSARIFLimits(t *testing.T) {
	rule := testRules()[0]
	r := &analyzer.Report{}
	for i := range mostResults + 10 {
		f := analyzer.Finding{Rule: rule, Severity: rules.Low, Confidence: rules.Certain, Origin: at("a.yaml", i+1, 1), Message: "open"}
		if i >= mostResults {
			f.Severity = rules.High
		}
		r.Findings = append(r.Findings, f)
	}
	run := newSARIF(r, Options{}, mostResults).Runs[0]
	if len(run.Results) != mostResults {
		t.Fatalf("%d results", len(run.Results))
	}
	high := slices.IndexFunc(run.Results, func(result *sarif.Result) bool { return *result.RuleID != "allow-all-rule/high" })
	if high != 10 {
		t.Errorf("%d results of the highest severity, want 10", high)
	}
	if text := *run.Invocations[0].ToolExecutionNotifications[0].Message.Text; !strings.HasPrefix(text, "10 results are left out") {
		t.Errorf("the notification is %q", text)
	}
}

// TestSARIFSize writes a file that GitHub takes, whatever messages are like.
func TestSARIFSize(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	r := &analyzer.Report{}
	for i := range 200 {
		noise := make([]byte, 60_000)
		_, _ = random.Read(noise)
		r.Findings = append(r.Findings, analyzer.Finding{
			Rule: testRules()[0], Severity: rules.Low, Origin: at("a.yaml", i+1, 1), Message: base64.StdEncoding.EncodeToString(noise),
		})
	}
	doc := write(t, SARIF, r, Options{})
	if n := compressed([]byte(doc)); n > mostBytes {
		t.Errorf("%d bytes", n)
	}
	if !strings.Contains(doc, "results are left out") {
		t.Error("nothing says that results are left out")
	}
}

func TestSARIFFollowsLinks(t *testing.T) {
	r := &analyzer.Report{Findings: []analyzer.Finding{{Rule: testRules()[0], Severity: rules.Low, Origin: at("link/x.yaml", 1, 1), Message: "x"}}}
	result := newSARIF(r, options(), mostResults).Runs[0].Results[0]
	if file := *result.Locations[0].PhysicalLocation.ArtifactLocation.URI; file != "folder/x.yaml" {
		t.Errorf("the file is %s", file)
	}
	if result.PartialFingerprints["primaryLocationLineHash"] == "" {
		t.Error("no fingerprint")
	}
}

// TestSARIFFlow leads from what shaped the value to the object.
func TestSARIFFlow(t *testing.T) {
	r := shop()
	r.Findings = append(r.Findings, r.Findings[1], r.Findings[1])
	r.Findings[3].Via = []manifest.Pos{{File: "values.yaml", Line: 3}, {File: "overlays/kustomization.yaml", Line: 2}}
	var got []string
	for _, result := range newSARIF(r, options(), mostResults).Runs[0].Results {
		for _, flow := range result.CodeFlows {
			for _, step := range flow.ThreadFlows[0].Locations {
				p := step.Location.PhysicalLocation
				got = append(got, fmt.Sprintf("%s:%d: %s", *p.ArtifactLocation.URI, *p.Region.StartLine, *step.Location.Message.Text))
			}
		}
	}
	want := []string{
		"overlays/prod/kustomization.yaml:6: this shapes the value",
		"base/web.yaml:4: gives shop/Deployment/web in prod",
		"values.yaml:3: this shapes the value",
		"overlays/kustomization.yaml:2: this shapes the value",
		"base/web.yaml:4: gives shop/Deployment/web in prod",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSARIFVersion(t *testing.T) {
	for version, want := range map[string]string{"v1.2.3": "1.2.3", "1.2.3": "1.2.3", "devel": "0.0.0-devel"} {
		if got := numeric(version); got != want {
			t.Errorf("%s is written %s, want %s", version, got, want)
		}
	}
}
