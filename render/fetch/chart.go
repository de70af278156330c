package fetch

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v3"
)

// index is the part of a Helm repository's index.yaml that matters here.
type index struct {
	Entries map[string]yaml.Node `yaml:"entries"`
}

// A chartVersion is one version of a chart in an index.
type chartVersion struct {
	Version string   `yaml:"version"`
	URLs    []string `yaml:"urls"`
	Digest  string   `yaml:"digest"` // of the archive, sha256 in hex; old repositories have none
}

// chart fetches a chart of a Helm repository: the version that is pinned, or the newest
// that fits what is asked for.
func (f *Fetcher) chart(ctx context.Context, pin Pin) (Pin, []byte, error) {
	base := strings.TrimSuffix(pin.URL, "/") + "/"
	ctx, err := towards(ctx, pin.Ref, base)
	if err != nil {
		return pin, nil, err
	}
	data, err := f.read(ctx, base+"index.yaml")
	if err != nil {
		return pin, nil, err
	}
	versions, err := versionsOf(data, pin.Name)
	if err != nil {
		return pin, nil, err
	}
	var names []string
	for _, v := range versions {
		names = append(names, v.Version)
	}
	asked := pin.Version
	if pin.Resolved != "" {
		asked = pin.Resolved
	}
	i := newest(names, asked)
	if i < 0 {
		return pin, nil, fmt.Errorf("the repository has no version %q of chart %q", asked, pin.Name)
	}
	v := versions[i]
	if len(v.URLs) == 0 {
		return pin, nil, fmt.Errorf("the index names no archive of version %q", v.Version)
	}
	at, err := url.Parse(base)
	if err == nil {
		at, err = at.Parse(v.URLs[0])
	}
	if err != nil {
		return pin, nil, err
	}
	archive, err := f.read(ctx, at.String())
	if err != nil {
		return pin, nil, err
	}
	if want := "sha256:" + strings.TrimPrefix(v.Digest, "sha256:"); v.Digest != "" && digestOf(archive) != want {
		return pin, nil, fmt.Errorf("the archive of version %q %w: %s, and the index says %s", v.Version, ErrTampered, digestOf(archive), want)
	}
	pin.Resolved = v.Version
	return pin, archive, nil
}

// maxParts bounds how many values an index holds: each takes some hundred bytes of
// memory, and as few as two of the file. The largest public indexes have two million.
const maxParts = 5_000_000

// versionsOf lists the versions of a chart in an index.
func versionsOf(data []byte, name string) ([]chartVersion, error) {
	parts := 0
	for _, separator := range []string{"\n", ",", ": ", "- ", "[", "{"} {
		parts += bytes.Count(data, []byte(separator))
	}
	if parts > maxParts {
		return nil, fmt.Errorf("%w: index.yaml has more than %d values", ErrLimit, maxParts)
	}
	var all index
	if err := yaml.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("index.yaml: %w", err)
	}
	node, ok := all.Entries[name]
	if !ok {
		return nil, fmt.Errorf("the repository has no chart %q", name)
	}
	var versions []chartVersion
	if err := node.Decode(&versions); err != nil {
		return nil, fmt.Errorf("index.yaml: chart %q: %w", name, err)
	}
	return versions, nil
}

// newest returns the index of the version that is asked for by name, or else of the
// newest that a constraint lets through, as Helm has it: without a constraint the newest
// that is no preview. It is -1 for none.
func newest(versions []string, asked string) int {
	for i, text := range versions {
		if text == asked && text != "" {
			return i
		}
	}
	if asked == "" {
		asked = "*"
	}
	constraint, err := semver.NewConstraint(asked)
	if err != nil {
		return -1
	}
	best, found := (*semver.Version)(nil), -1
	for i, text := range versions {
		v, err := semver.NewVersion(text)
		if err == nil && constraint.Check(v) && (best == nil || v.GreaterThan(best)) {
			best, found = v, i
		}
	}
	return found
}
