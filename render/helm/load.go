package helm

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/ignore"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// maxUnpacked bounds what all archives of one chart expand to, in bytes. It is
// Helm's bound for one archive; Helm has none for archives within archives.
const maxUnpacked = 100 << 20

// A chartFile is a file of a chart; its name counts from the chart's folder.
type chartFile struct {
	name string
	data []byte
	home home
}

// load reads the chart in a folder of the repository, with the charts in its
// charts/. It returns nil, and leaves a gap, where there is no usable chart.
func (w *rendering) load(dir string) *chart.Chart {
	var files []chartFile
	rules, err := w.ignoreRules(dir)
	if err == nil {
		walk := walker{rendering: w, rules: rules, root: dir}
		err = walk.folder(dir, nil)
		files = walk.files
	}
	if err == nil {
		var c *chart.Chart
		if c, err = w.build(files, dir); err == nil {
			return c
		}
	}
	w.gap(w.loadGap(dir, err))
	return nil
}

// loadGap says why a chart cannot be loaded. The loader names its files only in
// the texts of its errors.
func (w *rendering) loadGap(dir string, err error) (manifest.Pos, manifest.Code, string) {
	text := oneLine(err.Error())
	switch {
	case errors.Is(err, source.ErrOutside):
		return manifest.Pos{File: dir}, manifest.OutsideRepository, text
	case errors.Is(err, fs.ErrNotExist):
		return manifest.Pos{File: dir}, manifest.MissingFile, "there is no such folder"
	}
	for file, code := range map[string]manifest.Code{
		"values.yaml": manifest.InvalidValues, "Chart.lock": manifest.InvalidChart, "requirements.yaml": manifest.InvalidChart,
	} {
		if cause, found := strings.CutPrefix(text, "cannot load "+file+": "); found {
			line, cause := yamlError(cause)
			return manifest.Pos{File: path.Join(dir, file), Line: line}, code, cause
		}
	}
	return manifest.Pos{File: path.Join(dir, "Chart.yaml")}, manifest.InvalidChart, strings.TrimPrefix(text, "cannot load Chart.yaml: ")
}

// ignoreRules reads the chart's .helmignore.
func (w *rendering) ignoreRules(dir string) (*ignore.Rules, error) {
	rules := ignore.Empty()
	data, err := w.tree.ReadFile(path.Join(dir, ignore.HelmIgnore))
	switch {
	case err == nil:
		if rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return nil, fmt.Errorf("%s: %w", ignore.HelmIgnore, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		w.unreadable(path.Join(dir, ignore.HelmIgnore), err)
	}
	rules.AddDefaults()
	return rules, nil
}

// unreadable leaves the gap of a file or folder that is not read.
func (w *rendering) unreadable(name string, err error) {
	gap := source.Gap(name, err)
	w.gap(gap.Pos, gap.Code, gap.Reason)
}

// walker collects the files of a chart as Helm does, following symbolic links,
// but only within the repository. What cannot be read is a gap.
type walker struct {
	*rendering
	rules *ignore.Rules
	root  string
	files []chartFile
}

// folder walks one folder; above holds the folders it lies in, links resolved.
func (w *walker) folder(dir string, above []string) error {
	real, err := w.tree.Resolve(dir)
	if err != nil {
		return err
	}
	for _, a := range above {
		if a == real {
			return nil // a link back up
		}
	}
	entries, err := w.tree.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		w.entry(path.Join(dir, entry.Name()), entry, append(above[:len(above):len(above)], real))
	}
	return nil
}

