package place

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// addResource adds an entry to the resources of a kustomization, after the last one
// and written as that is. Every other byte stays.
func addResource(text []byte, name string) ([]byte, error) {
	list, err := resourcesOf(text)
	if err != nil {
		return nil, err
	}
	lines, ending := splitLines(text)
	switch {
	case list == nil:
		lines = trimEnd(lines)
		lines = append(lines, "resources:", "  - "+name, "")
	case list.Kind == yaml.ScalarNode:
		lines = slices.Insert(lines, list.Line, "  - "+name)
	case list.Style&yaml.FlowStyle != 0 || len(list.Content) == 0:
		return addToFlow(text, list, name)
	default:
		last := list.Content[len(list.Content)-1]
		dash := lines[last.Line-1][:strings.Index(lines[last.Line-1], "-")]
		lines = slices.Insert(lines, last.Line, dash+"- "+name)
	}
	return []byte(strings.Join(lines, ending)), nil
}

// removeResource takes the entry out again, and the list with its last entry.
func removeResource(text []byte, name string) ([]byte, error) {
	list, err := resourcesOf(text)
	if err != nil || list == nil {
		return text, err
	}
	i := slices.IndexFunc(list.Content, func(n *yaml.Node) bool { return n.Value == name })
	if i < 0 {
		return text, nil
	}
	lines, ending := splitLines(text)
	item := list.Content[i]
	if list.Style&yaml.FlowStyle == 0 {
		return []byte(strings.Join(slices.Delete(lines, item.Line-1, item.Line), ending)), nil
	}
	line := lines[item.Line-1]
	before, after := line[:item.Column-1], line[item.Column-1:]
	after = after[strings.Index(after, name)+len(name):]
	after = strings.TrimLeft(after, `"'`)
	before = strings.TrimRight(before, `"' `)
	if trimmed, ok := strings.CutSuffix(before, ","); ok {
		before = trimmed
	} else {
		after = strings.TrimPrefix(strings.TrimPrefix(after, ","), " ")
	}
	lines[item.Line-1] = before + after
	return []byte(strings.Join(lines, ending)), nil
}

// resourcesOf returns the list of a kustomization's resources, nil where it has none,
// and a scalar where nothing follows the key.
func resourcesOf(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, nil
	}
	fields := doc.Content[0].Content
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i].Value != "resources" {
			continue
		}
		empty := fields[i+1].Tag == "!!null" && fields[i+1].Value == ""
		if fields[i+1].Kind != yaml.SequenceNode && !empty {
			return nil, fmt.Errorf("line %d: resources is no list", fields[i].Line)
		}
		return fields[i+1], nil
	}
	return nil, nil
}

// addToFlow adds an entry to a list in brackets.
func addToFlow(text []byte, list *yaml.Node, name string) ([]byte, error) {
	lines, ending := splitLines(text)
	line, column := list.Line, list.Column // of the opening bracket
	separator := ""
	if n := len(list.Content); n > 0 {
		line, column = list.Content[n-1].Line, list.Content[n-1].Column
		separator = ", "
	}
	end := strings.IndexByte(lines[line-1][column-1:], ']')
	if end < 0 {
		return nil, fmt.Errorf("line %d: the end of the list of resources stands on another line than its last entry", line)
	}
	at := column - 1 + end
	before := strings.TrimRight(lines[line-1][:at], " ")
	if strings.HasSuffix(before, ",") {
		separator = " "
	}
	lines[line-1] = before + separator + name + lines[line-1][at:]
	return []byte(strings.Join(lines, ending)), nil
}

// splitLines splits a text at its line endings, which it returns too.
func splitLines(text []byte) (lines []string, ending string) {
	ending = "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		ending = "\r\n"
	}
	return strings.Split(string(text), ending), ending
}

// trimEnd drops empty lines at the end.
func trimEnd(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// values returns the texts of a list's entries.
func values(list *yaml.Node) []string {
	var texts []string
	for _, n := range list.Content {
		texts = append(texts, n.Value)
	}
	return texts
}
