package reach

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"

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
			writeSources(b, TermsText(d.outside), d.rows)
		}
	}
	labelled := m.labelled()
	m.writeUnreached(b, reached, labelled)
	writeLabelled(b, labelled)
	if m.Exposure {
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
		fmt.Fprintf(b, "  %-*s  from %s\n", width, row.Conn, TermsText(row.From.Terms()))
	}
}

// remark says why workloads that are reached alike are open, where they are.
func (m *Map) remark(workloads []*netpol.Workload) string {
	remark := m.openBecause(workloads[0])
	for _, w := range workloads[1:] {
		if other := m.openBecause(w); other != remark {
			if remark == "" || other == "" {
				return ""
			}
			remark = "open"
		}
	}
	if remark == "" {
		return ""
	}
	return " (" + remark + ")"
}

// openBecause says why anything may connect to a workload, empty where not.
func (m *Map) openBecause(w *netpol.Workload) string {
	switch {
	case len(m.Cluster.Uncertain(netpol.PodsOf(w), netpol.Ingress)) > 0:
		return "uncertain, see below"
	case w.HostNetwork:
		return "on the host network, where no policy applies"
	case !m.Cluster.Governed(w, netpol.Ingress):
		return "open: no policy is about its ingress"
	case m.open(w):
		return "open: its policies allow everything"
	default:
		return ""
	}
}

// writeUnreached lists the workloads that nothing reaches, apart from pods with the
// right labels that the repository does not declare.
func (m *Map) writeUnreached(b *bufio.Writer, reached map[*netpol.Workload]bool, items []labelled) {
	labelled := map[*netpol.Workload]bool{}
	for _, l := range items {
		for _, w := range l.workloads {
			labelled[w] = labelled[w] || l.rule.Direction == netpol.Ingress
		}
	}
	var unreached, unlabelled, uncertain []string
	for _, w := range m.Cluster.Workloads {
		switch {
		case reached[w] || m.Focus != nil && m.Focus != w:
		case len(m.Cluster.Uncertain(netpol.PodsOf(w), netpol.Ingress)) > 0:
			uncertain = append(uncertain, w.String())
		case labelled[w]:
			unlabelled = append(unlabelled, w.String())
		default:
			unreached = append(unreached, w.String())
		}
	}
	what := "nothing"
	if m.Exposure {
		what = "nothing outside of the repository"
	}
	for _, list := range []struct {
		names []string
		what  string
	}{
		{unreached, what + " may connect to %s\n"},
		{unlabelled, what + " but pods with the right labels, see below, may connect to %s\n"},
		{uncertain, "as far as policies are evaluated, see below, " + what + " may connect to %s\n"},
	} {
		if len(list.names) > 0 {
			fmt.Fprintf(b, "\n"+list.what, report.Some(list.names, most))
		}
	}
}

// labelled is an item of a rule about pods that the repository does not declare: what
// may connect depends on labels that they may have.
type labelled struct {
	workloads []*netpol.Workload // of the policy
	rule      *netpol.Rule
	peer      *netpol.RulePeer
}

// labelled returns the items of rules that ask for labels which no workload has.
func (m *Map) labelled() []labelled {
	var all []labelled
	for _, p := range slices.Concat(m.Cluster.Policies, m.Cluster.Others) {
		workloads := slices.DeleteFunc(slices.Clone(p.Selected), func(w *netpol.Workload) bool { return m.Focus != nil && m.Focus != w })
		for _, d := range []netpol.Direction{netpol.Ingress, netpol.Egress} {
			for _, r := range p.Rules(d) {
				for _, peer := range r.Peers {
					if len(workloads) > 0 && r.Action == netpol.Allow && m.Cluster.AsksForMore(peer) && (d == netpol.Ingress || !m.Exposure) {
						all = append(all, labelled{workloads, r, peer})
					}
				}
			}
		}
	}
	return all
}

