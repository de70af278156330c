package worker

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A kind says what a frame holds.
type kind byte

const (
	aJob      kind = 'j' // to the worker
	aQuestion kind = 'q' // from the worker
	anAnswer  kind = 'a' // to the worker
	aResult   kind = 'r' // from the worker
	tooMuch   kind = 't' // from the worker: the result is larger than it may be
)

// maxFrame bounds what one frame holds, in bytes.
const maxFrame = 256 << 20

// writeFrame writes a kind, the length of what follows as four bytes, and that.
func writeFrame(w io.Writer, k kind, data []byte) error {
	if len(data) > maxFrame {
		return fmt.Errorf("a frame of %d bytes, over the limit of %d", len(data), maxFrame)
	}
	head := [5]byte{byte(k)}
	binary.BigEndian.PutUint32(head[1:], uint32(len(data)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// readFrame reads what writeFrame wrote; more than limit bytes are an error.
func readFrame(r io.Reader, limit int) (kind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if int64(n) > int64(min(limit, maxFrame)) {
		return 0, nil, fmt.Errorf("a frame of %d bytes, over the limit of %d", n, limit)
	}
	// What a frame says of its length is believed only as far as it comes.
	const step = 1 << 20
	data := make([]byte, 0, min(n, step))
	for len(data) < int(n) {
		at := len(data)
		more := min(int(n)-at, max(step, at))
		data = append(data, make([]byte, more)...)
		if _, err := io.ReadFull(r, data[at:]); err != nil {
			return 0, nil, fmt.Errorf("read a frame: %w", err)
		}
	}
	return kind(head[0]), data, nil
}
