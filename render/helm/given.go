package helm

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"helm.sh/helm/v3/pkg/strvals"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// Values are one layer of the values that a release is given.
type Values struct {
	Name string       // the file that they stand in
	Data []byte       // as YAML; nil: what the file of that name in the repository holds
	Skip int          // lines of the file before those of Data
	Pos  manifest.Pos // what gives them to the release; zero where the user does
	// At tells where the value below keys is written; it is nil where Data is the
	// text of the file.
	At func(keys []string) manifest.Pos
}

// A Form is how the value of a setting is read.
type Form int

// The forms, in the order in which Helm applies them.
const (
	Typed Form = iota // as for --set: "true" is a boolean, "1" a number
	Text              // as for --set-string
	File              // as for --set-file: the name of a file in the repository
)

// A Setting is a value for one path, which wins over all layers of values.
type Setting struct {
	Expression string // "key.path=value", in the syntax of helm --set
	Form       Form
	Pos        manifest.Pos // what gives it to the release; zero where the user does
}

// Settings are expressions as for --set that the user gives.
func Settings(expressions []string) []Setting {
	settings := make([]Setting, len(expressions))
	for i, e := range expressions {
		settings[i] = Setting{Expression: e}
	}
	return settings
}

// mergeValues merges what the release gives, in Helm's order: layers of values,
// then settings by their form. False means that some of it is unusable.
func (w *rendering) mergeValues() bool {
	given := make(map[string]any)
	ok := true
	w.readLayers()
	for _, layer := range w.layers {
		var values map[string]any
		if err := sigsyaml.Unmarshal(layer.Data, &values); err != nil {
			line, reason := yamlError(oneLine(err.Error()))
			pos := manifest.Pos{File: layer.Name, Line: layer.Skip + line}
			if layer.At != nil {
				pos = layer.Pos
			}
			w.gap(pos, manifest.InvalidValues, reason)
			ok = false
			continue
		}
		given = mergeMaps(given, values)
	}
	for _, s := range w.settings() {
		if err := w.set(s, given); err != nil {
			pos := s.Pos
			if pos.File == "" {
				pos = w.chartFile()
			}
			w.gap(pos, manifest.InvalidValues, fmt.Sprintf("the setting %q: %v", s.Expression, err))
			ok = false
		}
	}
	w.given = given
	return ok
}

// readLayers reads the layers that are files of the repository. One that cannot be
// read is left out, with a gap.
func (w *rendering) readLayers() {
	for _, layer := range w.release.Values {
		if layer.Data == nil {
			data, err := w.tree.ReadFile(layer.Name)
			if err != nil {
				gap := source.Gap(layer.Name, err)
				if layer.Pos.File != "" {
					gap.Pos, gap.Reason = layer.Pos, fmt.Sprintf("%q %s", layer.Name, gap.Reason)
				}
				w.gap(gap.Pos, gap.Code, gap.Reason)
				continue
			}
			layer.Data = data
		}
		w.layers = append(w.layers, layer)
	}
}

// settings are the settings of the release in the order in which they apply.
func (w *rendering) settings() []Setting {
	list := slices.Clone(w.release.Set)
	slices.SortStableFunc(list, func(a, b Setting) int { return int(a.Form) - int(b.Form) })
	return list
}

// set applies a setting. Helm's parser writes into the values that it finds.
func (w *rendering) set(s Setting, into map[string]any) error {
	switch s.Form {
	case Text:
		return strvals.ParseIntoString(s.Expression, into)
	case File:
		return strvals.ParseIntoFile(s.Expression, into, func(name []rune) (any, error) {
			data, err := w.tree.ReadFile(string(name))
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("%q does not exist", string(name))
			}
			return string(data), err
		})
	default:
		return strvals.ParseInto(s.Expression, into)
	}
}

// sets tells whether the setting gives the value below keys, or something in it.
func (s Setting) sets(keys []string) bool {
	var values map[string]any
	switch s.Form {
	case File:
		values, _ = strvals.ParseFile(s.Expression, func([]rune) (any, error) { return "", nil })
	default:
		values, _ = strvals.ParseString(s.Expression)
	}
	for _, key := range keys {
		value, found := values[key]
		if !found {
			return false
		}
		table, isTable := value.(map[string]any)
		if !isTable {
			return true
		}
		values = table
	}
	return true
}

// mergeMaps merges b over a, as Helm merges values files.
func mergeMaps(a, b map[string]any) map[string]any {
	out := make(map[string]any, len(a))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		over, isMap := v.(map[string]any)
		under, both := out[k].(map[string]any)
		if isMap && both {
			out[k] = mergeMaps(under, over)
		} else {
			out[k] = v
		}
	}
	return out
}
