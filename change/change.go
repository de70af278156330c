// Package change compares two states of a repository: which connections the step from one
// to the other opens and closes, and which findings are new or fixed.
//
// Environments are compared with the environment of the same name, and within it
// objects with those of the same group, kind, namespace and name. What was only moved,
// renamed as a file or a folder, reordered or formatted is no change. Package netpol
// computes the exact difference of who may connect to whom; this package says for
// each part of it what did it and how much it matters.
//
// It knows nothing of git (room change/revision does), of output formats and exit codes.
package change

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
)

// State is one state of a repository, rendered and analyzed.
type State struct {
	Environments []analyzer.Environment
	Report       *analyzer.Report
}

// Change is what differs between two states.
type Change struct {
	Environments []*Environment // those in which something changed, sorted by name
	Unchanged    []string       // the names of the others, sorted
	New, Fixed   []Finding      // sorted as the analyzer does
	Unseen       []Finding      // gone, in environments of which more cannot be seen than before
	// Suppressed are findings that are suppressed only after. They count as what they are:
	// as new, or as there before.
	Suppressed []analyzer.Suppressed
	NewGaps    []analyzer.Gap // what could be seen before, or was not there, and cannot be seen
	ClosedGaps []analyzer.Gap
}

// Environment is an environment in which something changed.
type Environment struct {
	Name   string
	Was    string // its name before, where that is another
	Status Status
	// Opened and Closed are the connections that only one of the states allows, those
	// that matter most first.
	Opened, Closed []Connections
	// Added and Removed are the workloads that only one of the states has.
	Added, Removed []*netpol.Workload
	// Published and Unpublished are the ways from outside of the cluster into workloads,
	// by a Service, an Ingress or a route, that only one of the states has. Whether policies
	// let these connections pass is another matter.
	Published, Unpublished []netpol.Entry
	// Doubtful are policies that differ and are not evaluated completely, and objects of which
	// programs make policies.
	Doubtful []Doubtful
	Gaps     []analyzer.Gap // what could not be seen of it, in either state

	Before, After *netpol.Cluster // empty ones where the environment is not in a state

	renamed map[manifest.Ref]string // names now of objects before
	hides   bool                    // less of it can be seen than before
}

// Status tells in which states an environment is.
type Status string

// The states of environments.
const (
	Added   Status = "added"
	Removed Status = "removed"
	Changed Status = "changed"
)

// Doubtful is a policy that differs, of which something is not evaluated.
type Doubtful struct {
	Ref    manifest.Ref
	Pos    manifest.Pos
	Reason string
	Before bool // it is only in the state before, and Pos a place there
}

// Compare compares two states.
func Compare(before, after State) *Change {
	c := &Change{}
	now := map[string]successor{}
	more := makesMore(before.Environments, after.Environments)
	for _, p := range match(before.Environments, after.Environments) {
		e := p.compare()
		if p.before != nil && p.after != nil {
			now[p.before.Name] = successor{p.after.Name, e.renamed, more || e.hides || e.isDoubted(), namesOf(p.after.Objects)}
		}
		if e.isEmpty() {
			c.Unchanged = append(c.Unchanged, e.Name)
		} else {
			c.Environments = append(c.Environments, e)
		}
	}
	slices.SortFunc(c.Environments, func(a, b *Environment) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(string(a.Status), string(b.Status)))
	})
	slices.Sort(c.Unchanged)
	var gone []sighting
	c.New, gone = compareFindings(before.Report, after.Report, now)
	c.Fixed, c.Unseen = fixed(gone, now)
	c.Suppressed = newlySuppressed(before.Report.Suppressed, after.Report.Suppressed)
	c.NewGaps, c.ClosedGaps = compareGaps(before.Report.Gaps, after.Report.Gaps)
	return c
}

