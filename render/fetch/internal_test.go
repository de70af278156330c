package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestIsPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "140.82.121.3": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false,
		"198.18.0.1": false, "192.0.2.1": false, "::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fd00::1": false,
		"ff02::1": false, "::ffff:10.0.0.1": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::a00:1": false,
		"2002:7f00:1::": false, "2001::1": false, "fec0::1": false,
	} {
		if got := isPublic(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %v", text, got)
		}
	}
}

func TestAllows(t *testing.T) {
	list := []string{"charts.example.com", "*.ghcr.io", "127.0.0.1:5000"}
	for host, want := range map[string]bool{
		"charts.example.com": true, "charts.example.com:443": true, "Charts.Example.com": true, "pkg.ghcr.io": true, "127.0.0.1:5000": true,
		"example.com": false, "xcharts.example.com": false, "ghcr.io": false, "evilghcr.io": false, "127.0.0.1:5001": false, "charts.example.com.evil.org": false,
	} {
		if got := allows(list, host); got != want {
			t.Errorf("%s is allowed: %v", host, got)
		}
	}
}

// gzipped packs a tar file that write makes.
func gzipped(t *testing.T, write func(w *tar.Writer)) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	write(archive)
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestUnpack(t *testing.T) {
	f := New(Options{Limits: Limits{Download: 1 << 16, Unpacked: 1 << 16, Entries: 20}})
	file := func(name string, size int) func(w *tar.Writer) {
		return func(w *tar.Writer) {
			_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(size)})
			_, _ = w.Write(make([]byte, size))
		}
	}
	for name, test := range map[string]struct {
		data  []byte
		want  string // of the error
		limit bool
	}{
		"above":          {data: gzipped(t, file("../evil", 1)), want: "leaves it"},
		"above, hidden":  {data: gzipped(t, file("web/../../evil", 1)), want: "leaves it"},
		"absolute":       {data: gzipped(t, file("/etc/evil", 1)), want: "leaves it"},
		"of Windows":     {data: gzipped(t, file(`..\evil`, 1)), want: "leaves it"},
		"too large":      {data: gzipped(t, file("web", 1<<16+1)), limit: true},
		"much too large": {data: gzipped(t, file("web", 1<<24)), limit: true},
		"not gzip":       {data: []byte("\x1f\x8bnothing"), want: "EOF"},
		"not tar":        {data: []byte(strings.Repeat("x", 1024)), want: "tar"},
		"cut off":        {data: gzipped(t, file("web", 1000))[:60], want: "unexpected EOF"},
		"nothing in it":  {data: gzipped(t, func(*tar.Writer) {}), want: "no files"},
		"just a link": {data: gzipped(t, func(w *tar.Writer) {
			_ = w.WriteHeader(&tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"})
		}), want: "no files"},
		"a long name":       {data: gzipped(t, file(strings.Repeat("a/", 1000)+"x", 1)), limit: true},
		"folders in a name": {data: gzipped(t, file(strings.Repeat("a/", 21)+"x", 1)), limit: true},
		"file and folder":   {data: gzipped(t, func(w *tar.Writer) { file("web/a", 1)(w); file("web/a/b", 1)(w) }), want: `"web/a" is both a file and a folder`},
		"folder and file":   {data: gzipped(t, func(w *tar.Writer) { file("web/a/b", 1)(w); file("web/a", 1)(w) }), want: `"web/a" is both a file and a folder`},
		"too many entries": {data: gzipped(t, func(w *tar.Writer) {
			for i := range 21 {
				file(fmt.Sprint(i), 0)(w)
			}
		}), limit: true},
	} {
		_, err := f.unpack(test.data)
		if err == nil || errors.Is(err, ErrLimit) != test.limit || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// packOf makes a pack of one object whose header says size, and which holds data.
func packOf(kind byte, size int, data []byte) []byte {
	out := append([]byte("PACK\x00\x00\x00\x02"), 0, 0, 0, 1)
	b := kind<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		out, b = append(out, b|0x80), byte(size&0x7f)
	}
	out = append(out, b)
	const refDelta = 7
	if kind == refDelta {
		out = append(out, make([]byte, 20)...)
	}
	var zipped bytes.Buffer
	w := zlib.NewWriter(&zipped)
	_, _ = w.Write(data)
	_ = w.Close()
	return append(append(out, zipped.Bytes()...), make([]byte, 20)...)
}

// TestMeasure checks that packs that expand without measure are refused before they are
// expanded: by what they say, by what they hold, and by what their deltas make.
func TestMeasure(t *testing.T) {
	f := New(Options{Limits: Limits{Unpacked: 1 << 16, Entries: 10}})
	const blob, refDelta = 3, 7
	delta := binary.AppendUvarint(binary.AppendUvarint(nil, 5), 1<<30)
	many := packOf(blob, 1, []byte("x"))
	binary.BigEndian.PutUint32(many[8:], 1<<30)
	for name, test := range map[string]struct {
		pack []byte
		want string // of the error
	}{
		"small":               {packOf(blob, 5, []byte("hello")), ""},
		"small delta":         {packOf(refDelta, 3, []byte{5, 5, 0}), ""},
		"says so":             {packOf(blob, 1<<20, make([]byte, 1<<20)), ErrLimit.Error()},
		"is larger":           {packOf(blob, 5, make([]byte, 1<<20)), "exceeds declared size"},
		"delta makes a giant": {packOf(refDelta, len(delta), delta), ErrLimit.Error()},
		"too many objects":    {many, ErrLimit.Error()},
	} {
		err := f.measure(test.pack)
		if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestReadLock reads lock files, also such as an attacker would write.
func TestReadLock(t *testing.T) {
	digest, commit := "sha256:"+strings.Repeat("0", 64), strings.Repeat("a", 40)
	other := "sha256:" + strings.Repeat("1", 64)
	pin := func(fields string) string {
		return "version: 1\nfetched: [{url: u, digest: '" + digest + "', " + fields + "}]"
	}
	for text, want := range map[string]string{
		"":                                    "",
		"version: 1\nfetched: []\n":           "",
		pin("kind: git, resolved: " + commit): "",
		pin("kind: file"):                     "",
		pin("kind: chart, resolved: 1.2.0"):   "",
		pin("kind: chart, resolved: v1.2.0, version: 1.x"):                                                    "",
		pin("kind: artifact, version: a_b, resolved: a+b, revision: '" + digest + "'"):                        "",
		pin("kind: artifact, resolved: latest, revision: '" + digest + "'"):                                   "",
		pin("kind: artifact, version: '>=1.0.0', resolved: 1.0.0, revision: '" + other + "'"):                 "",
		pin("kind: artifact, version: '" + other + "', resolved: '" + other + "', revision: '" + other + "'"): "",

		"version: 2\nfetched: []\n":                                  "version 2",
		"version: 1\nfetched: [{kind: git, url: u, digest: md5:00}]": "no sha256 digest",
		"version: 1\nfetched: [{kind: git, url: u, digset: x}]":      "digset",
		pin("kind: svn"): `kind "svn"`,
		strings.Replace(pin("kind: git, resolved: "+commit+"}, *a, {"), "[{", "[&a {", 1): "twice",
		pin("kind: git, resolved: " + commit + ", extra: {nested: true}"):                 "extra",
		"{":                           "did not find",
		pin("kind: git, resolved: r"): `"r" is not what is asked for`,
		pin("kind: git, resolved: " + commit + ", version: " + strings.Repeat("b", 40)): "is not what is asked for",
		pin("kind: file, resolved: x"):                                                                         "is not what is asked for",
		pin("kind: chart, version: 1.0.0, resolved: 0.9.0"):                                                    `"0.9.0" is not what is asked for`,
		pin("kind: chart, version: 1.x, resolved: 2.0.0"):                                                      "is not what is asked for",
		pin(`kind: chart, resolved: "1.0.0\u001b[2J"`):                                                         `"1.0.0\x1b[2J" is not what is asked for`,
		pin("kind: chart, resolved: ../../1.0.0, version: ../../1.0.0"):                                        "is not what is asked for",
		pin("kind: chart, resolved: " + strings.Repeat("1", 300) + ".0.0"):                                     "is not what is asked for",
		pin("kind: artifact, resolved: latest"):                                                                "no digest of the manifest",
		pin("kind: artifact, version: '" + other + "', resolved: '" + other + "', revision: '" + digest + "'"): "is not what is asked for",
		pin("kind: artifact, version: 1.0.0, resolved: 0.9.0, revision: '" + digest + "'"):                     "is not what is asked for",
		"version: 1\nfetched: &a [*a]":                                                                         "cannot unmarshal",
	} {
		_, err := ReadLock([]byte(text))
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// TestLargeIndex checks that an index is refused before it takes all memory.
func TestLargeIndex(t *testing.T) {
	for _, filler := range []string{"1,", "[", "{a: ", "- 1\n", "a: 1\n"} {
		data := "entries:\n  web: [{version: 1.0.0}]\n  other: " + strings.Repeat(filler, maxParts+1)
		if _, err := versionsOf([]byte(data), "web"); !errors.Is(err, ErrLimit) {
			t.Errorf("%q: got %v", filler, err)
		}
	}
}

func TestWithoutSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"https://me:s3cret@example.com/x":      "https://***@example.com/x",
		"https://token@example.com/x":          "https://***@example.com/x",
		"git::https://me:p@ss@example.com/x":   "git::https://***@example.com/x",
		`no "oci://me:s3cret@example.com/x"`:   `no "oci://***@example.com/x"`,
		"ssh://git:s3cret@example.com/x":       "ssh://git:***@example.com/x",
		"ssh://git@example.com/x":              "ssh://git@example.com/x",
		"git@example.com:team/x":               "git@example.com:team/x",
		"oci://example.com:5000/x@sha256:0":    "oci://example.com:5000/x@sha256:0",
		"https://example.com/x?ref=v1 a@b.org": "https://example.com/x?ref=v1 a@b.org",
	} {
		if got := WithoutSecrets(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestNetrc(t *testing.T) {
	text := `# mine
machine example.com login me password s3cret
machine git.example.com:8443
	login you
	account x
	password other
macdef init
machine evil.example.com login a password b

machine last.example.com password only default login any password any`
	l := &Logins{}
	if err := l.netrc("", []byte(text)); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]login{
		"https://example.com/team/app":          {"me", "s3cret"},
		"https://example.com:443/team/app":      {"me", "s3cret"},
		"https://Example.com/team/app":          {"me", "s3cret"},
		"https://git.example.com:8443/app":      {"you", "other"},
		"https://last.example.com/app":          {"", "only"},
		"http://example.com/team/app":           {},
		"https://example.com:8443/team/app":     {},
		"https://git.example.com/app":           {},
		"https://sub.example.com/app":           {},
		"https://example.com.evil.org/app":      {},
		"https://evil.example.com/app":          {},
		"https://anywhere.org/app":              {},
		"https://example.com@elsewhere.org/app": {},
	} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := l.of(Ref{Kind: Git}, u)
		if got != want || ok != (want != login{}) {
			t.Errorf("%s: got %v, %v", at, got, ok)
		}
	}
}
