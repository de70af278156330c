package helm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"helm.sh/helm/v3/pkg/releaseutil"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
)

// A document is one YAML document of the release.
type document struct {
	manifest.Document
	source   func(line int) manifest.Pos // where a line of the document comes from
	locate   manifest.Locator
	template bool // rather than a file of crds/
}

// render renders the chart to documents, those of crds/ first.
func (w *rendering) render(ctx context.Context) []document {
	docs := w.crds()
	templates := w.templates()
	plain := w.execute(ctx, templates)
	if plain == nil {
		return docs
	}
	size := 0
	for _, text := range plain {
		size += len(text)
	}
	if size > maxOutput {
		w.gap(w.chartFile(), manifest.LimitExceeded, fmt.Sprintf("renders to %d bytes, over the limit of %d", size, maxOutput))
		return nil
	}
	traces := w.trace(templates, plain)
	for _, t := range templates {
		if strings.HasSuffix(t.name, "NOTES.txt") || t.partial() {
			continue
		}
		trace := traces[t.name]
		for _, d := range split(plain[t.name]) {
			docs = append(docs, document{Document: d, source: trace.at, locate: trace.locator(d.Skip, w.values), template: true})
		}
	}
	return docs
}

// crds returns the custom resource definitions of the chart and its
// dependencies, which are no templates.
func (w *rendering) crds() []document {
	if w.release.SkipCRDs {
		return nil
	}
	var docs []document
	for _, crd := range w.chart.CRDObjects() {
		h := w.homes[crd.File]
		for _, d := range manifest.Split(crd.File.Data) {
			doc := document{Document: d, source: h.line, locate: manifest.Plain(h.pos.File, d.Skip)}
			if h.archive {
				doc.locate = (&trace{home: h}).locator(0, w.values)
			}
			docs = append(docs, doc)
		}
	}
	return docs
}

// split cuts what a template rendered into documents without surrounding space,
// and ends each with a line break, as Helm does (a block scalar at the end has
// one then). Helm cuts wherever a line begins with "---", whatever follows, and where
// the first one with content does after its white space.
func split(text string) []manifest.Document {
	var docs []manifest.Document
	first := len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
	start, line := first, strings.Count(text[:first], "\n") // of the current document
	for start <= len(text) {
		end, next := len(text), len(text)+1
		if start == first && strings.HasPrefix(text[start:], "---") {
			end, next = start, start+3
		} else if i := strings.Index(text[start:], "\n---"); i >= 0 {
			end, next = start+i, start+i+len("\n---")
		}
		doc := strings.TrimLeft(text[start:end], " \t\r\n")
		skip := line + strings.Count(text[start:end-len(doc)], "\n")
		if doc = strings.TrimSpace(doc); doc != "" {
			docs = append(docs, manifest.Document{Text: []byte(doc + "\n"), Skip: skip})
		}
		line += strings.Count(text[start:min(next, len(text))], "\n")
		start = next
	}
	return docs
}

// objects reads the objects of a document. A document that cannot be read is a
// gap; Helm would give the whole release up.
func (w *rendering) objects(d document) []*manifest.Object {
	objects, err := d.Objects(d.locate)
	if err != nil {
		w.noObjects(d, err)
		return nil
	}
	if !d.template {
		return objects
	}
	keep := objects[:0]
	for _, o := range objects {
		applied, err := applied(o)
		if err != nil {
			w.gap(o.Pos, manifest.InvalidObject, fmt.Sprintf("helm refuses the object's annotations: %s", oneLine(err.Error())))
		}
		if applied {
			keep = append(keep, o)
		}
	}
	return keep
}

// noObjects leaves the gap of a document that cannot be read.
func (w *rendering) noObjects(d document, err error) {
	var unusable *manifest.UnusableError
	if errors.As(err, &unusable) {
		w.gap(d.source(d.Skip+1), manifest.InvalidYAML, unusable.Err.Error())
		return
	}
	line, reason := d.Skip+1, err.Error()
	var syntax *manifest.SyntaxError
	if errors.As(err, &syntax) {
		line, reason = syntax.Line, syntax.Reason
	}
	w.gap(d.source(line), manifest.InvalidYAML, fmt.Sprintf("renders to text that is not YAML: %s", reason))
}

// applied tells whether Helm applies an object: it leaves out those whose
// annotation "helm.sh/hook" names an event that it does not know.
func applied(o *manifest.Object) (bool, error) {
	meta, _ := o.Data["metadata"].(map[string]any)
	if meta["annotations"] == nil {
		return true, nil
	}
	head, err := sigsyaml.Marshal(map[string]any{"kind": o.Kind, "metadata": map[string]any{"annotations": meta["annotations"]}})
	if err != nil {
		return false, err
	}
	hooks, others, err := releaseutil.SortManifests(map[string]string{"head": string(head)}, nil, nil)
	return len(hooks)+len(others) > 0, err
}
