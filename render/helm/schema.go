package helm

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/ringfence/ringfence/manifest"
)

const schemaURL = "file:///values.schema.json"

// errElsewhere refuses a schema that lies outside of its own file.
var errElsewhere = errors.New("a schema outside of the chart")

// refuse is the loader of schemas that a schema refers to. Helm fetches http and
// https and reads any file of the machine; both are refused here.
type refuse struct{}

func (refuse) Load(url string) (any, error) { return nil, fmt.Errorf("%w: %q", errElsewhere, url) }

// permit stands for a schema with a URN, which Helm takes as "anything goes".
type permit struct{}

func (permit) Load(string) (any, error) { return true, nil }

// checkSchemas checks the values against the values.schema.json of the chart and
// of its dependencies, as Helm does before it renders. False means that they do
// not fit. A schema that refers elsewhere is not checked, which is noted.
func (w *rendering) checkSchemas() bool {
	values, err := chartutil.CoalesceValues(w.chart, w.given)
	if err != nil {
		w.gap(w.chartFile(), manifest.InvalidValues, oneLine(err.Error()))
		return false
	}
	return w.checkSchema(w.chart, values, nil)
}

// keys tell where the values of c stand below those of the root chart.
func (w *rendering) checkSchema(c *chart.Chart, values map[string]any, keys []string) bool {
	ok := true
	if c.Schema != nil {
		var invalid *jsonschema.ValidationError
		switch err := validate(c.Schema, values); {
		case errors.Is(err, errElsewhere):
			w.note(w.valuesPos(keys), manifest.RemoteReference,
				fmt.Sprintf("the values of %q are not checked: its values.schema.json refers to %v", c.Name(), err))
		case errors.As(err, &invalid):
			text := strings.TrimPrefix(err.Error(), "jsonschema validation failed with '"+schemaURL+"#'\n")
			w.gap(w.valuesPos(slices.Concat(keys, deepest(invalid))), manifest.InvalidValues,
				fmt.Sprintf("values do not fit the values.schema.json of %q: %s", c.Name(), oneLine(text)))
			ok = false
		case err != nil:
			w.gap(w.chartFile(), manifest.InvalidChart, fmt.Sprintf("unusable values.schema.json of %q: %s", c.Name(), oneLine(err.Error())))
			ok = false
		}
	}
	for _, sub := range c.Dependencies() {
		given, exists := values[sub.Name()]
		if !exists || given == nil {
			continue
		}
		keys := append(keys[:len(keys):len(keys)], sub.Name())
		table, isTable := given.(map[string]any)
		if !isTable {
			w.gap(w.valuesPos(keys), manifest.InvalidValues, fmt.Sprintf("the values of %q are no mapping", sub.Name()))
			ok = false
			continue
		}
		ok = w.checkSchema(sub, table, keys) && ok
	}
	return ok
}

// deepest returns the path to the first value that is wrong.
func deepest(err *jsonschema.ValidationError) []string {
	for len(err.Causes) > 0 {
		err = err.Causes[0]
	}
	return err.InstanceLocation
}

// validate panics on nothing: the library does on some broken schemas.
func validate(schema []byte, values map[string]any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unusable schema: %v", p)
		}
	}()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{"file": refuse{}, "http": refuse{}, "https": refuse{}, "urn": permit{}})
	if err := compiler.AddResource(schemaURL, doc); err != nil {
		return err
	}
	compiled, err := compiler.Compile(schemaURL)
	if err != nil {
		var elsewhere *jsonschema.LoadURLError
		if errors.As(err, &elsewhere) && errors.Is(elsewhere.Err, errElsewhere) {
			return elsewhere.Err
		}
		return err
	}
	return compiled.Validate(values)
}

// valuesPos is where a value of the root chart is written, or, where no file has
// it, the file that a reader looks at first.
func (w *rendering) valuesPos(keys []string) manifest.Pos {
	if pos := w.values.find(keys); pos.Line > 0 {
		return pos
	}
	if n := len(w.release.Values); n > 0 {
		return manifest.Pos{File: w.release.Values[n-1].Name}
	}
	return manifest.Pos{File: path.Join(w.release.Dir, "values.yaml")}
}
