package manifest

import (
	"math"
	"strings"
	"unicode/utf8"
)

// maxScanned is how deep the scanner follows nested collections. Deeper documents
// are left to the YAML library, and to its limits and ours.
const maxScanned = 100

// maxKey is the length in bytes of the longest key that is scanned. YAML's own
// limit is 1024 characters.
const maxKey = 1000

// A scanner finds the nodes of a document that is written in the part of YAML that
// manifests are written in. It fails at everything else, and at whatever might be
// an error: then the YAML library reads the document, and says what is wrong. So
// it need not know all of YAML, but must be right about what it accepts.
//
// Accepted are block mappings and sequences, flow ones without comments, and
// scalars in all five styles; not tags, anchors, aliases, complex keys, directives,
// explicit indentation, tabs for indentation, and carriage returns.
//
// Its functions start at the first character of what they scan, return false to
// fail, and leave pos at the next token after it.
type scanner struct {
	text  string
	parts []part
	pos   int // offset of the next character
	start int // offset of the first character of its line
	line  int // number of its line, from 1

	ascii   bool // the text has no other characters
	counted int  // offset up to which characters of the line are counted
	column  int  // number of the character there, from 1
}

// scan returns the parts of a document, of which the first one is the root, a
// mapping. It uses the memory of what is in room. It returns false if it cannot tell
// what the document says.
func scan(text string, room []part) ([]part, bool) {
	s := scanner{text: text, parts: room[:0], line: 1, column: 1}
	ok := len(text) <= math.MaxInt32 && s.readable() && s.document()
	return s.parts, ok
}

// readable tells whether the text consists of characters that stand for
// themselves everywhere.
func (s *scanner) readable() bool {
	s.ascii = true
	for i := 0; i < len(s.text); i++ {
		if c := s.text[i]; c >= utf8.RuneSelf {
			s.ascii = false
			return readableRunes(s.text[i:])
		} else if (c < ' ' && c != '\n' && c != '\t') || c == 0x7f {
			return false
		}
	}
	return true
}

// readableRunes leaves out what the YAML library refuses, and the line breaks and
// byte order marks of Unicode.
func readableRunes(text string) bool {
	for i, r := range text {
		switch {
		case r == '\n', r == '\t', r >= ' ' && r < 0x7f, r >= 0xa0 && r <= 0xd7ff && r != 0x2028 && r != 0x2029,
			r >= 0xe000 && r < utf8.RuneError && r != 0xfeff, r >= 0x10000:
		case r == utf8.RuneError && strings.HasPrefix(text[i:], string(utf8.RuneError)):
		default:
			return false
		}
	}
	return true
}

// at returns the character at an offset, 0 at the end.
func (s *scanner) at(i int) byte {
	if i < len(s.text) {
		return s.text[i]
	}
	return 0
}

// isBlank tells whether white space or the end follows.
func (s *scanner) isBlank(i int) bool {
	c := s.at(i)
	return c == ' ' || c == '\n' || c == '\t' || c == 0
}

// isMarker tells whether a line starts like one that begins or ends a document.
func (s *scanner) isMarker(i int) bool {
	return i == s.start && (strings.HasPrefix(s.text[i:], "---") || strings.HasPrefix(s.text[i:], "..."))
}

// newLine goes to the line that starts at pos.
func (s *scanner) newLine(pos int) {
	s.pos, s.start = pos, pos
	s.line++
}

// advance goes to the next token, past white space and comments, and tells whether
// it stands on another line.
func (s *scanner) advance() (crossed bool) {
	for {
		s.skipSpaces()
		switch s.at(s.pos) {
		case '\n':
			s.newLine(s.pos + 1)
			crossed = true
			continue
		case '#':
			if s.pos == s.start || s.text[s.pos-1] == ' ' {
				s.pos = s.lineEnd(s.pos)
				continue
			}
		}
		return crossed
	}
}

func (s *scanner) skipSpaces() {
	for s.at(s.pos) == ' ' {
		s.pos++
	}
}

