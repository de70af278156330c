package config

import (
	"path"
	"strings"
)

// Glob is a pattern for slash-separated names: "*", "?" and "[a-z]" match within
// one part as in path.Match, and a part "**" matches any number of parts, also
// none. "clusters/prod" is that folder only; "clusters/prod/**" is the folder and
// all below it.
type Glob string

// Match tells whether the pattern matches the whole name.
func (g Glob) Match(name string) bool {
	pattern, parts := split(string(g)), split(name)
	// Only the last "**" can need another try, so this is never exponential.
	p, n, star, retry := 0, 0, -1, 0
	for n < len(parts) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, retry = p, n
			p++
		case p < len(pattern) && matchPart(pattern[p], parts[n]):
			p++
			n++
		case star >= 0:
			retry++
			p, n = star+1, retry
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}

// split cuts a name into its parts; the root has none.
func split(name string) []string {
	if name = path.Clean(name); name == "." {
		return nil
	}
	return strings.Split(name, "/")
}

func matchPart(pattern, part string) bool {
	ok, err := path.Match(pattern, part)
	return ok && err == nil
}

// check says what is wrong with the pattern, empty for nothing.
func (g Glob) check() string {
	text := string(g)
	switch {
	case strings.HasPrefix(text, "!"):
		return "cannot exclude with \"!\""
	case strings.Contains(text, "[!"):
		return "cannot hold \"[!\", write \"[^\" for all other characters"
	case strings.ContainsAny(text, "{}"):
		return "cannot hold braces, list the patterns instead"
	}
	for _, part := range split(text) {
		if _, err := path.Match(part, ""); err != nil {
			return "is not a valid pattern: a bracket or backslash has no end"
		}
	}
	return ""
}
