package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"
)

// sshURL matches both forms of SSH URLs, ssh://user@host/path and user@host:path.
var sshURL = regexp.MustCompile(`^(?:ssh://)?[\w.-]+@([\w.-]+)(?::\d+/|[:/])(.+)$`)

// gitURL is the URL by which a repository is fetched. There is no SSH here: what is
// public by SSH is so by HTTPS as well.
func gitURL(text string) string {
	if m := sshURL.FindStringSubmatch(text); m != nil {
		return "https://" + m[1] + "/" + m[2]
	}
	return text
}

// commit fetches the files of a commit: of the one that is pinned, or of the one that
// the branch, tag, commit or constraint of tags leads to. No history is fetched where
// the server can do without.
func (f *Fetcher) commit(ctx context.Context, pin Pin) (Pin, []byte, error) {
	text := gitURL(pin.URL)
	ctx, err := towards(ctx, pin.Ref, text)
	if err != nil {
		return pin, nil, err
	}
	endpoint, err := transport.NewEndpoint(text)
	if err != nil {
		return pin, nil, err
	}
	if endpoint.Protocol != "https" && endpoint.Protocol != "http" {
		return pin, nil, fmt.Errorf("%w: git repositories are fetched by HTTP only", ErrHost)
	}
	session, err := githttp.NewClient(f.client).NewUploadPackSession(endpoint, nil)
	if err != nil {
		return pin, nil, err
	}
	defer session.Close()
	refs, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return pin, nil, err
	}
	if pin.Resolved == "" {
		if pin.Resolved, err = resolveRevision(refs, pin.Version); err != nil {
			return pin, nil, err
		}
	}
	req := packp.NewUploadPackRequestFromCapabilities(refs.Capabilities)
	req.Wants = []plumbing.Hash{plumbing.NewHash(pin.Resolved)}
	if refs.Capabilities.Supports(capability.Shallow) {
		req.Depth = packp.DepthCommits(1)
		if err := req.Capabilities.Set(capability.Shallow); err != nil {
			return pin, nil, err
		}
	}
	answer, err := session.UploadPack(ctx, req)
	if err != nil {
		return pin, nil, err
	}
	defer answer.Close()
	data, err := io.ReadAll(packIn(answer, req.Capabilities))
	if err != nil {
		return pin, nil, err
	}
	files, err := f.checkout(data, plumbing.NewHash(pin.Resolved))
	if err != nil {
		return pin, nil, err
	}
	archive, err := pack(files)
	return pin, archive, err
}

// packIn is the pack in an answer, without the messages that most servers put between its
// parts.
func packIn(answer io.Reader, agreed *capability.List) io.Reader {
	switch {
	case agreed.Supports(capability.Sideband64k):
		return sideband.NewDemuxer(sideband.Sideband64k, answer)
	case agreed.Supports(capability.Sideband):
		return sideband.NewDemuxer(sideband.Sideband, answer)
	default:
		return answer
	}
}

// commitHash is the full hash of a commit.
var commitHash = regexp.MustCompile(`^[0-9a-f]{40}$`)

// resolveRevision returns the commit that a revision stands for.
func resolveRevision(refs *packp.AdvRefs, asked string) (string, error) {
	if commitHash.MatchString(asked) {
		return asked, nil
	}
	if asked == "" || asked == "HEAD" {
		if refs.Head == nil {
			return "", errors.New("the repository has no default branch")
		}
		return refs.Head.String(), nil
	}
	commitOf := func(name string) (string, bool) {
		if hash, ok := refs.Peeled[name]; ok { // the commit of an annotated tag
			return hash.String(), true
		}
		hash, ok := refs.References[name]
		return hash.String(), ok
	}
	for _, prefix := range []string{"refs/heads/", "refs/tags/", ""} {
		if commit, ok := commitOf(prefix + asked); ok {
			return commit, nil
		}
	}
	var tags []string
	for name := range refs.References {
		if tag, ok := strings.CutPrefix(name, "refs/tags/"); ok {
			tags = append(tags, tag)
		}
	}
	if i := newest(tags, asked); i >= 0 {
		commit, _ := commitOf("refs/tags/" + tags[i])
		return commit, nil
	}
	return "", fmt.Errorf("the repository has no branch or tag %q; a commit has 40 digits", asked)
}

