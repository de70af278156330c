// Package cache keeps results between runs, in files that are named by keys.
//
// A key has to name everything that a result depends on, so entries never change and
// never become wrong; they are only forgotten. Several processes may use one folder, and
// be killed at any time: an entry is there as a whole or not at all, and one that is
// damaged counts as missing. The package does not know what keys and results say.
package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

// A Key identifies a result.
type Key [sha256.Size]byte

// A Cache is a folder of results. A nil Cache holds nothing and keeps nothing. Its
// methods may be called concurrently.
type Cache struct {
	dir   string
	maker string
	most  int64        // bytes of all entries
	added atomic.Int64 // bytes that this process has put
}

// New returns the cache in a folder, which is made when something is put. Results of
// another maker, or version of it, are not seen. Trim brings the folder down to so many
// bytes.
func New(dir, maker string, most int64) *Cache { return &Cache{dir: dir, maker: maker, most: most} }

// rested is after which time an entry that is used counts as used again, and one that is
// unfinished as left behind.
const rested = time.Hour

func (c *Cache) name(key Key) string {
	name := sha256.Sum256(append([]byte(c.maker+"\x00"), key[:]...))
	return hex.EncodeToString(name[:])
}

// Get returns the result of a key, or false where there is none. A damaged one is
// removed.
func (c *Cache) Get(key Key) ([]byte, bool) {
	if c == nil {
		return nil, false
	}
	name := filepath.Join(c.dir, c.name(key))
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, false
	}
	if len(data) < sha256.Size || !bytes.Equal(data[:sha256.Size], checksum(key, data[sha256.Size:])) {
		_ = os.Remove(name) // another process may have been faster
		return nil, false
	}
	if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > rested {
		now := time.Now()
		_ = os.Chtimes(name, now, now) // then it only is forgotten sooner
	}
	return data[sha256.Size:], true
}

// checksum is what stands before a result.
func checksum(key Key, result []byte) []byte {
	h := sha256.New()
	h.Write(key[:])
	h.Write(result)
	return h.Sum(nil)
}

// Put keeps the result of a key. Where that is not possible, it is not kept.
func (c *Cache) Put(key Key, result []byte) {
	if c == nil || int64(len(result)) > c.most/4 {
		return
	}
	if Write(c.dir, c.name(key), checksum(key, result), result) == nil {
		c.added.Add(int64(len(result)))
	}
}

// Trim removes what was not used for longest, until the rest is no larger than it may
// be, and what killed processes left. It looks only where this process has put something.
func (c *Cache) Trim() {
	if c == nil || c.added.Swap(0) == 0 {
		return
	}
	Clean(c.dir)
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	var files []fs.FileInfo
	var size int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || len(info.Name()) != 2*sha256.Size {
			continue // an unfinished one, or none of the cache
		}
		files = append(files, info)
		size += info.Size()
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range files {
		if size <= c.most {
			return
		}
		size -= info.Size()
		_ = os.Remove(filepath.Join(c.dir, info.Name())) // another process may trim too
	}
}
