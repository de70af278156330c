package kustomize

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/manifest"
)

// settle rewrites scalars that kustomize and kubectl would read differently, so
// that the node says in kubectl's YAML 1.1 what "kustomize build" prints: a plain
// yes is a string for kustomize, and it prints it in quotes. It fails where
// kustomize would: for a key that stands twice in a mapping, and for one within the
// object that is no string.
func settle(node *yaml.Node) error { return settleAt(node, 0) }

func settleAt(node *yaml.Node, depth int) error {
	switch node.Kind {
	case yaml.ScalarNode:
		return settleScalar(node)
	case yaml.MappingNode:
		if key := repeated(node); key != nil {
			return fmt.Errorf("mapping key %q already defined", key.Value)
		}
	}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 && depth > 0 && !isString(child) {
			return fmt.Errorf("mapping key %q is no string", child.Value)
		}
		if err := settleAt(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func repeated(node *yaml.Node) *yaml.Node {
	if len(node.Content) > 32 {
		seen := make(map[string]bool, len(node.Content)/2)
		for i := 0; i < len(node.Content); i += 2 {
			if seen[node.Content[i].Value] {
				return node.Content[i]
			}
			seen[node.Content[i].Value] = true
		}
		return nil
	}
	for i := 2; i < len(node.Content); i += 2 {
		for j := 0; j < i; j += 2 {
			if node.Content[i].Value == node.Content[j].Value {
				return node.Content[i]
			}
		}
	}
	return nil
}

const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// telling are the first characters of plain text that may not be a string.
const telling = "0123456789+-.~nNyYtTfFoO"

// tellsType tells whether a scalar may be something else than its text, as it reads or by
// a tag, which stays when a replacement puts another text there.
func tellsType(node *yaml.Node) bool {
	return node.Style&quoted == 0 &&
		(node.Value == "" || strings.ContainsRune(telling, rune(node.Value[0])) || node.Tag != "" && node.Tag != "!!str")
}

// isString tells whether kustomize reads a key as a string.
func isString(key *yaml.Node) bool {
	if !tellsType(key) {
		return true
	}
	var v any
	err := key.Decode(&v)
	_, text := v.(string)
	return text && err == nil
}

func settleScalar(node *yaml.Node) error {
	if node.Style&yaml.FoldedStyle != 0 {
		return refold(node)
	}
	if !tellsType(node) {
		return nil
	}
	var v any
	if err := node.Decode(&v); err != nil {
		return err
	}
	if same, err := manifest.Value(node); err == nil && equal(same, v) {
		return nil
	}
	node.Style, node.Tag = 0, ""
	switch v := v.(type) {
	case nil:
		node.Value = "null"
	case string:
		node.Value, node.Style = v, yaml.DoubleQuotedStyle
	case time.Time:
		node.Value, node.Style = v.Format(time.RFC3339Nano), yaml.DoubleQuotedStyle
	default:
		data, err := json.Marshal(v)
		if err != nil {
			return err
		}
		node.Value = string(data)
	}
	return nil
}

// refold writes and reads a folded scalar, as kustomize does when it prints: its
// YAML library adds an empty line before lines that are indented further.
func refold(node *yaml.Node) error {
	text, err := yaml.Marshal(map[string]*yaml.Node{"": {Kind: yaml.ScalarNode, Style: node.Style, Tag: node.Tag, Value: node.Value}})
	if err != nil {
		return err
	}
	var read map[string]string
	if err := yaml.Unmarshal(text, &read); err != nil {
		return err
	}
	node.Value = read[""]
	return nil
}

func equal(a, b any) bool {
	if n, ok := b.(int); ok {
		b = int64(n)
	}
	return a == b
}
