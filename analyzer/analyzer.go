// Package analyzer turns environments into findings.
//
// For each environment it builds the cluster, joins the facts that rules read,
// evaluates the rules and finds the line of every violation; then it merges what
// several environments share. It renders nothing, decides no exit code and
// prints nothing.
package analyzer

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/ringfence/ringfence/config"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/rules"
	"github.com/ringfence/ringfence/traffic"
)

// Environment is what is applied to one cluster.
type Environment struct {
	Name string
	// Objects have their namespaces filled in. The objects of a target whose
	// namespace nobody knows share a private one: see manifest.IsPrivate.
	Objects []*manifest.Object
	Gaps    []Gap              // what could not be seen of it
	Unseen  []*manifest.Object // policies of what could not be rendered, as they are written
	// Unassigned is true where nothing says to which cluster it goes.
	Unassigned bool
	// NamespaceLabels are labels that the manifests do not hold, by namespace.
	NamespaceLabels map[string]map[string]string
	Hints           []traffic.Hint // calls that people tell
	Cluster         config.Cluster // what is known of it besides the manifests
}

// Options say how to analyze.
type Options struct {
	Rules   *rules.Set
	Persona rules.Persona // empty means Regular
	Gaps    []Gap         // met outside of any environment
	// Accept returns the reason why the user accepts a gap, empty for none. An
	// accepted gap is no finding, and still leaves its environment incomplete.
	Accept func(manifest.Gap) string
	// Severities, Ignores and Comments change which findings count, and how much.
	Severities []config.Severity
	Ignores    []config.Ignore
	Comments   []Comment
	Today      time.Time // suppressions that ended before have no effect
	Partial    bool      // a part of the repository was asked for, so something may be missing
}

// Analyze returns the findings of all environments, merged and sorted. The
// report's Targets are left for the caller, who knows them. An error means that
// a rule broke its contract or that ctx ended, never that something is wrong
// with the environments.
func Analyze(ctx context.Context, environments []Environment, opts Options) (*Report, error) {
	results, err := assessAll(ctx, environments, opts)
	if err != nil {
		return nil, err
	}
	report := &Report{Environments: len(environments), Gaps: opts.accept(slices.Clone(opts.Gaps))}
	for _, r := range results {
		report.Gaps = append(report.Gaps, r.gaps...)
		report.Workloads += r.workloads
		report.Policies += r.policies
	}
	decisions := newSuppressions(environments, opts)
	decide(results, decisions, opts.Severities)
	report.take(merge(results), opts.Persona)
	report.Gaps = append(report.Gaps, decisions.remarks(completelySeen(environments, opts))...)
	slices.SortFunc(report.Gaps, compareGaps)
	report.Gaps = slices.Compact(report.Gaps)
	return report, nil
}

// accept notes in gaps which are accepted.
func (o Options) accept(gaps []Gap) []Gap {
	if o.Accept != nil {
		for i := range gaps {
			gaps[i].Accepted = o.Accept(gaps[i].Gap)
		}
	}
	return gaps
}

// assessAll assesses the environments in parallel and keeps their order.
func assessAll(ctx context.Context, environments []Environment, opts Options) ([]*assessment, error) {
	all := newRepository(environments)
	results := make([]*assessment, len(environments))
	errs := make([]error, len(environments))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(environments)) {
		wait.Go(func() {
			for i := range next {
				results[i], errs[i] = assess(ctx, environments[i], all, opts)
			}
		})
	}
	for i := range environments {
		next <- i
	}
	close(next)
	wait.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("environment %q: %w", environments[i].Name, err)
		}
	}
	return results, nil
}

// assessment is what one environment gives.
type assessment struct {
	violations          []located
	gaps                []Gap
	workloads, policies int
	// sources holds everything that a rule can point at by where it was written.
	sources map[source][]place
}

// located is a violation with the places that its ids stand for.
type located struct {
	rules.Violation
	environment string
	place       place
	origin      manifest.Origin
	related     []Related
	fate
}

// assess analyzes one environment of a repository. A panic becomes an error, because it would
// otherwise end the program from a goroutine.
func assess(ctx context.Context, env Environment, all *repository, opts Options) (result *assessment, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error: %v", r)
		}
	}()
	cluster, rejected := netpol.New(env.Objects, netpol.Options{
		NamespaceLabels: env.NamespaceLabels,
	})
	gaps := slices.Clone(env.Gaps)
	for _, gap := range rejected {
		gaps = append(gaps, Gap{Gap: gap})
	}
	loose, underLoose := all.looseOver(env)
	for _, gap := range slices.Concat(withheld(cluster), looseGaps(loose), unplaced(cluster), templateGaps(env.Objects), all.unseenGaps(cluster, env), all.madeGaps(cluster)) {
		gaps = append(gaps, Gap{Gap: gap})
	}
	gaps = opts.accept(gaps)
	facts := newFacts(env, cluster, gaps, all)
	facts.underLoose = underLoose
	violations, err := opts.Rules.Evaluate(ctx, facts.model())
	if err != nil {
		return nil, err
	}
	result = &assessment{
		gaps:      gaps,
		workloads: len(cluster.Workloads),
		policies:  len(cluster.Policies) + len(cluster.Foreign),
		sources:   facts.places.bySource(),
	}
	for _, v := range violations {
		l, err := locate(v, facts.places)
		if err != nil {
			return nil, fmt.Errorf("rule %q: %w", v.Rule.ID, err)
		}
		l.environment = env.Name
		l.origin = l.place.origin(l.Path)
		result.violations = append(result.violations, l)
	}
	return result, nil
}

// locate finds the places of a violation.
func locate(v rules.Violation, places *places) (located, error) {
	l := located{Violation: v}
	var err error
	if l.place, err = places.at(v.Object); err != nil {
		return l, err
	}
	for _, r := range v.Related {
		p, err := places.at(r.Object)
		if err != nil {
			return l, err
		}
		l.related = append(l.related, Related{Origin: p.origin(r.Path), Message: r.Message})
	}
	return l, nil
}
