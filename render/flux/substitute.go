package flux

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"github.com/fluxcd/pkg/envsubst/parse"
	kyaml "sigs.k8s.io/yaml"

	"github.com/ringfence/ringfence/manifest"
)

// Bounds on the text of one object. The API server takes objects of up to 1.5 MB.
const (
	maxText      = 3 << 20
	maxEscapes   = 1_000 // each costs a copy of the text
	maxFunctions = 200   // uses of functions such as ${name%%pattern}
	maxArgument  = 1_000 // the value that a function is given
)

// optOut is the label or annotation with which an object is left alone.
const optOut = kustomizeGroup + "/substitute"

// Substitute replaces the variables of an object. As in Flux, that is done in the
// object's YAML: a value may become a number, a boolean or a mapping. The object
// comes back as it is where nothing changes, and where Flux would fail, which is a
// gap. A changed field is where it was written, by way of its variables' definitions.
func (v *Variables) Substitute(o *manifest.Object) (*manifest.Object, *manifest.Gap) {
	if v == nil || disabled(o) || !mentions(o.Data) {
		return o, nil
	}
	text, err := kyaml.Marshal(o.Data)
	if err != nil {
		return o, failed(o, err.Error())
	}
	if len(text) > maxText || strings.Count(string(text), "$$") > maxEscapes {
		return o, &manifest.Gap{Pos: o.Pos, Code: manifest.LimitExceeded, Reason: fmt.Sprintf("%s is too large for the substitution of variables", name(o))}
	}
	calls, err := callsIn(string(text))
	if err != nil {
		return o, failed(o, err.Error())
	}
	if gap := v.refuse(o, calls); gap != nil {
		return o, gap
	}
	out, err := v.eval(string(text), calls)
	switch {
	case errors.Is(err, errSize):
		return o, &manifest.Gap{Pos: o.Pos, Code: manifest.LimitExceeded, Reason: fmt.Sprintf("%s grows too large by its variables", name(o))}
	case err != nil:
		return o, failed(o, err.Error())
	case out == string(text):
		return o, nil
	}
	return v.parse(o, out)
}

var errSize = errors.New("too large")

// eval replaces the variables in a text; calls are the uses of them in it.
func (v *Variables) eval(text string, calls []*parse.FuncNode) (string, error) {
	bare := make(map[string]bool)
	for _, c := range calls {
		bare[c.Param] = bare[c.Param] || c.Name == ""
	}
	size := 0
	out, err := envsubst.Eval(text, func(name string) (string, bool) {
		value := v.get(name, bare[name])
		if size += len(value); size > maxText {
			return "", true
		}
		return value, true
	})
	if err == nil && size > maxText {
		err = errSize
	}
	return out, err
}

// refuse tells why the uses of variables in an object are not evaluated.
func (v *Variables) refuse(o *manifest.Object, calls []*parse.FuncNode) *manifest.Gap {
	functions := 0
	for _, c := range calls {
		if isDefault(c.Name) {
			continue
		}
		functions++
		if v.unknown(c.Param) {
			return &manifest.Gap{Pos: o.Pos, Code: manifest.UnknownValue, Reason: fmt.Sprintf("%s changes the value of %q, which is not known", name(o), c.Param)}
		}
		if functions > maxFunctions || len(v.values[c.Param].text) > maxArgument {
			return &manifest.Gap{Pos: o.Pos, Code: manifest.LimitExceeded, Reason: fmt.Sprintf("%s uses too many functions on variables, or too long ones", name(o))}
		}
	}
	return nil
}

// parse makes the object that the text says after substitution. It goes by way of
// JSON, as in Flux.
func (v *Variables) parse(o *manifest.Object, text string) (*manifest.Object, *manifest.Gap) {
	data, err := kyaml.YAMLToJSON([]byte(text))
	if err != nil {
		return o, failed(o, "the object is no YAML any more: "+err.Error())
	}
	changed, err := fromJSON(data, func(path []any) manifest.Origin { return v.locate(o, path) })
	switch {
	case err != nil:
		return o, failed(o, err.Error())
	case changed == nil || changed.Name == "" && o.Name != "":
		return o, failed(o, "its kind or name is no string any more, or empty")
	}
	return changed, nil
}

func failed(o *manifest.Object, reason string) *manifest.Gap {
	return &manifest.Gap{
		Pos: o.Pos, Code: manifest.SubstitutionFailed,
		Reason: fmt.Sprintf("variables of %s cannot be substituted: %s", name(o), strings.Join(strings.Fields(reason), " ")),
	}
}

// disabled tells whether an object opts out.
func disabled(o *manifest.Object) bool {
	meta := manifest.Mapping(o.Data, "metadata")
	return manifest.Text(meta, "labels", optOut) == "disabled" || manifest.Text(meta, "annotations", optOut) == "disabled"
}

// mentions tells whether anything in a value has a dollar sign.
func mentions(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.Contains(v, "$")
	case []any:
		return slices.ContainsFunc(v, mentions)
	case map[string]any:
		for key, item := range v {
			if strings.Contains(key, "$") || mentions(item) {
				return true
			}
		}
	}
	return false
}

// callsIn lists the uses of variables in a text.
func callsIn(text string) ([]*parse.FuncNode, error) {
	tree, err := parse.Parse(text)
	if err != nil {
		return nil, err
	}
	var calls []*parse.FuncNode
	todo := []parse.Node{tree.Root}
	for len(todo) > 0 {
		node := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch n := node.(type) {
		case *parse.ListNode:
			todo = append(todo, n.Nodes...)
		case *parse.FuncNode:
			calls = append(calls, n)
			todo = append(todo, n.Args...)
		}
	}
	return calls, nil
}

// isDefault tells whether a function keeps a value that there is. The module
// treats all of them alike.
func isDefault(function string) bool {
	return function == "" || strings.ContainsAny(function, "=-?+")
}

// locate finds a field of an object after substitution: where it was before, by way
// of the definitions of the variables that it uses. A field that changed is not exact.
func (v *Variables) locate(o *manifest.Object, path []any) manifest.Origin {
	origin := o.At(path...)
	var before any
	for n := len(path); before == nil && n > 0; n-- { // what a value made: the value
		before = manifest.Lookup(o.Data, path[:n]...)
	}
	text, ok := before.(string)
	if !ok || !strings.Contains(text, "$") {
		return origin
	}
	calls, err := callsIn(text)
	if err != nil {
		return origin
	}
	if after, err := v.eval(text, calls); err != nil || after != text {
		origin.Exact = false
		origin.Via = append(slices.Clip(origin.Via), v.definitions(calls)...)
	}
	return origin
}

// definitions lists where the variables are defined that are used.
func (v *Variables) definitions(calls []*parse.FuncNode) []manifest.Pos {
	places := make(map[manifest.Pos]bool)
	for _, c := range calls {
		if d, ok := v.values[c.Param]; ok && !d.unknown {
			places[d.pos] = true
		}
	}
	return slices.SortedFunc(maps.Keys(places), manifest.Pos.Compare)
}
