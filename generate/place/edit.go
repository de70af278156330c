package place

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// addResource adds an entry to the resources of a kustomization, after the last one
// and written as that is. Every other byte stays.
func addResource(text []byte, name string) ([]byte, error) {
	return edit(text, func(list *yaml.Node, lines []string) []string {
		switch {
		case list == nil:
			return appendList(lines, name)
		case list.Kind == yaml.ScalarNode:
			return insertLine(lines, list.Line, "  - "+name)
		case list.Style&yaml.FlowStyle != 0 || len(list.Content) == 0:
			return addToFlow(lines, list, name)
		default:
			last := list.Content[len(list.Content)-1]
			dash := list.Column - 1
			if line := strings.TrimLeft(lines[last.Line-1], " "); strings.HasPrefix(line, "-") {
				dash = len(lines[last.Line-1]) - len(line)
			}
			return insertLine(lines, last.Line, strings.Repeat(" ", dash)+"- "+name)
		}
	}, func(entries []string) []string { return append(entries, name) })
}

// removeResource takes the entry out again, and the list with its last entry.
func removeResource(text []byte, name string) ([]byte, error) {
	return edit(text, func(list *yaml.Node, lines []string) []string {
		i := -1
		if list != nil {
			i = slices.IndexFunc(list.Content, func(n *yaml.Node) bool { return isEntry(n.Value, name) })
		}
		if i < 0 {
			return lines
		}
		item := list.Content[i]
		if list.Style&yaml.FlowStyle != 0 {
			return removeFromFlow(lines, list, item)
		}
		from := item.Line - 1
		if len(list.Content) == 1 && from > 0 && strings.TrimSpace(lines[from-1]) == "resources:" {
			from--
		}
		return slices.Delete(lines, from, item.Line)
	}, func(entries []string) []string {
		return slices.DeleteFunc(entries, func(e string) bool { return isEntry(e, name) })
	})
}

// edit changes the lines of a kustomization, and refuses what changes anything but its
// resources, or these to anything but what is wanted: YAML can be written in more
// ways than an edit of lines knows.
func edit(text []byte, change func(*yaml.Node, []string) []string, want func([]string) []string) (after []byte, err error) {
	list, err := resourcesOf(text)
	if err != nil {
		return nil, err
	}
	at := 1
	if list != nil {
		at = list.Line
	}
	refused := fmt.Errorf("line %d: the list of resources is written in a way that cannot be edited safely; write it with one entry on a line", at)
	defer func() {
		if recover() != nil { // a position that is none in these lines
			after, err = nil, refused
		}
	}()
	after = []byte(strings.Join(change(list, strings.Split(string(text), "\n")), "\n"))
	before, others, err := contents(text)
	if err != nil {
		return nil, err
	}
	now, stay, err := contents(after)
	if err != nil || !slices.Equal(now, want(before)) || !reflect.DeepEqual(others, stay) {
		return nil, refused
	}
	return after, nil
}

// contents returns the entries of the resources, and all other fields.
func contents(text []byte) (entries []string, others map[string]any, err error) {
	list, err := resourcesOf(text)
	if err != nil {
		return nil, nil, err
	}
	if list != nil {
		entries = values(list)
	}
	if err := yaml.Unmarshal(text, &others); err != nil {
		return nil, nil, err
	}
	delete(others, "resources")
	return entries, others, nil
}

// resourcesOf returns the list of a kustomization's resources, nil where it has none,
// and a scalar where nothing follows the key.
func resourcesOf(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not a mapping")
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

// appendList adds a list at the end of a file.
func appendList(lines []string, name string) []string {
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	lines = insertLine(lines, len(lines), "resources:")
	lines = insertLine(lines, len(lines), "  - "+name)
	return append(lines, "")
}

// insertLine inserts a line after n others, with the line ending that the one before
// has.
func insertLine(lines []string, n int, line string) []string {
	if strings.HasSuffix(lines[max(0, n-1)], "\r") || n == len(lines) && strings.HasSuffix(lines[0], "\r") {
		line += "\r"
	}
	return slices.Insert(lines, n, line)
}

// addToFlow adds an entry to a list in brackets: in its last line, or in one more
// where the bracket that closes it stands in a line below the last entry.
func addToFlow(lines []string, list *yaml.Node, name string) []string {
	if len(list.Content) == 0 {
		at := &lines[list.Line-1]
		open := list.Column
		*at = (*at)[:open] + name + strings.TrimLeft((*at)[open:], " ")
		return lines
	}
	last := list.Content[len(list.Content)-1]
	line := lines[last.Line-1]
	end := entryEnd(line, last)
	rest := strings.TrimLeft(line[end:], " ")
	after, comma := strings.CutPrefix(rest, ",")
	if closing := strings.TrimLeft(after, " "); strings.HasPrefix(closing, "]") {
		lines[last.Line-1] = line[:end] + ", " + name + closing
		return lines
	}
	more := indentOf(line) + name
	if last.Line == list.Line {
		more = indentOf(line) + "  " + name
	}
	if comma {
		more += ","
	} else {
		lines[last.Line-1] = line[:end] + "," + line[end:]
	}
	return insertLine(lines, last.Line, more)
}

// removeFromFlow takes an entry out of a list in brackets, with its line where it has
// that for itself.
func removeFromFlow(lines []string, list, item *yaml.Node) []string {
	line := lines[item.Line-1]
	end := entryEnd(line, item)
	before, after := line[:item.Column-1], line[end:]
	if rest := strings.TrimSpace(after); item.Line > list.Line && strings.TrimSpace(before) == "" && (rest == "" || rest == ",") {
		return slices.Delete(lines, item.Line-1, item.Line)
	}
	if trimmed, ok := strings.CutSuffix(strings.TrimRight(before, " "), ","); ok {
		before = trimmed
	} else {
		after = strings.TrimPrefix(strings.TrimPrefix(after, ","), " ")
	}
	lines[item.Line-1] = before + after
	return lines
}

// entryEnd is where an entry of a list ends in its line.
func entryEnd(line string, entry *yaml.Node) int {
	end := entry.Column - 1 + len(entry.Value)
	if entry.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		end += len(`""`)
	}
	return min(end, len(line))
}

func indentOf(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " "))] }

// values returns the texts of a list's entries.
func values(list *yaml.Node) []string {
	var texts []string
	for _, n := range list.Content {
		texts = append(texts, n.Value)
	}
	return texts
}
