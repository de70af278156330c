package report

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
)

// junitSuites is a report as many CI systems read it. There is no standard; these are the
// elements and attributes that https://github.com/testmoapp/junitxml collects.
type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
}

type junitProblem struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes a failure for each finding, an error for each gap that nobody accepted,
// and a success for each rule that found nothing.
func writeJUnit(b *bufio.Writer, r *analyzer.Report, opts Options) error {
	suite := junitSuite{Name: toolName}
	met := map[string]bool{}
	for _, f := range r.Findings {
		met[f.Rule.ID] = true
		suite.Failures++
		suite.Cases = append(suite.Cases, junitCase{
			Class: f.Rule.ID, Name: place(f.Pos) + ": " + Printable(f.Object.String()), File: Printable(f.File), Line: f.Line,
			Failure: &junitProblem{string(f.Severity), Printable(f.Message), fmt.Sprintf("%s: %s: %s\n%s\n%s",
				place(f.Pos), f.Severity, Printable(f.Message), about(f, r.Environments > 1), Printable(strings.Join(strings.Fields(f.Rule.Remedy), " ")))},
		})
	}
	gaps, _ := merge(r.Gaps)
	for _, g := range gaps {
		if g.Accepted != "" {
			continue
		}
		suite.Errors++
		suite.Cases = append(suite.Cases, junitCase{
			Class: "gap", Name: place(g.Pos) + ": " + string(g.Code), File: Printable(g.File), Line: g.Line,
			Error: &junitProblem{string(g.Code), Printable(g.Reason), GapLine(g.Gap.Gap)},
		})
	}
	for _, rule := range opts.Rules {
		if !met[rule.ID] {
			suite.Cases = append(suite.Cases, junitCase{Class: rule.ID, Name: Printable(rule.Title)})
		}
	}
	suite.Tests = len(suite.Cases)
	if _, err := b.WriteString(xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(b)
	encoder.Indent("", "  ")
	if err := encoder.Encode(junitSuites{Suite: suite}); err != nil {
		return err
	}
	return b.WriteByte('\n')
}
