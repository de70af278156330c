package fetch

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// A Folder gets what a ref names as a folder of a repository's tree. Named is the line
// of the repository that names it. Nil has nothing.
type Folder func(ctx context.Context, ref Ref, named manifest.Pos) (dir string, err error)

// Into shows what is fetched in a tree.
func (f *Fetcher) Into(tree *source.Tree) Folder {
	return func(ctx context.Context, ref Ref, named manifest.Pos) (string, error) {
		files, err := f.Get(ctx, ref)
		if err != nil {
			return "", err
		}
		return tree.Mount(files.Label, files.Digest, named, files.Content), nil
	}
}

// Get is a call of the function, with the error ErrNotFetched where there is none.
func (f Folder) Get(ctx context.Context, ref Ref, named manifest.Pos) (dir string, err error) {
	if f == nil {
		return "", fmt.Errorf("%s %w", ref, ErrNotFetched)
	}
	return f(ctx, ref, named)
}

// Never completes the reason of a gap of what lies elsewhere and is not fetched at all.
func Never(reason string) string {
	return reason + "; it is not fetched, so put it into the repository"
}

// Gap is that of what could not be fetched. Code and reason are those of what lies
// elsewhere and was not fetched.
func Gap(err error, pos manifest.Pos, code manifest.Code, reason string) manifest.Gap {
	if errors.Is(err, ErrNotFetched) {
		return manifest.Gap{Pos: pos, Code: code, Reason: reason + `; "ringfence fetch" fetches it`}
	}
	text := withoutQueries(strings.Join(strings.Fields(err.Error()), " "))
	return manifest.Gap{Pos: pos, Code: manifest.FetchFailed, Reason: reason + "; it cannot be fetched: " + text}
}

var (
	// secret matches what stands before the host of a URL, but for the user of SSH.
	secret = regexp.MustCompile(`(?i)((?:https?|oci)://)[^/\s"']+@|(://[^/:\s"']*:)[^/\s"']*@`)
	// query matches the query of a URL, which of those that a server leads to is often a
	// signature that lets anybody in.
	query = regexp.MustCompile(`(?i)(https?://[^\s"'?]*)\?[^\s"']*`)
)

// WithoutSecrets is a text without the credentials of URLs in it.
func WithoutSecrets(text string) string { return secret.ReplaceAllString(text, "$1$2***@") }

// withoutQueries is a text without the queries of URLs in it.
func withoutQueries(text string) string { return query.ReplaceAllString(text, "$1") }
