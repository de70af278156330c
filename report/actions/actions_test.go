package actions

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/rules"
)

func TestAnnotations(t *testing.T) {
	var all []Annotation
	add := func(n int, severity rules.Severity, changed bool) {
		for i := range n {
			all = append(all, Annotation{Pos: manifest.Pos{File: "a.yaml", Line: i + 1}, Severity: severity, Title: "rule", Message: string(severity), Changed: changed})
		}
	}
	add(3, rules.Note, false)
	add(12, rules.High, false)
	add(1, rules.Low, true)
	add(2, rules.High, true)
	add(12, rules.Medium, false)
	add(9, rules.Low, false)
	var out strings.Builder
	if err := WriteAnnotations(&out, all); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	kinds := map[string]int{}
	for _, line := range lines {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "::"), " ")
		kinds[name]++
	}
	if diff := cmp.Diff(map[string]int{"error": 9, "warning": 10, "notice": 10}, kinds); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []string{
		"::error title=rule,file=a.yaml,line=1,endLine=1::high", "::error title=rule,file=a.yaml,line=2,endLine=2::high",
		"::notice title=rule,file=a.yaml,line=1,endLine=1::low", "::error title=rule,file=a.yaml,line=1,endLine=1::high",
	}
	if diff := cmp.Diff(want, lines[:4]); diff != "" {
		t.Errorf("changed lines first (-want +got):\n%s", diff)
	}
	// 39 of which 9, 10 and 9 are shown: one error is left to what says why the step fails
	if last := lines[len(lines)-1]; !strings.Contains(last, "::11 findings have no annotation") {
		t.Errorf("the last line is %s", last)
	}
}

// decode reads a workflow command as the runner does.
func decode(line string) (properties map[string]string, message string) {
	plain := strings.NewReplacer("%0A", "\n", "%0D", "\r", "%3A", ":", "%2C", ",", "%25", "%")
	head, message, _ := strings.Cut(line[2:], "::")
	_, list, _ := strings.Cut(head, " ")
	properties = map[string]string{}
	for _, p := range strings.Split(list, ",") {
		key, value, _ := strings.Cut(p, "=")
		properties[key] = plain.Replace(value)
	}
	return properties, plain.Replace(message)
}

var hostile = []string{"a\n::error::x", "100%25", "x,file=/etc/passwd", "::warning::y", "\r\n::set-output name=a::b", "EOF\nexit-code=0"}

func TestHostileText(t *testing.T) {
	for _, text := range hostile {
		var out strings.Builder
		a := Annotation{Pos: manifest.Pos{File: text, Line: 2}, Title: text, Message: text}
		if err := WriteAnnotations(&out, []Annotation{a}); err != nil {
			t.Fatal(err)
		}
		if strings.Count(out.String(), "\n") != 1 || strings.Contains(out.String(), "\r") {
			t.Errorf("%q is written on several lines: %q", text, out.String())
		}
		properties, message := decode(strings.TrimSuffix(out.String(), "\n"))
		if properties["file"] != text || properties["title"] != text || message != text {
			t.Errorf("%q is read back as %v, %q", text, properties, message)
		}
	}
}

// TestOutputs reads back what was written, as the runner does.
func TestOutputs(t *testing.T) {
	for _, text := range hostile {
		var out strings.Builder
		if err := WriteOutputs(&out, []Output{{"a", text}, {"b", ""}}); err != nil {
			t.Fatal(err)
		}
		name, rest, _ := strings.Cut(out.String(), "<<")
		end, rest, _ := strings.Cut(rest, "\n")
		value, rest, found := strings.Cut(rest, "\n"+end+"\n")
		if name != "a" || value != text || !found || !strings.HasPrefix(rest, "b<<") {
			t.Errorf("%q is read back as %q: %q", text, name, value)
		}
	}
}

func TestQuote(t *testing.T) {
	var out strings.Builder
	if err := Quote(&out, func(w io.Writer) error { _, err := fmt.Fprintln(w, "::error::x"); return err }); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	token := strings.TrimPrefix(lines[0], "::stop-commands::")
	if diff := cmp.Diff([]string{"::stop-commands::" + token, "::error::x", "::" + token + "::", ""}, lines); diff != "" || len(token) < 20 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
