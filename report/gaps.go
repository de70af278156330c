package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/manifest"
)

// gaps writes them in their order, but those that say the same of many things as a list in
// the place of the first.
func (w textWriter) gaps(gaps []gap) {
	alike := map[string][]gap{}
	for _, g := range gaps {
		alike[g.kind()] = append(alike[g.kind()], g)
	}
	for _, g := range gaps {
		switch group := alike[g.kind()]; {
		case len(group) >= fewestAlike:
			w.gapList(group)
			alike[g.kind()] = nil // told
		case group != nil:
			w.gap(g)
		}
	}
	if len(gaps) > 0 {
		fmt.Fprintln(w)
	}
}

// quoted are the names that a reason holds.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// kind is the same for gaps that say the same of different things.
func (g gap) kind() string {
	return strings.Join([]string{string(g.Code), g.Accepted, quoted.ReplaceAllString(g.Reason, "…")}, "\x00")
}

func (w textWriter) gap(g gap) {
	fmt.Fprintln(w, w.gapLine(g.Gap.Gap))
	if g.Accepted != "" {
		w.detail("accepted: " + Printable(g.Accepted))
	}
	switch len(g.targets) {
	case 0:
	case 1:
		w.detail("target: " + Printable(g.targets[0]))
	default:
		w.detail("targets: " + Some(g.targets, mostNames))
	}
}

// gapList writes gaps of one kind: once what they say, then each with its place and the
// names that are its own.
func (w textWriter) gapList(group []gap) {
	shared := quoted.FindAllString(group[0].Reason, -1) // "" where they differ
	for _, g := range group {
		for i, name := range quoted.FindAllString(g.Reason, -1) {
			if name != shared[i] {
				shared[i] = ""
			}
		}
	}
	at := -1
	reason := quoted.ReplaceAllStringFunc(group[0].Reason, func(string) string {
		if at++; shared[at] == "" {
			return "…"
		}
		return shared[at]
	})
	fmt.Fprintf(w, "%s, %d times: %s %s\n", w.gapLabel(group[0].Gap.Gap), len(group), Printable(reason), w.paint(dim, "["+string(group[0].Code)+"]"))
	if group[0].Accepted != "" {
		w.detail("accepted: " + Printable(group[0].Accepted))
	}
	for _, g := range group {
		var own []string
		for i, name := range quoted.FindAllString(g.Reason, -1) {
			if shared[i] == "" {
				own = append(own, Printable(name))
			}
		}
		if g.File != "" {
			own = slices.Insert(own, 0, w.paint(bold, place(g.Pos)))
		}
		w.detail(strings.Replace(strings.Join(own, ", "), ", ", ": ", 1))
	}
}

func (w textWriter) gapLabel(g manifest.Gap) string {
	if g.Note {
		return w.paint(cyan, "remark")
	}
	return w.paint(yellow, "gap")
}

// GapLine returns a gap as one line without colour.
func GapLine(g manifest.Gap) string { return textWriter{}.gapLine(g) }

func (w textWriter) gapLine(g manifest.Gap) string {
	line := fmt.Sprintf("%s: %s %s", w.gapLabel(g), Printable(g.Reason), w.paint(dim, "["+string(g.Code)+"]"))
	if g.File != "" {
		line = w.paint(bold, place(g.Pos)) + ": " + line
	}
	return line
}
