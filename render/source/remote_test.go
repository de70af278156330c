package source_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/render/source"
)

func TestRepositoryURL(t *testing.T) {
	const one = "example.com/team/gitops"
	for text, want := range map[string]string{
		"https://example.com/team/gitops":           one,
		"https://example.com/team/gitops.git":       one,
		"https://example.com/team/gitops/":          one,
		"https://Example.COM/Team/GitOps.git":       one,
		"http://user:token@example.com/team/gitops": one,
		"https://example.com:8443/team/gitops":      one,
		"git@example.com:team/gitops.git":           one,
		"git@example.com:/team/gitops":              one,
		"ssh://git@example.com/team/gitops.git":     one,
		"ssh://git@example.com:22/team/gitops":      one,
		"git://example.com/team/gitops":             one,
		" https://example.com/team/gitops ":         one,
		"https://example.com/team/gitops2":          "example.com/team/gitops2",
		"oci://example.com/team/chart":              "example.com/team/chart",
		"":                                          "",
		"gitops":                                    "",
		"../gitops":                                 "",
		"/srv/git/gitops":                           "",
		"https://":                                  "",
		"https://exa mple.com/%zz":                  "",
	} {
		if got := source.RepositoryURL(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestRemotes(t *testing.T) {
	dir := t.TempDir()
	config := `[core]
	bare = false
; [remote "old"] url = https://example.com/none
[remote "origin"]
	url = "git@example.com:team/gitops.git" # ours
	fetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
	remote = origin
	url = https://example.com/branch
[Remote "mirror"]
  URL=https://mirror.example.com/gitops
[remote "local"]
	url = /srv/git/gitops
[include]
	path = ../../etc/passwd
`
	if err := os.MkdirAll(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".git", "config"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	tree, err := source.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if diff := cmp.Diff([]string{"example.com/team/gitops", "mirror.example.com/gitops"}, tree.Remotes()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
