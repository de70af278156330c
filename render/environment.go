package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// An Environment is what goes to one cluster. Policies, Services and selectors
// are matched only within it.
type Environment struct {
	Name    string
	Results []Result
}

// Group puts results that go to the same cluster into one environment, sorted by
// name. A target without environments is one of its own with the targets of its
// scope; one that holds nothing but policies joins those whose namespaces it
// names. Targets of one environment that declare the same object are
// alternatives: each gets a variant of the environment, with everything that is
// no alternative to anything.
func Group(results []Result) []Environment {
	members := make(map[string][]Result)
	var joining []Result
	for _, r := range results {
		if len(r.Envs) == 0 && onlyPolicies(r.Objects) {
			joining = append(joining, r)
			continue
		}
		for _, name := range environmentNames(r.Target) {
			members[name] = append(members[name], r)
		}
	}
	var environments []Environment
	for name, results := range members {
		environments = append(environments, variants(name, results)...)
	}
	byName := func(a, b Environment) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(environments, byName)
	for _, r := range joining {
		environments = join(environments, r)
	}
	slices.SortFunc(environments, byName)
	return environments
}

func environmentNames(t Target) []string {
	if len(t.Envs) == 0 {
		return []string{t.Scope}
	}
	return t.Envs
}

// variants splits the targets of an environment so that alternatives never meet.
func variants(name string, results []Result) []Environment {
	slices.SortFunc(results, func(a, b Result) int { return compareTargets(a.Target, b.Target) })
	alternative := alternatives(results)
	var common []Result
	var sets [][]Result // each a choice of alternatives
	var ids []objectSet // what each choice declares
	for i, r := range results {
		if !alternative[i] {
			common = append(common, r)
			continue
		}
		declared := declares(r)
		k := slices.IndexFunc(ids, func(s objectSet) bool { return !s.overlaps(declared) })
		if k < 0 {
			k = len(sets)
			sets, ids = append(sets, nil), append(ids, objectSet{})
		}
		sets[k] = append(sets[k], r)
		ids[k].add(declared)
	}
	if len(sets) == 0 {
		return []Environment{{Name: name, Results: common}}
	}
	environments := make([]Environment, len(sets))
	for k, set := range sets {
		environments[k] = Environment{Name: name, Results: slices.Concat(common, set)}
		if k > 0 || set[0].Name != name {
			environments[k].Name = fmt.Sprintf("%s (%s)", name, set[0].Name)
		}
	}
	return environments
}

// alternatives tells of each result whether another declares an object of it.
func alternatives(results []Result) []bool {
	first := make(map[manifest.Ref]int)
	alternative := make([]bool, len(results))
	for i, r := range results {
		for id := range declares(r) {
			if j, seen := first[id]; seen {
				alternative[i], alternative[j] = true, true
			} else {
				first[id] = i
			}
		}
	}
	return alternative
}

type objectSet map[manifest.Ref]bool

func (s objectSet) overlaps(t objectSet) bool {
	for id := range t {
		if s[id] {
			return true
		}
	}
	return false
}

func (s objectSet) add(t objectSet) {
	for id := range t {
		s[id] = true
	}
}

// declares lists the objects that make two targets alternatives. Namespaces and
// CRDs are left out, for targets that go together often repeat them.
func declares(r Result) objectSet {
	ids := make(objectSet, len(r.Objects))
	for _, o := range r.Objects {
		if o.Kind != "Namespace" && o.Kind != "CustomResourceDefinition" && o.Name != "" {
			ids[o.Ref] = true
		}
	}
	return ids
}

// join adds a target that holds only policies to every environment that has a
// workload in one of its namespaces; where there is none, it is one of its own.
func join(environments []Environment, r Result) []Environment {
	namespaces, declared := make(map[string]bool), declares(r)
	guest := r
	guest.Why = "names namespaces of this environment"
	for id := range declared {
		namespaces[id.Namespace] = true
	}
	joined := false
	for i := range environments {
		e := &environments[i]
		meets := slices.ContainsFunc(e.Results, func(other Result) bool {
			return slices.ContainsFunc(other.Objects, func(o *manifest.Object) bool { return !isPolicy(o) && namespaces[o.Namespace] })
		})
		clashes := slices.ContainsFunc(e.Results, func(other Result) bool { return declares(other).overlaps(declared) })
		if meets && !clashes {
			e.Results = append(e.Results, guest)
			joined = true
		}
	}
	if !joined {
		environments = append(environments, Environment{Name: r.Scope, Results: []Result{r}})
	}
	return environments
}

func onlyPolicies(objects []*manifest.Object) bool {
	policies := 0
	for _, o := range objects {
		if isPolicy(o) {
			policies++
		} else if o.Kind != "Namespace" {
			return false
		}
	}
	return policies > 0
}

func isPolicy(o *manifest.Object) bool { return strings.HasSuffix(o.Kind, "NetworkPolicy") }

// markers are the folders whose subfolders are named for environments.
var markers = []string{"clusters", "cluster", "environments", "environment", "envs", "env", "overlays", "stages"}

// envsOfPath reads the environment off a folder's path: the folder below the
// first marker. The reason tells where it stands.
func envsOfPath(dir string) ([]string, string) {
	parts := strings.Split(dir, "/")
	for i, part := range parts[:len(parts)-1] {
		if slices.Contains(markers, strings.ToLower(part)) {
			return []string{parts[i+1]}, "path " + strings.Join(parts[:i+2], "/")
		}
	}
	return nil, ""
}

var environmentWords = []string{
	"prod", "production", "live", "preprod", "stage", "staging", "stg", "uat", "qa",
	"test", "testing", "dev", "development", "int", "integration", "sandbox", "local",
}

// isEnvironmentName tells whether a name such as "prod" or "eu-prod" is that of
// an environment and not of a variant such as "ha".
func isEnvironmentName(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(environmentWords, w) })
}
