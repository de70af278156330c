package render

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
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

// Unassigned tells whether nothing says to which cluster its targets go.
func (e Environment) Unassigned() bool {
	return !slices.ContainsFunc(e.Results, func(r Result) bool { return len(r.Envs) > 0 })
}

// Group puts results that go to the same cluster into one environment, sorted by
// name. A target without environments is one of its own with the targets of its
// scope; one that holds nothing but policies joins those whose namespaces it
// names. Targets of one environment that declare the same object are
// alternatives: each gets a variant of the environment, with everything that is
// no alternative to anything.
func Group(results []Result) []Environment {
	members := make(map[string][]Result)
	var guests []Result
	for _, r := range results {
		if len(r.Envs) == 0 && onlyPolicies(r.Objects) {
			guests = append(guests, r)
			continue
		}
		for _, name := range environmentNames(r.Target) {
			members[name] = append(members[name], r)
		}
	}
	seat(guests, members)
	var environments []Environment
	for name, results := range members {
		environments = append(environments, variants(name, results)...)
	}
	slices.SortFunc(environments, func(a, b Environment) int { return cmp.Compare(a.Name, b.Name) })
	return environments
}

// seat adds each target that holds only policies to every environment that has
// an object in one of its namespaces; where there is none, it is one of its
// own with the targets of its scope. Where targets of its scope have such objects,
// its policies are for them, and not for others that happen to name their
// namespaces alike: what lies outside of the scope does not count.
func seat(guests []Result, members map[string][]Result) {
	hosts := maps.Clone(members) // guests are no hosts of guests
	for _, guest := range guests {
		namespaces := make(map[string]bool)
		for _, o := range guest.Objects {
			namespaces[o.Namespace] = true
		}
		guest.Why = "names namespaces of this environment"
		hasHome := slices.ContainsFunc(hosts[guest.Scope], func(r Result) bool { return occupies(r, namespaces) })
		seated := false
		for name, results := range hosts {
			if slices.ContainsFunc(results, func(r Result) bool {
				return occupies(r, namespaces) && (!hasHome || within(r.Dir, guest.Scope))
			}) {
				members[name] = append(members[name], guest)
				seated = true
			}
		}
		if !seated {
			guest.Why = ""
			members[guest.Scope] = append(members[guest.Scope], guest)
		}
	}
}

