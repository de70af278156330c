package place

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/ringfence/ringfence/generate"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/render"
)

// Revise compares what the plan comes out as, the environments rendered with its
// files, with what was proposed for them. A policy that comes out as another one, or not
// at all, goes from the base to the overlays, and in a chart without the chart's
// expressions; where that does not help, it is left out with a remark. Revise
// returns false if there was none, else the plan is another one.
func (p *Plan) Revise(rendered []render.Environment) (bool, error) {
	planner := p.planner
	revised := make(map[place]bool)
	for i, e := range planner.environments {
		policies := slices.DeleteFunc(rendered[i].Objects(), func(o *manifest.Object) bool { return !generate.IsGenerated(o) })
		for _, pl := range planner.placements {
			if pl.environment != e || pl.left != "" {
				continue
			}
			group := planner.contents[pl.site].placements[pl.key]
			if slices.ContainsFunc(policies, func(o *manifest.Object) bool { return comesOut(pl.proposal, o, len(group) > 1) }) {
				continue
			}
			at := place{pl.home, pl.key}
			switch {
			case revised[at]: // for all its environments
			case (pl.site != pl.root || pl.site.kind == render.Helm) && !planner.apart[at]:
				planner.apart[at] = true
			default:
				planner.leave(group, "what renders the manifests would make another policy of it")
			}
			revised[at] = true
		}
	}
	if len(revised) == 0 {
		return false, nil
	}
	return true, planner.make()
}

// Written returns what the plan writes of the proposals for an environment, and
// whether others that share its folders may add to that.
func (p *Plan) Written(environment int) (proposals []*generate.Proposal, joined bool) {
	for _, pl := range p.planner.placements {
		if pl.environment == p.planner.environments[environment] && pl.left == "" {
			proposals = append(proposals, pl.proposal)
			joined = joined || len(p.planner.contents[pl.site].placements[pl.key]) > 1
		}
	}
	return proposals, joined
}

// comesOut tells whether a rendered policy is what was proposed, but for its name; if
// it is joined, it may have more rules.
func comesOut(proposal *generate.Proposal, o *manifest.Object, joined bool) bool {
	if o.Kind != proposal.Object.Kind || o.Namespace != proposal.Namespace {
		return false
	}
	want, got := manifest.Mapping(proposal.Object.Data, "spec"), manifest.Mapping(o.Data, "spec")
	fields := maps.Clone(want)
	maps.Copy(fields, got)
	for field := range fields {
		if field != "ingress" && field != "egress" {
			if spelled(want[field]) != spelled(got[field]) {
				return false
			}
			continue
		}
		have := make(map[string]bool)
		for _, r := range manifest.Items(got, field) {
			have[spelled(r)] = true
		}
		wanted := manifest.Items(want, field)
		if slices.ContainsFunc(wanted, func(r any) bool { return !have[spelled(r)] }) || !joined && len(have) != len(wanted) {
			return false
		}
	}
	return true
}

// spelled spells a value in the same way wherever it means the same: label selectors
// as expressions, sorted, without labels that proposals do not use: a kustomization adds
// some to all pods and to what selects them.
func spelled(value any) string {
	text, err := json.Marshal(canonical(value))
	if err != nil {
		return err.Error() // a value that YAML has and JSON does not; equal to none
	}
	return string(text)
}

func canonical(value any) any {
	switch v := value.(type) {
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = canonical(item)
		}
		return items
	case map[string]any:
		fields := make(map[string]any)
		var expressions []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch key {
			case "matchLabels":
				for label, value := range manifest.Mapping(v, key) {
					if generate.IsUnstable(label) {
						continue
					}
					expressions = append(expressions, spelled(map[string]any{"key": label, "operator": "In", "values": []any{value}}))
				}
			case "matchExpressions":
				for _, e := range manifest.Items(v, key) {
					expressions = append(expressions, spelled(e))
				}
			default:
				fields[key] = canonical(v[key])
			}
		}
		if len(expressions) > 0 {
			slices.Sort(expressions)
			fields["selector"] = expressions
		}
		return fields
	default:
		return v
	}
}
