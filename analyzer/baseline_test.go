package analyzer

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/rules"
)

// estate is a repository of which each folder is an environment. Files are lists of documents.
type estate map[string][]string

func (e estate) environments(t *testing.T) []Environment {
	all := map[string]Environment{}
	for file, documents := range e {
		name := path.Dir(file)
		env := all[name]
		env.Name = name
		env.Objects = append(env.Objects, parse(t, file, strings.Join(documents, ""), "kube-shop")...)
		all[name] = env
	}
	var list []Environment
	for _, env := range all {
		list = append(list, env)
	}
	return list
}

// remainder is what of an estate is not in a baseline, as "file: object", sorted.
func remainder(t *testing.T, set *rules.Set, e estate, b *Baseline) (remaining []string, fixed int) {
	report, err := Analyze(t.Context(), e.environments(t), Options{Rules: set})
	if err != nil {
		t.Fatal(err)
	}
	report.Except(b, Whole)
	for _, f := range report.Findings {
		remaining = append(remaining, f.File+": "+f.Object.String())
	}
	slices.Sort(remaining)
	return remaining, len(report.Fixed)
}

// A baseline survives everything that leaves the defects as they are, and tells exactly
// those that are new: also where many are alike, as in copies for several environments,
// and whatever is found elsewhere at the same time.
func TestBaselineOfAnyEdits(t *testing.T) {
	set := load(t)
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 7))
		e := estate{}
		for i := range 2 + random.IntN(3) { // copies of a few workloads, some in one file
			for w := range 1 + random.IntN(3) {
				file := fmt.Sprintf("env-%d/%d.yaml", i, w%2)
				e[file] = append(e[file], deployment(fmt.Sprintf("app-%d", w)))
			}
		}
		report, err := Analyze(t.Context(), e.environments(t), Options{Rules: set})
		if err != nil {
			t.Fatal(err)
		}
		b := report.Baseline()
		if len(b.Findings) == 0 {
			t.Fatalf("seed %d: nothing is found", seed)
		}
		var done, want []string
		added := map[string]string{}
		for range 1 + random.IntN(5) {
			done = append(done, edit(random, e, added))
		}
		for file, name := range added {
			if name != "" {
				want = append(want, file+": kube-shop/Deployment/"+name)
			}
		}
		slices.Sort(want)
		got, fixed := remainder(t, set, e, b)
		if diff := cmp.Diff(want, got); diff != "" || fixed > 0 {
			t.Errorf("seed %d: after %v, %d fixed, new ones (-want +got):\n%s", seed, done, fixed, diff)
		}
	}
}

// edit changes an estate, and notes in added what is new in it. No file that it adds has
// the name of another one, so that none looks as if it was moved.
func edit(random *rand.Rand, e estate, added map[string]string) string {
	file := pick(random, e)
	switch random.IntN(5) {
	case 0:
		e[file] = append([]string{"# a comment\n\n"}, e[file]...)
		return "moved lines of " + file
	case 1:
		random.Shuffle(len(e[file]), func(i, j int) { e[file][i], e[file][j] = e[file][j], e[file][i] })
		return "reordered " + file
	case 2:
		from, to := path.Dir(file), fmt.Sprintf("a-%d", random.IntN(1e9))
		for old := range maps.Clone(e) {
			if path.Dir(old) == from {
				moved := path.Join(to, path.Base(old))
				e[moved], added[moved] = e[old], added[old]
				delete(e, old)
				delete(added, old)
			}
		}
		return "renamed " + from
	case 3: // a workload with another name, beside the others
		name := fmt.Sprintf("new-%d", random.IntN(1e9))
		file = path.Join(path.Dir(file), name+".yaml")
		e[file], added[file] = []string{deployment(name)}, name
	default: // a copy in a folder before or after the others
		name := fmt.Sprintf("%c-%d", "az"[random.IntN(2)], random.IntN(1e9))
		file = path.Join(name, name+".yaml")
		e[file], added[file] = []string{deployment("app-0")}, "app-0"
	}
	return "added " + file
}

func pick(random *rand.Rand, e estate) string {
	files := slices.Sorted(maps.Keys(e))
	return files[random.IntN(len(files))]
}