func writeLabelled(b *bufio.Writer, items []labelled) {
	for i, l := range items {
		if i == 0 {
			fmt.Fprintf(b, "\nwith pods that the repository does not declare, if they have the labels\n")
		}
		preposition := "from"
		if l.rule.Direction == netpol.Egress {
			preposition = "to"
		}
		fmt.Fprintf(b, "  %s of %s %s %s on %s, by %s at %s\n", l.rule.Direction.Name(), report.Some(names(l.workloads), most),
			preposition, report.Printable(l.peer.Phrase()), report.Printable(l.rule.PortsPhrase()), PolicyText(l.rule.Policy), posText(l.peer.Origin().Pos))
	}
}

// writePublished lists what the outside of the cluster can call.
func (m *Map) writePublished(b *bufio.Writer) {
	entries := slices.DeleteFunc(m.Cluster.Entries(), func(e netpol.Entry) bool {
		return !e.Outside || m.Focus != nil && m.Focus != e.Workload
	})
	if len(entries) == 0 {
		fmt.Fprintf(b, "\nno Service, Ingress, route of the Gateway API or OpenShift Route publishes it outside of the cluster\n")
		return
	}
	slices.SortStableFunc(entries, func(e, f netpol.Entry) int { return e.Workload.Compare(f.Workload.Ref) })
	fmt.Fprintf(b, "\npublished outside of the cluster\n")
	for _, e := range entries {
		fmt.Fprintf(b, "  %s on %s\n", report.Printable(e.Workload.String()), entryText(e))
	}
}

// entryText says on which port and by what a workload is published.
func entryText(e netpol.Entry) string {
	controller := ""
	if e.By.Ref != e.Service.Ref {
		controller = "; its controller is what connects"
	}
	return fmt.Sprintf("%s by %s at %s%s", EntryPort(e), report.Printable(fmt.Sprintf("%s %q", e.By.Kind, e.By.Name)), posText(e.By.At(e.Path...).Pos), controller)
}

// EntryPort says to which port of the pods an entry leads.
func EntryPort(e netpol.Entry) string {
	if conn := e.Conn(); !conn.IsEmpty() {
		return conn.String()
	}
	return fmt.Sprintf("port %q, which its pods do not declare,", report.Printable(e.Port.TargetName))
}

// doubt is a doubt with the pods that it is about.
type doubt struct {
	netpol.Doubt
	direction netpol.Direction
	peers     []netpol.Peer
}

// doubts returns what is not certain, by the position of the policy.
func (m *Map) doubts() []doubt {
	places := map[string]int{}
	var all []doubt
	for _, p := range m.Relation.Peers() {
		if m.Focus != nil && m.Focus != p.Workload() {
			continue
		}
		for _, d := range []netpol.Direction{netpol.Ingress, netpol.Egress} {
			for _, u := range m.Cluster.Uncertain(p, d) {
				key := fmt.Sprint(d, u.Policy.Source.Ref, u.Origin().Pos, u.Reason)
				i, known := places[key]
				if !known {
					i = len(all)
					places[key] = i
					all = append(all, doubt{Doubt: u, direction: d})
				}
				all[i].peers = append(all[i].peers, p)
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
		workloads, outside := m.Relation.Set(d.peers).Divide()
		fmt.Fprintf(b, "  %s of %s: %s at %s: %s\n", d.direction.Name(), report.Some(append(names(workloads), termNames(outside.Terms())...), most),
			PolicyText(d.Policy), posText(d.Origin().Pos), report.Printable(d.Reason))
	}
}

func names(workloads []*netpol.Workload) []string {
	all := make([]string, len(workloads))
	for i, w := range workloads {
		all[i] = w.String()
	}
	return all
}

// TermsText lists terms.
func TermsText(terms []netpol.Term) string { return report.Some(termNames(terms), most) }

func termNames(terms []netpol.Term) []string {
	names := make([]string, len(terms))
	for i, t := range terms {
		names[i] = t.String()
	}
	return names
}
