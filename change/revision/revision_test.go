package revision_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/change/revision"
	"github.com/ringfence/ringfence/manifest"
)

// repository is a git repository that git itself makes.
type repository struct {
	*testing.T
	dir   string
	clock int // of the next commit
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	r := &repository{T: t, dir: t.TempDir(), clock: 1_700_000_000}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r *repository) git(args ...string) string {
	r.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	date := fmt.Sprintf("%d +0000", r.clock)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *repository) write(name, content string) {
	r.Helper()
	file := filepath.Join(r.dir, name)
	check(r.T, os.MkdirAll(filepath.Dir(file), 0o755))
	check(r.T, os.WriteFile(file, []byte(content), 0o644))
}

func (r *repository) commit(message string) string {
	r.Helper()
	r.clock++
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", message)
	return r.git("rev-parse", "HEAD")
}

func open(t *testing.T, dir string) *revision.Repository {
	t.Helper()
	r, err := revision.Open(dir)
	check(t, err)
	t.Cleanup(func() { check(t, r.Close()) })
	return r
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// content describes what a folder holds, by name: the text of a file, "-> target"
// of a link, "/" for an empty folder. It leaves out ".git".
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	check(t, filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, file)
		switch {
		case name == ".git" && entry.IsDir():
			return filepath.SkipDir
		case name == ".git":
		case entry.IsDir():
			if entries, err := os.ReadDir(file); err != nil || len(entries) == 0 {
				all[name] = "/"
			}
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(file)
			all[name] = "-> " + target
			return err
		default:
			data, err := os.ReadFile(file)
			all[name] = string(data)
			return err
		}
		return nil
	}))
	return all
}

// TestCheckout compares with the working tree that git makes, from loose objects,
// from a pack, in a linked worktree and in a clone that borrows objects.
func TestCheckout(t *testing.T) {
	r := newRepository(t)
	r.write("a.yaml", "first\n")
	first := r.commit("one")
	r.write("a.yaml", strings.Repeat("second\n", 100))
	r.write("deep/er/b.yaml", "b\n")
	r.write("big.bin", strings.Repeat("x", manifest.DefaultMaxFileSize+1))
	check(t, os.Symlink("deep/er/b.yaml", filepath.Join(r.dir, "link.yaml")))
	check(t, os.Symlink("../outside", filepath.Join(r.dir, "out")))
	second := r.commit("two")
	want := content(t, r.dir)
	want["big.bin"] = strings.Repeat("\x00", manifest.DefaultMaxFileSize+1) // only the size is kept

	linked, borrowing := filepath.Join(t.TempDir(), "linked"), filepath.Join(t.TempDir(), "borrowing")
	r.git("worktree", "add", "-q", linked, first)
	r.git("clone", "-q", "--shared", r.dir, borrowing)
	compare := func(dir, commit string, want map[string]string) {
		t.Helper()
		opened := open(t, dir)
		c, err := opened.Resolve(commit)
		check(t, err)
		out := t.TempDir()
		check(t, opened.Checkout(t.Context(), c, out))
		if diff := cmp.Diff(want, content(t, out)); diff != "" {
			t.Error(diff)
		}
	}
	compare(r.dir, second, want)
	compare(linked, "HEAD", map[string]string{"a.yaml": "first\n"})
	compare(linked, "main", want)
	compare(borrowing, "origin/main", want)
	r.git("gc", "-q")
	compare(r.dir, second, want)
	compare(r.dir, first, map[string]string{"a.yaml": "first\n"})
	compare(borrowing, "main", want)
}

