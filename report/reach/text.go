package reach

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report"
)

// most is how many names of a list a reader wants to see.
const most = 12

// writeText writes, for every behaviour, its destinations and by what each may be
// reached: workloads first, then what lies outside of the repository.
func (m *Map) writeText(b *bufio.Writer) {
	fmt.Fprintf(b, "environment %s: %s, %s%s\n", report.Printable(m.Environment),
		report.Counted(len(m.Cluster.Workloads), "workload", "workloads"),
		report.Counted(len(m.Cluster.Policies)+len(m.Cluster.Foreign), "policy", "policies"), m.incomplete())
	if len(m.Cluster.Workloads)+len(m.Cluster.Policies)+len(m.Cluster.Others) == 0 {
		return
	}
	reached := map[*netpol.Workload]bool{}
	destinations := m.destinations()
	for _, d := range destinations {
		for _, w := range d.workloads {
			reached[w] = true
		}
		if len(d.workloads) > 0 {
			writeSources(b, report.Some(names(d.workloads), most)+m.remark(d.workloads), d.rows)
		}
	}
	outside := slices.DeleteFunc(destinations, func(d destination) bool { return len(d.outside) == 0 })
	if len(outside) > 0 && !slices.ContainsFunc(outside, func(d destination) bool { return !d.unrestricted() }) {
		fmt.Fprintf(b, "\nto what lies outside of the repository\n  all  from anything\n")
	} else {
		for _, d := range outside {
			writeSources(b, termsText(d.outside), d.rows)
		}
	}
	m.writeUnreached(b, reached)
	if m.Exposure {
		m.writeLabelled(b)
		m.writePublished(b)
	}
	m.writeDoubts(b)
}

// incomplete says that something may be missing.
func (m *Map) incomplete() string {
	if m.Gaps == 0 {
		return ""
	}
	return "; incomplete: " + report.Counted(m.Gaps, "gap", "gaps")
}

// destination is peers that are reached alike.
type destination struct {
	workloads []*netpol.Workload
	outside   []netpol.Term
	rows      []netpol.Row
}

// destinations joins the rows that lead to the same peers.
func (m *Map) destinations() []destination {
	var all []destination
	var last netpol.Peers
	for row := range m.Relation.Rows() {
		if len(all) == 0 || !row.To.Equal(last) {
			d := destination{}
			var outside netpol.Peers
			d.workloads, outside = row.To.Divide()
			d.outside = outside.Terms()
			all = append(all, d)
			last = row.To
		}
		d := &all[len(all)-1]
		d.rows = append(d.rows, row)
	}
	return all
}

// unrestricted tells whether every pod may make every connection to a destination.
func (d destination) unrestricted() bool {
	if len(d.rows) != 1 || !d.rows[0].Conn.IsAll() {
		return false
	}
	terms := d.rows[0].From.Terms()
	return len(terms) == 1 && len(terms[0].Except) == 0 && (terms[0].Kind == netpol.AnythingTerm || terms[0].Kind == netpol.AnyPodTerm)
}

func writeSources(b *bufio.Writer, to string, rows []netpol.Row) {
	fmt.Fprintf(b, "\nto %s\n", to)
	width := 0
	for _, row := range rows {
		width = max(width, len(row.Conn.String()))
	}
	for _, row := range rows {
		fmt.Fprintf(b, "  %-*s  from %s\n", width, row.Conn, termsText(row.From.Terms()))
	}
}

// remark says why workloads are open, where it is the same for all.
func (m *Map) remark(workloads []*netpol.Workload) string {
	all := func(is func(*netpol.Workload) bool) bool {
		return !slices.ContainsFunc(workloads, func(w *netpol.Workload) bool { return !is(w) })
	}
	switch {
	case all(func(w *netpol.Workload) bool { return w.HostNetwork }):
		return " (on the host network, where no policy applies)"
	case all(func(w *netpol.Workload) bool { return !m.Cluster.Governed(w, netpol.Ingress) }):
		return " (open: no policy is about its ingress)"
	case all(m.open):
		return " (open: its policies allow everything)"
	default:
		return ""
	}
}

func (m *Map) writeUnreached(b *bufio.Writer, reached map[*netpol.Workload]bool) {
	var unreached []string
	for _, w := range m.Cluster.Workloads {
		if !reached[w] && (m.Focus == nil || m.Focus == w) {
			unreached = append(unreached, w.String())
		}
	}
	if len(unreached) == 0 {
		return
	}
	what := "nothing"
	if m.Exposure {
		what = "nothing outside of the repository"
	}
	fmt.Fprintf(b, "\n%s may connect to %s\n", what, report.Some(unreached, most))
}

