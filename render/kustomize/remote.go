package kustomize

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ringfence/ringfence/render/fetch"
)

var (
	scheme   = regexp.MustCompile(`^(?i)[a-z][a-z0-9+.-]*://`)
	userName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)
)

// isURL tells whether kustomize would load the path over HTTP, before it looks
// for a file. See IsRemoteFile of its loader.
func isURL(path string) bool {
	u, err := url.Parse(path)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// isRepository tells whether kustomize would clone what the path names, where
// there is no file of that name. It says so of everything for which
// NewRepoSpecFromURL of its package git succeeds, and of any other scheme.
func isRepository(path string) bool {
	if filepath.IsAbs(path) {
		return false
	}
	path, _, _ = strings.Cut(path, "?")
	if len(path) > 5 && strings.EqualFold(path[:5], "git::") {
		path = path[5:]
	}
	if scheme.MatchString(path) {
		return true
	}
	rest := userName.ReplaceAllString(path, "")
	lower := strings.ToLower(rest)
	if rest == path && !strings.HasPrefix(lower, "github.com/") && !strings.HasPrefix(lower, "github.com:") {
		return false
	}
	i := strings.IndexAny(rest, "/:") // the end of the host
	if i < 0 {
		return false
	}
	rest = rest[i+1:]
	return strings.ContainsRune(rest, '/') || strings.Contains(rest, ".git")
}

func remoteReason(path string) string { return fmt.Sprintf("%q would need the network", path) }

// neverFetched is the reason for what kustomize gets from elsewhere and ringfence does not.
func neverFetched(path string) string { return fetch.Never(remoteReason(path)) }
