package report

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// TestLineHashes holds hashes that a program of its own computed from the description,
// in the form of a window that rolls over the file.
func TestLineHashes(t *testing.T) {
	abc := []string{"271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"}
	for text, want := range map[string][]string{
		"":                      {"c129715d7a2bc9a3:1"},
		"a\nb\n\t\tc\n d":       abc,
		"a\r\nb\r\n\t\tc\r\n d": abc,
		"a\rb\r\t\tc\r d":       abc,
		" hello\t\n\tworld\n\n\t  \tgreeting\t\n\nend": {
			"5aea70e6545e4221:1", "3e012772e466b00f:1", "7088c967a7fc1831:1", "4ba4f5f5484eecab:1", "165fbdbbce84915c:1", "43b6461eda086fe2:1",
		},
		"kind: Pod # \U0001F512 über\n": {"1270b5cb583e447b:1", "c129715d7a2bc9a3:1"},
		"not UTF-8: \xff":               nil,
	} {
		if diff := cmp.Diff(want, lineHashes([]byte(text))); diff != "" {
			t.Errorf("%q: (-want +got):\n%s", text, diff)
		}
	}
	many := lineHashes([]byte(strings.Repeat("a\n", 200)))
	if len(many) != 201 || many[149] != "83d4df87b9db256:150" || many[199] != "243cbaa4685aab12:1" {
		t.Errorf("%d hashes, %s, %s", len(many), many[149], many[199])
	}
}

// TestLineHashesAgainstModel compares with the definition in numbers without bounds.
func TestLineHashesAgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	pieces := []string{"a", "b", " ", "\t", "\n", "\r", "\r\n", "é", "🔒", "key: value", strings.Repeat("x", 60)}
	for range 300 {
		var text strings.Builder
		for range random.IntN(60) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		if diff := cmp.Diff(modelHashes(text.String()), lineHashes([]byte(text.String()))); diff != "" {
			t.Fatalf("%q: (-want +got):\n%s", text.String(), diff)
		}
	}
}

// modelHashes looks at each line with all that follows it.
func modelHashes(text string) []string {
	var hashes []string
	seen := map[string]int{}
	for _, start := range append([][]int{{0, 0}}, regexp.MustCompile(`\r\n|\r|\n`).FindAllStringIndex(text, -1)...) {
		rest := regexp.MustCompile(`\r\n|\r`).ReplaceAllString(text[start[1]:], "\n")
		rest = regexp.MustCompile(`[ \t]`).ReplaceAllString(rest, "")
		sum := modelHash(append(utf16.Encode([]rune(rest)), 65535))
		seen[sum]++
		hashes = append(hashes, fmt.Sprintf("%s:%d", sum, seen[sum]))
	}
	return hashes
}

var modulus = new(big.Int).Lsh(big.NewInt(1), 64)

func modelHash(characters []uint16) string {
	sum := new(big.Int)
	for i := range 100 {
		sum.Mul(sum, big.NewInt(37))
		if i < len(characters) {
			sum.Add(sum, big.NewInt(int64(characters[i])))
		}
	}
	return fmt.Sprintf("%x", sum.Mod(sum, modulus))
}
