package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// unpack reads the files of a tar file, packed by gzip or not, into memory. Links and
// devices are left out, so nothing of an archive can lead elsewhere; a name that leaves
// the archive makes it invalid.
func (f *Fetcher) unpack(data []byte) (map[string][]byte, error) {
	var in io.Reader = bytes.NewReader(data)
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = unzipped
	}
	// Headers and padding count too: an archive of nothing but headers has an end.
	bounded := &boundedReader{in: in, left: f.opts.Limits.archive(), what: "the archive expands to"}
	archive := tar.NewReader(bounded)
	into := &unpacked{limits: f.opts.Limits, files: make(map[string][]byte), folders: map[string]bool{".": true}}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = into.add(header, archive)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(into.files) == 0 {
		return nil, errors.New("it holds no files")
	}
	return into.files, nil
}

// unpacked is what was read of an archive so far.
type unpacked struct {
	limits  Limits
	files   map[string][]byte
	folders map[string]bool // in which files lie
	size    int64           // bytes of the files
	entries int             // of the archive, and folders that it does not list
}

func (u *unpacked) add(header *tar.Header, in io.Reader) error {
	name, err := entryName(header.Name)
	if err != nil {
		return err
	}
	isFile := header.Typeflag == tar.TypeReg && name != "."
	u.entries++
	// One long name can stand for many folders.
	for dir := path.Dir(name); isFile && !u.folders[dir]; dir = path.Dir(dir) {
		u.folders[dir] = true
		u.entries++
		if _, taken := u.files[dir]; taken {
			return fmt.Errorf("%q is both a file and a folder", dir)
		}
	}
	switch {
	case u.entries > u.limits.Entries:
		return fmt.Errorf("%w: it has more than %d entries", ErrLimit, u.limits.Entries)
	case !isFile:
		return nil
	case u.folders[name]:
		return fmt.Errorf("%q is both a file and a folder", name)
	}
	if u.size += header.Size; u.size > u.limits.Unpacked {
		return fmt.Errorf("%w: it expands to more than %d bytes", ErrLimit, u.limits.Unpacked)
	}
	u.files[name], err = io.ReadAll(in)
	return err
}

// maxName bounds the length in bytes of the name of an entry, folders included.
const maxName = 1024

// entryName is the name of an entry relative to the archive's root.
func entryName(text string) (string, error) {
	if len(text) > maxName {
		return "", fmt.Errorf("%w: the name %.40q… has %d bytes", ErrLimit, text, len(text))
	}
	name := path.Clean(text)
	if path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") || strings.ContainsAny(name, "\\\x00") {
		return "", fmt.Errorf("the name %q leaves it", text)
	}
	return name, nil
}

// chartFolder returns the files of a packed chart without the one folder that all of
// them lie in.
func chartFolder(files map[string][]byte) (map[string][]byte, error) {
	chart := make(map[string][]byte, len(files))
	var top string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		first, rest, found := strings.Cut(name, "/")
		if !found || top != "" && first != top {
			return nil, errors.New("it is no packed chart, of which all files lie in one folder")
		}
		top = first
		chart[rest] = files[name]
	}
	if chart["Chart.yaml"] == nil {
		return nil, errors.New("it has no Chart.yaml")
	}
	return chart, nil
}

// pack writes files as a tar file that depends on nothing but their names and content.
func pack(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(files[name])), Format: tar.FormatPAX}
		if err := archive.WriteHeader(&header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return out.Bytes(), err
}

// A boundedReader fails, and does not end, where there is more than left.
type boundedReader struct {
	in   io.Reader
	left int64
	what string
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.in.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: %s too many bytes", ErrLimit, b.what)
	}
	return n, err
}
