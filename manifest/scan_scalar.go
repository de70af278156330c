package manifest

import "strings"

// indicators are the characters that do not start a plain scalar.
const indicators = "?:,[]{}#&*!|>'\"%@`\t\n"

// startsPlain tells whether a plain scalar starts at pos.
func (s *scanner) startsPlain() bool {
	c := s.at(s.pos)
	if c == '-' && s.isBlank(s.pos+1) || (c == '-' || c == '.') && s.isMarker(s.pos) {
		return false
	}
	return c != 0 && strings.IndexByte(indicators, c) < 0
}

// scalar scans a quoted scalar, or a plain one as far as it stands on one line, and
// leaves pos at the character after it and after the space that follows a plain one.
func (s *scanner) scalar() (p part, ok bool) {
	if c := s.at(s.pos); c == '"' || c == '\'' {
		return s.quoted(c)
	}
	p = s.part(plain, s.pos)
	if !s.startsPlain() {
		return p, false
	}
	end, ok := s.plainLine()
	p.end = int32(end)
	return p, ok
}

// plainLine goes to what ends a plain scalar, or its line, and returns the offset
// after the last character that is no space.
func (s *scanner) plainLine() (end int, ok bool) {
	text, i := s.text, s.pos
	end = i
loop:
	for ; i < len(text); i++ {
		switch text[i] {
		case '\n':
			break loop
		case '\t':
			return 0, false
		case ' ':
			continue
		case '#':
			if i > s.pos && text[i-1] == ' ' {
				break loop
			}
		case ':':
			if s.isBlank(i + 1) {
				break loop
			}
		}
		end = i + 1
	}
	s.pos = i
	return end, true
}

// continued scans the further lines of a plain scalar: those that are indented
// deeper than its parent.
func (s *scanner) continued(p *part, parent int) bool {
	for s.at(s.pos) == '\n' {
		next := s.pos + 1
		for s.at(next) == ' ' || s.at(next) == '\n' {
			next++
		}
		start := strings.LastIndexByte(s.text[:next], '\n') + 1
		if next-start <= parent || s.at(next) == '#' || next == len(s.text) {
			break
		}
		s.line += strings.Count(s.text[s.pos:next], "\n")
		s.pos, s.start = next, start
		end, ok := s.plainLine()
		if !ok {
			return false
		}
		p.kind, p.end = plainLines, int32(end)
	}
	return s.finish()
}

// quoted scans a quoted scalar. Its further lines may be indented less.
func (s *scanner) quoted(quote byte) (p part, ok bool) {
	p = s.part(singleQuoted, s.pos)
	if quote == '"' {
		p.kind = doubleQuoted
	}
	for i := s.pos + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '\\' && quote == '"' && s.at(i+1) != '\n':
			i++
			if strings.IndexByte(escapes, s.at(i)) < 0 {
				return p, false
			}
		case c == '\n':
			if s.newLine(i + 1); s.isMarker(s.pos) {
				return p, false
			}
		case c == quote && quote == '\'' && s.at(i+1) == quote:
			i++
		case c == quote:
			s.pos = i + 1
			p.end = int32(s.pos)
			return p, true
		}
	}
	return p, false
}

// blockScalar scans a literal or folded scalar.
func (s *scanner) blockScalar(parent int) bool {
	p := s.part(literal, s.pos)
	if s.at(s.pos) == '>' {
		p.kind = folded
	}
	if s.pos++; s.at(s.pos) == '+' || s.at(s.pos) == '-' {
		s.pos++
	}
	s.skipSpaces()
	if s.at(s.pos) == '#' && s.text[s.pos-1] == ' ' {
		s.pos = s.lineEnd(s.pos)
	}
	if s.at(s.pos) != '\n' {
		return false
	}
	s.newLine(s.pos + 1)
	indent, ok := blockIndent(s.text[s.pos:])
	if !ok || indent <= parent {
		return false
	}
	for !s.ends() {
		s.skipSpaces()
		if c := s.at(s.pos); s.pos-s.start < indent && c != '\n' && c != 0 {
			if c == '\t' {
				return false
			}
			s.pos = s.start
			break
		}
		if s.pos = s.lineEnd(s.pos); !s.ends() {
			s.newLine(s.pos + 1)
		}
	}
	p.end = int32(s.pos)
	s.add(p)
	s.advance()
	return true
}

// blockIndent returns the indentation of a block scalar, which is that of its first
// line with text. It fails if there is none, or white space deeper than it above.
func blockIndent(text string) (indent int, ok bool) {
	deepest := 0
	for {
		line, rest, more := strings.Cut(text, "\n")
		indent = leadingSpaces(line)
		if indent < len(line) {
			return indent, indent >= deepest && line[indent] != '\t'
		}
		if !more {
			return 0, false
		}
		deepest, text = max(deepest, indent), rest
	}
}

func leadingSpaces(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
