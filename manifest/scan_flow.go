package manifest

import "strings"

// flow scans a mapping or sequence in flow style.
func (s *scanner) flow(depth int) bool {
	if depth > maxScanned {
		return false
	}
	i, count, closing := len(s.parts), 0, byte(']')
	if s.at(s.pos) == '{' {
		s.parts, closing = append(s.parts, s.part(flowMapping, s.pos)), '}'
	} else {
		s.parts = append(s.parts, s.part(flowSequence, s.pos))
	}
	s.pos++
	for s.flowSpace(); s.at(s.pos) != closing; s.flowSpace() {
		if closing == '}' && !s.flowKey() || !s.flowValue(depth+1) {
			return false
		}
		count++
		if s.flowSpace(); s.at(s.pos) == ',' {
			s.pos++
		} else if s.at(s.pos) != closing {
			return false
		}
	}
	s.pos++
	s.close(i, count)
	return true
}

func (s *scanner) flowSpace() {
	for {
		switch s.at(s.pos) {
		case ' ', '\t':
			s.pos++
		case '\n':
			s.newLine(s.pos + 1)
		default:
			return
		}
	}
}

// flowKey scans a key, its colon, and the white space after it.
func (s *scanner) flowKey() bool {
	p, ok := s.flowScalar()
	if !ok {
		return false
	}
	if p.kind != plain {
		s.skipSpaces()
	}
	if !s.isKey(p) {
		return false
	}
	s.add(p)
	s.pos++
	s.flowSpace()
	return true
}

func (s *scanner) flowValue(depth int) bool {
	if c := s.at(s.pos); c == '[' || c == '{' {
		return s.flow(depth)
	}
	p, ok := s.flowScalar()
	s.add(p)
	return ok
}

// flowScalar scans a scalar on one line. After a plain one, pos is at the colon,
// comma, bracket or line break that ends it.
func (s *scanner) flowScalar() (p part, ok bool) {
	if c := s.at(s.pos); c == '"' || c == '\'' {
		return s.quoted(c)
	}
	p = s.part(plain, s.pos)
	if !s.startsPlain() || s.at(s.pos) == '-' && strings.IndexByte(",[]{}", s.at(s.pos+1)) >= 0 {
		return p, false
	}
	for i := s.pos; i < len(s.text); i++ {
		switch c := s.text[i]; c {
		case ' ':
			continue
		case '\t', '?', '#':
			return p, false
		case ':':
			if s.isBlank(i + 1) {
				s.pos = i
				return p, true
			}
			if strings.IndexByte(",[]{}", s.text[i+1]) >= 0 {
				return p, false
			}
		case '\n', ',', '[', ']', '{', '}':
			s.pos = i
			return p, c != '\n' || s.parts[0].kind == flowMapping || !s.tabFollows()
		}
		p.end = int32(i + 1)
	}
	return p, false
}

// tabFollows tells whether there is a tab in the white space that follows. After a
// plain scalar, tabs may not stand where the indentation of a block collection is.
func (s *scanner) tabFollows() bool {
	space := s.text[s.pos : len(s.text)-len(strings.TrimLeft(s.text[s.pos:], " \t\n"))]
	return strings.IndexByte(space, '\t') >= 0
}
