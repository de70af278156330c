package report

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func at(file string, line, column int) manifest.Origin {
	return manifest.Origin{Pos: manifest.Pos{File: file, Line: line, Column: column}, Exact: true}
}

func near(file string, line int) manifest.Origin {
	return manifest.Origin{Pos: manifest.Pos{File: file, Line: line}}
}

func testRules() []*rules.Rule {
	return []*rules.Rule{
		{
			ID: "allow-all-rule", Title: "Rule allows everything", Description: "An empty rule matches every peer on every port.",
			Remedy: "Name the peers and ports.", Severity: rules.Medium, Confidence: rules.Certain,
			References: []string{"https://kubernetes.io/docs/concepts/services-networking/network-policies/"},
		},
		{
			ID: "unprotected-workload", Title: "Workload is selected by no NetworkPolicy", Description: "Any pod can connect to it.",
			Remedy: "Add a policy that selects it,\nor generate one.", Severity: rules.Medium, Confidence: rules.Likely,
		},
		{ID: "host-network-pod", Title: "Pod uses the node's network", Severity: rules.Note, Confidence: rules.Possible},
	}
}

// shop is a report as most are.
func shop() *analyzer.Report {
	all := testRules()
	web := manifest.Ref{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"}
	policy := manifest.Ref{Group: "networking.k8s.io", Kind: "NetworkPolicy", Namespace: "shop", Name: "web"}
	return &analyzer.Report{
		Findings: []analyzer.Finding{
			{
				Rule: all[0], Severity: rules.Medium, Confidence: rules.Certain, Environments: []string{"prod", "staging"},
				Object: policy, Origin: at("base/policy.yaml", 9, 5), Message: `egress rule 1 of "web" allows everything`, Fingerprint: "5d41402a",
			},
			{
				Rule: all[1], Severity: rules.High, Confidence: rules.Likely, Environments: []string{"prod"},
				Object: web, Origin: manifest.Origin{
					Pos: manifest.Pos{File: "base/web.yaml", Line: 4, Column: 3},
					Via: []manifest.Pos{{File: "overlays/prod/kustomization.yaml", Line: 6}},
				},
				Message: `no policy restricts ingress to "web"`, Fingerprint: "7d793037",
				Related: []analyzer.Related{
					{Origin: at("base/ingress.yaml", 12, 9), Message: "exposed by this Ingress"},
					{Origin: at("base/policy.yaml", 7, 3), Message: "this policy has ingress: [{}]"},
				},
			},
		},
		Gaps: []analyzer.Gap{
			gapOf("infra/kustomization.yaml", 3, manifest.RemoteReference, `"https://example.com/base" would need the network`, "infra/a"),
			gapOf("infra/kustomization.yaml", 3, manifest.RemoteReference, `"https://example.com/base" would need the network`, "infra/b"),
			noteOf("charts/web/templates/monitor.yaml", 1, manifest.MissingAPIVersion, `the template asks for "monitoring.coreos.com/v1"`, "charts/web"),
		},
		Environments: 2, Targets: 5, Workloads: 14, Policies: 1,
	}
}

func gapOf(file string, line int, code manifest.Code, reason, target string) analyzer.Gap {
	return analyzer.Gap{Gap: manifest.Gap{Pos: manifest.Pos{File: file, Line: line}, Code: code, Reason: reason}, Target: target}
}

func noteOf(file string, line int, code manifest.Code, reason, target string) analyzer.Gap {
	g := gapOf(file, line, code, reason, target)
	g.Note = true
	return g
}

// nasty is a report on a repository that does not wish its reader well.
func nasty() *analyzer.Report {
	all := testRules()
	evil := "a\x1b]8;;http://x\x07b\u202e\u009b2J\ncc\xff"
	finding := func(o manifest.Origin, name, message string) analyzer.Finding {
		return analyzer.Finding{
			Rule: all[1], Severity: rules.Medium, Confidence: rules.Certain, Origin: o, Message: message,
			Object: manifest.Ref{Kind: "Pod", Namespace: "n", Name: name},
		}
	}
	one := finding(at("50% of #1/über a:b.yaml", 2, 6), evil, evil+" [click](1) [x](https://evil.example) <b>**bold**</b>")
	one.Related = []analyzer.Related{{Origin: at("x[1].yaml", 1, 1), Message: `[a](2) \ "` + evil}}
	two := finding(at("50% of #1/über a:b.yaml", 2, 9), "two", "second")
	two.Related = one.Related
	two.Environments = []string{"e1", "e2", "e3", "e4", "e5", "e6\t"}
	return &analyzer.Report{
		Environments: 6,
		Findings: []analyzer.Finding{
			one, two,
			finding(near("c:/x.yaml", 0), "", "no line"),
			{Rule: all[2], Severity: rules.Note, Confidence: rules.Possible, Message: "about the repository"},
		},
		Gaps: []analyzer.Gap{
			gapOf("", 0, manifest.NothingFound, evil, ""),
			gapOf("d ir/"+evil, 7, manifest.InternalError, "x](1)", evil),
		},
	}
}

// files is a repository.
type files map[string]string

func (f files) ReadFile(name string) ([]byte, error) {
	text, known := f[name]
	if !known {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

func (f files) Resolve(name string) (string, error) {
	_, err := f.ReadFile(name)
	return strings.Replace(name, "link/", "folder/", 1), err
}

func repository() files {
	return files{
		"base/policy.yaml":        strings.Repeat("\n", 8) + "    - {}\r\n",
		"base/web.yaml":           "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n",
		"50% of #1/über a:b.yaml": "\n\tk\x1b[: é\u202evalue",
		"link/x.yaml":             "x",
	}
}

func options() Options {
	return Options{Source: repository(), Version: "1.2.3", Rules: testRules()}
}

func write(t *testing.T, f Format, r *analyzer.Report, opts Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f, r, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestGolden(t *testing.T) {
	for name, r := range map[string]*analyzer.Report{"shop": shop(), "nasty": nasty(), "empty": {}} {
		for _, f := range []Format{Text, JSON, SARIF, Markdown, GitLab, JUnit} {
			t.Run(name+"."+string(f), func(t *testing.T) {
				golden(t, name+"."+string(f), write(t, f, r, options()))
			})
		}
	}
}

// The documentation shows what the program writes.
func TestJSONOutputIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/json-output.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```json\n")
	example, _, _ := strings.Cut(rest, "```")
	if diff := cmp.Diff(example, write(t, JSON, shop(), options())); diff != "" {
		t.Errorf("docs/json-output.md (-documented +written):\n%s", diff)
	}
}

// No format may hand a terminal anything but text and line breaks.
func TestNothingHiddenIsPrinted(t *testing.T) {
	for _, f := range formats() {
		for _, r := range []*analyzer.Report{shop(), nasty()} {
			for _, c := range write(t, f.name, r, options()) {
				// JSON keeps the mark that stands for bytes that are not UTF-8, and the space of
				// no width in Markdown is ours.
				if hidden(c) && c != '\n' && c != '\ufffd' && c != '\u200b' {
					t.Errorf("%s holds %U", f.name, c)
				}
			}
		}
	}
}

func TestParseFormat(t *testing.T) {
	if f, err := ParseFormat("sarif"); f != SARIF || err != nil {
		t.Errorf("got %q, %v", f, err)
	}
	_, err := ParseFormat("xml")
	if err == nil || err.Error() != `unknown format "xml", use text, json, sarif, markdown, gitlab, junit` {
		t.Errorf("got %v", err)
	}
	if err := Write(&bytes.Buffer{}, "xml", shop(), Options{}); err == nil {
		t.Error("an unknown format was written")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk is full") }

func TestWriteReturnsTheErrorOfTheWriter(t *testing.T) {
	for _, f := range formats() {
		if err := Write(fullDisk{}, f.name, shop(), options()); err == nil {
			t.Errorf("%s: no error", f.name)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain é ☃":           "plain é ☃",
		`quotes " and \ stay`: `quotes " and \ stay`,
		"\x1b[31m\x7f":        `\x1b[31m\x7f`,
		"a\tb\nc\r":           `a\tb\nc\r`,
		"\u009b":              `\u009b`,
		"\u202e\u2066\u200b":  `\u202e\u2066\u200b`,
		"\U000e0041":          `\U000e0041`,
		"\xff\ufffd":          `\xff` + "\ufffd",
	} {
		if got := Printable(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}
