package argocd

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dario.cat/mergo"

	"github.com/ringfence/ringfence/manifest"
)

// matrix combines the parameters of the first generator with those of the second, into
// which those of the first have been put.
func (g *generation) matrix(spec *combinedGenerator, depth int) ([]map[string]any, error) {
	if len(spec.Generators) != 2 {
		return nil, &fault{manifest.InvalidObject, fmt.Sprintf("a matrix has 2 generators, not %d", len(spec.Generators))}
	}
	first, _, err := g.params(spec.Generators[0], nil, depth+1)
	if err != nil && first == nil {
		return nil, err
	}
	partial := err
	var list []map[string]any
	for _, a := range first {
		second, _, err := g.params(spec.Generators[1], a, depth+1)
		if err != nil {
			partial = err
		}
		for _, b := range second {
			both, err := g.combine(a, b)
			if err != nil {
				return nil, err
			}
			list = append(list, both)
		}
		if len(list) > maxParams {
			return nil, &fault{manifest.LimitExceeded, fmt.Sprintf("the matrix makes more than %d applications", maxParams)}
		}
	}
	return list, partial
}

func (g *generation) combine(a, b map[string]any) (map[string]any, error) {
	both := make(map[string]any)
	if g.goTemplate {
		for _, params := range []map[string]any{b, a} {
			if err := mergo.Merge(&both, params, mergo.WithOverride); err != nil {
				return nil, &fault{manifest.InvalidObject, oneLine(err.Error())}
			}
		}
		return both, nil
	}
	for _, params := range []map[string]any{a, b} {
		for key, value := range params {
			text := fmt.Sprintf("%v", value)
			if have, ok := both[key]; ok && have != text {
				return nil, &fault{manifest.InvalidObject, fmt.Sprintf("both generators of the matrix give %q, %q and %q", key, have, text)}
			}
			both[key] = text
		}
	}
	return both, nil
}

// merge overrides the parameters of the first generator by those of the others that
// have the same values of all merge keys.
func (g *generation) merge(spec *combinedGenerator, depth int) ([]map[string]any, error) {
	switch {
	case len(spec.Generators) < 2:
		return nil, &fault{manifest.InvalidObject, "a merge has at least 2 generators"}
	case len(spec.MergeKeys) == 0:
		return nil, &fault{manifest.InvalidObject, "a merge has at least one merge key"}
	}
	var base []map[string]any
	var partial error
	for i, written := range spec.Generators {
		list, _, err := g.params(written, nil, depth+1)
		if err != nil {
			partial = err
		}
		byKey := make(map[string]map[string]any, len(list))
		for _, params := range list {
			key := mergeKey(spec.MergeKeys, params)
			if byKey[key] != nil {
				return nil, &fault{manifest.InvalidObject, fmt.Sprintf("generator %d of the merge has the keys %s twice", i, key)}
			}
			byKey[key] = params
		}
		if i == 0 {
			base = list
			continue
		}
		for j, params := range base {
			over := byKey[mergeKey(spec.MergeKeys, params)]
			if !g.goTemplate {
				maps.Copy(params, over)
			} else if err := mergo.Merge(&base[j], over, mergo.WithOverride); err != nil {
				return nil, &fault{manifest.InvalidObject, oneLine(err.Error())}
			}
		}
	}
	return base, partial
}

func mergeKey(keys []string, params map[string]any) string {
	values := make(map[string]any)
	for _, key := range keys {
		values[key] = params[key]
	}
	data, err := json.Marshal(values)
	if err != nil {
		return strings.Join(slices.Sorted(maps.Keys(values)), " ")
	}
	return string(data)
}