// checkout returns the files of a commit in a pack, by name. Links and submodules are left
// out. The hashes of git make sure that they are those of the commit.
func (f *Fetcher) checkout(data []byte, commit plumbing.Hash) (map[string][]byte, error) {
	if err := f.measure(data); err != nil {
		return nil, err
	}
	store := memory.NewStorage()
	if err := packfile.UpdateObjectStorage(store, bytes.NewReader(data)); err != nil {
		return nil, err
	}
	c, err := object.GetCommit(store, commit)
	if err != nil {
		return nil, fmt.Errorf("commit %s: %w", commit, err)
	}
	tree, err := c.Tree()
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	left, entries := f.opts.Limits.Unpacked, 0
	walker := object.NewTreeWalker(tree, true, nil)
	defer walker.Close()
	for {
		name, entry, err := walker.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		// One folder may stand in a tree many times, and so may all below it.
		if entries++; entries > f.opts.Limits.Entries {
			return nil, fmt.Errorf("%w: the commit has more than %d entries", ErrLimit, f.opts.Limits.Entries)
		}
		if name, err = entryName(name); err != nil {
			return nil, err
		}
		if entry.Mode != filemode.Regular && entry.Mode != filemode.Executable {
			continue
		}
		blob, err := object.GetBlob(store, entry.Hash)
		if err != nil {
			return nil, err
		}
		if left -= blob.Size; left < 0 {
			return nil, fmt.Errorf("%w: the commit has more than %d bytes", ErrLimit, f.opts.Limits.Unpacked)
		}
		if files[name], err = contentOf(blob); err != nil {
			return nil, err
		}
	}
}

func contentOf(blob *object.Blob) ([]byte, error) {
	in, err := blob.Reader()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(in)
}

// measure adds up what the objects of a pack expand to, deltas included, before the
// library expands them: a small pack can stand for any amount of memory.
func (f *Fetcher) measure(data []byte) error {
	scanner := packfile.NewScanner(bytes.NewReader(data))
	_, objects, err := scanner.Header()
	if err != nil {
		return err
	}
	if int64(objects) > int64(f.opts.Limits.Entries)*4 { // folders are objects too
		return fmt.Errorf("%w: the pack has %d objects", ErrLimit, objects)
	}
	left := f.opts.Limits.Unpacked
	for range objects {
		header, err := scanner.NextObjectHeader()
		if err != nil {
			return err
		}
		if left -= header.Length; header.Length < 0 || left < 0 {
			return fmt.Errorf("%w: the pack expands to more than %d bytes", ErrLimit, f.opts.Limits.Unpacked)
		}
		start := &prefix{} // the scanner refuses more than the header says
		if _, _, err := scanner.NextObject(start); err != nil {
			return err
		}
		if header.Type.IsDelta() {
			if left -= deltaTarget(start.data); left < 0 {
				return fmt.Errorf("%w: the pack expands to more than %d bytes", ErrLimit, f.opts.Limits.Unpacked)
			}
		}
	}
	return nil
}

// A prefix keeps the start of what is written.
type prefix struct{ data []byte }

func (p *prefix) Write(b []byte) (int, error) {
	const enough = 20 // two numbers of seven bits a byte
	p.data = append(p.data, b[:min(len(b), enough-len(p.data))]...)
	return len(b), nil
}

// deltaTarget reads the size of what a delta makes, the second number at its start.
func deltaTarget(delta []byte) int64 {
	var size int64
	for range 2 {
		size = 0
		for shift := 0; len(delta) > 0 && shift < 63; shift += 7 {
			b := delta[0]
			delta = delta[1:]
			size |= int64(b&0x7f) << shift
			if b&0x80 == 0 {
				break
			}
		}
	}
	return size
}
