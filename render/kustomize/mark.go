package kustomize

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/manifest"
)

// A file is a source file with marks. It is read-only once made.
type file struct {
	name  string
	id    int
	text  []byte         // with marks
	marks map[int]*place // what the mark of a line stands for
	docs  []*document
	// broken tells why kustomize cannot, or must not, read the file.
	broken *manifest.Gap
}

// bomb tells whether kustomize must not see the file.
func (f *file) bomb() bool { return f.broken != nil && f.broken.Code == manifest.LimitExceeded }

// newFile parses a file and marks its lines.
func newFile(name string, id int, data []byte) *file {
	f := &file{name: name, id: id, marks: make(map[int]*place)}
	all := splitLines(string(data))
	f.read(data, placing{lines: all})
	f.text = []byte(f.marked(string(data), all))
	return f
}

// read adds the documents of a text, which begins after the file's first skip
// lines, and notes which of their lines can be marked.
func (f *file) read(text []byte, p placing) []*document {
	var added []*document
	skip := p.skip
	for _, d := range manifest.Split(text) {
		node, err := d.Parse()
		if err == nil && mayExpand(d.Text) {
			_, err = manifest.Value(node)
		}
		if err != nil {
			f.breaks(skip, d, err)
			continue
		}
		if node.Kind != yaml.DocumentNode || len(node.Content) == 0 {
			continue
		}
		p.doc, p.skip = &document{file: f}, skip+d.Skip
		p.doc.root = p.place(nil, nil, node.Content[0])
		added = append(added, itemDocuments(p.doc)...)
		if root := p.doc.root; root.kind == yaml.MappingNode && root.style&yaml.FlowStyle == 0 {
			f.mark(p, root, node.Content[0])
		}
	}
	f.docs = append(f.docs, added...)
	return added
}

// mayExpand tells whether a document can be larger than its text.
func mayExpand(text []byte) bool {
	return strings.ContainsRune(string(text), '&') && strings.ContainsRune(string(text), '*')
}

func (f *file) breaks(skip int, d manifest.Document, err error) {
	if f.broken != nil {
		return
	}
	gap := manifest.Gap{Pos: manifest.Pos{File: f.name, Line: skip + d.Skip + 1}, Code: manifest.InvalidYAML, Reason: err.Error()}
	if syntax, ok := err.(*manifest.SyntaxError); ok {
		gap.Line, gap.Reason = skip+syntax.Line, syntax.Reason
	} else if manifest.ExceedsLimit(err) {
		gap.Code = manifest.LimitExceeded
	} else {
		return // kustomize has its own opinion on values
	}
	f.broken = &gap
}

// itemDocuments returns the document, or those of its items if it is a list.
func itemDocuments(d *document) []*document {
	items := d.root.field("items")
	if items == nil || items.kind != yaml.SequenceNode || !strings.HasSuffix(d.root.str("kind"), "List") {
		return []*document{d}
	}
	var docs []*document
	for _, item := range items.items {
		inner := &document{file: d.file, root: item}
		item.all(func(p *place) bool { p.doc = inner; return true })
		docs = append(docs, inner)
	}
	return docs
}

// mark notes the lines below a node that end in a value on a single line.
func (f *file) mark(p placing, at *place, node *yaml.Node) {
	if node.Kind == yaml.ScalarNode || node.Style&yaml.FlowStyle != 0 {
		line := p.skip + node.Line
		if line <= len(p.lines) {
			start := p.lines.offset(line, p.indent+node.Column)
			if _, ok := endOfValue(p.lines[line-1], start, node); ok {
				f.marks[line] = at
			}
		}
		return
	}
	for i, item := range at.items {
		if node.Kind == yaml.MappingNode {
			f.mark(p, item, node.Content[2*i+1])
		} else {
			f.mark(p, item, node.Content[i])
		}
	}
}

// endOfValue finds where on its line the value that starts at an offset ends.
// It fails if the value goes on below, or something other than a comment follows.
func endOfValue(line string, start int, node *yaml.Node) (int, bool) {
	if start >= len(line) {
		return 0, false
	}
	rest := line[start:]
	for rest != "" && (rest[0] == '&' || rest[0] == '!') { // an anchor or tag
		_, after, found := strings.Cut(rest, " ")
		if !found {
			return 0, false
		}
		rest = strings.TrimLeft(after, " ")
	}
	if rest == "" {
		return 0, false
	}
	var length int
	switch {
	case node.Kind != yaml.ScalarNode:
		length = endOfFlow(rest)
	case node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || node.Value == "" && rest[0] != '"' && rest[0] != '\'':
		return 0, false
	case rest[0] == '"' || rest[0] == '\'':
		length = endOfQuoted(rest)
	case strings.HasPrefix(rest, node.Value):
		length = len(node.Value)
	}
	if length <= 0 {
		return 0, false
	}
	after := rest[length:]
	comment := strings.TrimLeft(after, " \t")
	// A comment with a brace may be an instruction to kustomize's library.
	if comment != "" && (comment[0] != '#' || len(comment) == len(after) || strings.Contains(comment, "{")) {
		return 0, false
	}
	return len(line) - len(after), true
}

// endOfQuoted returns the length of the quoted string that a text starts with,
// or 0 if it goes on below.
func endOfQuoted(text string) int {
	quote := text[0]
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] != quote:
		case quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

// endOfFlow returns the length of the flow collection that a text starts with,
// or 0 if it goes on below.
func endOfFlow(text string) int {
	depth := 0
	before := byte('[') // the last character that is not a space
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case (c == '"' || c == '\'') && strings.IndexByte("[{,:", before) >= 0:
			n := endOfQuoted(text[i:])
			if n == 0 {
				return 0
			}
			i += n - 1
		case c == '#' && i > 0 && text[i-1] == ' ':
			return 0
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		if c != ' ' {
			before = c
		}
	}
	return 0
}

// marked appends its mark to every line that has one, in place of a comment.
func (f *file) marked(text string, all lines) string {
	if len(f.marks) == 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 10*len(f.marks))
	for i, line := range strings.SplitAfter(text, "\n") {
		at := f.marks[i+1]
		if at == nil {
			b.WriteString(line)
			continue
		}
		b.WriteString(f.markLine(all[i], i+1))
		if strings.HasSuffix(line, "\r\n") {
			b.WriteString("\r\n")
		} else if strings.HasSuffix(line, "\n") {
			b.WriteString("\n")
		}
	}
	return b.String()
}

func (f *file) markLine(line string, number int) string {
	return strings.TrimRight(line, " \t") + markSign(f.id, number)
}

const markPrefix = " #@"

func markSign(id, line int) string { return fmt.Sprintf("%s%d:%d", markPrefix, id, line) }

// readMark returns the file and line of the mark in a comment.
func readMark(comment string) (id, line int, ok bool) {
	i := strings.LastIndex(comment, markPrefix[1:])
	if i < 0 {
		return 0, 0, false
	}
	first, second, _ := strings.Cut(comment[i+len(markPrefix)-1:], ":")
	id, err1 := strconv.Atoi(first)
	line, err2 := strconv.Atoi(second)
	return id, line, err1 == nil && err2 == nil
}
