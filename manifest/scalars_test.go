package manifest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScalars(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
		ok         bool
	}{
		{"YAML", "a: 1\nb:\n  - c: x\n  - d\n", []string{"1 [a] 1", "3 [b 0 c] x", "4 [b 1] d"}, true},
		{"JSON", "{\"a\": {\"b\": [true]}}", []string{"1 [a b 0] true"}, true},
		{"several documents", "a: 1\n---\nb: 2\n", []string{"1 [a] 1", "3 [b] 2"}, true},
		{"aliases are left out", "a: &x {b: 1}\nc: *x\n", []string{"1 [a b] 1"}, true},
		{"a scalar", "listen 80;\n", nil, false},
		{"nothing", "", nil, false},
		{"no YAML", "server {\n  listen 80;\n", nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			scalars, ok := Scalars([]byte(test.text))
			var got []string
			for _, s := range scalars {
				got = append(got, fmt.Sprintf("%d %v %s", s.Line, s.Path, s.Value))
			}
			if ok != test.ok {
				t.Fatalf("ok is %t, want %t", ok, test.ok)
			}
			if diff := cmp.Diff(test.want, got); ok && diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
