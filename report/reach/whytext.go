package reach

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
	"github.com/ringfence/ringfence/netpol"
	"github.com/ringfence/ringfence/report"
)

// mostRules is how many rules that do not match a reader wants to see.
const mostRules = 8

// WriteAnswers answers questions as text, or as JSON. The error is that of w.
func WriteAnswers(w io.Writer, format Format, questions []*Question) error {
	b := bufio.NewWriter(w)
	if format == JSON {
		if err := writeAnswersJSON(b, questions); err != nil {
			return err
		}
		return b.Flush()
	}
	first := true
	for _, q := range questions {
		for _, a := range q.answers() {
			if !first {
				fmt.Fprintln(b)
			}
			first = false
			a.write(b)
		}
	}
	return b.Flush()
}

// write writes the verdict and then the argument.
func (a answer) write(b *bufio.Writer) {
	fmt.Fprintf(b, "%s: %s from %s to %s (environment %s)\n", a.verdict(), a.connText(), a.fromText, a.toText, report.Printable(a.Environment))
	if a.verdict() == "uncertain" {
		for _, d := range a.doubts {
			fmt.Fprintf(b, "  for its %s, because of %s at %s: %s\n", d.direction.Name(), PolicyText(d.Policy), posText(d.Origin().Pos), report.Printable(d.Reason))
		}
		fmt.Fprintf(b, "  as far as policies are evaluated: %s\n", a.decided())
	}
	if a.allowed.IsEmpty() && a.apart() {
		fmt.Fprintf(b, "  each side allows something, but nothing that both allow\n")
	}
	if a.stands() {
		example := a.from[0]
		if example.Kind() != netpol.BlockPeer {
			example = a.to[0]
		}
		fmt.Fprintf(b, "  for %s, which stands for all of them:\n", example)
	}
	for _, s := range a.sides() {
		a.writeSide(b, s)
		a.writeDenials(b, s)
	}
	if a.Gaps > 0 {
		fmt.Fprintf(b, "incomplete: %s in this environment; a policy that could not be seen may decide otherwise\n", report.Counted(a.Gaps, "gap", "gaps"))
	}
	for _, e := range a.published() {
		fmt.Fprintf(b, "published: %s\n", entryText(e))
	}
}

// apart tells whether no side denies everything.
func (a answer) apart() bool {
	return !slices.ContainsFunc(a.sides(), func(s side) bool { return s.denied.Equal(a.Conn) })
}

// connText says what was asked for, and where only a part is allowed, which.
func (a answer) connText() string {
	asked := a.Conn.String()
	if a.Conn.IsAll() {
		asked = "everything"
	}
	if a.decided() == "partly allowed" {
		return fmt.Sprintf("only %s", a.allowed)
	}
	return asked
}

func (a answer) writeSide(b *bufio.Writer, s side) {
	near := s.direction.Name() + " of " + a.nearText(s)
	switch {
	case s.everything && s.near.Kind() == netpol.BlockPeer:
		return
	case s.everything && slices.ContainsFunc(a.doubts, func(d doubt) bool { return d.direction == s.direction }):
		fmt.Fprintf(b, "%s: allowed, as far as policies are evaluated\n", near)
		return
	case s.everything:
		fmt.Fprintf(b, "%s: allowed, %s\n", near, a.free(s))
		return
	}
	fmt.Fprintf(b, "%s: %s\n", near, verdictOn(a.Conn.Subtract(s.denied), a.Conn))
	for _, r := range s.reasons {
		a.writeReason(b, r)
	}
	for n, i := range s.isolating {
		if n == most {
			fmt.Fprintf(b, "  and %d more policies that isolate it and do not allow it\n", len(s.isolating)-n)
			break
		}
		a.writeIsolation(b, i, s)
	}
	if slices.ContainsFunc(s.isolating, isolation.missesPeer) {
		if labels := labelsText(a.Cluster, s.far); labels != "" {
			fmt.Fprintf(b, "    %s\n", labels)
		}
	}
}

// writeIsolation writes a policy that isolates, and why its rules do not help.
func (a answer) writeIsolation(b *bufio.Writer, i isolation, s side) {
	fmt.Fprintf(b, "  %s: %s isolates %s", posText(i.policy.Source.At(i.policy.SelectorPath()...).Pos), PolicyText(i.policy), SelectedText(i.policy))
	if len(i.policy.Rules(s.direction)) == 0 {
		fmt.Fprintf(b, " and has no %s rule", s.direction.Name())
	}
	fmt.Fprintln(b)
	for n, u := range i.rules {
		if n == mostRules {
			fmt.Fprintf(b, "    and %d more rules that do not allow it\n", len(i.rules)-n)
			return
		}
		fmt.Fprintf(b, "    %s: %s, but %s\n", posText(u.rule.Origin().Pos), RuleText(u.rule), a.mismatch(u, s))
	}
}

