package manifest

import "strings"

// escapes are the characters that may stand after a backslash, and escaped what
// they stand for. Other escapes are left to the YAML library.
const (
	escapes = `"\'ntr0abvfe `
	escaped = "\"\\'\n\t\r\x00\a\b\v\f\x1b "
)

// unquote returns what stands between quotes; special are the line break and the
// character that is not itself: the backslash, or the quote that is doubled.
func unquote(text, special string) string {
	if !strings.ContainsAny(text, special) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for text != "" {
		whole := text
		switch c := text[0]; {
		case c == ' ' || c == '\t' || c == '\n':
			text = strings.TrimLeft(text, " \t\n")
			space := whole[:len(whole)-len(text)]
			if breaks := strings.Count(space, "\n"); breaks > 0 {
				writeBreaks(&b, breaks-1)
			} else {
				b.WriteString(space)
			}
		case c != special[0]:
			n := 1
			for n < len(text) && text[n] > ' ' && text[n] != special[0] {
				n++
			}
			b.WriteString(text[:n])
			text = text[n:]
		case c == '\'':
			b.WriteByte('\'')
			text = text[2:]
		case text[1] != '\n':
			b.WriteByte(escaped[strings.IndexByte(escapes, text[1])])
			text = text[2:]
		default: // the line break does not count, nor the space after it
			text = strings.TrimLeft(text[2:], " \t\n")
			b.WriteString(strings.Repeat("\n", strings.Count(whole[2:len(whole)-len(text)], "\n")))
		}
	}
	return b.String()
}

// foldPlain returns the content of a plain scalar over several lines: a line break
// is a space, and each empty line a line break.
func foldPlain(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	empty := 0
	for first := true; text != ""; first = false {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		if line = strings.Trim(line, " "); line == "" {
			empty++
			continue
		}
		if !first {
			writeBreaks(&b, empty)
		}
		b.WriteString(line)
		empty = 0
	}
	return b.String()
}

// writeBreaks writes what folding makes of the line break before a line, and of the
// empty lines after that break.
func writeBreaks(b *strings.Builder, empty int) {
	if empty == 0 {
		b.WriteByte(' ')
	}
	for range empty {
		b.WriteByte('\n')
	}
}

// blockText returns the content of a literal or folded scalar, which starts with
// its header. Folding leaves lines alone that are indented deeper than the first.
func blockText(text string, fold bool) string {
	header, text, _ := strings.Cut(text, "\n")
	indent, _ := blockIndent(text)
	var b strings.Builder
	b.Grow(len(text))
	empty := 0                    // lines since the last one with text
	broken, deeper := false, true // of that one: whether it ends with a line break, and is indented deeper
	for more := true; more; {
		var line string
		line, text, more = strings.Cut(text, "\n")
		if len(line) <= indent {
			if more {
				empty++
			}
			continue
		}
		line = line[indent:]
		deep := line[0] == ' ' || line[0] == '\t'
		switch {
		case broken && fold && !deeper && !deep:
			writeBreaks(&b, empty)
		case broken:
			b.WriteByte('\n')
			fallthrough
		default:
			for range empty {
				b.WriteByte('\n')
			}
		}
		b.WriteString(line)
		empty, broken, deeper = 0, more, deep
	}
	if broken && (len(header) < 2 || header[1] != '-') {
		b.WriteByte('\n')
	}
	if len(header) > 1 && header[1] == '+' {
		for range empty {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
