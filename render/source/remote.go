package source

import (
	"bufio"
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// scp matches the short form of SSH URLs, user@host:path.
var scp = regexp.MustCompile(`^(?:[^@/:]+@)([^/:]+):(.+)$`)

// RepositoryURL brings a URL of a git repository to one form, so that those of one
// repository are equal whatever protocol, user, port and ending they name: host and
// path, such as "github.com/org/name". Hosts regard no case, and neither does Argo CD
// for paths. It is empty for what is no such URL.
func RepositoryURL(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	if m := scp.FindStringSubmatch(text); m != nil {
		text = "ssh://" + m[1] + "/" + m[2]
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	path := strings.Trim(u.Path, "/")
	return u.Hostname() + "/" + strings.TrimSuffix(path, ".git")
}

// A section and a URL in the configuration file of a git repository.
var (
	gitSection = regexp.MustCompile(`^\s*\[\s*(\w+)(?:\s+"[^"]*")?\s*\]`)
	gitURL     = regexp.MustCompile(`(?i)^\s*url\s*=\s*"?([^"#;]+?)"?\s*(?:[#;].*)?$`)
)

// Remotes returns the URLs of the repository's git remotes, as RepositoryURL gives them.
// It reads .git/config, and follows nothing that the file names.
func (t *Tree) Remotes() []string {
	data, err := t.ReadFile(".git/config")
	if err != nil {
		return nil // no git repository, or a linked one whose configuration lies elsewhere
	}
	var urls []string
	section := ""
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		line := lines.Text()
		if m := gitSection.FindStringSubmatch(line); m != nil {
			section = strings.ToLower(m[1])
		} else if m := gitURL.FindStringSubmatch(line); m != nil && section == "remote" {
			if u := RepositoryURL(m[1]); u != "" {
				urls = append(urls, u)
			}
		}
	}
	slices.Sort(urls)
	return slices.Compact(urls)
}
