package diagram

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many accents may stand on one letter: piles of them reach over
// the neighbouring lines.
const maxMarks = 2

// visible spells out what would hide, reorder or cover text: control characters,
// marks of direction, piles of accents, and bytes that are not UTF-8.
func visible(s string) string {
	var b strings.Builder
	marks := 0
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		if r == utf8.RuneError || !strconv.IsPrint(r) || marks > maxMarks {
			quoted := strconv.QuoteToASCII(s[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// fewer keeps at most the given number of lines; the last one then counts what
// is missing.
func fewer(lines []string, most int) []string {
	if len(lines) <= most {
		return lines
	}
	rest := fmt.Sprintf("and %d more", len(lines)-most+1)
	return append(lines[:most-1:most-1], rest)
}

// ascii holds the widths of the characters from the space on, in hundredths of
// the font size: for each the wider one of DejaVu Sans and Arial, which are as
// wide as system fonts get.
var ascii = [...]int{
	32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 34, 34, 84, 84, 84, 56, 102, 69, 69, 73, 77, 67, 62, 78, 76, 30, 50, 67, 56, 87, 75, 79,
	67, 79, 73, 67, 62, 74, 69, 99, 69, 67, 69, 40, 34, 40, 84, 56, 50, 62, 64, 55, 64, 62, 36, 64,
	64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84,
}

const (
	latin      = 100 // at most, up to U+00FF
	letter     = 72  // on average, of other alphabets
	square     = 100 // ideographs
	symbol     = 130 // emoji and all else
	ellipsis   = "…" // is as wide as latin
	firstWide  = 0x1100
	lastNarrow = 0xff
)

// measured reports whether width returns an upper bound for s. Where it does
// not, the drawing has to squeeze or stretch the text to that width.
func measured(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > lastNarrow && string(r) != ellipsis }) < 0
}

// width is that of s in pixels at a font size in pixels.
func width(s string, size int) int {
	sum := 0
	for _, r := range s {
		sum += runeWidth(r)
	}
	return (sum*size + 99) / 100
}

// runeWidth is in hundredths of the font size.
func runeWidth(r rune) int {
	switch {
	case r >= ' ' && int(r-' ') < len(ascii):
		return ascii[r-' ']
	case r <= lastNarrow || string(r) == ellipsis:
		return latin
	case unicode.Is(unicode.Mn, r):
		return 0
	case unicode.Is(unicode.Ideographic, r):
		return square
	case unicode.IsLetter(r) && r < firstWide:
		return letter
	default:
		return symbol
	}
}

// wrapped breaks s into at most the given number of rows no wider than most
// pixels, where it can after a space or a mark, and drops what does not fit.
func wrapped(s string, size, most, rows int) []string {
	s = visible(s)
	var out []string
	for width(s, size) > most && len(out) < rows-1 {
		cut := breakAt(s, size, most)
		out = append(out, strings.TrimRight(s[:cut], " "))
		s = strings.TrimLeft(s[cut:], " ")
	}
	return append(out, shortened(s, size, most))
}

// breakAt returns where to break a text that is too wide: after the last space
// or mark that leaves the first part at least half full.
func breakAt(s string, size, most int) int {
	fits := prefix(s, size, most)
	for _, marks := range []string{" ", ",;/-._:"} {
		if i := strings.LastIndexAny(s[:fits], marks); i >= fits/2 {
			return i + 1
		}
	}
	return fits
}

// prefix returns how many bytes of s fit, at least one character.
func prefix(s string, size, most int) int {
	sum, end := 0, 0
	for i, r := range s {
		sum += runeWidth(r)
		if i > 0 && sum*size > most*100 {
			break
		}
		end = i + utf8.RuneLen(r)
	}
	return end
}

// shortened drops the end of a text that is too wide.
func shortened(s string, size, most int) string {
	if width(s, size) <= most {
		return s
	}
	return s[:prefix(s, size, most-width(ellipsis, size))] + ellipsis
}
