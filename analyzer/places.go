package analyzer

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/kustomize"
)

// places gives numbers to everything that a rule can point at.
type places struct {
	list []place // by id
	ids  map[*manifest.Object]int
}

// place is an object, a namespace that no object declares, a line that says
// something of an object, or a gap.
type place struct {
	ref    manifest.Ref     // without a private namespace; zero for a gap
	object *manifest.Object // nil for a line and a gap
	line   *line
	gap    *Gap
}

// line is a place that says something of an object elsewhere.
type line struct {
	manifest.Origin
	says string // tells apart what one line says
}

func newPlaces() *places { return &places{ids: map[*manifest.Object]int{}} }

// object returns the id of an object, the same one each time.
func (p *places) object(o *manifest.Object) int {
	if id, known := p.ids[o]; known {
		return id
	}
	id := p.add(place{ref: public(o.Ref), object: o})
	p.ids[o] = id
	return id
}

// standIn returns a new id for what is not declared itself and is shown at an object.
func (p *places) standIn(ref manifest.Ref, at *manifest.Object) int {
	return p.add(place{ref: public(ref), object: at})
}

// spot returns a new id for a line that says something of an object.
func (p *places) spot(ref manifest.Ref, at manifest.Origin, says string) int {
	return p.add(place{ref: public(ref), line: &line{at, says}})
}

func (p *places) gap(g *Gap) int { return p.add(place{gap: g}) }

func (p *places) add(pl place) int {
	p.list = append(p.list, pl)
	return len(p.list) - 1
}

func (p *places) at(id int) (place, error) {
	if id < 0 || id >= len(p.list) {
		return place{}, fmt.Errorf("object %d is no id of the input", id)
	}
	return p.list[id], nil
}

// origin tells where a field of the place was written.
func (p place) origin(path []any) manifest.Origin {
	switch {
	case p.gap != nil:
		return manifest.Origin{Pos: p.gap.Pos, Exact: p.gap.Line > 0}
	case p.line != nil:
		return p.line.Origin
	default:
		return p.object.At(path...)
	}
}

// subject tells apart what stands at one position: the object, or what is said there.
func (p place) subject() string {
	switch {
	case p.gap != nil:
		return string(p.gap.Code) + " " + p.gap.Reason
	case p.line != nil:
		return p.ref.Group + " " + p.ref.Kind + " " + p.ref.Name + " " + p.line.says
	}
	return p.ref.Group + " " + p.ref.Kind + " " + p.ref.Name
}

// lasting is the subject without the wording of a gap, whose names are in the message.
func (p place) lasting() string {
	if p.gap != nil {
		return string(p.gap.Code)
	}
	return p.subject()
}

// written is the subject as it is written where the object is: without a name that the
// kustomizations that use it gave it.
func (p place) written() string {
	if p.object == nil || kustomize.IsFile(p.object.File) {
		return p.subject()
	}
	name := p.object.At("metadata", "name").File
	if p.ref.Kind != p.object.Kind { // a namespace that no object declares
		if name = p.object.At("metadata", "namespace").File; manifest.Text(p.object.Data, "metadata", "namespace") == "" {
			return p.ref.Group + " " + p.ref.Kind
		}
	}
	if kustomize.IsFile(name) {
		return p.ref.Group + " " + p.ref.Kind
	}
	return p.subject()
}

// source is where an object comes from: the same for what several environments
// render from one file.
type source struct {
	manifest.Pos
	subject string
}

func (p place) source() source {
	return source{Pos: p.origin(nil).Pos, subject: p.subject()}
}

func (p *places) bySource() map[source][]place {
	places := make(map[source][]place, len(p.list))
	for _, pl := range p.list {
		places[pl.source()] = append(places[pl.source()], pl)
	}
	return places
}

// public removes a private namespace, which has no name to show.
func public(ref manifest.Ref) manifest.Ref {
	if manifest.IsPrivate(ref.Namespace) {
		ref.Namespace = ""
	}
	return ref
}

func compareGaps(a, b Gap) int {
	return cmp.Or(
		a.Pos.Compare(b.Pos),
		strings.Compare(string(a.Code), string(b.Code)),
		strings.Compare(a.Reason, b.Reason),
		strings.Compare(a.Target, b.Target),
	)
}
