package flux

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fluxcd/pkg/apis/meta"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render/helm"
)

// Values are the values that a release gives its chart: what it takes from
// ConfigMaps and Secrets in the order in which it lists them, and over that its own.
// Settings for a path of the values win over both. The gaps name what is not known.
func (c *Cluster) Values(r *Release) (layers []helm.Values, settings []helm.Setting, gaps []manifest.Gap) {
	for i, ref := range r.spec.ValuesFrom {
		pos := r.At("spec", "valuesFrom", i).Pos
		d, reason := c.reference(r, ref)
		if reason != "" {
			gaps = append(gaps, manifest.Gap{
				// One value more or less seldom decides what is rendered, all values do.
				Pos: pos, Code: manifest.UnknownValue, Note: ref.TargetPath != "", Reason: fmt.Sprintf("values of %s are not known: %s", name(r.Object), reason),
			})
		}
		switch {
		case d == nil:
		case ref.TargetPath != "":
			settings = append(settings, setting(ref, d.text, pos))
		default:
			layers = append(layers, helm.Values{
				Name: d.pos.File, Data: []byte(d.text), Pos: d.pos, At: func([]string) manifest.Pos { return d.pos },
			})
		}
	}
	if own := manifest.Mapping(r.Data, "spec", "values"); len(own) > 0 {
		data, err := json.Marshal(own)
		if err != nil {
			panic(err) // it was decoded as JSON is
		}
		origin := r.At("spec", "values")
		layers = append(layers, helm.Values{Name: origin.File, Data: data, Pos: origin.Pos, At: func(keys []string) manifest.Pos {
			path := []any{"spec", "values"}
			for _, key := range keys {
				path = append(path, key)
			}
			return r.At(path...).Pos
		}})
	}
	return layers, settings, gaps
}

// reference returns what a reference to values leads to, nil for nothing, and why
// that is not known.
func (c *Cluster) reference(r *Release, ref meta.ValuesReference) (d *datum, reason string) {
	held, ok := c.dataOf(ref.Kind, r.Namespace, ref.Name)
	if !ok {
		if ref.Optional {
			return nil, ""
		}
		return nil, missing(ref.Kind, r.Namespace, ref.Name)
	}
	value, ok := held.data[ref.GetValuesKey()]
	switch {
	case !ok && held.open, value.unknown:
		return nil, fmt.Sprintf("%q of %s %q is encrypted or comes from elsewhere", ref.GetValuesKey(), ref.Kind, ref.Name)
	case !ok && ref.Optional:
		return nil, ""
	case !ok:
		return nil, fmt.Sprintf("%s %q has no key %q", ref.Kind, ref.Name, ref.GetValuesKey())
	}
	return &value, ""
}

// setting is the value of a reference at its path: as for --set, as for --set-string
// in quotes, or just the text.
func setting(ref meta.ValuesReference, value string, pos manifest.Pos) helm.Setting {
	quoted := func(quote string) bool { return strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) }
	switch {
	case ref.Literal:
		return helm.Setting{Expression: ref.TargetPath + "=" + literal.Replace(value), Form: helm.Text, Pos: pos}
	case quoted("'"), quoted(`"`):
		return helm.Setting{Expression: ref.TargetPath + "=" + strings.Trim(value, `'"`), Form: helm.Text, Pos: pos}
	default:
		return helm.Setting{Expression: ref.TargetPath + "=" + value, Pos: pos}
	}
}

// literal escapes what Helm's settings read as more than text.
var literal = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`)
