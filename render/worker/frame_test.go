package worker

import (
	"bytes"
	"testing"
)

// FuzzFrame reads frames as a worker gone wrong might write them: what is read is what
// was written, and what was not written takes no memory.
func FuzzFrame(f *testing.F) {
	var written bytes.Buffer
	for k, data := range map[kind]string{aJob: "", aResult: "a result", anAnswer: "\x00"} {
		if err := writeFrame(&written, k, []byte(data)); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(written.Bytes())
	f.Add([]byte("r\x0f\xff\xff\xffshort"))
	f.Add([]byte("r\xff\xff\xff\xff"))
	f.Add([]byte("q\x00"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		const limit = 1 << 16
		in := bytes.NewReader(stream)
		var again bytes.Buffer
		for {
			k, data, err := readFrame(in, limit)
			if err != nil {
				break
			}
			if len(data) > limit {
				t.Fatalf("a frame of %d bytes", len(data))
			}
			if err := writeFrame(&again, k, data); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(stream, again.Bytes()) {
			t.Errorf("%q was read as %q", stream, again.Bytes())
		}
	})
}
