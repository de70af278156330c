package fetch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// cacheFile is where the archive of a pin is kept. Its name is made of the digest, of
// what was asked for and of what that is: a lock file that just repeats a digest of
// somebody else's cache, or gives it as that of another version, gets nothing of it.
func (f *Fetcher) cacheFile(p Pin) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %q", p.Kind, p.URL, p.Name, p.Resolved, p.Revision, p.Digest))
	return filepath.Join(f.opts.Cache, fmt.Sprintf("%x", sum))
}

// cached reads the archive of a pin from the cache. ErrTampered means that the file
// there is not what the pin says.
func (f *Fetcher) cached(p Pin) ([]byte, error) {
	if f.opts.Cache == "" {
		return nil, fs.ErrNotExist
	}
	name := f.cacheFile(p)
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

// keep puts the archive of a pin into the cache, at once or not at all.
func (f *Fetcher) keep(p Pin, data []byte) error {
	if err := os.MkdirAll(f.opts.Cache, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(f.opts.Cache, "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // gone already where all went well
	_, err = file.Write(data)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), f.cacheFile(p))
}