// occupies tells whether a target has an object in one of the namespaces.
func occupies(r Result, namespaces map[string]bool) bool {
	return slices.ContainsFunc(r.Objects, func(o *manifest.Object) bool {
		return o.Namespace != "" && namespaces[o.Namespace]
	})
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
		k := slices.IndexFunc(ids, func(s objectSet) bool { return !s.competes(declared) })
		if k < 0 {
			k = len(sets)
			sets, ids = append(sets, nil), append(ids, objectSet{})
		}
		sets[k] = append(sets[k], r)
		maps.Copy(ids[k], declared)
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

// alternatives tells of each result whether another is an alternative to it.
func alternatives(results []Result) []bool {
	first := make(map[manifest.Ref]int)
	alternative := make([]bool, len(results))
	for i, r := range results {
		for id, o := range declares(r) {
			j, seen := first[id]
			if !seen {
				first[id] = i
			} else if competes(o, declares(results[j])[id]) {
				alternative[i], alternative[j] = true, true
			}
		}
	}
	return alternative
}

type objectSet map[manifest.Ref]*manifest.Object

func (s objectSet) competes(t objectSet) bool {
	for id, o := range t {
		if other := s[id]; other != nil && competes(o, other) {
			return true
		}
	}
	return false
}

// competes tells whether two objects of one name cannot be in one cluster at a
// time. The same policy or Service may come from a base or component that several
// targets share; a workload may not, so that a chart and a kustomization of one
// application never count as two.
func competes(a, b *manifest.Object) bool {
	return !isPolicy(a) && a.Kind != "Service" || !reflect.DeepEqual(a.Data, b.Data)
}

// declares lists the objects by which alternatives are told: workloads, Services
// and policies. Targets that go together often repeat others, such as Namespaces,
// ServiceAccounts and ConfigMaps.
func declares(r Result) objectSet {
	ids := make(objectSet, len(r.Objects))
	for _, o := range r.Objects {
		if o.Name != "" && (isPolicy(o) || o.Kind == "Service" || makesPods(o)) {
			ids[o.Ref] = o
		}
	}
	return ids
}

// makesPods tells whether an object has containers or a template for pods.
func makesPods(o *manifest.Object) bool {
	spec, _ := o.Data["spec"].(map[string]any)
	for _, key := range []string{"containers", "template", "jobTemplate"} {
		if _, ok := spec[key].(map[string]any); ok {
			return true
		}
		if _, ok := spec[key].([]any); ok {
			return true
		}
	}
	return false
}

// Objects returns the objects of all targets, and the namespaces that are created with
// them and that no object declares. What several targets declare alike is there once.
func (e Environment) Objects() []*manifest.Object {
	seen := make(map[manifest.Ref]*manifest.Object)
	var objects []*manifest.Object
	for _, r := range e.Results {
		for _, o := range r.Objects {
			if other := seen[o.Ref]; other != nil && o.Name != "" && reflect.DeepEqual(o.Data, other.Data) {
				continue
			}
			seen[o.Ref] = o
			objects = append(objects, o)
		}
	}
	for _, r := range e.Results {
		for _, ns := range r.Namespaces {
			if seen[ns.Ref] == nil {
				seen[ns.Ref] = ns
				objects = append(objects, ns)
			}
		}
	}
	return objects
}

// besidePolicies are the kinds that are kept with policies by those who set
// namespaces up for others.
var besidePolicies = []string{"Namespace", "ResourceQuota", "LimitRange", "Role", "RoleBinding", "ServiceAccount"}

func onlyPolicies(objects []*manifest.Object) bool {
	policies := 0
	for _, o := range objects {
		if isPolicy(o) {
			policies++
		} else if !slices.Contains(besidePolicies, o.Kind) {
			return false
		}
	}
	return policies > 0
}

func isPolicy(o *manifest.Object) bool { return strings.HasSuffix(o.Kind, "NetworkPolicy") }

// Folders whose subfolders are named for environments.
var (
	markers        = []string{"clusters", "cluster", "environments", "environment", "envs", "env", "stages"}
	overlayMarkers = []string{"overlays"}
)

// envsOfPath reads the environment off a folder's path:
//   - all that follows "overlays", for an overlay may have several levels, such
//     as overlays/prod/eu;
//   - the folder below "clusters", "envs" and the like, and those below it that
//     are named for environments, such as clusters/eu/prod/apps;
//   - a folder that is itself named for one, such as policies/prod.
//
// The reason tells where it stands.
func envsOfPath(dir string) ([]string, string) {
	parts := strings.Split(dir, "/")
	for i, part := range parts {
		name := strings.ToLower(part)
		from, to := i+1, i+2
		switch {
		case from < len(parts) && slices.Contains(overlayMarkers, name):
			to = len(parts)
		case from < len(parts) && slices.Contains(markers, name):
			for to < len(parts) && isEnvironmentName(parts[to]) {
				to++
			}
		case slices.Contains(environmentFolders, name):
			from, to = i, i+1
		default:
			continue
		}
		return []string{strings.Join(parts[from:to], "/")}, "path " + strings.Join(parts[:to], "/")
	}
	return nil, ""
}

// environmentFolders are folder names that stand for an environment wherever
// they are. Others, such as "test" and "local", often mean something else.
var environmentFolders = []string{"prod", "production", "preprod", "staging", "stage", "stg", "uat", "qa", "dev", "development"}

var environmentWords = append([]string{"live", "test", "testing", "int", "integration", "sandbox", "local"}, environmentFolders...)

// isEnvironmentName tells whether a name such as "prod" or "eu-prod" is that of
// an environment and not of a variant such as "ha".
func isEnvironmentName(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(environmentWords, w) })
}
