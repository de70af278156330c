package render

import (
	"bytes"
	"encoding/gob"
	"fmt"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/helm"
	"github.com/ringfence/ringfence/render/kustomize"
)

// A recipe is what a worker is told of a target, besides the files of the repository.
// What tells where overlays and values were written stays behind, and is asked.
type recipe struct {
	Repository int64 // what was read of another one is of no use
	Options    recipeOptions
	Target     recipeTarget
	Overlays   [][]byte // the fields of each, as manifest.EncodeValue writes them
	Values     []layer
}

type recipeOptions struct {
	Namespace, Release, KubeVersion string
	APIVersions, Set                []string
	Values                          []layer
	Lots                            uint64
}

type recipeTarget struct {
	Kind                                 Kind
	Dir                                  string
	Pos                                  manifest.Pos
	Files, APIVersions                   []string
	KubeVersion                          string
	Unrestricted                         bool
	Namespace, Release, ReleaseNamespace string
	Set                                  []helm.Setting
	SkipCRDs, SkipSchema, NoDefaults     bool
}

// A layer is one of helm.Values.
type layer struct {
	Name    string
	Data    []byte
	Given   bool // Data are the values; else they are in the file
	Skip    int
	Pos     manifest.Pos
	Located bool // where the values were written is to be asked
}

func layersOf(values []helm.Values) []layer {
	var layers []layer
	for _, v := range values {
		layers = append(layers, layer{Name: v.Name, Data: v.Data, Given: v.Data != nil, Skip: v.Skip, Pos: v.Pos, Located: v.At != nil})
	}
	return layers
}

// values are the values of layers; at tells where those of a layer were written.
func valuesOf(layers []layer, at func(layer int, keys []string) manifest.Pos) []helm.Values {
	var values []helm.Values
	for i, l := range layers {
		v := helm.Values{Name: l.Name, Data: l.Data, Skip: l.Skip, Pos: l.Pos}
		if l.Given && v.Data == nil { // gob does not tell empty from none
			v.Data = []byte{}
		}
		if l.Located {
			v.At = func(keys []string) manifest.Pos { return at(i, keys) }
		}
		values = append(values, v)
	}
	return values
}

// recipe is what a worker has to know of a target.
func (r *Repository) recipe(t Target) recipe {
	o := r.opts
	job := recipe{
		Repository: r.id,
		Options: recipeOptions{
			Namespace: o.Namespace, Release: o.Release, KubeVersion: o.KubeVersion, APIVersions: o.APIVersions, Set: o.Set, Values: layersOf(o.Values), Lots: o.Lots,
		},
		Target: recipeTarget{
			Kind: t.Kind, Dir: t.Dir, Pos: t.Pos, Files: t.Files, APIVersions: t.APIVersions, KubeVersion: t.KubeVersion, Unrestricted: t.Unrestricted,
			Namespace: t.Namespace, Release: t.Release, ReleaseNamespace: t.ReleaseNamespace,
			Set: t.Set, SkipCRDs: t.SkipCRDs, SkipSchema: t.SkipSchema, NoDefaults: t.NoDefaults,
		},
		Values: layersOf(t.Values),
	}
	for _, overlay := range t.Overlays {
		job.Overlays = append(job.Overlays, manifest.EncodeValue(overlay.Fields))
	}
	return job
}

func (job recipe) encode() []byte { return marshal(job) }

// marshal writes a struct of texts and numbers for the other process, where gob reads it.
func marshal(v any) []byte {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		panic(err) // there is nothing else in it
	}
	return b.Bytes()
}

// unmarshal reads what marshal wrote.
func unmarshal(data []byte, v any) error { return gob.NewDecoder(bytes.NewReader(data)).Decode(v) }

// readRecipe reads what encode wrote. What stayed behind is asked.
func readRecipe(data []byte, asked asking) (job recipe, opts Options, t Target, err error) {
	if err = unmarshal(data, &job); err != nil {
		return job, opts, t, err
	}
	o := job.Options
	opts = Options{
		Namespace: o.Namespace, Release: o.Release, KubeVersion: o.KubeVersion, APIVersions: o.APIVersions, Set: o.Set, Values: valuesOf(o.Values, nil), Lots: o.Lots,
	}
	s := job.Target
	t = Target{
		Kind: s.Kind, Dir: s.Dir, Pos: s.Pos, Files: s.Files, APIVersions: s.APIVersions, KubeVersion: s.KubeVersion, Unrestricted: s.Unrestricted,
		Namespace: s.Namespace, Release: s.Release, ReleaseNamespace: s.ReleaseNamespace,
		Set: s.Set, SkipCRDs: s.SkipCRDs, SkipSchema: s.SkipSchema, NoDefaults: s.NoDefaults,
		Values: valuesOf(job.Values, asked.layer),
	}
	for i, encoded := range job.Overlays {
		fields, err := manifest.DecodeValue(encoded)
		if err != nil {
			return job, opts, t, fmt.Errorf("overlay %d: %w", i, err)
		}
		overlay := &kustomize.Overlay{At: func(path ...any) manifest.Origin { return asked.overlay(i, path) }}
		overlay.Fields, _ = fields.(map[string]any)
		t.Overlays = append(t.Overlays, overlay)
	}
	return job, opts, t, nil
}

// encode writes what a target renders to, for decodeParsed.
func (p parsed) encode() []byte {
	gaps := make([]any, len(p.gaps))
	for i, g := range p.gaps {
		gaps[i] = []any{posValue(g.Pos), string(g.Code), g.Reason, g.Note}
	}
	return manifest.EncodeValue([]any{gaps, string(manifest.Encode(p.objects))})
}

func decodeParsed[T string | []byte](data T) (p parsed, err error) {
	value, err := manifest.DecodeValue(data)
	if err != nil {
		return p, err
	}
	for i := range manifest.Items(value, 0) {
		note, _ := manifest.Lookup(value, 0, i, 3).(bool)
		p.gaps = append(p.gaps, Gap{
			Pos: posOf(manifest.Lookup(value, 0, i, 0)), Code: manifest.Code(manifest.Text(value, 0, i, 1)), Reason: manifest.Text(value, 0, i, 2), Note: note,
		})
	}
	p.objects, err = manifest.Decode(manifest.Text(value, 1))
	return p, err
}

func posValue(p manifest.Pos) any { return []any{p.File, int64(p.Line), int64(p.Column)} }

func posOf(v any) manifest.Pos {
	line, _ := manifest.Lookup(v, 1).(int64)
	column, _ := manifest.Lookup(v, 2).(int64)
	return manifest.Pos{File: manifest.Text(v, 0), Line: int(line), Column: int(column)}
}