// TestCheckoutOfHostileTree refuses names that lead out of the folder.
func TestCheckoutOfHostileTree(t *testing.T) {
	r := newRepository(t)
	blob := strings.Fields(r.git("hash-object", "-w", "--stdin"))[0]
	object := func(kind string, data []byte) string {
		file := filepath.Join(t.TempDir(), "object")
		check(t, os.WriteFile(file, data, 0o600))
		return r.git("hash-object", "-t", kind, "--literally", "-w", file)
	}
	raw := func(hash string) string {
		var b []byte
		_, err := fmt.Sscanf(hash, "%x", &b)
		check(t, err)
		return string(b)
	}
	outside := t.TempDir()
	link := object("blob", []byte(outside))
	inner := object("tree", []byte("100644 stolen\x00"+raw(blob)))
	for name, tree := range map[string]string{
		"parent": "100644 ../stolen\x00" + raw(blob), "absolute": "100644 " + outside + "/stolen\x00" + raw(blob),
		"link and folder": "120000 a\x00" + raw(link) + "40000 a\x00" + raw(inner),
	} {
		t.Run(name, func(t *testing.T) {
			commit := object("commit", []byte("tree "+object("tree", []byte(tree))+"\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx\n"))
			opened := open(t, r.dir)
			c, err := opened.Resolve(commit)
			check(t, err)
			parent := t.TempDir()
			dir := filepath.Join(parent, "dir")
			check(t, os.Mkdir(dir, 0o755))
			err = opened.Checkout(t.Context(), c, dir)
			for _, file := range []string{filepath.Join(parent, "stolen"), filepath.Join(outside, "stolen")} {
				if _, missing := os.Lstat(file); missing == nil {
					t.Errorf("%s was written", file)
				}
			}
			if _, inside := os.Lstat(filepath.Join(dir, outside)); err == nil && inside != nil {
				t.Error("no error and nothing written")
			}
		})
	}
}

