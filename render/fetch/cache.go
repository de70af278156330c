package fetch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ringfence/ringfence/render/cache"
)

// cacheName names the file in which the archive of a pin is kept. It is made of the digest,
// of what was asked for and of what that is: a lock file that just repeats a digest of
// somebody else's cache, or gives it as that of another version, gets nothing of it.
func cacheName(p Pin) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %q", p.Kind, p.URL, p.Name, p.Resolved, p.Revision, p.Digest))
	return fmt.Sprintf("%x", sum)
}

// cached reads the archive of a pin from the cache. ErrTampered means that the file
// there is not what the pin says.
func (f *Fetcher) cached(p Pin) ([]byte, error) {
	if f.opts.Cache == "" {
		return nil, fs.ErrNotExist
	}
	name := filepath.Join(f.opts.Cache, cacheName(p))
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, f.opts.Limits.archive()+1))
	if err != nil {
		return nil, err
	}
	if digestOf(data) != p.Digest {
		return nil, fmt.Errorf("%w: %s is not what %s pins", ErrTampered, name, LockFile)
	}
	return data, nil
}

// archive is how large an archive can be: packed as it was downloaded, or the files of
// a commit with the headers of a tar file.
func (l Limits) archive() int64 { return max(l.Download, l.Unpacked+int64(l.Entries)*2048) }

// keep puts the archive of a pin into the cache, and removes what killed processes left
// there.
func (f *Fetcher) keep(p Pin, data []byte) error {
	cache.Clean(f.opts.Cache)
	return cache.Write(f.opts.Cache, cacheName(p), data)
}
