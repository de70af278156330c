package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// DefaultMaxFileSize is the size in bytes up to which a file is read.
const DefaultMaxFileSize = 10 << 20

// Parse reads the objects of a YAML or JSON file; file is the name that
// positions carry. Documents that are not Kubernetes objects are skipped
// silently. A document that looks like one and cannot be read becomes a gap, and
// the other documents of the file are still read.
func Parse(file string, data []byte) ([]*Object, []Gap) {
	if len(data) > DefaultMaxFileSize {
		return nil, []Gap{{Pos: Pos{File: file}, Code: FileTooLarge, Reason: SizeReason(len(data))}}
	}
	r := readers.Get().(*reader)
	defer r.release()
	var objects []*Object
	var gaps []Gap
	for _, doc := range Split(data) {
		if !doc.LooksLikeKubernetes() {
			continue
		}
		var err error
		if objects, err = r.objects(objects, doc, Plain(file, doc.Skip)); err != nil {
			gaps = append(gaps, documentGap(file, err))
		}
	}
	return objects, gaps
}

// SizeReason says that a file of so many bytes is over the limit.
func SizeReason(size int) string {
	return fmt.Sprintf("file of %d bytes is over the limit of %d", size, DefaultMaxFileSize)
}

// documentGap says why a document is unusable.
func documentGap(file string, err error) Gap {
	gap := Gap{Pos: Pos{File: file}, Code: InvalidYAML, Reason: err.Error()}
	var unusable *UnusableError
	var syntax *SyntaxError
	switch {
	case errors.As(err, &unusable):
		gap.Line = unusable.Line
		if ExceedsLimit(err) {
			gap.Code = LimitExceeded
		}
	case errors.As(err, &syntax):
		gap.Line, gap.Reason = syntax.Line, syntax.Reason
	}
	return gap
}

// A Document is one document of a multi-document file.
type Document struct {
	Text []byte
	Skip int // lines of the file that come before Text
}

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	separator     = []byte("---")
)

// Split cuts a file at its document separators. A line that starts with "---"
// and then ends or goes on with white space separates documents everywhere, even
// within a block scalar (YAML 1.2, 9.1.2), so no parser is needed and one broken
// document does not hide the others.
func Split(data []byte) []Document {
	data = bytes.TrimPrefix(data, byteOrderMark)
	var docs []Document
	start, startLine, line := 0, 0, 0
	for pos := 0; pos < len(data); line++ {
		end := len(data)
		if i := bytes.IndexByte(data[pos:], '\n'); i >= 0 {
			end = pos + i + 1
		}
		if text := data[pos:end]; bytes.HasPrefix(text, separator) &&
			(len(text) == 3 || strings.IndexByte(" \t\r\n", text[3]) >= 0) {
			docs = append(docs, Document{Text: data[start:pos], Skip: startLine})
			start, startLine = pos, line
		}
		pos = end
	}
	return append(docs, Document{Text: data[start:], Skip: startLine})
}

// LooksLikeKubernetes tells, without parsing, whether the document may hold an
// object: it has the two keys that every object has, in block or flow style. False
// means that it surely holds none. A key inside a block scalar counts as well,
// which costs a parse and nothing else.
func (d Document) LooksLikeKubernetes() bool {
	return hasKey(d.Text, "apiVersion") && hasKey(d.Text, "kind")
}

// marks is how many characters there are before which a value may stand; the number of
// values is no larger. Nodes take a hundred times the memory of such a character.
func (d Document) marks() (n int) {
	if len(d.Text) <= maxMarks {
		return 0
	}
	for _, mark := range []string{"\n", ",", ":", "[", "{", "- "} {
		n += bytes.Count(d.Text, []byte(mark))
	}
	return n
}

func hasKey(text []byte, key string) bool {
	const space = " \t\n\f\r"
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(key))
		if i < 0 {
			return false
		}
		start := from + i
		from = start + len(key)
		if start > 0 && strings.IndexByte(space+`{,"'-`, text[start-1]) < 0 {
			continue
		}
		rest := text[from:]
		if len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
			rest = rest[1:]
		}
		if bytes.HasPrefix(bytes.TrimLeft(rest, space), []byte(":")) {
			return true
		}
	}
}

// SyntaxError is a document that is not YAML.
type SyntaxError struct {
	Line   int // 1-based
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// yamlLine matches the place in the YAML library's messages. The library counts
// lines from 1 in errors of its scanner and from 0 in those of its parser, which
// all start with the same words.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

const parserError = "did not find expected"

// Objects makes the objects of the document: one for an object, one per item for a
// list of any kind, none for an empty or other document. They keep a copy of the
// text and not the nodes, which are made again where their place is asked. The error
// is a *SyntaxError or an *UnusableError.
func (d Document) Objects(locate Locator) ([]*Object, error) {
	r := readers.Get().(*reader)
	defer r.release()
	return r.objects(nil, d, locate)
}

// UnusableError is a document that is YAML but can be no object.
type UnusableError struct {
	Line int   // 1-based, in the file
	Err  error // of Value
}

func (e *UnusableError) Error() string {
	var syntax *SyntaxError
	if errors.As(e.Err, &syntax) {
		return syntax.Reason
	}
	return e.Err.Error()
}

// Unwrap returns the error of Value.
func (e *UnusableError) Unwrap() error { return e.Err }

func unusable(d Document, node *yaml.Node, err error) *UnusableError {
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		return &UnusableError{Line: d.Skip + syntax.Line, Err: err}
	}
	return &UnusableError{Line: d.Skip + node.Line, Err: err}
}

// Parse parses the document into nodes, whose lines count from the document's
// start. An empty document gives a node without content. The error is a *SyntaxError.
func (d Document) Parse() (*yaml.Node, error) {
	var node yaml.Node
	err := yaml.NewDecoder(bytes.NewReader(d.Text)).Decode(&node)
	if err == nil || errors.Is(err, io.EOF) {
		return &node, nil
	}
	reason, line := err.Error(), 1
	if m := yamlLine.FindStringSubmatch(reason); m != nil {
		reason = reason[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
			if strings.HasPrefix(reason, parserError) {
				line++
			}
		}
	}
	return nil, &SyntaxError{Line: d.Skip + line, Reason: reason}
}
