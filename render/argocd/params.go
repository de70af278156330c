package argocd

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// plain is a value as encoding/json decodes it: numbers are floats, as in Argo CD.
func plain(value any) any {
	data, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		return nil
	}
	return out
}

// plainMap is plain for a mapping, nil for anything else.
func plainMap(value any) map[string]any {
	m, _ := plain(value).(map[string]any)
	return m
}

// flatten names every scalar by the keys and indexes that lead to it, joined by dots.
// Its texts are those of fmt, as in Argo CD: 1000000 is "1e+06".
func flatten(value any) map[string]string {
	out := make(map[string]string)
	var walk func(prefix string, value any)
	walk = func(prefix string, value any) {
		below := func(key string, value any) {
			if prefix != "" {
				key = prefix + "." + key
			}
			walk(key, value)
		}
		switch v := value.(type) {
		case map[string]any:
			for key, item := range v {
				below(key, item)
			}
		case map[string]string:
			for key, item := range v {
				below(key, item)
			}
		case []any:
			for i, item := range v {
				below(strconv.Itoa(i), item)
			}
		default:
			out[prefix] = fmt.Sprintf("%v", v)
		}
	}
	walk("", value)
	return out
}

// pathParams are the parameters of a path that a git generator found; file is empty
// for a folder.
func (r renderer) pathParams(params map[string]any, prefix, dir, file string) {
	segments := strings.Split(dir, "/")
	base := segments[len(segments)-1]
	if r.goTemplate {
		path := map[string]any{
			"path": dir, "basename": base, "basenameNormalized": normalize(base), "segments": segments,
		}
		if file != "" {
			path["filename"], path["filenameNormalized"] = file, normalize(file)
		}
		if prefix != "" {
			params[prefix] = map[string]any{"path": path}
		} else {
			params["path"] = path
		}
		return
	}
	name := "path"
	if prefix != "" {
		name = prefix + ".path"
	}
	params[name] = dir
	params[name+".basename"] = base
	params[name+".basenameNormalized"] = normalize(base)
	if file != "" {
		params[name+".filename"], params[name+".filenameNormalized"] = file, normalize(file)
	}
	for i, segment := range segments {
		params[fmt.Sprintf("%s[%d]", name, i)] = segment
	}
}

// addValues adds the "values" of a generator, which may use the other parameters.
func (r renderer) addValues(values map[string]string, params map[string]any) error {
	rendered := make(map[string]string, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value, err := r.text(values[key], params)
		if err != nil {
			return err
		}
		rendered[key] = value
	}
	if r.goTemplate && len(values) > 0 {
		params["values"] = rendered
		return nil
	}
	for key, value := range rendered {
		params["values."+key] = value
	}
	return nil
}

// A selector is a label selector. Unlike that of Kubernetes its values may be anything,
// such as URLs.
type selector struct {
	MatchLabels      map[string]string `json:"matchLabels"`
	MatchExpressions []struct {
		Key      string   `json:"key"`
		Operator string   `json:"operator"`
		Values   []string `json:"values"`
	} `json:"matchExpressions"`
}

func (s *selector) empty() bool { return s == nil || len(s.MatchLabels)+len(s.MatchExpressions) == 0 }

func (s *selector) matches(labels map[string]string) (bool, error) {
	if s == nil {
		return true, nil
	}
	for key, want := range s.MatchLabels {
		if value, ok := labels[key]; !ok || value != want {
			return false, nil
		}
	}
	for _, e := range s.MatchExpressions {
		value, exists := labels[e.Key]
		ok := false
		switch e.Operator {
		case "In":
			ok = exists && slices.Contains(e.Values, value)
		case "NotIn":
			ok = !exists || !slices.Contains(e.Values, value)
		case "Exists":
			ok = exists
		case "DoesNotExist":
			ok = !exists
		default:
			return false, fmt.Errorf("%q is no operator of a selector", e.Operator)
		}
		if !ok {
			return false, nil
		}
	}
	return true, nil
}
