package diff

import (
	"io"

	"github.com/ringfence/ringfence/change"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/report/reach"
	"github.com/ringfence/ringfence/rules"
)

// version of the JSON document; docs/diff.md describes it.
const version = 1

type document struct {
	Version      int             `json:"version"`
	Tool         report.JSONTool `json:"tool"`
	Before       string          `json:"before"`
	After        string          `json:"after"`
	Environments []environment   `json:"environments"`
	Unchanged    []string        `json:"unchanged"`
	Findings     findings        `json:"findings"`
	Gaps         gaps            `json:"gaps"`
	Submodules   []submodule     `json:"submodules"`
	Summary      summary         `json:"summary"`
}

type environment struct {
	Name         string        `json:"name"`
	Was          string        `json:"was"`
	Status       change.Status `json:"status"`
	Opened       []connections `json:"opened"`
	Closed       []connections `json:"closed"`
	Workloads    workloads     `json:"workloads"`
	Published    []entry       `json:"published"`
	Unpublished  []entry       `json:"unpublished"`
	NotEvaluated []doubtful    `json:"notEvaluated"`
	Gaps         int           `json:"gaps"`
}

type connections struct {
	Risk       change.Risk     `json:"risk"`
	From       []string        `json:"from"`
	To         []string        `json:"to"`
	Conn       []reach.Allowed `json:"connections"`
	Text       string          `json:"text"`
	Published  bool            `json:"published"`
	DataStores []string        `json:"dataStores"`
	Kept       []string        `json:"kept"`
	Uncertain  bool            `json:"uncertain"`
	Causes     []cause         `json:"causes"`
	Sampled    bool            `json:"sampled"`
}

type cause struct {
	Kind   change.CauseKind `json:"kind"`
	Before bool             `json:"before"`
	File   string           `json:"file"`
	Line   int              `json:"line"`
	Object reach.Object     `json:"object"`
	Text   string           `json:"text"`
}

type workloads struct {
	Added   []workload `json:"added"`
	Removed []workload `json:"removed"`
}

type workload struct {
	Node string `json:"node"`
	File string `json:"file"`
	Line int    `json:"line"`
}

type entry struct {
	Node string          `json:"node"`
	Conn []reach.Allowed `json:"connections"`
	By   reach.Object    `json:"by"`
	File string          `json:"file"`
	Line int             `json:"line"`
}

type doubtful struct {
	Policy reach.Object `json:"policy"`
	Reason string       `json:"reason"`
	Before bool         `json:"before"`
	File   string       `json:"file"`
	Line   int          `json:"line"`
}

type findings struct {
	New    []finding `json:"new"`
	Fixed  []finding `json:"fixed"`
	Unseen []finding `json:"unseen"`
	// Suppressed are findings that the change suppresses.
	Suppressed []report.JSONSuppressed `json:"suppressed"`
}

type finding struct {
	report.JSONFinding
	In     []string       `json:"in"`
	Before rules.Severity `json:"severityBefore"`
}

type gaps struct {
	New    []report.JSONGap `json:"new"`
	Closed []report.JSONGap `json:"closed"`
}

type submodule struct {
	Name    string `json:"name"`
	Changed bool   `json:"changed"`
}

type summary struct {
	Opened      int               `json:"opened"`
	Closed      int               `json:"closed"`
	Published   int               `json:"published"`
	Unpublished int               `json:"unpublished"`
	New         report.JSONCounts `json:"new"`
	Fixed       report.JSONCounts `json:"fixed"`
	Changed     int               `json:"changed"`
	Unchanged   int               `json:"unchanged"`
	Gaps        int               `json:"gaps"`
	Targets     targets           `json:"targets"`
}

type targets struct {
	Before   int      `json:"before"`
	After    int      `json:"after"`
	Rendered rendered `json:"rendered"`
}

type rendered struct {
	Before int `json:"before"`
	After  int `json:"after"`
}

func (r *Report) writeJSON(w io.Writer) error {
	d := document{
		Version: version, Tool: report.JSONToolOf(r.Version), Before: r.Before, After: r.After,
		Environments: each(r.Environments, environmentOf),
		Unchanged:    append([]string{}, r.Unchanged...),
		Findings:     findings{each(r.New, findingOf), each(r.Fixed, findingOf), each(r.Unseen, findingOf), each(r.Suppressed, report.JSONSuppressedOf)},
		Gaps:         gaps{each(r.NewGaps, report.JSONGapOf), each(r.ClosedGaps, report.JSONGapOf)},
		Submodules:   each(r.Submodules, func(s Submodule) submodule { return submodule(s) }),
		Summary: summary{
			Opened: r.Opened, Closed: r.Closed, Published: r.Published, Unpublished: r.Unpublished,
			New: report.JSONCountsOf(bare(r.New)), Fixed: report.JSONCountsOf(bare(r.Fixed)), Changed: len(r.Environments), Unchanged: len(r.Unchanged), Gaps: countGaps(r),
			Targets: targets{r.Targets.Before, r.Targets.After, rendered(r.Targets.Rendered)},
		},
	}
	return report.Encode(w, d)
}

// each converts a list, never to null.
func each[A, B any](list []A, convert func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, item := range list {
		out = append(out, convert(item))
	}
	return out
}

func environmentOf(e *change.Environment) environment {
	return environment{
		Name: e.Name, Was: e.Was, Status: e.Status, Gaps: len(e.Gaps),
		Opened: each(e.Opened, connectionsOf), Closed: each(e.Closed, connectionsOf),
		Workloads: workloads{each(e.Added, workloadOf), each(e.Removed, workloadOf)},
		Published: each(e.Published, entryOf), Unpublished: each(e.Unpublished, entryOf),
		NotEvaluated: each(e.Doubtful, func(d change.Doubtful) doubtful {
			return doubtful{reach.ObjectOf(d.Ref), d.Reason, d.Before, d.Pos.File, d.Pos.Line}
		}),
	}
}

func connectionsOf(c change.Connections) connections {
	return connections{
		Risk: c.Risk, From: reach.Nodes(c.From), To: reach.Nodes(c.To), Conn: reach.AllowedOf(c.Conn), Text: connectionsText(c),
		Published: c.Published, DataStores: append([]string{}, c.DataStores...), Kept: append([]string{}, c.Kept...), Uncertain: c.Uncertain,
		Causes: each(c.Causes, causeOf), Sampled: c.Sampled,
	}
}

func causeOf(c change.Cause) cause {
	out := cause{Kind: c.Kind, Before: c.Before, File: c.File, Line: c.Line, Text: causeText(c)}
	switch {
	case c.Workload != nil:
		out.Object = reach.ObjectOf(c.Workload.Ref)
	case c.Namespace != nil:
		out.Object = reach.Object{Kind: "Namespace", Name: c.Namespace.Name}
	default:
		out.Object = reach.ObjectOf(c.Reason.Policy.Source.Ref)
	}
	return out
}

func workloadOf(w *netpol.Workload) workload {
	return workload{w.String(), w.Source.File, w.Source.Line}
}

func entryOf(n netpol.Entry) entry {
	pos := n.By.At(n.Path...).Pos
	return entry{n.Workload.String(), reach.AllowedOf(n.Conn()), reach.ObjectOf(n.By.Ref), pos.File, pos.Line}
}

func findingOf(f change.Finding) finding {
	return finding{report.JSONFindingOf(f.Finding), append([]string{}, f.In...), f.Before}
}