func (w *walker) entry(name string, entry fs.DirEntry, above []string) {
	rel := strings.TrimPrefix(strings.TrimPrefix(name, w.root), "/")
	if w.root == "." {
		rel = name
	}
	info, err := w.tree.Stat(name)
	if err != nil {
		if link, linkErr := entry.Info(); linkErr != nil || !w.rules.Ignore(rel, link) {
			w.unreadable(name, err)
		}
		return
	}
	if w.rules.Ignore(rel, info) {
		return
	}
	if info.IsDir() {
		if err := w.folder(name, above); err != nil {
			w.unreadable(name, err)
		}
		return
	}
	// Helm refuses the whole chart for a file over this size.
	if info.Size() > loader.MaxDecompressedFileSize {
		w.gap(manifest.Pos{File: name}, manifest.FileTooLarge,
			fmt.Sprintf("file of %d bytes is over Helm's limit of %d", info.Size(), loader.MaxDecompressedFileSize))
		return
	}
	data, err := w.tree.ReadFile(name)
	if err != nil {
		w.unreadable(name, err)
		return
	}
	// The position of a linked file is where it can be edited.
	if real, err := w.tree.Resolve(name); err == nil {
		name = real
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	w.files = append(w.files, chartFile{name: rel, data: data, home: home{pos: manifest.Pos{File: name}}})
}

// build makes a chart of its files. It does what loader.LoadFiles does, but
// loads the charts in charts/ one by one: so each file's home stays known, a
// broken chart there does not take the others with it, and archives are bounded.
// dir is the chart's folder, or the archive that it lies in.
func (w *rendering) build(files []chartFile, dir string) (*chart.Chart, error) {
	var own []*loader.BufferedFile
	homes := make(map[string]home)
	nested := make(map[string][]chartFile)
	var names []string
	for _, f := range files {
		name, inCharts := strings.CutPrefix(f.name, "charts/")
		if !inCharts || path.Ext(name) == ".prov" {
			own = append(own, &loader.BufferedFile{Name: f.name, Data: f.data})
			homes[f.name] = f.home
			continue
		}
		first, rest, _ := strings.Cut(name, "/")
		if strings.IndexAny(first, "_.") == 0 {
			continue // Helm's way to switch a chart off
		}
		if nested[first] == nil {
			names = append(names, first)
		}
		nested[first] = append(nested[first], chartFile{name: rest, data: f.data, home: f.home})
	}
	c, err := loader.LoadFiles(own)
	if err != nil {
		return nil, err
	}
	for _, list := range [][]*chart.File{c.Raw, c.Templates, c.Files} {
		for _, f := range list {
			w.homes[f] = homes[f.Name]
		}
	}
	for _, name := range names {
		if sub := w.nested(c, path.Join(dir, "charts", name), nested[name]); sub != nil {
			c.AddDependency(sub)
		}
	}
	return c, nil
}

// nested makes the chart of a folder or archive in the charts/ of parent.
func (w *rendering) nested(parent *chart.Chart, name string, files []chartFile) *chart.Chart {
	h := files[0].home
	var err error
	if path.Ext(name) == ".tgz" && files[0].name == "" {
		if !h.archive {
			h = home{pos: w.namedAt(parent, name), archive: true}
		}
		files, err = w.unpackArchive(files[0].data, h)
	}
	var c *chart.Chart
	if err == nil {
		c, err = w.build(files, name)
	}
	switch {
	case err == nil:
		return c
	case h.archive && errors.Is(err, errUnpacked):
		w.gap(h.pos, manifest.LimitExceeded, fmt.Sprintf("%q %v", name, err))
	case h.archive:
		w.gap(h.pos, manifest.InvalidChart, fmt.Sprintf("%q: %s", name, oneLine(err.Error())))
	default:
		w.gap(w.loadGap(name, err))
	}
	return nil
}

var errUnpacked = fmt.Errorf("expands to more than %d bytes", maxUnpacked)

// unpackArchive reads the files of a packed chart. It measures first: Helm's
// reader bounds the files but not the headers of the archive.
func (w *rendering) unpackArchive(data []byte, h home) ([]chartFile, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	size, err := io.Copy(io.Discard, io.LimitReader(unzipped, w.unpack+1))
	if err != nil {
		return nil, err
	}
	if size > w.unpack {
		return nil, errUnpacked
	}
	w.unpack -= size
	buffered, err := loader.LoadArchiveFiles(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	files := make([]chartFile, len(buffered))
	for i, f := range buffered {
		files[i] = chartFile{name: f.Name, data: f.Data, home: h}
	}
	return files, nil
}