func TestSubmodule(t *testing.T) {
	r := newRepository(t)
	r.write("a.yaml", "a")
	head := r.commit("one")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+head+",vendored/sub")
	r.git("commit", "-q", "-m", "two")
	opened := open(t, r.dir)
	c, err := opened.Resolve("HEAD")
	check(t, err)
	dir := t.TempDir()
	check(t, opened.Checkout(t.Context(), c, dir))
	submodules, err := opened.Submodules(c)
	check(t, err)
	if diff := cmp.Diff(map[string]string{"vendored/sub": head}, submodules); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"a.yaml": "a", "vendored/sub": "/"}, content(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestResolve(t *testing.T) {
	r := newRepository(t)
	first, second := r.commit("one"), r.commit("two")
	r.git("tag", "light", first)
	r.git("tag", "-a", "-m", "x", "heavy", first)
	r.git("branch", "feature/shop", first)
	r.git("update-ref", "refs/remotes/origin/release-2", second)
	r.git("checkout", "-q", "-b", "side", first)
	side := r.commit("three")
	r.git("checkout", "-q", "main")
	r.clock++
	r.git("merge", "-q", "--no-edit", "side")
	merge := r.git("rev-parse", "HEAD")
	r.git("pack-refs", "--all")
	opened := open(t, r.dir)
	for name, want := range map[string]string{
		"main": merge, "HEAD": merge, "@": merge, "refs/heads/main": merge, "heads/main": merge,
		"light": first, "heavy": first, "heavy^{}": first, "heavy^{commit}": first, "feature/shop": first,
		"origin/release-2": second, first: first, second[:7]: second, strings.ToUpper(second[:9]): second,
		"main~": second, "main~2": first, "main^": second, "main^2": side, "main^2~1": first, "@~1": second, "main^0": merge, "main~0": merge,
	} {
		if c, err := opened.Resolve(name); err != nil || c.Hash.String() != want {
			t.Errorf("%s is %s, %v; want %s", name, c.Hash, err, want)
		}
	}
	for name, want := range map[string][]string{
		"mian": {"main"}, "release-2": {"origin/release-2"}, "feature/shopp": {"feature/shop"}, "nothing-like-it": nil,
		"main^3": nil, "main~9": nil, "0000000": nil, strings.Repeat("0", 40): nil,
	} {
		_, err := opened.Resolve(name)
		var unknown *revision.Unknown
		if !errors.As(err, &unknown) {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(want, unknown.Candidates); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, name := range []string{"", "main@{1}", "@{upstream}", ":/one", "main:a.yaml", "main..side", "^main"} {
		if c, err := opened.Resolve(name); err == nil {
			t.Errorf("%q is taken for %s", name, c.Hash)
		}
	}
}

// TestMergeBase compares with git on random histories, clocks that go wrong included.
func TestMergeBase(t *testing.T) {
	r := newRepository(t)
	random := rand.New(rand.NewPCG(1, 2))
	tree := r.git("write-tree")
	var commits []string
	for i := range 60 {
		r.clock += random.IntN(3)
		args := []string{"commit-tree", tree, "-m", fmt.Sprint(i)}
		for range min(len(commits), 1+random.IntN(12)/5) {
			if parent := commits[len(commits)-1-random.IntN(min(len(commits), 8))]; !slices.Contains(args, parent) {
				args = append(args, "-p", parent)
			}
		}
		commits = append(commits, r.git(args...))
	}
	opened := open(t, r.dir)
	found := 0
	for range 150 {
		a, b := commits[random.IntN(len(commits))], commits[random.IntN(len(commits))]
		cmd := exec.Command("git", "merge-base", "--all", a, b)
		cmd.Dir = r.dir
		out, _ := cmd.Output() // fails where there is none
		want := strings.Fields(string(out))
		first, err := opened.Resolve(a)
		check(t, err)
		second, err := opened.Resolve(b)
		check(t, err)
		got, err := opened.MergeBase(first, second)
		switch {
		case len(want) == 0 && err == nil:
			t.Errorf("%s and %s: got %s, want none", a, b, got.Hash)
		case len(want) > 0 && err != nil:
			t.Errorf("%s and %s: %v, want one of %s", a, b, err, want)
		case len(want) > 0 && !slices.Contains(want, got.Hash.String()):
			t.Errorf("%s and %s: got %s, want one of %s", a, b, got.Hash, want)
		}
		found += min(len(want), 1)
	}
	if found < 50 {
		t.Errorf("only %d pairs have something in common", found)
	}
}

// TestShallow names what to do where history is missing.
func TestShallow(t *testing.T) {
	r := newRepository(t)
	r.commit("one")
	r.git("branch", "old")
	r.git("checkout", "-q", "-b", "side")
	r.commit("side")
	r.git("checkout", "-q", "main")
	last := r.commit("two")
	clone := filepath.Join(t.TempDir(), "clone")
	r.git("clone", "-q", "--depth", "1", "--no-single-branch", "file://"+r.dir, clone)
	opened := open(t, clone)
	c, err := opened.Resolve("HEAD")
	if check(t, err); c.Hash.String() != last {
		t.Errorf("HEAD is %s", c.Hash)
	}
	side, err := opened.Resolve("origin/side")
	check(t, err)
	_, noBase := opened.MergeBase(c, side)
	_, noParent := opened.Resolve("HEAD~1")
	_, unknown := opened.Resolve("old-release")
	for what, err := range map[string]error{"merge base": noBase, "parent": noParent, "unknown": unknown} {
		if err == nil || !strings.Contains(err.Error(), "fetch-depth: 0") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestPartialClone names the file that a clone with a filter left out.
func TestPartialClone(t *testing.T) {
	r := newRepository(t)
	r.git("config", "uploadpack.allowFilter", "true")
	r.write("docs/images/rack.png", strings.Repeat("x", 4096))
	r.write("app/web.yaml", "kind: Pod\n")
	r.commit("one")
	clone := filepath.Join(t.TempDir(), "clone")
	r.git("clone", "-q", "--no-checkout", "--filter=blob:limit=1k", "file://"+r.dir, clone)
	opened := open(t, clone)
	c, err := opened.Resolve("HEAD")
	check(t, err)
	want := "docs/images/rack.png is not in this clone; fetch it without a filter"
	if err := opened.Checkout(t.Context(), c, t.TempDir()); err == nil || !strings.HasSuffix(err.Error(), ": "+want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestOpenErrors(t *testing.T) {
	if _, err := revision.Open(t.TempDir()); !errors.Is(err, revision.ErrNoRepository) {
		t.Errorf("an empty folder: %v", err)
	}
	r := newRepository(t)
	r.git("config", "core.repositoryFormatVersion", "1")
	r.git("config", "extensions.worktreeConfig", "true")
	r.commit("one")
	open(t, r.dir) // as after "git sparse-checkout"
	r.git("config", "extensions.objectFormat", "sha256")
	if _, err := revision.Open(r.dir); err == nil || !strings.Contains(err.Error(), "sha256") {
		t.Errorf("another object format: %v", err)
	}
}
