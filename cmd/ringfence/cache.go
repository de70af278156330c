package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/ringfence/ringfence/render/cache"
)

// mostRendered bounds in bytes what is kept of what was rendered.
const mostRendered = 512 << 20

// rendered is the cache of what was rendered, nil where none is wanted. What is fetched
// in this run may differ in the next.
func (w *workspace) rendered(s *selection) (*cache.Cache, error) {
	dir, err := w.cacheFolder(s)
	if err != nil || dir == "" || s.noCache || s.fetch {
		return nil, err
	}
	return cache.New(filepath.Join(dir, "rendered"), build(), mostRendered), nil
}

// build identifies the program: by its version, or, where it was built from a working
// tree, by its file.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if ok && strings.HasPrefix(info.Main.Version, "v") && !strings.Contains(info.Main.Version, "+dirty") {
		return info.Main.Version
	}
	if file, err := os.Executable(); err == nil {
		if stat, err := os.Stat(file); err == nil {
			return fmt.Sprintf("%s %d %s", file, stat.Size(), stat.ModTime())
		}
	}
	return toolVersion()
}
