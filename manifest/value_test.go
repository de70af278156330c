package manifest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	sigsyaml "sigs.k8s.io/yaml"
)

// TestValueReadsLikeKubectl compares with the library that kubectl decodes with.
func TestValueReadsLikeKubectl(t *testing.T) {
	tests := []string{
		"a: yes\nb: No\nc: on\nd: off\ne: y\nf: N\ng: 'yes'\nh: \"no\"\ni: yEs",
		"a: 1\nb: -1\nc: +1\nd: 0\ne: 007\nf: 0o17\ng: 0x1F\nh: 1_000\ni: 0b11\nj: 08\nk: -0",
		"a: 1.5\nb: 1e3\nc: 1.0\nd: .5\ne: 1.\nf: -1e-7\ng: 1e400\nh: 1.2.3\ni: +.5",
		"a: 9223372036854775807\nb: 9223372036854775808\nc: 18446744073709551615\nd: 18446744073709551616\ne: -9223372036854775808",
		"a: ~\nb: null\nc: Null\nd:\ne: ''\nf: \"\"\ng: nULL",
		"a: 2001-01-01\nb: 2001-12-14T21:59:43Z\nc: 12:30:45\nd: 1:20",
		"a: !!str 1\nb: !!str true\nd: 10m\ne: 1Gi\nf: 0.0.0.0/0\nh: 1-2\ni: .\nj: -x",
		"a: |\n  x\n  y\nb: >-\n  x\n  y\nc: x\n  y\nd: 'a''b'\ne: \"\\u00e9\\n\"",
		"1: a\ntrue: b\n1.5: c\n'x': d\n",
		"a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\nc: *x\nd:\n  <<: [{r: 1}, *x, {p: 9}]\n",
		"[a, {b: c}, [d]]",
		"a: {}\nb: []\nc: {d: }",
	}
	for _, text := range tests {
		t.Run(text[:min(len(text), 20)], func(t *testing.T) {
			node, err := Document{Text: []byte(text)}.Parse()
			if err != nil {
				t.Fatal(err)
			}
			value, err := Value(node)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			want, err := sigsyaml.YAMLToJSON([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("\ngot  %s\nwant %s", got, want)
			}
		})
	}
}

// TestNumericIsLikeTheLibrary tries all short texts that start like a number.
func TestNumericIsLikeTheLibrary(t *testing.T) {
	const characters = "019.-/_:+eExXoObBtTZgm"
	var try func(text string)
	try = func(text string) {
		got, err := plainScalar(text)
		want, wantErr := rareScalar(text)
		if got != want || (err == nil) != (wantErr == nil) {
			t.Errorf("%q is %#v (%v), want %#v (%v)", text, got, err, want, wantErr)
		}
		for _, c := range characters {
			if len(text) < 3 {
				try(text + string(c))
			}
		}
	}
	for _, text := range strings.Split("0 1 9 0x 0b 1. 1.1 1e 12 2001-01-0 -1 - + . 10.0.0. 1_ 0o", " ") {
		try(text)
	}
}
