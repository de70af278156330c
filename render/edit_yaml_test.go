//go:build unix

package render_test

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/manifest"
)

// changedString is what an edit makes of a string.
func changedString(s string) string { return "x" + s }

// editYAML changes the scalar that stands, or whose key stands, at a position.
// The new value is nil where it is more than the line.
func editYAML(text string, at manifest.Pos) (edited string, want any, err error) {
	node, at := scalarAt(text, at)
	if node == nil {
		return "", nil, errors.New("no scalar stands there")
	}
	lines := strings.SplitAfter(text, "\n")
	i := at.Line - 1
	if node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		for i++; i < len(lines)-1 && strings.TrimSpace(lines[i]) == ""; i++ {
		}
		content := strings.TrimLeft(lines[i], " ")
		lines[i] = strings.TrimSuffix(lines[i], content) + changedString(content)
		return strings.Join(lines, ""), nil, nil
	}
	rest := lines[i][byteOffset(lines[i], at.Column):]
	for strings.HasPrefix(rest, "&") || strings.HasPrefix(rest, "!") { // an anchor or tag
		_, after, _ := strings.Cut(rest, " ")
		rest = strings.TrimLeft(after, " ")
	}
	before, after, want := edition(node)
	if !strings.HasPrefix(rest, before) {
		return "", nil, fmt.Errorf("%q does not begin with %q", rest, before)
	}
	lines[i] = strings.TrimSuffix(lines[i], rest) + after + rest[len(before):]
	return strings.Join(lines, ""), want, nil
}

// edition tells how the text of a scalar that is no block begins, how it begins
// after the edit, and the value that it then has.
func edition(node *yaml.Node) (before, after string, want any) {
	if node.Kind == yaml.AliasNode {
		_, after, want = edition(node.Alias)
		if s, ok := want.(string); ok {
			after = strconv.Quote(s)
		}
		return "*" + node.Value, after, want
	}
	want = changedString(node.Value)
	if node.Style&yaml.DoubleQuotedStyle != 0 {
		return `"`, `"x`, want
	}
	if node.Style&yaml.SingleQuotedStyle != 0 {
		return "'", "'x", want
	}
	var v any
	_ = node.Decode(&v) // what cannot be decoded has a tag of its own
	switch v := v.(type) {
	case nil:
		return node.Value, " x", "x"
	case bool:
		return node.Value, strconv.FormatBool(!v), !v
	case int:
		return node.Value, strconv.Itoa(v + 1), float64(v + 1)
	case float64:
		return node.Value, strconv.FormatFloat(math.Floor(v)+1.5, 'f', -1, 64), math.Floor(v) + 1.5
	default:
		return "", "x", want
	}
}

// scalarAt finds the scalar that stands, or whose key stands, at a position, and
// tells where it begins.
func scalarAt(text string, at manifest.Pos) (*yaml.Node, manifest.Pos) {
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var doc yaml.Node
		if err := decoder.Decode(&doc); err != nil {
			return nil, at // io.EOF among others
		}
		if node, pos := scalarBelow(&doc, text, at); node != nil {
			return node, pos
		}
	}
}

func scalarBelow(node *yaml.Node, text string, at manifest.Pos) (*yaml.Node, manifest.Pos) {
	for i, child := range node.Content {
		found := child
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			found = node.Content[i+1]
		}
		if child.Line == at.Line && child.Column == at.Column && isScalar(found) {
			return found, manifest.Pos{Line: found.Line, Column: found.Column}
		}
		if inner, pos := scalarBelow(child, text, at); inner != nil {
			return inner, pos
		}
	}
	if node.Style&yaml.LiteralStyle != 0 { // a patch in a kustomization
		return scalarWithin(node, text, at)
	}
	return nil, at
}

// scalarWithin looks into a literal block that is YAML itself.
func scalarWithin(node *yaml.Node, text string, at manifest.Pos) (*yaml.Node, manifest.Pos) {
	block := strings.Split(text, "\n")[node.Line:]
	length := strings.Count(node.Value, "\n") + 1
	if at.Line <= node.Line || at.Line > node.Line+length || length > len(block)+1 {
		return nil, at
	}
	indent := len(block[0]) - len(strings.TrimLeft(block[0], " "))
	inner, pos := scalarAt(node.Value, manifest.Pos{Line: at.Line - node.Line, Column: at.Column - indent})
	return inner, manifest.Pos{Line: pos.Line + node.Line, Column: pos.Column + indent}
}

func isScalar(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode || node.Kind == yaml.AliasNode && isScalar(node.Alias)
}

// byteOffset turns a column, which counts characters from 1, into an offset.
func byteOffset(line string, column int) int {
	for offset := range line {
		if column--; column == 0 {
			return offset
		}
	}
	return len(line)
}
