package kustomize

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/ringfence/ringfence/manifest"
)

func compareGaps(a, b manifest.Gap) int {
	if c := a.Pos.Compare(b.Pos); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.Code), string(b.Code)); c != 0 {
		return c
	}
	return strings.Compare(a.Reason, b.Reason)
}

// failure tells why a build failed: what was seen to be wrong in the files it
// read, else kustomize's own words.
func (r *reading) failure(err error) []manifest.Gap {
	name, _ := r.rootFile()
	pos := manifest.Pos{File: name, Line: 1}
	switch {
	case r.ctx.Err() != nil:
		return []manifest.Gap{{Pos: pos, Code: manifest.LimitExceeded, Reason: "stopped: " + r.ctx.Err().Error()}}
	case r.reads > maxReads:
		return []manifest.Gap{{Pos: pos, Code: manifest.LimitExceeded, Reason: errReads.Error()}}
	case len(r.problems) > 0:
		return r.problems
	}
	text := unescape(err.Error())
	if k := r.failing(text); k != nil {
		pos.File = k.name
	}
	code := manifest.KustomizeFailed
	if strings.Contains(text, "cycle detected") || strings.Contains(text, "expected kind") {
		code = manifest.InvalidKustomization
	}
	if manifest.ExceedsLimit(err) {
		code = manifest.LimitExceeded
	}
	if at, ok := r.objectNamed(text); ok {
		pos = at
	}
	why := reason(text)
	if m := declaredBefore.FindStringSubmatch(text); m != nil {
		why = r.declaredTwice(m[1])
	}
	if m := noPatchTarget.FindStringSubmatch(text); m != nil {
		why = fmt.Sprintf("there is no %s for the patch to change", objectName(m[1]+m[2]))
		if k := r.failing(text); k != nil {
			r.leavePatches(k, m[1]+m[2], func(field string, i int, _ string) { pos = k.at(field, i) })
		}
	}
	if u, what := r.wrongKind(text); what != "" {
		pos, why = u.pos, fmt.Sprintf("%q is %s", u.path, what)
	}
	if r.input.generated() && pos.File == name { // which nobody has written
		if pos = (manifest.Pos{File: r.dir}); r.input.Overlay != nil {
			pos = r.input.Overlay.At().Pos
		}
	}
	return []manifest.Gap{{Pos: pos, Code: code, Reason: why}}
}

// unexpectedKind is what kustomize says of a component that stands among the resources, or
// of a kustomization among the components.
var unexpectedKind = regexp.MustCompile(`expected kind (!= )?'Component' for path '([^']+)'`)

// wrongKind finds the entry that leads to a folder of the other kind, and says what the
// folder is; empty where the message is about something else.
func (r *reading) wrongKind(text string) (use, string) {
	m := unexpectedKind.FindStringSubmatch(text)
	if m == nil {
		return use{}, ""
	}
	wanted, what := asComponent, "no component, and belongs under resources"
	if m[1] != "" {
		wanted, what = asResource, "a component, and belongs under components"
	}
	folder := r.resolve(path.Clean(strings.TrimPrefix(m[2], mount))).name
	for _, k := range r.kustomizations {
		for _, u := range k.uses {
			if u.purpose == wanted && r.beside(k, u.path).name == folder {
				return u, what
			}
		}
	}
	return use{}, ""
}

var (
	folderInError = regexp.MustCompile(`(?:recursed accumulation of path|for path) '([^']+)'`)
	// wrapping is what kustomize puts before the cause.
	wrapping = regexp.MustCompile(`^.*(?:recursed (?:accumulation of|merging from) path '[^']*'|not a regular file'|must resolve to a file'|accumulation err='.*?'|couldn't make target for path '[^']*'|must build at directory|accumulateDirectory|loader\.New): *"?`)
	// notDirectory is what kustomize says in the end of a file that it refuses, around the cause.
	notDirectory = regexp.MustCompile(`^.*accumulation err='(?:merging resources from '[^']*': )?(.*?)': must build at directory: '[^']*': file is not directory`)
	// objectInError is an object as kustomize names it.
	objectInError = regexp.MustCompile(`\b([A-Z]\w+)\.(?:\[\w+\]|\w+)\.(?:\[\w+\]|[\w.-]+)/([\w.-]+)\.(?:\[\w+\]|[\w-]+)`)
)

// objectName is an object, given as kustomize names it, as people do.
func objectName(id string) string {
	if m := objectInError.FindStringSubmatch(id); m != nil {
		return fmt.Sprintf("%s %q", m[1], m[2])
	}
	return strconv.Quote(id)
}

