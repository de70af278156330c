package report

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// lineHashes returns what GitHub tells alerts of one rule apart by, for each line of a
// file: a hash of what the line begins, and which line with that hash it is. They are
// equal to those that GitHub's action computes where a file lacks them; it warns of
// others (github.com/github/codeql-action, src/fingerprints.ts, describes them):
//
// Of the characters of the file, in UTF-16, spaces and tabs are left out, every line
// ending is one line feed, and a last character 65535 ends it. The hash of a line is that
// of the 100 characters from its first one on, zeros where the file is over: the sum of
// each one times 37 to the power of the number of those that follow, modulo 2^64.
//
// There are none where the file is not valid UTF-8: how broken text is read is up to a library.
func lineHashes(text []byte) []string {
	if !utf8.Valid(text) {
		return nil
	}
	characters, starts := hashed(string(text))
	seen := map[uint64]int{}
	hashes := make([]string, len(starts))
	for i, start := range starts {
		var sum uint64
		for k := start; k < start+hashedLength; k++ {
			sum *= 37
			if k < len(characters) {
				sum += uint64(characters[k])
			}
		}
		seen[sum]++
		hashes[i] = fmt.Sprintf("%x:%d", sum, seen[sum])
	}
	return hashes
}

const hashedLength = 100

// hashed returns the characters that count, and where among them each line starts.
func hashed(text string) (characters []uint16, starts []int) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", " ", "", "\t", "").Replace(text)
	starts = []int{0}
	for _, r := range text {
		characters = utf16.AppendRune(characters, r)
		if r == '\n' {
			starts = append(starts, len(characters))
		}
	}
	return append(characters, 65535), starts
}