// writeLabelled lists what pods that the repository does not declare may connect
// to if they have labels that a policy asks for and that no workload has.
func (m *Map) writeLabelled(b *bufio.Writer) {
	first := true
	for _, p := range slices.Concat(m.Cluster.Policies, m.Cluster.Others) {
		workloads := slices.DeleteFunc(slices.Clone(p.Selected), func(w *netpol.Workload) bool { return m.Focus != nil && m.Focus != w })
		for _, r := range p.Rules(netpol.Ingress) {
			for _, peer := range r.Peers {
				if len(workloads) == 0 || r.Action != netpol.Allow || !m.undeclared(peer) {
					continue
				}
				if first {
					fmt.Fprintf(b, "\nundeclared pods with the right labels may connect\n")
					first = false
				}
				fmt.Fprintf(b, "  to %s on %s: %s, by %s at %s\n", report.Some(names(workloads), most), report.Printable(r.PortsPhrase()),
					report.Printable(peer.Phrase()), policyText(p), posText(peer.Origin().Pos))
			}
		}
	}
}

// undeclared tells whether an item of a rule asks for labels that no workload has.
func (m *Map) undeclared(p *netpol.RulePeer) bool {
	return p.PodSelector != nil && !p.PodSelector.Matches(nil) && len(m.Cluster.PeerWorkloads(p)) == 0
}

// writePublished lists what the outside of the cluster can call.
func (m *Map) writePublished(b *bufio.Writer) {
	entries := slices.DeleteFunc(m.Cluster.Entries(), func(e netpol.Entry) bool { return !e.Outside })
	if len(entries) == 0 {
		fmt.Fprintf(b, "\nno Service, Ingress or route publishes a workload outside of the cluster\n")
		return
	}
	slices.SortStableFunc(entries, func(e, f netpol.Entry) int { return e.Workload.Compare(f.Workload.Ref) })
	fmt.Fprintf(b, "\npublished outside of the cluster\n")
	for _, e := range entries {
		if m.Focus != nil && m.Focus != e.Workload {
			continue
		}
		fmt.Fprintf(b, "  %s on %s by %s %q at %s\n", report.Printable(e.Workload.String()), entryPort(e),
			e.By.Kind, report.Printable(e.By.Name), report.Printable(e.By.At(e.Path...).Pos.String()))
	}
}

func entryPort(e netpol.Entry) string {
	if conn := e.Conn(); !conn.IsEmpty() {
		return conn.String()
	}
	return fmt.Sprintf("port %q, which its pods do not declare,", report.Printable(e.Port.TargetName))
}

// doubt is a doubt with the workloads that it is about.
type doubt struct {
	netpol.Doubt
	direction netpol.Direction
	workloads []*netpol.Workload
}

// doubts returns what is not certain, by the position of the policy.
func (m *Map) doubts() []doubt {
	places := map[string]int{}
	var all []doubt
	for _, w := range m.Cluster.Workloads {
		if m.Focus != nil && m.Focus != w {
			continue
		}
		for _, d := range []netpol.Direction{netpol.Ingress, netpol.Egress} {
			for _, u := range m.Cluster.Uncertain(w, d) {
				key := fmt.Sprint(d, u.Policy.Source.Ref, u.Origin().Pos, u.Reason)
				i, known := places[key]
				if !known {
					i = len(all)
					places[key] = i
					all = append(all, doubt{Doubt: u, direction: d})
				}
				all[i].workloads = append(all[i].workloads, w)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b doubt) int {
		return cmp.Or(a.Origin().Compare(b.Origin().Pos), cmp.Compare(a.direction, b.direction), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}

func (m *Map) writeDoubts(b *bufio.Writer) {
	doubts := m.doubts()
	if len(doubts) == 0 {
		return
	}
	fmt.Fprintf(b, "\nuncertain, because a policy is not evaluated completely\n")
	for _, d := range doubts {
		fmt.Fprintf(b, "  %s of %s: %s %q at %s: %s\n", directionName(d.direction), report.Some(names(d.workloads), most),
			d.Policy.Kind, report.Printable(d.Policy.Name), report.Printable(d.Origin().Pos.String()), report.Printable(d.Reason))
	}
}

func directionName(d netpol.Direction) string {
	if d == netpol.Egress {
		return "egress"
	}
	return "ingress"
}

func names(workloads []*netpol.Workload) []string {
	all := make([]string, len(workloads))
	for i, w := range workloads {
		all[i] = w.String()
	}
	return all
}

// termsText lists terms, set apart so that the exceptions of one are not taken for
// the next.
func termsText(terms []netpol.Term) string {
	names := make([]string, len(terms))
	separator := ", "
	for i, t := range terms {
		names[i] = report.Printable(t.String())
		if len(t.Except) > 0 {
			separator = "; "
		}
	}
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, separator)
}
