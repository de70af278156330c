package manifest

import "regexp"

var placeholder = regexp.MustCompile(`\$\{[^{}]+\}`)

// Placeholder returns the first variable in a text, such as ${NAME}, that Flux or envsubst
// may replace before the text is applied; empty for none.
func Placeholder(text string) string { return placeholder.FindString(text) }