// What a finding becomes, and whether a baseline that knew it knows it still.
func TestBaselineOfChanges(t *testing.T) {
	const door = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}\n"
	web, closed := deployment("web"), deployment("web")+door
	in := func(name, namespace, text string) Environment {
		return Environment{Name: name, Objects: parse(t, "base/web.yaml", text, namespace)}
	}
	for name, test := range map[string]struct {
		before, after []Environment
		known         bool
	}{
		"one environment more, which comes first":   {[]Environment{in("prod", "kube-shop", web)}, []Environment{in("dev", "kube-dev", web), in("prod", "kube-shop", web)}, true},
		"one environment less":                      {[]Environment{in("dev", "kube-dev", web), in("prod", "kube-shop", web)}, []Environment{in("prod", "kube-shop", web)}, true},
		"one namespace more":                        {[]Environment{in("prod", "kube-shop", web)}, []Environment{{Name: "prod", Objects: slices.Concat(parse(t, "base/web.yaml", web, "kube-a"), parse(t, "base/web.yaml", web, "kube-shop"))}}, true},
		"reachable from outside":                    {[]Environment{in("prod", "kube-shop", web)}, []Environment{in("prod", "kube-shop", closed)}, false},
		"reachable from outside in one":             {[]Environment{in("dev", "kube-dev", web), in("prod", "kube-shop", web)}, []Environment{in("dev", "kube-dev", web), in("prod", "kube-shop", closed)}, false},
		"no longer reachable from outside":          {[]Environment{in("prod", "kube-shop", closed)}, []Environment{in("prod", "kube-shop", web)}, true},
		"no longer reachable from outside in one":   {[]Environment{in("dev", "kube-dev", web), in("prod", "kube-shop", closed)}, []Environment{in("dev", "kube-dev", web), in("prod", "kube-shop", web)}, true},
		"the one that is reachable is not any more": {[]Environment{in("dev", "kube-dev", web), in("prod", "kube-shop", closed)}, []Environment{in("dev", "kube-dev", web)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := analyze(t, rules.Regular, test.before...).Baseline()
			report := analyze(t, rules.Regular, test.after...)
			report.Except(b, Whole)
			if known := len(report.Findings) == 0; known != test.known || known != (len(report.Fixed) == 0) {
				t.Errorf("known: %t, want %t; fixed %v", known, test.known, report.Fixed)
			}
		})
	}
}

// Of what is alike as many are new as are more than before, and the file tells which.
func TestBaselineCounts(t *testing.T) {
	at := func(folder string) Environment {
		return Environment{Name: folder, Objects: parse(t, folder+"/web.yaml", deployment("web"), "kube-shop")}
	}
	b := analyze(t, rules.Regular, at("a"), at("m"), at("z")).Baseline()
	for name, test := range map[string]struct {
		after      []Environment
		seen       Seen
		new, fixed []string
	}{
		"one more before them":      {[]Environment{at("a"), at("b"), at("m"), at("z")}, Whole, []string{"b/web.yaml"}, nil},
		"one less":                  {[]Environment{at("a"), at("z")}, Whole, nil, []string{"m/web.yaml"}},
		"a folder renamed":          {[]Environment{at("a"), at("n"), at("z")}, Whole, nil, nil},
		"renamed, with a gap":       {[]Environment{at("a"), at("n"), at("z")}, Incomplete, nil, nil},
		"another part is asked for": {[]Environment{at("n")}, Part, []string{"n/web.yaml"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			report := analyze(t, rules.Regular, test.after...)
			report.Except(b, test.seen)
			var added, fixed []string
			for _, f := range report.Findings {
				added = append(added, f.File)
			}
			for _, k := range report.Fixed {
				fixed = append(fixed, k.File)
			}
			if diff := cmp.Diff([2][]string{test.new, test.fixed}, [2][]string{added, fixed}); diff != "" {
				t.Errorf("new and fixed (-want +got):\n%s", diff)
			}
			if rest := b.Without(report.Fixed); len(rest.Findings) != len(b.Findings)-len(fixed) {
				t.Errorf("%d findings are left of the baseline", len(rest.Findings))
			}
		})
	}
}
