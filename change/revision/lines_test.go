package revision_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/change/revision"
)

func TestChangedLines(t *testing.T) {
	for _, test := range []struct {
		name, before, after string
		want                []int
	}{
		{"same", "a\nb\n", "a\nb\n", nil},
		{"added", "a\nb\n", "a\nx\ny\nb\n", []int{2, 3}},
		{"removed", "a\nb\nc\n", "a\nc\n", nil},
		{"edited", "a\nb\nc\n", "a\nB\nc\n", []int{2}},
		{"at the end, without a line break", "a\n", "a\nb", []int{2}},
		{"new", "", "a\nb\n", []int{1, 2}},
		{"gone", "a\n", "", nil},
		{"several", "a\nb\nc\nd\n", "x\na\nb\nC\nd\ne\n", []int{1, 4, 6}},
	} {
		got := slices.Sorted(maps.Keys(revision.ChangedLines(test.before, test.after)))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", test.name, diff)
		}
	}
}
