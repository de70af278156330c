package helm

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/ringfence/ringfence/manifest"
)

// A template is a file in templates/ of the chart or of one of its dependencies.
type template struct {
	name string      // as the engine calls it: "chart/charts/sub/templates/x.yaml"
	file *chart.File // its data may be replaced; the engine reads it
	text string      // as written
	home home
	keys []string // where the values of its chart stand below those of the root
}

// partial tells whether the template is only there for others to include.
func (t *template) partial() bool { return strings.HasPrefix(path.Base(t.name), "_") }

// templates lists the templates that the engine will see, by name. Each gets a
// file of its own, since a dependency that is used under two names shares them.
func (w *rendering) templates() []*template {
	var list []*template
	var visit func(c *chart.Chart, keys []string)
	visit = func(c *chart.Chart, keys []string) {
		for i, f := range c.Templates {
			own := *f
			c.Templates[i] = &own
			list = append(list, &template{
				name: path.Join(c.ChartFullPath(), f.Name), file: &own, text: string(f.Data), home: w.homes[f], keys: keys,
			})
		}
		for _, sub := range c.Dependencies() {
			sub.Templates = slices.Clone(sub.Templates)
			visit(sub, append(keys[:len(keys):len(keys)], sub.Name()))
		}
	}
	visit(w.chart, nil)
	slices.SortStableFunc(list, func(a, b *template) int { return strings.Compare(a.name, b.name) })
	return list
}

// execute renders the templates; the result is text by template name. Helm stops
// at the first template that fails. Here it is taken out, with a gap, and the
// others are rendered without it.
func (w *rendering) execute(ctx context.Context, templates []*template) map[string]string {
	for {
		if err := ctx.Err(); err != nil {
			w.gap(w.chartFile(), manifest.LimitExceeded, fmt.Sprintf("rendering was stopped: %v", err))
			return nil
		}
		out, err := w.engine()
		if err == nil {
			return out
		}
		failed := w.blame(templates, err)
		if len(failed) == 0 {
			w.gap(w.chartFile(), manifest.TemplateFailed, failure(err).cause)
			return nil
		}
		for _, t := range failed {
			t.file.Data = nil
		}
	}
}

// engine renders the chart as it is now.
func (w *rendering) engine() (map[string]string, error) {
	values, err := w.renderValues()
	if err != nil {
		return nil, err
	}
	return engine.Engine{}.Render(w.chart, values)
}

// blame finds the templates that an error takes out, and leaves their gaps. The
// error names one, except where a partial failed that was reached by the action
// "template" (rather than "include"): then every template is tried alone.
func (w *rendering) blame(templates []*template, err error) []*template {
	f := failure(err)
	named := byName(templates, f.name)
	if named != nil && named.file.Data != nil && (f.parsing || !named.partial()) {
		w.failed(templates, named, f)
		return []*template{named}
	}
	var failed []*template
	var left []*template
	for _, t := range templates {
		if !t.partial() && t.file.Data != nil {
			left = append(left, t)
		}
	}
	for _, t := range left {
		if f := w.alone(t, left); f != nil {
			w.failed(templates, t, *f)
			failed = append(failed, t)
		}
	}
	return failed
}

// alone renders one template with those of the others out that are no partials.
func (w *rendering) alone(t *template, all []*template) *templateError {
	for _, other := range all {
		if other != t {
			other.file.Data = nil
		}
	}
	_, err := w.engine()
	for _, other := range all {
		other.file.Data = []byte(other.text)
	}
	if err == nil {
		return nil
	}
	f := failure(err)
	return &f
}

// failed leaves the gap of a template, at the line that the error names.
func (w *rendering) failed(templates []*template, t *template, f templateError) {
	pos := t.home.line(f.line)
	if named := byName(templates, f.name); named != nil {
		pos = named.home.line(f.line)
	}
	w.gap(pos, manifest.TemplateFailed, fmt.Sprintf("%s (template %q renders nothing)", f.cause, t.name))
}

func byName(templates []*template, name string) *template {
	i, found := slices.BinarySearchFunc(templates, name, func(t *template, name string) int { return strings.Compare(t.name, name) })
	if !found {
		return nil
	}
	return templates[i]
}

// A templateError is what an error of Helm's engine says.
type templateError struct {
	name    string // the template that it names first, "" where it names none
	line    int
	parsing bool
	cause   string // the last of the chain of reasons, on one line
}

// The forms of the engine's errors: a template that cannot be parsed, a call of
// "required" or "fail", and any other failure, a chain of places.
var (
	parseError  = regexp.MustCompile(`(?s)^parse error (?:at|in) \((.+?)(?::(\d+))?(?::\d+)?\): (.*)$`)
	failCall    = regexp.MustCompile(`(?s)^execution error (?:at|in) \((.+?)(?::(\d+))?(?::\d+)?\): (.*)$`)
	failedChain = regexp.MustCompile(`template: ([^\s:]+):(\d+):(\d+): executing "[^"]*" at <(.*?)>: `)
)

func failure(err error) templateError {
	text := err.Error()
	if m := parseError.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[2])
		cause := oneLine(m[3])
		if strings.HasPrefix(cause, "U+") { // Helm leaves the rest of the sentence out
			cause = "unrecognized character " + cause
		}
		return templateError{name: m[1], line: line, parsing: true, cause: cause}
	}
	if m := failCall.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[2])
		return templateError{name: m[1], line: line, cause: oneLine(m[3])}
	}
	chain := failedChain.FindAllStringSubmatchIndex(text, -1)
	if len(chain) == 0 {
		return templateError{cause: oneLine(text)}
	}
	first, last := chain[0], chain[len(chain)-1]
	line, _ := strconv.Atoi(text[first[4]:first[5]])
	cause := strings.TrimPrefix(strings.TrimPrefix(oneLine(text[last[1]:]), "error calling include: "), "template: ")
	if strings.HasPrefix(cause, "nil pointer evaluating ") { // which value is missing, as far as Go says it
		cause += fmt.Sprintf(" in %s", text[last[8]:last[9]])
	}
	if len(chain) > 1 {
		cause += fmt.Sprintf(" at %q line %s", text[last[2]:last[3]], text[last[4]:last[5]])
	}
	return templateError{name: text[first[2]:first[3]], line: line, cause: cause}
}
