package main

import "testing"

// TestRootOfFileSystem checks that a folder that no git repository holds is looked at
// alone where a container starts, and not with all files there are.
func TestRootOfFileSystem(t *testing.T) {
	dir, err := existing(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("/")
	if got, err := repositoryRoot([]string{dir}); err != nil || got != dir {
		t.Errorf("got %q, %v; want %q", got, err, dir)
	}
}
