package revision

import (
	"strings"

	"github.com/go-git/go-git/v5/utils/diff"
)

// ChangedLines returns the lines (1-based) of a text that another one does not have in
// that order.
func ChangedLines(before, after string) map[int]bool {
	changed := map[int]bool{}
	line := 1
	for _, part := range diff.Do(before, after) {
		n := strings.Count(part.Text, "\n")
		if part.Type > 0 { // added
			for i := range n {
				changed[line+i] = true
			}
			if !strings.HasSuffix(part.Text, "\n") {
				changed[line+n] = true
			}
		}
		if part.Type >= 0 { // in the text after
			line += n
		}
	}
	return changed
}
