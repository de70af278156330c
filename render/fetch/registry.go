package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

const (
	// helmLayer is the media type of a packed chart.
	helmLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	maxPages  = 100 // of a list of tags
	// maxManifest bounds a manifest in bytes, as registries do (OCI Distribution
	// Specification, "Pushing Manifests").
	maxManifest = 4 << 20
)

// artifact fetches the files of an OCI artifact or the chart in one: the manifest that is
// pinned, or that of the tag, digest or constraint that is asked for.
func (f *Fetcher) artifact(ctx context.Context, pin Pin) (Pin, []byte, error) {
	repo, err := f.repository(pin.Ref)
	if err != nil {
		return pin, nil, err
	}
	protocol := "https://"
	if repo.PlainHTTP {
		protocol = "http://"
	}
	if ctx, err = towards(ctx, pin.Ref, protocol+repo.Reference.Host()); err != nil {
		return pin, nil, err
	}
	asked := pin.Revision
	if asked == "" {
		if asked, err = resolveTag(ctx, repo, pin.Version); err != nil {
			return pin, nil, err
		}
		pin.Resolved = strings.ReplaceAll(asked, "_", "+")
	}
	descriptor, err := repo.Resolve(ctx, asked)
	if err != nil {
		return pin, nil, err
	}
	if pin.Revision != "" && descriptor.Digest.String() != pin.Revision {
		return pin, nil, fmt.Errorf("the manifest %w: %s, and %s pins %s", ErrTampered, descriptor.Digest, LockFile, pin.Revision)
	}
	pin.Revision = descriptor.Digest.String()
	layer, err := f.layer(ctx, repo, descriptor)
	return pin, layer, err
}

// repository is a client of the repository of a ref.
func (f *Fetcher) repository(ref Ref) (*remote.Repository, error) {
	name, ok := strings.CutPrefix(strings.TrimSuffix(ref.URL, "/"), "oci://")
	reference, err := registry.ParseReference(name)
	if err != nil || !ok {
		return nil, errors.New("it is no URL of a registry, such as oci://host/path")
	}
	if reference.Reference != "" {
		return nil, fmt.Errorf("the URL %q has a tag in it", ref.URL)
	}
	plain, local := ref.PlainHTTP, isLoopback(reference.Host())
	return &remote.Repository{
		// The client checks who gives tokens as it does for any other request.
		Client: &auth.Client{
			Client: f.client, Cache: auth.NewCache(), BlockedRealmPrefixes: []netip.Prefix{},
			Credential: f.opts.Logins.ofRegistry(!plain || local),
		},
		Reference:       reference,
		PlainHTTP:       plain || local,
		TagListMaxPages: maxPages,
	}, nil
}

// isLoopback tells whether a host is this machine, with which registries are spoken to
// without TLS, as Docker does.
func isLoopback(hostPort string) bool {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// resolveTag returns the tag or digest that is asked for. A version that is no tag may be a
// constraint of the tags that are versions.
func resolveTag(ctx context.Context, repo *remote.Repository, asked string) (string, error) {
	if strings.HasPrefix(asked, "sha256:") {
		return asked, nil
	}
	tag := strings.ReplaceAll(asked, "+", "_") // tags have no "+"
	if tag == "" {
		tag = "latest"
	}
	plain := repo.Reference
	plain.Reference = tag
	if plain.ValidateReferenceAsTag() == nil {
		if _, err := repo.Resolve(ctx, tag); err == nil || !errors.Is(err, errdef.ErrNotFound) {
			return tag, err
		}
	}
	var tags, versions []string
	err := repo.Tags(ctx, "", func(page []string) error {
		tags = append(tags, page...)
		return nil
	})
	if err != nil {
		return "", err
	}
	for _, t := range tags {
		versions = append(versions, strings.ReplaceAll(t, "_", "+"))
	}
	if i := newest(versions, asked); i >= 0 {
		return tags[i], nil
	}
	return "", fmt.Errorf("the registry has no tag for %q", asked)
}

// layer fetches the layer of a manifest that has the files.
func (f *Fetcher) layer(ctx context.Context, repo *remote.Repository, descriptor ocispec.Descriptor) ([]byte, error) {
	data, err := blob(ctx, repo, descriptor, maxManifest)
	if err != nil {
		return nil, err
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("the manifest: %w", err)
	}
	for _, packed := range []func(mediaType string) bool{
		func(mediaType string) bool { return mediaType == helmLayer },
		func(mediaType string) bool {
			return strings.HasSuffix(mediaType, "tar+gzip") || strings.HasSuffix(mediaType, "tar")
		},
	} {
		for _, l := range m.Layers {
			if packed(l.MediaType) {
				return blob(ctx, repo, l, f.opts.Limits.Download)
			}
		}
	}
	return nil, errors.New("the artifact has no layer of files")
}

// blob fetches what a descriptor names, and checks its size and digest.
func blob(ctx context.Context, repo *remote.Repository, d ocispec.Descriptor, limit int64) ([]byte, error) {
	if d.Size > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrLimit, d.MediaType, d.Size)
	}
	data, err := content.FetchAll(ctx, repo, d)
	if errors.Is(err, content.ErrMismatchedDigest) || errors.Is(err, content.ErrTrailingData) {
		err = fmt.Errorf("%s %w: %w", d.Digest, ErrTampered, err)
	}
	return data, err
}
