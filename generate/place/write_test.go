package place

import (
	"os"
	"path/filepath"
	"testing"
)

// Where one file cannot be written, nothing changes and nothing is left behind.
func TestWriteAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"kustomization.yaml": "old", "edited.yaml": "edited since", "taken": "a file"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := Change{File: "kustomization.yaml", Before: []byte("old"), After: []byte("new")}
	for name, bad := range map[string]Change{
		"a file that changed":     {File: "edited.yaml", Before: []byte("as read"), After: []byte("new")},
		"a removal of such":       {File: "edited.yaml", Before: []byte("as read")},
		"a file that is there":    {File: "edited.yaml", After: []byte("new")},
		"a folder that is a file": {File: "taken/new.yaml", After: []byte("new")},
		"a file outside":          {File: "../new.yaml", After: []byte("new")},
		"a folder":                {File: ".", Before: []byte("old"), After: []byte("new")},
	} {
		plan := &Plan{Changes: []Change{good, bad}}
		if err := plan.Write(dir); err == nil {
			t.Errorf("%s: no error", name)
		}
		if data, err := os.ReadFile(filepath.Join(dir, good.File)); string(data) != "old" || err != nil {
			t.Errorf("%s: another file became %q, %v", name, data, err)
		}
		if entries, err := os.ReadDir(dir); len(entries) != 3 || err != nil {
			t.Errorf("%s: left %v, %v", name, entries, err)
		}
	}
}

// Folders are made, modes stay, and what another run has removed is removed.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "kustomization.yaml")
	if err := os.WriteFile(name, []byte("old"), 0o444); err != nil {
		t.Fatal(err)
	}
	plan := &Plan{Changes: []Change{
		{File: "chart/templates/new.yaml", After: []byte("new")},
		{File: "gone.yaml", Before: []byte("old")},
		{File: "kustomization.yaml", Before: []byte("old"), After: []byte("new")},
	}}
	if err := plan.Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{name, filepath.Join(dir, "chart/templates/new.yaml")} {
		if data, err := os.ReadFile(file); string(data) != "new" || err != nil {
			t.Errorf("%s holds %q, %v", file, data, err)
		}
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o444 {
		t.Errorf("the mode became %v, %v", info.Mode(), err)
	}
}
