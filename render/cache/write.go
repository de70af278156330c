package cache

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// unfinished begins the names of files that are being written.
const unfinished = "new-"

// Write makes a file of a folder, which is made where it is missing: as a whole or not
// at all, also where others write it at the same time, or the process is killed.
func Write(dir, name string, parts ...[]byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, unfinished+"*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // gone already where all went well; else Clean removes it
	for _, part := range parts {
		_, writeErr := file.Write(part)
		err = errors.Join(err, writeErr)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(dir, name))
}

// Clean removes what processes that were killed in Write left in a folder.
func Clean(dir string) {
	entries, _ := os.ReadDir(dir) // one that is not there holds nothing
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && strings.HasPrefix(e.Name(), unfinished) && time.Since(info.ModTime()) > rested {
			_ = os.Remove(filepath.Join(dir, e.Name())) // another process may have been faster
		}
	}
}
