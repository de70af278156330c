package flux

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"

	"github.com/ringfence/ringfence/manifest"
)

// Variables are what a Kustomization replaces in the objects that it applies.
type Variables struct {
	values map[string]datum
	// open is true if a ConfigMap or Secret is not in the repository: what no other
	// gives may be in it.
	open   bool
	always bool // replace also where there are no variables, for their defaults
	// pos is the Kustomization's postBuild.
	pos manifest.Pos
}

// Content identifies what the variables say; empty for nil.
func (v *Variables) Content() string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%+v", *v)
}

// File is where the Kustomization has them; empty for nil.
func (v *Variables) File() string {
	if v == nil {
		return ""
	}
	return v.pos.File
}

// validName is what Flux takes for the name of a variable.
var validName = regexp.MustCompile(`^[_[:alpha:]][_[:alpha:][:digit:]]*$`)

// Variables reads the variables of a Kustomization: those of ConfigMaps and
// Secrets in the order in which it lists them, later ones winning, and then its own.
// It is nil if nothing is replaced. Gaps name what is not known.
func (c *Cluster) Variables(k *Kustomization) (*Variables, []manifest.Gap) {
	build := k.Spec.PostBuild
	if build == nil {
		return nil, nil
	}
	v := &Variables{
		values: make(map[string]datum), pos: k.At("spec", "postBuild").Pos,
		always: build.SubstituteStrategy == kustomizev1.SubstituteStrategyAlways,
	}
	var gaps []manifest.Gap
	for i, ref := range build.SubstituteFrom {
		held, ok := c.dataOf(ref.Kind, k.Namespace, ref.Name)
		unknown := 0
		for name, d := range held.data {
			v.values[name] = d
			if d.unknown {
				unknown++
			}
		}
		var why string
		switch {
		case !ok && !ref.Optional:
			why = missing(ref.Kind, k.Namespace, ref.Name) + ": its variables stay as they are written, or have their defaults"
		case held.open:
			why = fmt.Sprintf("what %s %q holds is not known: its variables stay as they are written, or have their defaults", ref.Kind, ref.Name)
		case unknown > 0:
			why = fmt.Sprintf("%d of the variables of %s %q are encrypted or come from elsewhere: they stay as they are written", unknown, ref.Kind, ref.Name)
		}
		v.open = v.open || held.open || !ok && !ref.Optional
		if why != "" {
			gaps = append(gaps, manifest.Gap{
				Pos: k.At("spec", "postBuild", "substituteFrom", i).Pos, Code: manifest.UnknownValue, Note: true, Reason: why,
			})
		}
	}
	for name, value := range build.Substitute {
		v.values[name] = datum{text: value, pos: k.At("spec", "postBuild", "substitute", name).Pos}
	}
	for name, d := range v.values {
		d.text = strings.ReplaceAll(d.text, "\n", "") // as Flux does
		v.values[name] = d
	}
	if len(v.values) == 0 && !v.open && !v.always {
		return nil, gaps
	}
	return v, append(gaps, v.invalid()...)
}

// invalid names the variables for which Flux would refuse to replace any.
func (v *Variables) invalid() []manifest.Gap {
	var gaps []manifest.Gap
	for name, d := range v.values {
		if !validName.MatchString(name) {
			gaps = append(gaps, manifest.Gap{
				Pos: d.pos, Code: manifest.SubstitutionFailed,
				Reason: fmt.Sprintf("%q is no name of a variable: Flux applies nothing", name),
			})
		}
	}
	slices.SortFunc(gaps, func(a, b manifest.Gap) int { return a.Compare(b.Pos) })
	return gaps
}

// get returns the text of a variable. What is not known stands for itself; what may
// be defined elsewhere does too, unless each use of it has a default.
func (v *Variables) get(name string, bare bool) string {
	d, defined := v.values[name]
	if d.unknown || !defined && v.open && bare {
		return "${" + name + "}"
	}
	return d.text
}

func (v *Variables) unknown(name string) bool {
	d, defined := v.values[name]
	return d.unknown || !defined && v.open
}
