package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Printable escapes what a terminal would obey or hide rather than show: control
// characters, the marks that reorder text, and bytes that are not UTF-8. It
// writes them as Go does within quotes, and leaves all else as it is.
func Printable(s string) string {
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if hidden(r) {
			quoted := strconv.Quote(s[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// hidden is also true for what stands for bytes that are not UTF-8.
func hidden(r rune) bool { return r == utf8.RuneError || !strconv.IsPrint(r) }

// Some lists the first names and counts the others.
func Some(names []string, most int) string {
	rest := ""
	if len(names) > most {
		rest = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	return Printable(strings.Join(names, ", ")) + rest
}

// Counted writes a number with its noun.
func Counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
