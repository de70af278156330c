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
	var objects []*Object
	var gaps []Gap
	for _, doc := range Split(data) {
		if !doc.LooksLikeKubernetes() {
			continue
		}
		node, err := doc.Parse()
		if err != nil {
			gaps = append(gaps, parseGap(file, err))
			continue
		}
		made, err := NewObjects(node, Plain(file, doc.Skip))
		if err != nil {
			gaps = append(gaps, valueGap(file, doc.Skip, node.Line, err))
			continue
		}
		objects = append(objects, made...)
	}
	return objects, gaps
}

// SizeReason says that a file of so many bytes is over the limit.
func SizeReason(size int) string {
	return fmt.Sprintf("file of %d bytes is over the limit of %d", size, DefaultMaxFileSize)
}

// valueGap says why a document that parses is unusable; line is that of the
// document, skip the number of lines before it.
func valueGap(file string, skip, line int, err error) Gap {
	gap := Gap{Pos: Pos{File: file, Line: skip + line}, Code: InvalidYAML, Reason: err.Error()}
	var syntax *SyntaxError
	switch {
	case ExceedsLimit(err):
		gap.Code = LimitExceeded
	case errors.As(err, &syntax):
		gap.Line, gap.Reason = skip+syntax.Line, syntax.Reason
	}
	return gap
}

func parseGap(file string, err error) Gap {
	gap := Gap{Pos: Pos{File: file}, Code: InvalidYAML, Reason: err.Error()}
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
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

// The two keys that every object has, in block or flow style. A key inside a
// block scalar matches as well, which costs a parse and nothing else.
var (
	apiVersionKey = regexp.MustCompile(`(?m)(^|[\s{,"'-])apiVersion["']?\s*:`)
	kindKey       = regexp.MustCompile(`(?m)(^|[\s{,"'-])kind["']?\s*:`)
)

// LooksLikeKubernetes tells, without parsing, whether the document may hold an
// object. False means that it surely holds none.
func (d Document) LooksLikeKubernetes() bool {
	return bytes.Contains(d.Text, []byte("apiVersion")) && apiVersionKey.Match(d.Text) && kindKey.Match(d.Text)
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