// lineEnd returns the offset of the line break that ends the line.
func (s *scanner) lineEnd(i int) int {
	if n := strings.IndexByte(s.text[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(s.text)
}

// finish goes to the next token, which must stand on another line.
func (s *scanner) finish() bool { return s.advance() || s.ends() }

func (s *scanner) ends() bool { return s.pos == len(s.text) }

// indent is the number of characters before the next token, which is the first of
// its line but for dashes; -1 at the end of the document.
func (s *scanner) indent() int {
	if s.ends() {
		return -1
	}
	return s.pos - s.start
}

// part makes a part that starts at an offset of the current line. Offsets must not
// decrease.
func (s *scanner) part(kind partKind, start int) part {
	column := start - s.start + 1
	if !s.ascii {
		if s.counted < s.start {
			s.counted, s.column = s.start, 1
		}
		s.column += utf8.RuneCountInString(s.text[s.counted:start])
		s.counted = start
		column = s.column
	}
	return part{kind: kind, start: int32(start), end: int32(start), line: int32(s.line), column: int32(column)}
}

// add appends a part without others in it.
func (s *scanner) add(p part) {
	p.next = int32(len(s.parts) + 1)
	s.parts = append(s.parts, p)
}

// close ends the collection that is part i.
func (s *scanner) close(i, count int) {
	s.parts[i].next, s.parts[i].end = int32(len(s.parts)), int32(count)
}

func (s *scanner) document() bool {
	if strings.HasPrefix(s.text, "---") {
		s.pos = 3
		if !s.isBlank(s.pos) || !s.advance() {
			return false
		}
	} else {
		s.advance()
	}
	return !s.ends() && s.node(-1, 0) && s.ends() && s.parts[0].kind.isMapping()
}

// node scans a node that may be a block collection; parent is the indentation of
// the one around it.
func (s *scanner) node(parent, depth int) bool {
	if s.at(s.pos) == '-' && s.isBlank(s.pos+1) {
		return s.sequence(depth)
	}
	return s.value(parent, depth, true)
}

// value scans what stands after a key or dash; block tells whether that may be a
// mapping in block style.
func (s *scanner) value(parent, depth int, block bool) bool {
	switch s.at(s.pos) {
	case '[', '{':
		return s.flow(depth) && s.finish()
	case '|', '>':
		return parent >= 0 && s.blockScalar(parent)
	}
	p, ok := s.scalar()
	if !ok {
		return false
	}
	if s.at(s.pos) == ':' && s.isBlank(s.pos+1) {
		return block && s.mapping(p, depth)
	}
	if parent < 0 {
		return false
	}
	if p.kind == plain {
		ok = s.continued(&p, parent)
	} else {
		ok = s.finish()
	}
	s.add(p)
	return ok
}

// isKey tells whether a scalar is a key: it stands on one line, and pos is at the
// colon after it.
func (s *scanner) isKey(p part) bool {
	return s.at(s.pos) == ':' && int(p.line) == s.line && s.pos-int(p.start) <= maxKey
}

// mapping scans a block mapping, whose first key has been scanned.
func (s *scanner) mapping(key part, depth int) bool {
	if depth > maxScanned || !s.isKey(key) {
		return false
	}
	indent, i, count := int(key.start)-s.start, len(s.parts), 0
	s.parts = append(s.parts, part{kind: blockMapping, start: key.start, line: key.line, column: key.column})
	for {
		count++
		s.add(key)
		s.pos++
		if !s.field(indent, depth+1) {
			return false
		}
		if s.indent() != indent || s.at(s.pos) == '-' && s.isBlank(s.pos+1) {
			break
		}
		var ok bool
		if key, ok = s.scalar(); !ok || !s.isKey(key) || !s.isBlank(s.pos+1) {
			return false
		}
	}
	s.close(i, count)
	return true
}

// field scans the value of a key. A sequence may be indented as little as its key.
func (s *scanner) field(indent, depth int) bool {
	empty := s.part(plain, s.pos)
	if !s.advance() && !s.ends() {
		return s.value(indent, depth, false)
	}
	switch own := s.indent(); {
	case own > indent:
		return s.node(indent, depth)
	case own == indent && s.at(s.pos) == '-' && s.isBlank(s.pos+1):
		return s.sequence(depth)
	default:
		s.add(empty)
		return true
	}
}

// sequence scans a block sequence.
func (s *scanner) sequence(depth int) bool {
	if depth > maxScanned {
		return false
	}
	indent, i, count := s.indent(), len(s.parts), 0
	s.parts = append(s.parts, s.part(blockSequence, s.pos))
	for s.indent() == indent && s.at(s.pos) == '-' && s.isBlank(s.pos+1) {
		count++
		s.pos++
		empty := s.part(plain, s.pos)
		crossed := s.advance()
		if s.ends() || crossed && s.indent() <= indent {
			s.add(empty)
		} else if !s.node(indent, depth+1) {
			return false
		}
	}
	s.close(i, count)
	return true
}
