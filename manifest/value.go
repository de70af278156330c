package manifest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	yamlv2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"
)

// Bounds on one document. They are far above anything a real manifest has and
// far below what exhausts memory; 10,000 is where the YAML parser itself stops.
const (
	maxDepth   = 1_000   // nested collections
	maxAliased = 100_000 // values that stand there through aliases
	// maxMarks bounds the characters before which values stand. The API server takes
	// 1.5 MB at once; only lists of objects are larger, and have fewer of them.
	maxMarks = 2_000_000
)

var (
	errDepth   = fmt.Errorf("nested deeper than %d levels", maxDepth)
	errAliases = fmt.Errorf("aliases expand to more than %d values", maxAliased)
	errMarks   = fmt.Errorf("the document may hold more than %d values", maxMarks)
)

// ExceedsLimit tells whether an error of Value says that a bound is exceeded.
func ExceedsLimit(err error) bool {
	return errors.Is(err, errDepth) || errors.Is(err, errAliases) || errors.Is(err, errMarks)
}

// Value converts a node to plain data: map[string]any, []any, string, bool,
// int64, uint64 (above the range of int64), float64 or nil.
//
// Scalars are read by YAML 1.1, as kubectl and Helm do (a plain yes is true),
// the last of several equal keys wins, and merge keys are applied. The error
// tells that a bound is exceeded, or is a *SyntaxError, with the line of the
// node, for what has no place in JSON.
func Value(node *yaml.Node) (any, error) {
	var c converter
	return c.value(node, 0)
}

type converter struct {
	aliases int // that are being followed
	aliased int // values met while following some
}

func (c *converter) value(node *yaml.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	if c.aliases > 0 {
		if c.aliased++; c.aliased > maxAliased {
			return nil, errAliases
		}
	}
	switch node.Kind {
	case yaml.DocumentNode:
		if len(node.Content) == 0 {
			return nil, nil
		}
		return c.value(node.Content[0], depth)
	case yaml.AliasNode:
		c.aliases++
		defer func() { c.aliases-- }()
		return c.value(node.Alias, depth+1)
	case yaml.MappingNode:
		m := make(map[string]any, len(node.Content)/2)
		return m, c.fill(m, node, depth)
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, item := range node.Content {
			v, err := c.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.ScalarNode:
		v, err := scalar(node)
		if err != nil {
			err = &SyntaxError{Line: node.Line, Reason: err.Error()}
		}
		return v, err
	default:
		return nil, nil
	}
}

// fill puts the pairs of a mapping into m, first those that it merges.
func (c *converter) fill(m map[string]any, node *yaml.Node, depth int) error {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if isMerge(node.Content[i]) {
			if err := c.merge(m, node.Content[i+1], depth+1); err != nil {
				return err
			}
		}
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if isMerge(node.Content[i]) {
			continue
		}
		key, err := c.key(node.Content[i])
		if err != nil {
			return err
		}
		if m[key], err = c.value(node.Content[i+1], depth+1); err != nil {
			return err
		}
	}
	return nil
}

// merge applies "<<: value"; of several mappings, the first wins.
func (c *converter) merge(m map[string]any, value *yaml.Node, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	if value.Kind == yaml.AliasNode {
		c.aliases++
		defer func() { c.aliases-- }()
		value = follow(value)
	}
	switch value.Kind {
	case yaml.MappingNode:
		return c.fill(m, value, depth)
	case yaml.SequenceNode:
		for i := len(value.Content) - 1; i >= 0; i-- {
			if err := c.merge(m, value.Content[i], depth+1); err != nil {
				return err
			}
		}
		return nil
	default:
		return &SyntaxError{Line: value.Line, Reason: "a merge key needs a mapping"}
	}
}

func (c *converter) key(node *yaml.Node) (string, error) {
	node = follow(node)
	if node.Kind != yaml.ScalarNode {
		return "", &SyntaxError{Line: node.Line, Reason: "a key must be a scalar"}
	}
	v, err := scalar(node)
	if err != nil {
		return "", err
	}
	return keyText(v, node.Value), nil
}

// keyOf returns the key that a node without error is.
func keyOf(node *yaml.Node) string {
	var c converter
	key, _ := c.key(node)
	return key
}

// isKey tells whether a node is the key.
func isKey(node *yaml.Node, key string) bool {
	node = follow(node)
	return mayRead(node.Value, key) && keyOf(node) == key
}

// mayRead tells at a glance whether a scalar with some text may be the key; false means
// that it is none. Texts that are other keys stand for a boolean or a number.
func mayRead(text, key string) bool {
	return text == key || key == "true" || key == "false" || key != "" && (key[0] == '-' || key[0] >= '0' && key[0] <= '9')
}

// keyText returns the key that a scalar with some text and value is.
func keyText(v any, text string) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return text
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 32)
	default:
		return fmt.Sprint(v)
	}
}

func scalar(node *yaml.Node) (any, error) {
	if node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 ||
		node.Style&yaml.TaggedStyle != 0 && (node.Tag == "!!str" || !strings.HasPrefix(node.Tag, "!!")) {
		return node.Value, nil
	}
	return plainScalar(node.Value)
}

// plainScalar reads the text of a plain scalar by YAML 1.1. Spellings that are
// neither plain text nor everyday numbers are left to the YAML library that kubectl
// uses.
func plainScalar(text string) (any, error) {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return nil, nil
	case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y":
		return true, nil
	case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N":
		return false, nil
	}
	if !isNumeric(text) {
		return text, nil
	}
	if text[0] >= '1' && text[0] <= '9' || text == "0" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	}
	return rareScalar(text)
}

// isNumeric tells whether a plain scalar may be a number. Versions, quantities and
// addresses start like one, and go on with what no number has.
func isNumeric(text string) bool {
	if text[0] < '0' || text[0] > '9' {
		return strings.IndexByte("+-.", text[0]) >= 0
	}
	points, letters := 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '.':
			points++
		case c >= 'g' && c <= 'z' && c != 'o' && c != 'x', c >= 'G' && c <= 'Z' && c != 'O' && c != 'X', c == '/':
			letters++
		case c >= 'a' && c <= 'x', c >= 'A' && c <= 'X', c >= '0' && c <= '9', c == '-':
		default:
			return true
		}
	}
	return points < 2 && letters == 0
}

func rareScalar(text string) (any, error) {
	var v any
	if err := yamlv2.Unmarshal([]byte(text), &v); err != nil {
		return text, nil //nolint:nilerr // not a scalar on its own, so it is text
	}
	switch v := v.(type) {
	case int:
		return int64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("a number that is infinite or not a number")
		}
		return v, nil
	case int64, uint64, bool, string:
		return v, nil
	default:
		return text, nil
	}
}
