package diff

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
	"github.com/ringfence/ringfence/change"
	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report"
	"github.com/ringfence/ringfence/report/reach"
)

// How much of lists a reader wants to see.
const (
	mostNames  = 12
	mostCauses = 6
)

// writeText writes the environments that changed, those that changed alike together,
// then findings and gaps, then a summary.
func (r *Report) writeText(b *bufio.Writer) {
	fmt.Fprintf(b, "%s → %s\n", report.Printable(r.Before), report.Printable(r.After))
	for _, g := range r.groups {
		fmt.Fprintf(b, "\n%s\n%s", g.title(), g.text)
	}
	for i, f := range r.Suppressed {
		if i == 0 {
			fmt.Fprintf(b, "\nsuppressed by the change\n")
		}
		writeFinding(b, f.Finding)
		fmt.Fprintf(b, "    %s: %s\n", report.Printable(f.By.String()), report.Printable(f.Reason))
	}
	writeFindings(b, "new findings", r.New)
	for i, remedy := range report.Remedies(bare(r.New)) {
		if i == 0 {
			fmt.Fprintf(b, "\n%s\n", report.RemediesTitle)
		}
		fmt.Fprintf(b, "  %s\n", remedy)
	}
	writeFindings(b, "fixed findings", r.Fixed)
	if len(r.Unseen) > 0 {
		fmt.Fprintf(b, "\n%s\n", r.unseen())
	}
	for _, g := range r.NewGaps {
		fmt.Fprintf(b, "\nnew %s\n", report.GapLine(g.Gap))
	}
	if len(r.ClosedGaps) > 0 {
		fmt.Fprintf(b, "\n%s no longer there\n", report.Counted(len(r.ClosedGaps), "gap or remark is", "gaps or remarks are"))
	}
	if len(r.Submodules) > 0 {
		fmt.Fprintf(b, "\n%s\n", r.submodules())
	}
	fmt.Fprintf(b, "\n%s\n", r.summary())
}

// submodules says what was left out, and what of it changed.
func (r *Report) submodules() string {
	var names []string
	for _, s := range r.Submodules {
		name := s.Name
		if s.Changed {
			name += " (changed)"
		}
		names = append(names, name)
	}
	return plural(len(names), "submodule", "submodules") + " not compared: " + report.Some(names, mostNames)
}

// unseen counts the findings of which it is not known if they are fixed.
func (r *Report) unseen() string {
	return report.Counted(len(r.Unseen), "finding is", "findings are") + " no longer seen, because less can be seen"
}

// group is environments that changed alike.
type group struct {
	environments []*change.Environment
	text         string // what changed
}

// groupsOf joins the environments of which the same is to be said: a base changes all
// that include it.
func groupsOf(c *change.Change) []*group {
	places := map[string]*group{}
	var all []*group
	for _, e := range c.Environments {
		var text strings.Builder
		writeEnvironment(&text, e)
		key := string(e.Status) + text.String()
		g := places[key]
		if g == nil {
			g = &group{text: text.String()}
			places[key] = g
			all = append(all, g)
		}
		g.environments = append(g.environments, e)
	}
	return all
}

// title names the environments of a group, and says if they are new or gone.
func (g *group) title() string {
	var names []string
	for _, e := range g.environments {
		name := e.Name
		if e.Was != "" {
			name += " (before: " + e.Was + ")"
		}
		names = append(names, name)
	}
	title := "environment "
	if len(names) > 1 {
		title = "environments "
	}
	title += report.Some(names, mostNames)
	switch g.environments[0].Status {
	case change.Added:
		return "new " + title
	case change.Removed:
		return "removed " + title
	default:
		return title
	}
}

func writeEnvironment(w io.Writer, e *change.Environment) {
	if len(e.Gaps) > 0 {
		fmt.Fprintf(w, "  incomplete: %s; what could not be seen may decide otherwise\n", report.Counted(len(e.Gaps), "gap", "gaps"))
	}
	writeWorkloads(w, "new", e.Added, "")
	writeWorkloads(w, "removed", e.Removed, before)
	writeConnections(w, "opened", e.Opened)
	writeConnections(w, "closed", e.Closed)
	writeEntries(w, "published outside of the cluster", e.Published, "")
	writeEntries(w, "no longer published", e.Unpublished, before)
	for i, d := range e.Doubtful {
		if i == 0 {
			fmt.Fprintf(w, "  not evaluated completely, so that more may have changed\n")
		}
		fmt.Fprintf(w, "    %s: %s %q: %s\n", placeText(d.Pos, d.Before), report.Printable(d.Ref.Kind), report.Printable(d.Ref.Name), report.Printable(d.Reason))
	}
}

