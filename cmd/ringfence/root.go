package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ringfence/ringfence/render"
)

// repositoryRoot finds the repository in which all paths lie: the nearest folder
// above them with .git; without one, the working directory where the paths lie
// in it; else the smallest folder that holds the paths and all they refer to.
// Nothing outside the root is ever read.
func repositoryRoot(paths []string) (string, error) {
	root := ""
	for i, path := range paths {
		abs, err := existing(path)
		if err != nil {
			return "", err
		}
		own, err := rootOf(abs)
		if err != nil {
			return "", err
		}
		switch {
		case i == 0:
			root = own
		case own != root && hasGit(own) != hasGit(root), own != root && hasGit(own):
			return "", usagef("%q and %q lie in different repositories", paths[0], path)
		default:
			root = commonFolder(root, own)
		}
	}
	return root, nil
}

// existing returns the absolute path with symbolic links resolved.
func existing(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return "", usagef("%s: %w", path, pathErr.Err)
	}
	return abs, err
}

func rootOf(abs string) (string, error) {
	for dir := abs; ; dir = filepath.Dir(dir) {
		if hasGit(dir) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if cwd, err := os.Getwd(); err == nil {
		if cwd, err = filepath.EvalSymlinks(cwd); err == nil && inside(abs, cwd) && cwd != filepath.Dir(cwd) {
			return cwd, nil // but for the root of the file system, where containers start
		}
	}
	if info, err := os.Stat(abs); err == nil && !info.IsDir() {
		abs = filepath.Dir(abs)
	}
	return render.Reach(abs)
}

func hasGit(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}

// inside tells whether an absolute path is dir or lies below it.
func inside(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func commonFolder(a, b string) string {
	for !inside(b, a) {
		a = filepath.Dir(a)
	}
	return a
}

// relative returns a path that lies in root as a name of the repository.
func relative(root, path string) (string, error) {
	abs, err := existing(path)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return filepath.ToSlash(rel), nil
}
