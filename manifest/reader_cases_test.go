package manifest

import (
	"slices"
	"strings"
	"testing"
)

// understood are documents that the reader must understand, each with some traps.
var understood = []string{
	"a: b",
	"---\na: b\n",
	"--- # comment\n\n# more\n  a: b\n  c: d # e\n#f\n",
	"a:\nb: ~\nc: # d\ne:\n  # f\n  g: h\n # i\n",
	"a: yes\nb: 'yes'\nc: \"yes\"\nd: yEs\ne: null\nf: ''\ng: \"\"\n",
	"a: 1\nb: -1\nc: +1\nd: 0x1f\ne: 0755\nf: 0o7\ng: 1_000\nh: 0b11\ni: 08\n",
	"a: 1.50\nb: 1e3\nc: .5\nd: 1.\ne: 1e400\nf: 9223372036854775808\n",
	"a: 10m\nb: 1Gi\nc: 1.2.3\nd: 10.0.0.0/8\ne: 2001-01-01\nf: 12:30\ng: 1-2\n",
	"1: a\ntrue: b\n1.5: c\n~: d\n-1: e\n'2': f\n\"g h\": i\nno: j\n1e3: k\n0x10: l\n",
	"a:\n- b\n- c\nd:\n  - e\n  - f\n",
	"a:\n-\n- \n- b\n-\n  c\n- d: e\n  f: g\n-\n  h: i\nj: k\n",
	"a:\n- - b\n  - c\n-   - d\n    - - e\n",
	"a:\n- b:\n  - c\n  d:\n    - e\n",
	"a:\n- # b\n  c: d\n-\n# e\n",
	"a: -b\nc: --d\ne: -\"f\n",
	"a: b c  d   # e\nf: g#h\ni: j:k\nl: http://m/n?o=p&q=%20\nr: s 't' \"u\"\nv: w - x ? y ! z\n",
	"a b: c\nd : e\nf#g: h\ni,j: k\n'l''m': n\n\"o\\tp\": q\n",
	"a: b\n  c\n\n  d\n \n\n   e  \nf: g\n",
	"a:\n  b c\n  - d\n   'e\n  # f\ng: h\n",
	"a:\n- b\n  c # d\n- e\n",
	"a: 'b''c'\nd: '\"'\ne: \"'\"\nf: '#g'\nh: ': '\ni: '' # j\n",
	"a: \"b\\n\\t\\\\\\\"\\r\\0\\e\\a\\b\\v\\f\\ \\'c\"\n",
	"a: 'b\n  c \t\n\n\n d'\ne: \"f\n\tg \\\n   h\\n\n\n  i \"\nj: ' '\nk: \"l \\\n\n m\"\n",
	"a: |\n  b\n   c\n\n  d\n\ne: |-\n  f\n\ng: |+\n  h\n\ni: |\n\n\n  j\n",
	"a: >\n  b\n  c\n\n  d\n   e\n   f\n\n  g\n\n\n   h\n  i\n\nj: >-\n  k\n  l\nm: >+\n\n  n\n\n",
	"a:\n- |\n b\n- >\n  c\n # d\n- e: |\n   f\n  g: |\n     h\n",
	"a: |\n  b",
	"a: | # b\n  # c\n  \td\n     \n  e\n    ",
	"a: |\n  b\n     ",
	"a: [b, 'c', \"d\", 1, -2, e f, [g], {h: i}, ]\nj: []\nk: {}\nl: [ ]\nm: { }\n",
	"a: {b: c, 'd':e, \"f\": [g,h], i j: k:l, m: -n,}\n",
	"a: [b,\nc,\n\td\n\n, e]\nf: {\n  g: h\n,\n}\n",
	"{\n\t\"a\": 1,\n\t\"b\": true\n\t}\n",
	"{\"a\": {\"b\":[1,2,{\"c\":null}]},\n\t\"d\" : \"e\"}\n",
	"a: é\nü: {é: b, c: [世界, d]} # é\n\"é\": \"\U0001f600\" # e\nf: [\ufffd, g]\n",
	"a:\n  b: {c: d}\n  e: {c: d}\nf:\n  b: {c: d}\n",
	"a:\n    b:\n        c: d\n    e: f\ng:\n    b:\n        c: d\n",
	"a:\n  b:\n    c\ne:\n    b:\n    c:\n",
	"apiVersion: v1\nkind: ConfigMapList\nitems:\n- {metadata: {name: a}}\n- {metadata: {name: a}}\n- b\nother:\n- {metadata: {name: a}}\n",
}