// before marks a place that is only in the state before.
const before = " before"

func placeText(p manifest.Pos, isBefore bool) string {
	if isBefore {
		return report.Printable(p.String()) + before
	}
	return report.Printable(p.String())
}

func writeWorkloads(w io.Writer, what string, workloads []*netpol.Workload, when string) {
	if len(workloads) == 0 {
		return
	}
	fmt.Fprintf(w, "  %s %s\n", what, plural(len(workloads), "workload", "workloads"))
	for i, x := range workloads {
		if i == mostNames {
			fmt.Fprintf(w, "    and %d more\n", len(workloads)-i)
			return
		}
		fmt.Fprintf(w, "    %s%s: %s\n", report.Printable(x.Source.Pos.String()), when, report.Printable(x.String()))
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// riskText says for each risk what it is.
func riskText(r change.Risk) string {
	switch r {
	case change.FromInternet:
		return "from the internet"
	case change.AcrossNamespaces:
		return "across namespaces"
	case change.ToDataStore:
		return "to data stores"
	default:
		return "other"
	}
}

func writeConnections(w io.Writer, what string, list []change.Connections) {
	var last change.Risk
	gone := 0
	for i, c := range list {
		if i == 0 {
			fmt.Fprintf(w, "  %s\n", what)
		}
		if c.WithWorkload() {
			gone += c.From.Len() * c.To.Len()
			continue
		}
		if c.Risk != last {
			fmt.Fprintf(w, "    %s\n", riskText(c.Risk))
			last = c.Risk
		}
		fmt.Fprintf(w, "      %s\n", connectionsText(c))
		causes, more := tellable(c.Causes)
		for _, cause := range causes {
			fmt.Fprintf(w, "        %s: %s\n", placeText(cause.Pos, cause.Before), causeText(cause))
		}
		if more > 0 {
			fmt.Fprintf(w, "        and %s\n", report.Counted(more, "more cause", "more causes"))
		}
		if c.Sampled {
			fmt.Fprintf(w, "        causes were looked for at some of the %d pairs\n", c.From.Len()*c.To.Len())
		}
	}
	if gone > 0 {
		fmt.Fprintf(w, "    %s of workloads that were removed\n", report.Counted(gone, "pair", "pairs"))
	}
}

// connectionsText says what may be connected: "TCP 80 from any address to shop/Deployment/web".
func connectionsText(c change.Connections) string {
	text := fmt.Sprintf("%s from %s to %s", connText(c.Conn), reach.TermsText(c.From.Terms()), reach.TermsText(c.To.Terms()))
	return text + remarks(c)
}

// connText writes connections by what is not among them where that is shorter.
func connText(conn netpol.ConnSet) string {
	if rest := netpol.All().Subtract(conn); !rest.IsEmpty() && len(slices.Collect(rest.Ranges())) < len(slices.Collect(conn.Ranges())) {
		return "all but " + rest.String()
	}
	return conn.String()
}

// remarks says what else matters about connections.
func remarks(c change.Connections) string {
	var remarks []string
	if c.Published {
		remarks = append(remarks, "published outside of the cluster")
	}
	if len(c.DataStores) > 0 {
		remarks = append(remarks, "data store: "+strings.Join(c.DataStores, ", "))
	}
	if len(c.Kept) > 0 {
		remarks = append(remarks, "some of it still allowed for "+report.Some(c.Kept, mostNames))
	}
	if c.Uncertain {
		remarks = append(remarks, "uncertain: a policy is not evaluated completely")
	}
	if len(remarks) == 0 {
		return ""
	}
	return " (" + strings.Join(remarks, "; ") + ")"
}

// tellable returns the first causes that are told apart by their place and text, and how many
// more there are: of one line a template may make policies of many namespaces.
func tellable(causes []change.Cause) (first []change.Cause, more int) {
	seen := map[string]bool{}
	for _, c := range causes {
		line := placeText(c.Pos, c.Before) + causeText(c)
		switch {
		case seen[line]:
		case len(first) == mostCauses:
			more++
		default:
			first = append(first, c)
		}
		seen[line] = true
	}
	return first, more
}

// causeText says what did it.
func causeText(c change.Cause) string {
	switch c.Kind {
	case change.ByPolicy:
		return policyCause(c)
	case change.WorkloadAdded:
		return fmt.Sprintf("%s is new", report.Printable(c.Workload.String()))
	case change.WorkloadRemoved:
		return fmt.Sprintf("%s was removed", report.Printable(c.Workload.String()))
	case change.WorkloadChanged:
		return fmt.Sprintf("the %s of %s changed", c.Field, report.Printable(c.Workload.String()))
	default:
		return fmt.Sprintf("the labels of namespace %s changed", report.Printable(c.Namespace.Name))
	}
}

func policyCause(c change.Cause) string {
	r := c.Reason
	verb := func(now, then string) string {
		if c.Before {
			return then
		}
		return now
	}
	if r.Rule < 0 {
		return fmt.Sprintf("%s %s the %s of %s", reach.PolicyText(r.Policy), verb("isolates", "isolated"), r.Direction.Name(), reach.SelectedText(r.Policy))
	}
	text := reach.PolicyText(r.Policy) + ", " + reach.RuleText(r.Policy.Written(r.Direction)[r.Rule])
	switch {
	case r.Denies:
		return text + ": " + verb("denies", "denied")
	case r.Passes:
		return text + ": " + verb("leaves to the next tier", "left to the next tier")
	default:
		return text + ": " + verb("allows", "allowed")
	}
}

func writeEntries(w io.Writer, what string, entries []netpol.Entry, when string) {
	for i, n := range entries {
		if i == 0 {
			fmt.Fprintf(w, "  %s\n", what)
		}
		fmt.Fprintf(w, "    %s%s: %s %q leads to %s on %s\n", report.Printable(n.By.At(n.Path...).Pos.String()), when,
			report.Printable(n.By.Kind), report.Printable(n.By.Name), report.Printable(n.Workload.String()), reach.EntryPort(n))
	}
}

func writeFindings(w io.Writer, what string, findings []change.Finding) {
	for i, f := range findings {
		if i == 0 {
			fmt.Fprintf(w, "\n%s\n", what)
		}
		writeFinding(w, f.Finding)
		if detail := findingDetail(f); detail != "" {
			fmt.Fprintf(w, "    %s\n", detail)
		}
	}
}

// bare are findings without what is said of their change.
func bare(findings []change.Finding) []analyzer.Finding {
	return each(findings, func(f change.Finding) analyzer.Finding { return f.Finding })
}

func writeFinding(w io.Writer, f analyzer.Finding) {
	fmt.Fprintf(w, "  %s: %s: %s [%s]\n", report.Printable(f.Pos.String()), f.Severity, report.Printable(f.Message), report.Printable(f.Rule.ID))
}

// findingDetail says where a finding is new or fixed.
func findingDetail(f change.Finding) string {
	var parts []string
	if in := slices.DeleteFunc(slices.Clone(f.In), func(e string) bool { return e == "" }); len(in) > 0 {
		parts = append(parts, plural(len(in), "environment", "environments")+" "+report.Some(in, mostNames))
	}
	if f.Before != "" {
		parts = append(parts, "its severity was "+string(f.Before))
	}
	return strings.Join(parts, "; ")
}

// summary counts what is told.
func (r *Report) summary() string {
	parts := []string{r.counted(), fmt.Sprintf("%s, %d fixed", report.Counted(len(r.New), "new finding", "new findings"), len(r.Fixed))}
	if n := countGaps(r); n > 0 {
		parts = append(parts, "incomplete: "+report.Counted(n, "gap", "gaps"))
	}
	if n := len(r.Suppressed); n > 0 {
		parts = append(parts, fmt.Sprintf("%d suppressed by the change", n))
	}
	parts = append(parts, fmt.Sprintf("%s changed, %d without change",
		report.Counted(len(r.Environments), "environment", "environments"), len(r.Unchanged)))
	return strings.Join(parts, "; ")
}

// counted says how much was opened and closed, and where something was published, how much.
func (c Counts) counted() string {
	text := fmt.Sprintf("%d opened, %d closed", c.Opened, c.Closed)
	if c.Published+c.Unpublished > 0 {
		text += fmt.Sprintf("; %d published, %d no longer", c.Published, c.Unpublished)
	}
	return text
}

// countGaps counts the gaps that may hide a change: new ones, and those of environments
// that changed.
func countGaps(r *Report) int {
	seen := map[manifest.Gap]bool{}
	for _, g := range r.NewGaps {
		if !g.Note {
			seen[g.Gap] = true
		}
	}
	for _, e := range r.Environments {
		for _, g := range e.Gaps {
			seen[g.Gap] = true
		}
	}
	return len(seen)
}