// unescape undoes the quoting of errors within errors.
func unescape(text string) string {
	for strings.Contains(text, `\\`) {
		text = strings.ReplaceAll(text, `\\`, `\`)
	}
	return strings.NewReplacer(`\"`, `"`, `\n`, "\n", mount+"/", "").Replace(text)
}

func reason(text string) string {
	text = notDirectory.ReplaceAllString(strings.Join(strings.Fields(text), " "), "$1")
	text = wrapping.ReplaceAllString(text, "")
	for _, prefix := range []string{"accumulating resources: ", "accumulating components: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if text == "" {
		return "kustomize failed"
	}
	return oneLine(text)
}

// failing returns the kustomization that a message is about.
func (r *reading) failing(text string) *kustomization {
	dir := r.dir
	if all := folderInError.FindAllStringSubmatch(text, -1); len(all) > 0 {
		dir = path.Clean(strings.TrimPrefix(all[len(all)-1][1], mount))
	}
	for _, k := range r.kustomizations {
		if r.resolve(k.dir).name == r.resolve(dir).name {
			return k
		}
	}
	return nil
}

// objectNamed finds the resource that a message names.
func (r *reading) objectNamed(text string) (manifest.Pos, bool) {
	if docs := r.documentsNamed(text); len(docs) > 0 {
		return docs[0].root.pos(), true
	}
	return manifest.Pos{}, false
}

// documentsNamed are the resources of the kind and name that a message names first.
func (r *reading) documentsNamed(text string) []*document {
	m := objectInError.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	return r.documents()[identity{m[1], m[2]}]
}

// declaredTwice says of an object that it is there already, and where else if that is certain.
func (r *reading) declaredTwice(id string) string {
	isOther := func(d *document) bool { return idOf(d) != id }
	text := objectName(id) + " is declared twice"
	if docs := slices.DeleteFunc(slices.Clone(r.documentsNamed(id)), isOther); len(docs) == 2 {
		text += ", also in " + docs[1].root.pos().File
	}
	return text
}

// declaredBefore is what kustomize says of an object that it has already.
var declaredBefore = regexp.MustCompile(`may not add resource with an already registered id: ([^\s']+)`)

// What kustomize says when a target is gone.
var (
	noPatchTarget = regexp.MustCompile(`(?:no resource matches strategic merge patch "([^"]+)"|failed to find unique target for patch (\S+))`)
	noMergeTarget = regexp.MustCompile(`Kind:"(\w+)".*Name:"([^"]*)".* does not exist; cannot merge or replace`)
	noSource      = regexp.MustCompile(`nothing selected by (\S+)`)
	noField       = regexp.MustCompile(`(?:unable to find(?: or create)? field "([^"]+)" in replacement target|fieldPath .([^\x60]+). is missing for replacement source)`)
	noVariable    = regexp.MustCompile(`var '\{?(\S+) .*cannot be mapped to a field`)
)

// leaveOut finds the entry that failed because its target is gone, and adds it to
// what the next attempt leaves out. It returns false if there is none.
func (r *reading) leaveOut(err error, left map[entry]manifest.Gap) bool {
	if err == nil || errors.Is(err, errReads) {
		return false
	}
	text := unescape(err.Error())
	k := r.failing(text)
	if k == nil {
		return false
	}
	before := len(left)
	leave := func(field string, index int, what string) {
		left[entry{k.name, field, index}] = manifest.Gap{
			Pos: k.at(field, index), Code: manifest.DroppedEntry, Reason: what + " is left out with an entry that was refused",
		}
	}
	if m := noPatchTarget.FindStringSubmatch(text); m != nil {
		r.leavePatches(k, m[1]+m[2], leave)
	} else if m := noMergeTarget.FindStringSubmatch(text); m != nil {
		what := fmt.Sprintf("%s %q, which this entry changes,", m[1], m[2])
		for i, g := range k.value.ConfigMapGenerator {
			if g.Name == m[2] && m[1] == "ConfigMap" {
				leave("configMapGenerator", i, what)
			}
		}
		for i, g := range k.value.SecretGenerator {
			if g.Name == m[2] && m[1] == "Secret" {
				leave("secretGenerator", i, what)
			}
		}
	} else if m := noVariable.FindStringSubmatch(text); m != nil {
		for _, k = range r.kustomizations {
			for i, v := range k.value.Vars {
				if v.Name == m[1] {
					leave("vars", i, fmt.Sprintf("the object of variable %q", v.Name))
				}
			}
		}
	} else {
		leaveReplacements(k, text, leave)
	}
	return len(left) > before
}

// leavePatches leaves out the merge patches for an object.
func (r *reading) leavePatches(k *kustomization, id string, leave func(string, int, string)) {
	what := objectName(id) + ", which this patch changes,"
	matches := func(field string, i int, name string) bool {
		for _, d := range r.patchDocuments(k, field, i, name) {
			if idOf(d) == id {
				return true
			}
		}
		return false
	}
	for i, p := range k.value.Patches {
		if matches("patches", i, p.Path) {
			leave("patches", i, what)
		}
	}
	for i, p := range k.value.PatchesStrategicMerge {
		if matches("patchesStrategicMerge", i, string(p)) {
			leave("patchesStrategicMerge", i, what)
		}
	}
}

// idOf is the object that a document declares, or patches, as kustomize names it.
func idOf(d *document) string {
	meta := d.root.field("metadata")
	group, version := resid.ParseGroupVersion(d.root.str("apiVersion"))
	gvk := resid.Gvk{Group: group, Version: version, Kind: d.root.str("kind")}
	return resid.NewResIdWithNamespace(gvk, meta.str("name"), meta.str("namespace")).String()
}

// leaveReplacements leaves out the replacements that have lost their source or target.
func leaveReplacements(k *kustomization, text string, leave func(string, int, string)) {
	lost := func(source *types.SourceSelector, targets []*types.TargetSelector) bool {
		if m := noSource.FindStringSubmatch(text); m != nil {
			return source != nil && strings.HasPrefix(source.String(), m[1])
		}
		m := noField.FindStringSubmatch(text)
		if m == nil {
			return false
		}
		if source != nil && m[2] != "" {
			return source.FieldPath == m[2]
		}
		for _, t := range targets {
			for _, p := range t.FieldPaths {
				if p == m[1] {
					return true
				}
			}
		}
		return false
	}
	for i, r := range k.value.Replacements {
		if r.Path != "" && (noSource.MatchString(text) || noField.MatchString(text)) || lost(r.Source, r.Targets) {
			leave("replacements", i, "the object of this replacement")
		}
	}
}
