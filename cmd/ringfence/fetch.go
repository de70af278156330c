package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/fetch"
	"github.com/ringfence/ringfence/report"
)

func (c *command) fetch() *cobra.Command {
	var flags selection
	cmd := &cobra.Command{
		Use:   "fetch [PATH…]",
		Short: "Fetch the charts, artifacts and commits that the repository names, and pin them",
		Long: `fetch brings what lies elsewhere and is named by the objects of Argo CD and Flux, by
kustomizations and by charts: charts of Helm repositories and OCI registries, OCI
artifacts, git commits. It keeps them in a cache, and writes what they are into
` + fetch.LockFile + ` in the repository's root. With both, every other command sees
what was fetched, without the network. It talks to hosts that manifests name, at
public addresses; fetch.allow in the configuration says to which hosts instead.`,
		Example: `  ringfence fetch
  ringfence fetch --update               take newer versions where the manifests allow it`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.runFetch(cmd.Context(), &flags, args) },
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&flags.update, "update", false, "resolve versions, tags and branches again that are pinned")
	return cmd
}

func (c *command) runFetch(ctx context.Context, flags *selection, paths []string) error {
	flags.fetch = true
	w, err := c.open(ctx, flags, paths)
	if err != nil {
		return err
	}
	defer w.close()
	seen := make(map[manifest.Gap]bool)
	for _, gap := range w.allGaps() {
		if gap.Code != manifest.FetchFailed || seen[gap] {
			continue
		}
		seen[gap] = true
		fmt.Fprintln(c.stderr, report.GapLine(gap))
		if !flags.allowGaps && w.accepted(gap) == "" {
			c.exit = exitIncomplete
		}
	}
	if len(paths)+len(flags.targets)+len(seen) == 0 { // all of the repository was seen, and what it names
		if err := w.pin(flags, true); err != nil {
			return err
		}
	}
	if pins := w.lock.Pins(true); len(pins) > 0 {
		return writePins(c.stdout, pins)
	}
	if len(seen) == 0 {
		_, err = fmt.Fprintln(c.stdout, "nothing lies elsewhere")
	}
	return err
}

func writePins(out io.Writer, pins []fetch.Pin) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range pins {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.Kind, report.Printable(p.Ref.String()), report.Printable(p.Resolved), p.Digest)
	}
	return table.Flush()
}

// fetcher is what the flags and the configuration let a run fetch, with what the lock
// file pins and the credentials of the user, whose environment env is.
func (w *workspace) fetcher(s *selection, env func(string) string) (*fetch.Fetcher, error) {
	data, err := w.tree.ReadFile(fetch.LockFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("read the lock file: %w", err)
	}
	if w.lock, err = fetch.ReadLock(data); err != nil {
		return nil, usageError{err}
	}
	opts := fetch.Options{Network: s.fetch, Update: s.update, Lock: w.lock, Allow: w.config.Fetch.Allow, Proxy: http.ProxyFromEnvironment}
	dir, err := w.cacheFolder(s)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		opts.Cache = filepath.Join(dir, "fetched")
	}
	if s.fetch {
		if opts.Logins, err = fetch.UserLogins(env); err != nil {
			return nil, usageError{err}
		}
	}
	return fetch.New(opts), nil
}

// cacheFolder is where what is fetched and rendered is kept. Without --cache and --fetch there may be
// none: where the user has no such folder, or it lies in the repository.
func (w *workspace) cacheFolder(s *selection) (string, error) {
	cache := s.cache
	if cache == "" {
		dir, err := os.UserCacheDir()
		switch {
		case err != nil && s.fetch:
			return "", usagef("--cache is needed: %w", err)
		case err != nil:
			return "", nil
		}
		cache = filepath.Join(dir, "ringfence")
	}
	cache, err := filepath.Abs(cache)
	switch {
	case err != nil:
		return "", usagef("--cache: %w", err)
	case !inside(cache, w.root):
		return cache, nil
	case s.fetch || s.cache != "":
		return "", usagef("--cache %s: lies in the repository; what is kept there must not be taken for a part of it", cache)
	default:
		return "", nil
	}
}

// pin writes the lock file, if what a run fetched changes it: with what was pinned
// before, or without what nothing asks for anymore. Whoever reads it meanwhile sees the
// old one or the new one.
func (w *workspace) pin(s *selection, used bool) error {
	if !s.fetch {
		return nil
	}
	pins := w.lock.Pins(used)
	data, err := fetch.Encode(pins)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(w.root) // a link of that name may lead out of the repository
	if err != nil {
		return err
	}
	defer root.Close()
	before, err := root.ReadFile(fetch.LockFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(pins) == 0, err == nil && bytes.Equal(before, data):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return usagef("write the lock file: %w", err)
	}
	name := fetch.LockFile + "." + rand.Text()
	err = root.WriteFile(name, data, 0o644)
	if err == nil {
		err = root.Rename(name, fetch.LockFile)
	}
	if err != nil {
		return usagef("write the lock file: %w", errors.Join(err, root.RemoveAll(name)))
	}
	return nil
}
