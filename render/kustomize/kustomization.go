package kustomize

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/source"
)

// FileNames are the names that a kustomization file may have; the first that exists counts.
func FileNames() []string { return konfig.RecognizedKustomizationFileNames() }

// IsFile tells whether a file is a kustomization, by its name.
func IsFile(name string) bool { return slices.Contains(FileNames(), path.Base(name)) }

// FileIn returns the kustomization file in a folder.
func FileIn(tree *source.Tree, dir string) (string, bool) {
	for _, base := range FileNames() {
		name := path.Join(dir, base)
		if info, err := tree.Stat(name); err == nil && info.Mode().IsRegular() {
			return name, true
		}
	}
	return "", false
}

// A kustomization is a parsed kustomization file. It is read-only once made.
type kustomization struct {
	*file
	dir   string
	value types.Kustomization // with deprecated fields moved to their successors
	root  *place              // nil if the file is empty or no YAML
	uses  []use
	// inline holds the documents of patches and plugins that stand in the file itself.
	inline map[entry][]*document
	// changed is true if value differs from the file's text, by marks in inline patches.
	changed bool
	// others are the files that an overlay is written in.
	others []*file
	// invalid tells why kustomize refuses the file.
	invalid *manifest.Gap
}

// An entry is an entry of a kustomization's field.
type entry struct {
	file  string
	field string // as in the API: "resources", "patches", …
	index int
}

func newKustomization(name, dir string, id int, data []byte) *kustomization {
	k := parseKustomization(name, dir, id, data)
	k.finish(splitLines(string(data)))
	return k
}

// parseKustomization is the first half of newKustomization, after which it can be
// edited.
func parseKustomization(name, dir string, id int, data []byte) *kustomization {
	k := &kustomization{
		file: &file{name: name, id: id, marks: make(map[int]*place)}, dir: dir,
		inline: make(map[entry][]*document),
	}
	k.text = data
	plain := newFile(name, id, data)
	if len(plain.docs) > 0 {
		k.root = plain.docs[0].root
		k.root.all(func(p *place) bool { p.doc.file = k.file; return true })
	}
	if plain.broken != nil {
		k.invalid = plain.broken
		return k
	}
	if err := k.value.Unmarshal(data); err != nil {
		k.invalid = k.invalidGap(err)
		return k
	}
	k.value.FixKustomization()
	if err := k.value.CheckEmpty(); err != nil {
		k.invalid = &manifest.Gap{Pos: manifest.Pos{File: name, Line: 1}, Code: manifest.EmptyKustomization, Reason: "the kustomization is empty"}
		return k
	}
	if errs := k.value.EnforceFields(); len(errs) > 0 {
		k.invalid = k.invalidGap(errors.New(strings.Join(errs, "; ")))
	}
	return k
}

func (k *kustomization) finish(all lines) {
	if k.invalid != nil {
		return
	}
	k.readInline(all)
	k.uses = k.listUses()
}

// Kustomize's own words for a field that it does not know or that has another type.
var (
	unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)
	wrongType    = regexp.MustCompile(`cannot unmarshal (\w+) into Go struct field (?:\w+\.)?(\S+) of type (\S+)`)
)

func (k *kustomization) invalidGap(err error) *manifest.Gap {
	gap := &manifest.Gap{Pos: manifest.Pos{File: k.name, Line: 1}, Code: manifest.InvalidKustomization}
	text := err.Error()
	var key string
	if m := unknownField.FindStringSubmatch(text); m != nil {
		key, gap.Reason = m[1], fmt.Sprintf("unknown field %q", m[1])
	} else if m := wrongType.FindStringSubmatch(text); m != nil {
		key = m[2][strings.LastIndexByte(m[2], '.')+1:]
		gap.Reason = fmt.Sprintf("field %q holds a %s, want %s", key, m[1], strings.TrimPrefix(m[3], "types."))
	} else {
		gap.Reason = oneLine(strings.TrimPrefix(text, "invalid Kustomization: "))
	}
	k.root.all(func(p *place) bool {
		if key != "" && p.key == key {
			gap.Pos = p.pos()
			return false
		}
		return true
	})
	return gap
}

