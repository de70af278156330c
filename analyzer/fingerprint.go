package analyzer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// signature is what a defect is, of which the fingerprint is the hash. Lines, files and
// list indexes are not in it, because they change when a neighbour does, and neither is
// the wording of the message. The severity is where it is worse than usual: a workload
// that becomes reachable from outside is not the old defect.
func (l located) signature() string {
	parts := []string{l.Rule.ID, l.place.subject(), l.place.ref.Namespace, shape(l.Path), named(l.Message)}
	if l.Severity.Rank() < l.Rule.Severity.Rank() {
		parts = append(parts, string(l.Severity))
	}
	return strings.Join(parts, "\x00")
}

// shape is a path without list indexes, which change when a neighbour is added.
func shape(path []any) string {
	var keys []string
	for _, step := range path {
		if key, ok := step.(string); ok {
			keys = append(keys, key)
		}
	}
	return strings.Join(keys, ".")
}

var (
	// others is how messages count what they do not name; it depends on what else there is.
	others = regexp.MustCompile(` and \d+ more`)
	// names are quoted names, values in parentheses, words with a digit or a sign (ports,
	// addresses, labels) and directions.
	names = regexp.MustCompile(`"[^"]*"|\([^)]*\)|[^\s",;]*[\d=/!][^\s",;]*|\b(?:in|e)gress\b`)
)

// named is what a message names: it stays when the wording changes.
func named(message string) string {
	return strings.Join(names.FindAllString(others.ReplaceAllString(message, ""), -1), " ")
}

// fingerprints hashes signatures. Those that are alike are numbered in their order.
func fingerprints(signatures []string) []string {
	alike := map[string]int{}
	hashes := make([]string, len(signatures))
	for i, text := range signatures {
		alike[text]++
		if n := alike[text]; n > 1 {
			text = fmt.Sprintf("%s\x00%d", text, n)
		}
		sum := sha256.Sum256([]byte(text))
		hashes[i] = hex.EncodeToString(sum[:16])
	}
	return hashes
}
