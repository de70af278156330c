package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/analyzer"
)

// fewestAlike is how many findings of one kind are shown as a list. Fewer read better
// one by one, with their lines.
const fewestAlike = 4

// findings writes them in their order, but those that say the same of many objects as a
// list in the place of the first.
func (w textWriter) findings(all []analyzer.Finding, environments bool) {
	alike := map[string][]analyzer.Finding{}
	for _, f := range all {
		alike[kind(f)] = append(alike[kind(f)], f)
	}
	for _, f := range all {
		switch group := alike[kind(f)]; {
		case len(group) >= fewestAlike:
			w.list(group, environments)
			alike[kind(f)] = nil // told
		case group != nil:
			w.finding(f, environments)
		}
	}
}

// kind is the same for findings that say the same of different objects.
func kind(f analyzer.Finding) string {
	return strings.Join([]string{f.Rule.ID, string(f.Severity), says(f)}, "\x00")
}

// code is that of a gap, with which the findings about gaps end.
var code = regexp.MustCompile(` \[[a-z-]+\]$`)

// says is the message without what it is about. What could not be seen is alike where
// its code is, whatever it is.
func says(f analyzer.Finding) string {
	if f.Object.Kind == "" {
		return f.Rule.Title + code.FindString(f.Message)
	}
	about := fmt.Sprintf("%s %q", f.Object.Kind, f.Object.Name)
	if f.Object.Kind == "Namespace" {
		about = fmt.Sprintf("namespace %q", f.Object.Name)
	}
	return strings.Replace(f.Message, about, "…", 1)
}

// list writes findings of one kind: once what they say, then each with its place. Those
// of one namespace stand together, with what they have in common once.
func (w textWriter) list(group []analyzer.Finding, environments bool) {
	f := group[0]
	fmt.Fprintf(w, "%s, %d times: %s %s\n", w.paint(severityStyle(f.Severity), string(f.Severity)), len(group),
		Printable(says(f)), w.paint(dim, "["+Printable(f.Rule.ID)+"]"))
	rest := slices.Clone(group)
	slices.SortStableFunc(rest, func(a, b analyzer.Finding) int { return cmp.Compare(a.Object.Namespace, b.Object.Namespace) })
	for len(rest) > 0 {
		namespace, n := rest[0].Object.Namespace, 1
		for n < len(rest) && rest[n].Object.Namespace == namespace {
			n++
		}
		if n == 1 || namespace == "" {
			w.items("", rest[:n], nil, environments)
		} else {
			w.detail(fmt.Sprintf("namespace %q, %d times:", namespace, n))
			shared := common(rest[:n])
			w.related("  ", shared, nil)
			w.items("  ", rest[:n], shared, environments)
		}
		rest = rest[n:]
	}
	fmt.Fprintln(w)
}

// items writes a line for each finding, and what it is related to but for what is told.
func (w textWriter) items(indent string, group []analyzer.Finding, told []analyzer.Related, environments bool) {
	for _, f := range group {
		what := about(f, environments)
		if f.Object.Kind == "" {
			what = strings.TrimSuffix(Printable(code.ReplaceAllString(f.Message, ""))+"; "+what, "; ")
		}
		w.detail(indent + w.paint(bold, place(f.Pos)) + ": " + what + nearest(f))
		if len(f.Via) > 0 {
			w.detail(indent + "  " + via(f))
		}
		w.related(indent+"  ", f.Related, told)
	}
}

func (w textWriter) related(indent string, all, told []analyzer.Related) {
	for _, r := range all {
		if !slices.ContainsFunc(told, func(t analyzer.Related) bool { return sameRelated(r, t) }) {
			w.detail(indent + place(r.Pos) + ": " + Printable(r.Message))
		}
	}
}

// common is what all findings are related to.
func common(group []analyzer.Finding) []analyzer.Related {
	return slices.DeleteFunc(slices.Clone(group[0].Related), func(r analyzer.Related) bool {
		return slices.ContainsFunc(group, func(f analyzer.Finding) bool {
			return !slices.ContainsFunc(f.Related, func(s analyzer.Related) bool { return sameRelated(r, s) })
		})
	})
}

func sameRelated(a, b analyzer.Related) bool { return a.Pos == b.Pos && a.Message == b.Message }
