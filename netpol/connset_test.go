package netpol

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// bitmap is a ConnSet as one bit for each connection.
type bitmap [3 * (LastPort + 1)]bool

func (b *bitmap) index(p Protocol, port int) *bool { return &b[p.slot()*(LastPort+1)+port] }

// both returns the same set in both forms, made of five bytes for each range.
func both(spec []byte) (ConnSet, *bitmap) {
	var s ConnSet
	var b bitmap
	for ; len(spec) >= 5; spec = spec[5:] {
		protocol := protocols()[spec[0]%3]
		lo := int(spec[1])<<8 | int(spec[2])
		hi := lo + int(spec[3]) | int(spec[4]&0x3f)<<8
		s = s.Union(Ports(protocol, lo, hi))
		for port := max(lo, FirstPort); port <= min(hi, LastPort); port++ {
			*b.index(protocol, port) = true
		}
	}
	return s, &b
}

// checkSame compares a set with its bitmap, and checks that its ranges are the
// fewest.
func checkSame(t *testing.T, what string, s ConnSet, b *bitmap) {
	t.Helper()
	var got bitmap
	var last PortRange
	for r := range s.Ranges() {
		if r.First > r.Last || r.Protocol == last.Protocol && r.First <= last.Last+1 {
			t.Fatalf("%s: range %v follows %v", what, r, last)
		}
		last = r
		for port := r.First; port <= r.Last; port++ {
			*got.index(r.Protocol, port) = true
		}
	}
	if got != *b {
		t.Fatalf("%s: %s differs from the bitmap", what, s)
	}
	if s.IsEmpty() != !slices.Contains(b[:], true) {
		t.Fatalf("%s: IsEmpty of %s is %t", what, s, s.IsEmpty())
	}
	full := true
	for _, p := range protocols() {
		full = full && !slices.Contains(b[p.slot()*(LastPort+1)+FirstPort:][:LastPort], false)
	}
	if s.IsAll() != full {
		t.Fatalf("%s: IsAll of %s is %t", what, s, s.IsAll())
	}
}

func checkAlgebra(t *testing.T, x, y []byte) {
	t.Helper()
	s, a := both(x)
	u, b := both(y)
	checkSame(t, "s", s, a)
	var union, intersection, difference bitmap
	equal, contains := true, true
	for i := range a {
		union[i] = a[i] || b[i]
		intersection[i] = a[i] && b[i]
		difference[i] = a[i] && !b[i]
		equal = equal && a[i] == b[i]
		contains = contains && (a[i] || !b[i])
	}
	checkSame(t, "union", s.Union(u), &union)
	checkSame(t, "intersection", s.Intersect(u), &intersection)
	checkSame(t, "difference", s.Subtract(u), &difference)
	if s.Equal(u) != equal {
		t.Fatalf("%s.Equal(%s) is %t", s, u, !equal)
	}
	if s.ContainsAll(u) != contains {
		t.Fatalf("%s.ContainsAll(%s) is %t", s, u, !contains)
	}
	for _, p := range protocols() {
		for _, port := range []int{0, 1, 80, 0x1234, 65535, 65536} {
			want := port >= FirstPort && port <= LastPort && *a.index(p, port)
			if s.Contains(p, port) != want {
				t.Fatalf("%s.Contains(%s, %d) is %t", s, p, port, !want)
			}
		}
	}
	// A set is immutable: what was made of it left it alone.
	checkSame(t, "s afterwards", s, a)
	checkSame(t, "t afterwards", u, b)
}

func TestConnSetAgainstBitmap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		x, y := make([]byte, random.IntN(30)), make([]byte, random.IntN(30))
		for i := range x {
			x[i] = byte(random.Uint32())
		}
		for i := range y {
			y[i] = byte(random.Uint32())
		}
		checkAlgebra(t, x, y)
	}
	// Everything of TCP, and everything.
	var full, all []byte
	for p := range byte(3) {
		for _, start := range []byte{0, 64, 128, 192} {
			all = append(all, p, start, 0, 255, 255)
		}
		if p == 0 {
			full = slices.Clone(all)
		}
	}
	checkAlgebra(t, all, full)
	checkAlgebra(t, full, all)
}

func FuzzConnSet(f *testing.F) {
	f.Add([]byte{0, 0, 80, 0, 0}, []byte{0, 0, 81, 10, 0})
	f.Add([]byte{1, 0, 0, 255, 255}, []byte{1, 255, 255, 0, 0})
	f.Fuzz(func(t *testing.T, x, y []byte) {
		if len(x) > 60 || len(y) > 60 {
			t.Skip("long sets only take time")
		}
		checkAlgebra(t, x, y)
	})
}

func TestConnSetString(t *testing.T) {
	tests := []struct {
		set  ConnSet
		want string
	}{
		{ConnSet{}, "nothing"},
		{All(), "all"},
		{Ports(TCP, 80, 80), "TCP 80"},
		{Ports(UDP, 53, 53).Union(Ports(TCP, 8000, 8080)).Union(Ports(TCP, 80, 80)), "TCP 80,8000-8080; UDP 53"},
		{Ports(TCP, 80, 80).Union(Ports(TCP, 81, 90)), "TCP 80-90"},
		{Ports(TCP, -5, 70000), "TCP 1-65535"},
		{All().Subtract(Ports(SCTP, 1, 65535)), "TCP 1-65535; UDP 1-65535"},
		{Ports(TCP, 0, 0), "nothing"},
		{Ports(TCP, 90, 80), "nothing"},
		{Ports("ICMP", 80, 80), "nothing"},
	}
	for _, test := range tests {
		if got := test.set.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