// notUnderstood are documents that the reader must leave to the library: those that
// are in error, and those that need more of YAML than it knows.
var notUnderstood = []string{
	"", "a", "- a", "# a", "[a]", "---", "--- a: b", "---a: b", "a: b\n---\nc: d", "a: b\n...\n", "%YAML 1.1\n---\na: b",
	"a: &b c", "a: *b", "&a b: c", "a: !b c", "a: !!str 1", "<<: {a: b}", "? a\n: b", "? a", ": a", "{? a: b}",
	"a: b\na: c", "1: a\n0x1: b", "a: {b: c, b: d}", "true: a\nyes: b",
	"a: .inf", ".nan: a",
	"\ta: b", "a:\tb", "a: b\t", "a: b\r\n", "a: b\x00", "a: \x7f", "a: \xff",
	"a: \u0085b", "a: \u2028b", "a: \ufeffb", "a: \u0081", "a: \ufffe",
	"a: b: c", "a: b\n  c: d", "a: - b", "a: b\n c\n:", "a:\n  b: c\n d: e", "a: b\n  # c\n  d", "a: b\nc", "a: b\n- c", "a:\n- b\n c: d",
	"a: 'b", "a: \"b", "a: 'b' c", "a: 'b'#c", "a: 'b': c", "'a\n b': c", "a: \"\\x41\"", "a: \"\\q\"", "a: 'b\n---\n'", "a: 'b\n... '",
	"x:\n  k: \"a\n\" b: c", "x:\n  k: [a\n] b: c",
	"a: |\n", "a: |\nb: c", "a: |2\n  b", "a: |b\n  c", "a: |\n    \n  b", "a: |\n\tb", "a: |\n  b\n\tc", "a: |#b\n  c", "a: |\n  b\n c",
	"a: [b", "a: [,]", "a: [b,,c]", "a: [b c: d]", "a: [b #c\n]", "a: [b]c", "a: [b]: c", "a: [b\nc]", "a: [b\n\t]", "a: [?b]", "a: [-]", "a: [- b]", "a: [b: c]",
	"a: {b}", "a: {b:}", "a: {b: }", "a: {b:c}", "a: {b, c}", "a: {b\n: c}", "{{ a }}: b", "a: {{ b }}",
	"a: ,", "a: ]", "a: @b", "a: `b", "a: %b", "a: ? b", "a: : b",
	strings.Repeat("a", 1100) + ": b",
	"a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200),
}

func TestReaderIsLikeTheLibrary(t *testing.T) {
	for _, text := range understood {
		if !sameAsLibrary(t, text) {
			t.Errorf("%q is not understood", text)
		}
	}
}

func TestReaderLeavesTheRestToTheLibrary(t *testing.T) {
	for _, text := range notUnderstood {
		if sameAsLibrary(t, text) {
			t.Errorf("%q is understood", text)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, text := range slices.Concat(understood, notUnderstood, []string{deployment}) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { sameAsLibrary(t, text) })
}

// fragments are what FuzzReaderFragments writes documents of.
var fragments = strings.Split("a|b: |c:|d|- |-|\n|\n|\n|\n  |\n    |\n      | |  |: |:|, |,|[|]|{|}|'|\"|''|\\|\\n|¦|¦-|¦+|>|>-|>+|#| #|# e|\t|é|1|0x1|.|---|...|~|yes|?|&|*|!|%|<<: |x y", "|")

// FuzzReaderFragments finds more of what nearly is YAML: each byte is a fragment.
func FuzzReaderFragments(f *testing.F) {
	f.Add([]byte{0, 14, 10, 5, 1, 9, 3})
	f.Fuzz(func(t *testing.T, choices []byte) {
		var text strings.Builder
		for _, c := range choices {
			text.WriteString(strings.ReplaceAll(fragments[int(c)%len(fragments)], "¦", "|"))
		}
		sameAsLibrary(t, text.String())
	})
}

// A reader remembers keys from document to document, but not those that make a
// document be left to the library.
func TestReaderLeavesEachDocumentToTheLibrary(t *testing.T) {
	const merging = "apiVersion: v1\nkind: Pod\nmetadata:\n  <<: {name: a}\n---\n"
	objects, gaps := Parse("f.yaml", []byte(merging+merging))
	if len(objects) != 2 || len(gaps) > 0 || objects[0].Name != "a" || objects[1].Name != "a" {
		t.Errorf("got %d objects and %v, want two named a", len(objects), gaps)
	}
}
