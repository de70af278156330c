package render

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/cache"
)

// key identifies all that decides what a worker makes of a target: what it is told, and
// the content of all inputs, also that some are not there. It is false where that is not
// known, or would be the whole repository.
func (r *Repository) key(t Target) (cache.Key, bool) {
	if r.opts.Cache == nil {
		return cache.Key{}, false
	}
	in := r.inputsOf(t)
	if in.all {
		return cache.Key{}, false
	}
	h := sha256.New()
	job := r.recipe(t)
	job.Repository = 0
	fmt.Fprintf(h, "%#v\n", job)
	for _, overlay := range t.Overlays {
		fmt.Fprintf(h, "overlay %q\n", overlay.At())
	}
	for _, name := range slices.Sorted(maps.Keys(in.files)) {
		real, err := r.resolve(name)
		fmt.Fprintf(h, "file %q %q %v %x\n", name, real, err, r.digest(name))
	}
	for _, dir := range slices.Sorted(maps.Keys(in.folders)) {
		fmt.Fprintf(h, "%x\n", r.folderDigest(dir))
	}
	if in.charts {
		sum := r.charted()
		h.Write(sum[:])
	}
	return cache.Key(h.Sum(nil)), true
}

// keep puts what a worker made of a target into the cache, with what it asked to be
// fetched, as pairs of a question and its answer, which names the content.
func (r *Repository) keep(key cache.Key, fetched []any, made []byte) {
	r.opts.Cache.Put(key, manifest.EncodeValue([]any{fetched, string(made)}))
}

// kept is what keep put, where the same comes of what it asked to be fetched.
func (r *Repository) kept(ctx context.Context, key cache.Key) (p parsed, ok bool) {
	data, ok := r.opts.Cache.Get(key)
	if !ok {
		return p, false
	}
	value, err := manifest.DecodeValue(data)
	if err != nil {
		return p, false
	}
	for i := range manifest.Items(value, 0) {
		answer := r.answerFetch(ctx, []byte(manifest.Text(value, 0, i, 0)))
		if string(answer) != manifest.Text(value, 0, i, 1) {
			return p, false
		}
	}
	p, err = decodeParsed(manifest.Text(value, 1))
	return p, err == nil
}

// lasting tells whether a result will be the same the next time: limits depend on the
// machine, and what crashed may have been killed.
func (p parsed) lasting() bool {
	return !slices.ContainsFunc(p.gaps, func(g Gap) bool { return g.Code == manifest.LimitExceeded || g.Code == manifest.InternalError })
}

// digest is that of a file's content, or of why it has none. Each file is read once.
func (r *Repository) digest(name string) cache.Key {
	return r.remembered(name, func() cache.Key {
		data, err := r.tree.ReadFile(name)
		if err != nil {
			return sha256.Sum256(fmt.Append([]byte("error "), err))
		}
		return sha256.Sum256(append([]byte("file "), data...))
	})
}

// folderDigest is that of what lies in a folder, and of the content of its files. Many
// releases share the folder of their chart.
func (r *Repository) folderDigest(dir string) cache.Key {
	return r.remembered(dir+"/", func() cache.Key {
		h := sha256.New()
		r.hashFolder(h, dir, func(string) bool { return true })
		return cache.Key(h.Sum(nil))
	})
}

// remembered is a digest by its name, made once.
func (r *Repository) remembered(name string, digest func() cache.Key) cache.Key {
	r.mu.Lock()
	sum, ok := r.digests[name]
	r.mu.Unlock()
	if !ok {
		sum = digest()
		r.mu.Lock()
		r.digests[name] = sum
		r.mu.Unlock()
	}
	return sum
}

// hashFolder writes what lies in a folder, and the content of its files for which read
// returns true.
func (r *Repository) hashFolder(h hash.Hash, dir string, read func(name string) bool) (folders []string) {
	entries, err := r.tree.ReadDir(dir)
	fmt.Fprintf(h, "folder %q %d %v\n", dir, len(entries), err)
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		fmt.Fprintf(h, "%q %d", e.Name(), e.Type())
		switch {
		case e.IsDir():
			folders = append(folders, name)
		case e.Type()&fs.ModeSymlink != 0:
			real, err := r.resolve(name)
			fmt.Fprintf(h, " %q %v", real, err)
		case e.Type().IsRegular() && read(e.Name()):
			fmt.Fprintf(h, " %x", r.digest(name))
		}
		fmt.Fprintln(h)
	}
	return folders
}

// digestCharts is that of which charts there are and how they are named.
func (r *Repository) digestCharts() cache.Key {
	h := sha256.New()
	r.hashCharts(h, ".")
	return cache.Key(h.Sum(nil))
}

// hashCharts writes which charts there are below a folder, and how they are named.
func (r *Repository) hashCharts(h hash.Hash, dir string) {
	for _, folder := range r.hashFolder(h, dir, func(name string) bool { return name == "Chart.yaml" }) {
		if path.Base(folder) != ".git" {
			r.hashCharts(h, folder)
		}
	}
}