// compare compares a pair of environments, of which one may be missing.
func (p pair) compare() *Environment {
	e := &Environment{Status: Changed}
	switch {
	case p.before == nil:
		e.Name, e.Status = p.after.Name, Added
		p.before = &analyzer.Environment{}
	case p.after == nil:
		e.Name, e.Status = p.before.Name, Removed
		p.after = &analyzer.Environment{}
	default:
		e.Name = p.after.Name
		if p.before.Name != p.after.Name {
			e.Was = p.before.Name
		}
		if p.isSame() && !p.hides() {
			return e
		}
	}
	var objects []*manifest.Object
	objects, e.renamed = align(p.before.Objects, p.after.Objects)
	var rejected [2][]manifest.Gap
	e.Before, rejected[0] = netpol.New(objects, netpol.Options{NamespaceLabels: p.before.NamespaceLabels})
	e.After, rejected[1] = netpol.New(p.after.Objects, netpol.Options{NamespaceLabels: p.after.NamespaceLabels})
	e.addGaps(slices.Concat(p.before.Gaps, p.after.Gaps))
	for _, g := range slices.Concat(rejected[0], rejected[1]) {
		e.addGaps([]analyzer.Gap{{Gap: g}})
	}
	e.hides = p.hides()
	e.compareWorkloads()
	e.compareConnections()
	e.compareAsked(p, objects)
	e.compareEntries()
	e.compareDoubtful(objects, p.after.Objects)
	return e
}

// addGaps adds gaps that leave something unseen, each once.
func (e *Environment) addGaps(gaps []analyzer.Gap) {
	for _, g := range gaps {
		if !g.Note && !slices.Contains(e.Gaps, g) {
			e.Gaps = append(e.Gaps, g)
		}
	}
}

// isEmpty tells whether there is nothing to say of an environment.
func (e *Environment) isEmpty() bool {
	return e.Status == Changed && !e.hides && len(e.Opened)+len(e.Closed)+len(e.Added)+len(e.Removed)+
		len(e.Published)+len(e.Unpublished)+len(e.Doubtful) == 0
}

// isDoubted tells whether a policy is there, or another one, that is not evaluated
// completely: rules say nothing of the pods that it selects.
func (e *Environment) isDoubted() bool {
	return slices.ContainsFunc(e.Doubtful, func(d Doubtful) bool { return !d.Before })
}

// compareWorkloads finds the workloads that only one state has.
func (e *Environment) compareWorkloads() {
	e.Added = missingIn(e.Before, e.After.Workloads)
	e.Removed = missingIn(e.After, e.Before.Workloads)
}

func missingIn(c *netpol.Cluster, workloads []*netpol.Workload) []*netpol.Workload {
	known := workloadsByRef(c)
	return slices.DeleteFunc(slices.Clone(workloads), func(w *netpol.Workload) bool { return known[w.Ref] != nil })
}

func workloadsByRef(c *netpol.Cluster) map[manifest.Ref]*netpol.Workload {
	byRef := make(map[manifest.Ref]*netpol.Workload, len(c.Workloads))
	for _, w := range c.Workloads {
		byRef[w.Ref] = w
	}
	return byRef
}

// compareEntries finds what is published, or no longer so.
func (e *Environment) compareEntries() {
	before, after := published(e.Before), published(e.After)
	e.Published, e.Unpublished = entriesMissingIn(before, after), entriesMissingIn(after, before)
}

// published returns the ways from outside of the cluster.
func published(c *netpol.Cluster) []netpol.Entry {
	return slices.DeleteFunc(c.Entries(), func(n netpol.Entry) bool { return !n.Outside })
}

type entryKey struct {
	workload, by   manifest.Ref
	conn, portName string
}

func keyOf(n netpol.Entry) entryKey {
	return entryKey{n.Workload.Ref, n.By.Ref, n.Conn().String(), n.Port.TargetName}
}

func entriesMissingIn(known, entries []netpol.Entry) []netpol.Entry {
	seen := make(map[entryKey]bool)
	for _, n := range known {
		seen[keyOf(n)] = true
	}
	var missing []netpol.Entry
	for _, n := range entries {
		if k := keyOf(n); !seen[k] {
			seen[k] = true
			missing = append(missing, n)
		}
	}
	return missing
}