// at returns where an entry stands, or something in it. Entries of a deprecated
// field follow those of its successor.
func (k *kustomization) at(field string, index int, keys ...any) manifest.Pos {
	p := k.placeOf(field, index)
	for _, key := range keys {
		var next *place
		switch key := key.(type) {
		case string:
			next = p.option(key)
		case int:
			next = p.item(key)
		}
		if next == nil {
			break
		}
		p = next
	}
	if p == nil {
		return manifest.Pos{File: k.name, Line: 1}
	}
	return p.pos()
}

var deprecated = map[string]string{"resources": "bases", "images": "imageTags", "helmCharts": "helmChartInflationGenerator"}

func (k *kustomization) placeOf(field string, index int) *place {
	list := k.root.option(field)
	if index < 0 {
		return list
	}
	var count int
	if list != nil && list.kind == yaml.SequenceNode {
		count = len(list.items)
	}
	if index < count {
		return list.items[index]
	}
	if old := k.root.option(deprecated[field]); old != nil && index-count < len(old.items) {
		return old.items[index-count]
	}
	return list
}

// isInline tells whether an entry that may be a path or YAML is YAML.
func isInline(text string) bool {
	if !strings.ContainsAny(text, ":{") {
		return false
	}
	return slices.ContainsFunc(manifest.Split([]byte(text)), func(d manifest.Document) bool {
		node, err := d.Parse()
		return err == nil && len(node.Content) > 0 && node.Content[0].Kind == yaml.MappingNode
	})
}

// readInline reads the patches and plugins that stand in the kustomization, and
// marks merge patches.
func (k *kustomization) readInline(all lines) {
	read := func(field string, i int, text *string, keys ...string) {
		if *text == "" {
			return
		}
		at := k.placeOf(field, i)
		for _, key := range keys {
			at = at.option(key)
		}
		marked, docs := k.readText(*text, at, all)
		k.inline[entry{k.name, field, i}] = docs
		if marked != *text {
			*text, k.changed = marked, true
		}
	}
	for i := range k.value.Patches {
		read("patches", i, &k.value.Patches[i].Patch, "patch")
	}
	for i := range k.value.PatchesJson6902 {
		read("patchesJson6902", i, &k.value.PatchesJson6902[i].Patch, "patch")
	}
	// Kustomize parses what may be a path as YAML first.
	bound := func(field string, i int, text string) {
		if !mayExpand([]byte(text)) {
			return
		}
		if f := newFile(k.name, 0, []byte(text)); f.bomb() {
			f.broken.Pos = k.at(field, i)
			k.broken = or(k.broken, f.broken)
		}
	}
	for i, p := range k.value.PatchesStrategicMerge {
		text := string(p)
		if bound("patchesStrategicMerge", i, text); isInline(text) {
			read("patchesStrategicMerge", i, &text)
			k.value.PatchesStrategicMerge[i] = types.PatchStrategicMerge(text)
		}
	}
	for _, p := range k.plugins() {
		for i, text := range p.entries {
			if bound(p.field, i, text); isInline(text) {
				read(p.field, i, &text) // marks would do no harm, but tell nothing
			}
		}
	}
}

// pluginList is a field that lists plugins.
type pluginList struct {
	field   string
	entries []string
}

func (k *kustomization) plugins() []pluginList {
	return []pluginList{
		{"generators", k.value.Generators}, {"transformers", k.value.Transformers}, {"validators", k.value.Validators},
	}
}

