package helm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"a\n", "0 a"},
		{"\n\n  a\n---\nb\n\n---   \n# c\n\nc", "2 a|4 b|7 # c\n\nc"},
		{"\n \t---\n  a: b\n  c: d\n---e", "2 a: b\n  c: d|4 e"},
		{"---\n---\na: |\n  x\n---b", "2 a: |\n  x|4 b"},
	}
	for _, test := range tests {
		var got []string
		for _, d := range split(test.text) {
			got = append(got, fmt.Sprintf("%d %s", d.Skip, strings.TrimSuffix(string(d.Text), "\n")))
		}
		if diff := cmp.Diff(test.want, strings.Join(got, "|")); diff != "" {
			t.Errorf("split(%q) (-want +got):\n%s", test.text, diff)
		}
	}
}