// missesPeer tells whether some rule is about other peers.
func (i isolation) missesPeer() bool {
	return slices.ContainsFunc(i.rules, func(u unmatched) bool { return !u.peer })
}

func (a answer) nearText(s side) string {
	if s.direction == netpol.Egress {
		return a.fromText
	}
	return a.toText
}

// free says why no policy decides about a side.
func (a answer) free(s side) string {
	switch w := s.near.Workload(); {
	case w != nil && w.HostNetwork:
		return "for no policy applies on the host network"
	case w != nil && a.Cluster.Governed(w, s.direction):
		return "for none of the policies about it denies it"
	default:
		return "for no policy is about it"
	}
}

func (a answer) writeReason(b *bufio.Writer, r netpol.Reason) {
	rule := r.Policy.Written(r.Direction)[r.Rule]
	verb := "allows"
	switch {
	case r.Denies:
		verb = "denies"
	case r.Passes:
		verb = "leaves to the next tier"
	}
	part := ""
	if !r.Conn.Equal(a.Conn) {
		part = " " + r.Conn.String()
	}
	fmt.Fprintf(b, "  %s: %s, %s: %s%s\n", posText(r.Pos), PolicyText(r.Policy), RuleText(rule), verb, part)
}

// mismatch says why a rule does not allow what is denied.
func (a answer) mismatch(u unmatched, s side) string {
	far := a.fromText
	if s.direction == netpol.Egress {
		far = a.toText
	}
	switch condition := a.condition(u, s); {
	case condition != "":
		return "only if " + condition
	case u.rule.Doubtful():
		return "what else it matches is not known"
	case !u.peer:
		return "that is not " + far
	case a.Conn.IsAll():
		return "on no other port"
	default:
		return "not on " + a.Conn.String()
	}
}

// RuleText numbers a rule from 1 and says what it is about.
func RuleText(r *netpol.Rule) string {
	preposition := "from"
	if r.Direction == netpol.Egress {
		preposition = "to"
	}
	return report.Printable(fmt.Sprintf("%s rule %d: %s %s, on %s", r.Direction.Name(), r.Index+1, preposition, r.PeersPhrase(), r.PortsPhrase()))
}

// PolicyText names a policy, with its group where others have the kind too.
func PolicyText(p *netpol.Policy) string {
	kind := p.Kind
	if kind == "NetworkPolicy" && p.Group != "networking.k8s.io" && p.Group != "extensions" {
		kind += " of " + p.Group
	}
	return report.Printable(fmt.Sprintf("%s %q", kind, p.Name))
}

// SelectedText says which pods a policy selects.
func SelectedText(p *netpol.Policy) string {
	pods := "all pods"
	if !p.Selector.IsEmpty() {
		pods = "pods with " + p.Selector.Phrase()
	}
	switch {
	case p.NamespaceSelector == nil && manifest.IsPrivate(p.Namespace):
		pods += " of its namespace"
	case p.NamespaceSelector == nil:
		pods += " of namespace " + p.Namespace
	case p.NamespaceSelector.IsEmpty():
		pods += " in any namespace"
	default:
		pods += " in namespaces with " + p.NamespaceSelector.Phrase()
	}
	return report.Printable(pods)
}

// labelsText tells the labels by which selectors could match a peer.
func labelsText(c *netpol.Cluster, p netpol.Peer) string {
	w := p.Workload()
	if w == nil {
		return ""
	}
	text := fmt.Sprintf("%s has the labels %s", w, labelList(w.Labels))
	if len(w.Labels) == 0 {
		text = fmt.Sprintf("%s has no labels", w)
	}
	if n := c.Namespace(w.Namespace); n != nil && len(n.Labels) > 0 && !manifest.IsPrivate(n.Name) {
		text += fmt.Sprintf("; namespace %s has %s", n.Name, labelList(n.Labels))
	}
	return report.Printable(text)
}

func labelList(labels map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, key+"="+labels[key])
	}
	return strings.Join(list, ",")
}

func posText(p manifest.Pos) string { return report.Printable(p.String()) }