// readText reads the YAML that a scalar of the kustomization, or of its overlay,
// holds. Its lines can be found, and marked, if it is a literal block.
func (k *kustomization) readText(text string, at *place, all lines) (string, []*document) {
	f := k.file
	if at != nil && at.from != nil {
		f = at.doc.file
		all = splitLines(string(f.text))
	}
	inner := splitLines(text)
	indent, ok := indentOf(inner, at, all)
	if !ok {
		hidden := &file{name: f.name, id: f.id, marks: make(map[int]*place)}
		docs := hidden.read([]byte(text), placing{lines: inner})
		k.broken = or(k.broken, hidden.broken)
		for _, d := range docs {
			d.root.all(func(p *place) bool {
				p.line, p.column = 1, 1
				if at != nil {
					p.line, p.column, p.from = at.line, at.column, at.from
				}
				return true
			})
		}
		return text, docs
	}
	docs := f.read([]byte(text), placing{lines: all, skip: at.line, indent: indent})
	if k.broken = or(k.broken, f.broken); k.broken != nil {
		return text, docs
	}
	for i, line := range inner {
		if f.marks[at.line+i+1] != nil {
			inner[i] = f.markLine(line, at.line+i+1)
		}
	}
	return strings.Join(inner, "\n"), docs
}

// indentOf tells by how much the lines of a literal block are indented, if it is
// one and its lines are those of the file.
func indentOf(inner lines, at *place, all lines) (indent int, ok bool) {
	if at == nil || at.style&yaml.LiteralStyle == 0 {
		return 0, false
	}
	indent = -1
	for i, line := range inner {
		if line == "" {
			continue
		}
		if at.line+i >= len(all) || !strings.HasSuffix(all[at.line+i], line) {
			return 0, false
		}
		if indent < 0 {
			indent = len(all[at.line+i]) - len(line)
		}
	}
	return max(indent, 0), true
}

func or[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// moved returns the list with other names for entries that lie elsewhere.
func moved(list []string, field, name string, to map[entry]string) []string {
	list = slices.Clone(list)
	for i := range list {
		if other, ok := to[entry{name, field, i}]; ok {
			list[i] = other
		}
	}
	return list
}

// without returns the list without the entries that leave names, never nil.
func without[T any](list []T, field string, name string, leave map[entry]bool) []T {
	kept := make([]T, 0, len(list))
	for i, item := range list {
		if !leave[entry{name, field, i}] {
			kept = append(kept, item)
		}
	}
	return kept
}

// rewritten is the text that kustomize gets to see: the file's own where nothing
// has to change, else the same content as JSON without the entries that leave
// names, with those that lie elsewhere where they were moved, and with more resources.
func (k *kustomization) rewritten(leave map[entry]bool, to map[entry]string, more []string) ([]byte, error) {
	if len(leave) == 0 && len(to) == 0 && len(more) == 0 && len(k.value.HelmCharts) == 0 && !k.changed {
		return k.text, nil
	}
	v := k.value
	v.Resources, v.Components = moved(v.Resources, "resources", k.name, to), moved(v.Components, "components", k.name, to)
	v.Resources = append(without(v.Resources, "resources", k.name, leave), more...)
	v.Components = without(v.Components, "components", k.name, leave)
	v.Crds = without(v.Crds, "crds", k.name, leave)
	v.Configurations = without(v.Configurations, "configurations", k.name, leave)
	v.Generators = without(v.Generators, "generators", k.name, leave)
	v.Transformers = without(v.Transformers, "transformers", k.name, leave)
	v.Validators = without(v.Validators, "validators", k.name, leave)
	v.Patches = without(v.Patches, "patches", k.name, leave)
	v.PatchesJson6902 = without(v.PatchesJson6902, "patchesJson6902", k.name, leave)
	v.PatchesStrategicMerge = without(v.PatchesStrategicMerge, "patchesStrategicMerge", k.name, leave)
	v.Replacements = without(v.Replacements, "replacements", k.name, leave)
	v.ConfigMapGenerator = without(v.ConfigMapGenerator, "configMapGenerator", k.name, leave)
	v.SecretGenerator = without(v.SecretGenerator, "secretGenerator", k.name, leave)
	v.Vars = without(v.Vars, "vars", k.name, leave)
	v.HelmCharts, v.HelmGlobals = nil, nil // inflated, or refused
	if leave[entry{k.name, "openapi", -1}] {
		v.OpenAPI = nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	// A kustomization that says "resources: []" is not empty, one that says nothing is.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	if _, ok := fields["resources"]; !ok {
		fields["resources"] = json.RawMessage("[]")
	}
	return json.Marshal(fields)
}

// oneLine makes a message fit on a line.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}
